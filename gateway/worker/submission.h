/* The body of a REST request taken apart by its Content-Type: an application that is signed as XML, or one with a CMS signature around or beside it. */
#ifndef GW_WORKER_SUBMISSION_H
#define GW_WORKER_SUBMISSION_H

#include "gateway/base/buf.h"
#include "gateway/base/why.h"
#include "gateway/files/attachment.h"

enum submission_form {
        SUBMISSION_NONE, /* a type that is not read here */
        SUBMISSION_XML,  /* application/xml, text/xml */
        SUBMISSION_CMS,  /* application/pkcs7-mime, application/cms, application/pkcs7-signature: attached; DER, base64 or PEM */
        SUBMISSION_JSON, /* application/json */
};
/* Of a Content-Type, whatever its parameters; NULL is NONE. */
enum submission_form submission_form_of(const char *content_type);

struct submission {
        struct span xml;      /* the signed XML application; {NULL, 0}: it is CMS */
        struct span cms;      /* DER, base64 or PEM */
        struct span detached; /* what cms is over, when it is not inside; {NULL, 0}: inside */
        struct buf store[2];
        struct attachment *files; /* owned array; what came beside it */
        size_t file_count;
};
/* Spans borrow from body or from the submission itself. JSON is one object, no key twice, with base64 strings: {"application": signed XML}, {"application": XML,
 * "signature": detached CMS} or {"cms": attached CMS}; each of them may have {"attachments": [{"name": …, "content": base64}, …]} too. Reasons: DATA_FORM.
 * submission_done() whatever is returned. */
GW_MUST_CHECK enum gw_rc submission_read(enum submission_form form, struct span body, struct submission *ret, struct why *why);
/* An Idempotency-Key: 1 to 100 visible characters. */
bool submission_key_usable(const char *key);
void submission_done(struct submission *submission);

#endif
