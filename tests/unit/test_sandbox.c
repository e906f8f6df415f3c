/* What the filters let through and what ends the process: each case in a process of its own. Also the way down from root. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/sandbox/sandbox.h"

#define KILLED (-SIGSYS)
#define REFUSED EPERM

static int pipe_ends[2];

/* Each gives 0 when it worked, or errno. */
static int result(long rc)
{
        return rc < 0 ? errno : 0;
}
static int talk(void)
{
        char c = 'x';
        return write(pipe_ends[1], &c, 1) == 1 && read(pipe_ends[0], &c, 1) == 1 ? 0 : errno;
}
static int allocate(void)
{
        for (size_t size = 16; size < (size_t)64 << 20; size *= 4) {
                char *p = malloc(size);
                if (!p)
                        return ENOMEM;
                memset(p, 1, size);
                free(p);
        }
        return 0;
}
static int random_bytes(void)
{
        char bytes[16];
        return result(syscall(SYS_getrandom, bytes, sizeof bytes, 0));
}
static int look_at_the_clock(void)
{
        struct timespec t, nap = {0, 1000};
        return result(syscall(SYS_clock_gettime, CLOCK_REALTIME, &t)) + result(nanosleep(&nap, NULL));
}
static int open_file(void)
{
        int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
        return result(fd) + (fd >= 0 ? result(close(fd)) : 0);
}
static int make_file(void)
{
        char path[] = "/tmp/sandbox-XXXXXX";
        int fd = mkstemp(path);
        return result(fd) + (fd < 0 ? 0 : result(fdatasync(fd)) + result(close(fd)) + result(unlink(path)));
}
static int connect_tcp(void)
{
        return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int resolve(void)
{
        struct addrinfo *found = NULL;
        int rc = getaddrinfo("localhost", "80", NULL, &found);
        if (rc == 0)
                freeaddrinfo(found);
        return rc == EAI_NONAME ? 0 : rc; /* a machine without /etc/hosts: it was asked, and nothing stood in the way */
}
static void *nothing(void *arg)
{
        return arg;
}
static int start_thread(void)
{
        pthread_t thread;
        int rc = pthread_create(&thread, NULL, nothing, NULL);
        return rc ? rc : pthread_join(thread, NULL);
}
static int listen_tcp(void)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        return result(listen(fd, 1));
}
static int raw_socket(void)
{
        return result(socket(AF_PACKET, SOCK_RAW, 0));
}
static int executable_memory(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? errno : 0;
}
static int make_executable(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? 99 : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int run_program(void)
{
        char *argv[] = {NULL};
        return result(execv("/bin/true", argv));
}
static int fork_one(void)
{
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        return result(pid);
}
static int trace(void)
{
        return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static int peek(void)
{
        return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}
static int become_other(void)
{
        return result(setuid(1));
}
static int signal_parent(void)
{
        return result(kill(getppid(), 0));
}
static int other_filter(void)
{
        return result(syscall(SYS_seccomp, 0, 0, NULL));
}
static int in_a_thread_of_before(void); /* needs its own start: see below */

static const struct {
        const char *name;
        int (*act)(void);
        int signer, wide; /* 0 works, KILLED, or an errno */
} cases[] = {
        {"read and write what is open", talk, 0, 0},
        {"allocate", allocate, 0, 0},
        {"random bytes", random_bytes, 0, 0},
        {"clock and sleep", look_at_the_clock, 0, 0},
        {"open a file", open_file, KILLED, 0},
        {"make a file", make_file, KILLED, 0},
        {"a socket", connect_tcp, KILLED, 0},
        {"resolve a name", resolve, KILLED, 0},
        {"a thread", start_thread, KILLED, 0},
        {"listen", listen_tcp, KILLED, REFUSED},
        {"a raw socket", raw_socket, KILLED, REFUSED},
        {"executable memory", executable_memory, KILLED, REFUSED},
        {"memory made executable", make_executable, KILLED, REFUSED},
        {"signal another process", signal_parent, KILLED, REFUSED},
        {"run a program", run_program, KILLED, KILLED},
        {"fork", fork_one, KILLED, KILLED},
        {"trace", trace, KILLED, KILLED},
        {"read another's memory", peek, KILLED, KILLED},
        {"another account", become_other, KILLED, KILLED},
        {"a filter of its own", other_filter, KILLED, KILLED},
        {"the same in threads of before", in_a_thread_of_before, KILLED, KILLED},
};

static pthread_barrier_t entered;
static void *execute_later(void *arg)
{
        pthread_barrier_wait(&entered); /* running */
        pthread_barrier_wait(&entered); /* filtered, by the other thread */
        gw_ignore(run_program() != 0);
        return arg;
}
static int in_a_thread_of_before(void)
{
        pthread_barrier_wait(&entered);
        sleep(10);
        return 0;
}

static int outcome(enum sandbox_profile profile, int (*act)(void))
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct why why = WHY_INIT;
                pthread_t thread;
                if (act == in_a_thread_of_before) {
                        pthread_barrier_init(&entered, NULL, 2);
                        pthread_create(&thread, NULL, execute_later, NULL);
                        pthread_barrier_wait(&entered);
                }
                if (sandbox_enter(profile, &why) != GW_OK)
                        _exit(101);
                _exit(act());
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void each_profile(void **state)
{
        (void)state;
        if (!sandbox_filters())
                skip(); /* a sanitizer's build has none */
        static const struct {
                const char *name;
                enum sandbox_profile profile;
        } profiles[] = {{"signer", SANDBOX_SIGNER}, {"tokens", SANDBOX_TOKENS}, {"worker", SANDBOX_WORKER}};
        for (size_t p = 0; p < GW_COUNT(profiles); p++)
                for (size_t i = 0; i < GW_COUNT(cases); i++) {
                        int want = profiles[p].profile == SANDBOX_SIGNER ? cases[i].signer : cases[i].wide;
                        int got = outcome(profiles[p].profile, cases[i].act);
                        if (got != want)
                                fail_msg("%s: %s: got %d, want %d", profiles[p].name, cases[i].name, got, want);
                }
}

/* Without a filter the acts are what they claim to be, so a KILLED above is the filter's doing. */
static void without_a_filter(void **state)
{
        (void)state;
        int (*const acts[])(void) = {talk, allocate, random_bytes, look_at_the_clock, open_file, make_file, connect_tcp, resolve, start_thread, listen_tcp,
                                     executable_memory, make_executable, fork_one, signal_parent};
        for (size_t i = 0; i < GW_COUNT(acts); i++)
                assert_int_equal(acts[i](), 0);
}

static void hardened(void **state)
{
        (void)state;
        pid_t pid = fork();
        if (pid == 0) {
                struct rlimit limit;
                if (!sandbox_harden() || getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0)
                        _exit(1);
                abort();
        }
        int status = 0;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
        assert_false(WCOREDUMP(status));
}

/* ---- accounts ---- */

static const char *secret_path; /* root's, mode 0600 */

static int as_nobody(void)
{
        struct sandbox_account account;
        struct why why = WHY_INIT;
        if (sandbox_account("nobody", &account, &why) != GW_OK || sandbox_become(&account, &why) != GW_OK)
                return 1;
        if (getuid() != account.uid || geteuid() != account.uid || setuid(0) == 0 || setgid(0) == 0)
                return 2;
        return open(secret_path, O_RDONLY) >= 0 || errno != EACCES ? 3 : 0;
}
static int root_without_files(void)
{
        struct sandbox_account account;
        struct why why = WHY_INIT;
        if (sandbox_account("nobody", &account, &why) != GW_OK || sandbox_keep_root(&account, &why) != GW_OK)
                return 1;
        if (open(secret_path, O_RDONLY) >= 0)
                return 2; /* by root's rights */
        if (mount("none", "/", NULL, 0, NULL) == 0 || errno != EPERM)
                return 3;
        pid_t pid = fork(); /* still able to start a child that reads keys and then becomes somebody */
        if (pid == 0) {
                sandbox_root_files();
                if (open(secret_path, O_RDONLY) < 0)
                        _exit(4);
                _exit(sandbox_become(&account, &why) == GW_OK && open(secret_path, O_RDONLY) < 0 ? 0 : 5);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}

static void accounts(void **state)
{
        (void)state;
        struct sandbox_account account;
        struct why why = WHY_INIT;
        assert_int_equal(sandbox_account("no-such-account", &account, &why), GW_REJECT);
        assert_int_equal(sandbox_account("root", &account, &why), GW_REJECT);
        if (geteuid() != 0) {
                assert_int_equal(sandbox_account("nobody", &account, &why), GW_OK);
                assert_int_equal(sandbox_become(&account, &why), GW_FAULT);
                return;
        }
        char path[] = "/tmp/sandbox-secret-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        close(fd);
        secret_path = path;
        int (*const acts[])(void) = {as_nobody, root_without_files};
        for (size_t i = 0; i < GW_COUNT(acts); i++) {
                pid_t pid = fork();
                if (pid == 0)
                        _exit(acts[i]());
                int status = 0;
                waitpid(pid, &status, 0);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), 0);
        }
        unlink(path);
}

int main(void)
{
        if (pipe(pipe_ends) != 0)
                return 2;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_a_filter),
                cmocka_unit_test(each_profile),
                cmocka_unit_test(hardened),
                cmocka_unit_test(accounts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
