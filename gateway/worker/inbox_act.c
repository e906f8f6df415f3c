/* Acts on a request: claim, release, the steps, return, substitute, comments. Planned on the loop (gateway/provider/steps.h), carried out in one piece of journal work that
 * refuses when the request has moved on since. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/reason.h"
#include "gateway/worker/inbox.h"

enum act { ACT_OF_CLAIM, ACT_OF_RELEASE, ACT_OF_STEP, ACT_OF_RETURN, ACT_OF_SUBSTITUTE, ACT_OF_COMMENT };

struct acting {
        enum act act;
        int step;
        int64_t token;
        json_t *body;
        struct casework_who who;
        struct casework_claim claim;
        struct actor executor;
        struct steps_plan plan;
        bool repeated;
};

static struct acting *acting_of(const struct inbox_call *call)
{
        return call->state;
}

static void refuse(struct inbox_call *call, const struct why *why)
{
        json_decref(acting_of(call)->body);
        inbox_refuse(call, why);
}

/* ---- what is asked ---- */

static bool act_of(const char *rest, struct acting *ret)
{
        static const struct { const char *rest; enum act act; } acts[] = {
                {"/claim", ACT_OF_CLAIM}, {"/release", ACT_OF_RELEASE}, {"/return", ACT_OF_RETURN}, {"/substitute", ACT_OF_SUBSTITUTE}, {"/comments", ACT_OF_COMMENT}};
        for (size_t i = 0; i < GW_COUNT(acts); i++)
                if (str_eq(acts[i].rest, rest)) {
                        ret->act = acts[i].act;
                        return true;
                }
        uint64_t step = 0;
        if (!str_starts(rest, "/steps/") || !text_to_u64(rest + strlen("/steps/"), 1, STEPS_MAX, &step))
                return false;
        ret->act = ACT_OF_STEP;
        ret->step = (int)step;
        return true;
}

static enum gw_rc read_body(const struct http_request *request, struct acting *acting, struct why *why)
{
        static const char *const members[][6] = {
                [ACT_OF_CLAIM] = {NULL}, [ACT_OF_RELEASE] = {"token"}, [ACT_OF_STEP] = {"token", "executor", "outcome", "ground", "comment"},
                [ACT_OF_RETURN] = {"token", "step", "comment"}, [ACT_OF_SUBSTITUTE] = {"token", "executor", "comment"}, [ACT_OF_COMMENT] = {"comment"}};
        enum gw_rc rc = inbox_body(request, members[acting->act], &acting->body, why);
        if (rc != GW_OK)
                return rc;
        const char *key;
        json_t *value;
        json_object_foreach(acting->body, key, value) {
                bool number = str_eq(key, "token") || str_eq(key, "step");
                if (!json_is_null(value) && (number ? !json_is_integer(value) : !json_is_string(value)))
                        return why_set(why, GW_REJECT, REASON_JSON_FORM, "%s is not a %s", key, number ? "whole number" : "text");
        }
        acting->token = (int64_t)json_integer_value(json_object_get(acting->body, "token"));
        bool needs = acting->act == ACT_OF_RELEASE || acting->act == ACT_OF_STEP || acting->act == ACT_OF_RETURN;
        return needs && acting->token <= 0 ? why_set(why, GW_REJECT, REASON_STEP_INPUT, "token: is missing; claim the request first") : GW_OK;
}

static const char *text_of(const struct acting *acting, const char *name)
{
        return json_string_value(json_object_get(acting->body, name));
}

/* ---- claim and release ---- */

static enum gw_rc claim_work(struct store *store, void *arg, struct why *why)
{
        struct inbox_call *call = arg;
        struct acting *a = call->state;
        return casework_claim(store, call->row.request_id, call->row.step, &a->who, (struct wall_time){call->now.ms + INBOX_LEASE_MS}, &a->claim, why);
}

static void on_claimed(void *arg, enum gw_rc rc, const struct why *why)
{
        struct inbox_call *call = arg;
        struct acting *a = call->state;
        if (rc != GW_OK) {
                refuse(call, why);
                return;
        }
        log_event(LOG_INFO, call->number, "inbox.claimed", "staff=%s role=%s step=%d call=%s", call->actor.id, a->who.role, call->row.step, call->id);
        json_decref(a->body);
        answer_json(call->exchange, 200, json_pack("{s:I, s:o}", "token", (json_int_t)a->claim.token, "leaseUntil", inbox_time_json(a->claim.lease_until)));
        inbox_call_free(call);
}

static enum gw_rc release_work(struct store *store, void *arg, struct why *why)
{
        struct inbox_call *call = arg;
        struct acting *a = call->state;
        return casework_release(store, call->row.request_id, a->token, &a->who, why);
}

