/* Organisations whose people and systems work on requests, by kind (services.md A.5): which roles their people can have, and which route they take applications on. */
#ifndef GW_PROVIDER_ORGANISATION_H
#define GW_PROVIDER_ORGANISATION_H

#include "gateway/catalogue/roles.h"
#include "gateway/catalogue/routes.h"
#include "gateway/settings.h"

#define ORGANISATION_KINDS X(PROVIDER) X(STATECORP) X(CENTER) X(AKIM) X(CSC) X(AUTH_BODY)
enum organisation_kind {
#define X(name) ORGANISATION_##name,
        ORGANISATION_KINDS
#undef X
        ORGANISATION_KIND_COUNT
};
extern const char *const organisation_kind_names[ORGANISATION_KIND_COUNT + 1]; /* "PROVIDER", …; NULL-terminated */

/* Of a checked section; the settings' table of choices admits no other names. */
enum organisation_kind organisation_kind_of(const struct organisation_settings *organisation);
/* Roles (bits, 1 << enum staff_role) that its people or system can have. An akim's office may itself be the provider (A.5 row 6). */
unsigned organisation_roles(enum organisation_kind kind);
/* The route on which it takes applications in: PROVIDER OFFICE, STATECORP STATECORP and so on. */
enum route_kind organisation_route(enum organisation_kind kind);
/* Does it work on that service? */
bool organisation_serves(const struct organisation_settings *organisation, const char *service_code);
/* Is it there for people of that place? kato: valid. */
bool organisation_covers(const struct organisation_settings *organisation, const char *kato);
/* Who decides on applications that come that way: PROVIDER and AKIM, on the routes of 2013 AUTH_BODY (bits, 1 << enum organisation_kind). */
unsigned organisation_deciding(enum route_kind route);

#endif
