/* Binds, drops privileges, starts and restarts signer and worker. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/accept/http_server.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sandbox/sandbox.h"
#include "gateway/supervisor/supervisor.h"

#define LOOPS_MAX 64
#define READY_MS 60000
#define RESTART_FIRST_MS 100
#define RESTART_LONGEST_MS 10000
#define STEADY_MS 1000 /* a generation that served this long was no failed start */
#define POLL_MS 200
#define LAST_WORDS_MS 500
#define CONF_BYTES_MAX ((size_t)1 << 20)

struct supervisor {
        struct supervisor_conf conf;
        size_t loops, listener_count;
        int listeners[SETTINGS_LISTENERS_MAX * LOOPS_MAX];
        int ports[SETTINGS_LISTENERS_MAX];
        int pid_fd; /* the locked pid file, or -1 */
        pid_t signer, worker; /* 0 = not running */
        bool two_accounts;            /* root stays: signer_user */
        struct sandbox_account worker_account;
        bool pin_refused;             /* by a token, at the last start */
        bool raised;                  /* RLIMIT_MEMLOCK */
        struct rlimit lock_before;
        struct mono_time started;
        int64_t restart_ms;
        sigset_t signals;
};

/* Always false. */
static bool folder_failed(const char *path)
{
        log_event(LOG_ERROR, NULL, "serve.run_folder", "%s: %s", path, strerror(errno));
        return false;
}

static const struct settings *settings_of(const struct supervisor *s)
{
        return s->conf.settings;
}

/* ---- configuration ---- */

static void conf_done(struct supervisor_conf *conf)
{
        gw_close_fd(&conf->copy);
        settings_free(conf->settings);
        conf->settings = NULL;
}

enum gw_rc supervisor_conf_load(const char *path, struct supervisor_conf *ret_conf, struct why *why)
{
        auto_buf struct buf text = BUF_LIMIT(CONF_BYTES_MAX);
        if (!text_read_file(path, &text))
                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "%s: cannot be read", path);
        FILE *in = fmemopen(text.p, text.n ? text.n : 1, "r");
        struct supervisor_conf conf = {.path = path, .copy = memfd_create("gateway.conf", MFD_CLOEXEC)};
        enum gw_rc rc = GW_OK;
        if (!in || conf.copy < 0 || write(conf.copy, text.p, text.n) != (ssize_t)text.n)
                rc = why_set(why, GW_FAULT, REASON_INTERNAL, "%s: no memory for a copy", path);
        if (rc == GW_OK)
                rc = settings_read(in, path, &conf.settings, why);
        if (in)
                fclose(in);
        if (rc != GW_OK) {
                conf_done(&conf);
                return rc;
        }
        *ret_conf = conf;
        return GW_OK;
}

/* ---- sockets, privileges, run folder ---- */

static bool bind_listeners(struct supervisor *s)
{
        for (size_t i = 0; i < s->listener_count; i++) {
                const struct listener_settings *l = &settings_of(s)->listeners[i];
                char error[160];
                if (!http_bind(l->address, (int)l->port, s->loops, &s->listeners[i * s->loops], &s->ports[i], error)) {
                        log_event(LOG_ERROR, NULL, "serve.bind_failed", "listener=%s: %s", l->name, error);
                        return false;
                }
        }
        return true;
}

/* Makes the run folder, belonging to who will write in it. */
static bool make_run_folder(const char *path, uid_t uid, gid_t gid)
{
        if (mkdir(path, 0755) != 0)
                return errno == EEXIST || folder_failed(path);
        return (uid == geteuid() || chown(path, uid, gid) == 0) || folder_failed(path);
}

/* Keys are locked into memory; an account without rights may lock 8 MiB. The worker gets the old limit back. */
static void allow_locking(struct supervisor *s)
{
        struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        s->raised = getrlimit(RLIMIT_MEMLOCK, &s->lock_before) == 0 && setrlimit(RLIMIT_MEMLOCK, &all) == 0;
}

