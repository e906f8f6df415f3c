/* Binds, drops privileges, starts and restarts signer and worker. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/accept/http_server.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/supervisor/supervisor.h"

#define LOOPS_MAX 64
#define READY_MS 60000
#define RESTART_FIRST_MS 100
#define RESTART_LONGEST_MS 10000
#define STEADY_MS 30000 /* a generation that lived this long was no failed start */

struct supervisor {
        const char *conf_path;
        struct settings *settings;
        size_t loops, listener_count;
        int listeners[SETTINGS_LISTENERS_MAX * LOOPS_MAX];
        int ports[SETTINGS_LISTENERS_MAX];
        pid_t signer, worker; /* 0 = not running */
        struct mono_time started;
        int64_t restart_ms;
        sigset_t signals;
};

/* ---- sockets, privileges, run folder ---- */

static bool bind_listeners(struct supervisor *s)
{
        for (size_t i = 0; i < s->listener_count; i++) {
                const struct listener_settings *l = &s->settings->listeners[i];
                char error[160];
                if (!http_bind(l->address, (int)l->port, s->loops, &s->listeners[i * s->loops], &s->ports[i], error)) {
                        log_event(LOG_ERROR, NULL, "serve.bind_failed", "listener=%s address=%s port=%lld: %s", l->name, l->address, (long long)l->port, error);
                        return false;
                }
        }
        return true;
}

/* Drops to the configured account and proves that there is no way back. */
static bool drop_privileges(const char *user)
{
        if (geteuid() != 0)
                return true;
        if (!user) {
                log_event(LOG_WARN, NULL, "serve.as_root", "no `user` is configured: running as root");
                return true;
        }
        const struct passwd *account = getpwnam(user);
        if (!account || account->pw_uid == 0) {
                log_event(LOG_ERROR, NULL, "serve.user", "account %s does not exist or is root", user);
                return false;
        }
        uid_t uid = account->pw_uid;
        gid_t gid = account->pw_gid;
        if (initgroups(user, gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0 || setuid(0) == 0 || geteuid() != uid || getegid() != gid) {
                log_event(LOG_ERROR, NULL, "serve.privileges", "cannot become %s (errno %d)", user, errno);
                return false;
        }
        return true;
}

static bool write_run_file(const struct supervisor *s, const char *name, const struct buf *content)
{
        auto_str char *path = xasprintf("%s/%s", s->settings->gateway.run_folder, name);
        if (text_write_file(path, buf_span(content), 0644))
                return true;
        log_event(LOG_ERROR, NULL, "serve.run_folder", "cannot write %s (errno %d)", path, errno);
        return false;
}

static void remove_run_file(const struct supervisor *s, const char *name)
{
        auto_str char *path = xasprintf("%s/%s", s->settings->gateway.run_folder, name);
        gw_ignore(unlink(path) != 0); /* it may never have been written */
}

static bool write_pid(const struct supervisor *s)
{
        auto_buf struct buf b = BUF_INIT;
        buf_printf(&b, "%ld\n", (long)getpid());
        return write_run_file(s, "pid", &b);
}

/* One line per listener, once the gateway serves: name=http://address:port */
static bool write_listeners(const struct supervisor *s)
{
        auto_buf struct buf b = BUF_INIT;
        for (size_t i = 0; i < s->listener_count; i++) {
                const struct listener_settings *l = &s->settings->listeners[i];
                bool six = strchr(l->address, ':') != NULL;
                buf_printf(&b, "%s=%s://%s%s%s:%d\n", l->name, str_eq(l->tls, "on") ? "https" : "http", six ? "[" : "", l->address, six ? "]" : "", s->ports[i]);
        }
        return write_run_file(s, "listeners", &b);
}

/* ---- children ---- */

static void let_through(int fd)
{
        fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
}

static _Noreturn void exec_child(const struct supervisor *s, const char *role, int ready_fd, const int *fds, size_t fd_count)
{
        char **argv = xcalloc(fd_count + 6, sizeof *argv);
        size_t n = 0;
        argv[n++] = xstrdup("egov-gateway");
        argv[n++] = xstrdup(role);
        argv[n++] = xstrdup(s->conf_path);
        argv[n++] = xasprintf("%d", ready_fd);
        argv[n++] = xasprintf("%zu", s->loops);
        let_through(ready_fd);
        for (size_t i = 0; i < fd_count; i++) {
                argv[n++] = xasprintf("%d", fds[i]);
                let_through(fds[i]);
        }
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv("/proc/self/exe", argv);
        _exit(127);
}

bool supervisor_child_parse(int argc, char **argv, struct supervisor_child *ret_child)
{
        uint64_t v;
        if (argc < 6 || argc > 6 + (SETTINGS_LISTENERS_MAX + 1) * LOOPS_MAX)
                return false;
        struct supervisor_child c = {.conf_path = argv[2], .fd_count = (size_t)argc - 5};
        if (!text_to_u64(argv[3], 3, 65536, &v))
                return false;
        c.ready_fd = (int)v;
        if (!text_to_u64(argv[4], 1, LOOPS_MAX, &v))
                return false;
        c.loops = (size_t)v;
        c.fds = xcalloc(c.fd_count, sizeof *c.fds);
        for (size_t i = 0; i < c.fd_count; i++) {
                if (!text_to_u64(argv[5 + i], 3, 65536, &v)) {
                        free(c.fds);
                        return false;
                }
                c.fds[i] = (int)v;
        }
        *ret_child = c;
        return true;
}

/* A child says "R" and closes when it is ready, says a line of text when it cannot be, nothing when it died. */
static bool wait_ready(int fd, const char *role)
{
        char line[400];
        size_t n = 0;
        line[0] = '\0';
        struct mono_time until = {mono_now().ms + READY_MS};
        while (n < sizeof line - 1) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                int64_t left = until.ms - mono_now().ms;
                int rc = left > 0 ? poll(&p, 1, (int)left) : 0;
                if (rc < 0 && errno == EINTR)
                        continue;
                ssize_t got = rc > 0 ? read(fd, line + n, 1) : 0;
                if (got <= 0 || line[n] == '\n')
                        break;
                n++;
                line[n] = '\0';
        }
        bool ready = n == 1 && line[0] == 'R';
        if (!ready)
                log_event(LOG_ERROR, NULL, "serve.child_failed", "process=%s %.*s", role, (int)n, n ? line : "did not get ready");
        return ready;
}

