/* Why does my envelope fail? The commonest question of integrators, answered in words that they can act on.
 *
 * The verdict is the gateway's own (gateway/verify). Beside it the signature is read again, generously: where a digest or value differs, the usual mistakes
 * of signers are tried one by one (white space, line ends, canonicalisation, hash, byte order …) until one of them gives exactly what the signer must
 * have had, which also shows the first byte that differs. Nothing found here ever makes a signature valid. */
#ifndef GW_DIAGNOSE_DIAGNOSE_H
#define GW_DIAGNOSE_DIAGNOSE_H

#include <jansson.h>

#include "gateway/verify/verify.h"

#define DIAGNOSE_BYTES_MAX ((size_t)512 << 10) /* hundreds of canonical forms are made of it */

struct diagnose_request {
        struct span message;           /* SOAP envelope or signed XML document */
        struct wall_time at;
        struct span signed_bytes;      /* what the signer says that he digested; may be empty */
        const char *language;          /* "kk", "ru" or "en" */
        const struct verify_policy *policy; /* for the window of dates */
};
/* A report, the caller's (json_decref): {kind, valid, code, side, explanation, advice, detail, parts: [{part, valid, code, …}], findings: [{code, severity, part, where, text, …}]}.
 * It quotes the message (that is its use), so it goes to who sent the message and never into a log (I8). */
json_t *diagnose(struct verifier *verifier, const struct diagnose_request *request);

#endif
