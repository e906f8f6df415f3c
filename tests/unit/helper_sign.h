/* What the tests of soap and sign share: the test PKI, the vectors, a scratch folder and running a program. */
#ifndef TESTS_UNIT_HELPER_SIGN_H
#define TESTS_UNIT_HELPER_SIGN_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/signing_key.h"
#include "gateway/xml/xml.h"

GW_DEFINE_AUTO(local_key, struct signing_key, local_key_close)

GW_UNUSED static char *pki_path(const char *folder, const char *name, const char *suffix)
{
        const char *pki = getenv("EGOV_PKI");
        return xasprintf("%s/%s/%s%s", pki ? pki : "build/pki", folder, name, suffix);
}

GW_UNUSED static struct signing_key *pki_key(const char *name)
{
        auto_str char *key_path = pki_path("keys", name, ".key");
        auto_str char *certificate_path = pki_path("certs", name, ".pem");
        struct signing_key *key = NULL;
        struct why why = WHY_INIT;
        if (local_key_open(key_path, certificate_path, &key, &why) != GW_OK)
                fail_msg("test PKI (EGOV_PKI): %s", why.detail);
        return key;
}

/* A file of the vectors, or skips the test. */
GW_UNUSED static char *vector_path(const char *name)
{
        const char *vectors = getenv("EGOV_VECTORS");
        char *path = xasprintf("%s/%s", vectors ? vectors : "../shared/vectors", name);
        if (access(path, R_OK) == 0)
                return path;
        print_message("skipped: %s is not here (EGOV_VECTORS)\n", path);
        free(path);
        skip();
        return NULL;
}

/* A scratch folder, made once and removed at exit. */
GW_UNUSED static void scratch_remove(void);
static char scratch_folder[64];
GW_UNUSED static char *scratch_path(const char *name)
{
        if (!*scratch_folder) {
                snprintf(scratch_folder, sizeof scratch_folder, "/tmp/egov-test-XXXXXX");
                assert_non_null(mkdtemp(scratch_folder));
                atexit(scratch_remove);
        }
        return xasprintf("%s/%s", scratch_folder, name);
}

static void scratch_remove(void)
{
        auto_str char *command = xasprintf("rm -rf '%s'", scratch_folder);
        if (system(command) != 0)
                fprintf(stderr, "cannot remove %s\n", scratch_folder);
}

GW_UNUSED static char *scratch_write(const char *name, struct span content)
{
        char *path = scratch_path(name);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(content.p, 1, content.n, file), content.n);
        assert_int_equal(fclose(file), 0);
        return path;
}

/* Exit status of a program found on PATH; its output goes to the scratch file "output". */
GW_UNUSED static int run(const char *const argv[])
{
        auto_str char *output = scratch_path("output");
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
                dup2(fd, 1);
                dup2(fd, 2);
                char *args[32];
                size_t n = 0;
                for (; argv[n] && n < GW_COUNT(args) - 1; n++)
                        args[n] = strdup(argv[n]);
                args[n] = NULL;
                execvp(args[0], args);
                _exit(127);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

GW_UNUSED static void show_output(void)
{
        auto_str char *output = scratch_path("output");
        auto_buf struct buf text = BUF_INIT;
        if (text_read_file(output, &text))
                print_message("%s\n", buf_cstr(&text));
}

/* A copy of text with the first occurrence of `from` (which must be there) replaced. */
GW_UNUSED static char *replaced(const char *text, const char *from, const char *to)
{
        const char *hit = strstr(text, from);
        if (!hit)
                fail_msg("the text to be broken does not hold \"%s\"", from);
        return xasprintf("%.*s%s%s", (int)(hit - text), text, to, hit + strlen(from));
}

GW_UNUSED static void assert_reason(const char *name, enum gw_rc got_rc, const struct why *got, enum gw_rc want_rc, int want_reason)
{
        if (got_rc == want_rc && got->reason == want_reason)
                return;
        fail_msg("%s: got rc %d %s (%s), want rc %d %s", name, got_rc, reason_info(got->reason)->name, got->detail, want_rc,
                 reason_info(want_reason)->name);
}

GW_UNUSED static double cpu_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

#endif
