/* Which documents a service asks of this applicant on this route, and what of it is missing or has expired (services.md A.3, A.4).
 *
 * Pure: the catalogue says which documents and on which condition, the form and the IIN say who applies. Whether a gap ends the intake is the act's to say: on a
 * route without a refusal at intake the package is registered as it is, and the gap is a ground of the decision (HOME_CARE_2013 p. 10(2)). */
#ifndef GW_PROVIDER_COMPLETENESS_H
#define GW_PROVIDER_COMPLETENESS_H

#include "gateway/catalogue/catalogue.h"

/* Who applies; borrowed. */
enum completeness_elderly { ELDERLY_BY_AGE, ELDERLY_YES, ELDERLY_NO };
struct completeness_facts {
        const char *declarant_iin;
        bool representative;          /* somebody applies for him */
        bool incapable, veteran;
        enum completeness_elderly elderly; /* BY_AGE: the form does not say, the age of pension does */
        bool no_data;                 /* the state systems were asked and know nothing (NO_DATA) */
        struct wall_time at;          /* of acceptance */
};
/* The fields of a form that conditions ask about: "incapable", "veteran" (true or 1) and "category" (ELDERLY or another); others and NULL change nothing. */
extern const char *const completeness_fields[]; /* NULL-terminated */
void completeness_note(struct completeness_facts *facts, const char *field, const char *value);

struct document_given {
        const char *id;               /* of the catalogue; borrowed */
        struct wall_time valid_until; /* start of the last day on which it is valid; .ms 0: without an end */
};
struct document_gap {
        const struct service_document *document;
        bool expired;                 /* it is there, but its last day is over */
};
struct completeness {
        const struct service_document *required[SERVICE_DOCUMENTS_MAX];
        size_t required_count;
        struct document_gap gaps[SERVICE_DOCUMENTS_MAX]; /* in the order of the catalogue */
        size_t gap_count;
        bool refused;                 /* the act has a refusal at intake for one of these gaps */
};
/* Is the document asked of this applicant? facts as checked: the IIN is one. */
bool completeness_requires(const struct service *service, const struct service_document *document, enum route_kind route, const struct completeness_facts *facts);
/* GW_OK, gaps or not. Reasons: APPLICANT_IIN_INVALID; FORM_INVALID: a document that the service does not know, or twice the same. */
GW_MUST_CHECK enum gw_rc completeness_check(const struct service *service, enum route_kind route, const struct completeness_facts *facts, const struct document_given *given,
                                            size_t given_count, struct completeness *ret, struct why *why);
/* The first gap as a reason, DOCUMENT_MISSING or DOCUMENT_EXPIRED; the detail names all documents, each with its condition and paragraph. GW_OK: there is none. */
GW_MUST_CHECK enum gw_rc completeness_refuse(const struct completeness *completeness, struct why *why);
/* The document of that id; NULL: the service knows none. */
const struct service_document *completeness_document(const struct service *service, const char *id);
/* The ground of the act for such a gap at intake on that route; NULL: it has none. */
const struct refusal_ground *completeness_ground(const struct service *service, enum route_kind route, bool expired);

#endif
