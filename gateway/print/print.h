/* A result document as a PDF: the signed XML through the service's print layout, or the general one of its kind (layouts.h), with the XML attached and in the codes at
 * its foot. A paper that is handed over is no result: it has no codes and no signature.
 *
 * Made when somebody asks, never on the way of a request: about ten milliseconds of CPU. Any thread, several at once; only pdf_sign() needs the key,
 * so that drawing may be done elsewhere. */
#ifndef GW_PRINT_PRINT_H
#define GW_PRINT_PRINT_H

#include "gateway/catalogue/catalogue.h"
#include "gateway/print/layouts.h"
#include "gateway/print/page.h"
#include "gateway/print/pdf.h"

struct print_request {
        const struct service *service;
        struct span document;          /* the signed XML as it was issued */
        struct page_fonts *fonts;      /* page.h */
        const struct print_layouts *layouts;
        const char *check_url;         /* public address of this gateway without a slash at its end, for the check code; NULL or "": none */
        struct wall_time at;
        bool room_for_signature;       /* not of a paper */
};
/* Appends the PDF. GW_REJECT RESULT_NOT_PRINTABLE when the service has no print layout, the document has none of its own kind, or it is none of its results. */
GW_MUST_CHECK enum gw_rc print_document(const struct print_request *request, struct buf *out, struct why *why);

#endif
