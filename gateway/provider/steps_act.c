/* Who may do what with a request at the step where it is, and where that takes it (gateway/provider/steps.h). */
#include <stdio.h>
#include <string.h>

#include "gateway/provider/steps.h"
#include "gateway/reason.h"

const char *const steps_verb_names[] = {"complete", "sign", "return", "substitute", "comment", NULL};

#define TO(verb) (1U << STEPS_##verb)
/* The one table of legal acts. Whatever is not here is refused. CHECK, REFUSE_INTAKE and REGISTER are done before the request is at a step, the Portal's by nobody. A signed
 * result is not taken back: nothing returns from behind it. */
static const unsigned legal[STEP_ACT_COUNT] = {
        [ACT_TRANSFER] = TO(COMPLETE) | TO(RETURN) | TO(SUBSTITUTE) | TO(COMMENT),
        [ACT_ACCEPT] = TO(COMPLETE) | TO(RETURN) | TO(COMMENT),
        [ACT_RESOLVE] = TO(COMPLETE) | TO(RETURN) | TO(COMMENT),
        [ACT_PREPARE] = TO(COMPLETE) | TO(RETURN) | TO(SUBSTITUTE) | TO(COMMENT),
        [ACT_SIGN] = TO(RESULT) | TO(RETURN) | TO(COMMENT),
        [ACT_DECIDE] = TO(RESULT) | TO(RETURN) | TO(COMMENT),
        [ACT_RECORD] = TO(COMPLETE) | TO(SUBSTITUTE) | TO(COMMENT),
        [ACT_ISSUE] = TO(COMPLETE) | TO(SUBSTITUTE) | TO(COMMENT),
};
#undef TO

/* ---- who ---- */

bool steps_role_fits(const struct actor *actor, const struct casework_row *row, enum staff_role role)
{
        const char *side = staff_role_is_front(role) ? row->front_bin : row->provider_bin;
        return role != STAFF_ROLE_COUNT && actor_has_role(actor, role) && str_eq(actor->bin, side);
}

static enum gw_rc need_role(const struct actor *actor, const struct casework_row *row, enum staff_role role, struct why *why)
{
        if (steps_role_fits(actor, row, role))
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "role %s of the %s is needed", role == STAFF_ROLE_COUNT ? "GATEWAY" : staff_role_names[role],
                       role != STAFF_ROLE_COUNT && staff_role_is_front(role) ? "front office" : "provider");
}

/* Whose steps are named to one person. */
static bool has_executor(enum staff_role role)
{
        return role == STAFF_EXECUTOR || role == STAFF_AKIM_EXECUTOR;
}

enum gw_rc steps_may(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum staff_role *ret_role, struct why *why)
{
        const struct route_step *step = steps_at(c->route, row->step);
        if (!step)
                return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, "nothing is left to be done");
        enum staff_role role = str_eq(row->role, "GATEWAY") ? STAFF_ROLE_COUNT : step->by;
        enum gw_rc rc = need_role(actor, row, role, why);
        if (rc != GW_OK)
                return rc;
        /* An organisation's own system has its own order of who does what. */
        if (has_executor(role) && row->executor[0] && !actor->machine && !str_eq(row->executor, actor->id))
                return why_set(why, GW_REJECT, REASON_EXECUTOR_OTHER, "step %d is that of %s", row->step, row->executor);
        *ret_role = role;
        return GW_OK;
}

static enum staff_role superior_of(enum staff_role role)
{
        return role == STAFF_EXECUTOR ? STAFF_HEAD : role == STAFF_AKIM_EXECUTOR ? STAFF_AKIM : STAFF_ROLE_COUNT;
}

/* ---- what a step needs ---- */

static enum gw_rc need(const char *field, const char *problem, struct why *why)
{
        return why_set(why, GW_REJECT, REASON_STEP_INPUT, "%s: %s", field, problem);
}

/* Somebody of the same organisation, who can be the executor of the steps to come. */
static enum gw_rc check_executor(const struct steps_input *input, const struct actor *actor, enum staff_role role, struct why *why)
{
        if (!input->executor_id || !*input->executor_id)
                return need("executor", "is missing", why);
        if (!input->executor || !str_eq(input->executor->bin, actor->bin) || !actor_has_role(input->executor, role))
                return need("executor", role == STAFF_AKIM_EXECUTOR ? "nobody of this organisation with the role AKIM_EXECUTOR" : "nobody of this organisation with the role EXECUTOR", why);
        return GW_OK;
}

