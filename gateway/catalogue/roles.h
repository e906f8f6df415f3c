/* Who does a step, and what the step does: one word each beside the act's own texts (attributes `by` and `act`), so that the gateway knows whom to let do what.
 *
 * Which organisation a role belongs to follows from it: front-office roles are people of whoever takes applications in, provider roles those of the provider.
 * An akim who is himself the provider has CLERK, HEAD and EXECUTOR (services.md A.5 row 6). */
#ifndef GW_CATALOGUE_ROLES_H
#define GW_CATALOGUE_ROLES_H

#include <stdbool.h>

/* PROVIDER: any of the provider's people; signing still needs the right to sign. */
#define STAFF_ROLES X(RECIPIENT) X(GATEWAY) X(CLERK) X(HEAD) X(EXECUTOR) X(PROVIDER) X(CENTER_WORKER) X(STATECORP_WORKER) X(AKIM_WORKER) X(AKIM) X(AKIM_EXECUTOR) \
        X(CSC_INSPECTOR) X(CSC_ACCUMULATOR) X(CSC_ISSUER)
enum staff_role {
#define X(name) STAFF_##name,
        STAFF_ROLES
#undef X
        STAFF_ROLE_COUNT
};
extern const char *const staff_role_names[STAFF_ROLE_COUNT + 1]; /* "RECIPIENT", …; NULL-terminated */
/* Of the name; STAFF_ROLE_COUNT when there is none (also for NULL). */
enum staff_role staff_role_of(const char *name);
bool staff_role_is_front(enum staff_role role);
bool staff_role_is_provider(enum staff_role role);

#define STEP_ACTS X(CHECK) X(REFUSE_INTAKE) X(REGISTER) X(TRANSFER) X(ACCEPT) X(RESOLVE) X(PREPARE) X(SIGN) X(DECIDE) X(RECORD) X(ISSUE) X(PORTAL)
/* CHECK: of what was brought. REGISTER: of the application; the request exists from here on. TRANSFER, ACCEPT: of the papers, by register. RESOLVE: names the
 * executor. PREPARE: the draft with its outcome. SIGN: of the draft. DECIDE: both in one. RECORD: of the signed paper. ISSUE: to the recipient. */
enum step_act {
#define X(name) ACT_##name,
        STEP_ACTS
#undef X
        STEP_ACT_COUNT
};
extern const char *const step_act_names[STEP_ACT_COUNT + 1];

#endif