static pid_t start_child(const struct supervisor *s, const char *role, const int *fds, size_t fd_count)
{
        int ready[2];
        if (pipe2(ready, O_CLOEXEC) != 0)
                return 0;
        pid_t pid = fork();
        if (pid == 0)
                exec_child(s, role, ready[1], fds, fd_count);
        close(ready[1]);
        bool up = pid > 0 && wait_ready(ready[0], role);
        close(ready[0]);
        if (up)
                return pid;
        if (pid > 0) {
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
        }
        return 0;
}

static void stop_child(pid_t *pid, int signal_number, int64_t limit_ms)
{
        if (*pid <= 0)
                return;
        kill(*pid, signal_number);
        struct mono_time until = {mono_now().ms + limit_ms};
        while (waitpid(*pid, NULL, WNOHANG) == 0) {
                if (mono_now().ms >= until.ms) {
                        log_event(LOG_WARN, NULL, "serve.killed", "pid=%ld did not stop in time", (long)*pid);
                        kill(*pid, SIGKILL);
                        waitpid(*pid, NULL, 0);
                        break;
                }
                usleep(5000);
        }
        *pid = 0;
}

static void stop_generation(struct supervisor *s, bool gently)
{
        /* The worker drains listeners and then flows, each within drain_ms. */
        stop_child(&s->worker, gently ? SIGTERM : SIGKILL, gently ? 2 * s->settings->gateway.drain_ms + 5000 : 1000);
        stop_child(&s->signer, SIGKILL, 1000); /* without channels it ends by itself; nothing to lose there */
}

static bool start_generation(struct supervisor *s)
{
        int pairs[LOOPS_MAX][2];
        int signer_ends[LOOPS_MAX];
        int worker_fds[(SETTINGS_LISTENERS_MAX + 1) * LOOPS_MAX];
        size_t count = s->listener_count * s->loops;
        memcpy(worker_fds, s->listeners, count * sizeof worker_fds[0]);
        for (size_t i = 0; i < s->loops; i++) {
                if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]) != 0)
                        return false; /* no descriptors left: the process ends and its manager starts it again */
                signer_ends[i] = pairs[i][0];
                worker_fds[count++] = pairs[i][1];
        }
        s->signer = start_child(s, SUPERVISOR_SIGNER, signer_ends, s->loops);
        s->worker = s->signer ? start_child(s, SUPERVISOR_WORKER, worker_fds, count) : 0;
        for (size_t i = 0; i < s->loops; i++) {
                close(pairs[i][0]);
                close(pairs[i][1]);
        }
        if (!s->worker) {
                stop_child(&s->signer, SIGKILL, 1000);
                return false;
        }
        s->started = mono_now();
        log_event(LOG_INFO, NULL, "serve.ready", "loops=%zu listeners=%zu signer=%ld worker=%ld", s->loops, s->listener_count, (long)s->signer, (long)s->worker);
        return true;
}

