/* What follows from the kind of an organisation (gateway/provider/organisation.h). */
#include "gateway/provider/organisation.h"

#include <string.h>

#include "gateway/identifiers/identifiers.h"

#define X(name) #name,
const char *const organisation_kind_names[] = {ORGANISATION_KINDS NULL};
#undef X

#define BIT(role) (1U << STAFF_##role)
#define PROVIDER_SIDE (BIT(CLERK) | BIT(HEAD) | BIT(EXECUTOR) | BIT(PROVIDER))

static const struct { unsigned roles; enum route_kind route; } kinds[] = {
        [ORGANISATION_PROVIDER] = {PROVIDER_SIDE, ROUTE_OFFICE},
        [ORGANISATION_STATECORP] = {BIT(STATECORP_WORKER), ROUTE_STATECORP},
        [ORGANISATION_CENTER] = {BIT(CENTER_WORKER), ROUTE_CENTER},
        [ORGANISATION_AKIM] = {BIT(AKIM_WORKER) | BIT(AKIM) | BIT(AKIM_EXECUTOR) | PROVIDER_SIDE, ROUTE_AKIM},
        [ORGANISATION_CSC] = {BIT(CSC_INSPECTOR) | BIT(CSC_ACCUMULATOR) | BIT(CSC_ISSUER), ROUTE_CSC},
        [ORGANISATION_AUTH_BODY] = {PROVIDER_SIDE, ROUTE_AUTH_BODY},
};

enum organisation_kind organisation_kind_of(const struct organisation_settings *organisation)
{
        for (enum organisation_kind kind = 0; kind < ORGANISATION_KIND_COUNT; kind++)
                if (str_eq(organisation_kind_names[kind], organisation->kind))
                        return kind;
        GW_ASSERT(!"a kind that the settings admit and nobody knows");
        return ORGANISATION_KIND_COUNT;
}

unsigned organisation_roles(enum organisation_kind kind)
{
        return kinds[kind].roles;
}

enum route_kind organisation_route(enum organisation_kind kind)
{
        return kinds[kind].route;
}

bool organisation_serves(const struct organisation_settings *organisation, const char *service_code)
{
        return !organisation->services || settings_list_has(organisation->services, service_code);
}

bool organisation_covers(const struct organisation_settings *organisation, const char *kato)
{
        const char *at = organisation->kato;
        bool any = false;
        while (at && *at) {
                at += strspn(at, ", ");
                size_t n = strcspn(at, ", ");
                auto_str char *place = xstrndup(at, n);
                if (n > 0 && kato_within(kato, place))
                        return true;
                any = any || n > 0;
                at += n;
        }
        return !any;
}

unsigned organisation_deciding(enum route_kind route)
{
        bool of_2013 = route == ROUTE_AUTH_BODY || route == ROUTE_CSC;
        return of_2013 ? 1U << ORGANISATION_AUTH_BODY : 1U << ORGANISATION_PROVIDER | 1U << ORGANISATION_AKIM;
}