static enum gw_rc find_accounts(struct supervisor *s, struct why *why)
{
        const struct settings *settings = settings_of(s);
        struct sandbox_account signer;
        enum gw_rc rc = sandbox_account(settings->gateway.user, &s->worker_account, why);
        if (rc != GW_OK || !settings->gateway.signer_user)
                return rc;
        rc = sandbox_account(settings->gateway.signer_user, &signer, why);
        if (rc == GW_OK && signer.uid == s->worker_account.uid)
                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "user and signer_user are one account");
        return rc;
}

/* Down to the configured account. With a signer_user root stays behind with what it takes to start processes under two accounts; it opens
 * no file by its own rights any more. */
static bool drop_privileges(struct supervisor *s)
{
        const struct settings *settings = settings_of(s);
        const char *run_folder = settings->gateway.run_folder;
        if (geteuid() != 0)
                return make_run_folder(run_folder, geteuid(), getegid());
        allow_locking(s);
        if (!settings->gateway.user) {
                log_event(LOG_WARN, NULL, "serve.as_root", "no `user` is configured: running as root");
                return make_run_folder(run_folder, 0, 0);
        }
        struct why why = WHY_INIT;
        if (find_accounts(s, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "serve.user", "%s", why.detail);
                return false;
        }
        if (!make_run_folder(run_folder, s->worker_account.uid, s->worker_account.gid))
                return false;
        s->two_accounts = settings->gateway.signer_user != NULL;
        if (!s->two_accounts)
                log_event(LOG_WARN, NULL, "serve.one_account", "no `signer_user` is configured: the worker's account can read the key files");
        enum gw_rc rc = s->two_accounts ? sandbox_keep_root(&s->worker_account, &why) : sandbox_become(&s->worker_account, &why);
        if (rc != GW_OK)
                log_event(LOG_ERROR, NULL, "serve.privileges", "%s", why.detail);
        return rc == GW_OK;
}

static char *run_file(const struct supervisor *s, const char *name)
{
        return xasprintf("%s/%s", settings_of(s)->gateway.run_folder, name);
}

static void remove_run_file(const struct supervisor *s, const char *name)
{
        auto_str char *path = run_file(s, name);
        gw_ignore(unlink(path) != 0); /* it may never have been written */
}

/* The pid file, locked as long as we live: two gateways in one run folder would remove each other's files. */
static bool take_run_folder(struct supervisor *s)
{
        auto_str char *path = run_file(s, "pid");
        auto_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return folder_failed(path);
        char text[24] = "";
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
                ssize_t n = pread(fd, text, sizeof text - 1, 0);
                log_event(LOG_ERROR, NULL, "serve.run_folder", "%s belongs to the running process %.*s", settings_of(s)->gateway.run_folder,
                          (int)strspn(text, "0123456789"), n > 0 ? text : "");
                return false;
        }
        int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
        if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
                return folder_failed(path);
        s->pid_fd = fd;
        fd = -1;
        return true;
}

/* One line per listener, once the gateway serves: name=http://address:port */
static bool write_listeners(const struct supervisor *s)
{
        auto_buf struct buf b = BUF_INIT;
        for (size_t i = 0; i < s->listener_count; i++) {
                const struct listener_settings *l = &settings_of(s)->listeners[i];
                bool six = strchr(l->address, ':') != NULL;
                buf_printf(&b, "%s=%s://%s%s%s:%d\n", l->name, str_eq(l->tls, "on") ? "https" : "http", six ? "[" : "", l->address,
                           six ? "]" : "", s->ports[i]);
        }
        auto_str char *path = run_file(s, "listeners");
        return text_write_file(path, buf_span(&b), 0644) || folder_failed(path);
}

/* ---- children ---- */

static void let_through(int fd)
{
        fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
}

/* The worker never runs as root. The signer does until it has read its keys, which may be root's; then it becomes signer_user by itself. */
static void child_rights(const struct supervisor *s, const char *role)
{
        bool signer = str_eq(role, SUPERVISOR_SIGNER);
        if (s->raised && !signer)
                setrlimit(RLIMIT_MEMLOCK, &s->lock_before);
        if (!s->two_accounts)
                return;
        struct why why = WHY_INIT;
        if (signer)
                sandbox_root_files();
        else if (sandbox_become(&s->worker_account, &why) != GW_OK)
                _exit(126);
}

