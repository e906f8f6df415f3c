/* The footer codes of an egov document (interfaces 7.4): the signed XML in a ZIP, cut into pieces of 651 bytes, each in base64 inside one
 * <BarcodeElement>, each of these in one QR code. Who has the paper has the signed document, without any network. */
#ifndef GW_PRINT_BARCODE_H
#define GW_PRINT_BARCODE_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

#define BARCODE_PIECE 651
#define BARCODES_MAX 36          /* six rows: what fits on a page with some text */
#define BARCODE_DOCUMENT_MAX ((size_t)2 << 20)

struct barcodes {
        struct buf payloads[BARCODES_MAX]; /* owned */
        size_t count;                      /* 0: the document is too large for codes */
};
/* favor: the 14 digits of FavorID. GW_FAULT when memory is out. */
GW_MUST_CHECK enum gw_rc barcodes_make(struct span document, const char *favor, struct wall_time at, struct barcodes *ret, struct why *why);
void barcodes_done(struct barcodes *codes);

/* True when the bytes hold a <BarcodeElement> of the namespace near their beginning: what a reader of QR codes gives. */
bool barcode_looks_like(struct span bytes);
/* One or more payloads, in any order, with whatever a reader writes between them; the same piece may come twice. Appends the document.
 * GW_REJECT QR_INCOMPLETE with how many of how many there are; QR_MALFORMED. */
GW_MUST_CHECK enum gw_rc barcodes_join(struct span bytes, struct buf *ret_document, struct why *why);

#endif
