/* The log: one line per event, no line that a peer could forge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"

/* What the call wrote to standard error. */
#define LOGGED(call) ({ int saved_ = begin(); call; end(saved_); })
static int memory = -1;
static char text[8192];

static int begin(void)
{
        memory = memfd_create("log", MFD_CLOEXEC);
        int saved = dup(STDERR_FILENO);
        assert_true(memory >= 0 && saved >= 0 && dup2(memory, STDERR_FILENO) >= 0);
        return saved;
}

static char *end(int saved)
{
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        close(saved);
        ssize_t n = pread(memory, text, sizeof text - 1, 0);
        close(memory);
        assert_true(n >= 0);
        text[n] = '\0';
        return text;
}

static void assert_one_line(const char *line)
{
        size_t n = strlen(line);
        assert_true(n > 0 && line[n - 1] == '\n');
        for (size_t i = 0; i + 1 < n; i++)
                if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
                        fail_msg("control character %d in %s", line[i], line);
}

static void one_event_is_one_line(void **state GW_UNUSED)
{
        log_open("worker", LOG_INFO);
        const char *line = LOGGED(log_event(LOG_INFO, "00123", "request.registered", "service=%s due=%d", "TSA_CERT", 7));
        assert_one_line(line);
        auto_str char *want = xasprintf(" worker[%ld] info 00123 request.registered service=TSA_CERT due=7\n", (long)getpid());
        const char *space = strchr(line, ' ');
        assert_non_null(space);
        assert_string_equal(space, want);
        auto_str char *when = xstrndup(line, (size_t)(space - line));
        struct wall_time at;
        assert_int_equal(clock_parse_iso(when, &at), GW_OK);
        assert_true(llabs(wall_now().ms - at.ms) < 60000);
        assert_non_null(strstr(LOGGED(log_event(LOG_ERROR, NULL, "store.failed", "%s", "")), " error - store.failed "));
}

static void lesser_events_are_left_out(void **state GW_UNUSED)
{
        static const enum log_level levels[] = {LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG};
        for (size_t open = 0; open < GW_COUNT(levels); open++) {
                log_open("t", levels[open]);
                for (size_t event = 0; event < GW_COUNT(levels); event++)
                        assert_int_equal(*LOGGED(log_event(levels[event], NULL, "v", "x")) != '\0', event <= open);
        }
        log_open("t", LOG_DEBUG);
}

static void a_value_cannot_forge_a_line(void **state GW_UNUSED)
{
        for (int c = 1; c < 256; c++) {
                char value[4] = {'a', (char)c, 'b', '\0'};
                const char *line = LOGGED(log_event(LOG_INFO, value, "v", "x=%s", value));
                assert_one_line(line);
                bool control = c < 0x20 || c == 0x7f;
                char want[16];
                snprintf(want, sizeof want, "x=a%cb\n", control ? '?' : c);
                assert_non_null(strstr(line, want));
        }
        const char *line = LOGGED(log_event(LOG_INFO, "id\n2026-11-22T00:00:00 forged", "v", "x=%s", "1\r\n\x1b[2J2026 forged"));
        assert_one_line(line);
        assert_non_null(strstr(line, "x=1???[2J2026 forged\n"));
}

static void long_values_are_cut(void **state GW_UNUSED)
{
        char value[5000];
        memset(value, 'v', sizeof value - 1);
        value[sizeof value - 1] = '\0';
        const char *line = LOGGED(log_event(LOG_INFO, value, "verb", "x=%s", value));
        assert_one_line(line);
        assert_true(strlen(line) <= 1024);
        assert_non_null(strstr(line, " verb x=vvvv"));
        for (int n = 880; n < 1100; n++) { /* around the end of the line's room */
                line = LOGGED(log_event(LOG_INFO, "id", "verb", "%.*s", n, value));
                assert_one_line(line);
                assert_true(strlen(line) <= 1024);
        }
}

static void levels_have_names(void **state GW_UNUSED)
{
        enum log_level level = LOG_DEBUG;
        assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
        assert_true(log_level_parse("warn", &level) && level == LOG_WARN);
        assert_true(log_level_parse("info", &level) && level == LOG_INFO);
        assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
        assert_false(log_level_parse("INFO", &level) || log_level_parse("", &level) || log_level_parse(NULL, &level) ||
                     log_level_parse("warning", &level));
        assert_int_equal(level, LOG_DEBUG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_event_is_one_line),
                cmocka_unit_test(lesser_events_are_left_out),
                cmocka_unit_test(a_value_cannot_forge_a_line),
                cmocka_unit_test(long_values_are_cut),
                cmocka_unit_test(levels_have_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
