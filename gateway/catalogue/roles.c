/* Names of roles and acts, and on which side a role stands. */
#include "gateway/catalogue/roles.h"

#include <stddef.h>

#include "gateway/base/text.h"

#define X(name) #name,
const char *const staff_role_names[] = {STAFF_ROLES NULL};
const char *const step_act_names[] = {STEP_ACTS NULL};
#undef X

enum staff_role staff_role_of(const char *name)
{
        for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                if (str_eq(staff_role_names[role], name))
                        return role;
        return STAFF_ROLE_COUNT;
}

bool staff_role_is_front(enum staff_role role)
{
        return role >= STAFF_CENTER_WORKER && role <= STAFF_CSC_ISSUER;
}

bool staff_role_is_provider(enum staff_role role)
{
        return role >= STAFF_CLERK && role <= STAFF_PROVIDER;
}