static enum gw_rc check_outcome(const struct steps_case *c, const struct steps_input *input, struct why *why)
{
        if (!input->outcome || !*input->outcome)
                return need("outcome", "is missing", why);
        bool refused = str_eq(input->outcome, "REFUSED");
        if (refused && (!input->ground || !*input->ground))
                return need("ground", "is missing", why);
        if (!steps_result_paper(c->service, c->route, input->outcome, input->ground))
                return refused ? need("ground", "is none of the service's for a decision", why) : need("outcome", "the service has no result of that kind", why);
        return GW_OK;
}

static enum gw_rc check_comment(const struct steps_input *input, struct why *why)
{
        if (!input->comment || !*input->comment)
                return need("comment", "is missing", why);
        return strlen(input->comment) > CASEWORK_COMMENT_MAX ? need("comment", "is too long", why) : GW_OK;
}

/* ---- plans ---- */

static void put_place(const struct steps_case *c, struct steps_plan *plan, int n, struct wall_time from)
{
        plan->moves = true;
        plan->place = (struct casework_place){.step = n, .role = "", .executor = plan->executor, .from = from, .near = {WALL_NEVER_MS}, .due = {WALL_NEVER_MS}};
        if (n == 0)
                return;
        struct steps_moments moments = steps_moments(c, n, from);
        plan->place.role = staff_role_names[steps_at(c->route, n)->by];
        plan->place.near = moments.near;
        plan->place.due = moments.due;
}

/* After the signature what came through the Portal goes out through it: the gateway hands it over. */
static void put_next(const struct steps_case *c, const struct casework_row *row, bool is_signed, struct steps_plan *plan, struct wall_time now)
{
        int n = steps_next(c->route, row->step);
        bool by_gateway = is_signed && c->electronic;
        if (by_gateway)
                n = steps_of_act(c->route, ACT_ISSUE);
        const struct route_step *step = steps_at(c->route, n);
        put_place(c, plan, n, step && step->shares_limit ? row->step_from : now);
        if (by_gateway)
                plan->place.role = "GATEWAY";
}

static enum gw_rc plan_complete(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, const struct steps_input *input, struct wall_time now,
                                struct steps_plan *plan, struct why *why)
{
        const struct route_step *step = steps_at(c->route, row->step);
        enum gw_rc rc = GW_OK;
        if (step->act == ACT_RESOLVE)
                rc = check_executor(input, actor, step->by == STAFF_AKIM ? STAFF_AKIM_EXECUTOR : STAFF_EXECUTOR, why);
        if (step->act == ACT_PREPARE)
                rc = check_outcome(c, input, why);
        if (rc != GW_OK)
                return rc;
        if (step->act == ACT_RESOLVE)
                snprintf(plan->executor, sizeof plan->executor, "%s", input->executor->id);
        if (step->act == ACT_PREPARE) {
                plan->outcome = input->outcome;
                plan->ground = input->ground ? input->ground : "";
        }
        put_next(c, row, false, plan, now);
        return GW_OK;
}

/* A person signs for himself. The provider's own system brings what one of the provider's people has signed; whether that one may is asked of the signature (result_signer). */
static bool may_bring_result(const struct actor *actor)
{
        return actor->may_sign || actor->machine;
}

static enum gw_rc plan_result(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, const struct steps_input *input, struct wall_time now,
                              struct steps_plan *plan, struct why *why)
{
        if (!may_bring_result(actor))
                return why_set(why, GW_REJECT, REASON_SIGN_RIGHT_REQUIRED, "the right to sign is needed");
        enum gw_rc rc = check_outcome(c, input, why);
        if (rc != GW_OK)
                return rc;
        plan->outcome = input->outcome;
        plan->ground = input->ground ? input->ground : "";
        put_next(c, row, true, plan, now);
        return GW_OK;
}

/* Not to where a register is accepted: it has been. What is to be handed over again goes back to its transfer. */
static enum gw_rc plan_return(const struct steps_case *c, const struct casework_row *row, const struct steps_input *input, struct wall_time now, struct steps_plan *plan, struct why *why)
{
        const struct route_step *to = steps_at(c->route, input->to);
        if (!to || input->to >= row->step || to->branch == STEP_REFUSE_INTAKE || input->to <= steps_of_act(c->route, ACT_REGISTER) || (to->act == ACT_ACCEPT && steps_by_register(c, input->to)))
                return need("step", "not an earlier step after the registration", why);
        enum gw_rc rc = check_comment(input, why);
        if (rc == GW_OK)
                put_place(c, plan, input->to, now);
        return rc;
}

/* The step's time runs on: another person is no new limit. */
static enum gw_rc plan_substitute(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, const struct steps_input *input, struct steps_plan *plan,
                                  struct why *why)
{
        enum staff_role role = steps_at(c->route, row->step)->by;
        enum gw_rc rc = check_executor(input, actor, role, why);
        if (rc == GW_OK)
                rc = check_comment(input, why);
        if (rc != GW_OK)
                return rc;
        snprintf(plan->executor, sizeof plan->executor, "%s", input->executor->id);
        plan->moves = true;
        plan->place = (struct casework_place){.step = row->step, .role = row->role, .executor = plan->executor, .from = row->step_from, .near = row->step_near, .due = row->step_due};
        return GW_OK;
}

