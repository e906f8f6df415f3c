/* `egov-gateway replay`: sends fixture envelopes to a gateway and compares what comes back with what each fixture expects. */
#include <curl/curl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/commands/replay.h"

#define JOBS_MAX 64
#define RESULT_WAIT_MS 30000 /* REST: how long a result may take */
#define RESULT_POLL_MAX_MS 320 /* from 20 ms on, doubled */

struct replay_options {
        const char *to, *to_tls, *pki, *junit, *jobs, *only, *timeout;
        bool json, changes;
};

struct run {
        struct replay_case **cases;
        struct replay_result *results;
        size_t count;
        struct replay_target target;
        struct verifier *verifier;
        bool progress;
        pthread_mutex_t lock; /* states, finished, failed and the progress line */
        pthread_cond_t moved; /* a case is done: its queue goes on */
        enum case_state { CASE_WAITING, CASE_SENT, CASE_DONE } *state;
        size_t finished, failed;
};

/* ---- one case ---- */

/* An answer with what was read from it. */
struct exchange {
        struct replay_answer answer;
        struct replay_reading reading;
};

static void exchange_done(struct exchange *x)
{
        replay_answer_done(&x->answer);
        replay_reading_done(&x->reading);
}

/* REST: the outcome is in the result document, which may take a moment. */
static void await_result(const struct run *run, const struct replay_case *c, struct replay_reading *reading)
{
        auto_str char *path = xstrdup(reading->result_path);
        if (!path)
                path = xasprintf("/api/v1/requests/%s/result.xml", reading->number);
        struct mono_time until = {mono_now().ms + RESULT_WAIT_MS};
        struct replay_answer answer;
        for (long wait_ms = 20;; wait_ms = wait_ms < RESULT_POLL_MAX_MS ? 2 * wait_ms : wait_ms) {
                nanosleep(&(struct timespec){.tv_nsec = wait_ms * 1000000L}, NULL);
                replay_get(c, &run->target, path, &answer);
                if (answer.status != 404 || mono_now().ms > until.ms)
                        break;
                replay_answer_done(&answer);
        }
        free(reading->outcome);
        reading->outcome = answer.status == 200 ? replay_outcome(run->verifier, buf_span(&answer.body), wall_now())
                                                : xasprintf("no result (HTTP %ld)", answer.status);
        replay_answer_done(&answer);
}

static void exchange_message(const struct run *run, const struct replay_case *c, const struct replay_message *message, struct exchange *x)
{
        replay_send(c, &run->target, message, &x->answer);
        replay_read(&x->answer, run->verifier, wall_now(), &x->reading);
        if (c->channel == REPLAY_REST && c->outcome && x->reading.number)
                await_result(run, c, &x->reading);
}

/* The second sending of a repeat: the same bytes, or the same message id with other bytes. Returns the difference. */
static char *send_again(const struct run *run, const struct replay_case *c, const struct replay_message *message,
                        const struct exchange *first, struct exchange *second)
{
        if (str_eq(c->repeat, "same")) {
                exchange_message(run, c, message, second);
                char *difference = replay_difference(c, false, &first->answer, &first->reading);
                difference = difference ? difference : replay_difference(c, true, &second->answer, &second->reading);
                return difference || !c->same_answer ? difference : replay_same(&first->reading, &second->reading);
        }
        if (first->answer.status < 200 || first->answer.status > 299)
                return xasprintf("the first message was not accepted: HTTP %ld %s", first->answer.status,
                                 first->reading.reason ? first->reading.reason : "");
        struct replay_message other = {.body = BUF_INIT};
        struct why why = WHY_INIT;
        if (replay_build(c, run->target.pki, wall_now(), message->message_id, &other, &why) != GW_OK)
                return xasprintf("the second message cannot be built: %s", why.detail);
        exchange_message(run, c, &other, second);
        replay_message_done(&other);
        return replay_difference(c, false, &second->answer, &second->reading);
}

static void send_case(const struct run *run, const struct replay_case *c, const struct replay_message *message,
                      struct replay_result *result)
{
        struct exchange first = {.answer = {.body = BUF_INIT}}, second = {.answer = {.body = BUF_INIT}};
        struct mono_time start = mono_now();
        exchange_message(run, c, message, &first);
        bool again = !str_eq(c->repeat, "no");
        result->note = again ? send_again(run, c, message, &first, &second) : replay_difference(c, false, &first.answer, &first.reading);
        const struct exchange *last = again && (second.answer.status || second.answer.error) ? &second : &first;
        result->ms = mono_now().ms - start.ms;
        result->got = replay_got_text(c, &last->answer, &last->reading);
        result->verdict = result->note ? REPLAY_FAILED : REPLAY_PASSED;
        exchange_done(&first);
        exchange_done(&second);
}

