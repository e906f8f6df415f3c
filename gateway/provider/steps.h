/* How a request walks along its route: which step is next, who takes it, what it needs, when it is due. Pure: the route, the moment and the request's row in, a plan out
 * (gateway/register/casework.h carries it out, on the very step and token that it was made for).
 *
 * The request exists from the step REGISTER on; the steps before it, and it, are taken when it is opened. What comes through the Portal's channels is registered and
 * handed out by the gateway itself. Each step has its own limit from the moment at which the request comes to it, never beyond the end of the service's term (services.md
 * A.5 rows 7, 19), and the result must be with whoever hands it out so long before that end as the act says (row 10). */
#ifndef GW_PROVIDER_STEPS_H
#define GW_PROVIDER_STEPS_H

#include "gateway/catalogue/catalogue.h"
#include "gateway/provider/staff.h"
#include "gateway/register/casework.h"

#define STEPS_MAX 32 /* of a route: catalogue.xsd */

/* One request on its way. */
struct steps_case {
        const struct service *service;
        const struct route *route;
        const struct calendar *calendar;
        struct wall_time registered_at, due_at; /* due_at WALL_NEVER_MS: no limit */
        bool electronic;              /* it came through one of the Portal's channels, not over a counter */
};
/* The end of the service's term; WALL_NEVER_MS for a route without limits. */
struct wall_time steps_service_due(const struct route *route, const struct calendar *calendar, struct wall_time registered_at);
/* When the result must be with whoever hands it out. */
struct wall_time steps_result_due(const struct steps_case *c);
/* The act's step n (from 1). NULL: there is none. */
const struct route_step *steps_at(const struct route *route, int n);
/* The step after n (0: the first), refusals of intake left out; 0: none. */
int steps_next(const struct route *route, int n);
/* Is the step taken with a transfer register, by making or accepting one (gateway/worker/endpoint_registers.c), and in no other way? */
bool steps_by_register(const struct steps_case *c, int n);
/* Number of the only step of that act; 0: none. */
int steps_of_act(const struct route *route, enum step_act act);
/* When a step that the request came to at `from` must be done, and from when that moment is near: less than a fifth of its time is left, or its last day has begun. */
struct steps_moments { struct wall_time near, due; };
struct steps_moments steps_moments(const struct steps_case *c, int n, struct wall_time from);
/* When step n would be due if every step before took its whole limit. */
struct wall_time steps_planned_due(const struct steps_case *c, int n);
enum casework_colour steps_colour(struct wall_time near, struct wall_time due, struct wall_time now);
extern const char *const steps_colour_names[4]; /* by enum casework_colour: "any", "ok", "near", "over" */

/* ---- opening ---- */
/* The record with which casework_open() begins: steps up to registration are done, by that person in that role, or by the gateway (NULL). Texts of the catalogue are borrowed. */
struct steps_opening {
        struct casework_place place;
        struct casework_entry done[STEPS_MAX];
        size_t done_count;
};
void steps_open(const struct steps_case *c, const struct actor *by, struct wall_time now, struct steps_opening *ret_opening);

/* ---- acts ---- */
enum steps_verb {
        STEPS_COMPLETE,
        STEPS_RESULT,     /* completes SIGN and DECIDE, by a signed result */
        STEPS_RETURN,     /* to an earlier step, for correction */
        STEPS_SUBSTITUTE, /* another executor */
        STEPS_COMMENT,
        STEPS_VERB_COUNT
};
extern const char *const steps_verb_names[STEPS_VERB_COUNT + 1]; /* "complete", …; NULL-terminated */
struct steps_input {
        int step;                     /* the one that the caller means */
        const char *executor_id;      /* as asked for, and who that is: NULL for nobody of that id */
        const struct actor *executor;
        const char *outcome, *ground, *comment;
        int to;                       /* STEPS_RETURN: the step to go back to */
};
struct steps_plan {
        bool moves;
        struct casework_place place;  /* where to, when it moves */
        struct casework_entry entry;
        const char *outcome, *ground; /* NULL: as they were */
        char executor[CASEWORK_STAFF_MAX], detail[96];
};
/* One act of an actor on a request. Reasons: STEP_NOT_NEXT (another step is next, or the act is not for it), ROLE_REQUIRED naming the role, EXECUTOR_OTHER, SIGN_RIGHT_REQUIRED,
 * STEP_INPUT naming the field. ret_plan borrows from row, input and the catalogue, and from itself: it must not be copied. */
GW_MUST_CHECK enum gw_rc steps_plan(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum steps_verb verb, const struct steps_input *input,
                                    struct wall_time now, struct steps_plan *ret_plan, struct why *why);
/* May the actor take the step that is next at all? For claims. Reasons as above; *ret_role: in which role. */
GW_MUST_CHECK enum gw_rc steps_may(const struct steps_case *c, const struct casework_row *row, const struct actor *actor, enum staff_role *ret_role, struct why *why);
/* The verbs (bits) that this actor may use now. */
unsigned steps_verbs(const struct steps_case *c, const struct casework_row *row, const struct actor *actor);
/* Role (of the step) in which somebody of that role's side works: PROVIDER stands for any of the provider's roles. */
bool steps_role_fits(const struct actor *actor, const struct casework_row *row, enum staff_role role);

/* ---- results ---- */
/* Which paper says that outcome. NULL: the service does not know such an outcome (a certificate is positive or negative and never a refusal, A.5 row 8; a ground is one of
 * the service's, for a decision on that route, and in use). ground: of REFUSED, else NULL or "". */
const struct service_paper *steps_result_paper(const struct service *service, const struct route *route, const char *outcome, const char *ground);
const struct refusal_ground *steps_ground(const struct service *service, const struct route *route, const char *id);

#endif