static _Noreturn void exec_child(const struct supervisor *s, const char *role, int ready_fd, const int *fds, size_t fd_count)
{
        char **argv = xcalloc(fd_count + 7, sizeof *argv);
        size_t n = 0;
        argv[n++] = xstrdup("egov-gateway");
        argv[n++] = xstrdup(role);
        argv[n++] = xstrdup(s->conf.path);
        argv[n++] = xasprintf("%d", s->conf.copy);
        argv[n++] = xasprintf("%d", ready_fd);
        argv[n++] = xasprintf("%zu", s->loops);
        let_through(s->conf.copy);
        let_through(ready_fd);
        for (size_t i = 0; i < fd_count; i++) {
                argv[n++] = xasprintf("%d", fds[i]);
                let_through(fds[i]);
        }
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        child_rights(s, role);
        execv("/proc/self/exe", argv);
        _exit(127);
}

bool supervisor_child_parse(int argc, char **argv, struct supervisor_child *ret_child)
{
        uint64_t v;
        if (argc < 7 || argc > 7 + (SETTINGS_LISTENERS_MAX + 1) * LOOPS_MAX)
                return false;
        struct supervisor_child c = {.conf_path = argv[2], .fd_count = (size_t)argc - 6};
        if (!text_to_u64(argv[3], 3, 65536, &v))
                return false;
        c.conf_copy = (int)v;
        if (!text_to_u64(argv[4], 3, 65536, &v))
                return false;
        c.ready_fd = (int)v;
        if (!text_to_u64(argv[5], 1, LOOPS_MAX, &v))
                return false;
        c.loops = (size_t)v;
        c.fds = xcalloc(c.fd_count, sizeof *c.fds);
        for (size_t i = 0; i < c.fd_count; i++) {
                if (!text_to_u64(argv[6 + i], 3, 65536, &v)) {
                        free(c.fds);
                        return false;
                }
                c.fds[i] = (int)v;
        }
        *ret_child = c;
        return true;
}

/* A stop that came while a generation is starting: signals are blocked, they wait. */
static bool stop_pending(void)
{
        sigset_t pending;
        return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
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
                int rc = left > 0 && !stop_pending() ? poll(&p, 1, left < POLL_MS ? (int)left : POLL_MS) : 0;
                if ((rc < 0 && errno == EINTR) || (rc == 0 && left > 0 && !stop_pending()))
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

static pid_t start_child(struct supervisor *s, const char *role, const int *fds, size_t fd_count)
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
                /* Who has said why ends by itself. */
                int status = 0, waited_ms = 0;
                while (waitpid(pid, &status, WNOHANG) == 0) {
                        if (waited_ms > LAST_WORDS_MS)
                                kill(pid, SIGKILL);
                        usleep(5000);
                        waited_ms += 5;
                }
                s->pin_refused = WIFEXITED(status) && WEXITSTATUS(status) == SUPERVISOR_EXIT_PIN;
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
        int64_t limit_ms = gently ? 2 * settings_of(s)->gateway.drain_ms + 5000 : 1000;
        stop_child(&s->worker, gently ? SIGTERM : SIGKILL, limit_ms);
        stop_child(&s->signer, SIGKILL, 1000); /* without channels it ends by itself; nothing to lose there */
}