static void run_case(const struct run *run, const struct replay_case *c, struct replay_result *result)
{
        result->wanted = replay_wanted_text(c);
        if (c->channel == REPLAY_REST && !run->target.tls) {
                result->verdict = REPLAY_SKIPPED;
                result->note = xstrdup("needs --to-tls");
                return;
        }
        struct replay_message message = {.body = BUF_INIT};
        struct why why = WHY_INIT;
        if (replay_build(c, run->target.pki, wall_now(), NULL, &message, &why) != GW_OK) {
                result->verdict = REPLAY_FAILED;
                result->note = xasprintf("the message cannot be built: %s", why.detail);
                return;
        }
        send_case(run, c, &message, result);
        replay_message_done(&message);
}

/* ---- all cases ---- */

static void show_progress(struct run *run, const char *name)
{
        if (run->progress)
                fprintf(stderr, "\r\033[K%zu of %zu, %zu not as expected: %s", run->finished, run->count, run->failed, name);
}

/* Of one queue one case at a time, in the order of their names. */
static bool is_free(const struct run *run, size_t index)
{
        if (run->state[index] != CASE_WAITING)
                return false;
        for (size_t i = 0; run->cases[index]->queue && i < run->count; i++)
                if (run->state[i] == CASE_SENT && str_eq(run->cases[i]->queue, run->cases[index]->queue))
                        return false;
        return true;
}

/* Under the lock. False: none is left. */
static bool take_case(struct run *run, size_t *ret_index)
{
        for (;;) {
                bool waiting = false;
                for (size_t i = 0; i < run->count; i++) {
                        if (is_free(run, i)) {
                                run->state[i] = CASE_SENT;
                                *ret_index = i;
                                return true;
                        }
                        waiting = waiting || run->state[i] == CASE_WAITING;
                }
                if (!waiting)
                        return false;
                pthread_cond_wait(&run->moved, &run->lock);
        }
}

static void *work(void *arg)
{
        struct run *run = arg;
        size_t i = 0;
        pthread_mutex_lock(&run->lock);
        while (take_case(run, &i)) {
                show_progress(run, run->cases[i]->name);
                pthread_mutex_unlock(&run->lock);
                run_case(run, run->cases[i], &run->results[i]);
                pthread_mutex_lock(&run->lock);
                run->state[i] = CASE_DONE;
                pthread_cond_broadcast(&run->moved);
                run->finished++;
                run->failed += run->results[i].verdict == REPLAY_FAILED;
                show_progress(run, run->cases[i]->name);
        }
        pthread_mutex_unlock(&run->lock);
        return NULL;
}

static void run_all(struct run *run, size_t jobs)
{
        pthread_t threads[JOBS_MAX];
        size_t started = 0;
        pthread_mutex_init(&run->lock, NULL);
        pthread_cond_init(&run->moved, NULL);
        while (started + 1 < jobs && pthread_create(&threads[started], NULL, work, run) == 0)
                started++;
        work(run); /* this thread is one of the jobs */
        for (size_t i = 0; i < started; i++)
                pthread_join(threads[i], NULL);
        pthread_cond_destroy(&run->moved);
        pthread_mutex_destroy(&run->lock);
        if (run->progress)
                fputs("\r\033[K", stderr);
}

static bool is_wanted(const char *only, const struct replay_case *c)
{
        const char *base = strrchr(c->name, '/');
        return !only || fnmatch(only, c->name, 0) == 0 || fnmatch(only, base ? base + 1 : c->name, 0) == 0;
}

/* Every file is read before anything is sent, so that a typing mistake costs no run. */
static enum gw_rc load_cases(char **operands, size_t count, const char *only, struct run *run, struct why *why)
{
        struct replay_paths paths = {NULL, 0};
        enum gw_rc rc = replay_paths_find(operands, count, &paths, why);
        if (rc != GW_OK)
                return rc;
        run->cases = xcalloc(paths.count + 1, sizeof *run->cases);
        for (size_t i = 0; i < paths.count && rc == GW_OK; i++) {
                struct replay_case *c = NULL;
                rc = replay_case_load(paths.items[i], &c, why);
                if (rc == GW_OK && is_wanted(only, c))
                        run->cases[run->count++] = c;
                else
                        replay_case_free(c);
        }
        replay_paths_done(&paths);
        if (rc == GW_OK && run->count == 0)
                return why_say(why, GW_REJECT, "no case was found");
        run->results = xcalloc(run->count + 1, sizeof *run->results);
        run->state = xcalloc(run->count + 1, sizeof *run->state);
        return rc;
}

static void run_done(struct run *run)
{
        for (size_t i = 0; i < run->count; i++) {
                replay_case_free(run->cases[i]);
                if (run->results)
                        replay_result_done(&run->results[i]);
        }
        free(run->cases);
        free(run->results);
        free(run->state);
        verifier_close(run->verifier);
}

