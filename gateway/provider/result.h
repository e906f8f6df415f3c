/* The result that a person signs: <result xmlns="urn:egov-gateway:result:1"> by conf/services/result.xsd, in canonical form.
 *
 * The gateway writes the draft, the person signs exactly that, and what comes back is compared with what the draft would be now for the outcome, ground, texts and moment
 * that it names: nothing else of it can be the signer's. A CMS signature lies in the document itself, as its last element. */
#ifndef GW_PROVIDER_RESULT_H
#define GW_PROVIDER_RESULT_H

#include "gateway/provider/steps.h"

#define RESULT_TEXT_MAX 4000                     /* bytes of each text */
#define RESULT_DRAFT_AGE_MS (24 * 3600 * 1000LL) /* a draft may be signed so long after it was made */

/* What a draft is made of; all borrowed. */
struct result_facts {
        const char *number;           /* of the document, 14 digits */
        const char *request_number, *portal_number; /* portal_number: NULL or "" when there is none */
        const struct service *service;
        const struct route *route;
        const char *outcome, *ground; /* POSITIVE | NEGATIVE | REFUSED; id of the ground of a refusal, else NULL or "" */
        const char *text_kk, *text_ru; /* NULL or "": the usual words for the outcome */
        const char *provider_bin, *provider_kk, *provider_ru;
        const char *applicant_iin;
        struct wall_time issued_at;
        const char *note_kk, *note_ru; /* a mark such as "TEST"; NULL: none */
};
/* Appends. STEP_INPUT when the service has no result of that outcome or ground, or a text is too long or holds control characters. *ret_paper: which paper it is. */
GW_MUST_CHECK enum gw_rc result_write(const struct result_facts *facts, struct buf *out, const struct service_paper **ret_paper, struct why *why);

/* What a signed document says for itself; owned. */
struct result_said { char *outcome, *ground, *text_kk, *text_ru; struct wall_time issued_at; const struct service_paper *paper; };
void result_said_done(struct result_said *said);
/* bare: the document without its signature, canonical. facts: without outcome, ground, texts and moment. prepared, prepared_ground: what an executor has prepared, or "".
 * Reasons: RESULT_NUMBER, RESULT_TYPE (not a result, or of another service, kind or outcome), RESULT_CONTENT naming the first element that differs. */
GW_MUST_CHECK enum gw_rc result_match(const struct result_facts *facts, const char *prepared, const char *prepared_ground, struct span bare, struct wall_time now,
                                      struct result_said *ret_said, struct why *why);
/* May the holder of that certificate sign for that provider? actor: who brings it; a person brings what he has signed himself. Reasons: RESULT_SIGNER_BIN, RESULT_SIGNER_RIGHT. */
GW_MUST_CHECK enum gw_rc result_signer(const struct staff *staff, const struct certificate *certificate, const char *provider_bin, const struct actor *actor, struct why *why);
/* The document that goes out when it was signed as CMS: the bare document with the CMS (DER) as its last element. Appends. */
void result_with_cms(struct span bare, struct span cms, struct buf *out);

#endif