/* ---- who may do which ---- */

/* In which role; refused when it is none of the step's verbs, or not for this actor. */
static enum gw_rc check_verb(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum steps_verb verb, enum staff_role *ret_role, struct why *why)
{
        const struct route_step *step = steps_at(c->route, row->step);
        if (verb == STEPS_COMMENT) { /* by anybody of the two organisations, also at the end */
                for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                        if (role != STAFF_PROVIDER && steps_role_fits(actor, row, role)) {
                                *ret_role = role;
                                return GW_OK;
                        }
                return why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "a role in this request is needed");
        }
        if (!step)
                return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, "nothing is left to be done");
        if (!(legal[step->act] & 1U << verb) || (verb == STEPS_SUBSTITUTE && !has_executor(step->by)))
                return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, "step %d is %s: nothing to %s", row->step, step_act_names[step->act], steps_verb_names[verb]);
        if (verb != STEPS_SUBSTITUTE)
                return steps_may(c, row, actor, ret_role, why);
        *ret_role = superior_of(step->by);
        return need_role(actor, row, *ret_role, why);
}

static enum gw_rc plan_verb(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum steps_verb verb, const struct steps_input *input, struct wall_time now,
                            struct steps_plan *plan, struct why *why)
{
        switch (verb) {
        case STEPS_COMPLETE:
                return plan_complete(c, row, actor, input, now, plan, why);
        case STEPS_RESULT:
                return plan_result(c, row, actor, input, now, plan, why);
        case STEPS_RETURN:
                return plan_return(c, row, input, now, plan, why);
        case STEPS_SUBSTITUTE:
                return plan_substitute(c, row, actor, input, plan, why);
        case STEPS_COMMENT:
                return check_comment(input, why);
        case STEPS_VERB_COUNT:
                break;
        }
        GW_ASSERT(!"no such verb");
        return GW_FAULT;
}

static void put_entry(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum steps_verb verb, enum staff_role role, const struct steps_input *input,
                      struct wall_time now, struct steps_plan *plan)
{
        static const char *const words[] = {[STEPS_RETURN] = "RETURN", [STEPS_SUBSTITUTE] = "SUBSTITUTE", [STEPS_COMMENT] = "COMMENT"};
        bool done = verb == STEPS_COMPLETE || verb == STEPS_RESULT;
        const char *act = done ? step_act_names[steps_at(c->route, row->step)->act] : words[verb];
        plan->entry = (struct casework_entry){.step = row->step, .act = act, .role = staff_role_names[role], .staff = actor->id, .comment = input->comment ? input->comment : "", .at = now,
                                              .from = row->step_from, .due = row->step_due};
        if (verb == STEPS_RETURN)
                snprintf(plan->detail, sizeof plan->detail, "step %d RETURN to step %d", row->step, input->to);
        else
                snprintf(plan->detail, sizeof plan->detail, "step %d %s", row->step, act);
}

enum gw_rc steps_plan(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum steps_verb verb, const struct steps_input *input, struct wall_time now,
                      struct steps_plan *ret_plan, struct why *why)
{
        *ret_plan = (struct steps_plan){.moves = false};
        snprintf(ret_plan->executor, sizeof ret_plan->executor, "%s", row->executor);
        if (verb != STEPS_COMMENT && input->step != row->step)
                return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, row->step ? "step %d comes next" : "nothing is left to be done", row->step);
        enum staff_role role = STAFF_ROLE_COUNT;
        enum gw_rc rc = check_verb(c, row, actor, verb, &role, why);
        if (rc == GW_OK)
                rc = plan_verb(c, row, actor, verb, input, now, ret_plan, why);
        if (rc == GW_OK)
                put_entry(c, row, actor, verb, role, input, now, ret_plan);
        return rc;
}

unsigned steps_verbs(const struct steps_case *c, const struct casework_row *row, const struct actor *actor)
{
        unsigned verbs = 0;
        for (enum steps_verb verb = 0; verb < STEPS_VERB_COUNT; verb++) {
                struct why why = WHY_INIT;
                enum staff_role role = STAFF_ROLE_COUNT;
                bool unsigned_result = verb == STEPS_RESULT && !may_bring_result(actor);
                bool nowhere = verb == STEPS_RETURN && steps_next(c->route, steps_of_act(c->route, ACT_REGISTER)) >= row->step;
                if (!unsigned_result && !nowhere && check_verb(c, row, actor, verb, &role, &why) == GW_OK)
                        verbs |= 1U << verb;
        }
        return verbs;
}