static void on_done(void *arg, enum gw_rc rc, const struct why *why);

static void start_claim(struct inbox_call *call)
{
        struct acting *a = call->state;
        struct why why = WHY_INIT;
        enum staff_role role = STAFF_ROLE_COUNT;
        if (steps_may(&call->people.steps, &call->row, &call->actor, &role, &why) != GW_OK) {
                refuse(call, &why);
                return;
        }
        a->who = (struct casework_who){.staff = call->actor.id, .role = staff_role_names[role], .bin = call->actor.bin, .at = call->now};
        journal_submit(call->loop->journal, a->act == ACT_OF_CLAIM ? claim_work : release_work, a->act == ACT_OF_CLAIM ? on_claimed : on_done, call);
}

/* ---- the other acts ---- */

static enum gw_rc act_work(struct store *store, void *arg, struct why *why)
{
        struct inbox_call *call = arg;
        struct acting *a = call->state;
        const struct casework_act act = {
                .request_id = call->row.request_id,
                .token = a->token,
                .step = call->row.step,
                .entry = a->plan.entry,
                .next = a->plan.moves ? &a->plan.place : NULL,
                .outcome = a->plan.outcome,
                .ground = a->plan.ground,
                .detail = a->plan.detail,
        };
        return casework_act(store, &act, &a->repeated, why);
}

static void on_done(void *arg, enum gw_rc rc, const struct why *why)
{
        struct inbox_call *call = arg;
        struct acting *a = call->state;
        if (rc != GW_OK) {
                refuse(call, why);
                return;
        }
        log_event(LOG_INFO, call->number, a->repeated ? "inbox.repeated" : "inbox.done", "staff=%s act=\"%s\" call=%s", call->actor.id, a->act == ACT_OF_RELEASE ? "release" : a->plan.detail, call->id);
        json_decref(a->body);
        inbox_answer_case(call, 200);
}

/* The executor is looked for among all staff; steps_plan() says whether he fits. */
static void find_executor(const struct inbox_call *call, struct steps_input *input)
{
        struct acting *a = call->state;
        auto_staff struct staff *staff = staff_watch_use(call->loop->shared->staff);
        if (input->executor_id && staff_person(staff, input->executor_id, &a->executor))
                input->executor = &a->executor;
}

static enum gw_rc plan(struct inbox_call *call, struct why *why)
{
        static const enum steps_verb verbs[] = {[ACT_OF_STEP] = STEPS_COMPLETE, [ACT_OF_RETURN] = STEPS_RETURN, [ACT_OF_SUBSTITUTE] = STEPS_SUBSTITUTE, [ACT_OF_COMMENT] = STEPS_COMMENT};
        struct acting *a = call->state;
        struct steps_input input = {
                .step = a->act == ACT_OF_STEP ? a->step : call->row.step,
                .executor_id = text_of(a, "executor"),
                .outcome = text_of(a, "outcome"),
                .ground = text_of(a, "ground"),
                .comment = text_of(a, "comment"),
                .to = (int)json_integer_value(json_object_get(a->body, "step")),
        };
        if (a->act == ACT_OF_STEP && input.step == call->row.step && steps_by_register(&call->people.steps, input.step))
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "register: this step is taken with a transfer register (/api/v1/registers)");
        find_executor(call, &input);
        return steps_plan(&call->people.steps, &call->row, &call->actor, verbs[a->act], &input, call->now, &a->plan, why);
}

static void start_act(struct inbox_call *call)
{
        struct acting *a = call->state;
        struct why why = WHY_INIT;
        bool done = false;
        enum gw_rc rc = GW_OK;
        if (a->act == ACT_OF_STEP)
                rc = casework_was_done(call->loop->reader, call->row.request_id, a->token, a->step, call->actor.id, &done, &why);
        if (rc == GW_OK && done) { /* its answer was lost: the same again */
                json_decref(a->body);
                inbox_answer_case(call, 200);
                return;
        }
        if (rc == GW_OK)
                rc = plan(call, &why);
        if (rc == GW_OK)
                journal_submit(call->loop->journal, act_work, on_done, call);
        else
                refuse(call, &why);
}

void inbox_act(struct inbox_call *call)
{
        struct acting *a = xcalloc(1, sizeof *a);
        struct why why = WHY_INIT;
        call->state = a;
        enum gw_rc rc = act_of(call->rest, a) ? GW_OK : why_set(&why, GW_REJECT, REASON_HTTP_NOT_FOUND, "there is no such act");
        if (rc == GW_OK)
                rc = read_body(call->request, a, &why);
        if (rc != GW_OK)
                refuse(call, &why);
        else if (a->act == ACT_OF_CLAIM || a->act == ACT_OF_RELEASE)
                start_claim(call);
        else
                start_act(call);
}
