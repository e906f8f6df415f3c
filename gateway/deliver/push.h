/* What an organisation's own system is told when a request reaches it: the facts of the case, and the application as it was signed.
 *
 * Two forms, both signed by the gateway's system key (I7), both with bytes that never change once composed, so that a repetition is recognised by its message id:
 * SHEP: an envelope with sendMessage REQUEST; data is <request xmlns="urn:egov-gateway:push:1">.
 * Webhook: JSON, and over exactly its bytes a detached CMS (CAdES-BES, with the certificate) in the header X-Signature-CMS. CMS rather than HTTP Message Signatures
 * (RFC 9421): it is what the EDS tools of the country verify, GOST keys too, for which RFC 9421 has no algorithm; it can be kept and verified later without the HTTP
 * exchange; and what RFC 9421 would bind beside the body is in the body: to whom, at which address, when, under which id. */
#ifndef GW_DELIVER_PUSH_H
#define GW_DELIVER_PUSH_H

#include "gateway/base/clock.h"
#include "gateway/sign/signing_key.h"

#define PUSH_NS "urn:egov-gateway:push:1"
#define PUSH_SIGNATURE_HEADER "X-Signature-CMS"

struct push_message {
        const char *message_id;       /* stable: the same row is always sent with the same id and bytes */
        const char *sender_id;        /* ours */
        const char *to_bin, *to_url;  /* whom it is for */
        const char *number, *portal_number, *service_code, *service_kk, *service_ru, *route, *channel, *language, *provider_bin;
        int step;                     /* what is to be done now, and by whom */
        const char *act, *role, *paragraph, *action_kk, *action_ru;
        const char *inbox;            /* where it is worked on: path or URL */
        struct wall_time registered_at, due_at, step_due, result_due, date; /* WALL_NEVER_MS: no limit */
        struct span application;      /* as signed by the applicant */
};
/* Ready to POST. service_id: of SHEP. */
GW_MUST_CHECK enum gw_rc push_envelope(const struct push_message *message, const char *service_id, const struct signing_key *key, struct buf *out, struct why *why);
/* The signature in base64, a line end, the JSON body: one payload for the outbox. */
GW_MUST_CHECK enum gw_rc push_webhook(const struct push_message *message, const struct signing_key *key, struct buf *out, struct why *why);
/* Takes such a payload apart; *ret_signature is the caller's. */
GW_MUST_CHECK bool push_webhook_parts(struct span payload, char **ret_signature, struct span *ret_body);

#endif