/* ---- life ---- */

static bool child_ended(struct supervisor *s)
{
        bool ended = false;
        int status;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
                pid_t *child = pid == s->worker ? &s->worker : pid == s->signer ? &s->signer : NULL;
                if (!child)
                        continue;
                log_event(LOG_ERROR, NULL, "serve.child_ended", "process=%s pid=%ld %s=%d", child == &s->worker ? "worker" : "signer", (long)pid,
                          WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                *child = 0;
                ended = true;
        }
        return ended;
}

/* Waits up to ms for a signal; 0 when there was none. */
static int next_signal(const struct supervisor *s, int64_t ms)
{
        struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        int number = sigtimedwait(&s->signals, NULL, &wait);
        return number > 0 ? number : 0;
}

static bool is_stop(int number)
{
        return number == SIGTERM || number == SIGINT;
}

/* Until a generation serves again, or a stop is asked for (false). */
static bool revive(struct supervisor *s)
{
        if (mono_now().ms - s->started.ms > STEADY_MS)
                s->restart_ms = RESTART_FIRST_MS;
        stop_generation(s, false);
        for (;;) {
                int number = next_signal(s, s->restart_ms);
                if (is_stop(number))
                        return false;
                s->restart_ms = s->restart_ms * 2 > RESTART_LONGEST_MS ? RESTART_LONGEST_MS : s->restart_ms * 2;
                if (start_generation(s))
                        return true;
        }
}

static void reload(struct supervisor *s)
{
        struct settings *fresh = NULL;
        struct why why = WHY_INIT;
        if (settings_load(s->conf_path, &fresh, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "serve.reload_refused", "%s", why.detail);
                return;
        }
        bool same = fresh->listener_count == s->settings->listener_count;
        for (size_t i = 0; same && i < fresh->listener_count; i++)
                same = str_eq(fresh->listeners[i].name, s->settings->listeners[i].name) && str_eq(fresh->listeners[i].address, s->settings->listeners[i].address) &&
                       fresh->listeners[i].port == s->settings->listeners[i].port;
        if (!same) {
                log_event(LOG_ERROR, NULL, "serve.reload_refused", "listeners have changed: restart instead");
                settings_free(fresh);
                return;
        }
        stop_generation(s, true);
        settings_free(s->settings);
        s->settings = fresh;
        log_event(LOG_INFO, NULL, "serve.reloaded", "%s", s->conf_path);
}

static void watch(struct supervisor *s)
{
        for (;;) {
                int number = next_signal(s, 1000);
                if (is_stop(number))
                        return;
                if (number == SIGHUP)
                        reload(s);
                bool ended = child_ended(s) || !s->worker || !s->signer;
                if (ended && !revive(s))
                        return;
        }
}

static void block_signals(struct supervisor *s)
{
        sigemptyset(&s->signals);
        sigaddset(&s->signals, SIGTERM);
        sigaddset(&s->signals, SIGINT);
        sigaddset(&s->signals, SIGHUP);
        sigaddset(&s->signals, SIGCHLD);
        sigprocmask(SIG_BLOCK, &s->signals, NULL);
}

static size_t loop_count(const struct settings *settings)
{
        long cores = settings->gateway.loops ? settings->gateway.loops : sysconf(_SC_NPROCESSORS_ONLN);
        return cores < 1 ? 1 : cores > LOOPS_MAX ? LOOPS_MAX : (size_t)cores;
}

int supervisor_run(const char *conf_path, struct settings *settings)
{
        struct supervisor *s = xcalloc(1, sizeof *s);
        *s = (struct supervisor){.conf_path = conf_path, .settings = settings, .loops = loop_count(settings), .listener_count = settings->listener_count, .restart_ms = RESTART_FIRST_MS};
        block_signals(s);
        signal(SIGPIPE, SIG_IGN);
        umask(0077);
        gw_ignore(mkdir(settings->gateway.run_folder, 0755) != 0); /* it may be there already */
        bool up = bind_listeners(s) && drop_privileges(settings->gateway.user) && write_pid(s) && start_generation(s) && write_listeners(s);
        if (up)
                watch(s);
        log_event(LOG_INFO, NULL, "serve.stopping", "waiting up to %lld ms for what is in flight", (long long)s->settings->gateway.drain_ms);
        stop_generation(s, true);
        remove_run_file(s, "listeners");
        remove_run_file(s, "pid");
        settings_free(s->settings);
        free(s);
        return up ? 0 : 1;
}