static bool start_generation(struct supervisor *s)
{
        s->pin_refused = false;
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
                bool signaled = WIFSIGNALED(status);
                log_event(LOG_ERROR, NULL, "serve.child_ended", "process=%s pid=%ld %s=%d%s%s", child == &s->worker ? "worker" : "signer", (long)pid,
                          signaled ? "signal" : "status", signaled ? WTERMSIG(status) : WEXITSTATUS(status),
                          signaled && WTERMSIG(status) == SIGSYS ? " it made a system call that is not for it: an intruder, or a library that needs more" : "",
                          signaled && WCOREDUMP(status) ? " core dumped" : "");
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

static bool same_listeners(const struct settings *a, const struct settings *b)
{
        bool same = a->listener_count == b->listener_count;
        for (size_t i = 0; same && i < a->listener_count; i++)
                same = str_eq(a->listeners[i].name, b->listeners[i].name) && str_eq(a->listeners[i].address, b->listeners[i].address) &&
                       a->listeners[i].port == b->listeners[i].port;
        return same;
}

/* Both absent is the same, too. */
static bool same_text(const char *a, const char *b)
{
        return (!a && !b) || str_eq(a, b);
}

static void reload(struct supervisor *s)
{
        struct supervisor_conf fresh, previous = s->conf;
        struct why why = WHY_INIT;
        if (supervisor_conf_load(previous.path, &fresh, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "serve.reload_refused", "%s", why.detail);
                return;
        }
        if (!same_text(fresh.settings->gateway.user, previous.settings->gateway.user) ||
            !same_text(fresh.settings->gateway.signer_user, previous.settings->gateway.signer_user)) {
                log_event(LOG_ERROR, NULL, "serve.reload_refused", "accounts have changed: restart instead");
                conf_done(&fresh);
                return;
        }
        if (!same_listeners(fresh.settings, previous.settings) || !str_eq(fresh.settings->gateway.run_folder, previous.settings->gateway.run_folder)) {
                log_event(LOG_ERROR, NULL, "serve.reload_refused", "listeners or run_folder have changed: restart instead");
                conf_done(&fresh);
                return;
        }
        stop_generation(s, true);
        s->conf = fresh;
        if (start_generation(s)) {
                conf_done(&previous);
                gw_ignore(!write_listeners(s)); /* it has been logged */
                log_event(LOG_INFO, NULL, "serve.reloaded", "%s", s->conf.path);
                return;
        }
        /* watch() finds that nothing runs and starts a generation with what worked before. */
        log_event(LOG_ERROR, NULL, "serve.reload_refused", "nothing starts with it: the previous configuration goes on");
        conf_done(&fresh);
        s->conf = previous;
}

/* The whole pause, whatever else is signalled (the end of a child is, just now). Gives the signal that ended it early, or 0. */
static int pause_for(const struct supervisor *s, int64_t ms)
{
        struct mono_time until = {mono_now().ms + ms};
        for (int64_t left = ms; left > 0; left = until.ms - mono_now().ms) {
                int number = next_signal(s, left);
                if (is_stop(number) || number == SIGHUP)
                        return number;
        }
        return 0;
}

/* Until a generation serves again, or a stop is asked for (false). */
static bool revive(struct supervisor *s)
{
        if (mono_now().ms - s->started.ms > STEADY_MS)
                s->restart_ms = RESTART_FIRST_MS;
        stop_generation(s, false);
        for (;;) {
                if (s->pin_refused)
                        log_event(LOG_ERROR, NULL, "serve.pin_refused", "nothing is started before the configuration is read again (SIGHUP)");
                int number = pause_for(s, s->pin_refused ? INT64_MAX / 2 : s->restart_ms);
                if (is_stop(number))
                        return false;
                s->restart_ms = s->restart_ms * 2 > RESTART_LONGEST_MS ? RESTART_LONGEST_MS : s->restart_ms * 2;
                if (number == SIGHUP)
                        reload(s); /* the way out when it is the configuration that does not start */
                if (s->worker || start_generation(s))
                        return true;
        }
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

int supervisor_run(const struct supervisor_conf *conf)
{
        struct supervisor *s = xcalloc(1, sizeof *s);
        const struct settings *settings = conf->settings;
        *s = (struct supervisor){.conf = *conf, .loops = loop_count(settings), .listener_count = settings->listener_count, .pid_fd = -1, .restart_ms = RESTART_FIRST_MS};
        block_signals(s);
        signal(SIGPIPE, SIG_IGN);
        bool ours = bind_listeners(s) && drop_privileges(s) && take_run_folder(s);
        umask(0077);
        bool up = ours && start_generation(s) && write_listeners(s);
        if (up) {
                watch(s);
                log_event(LOG_INFO, NULL, "serve.stopping", "waiting up to %lld ms for what is in flight", (long long)settings_of(s)->gateway.drain_ms);
        }
        stop_generation(s, true);
        if (ours) {
                remove_run_file(s, "listeners");
                remove_run_file(s, "pid");
                remove_run_file(s, "health.json"); /* the worker's */
        }
        gw_close_fd(&s->pid_fd);
        conf_done(&s->conf);
        free(s);
        return up ? 0 : 1;
}
