/* What makes a PDF of drawn pages a document for keeping (PDF/A-3b, ISO 19005-3): metadata, output intent, the signed XML attached; and its
 * signature (PAdES-B-B, ETSI EN 319 142-1). Reading takes apart what was made like that. */
#ifndef GW_PRINT_PDF_H
#define GW_PRINT_PDF_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"
#include "gateway/sign/signing_key.h"

#define PDF_BYTES_MAX ((size_t)10 << 20)

struct pdf_parts {
        struct span pages;          /* a PDF as cairo writes it */
        struct span attachment;     /* XML */
        const char *attachment_name; /* letters, digits, dots and dashes */
        const char *title, *author, *language;
        struct wall_time at;
        bool room_for_signature;
};
/* Appends. GW_FAULT INTERNAL. */
GW_MUST_CHECK enum gw_rc pdf_assemble(const struct pdf_parts *parts, struct buf *out, struct why *why);
/* Fills the room that pdf_assemble() left. GW_FAULT, or what the key says. */
GW_MUST_CHECK enum gw_rc pdf_sign(struct buf *pdf, const struct signing_key *key, struct why *why);

bool pdf_looks_like(struct span bytes);
/* The one signature of a file: its CMS and what it covers, which must be all bytes of the file but the CMS itself; both appended. Only bytes are looked at, no PDF is
 * parsed. GW_REJECT PDF_NOT_SIGNED. */
GW_MUST_CHECK enum gw_rc pdf_signature(struct span pdf, struct buf *cms, struct buf *covered, struct why *why);
/* The one attached file, appended (out's limit is kept). For files whose signature is good: a PDF of a stranger is not to be parsed. GW_REJECT PDF_NO_DOCUMENT. */
GW_MUST_CHECK enum gw_rc pdf_attachment(struct span pdf, struct buf *out, struct why *why);

#endif
