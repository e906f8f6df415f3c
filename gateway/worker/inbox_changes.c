/* GET /api/v1/inbox/changes: waits until something of the organisation's requests has changed, or the time is over. A hint for pages; what is true is in the list. */
#include <stdlib.h>
#include <string.h>

#include "gateway/check/form.h"
#include "gateway/reason.h"
#include "gateway/worker/inbox.h"

#define WAIT_S_MAX 25
#define LOOK_EVERY_MS 500
#define NUMBERS_MAX 200

struct waiter {
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX], bin[13];
        int64_t since;
        struct mono_time until;
        uv_timer_t timer;
};

static void on_closed(uv_handle_t *handle)
{
        struct waiter *w = handle->data;
        w->loop->waiters--;
        w->loop->calls--;
        free(w);
}

static json_t *changes_json(char (*numbers)[20], size_t count, int64_t seq)
{
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_string(numbers[i]));
        return json_pack("{s:I, s:o}", "seq", (json_int_t)seq, "numbers", list);
}

/* True when it has been answered. */
static bool look(struct waiter *w)
{
        char numbers[NUMBERS_MAX][20];
        size_t count = 0;
        int64_t seq = w->since;
        struct why why = WHY_INIT;
        if (casework_changes(w->loop->reader, w->bin, w->since, NUMBERS_MAX, numbers, &count, &seq, &why) != GW_OK) {
                answer_problem(w->exchange, w->id, &why);
                return true;
        }
        bool over = mono_now().ms >= w->until.ms || w->loop->draining;
        if (!count && !over && w->since >= 0)
                return false;
        answer_json(w->exchange, 200, changes_json(numbers, count, seq));
        return true;
}

static void on_tick(uv_timer_t *timer)
{
        if (look(timer->data))
                uv_close((uv_handle_t *)timer, on_closed);
}

void inbox_changes(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor)
{
        const char *query = http_exchange_request(exchange)->query;
        char word[24];
        uint64_t since = 0, wait = WAIT_S_MAX;
        struct why why = WHY_INIT;
        bool given = form_value(span_str(query), "since", word, sizeof word);
        enum gw_rc rc = given && !text_to_u64(word, 0, INT64_MAX, &since) ? why_set(&why, GW_REJECT, REASON_STEP_INPUT, "since: not a number of this gateway") : GW_OK;
        if (rc == GW_OK && form_value(span_str(query), "wait", word, sizeof word) && !text_to_u64(word, 0, WAIT_S_MAX, &wait))
                rc = why_set(&why, GW_REJECT, REASON_STEP_INPUT, "wait: 0 to %d seconds", WAIT_S_MAX);
        if (rc == GW_OK && loop->waiters >= INBOX_WAITERS_MAX)
                rc = why_set(&why, GW_RETRY, REASON_OVERLOADED, "too many are waiting");
        if (rc != GW_OK) {
                answer_problem(exchange, correlation_id, &why);
                return;
        }
        struct waiter *w = xcalloc(1, sizeof *w);
        w->loop = loop;
        w->exchange = exchange;
        w->since = given ? (int64_t)since : -1;
        w->until = (struct mono_time){mono_now().ms + (int64_t)wait * 1000};
        memcpy(w->id, correlation_id, sizeof w->id);
        memcpy(w->bin, actor->bin, sizeof w->bin);
        loop->calls++;
        loop->waiters++;
        uv_timer_init(&loop->uv, &w->timer);
        w->timer.data = w;
        uv_timer_start(&w->timer, on_tick, 0, LOOK_EVERY_MS);
}