static int report(const struct replay_options *given, struct run *run, int64_t wall_ms)
{
        if (given->json)
                replay_print_json(run->cases, run->results, run->count);
        else
                replay_print_table(run->cases, run->results, run->count, wall_ms);
        auto_buf struct buf junit = BUF_INIT;
        replay_write_junit(&junit, run->cases, run->results, run->count, wall_ms);
        if (given->junit && (buf_failed(&junit) || !text_write_file(given->junit, buf_span(&junit), 0644))) {
                fprintf(stderr, "egov-gateway replay: %s cannot be written\n", given->junit);
                return COMMAND_USAGE;
        }
        return run->failed > 0 ? COMMAND_NO : COMMAND_YES;
}

static int print_changes(void)
{
        for (size_t i = 0; replay_mutation_help(i); i++)
                puts(replay_mutation_help(i));
        return COMMAND_YES;
}

static enum gw_rc open_verifier(const char *pki, struct verifier **ret_verifier, struct why *why)
{
        auto_str char *trust = xasprintf("%s/trust", pki);
        struct verify_policy policy = {.clock_skew_ms = 60000, .message_age_max_ms = 24 * 3600 * 1000, .message_future_max_ms = 300000};
        return verifier_open(trust, &policy, ret_verifier, why);
}

static int run_replay(const struct options *options, const struct replay_options *given, char **operands, size_t count)
{
        uint64_t jobs = 4, timeout_ms = 60000;
        if (!given->to || !given->pki)
                return options_mistake(options, "--to and --pki are required");
        if (given->jobs && !text_to_u64(given->jobs, 1, JOBS_MAX, &jobs))
                return options_mistake(options, "--jobs is a number from 1 to %d", JOBS_MAX);
        if (given->timeout && !text_to_u64(given->timeout, 1, 3600000, &timeout_ms))
                return options_mistake(options, "--timeout is a number of milliseconds");
        verify_init();
        curl_global_init(CURL_GLOBAL_DEFAULT);
        struct why why = WHY_INIT;
        struct run run = {.target = {given->to, given->to_tls, given->pki, (long)timeout_ms}, .progress = isatty(STDERR_FILENO)};
        int status = COMMAND_USAGE;
        if (load_cases(operands, count, given->only, &run, &why) != GW_OK || open_verifier(given->pki, &run.verifier, &why) != GW_OK) {
                fprintf(stderr, "egov-gateway replay: %s\n", why.detail);
        } else {
                struct mono_time start = mono_now();
                run_all(&run, (size_t)jobs);
                status = report(given, &run, mono_now().ms - start.ms);
        }
        run_done(&run);
        curl_global_cleanup();
        return status;
}

static int replay_run(int argc, char **argv)
{
        struct replay_options given = {0};
        const struct option_row rows[] = {
                {"to", "URL", "the gateway's plain listener, e.g. http://127.0.0.1:8080", &given.to, NULL, false},
                {"to-tls", "URL", "its TLS listener, for REST cases; without it they are skipped", &given.to_tls, NULL, false},
                {"pki", "DIR", "the test PKI of certs/make-pki.sh: keys to sign with, authorities to trust", &given.pki, NULL, false},
                {"junit", "FILE", "also write the results as JUnit XML", &given.junit, NULL, false},
                {"jobs", "N", "cases under way at once (4)", &given.jobs, NULL, false},
                {"only", "NAME", "only cases of this name, e.g. 07-body-moved or 'bad/*'", &given.only, NULL, false},
                {"timeout", "MS", "longest wait for one answer (60000)", &given.timeout, NULL, false},
                {"json", NULL, "results as JSON instead of the table", NULL, &given.json, false},
                {"changes", NULL, "list the changes that a case can make to its message, and stop", NULL, &given.changes, false},
        };
        const struct options options = {
                "replay", "FILE|DIR…",
                "Sends the messages that case files describe to a running gateway, each built and signed fresh, and compares every\n"
                "answer with what its file expects, down to the reason code. fixtures/README.md explains case files.\n"
                "Exit status: 0 all as expected, 1 some not, 2 usage or unreadable.",
                "  egov-gateway replay fixtures/good --to http://127.0.0.1:8080 --to-tls https://127.0.0.1:8443 --pki build/pki\n"
                "  egov-gateway replay fixtures --only '*-doctype' --to http://127.0.0.1:8080 --pki build/pki",
                rows, GW_COUNT(rows),
        };
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (given.changes)
                return print_changes();
        if (first == argc)
                return options_mistake(&options, "no FILE or DIR is given");
        return run_replay(&options, &given, argv + first, (size_t)(argc - first));
}

const struct command command_replay = {"replay", "send fixture messages to a gateway and compare its answers", replay_run};
