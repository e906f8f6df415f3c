/* Pieces of a signed document, made and put together again. */
#include "gateway/print/barcode.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/print/zip.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

#define BARCODE_NS "http://barcodes.pdf.shep.nitec.kz/"
#define OPEN_TAG "<BarcodeElement "
#define CLOSE_TAG "</BarcodeElement>"
#define LOOK_BYTES 512
#define PAYLOAD_MAX 4096

static const struct xml_limits limits = {.bytes_max = PAYLOAD_MAX, .depth_max = 4, .elements_max = 16, .attributes_max = 8, .namespaces_max = 8};

enum gw_rc barcodes_make(struct span document, const char *favor, struct wall_time at, struct barcodes *ret, struct why *why)
{
        auto_buf struct buf zip = BUF_INIT;
        char date[CLOCK_TEXT_MAX];
        ret->count = 0;
        if (!zip_one_write(document, &zip))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the document cannot be packed");
        size_t count = (zip.n + BARCODE_PIECE - 1) / BARCODE_PIECE;
        if (count > BARCODES_MAX)
                return GW_OK;
        clock_iso(at, date);
        for (size_t i = 0; i < count; i++) {
                struct buf *p = &ret->payloads[ret->count++];
                *p = (struct buf)BUF_INIT;
                size_t from = i * BARCODE_PIECE, left = zip.n - from;
                buf_printf(p, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><BarcodeElement xmlns=\"" BARCODE_NS "\"><creationDate>%s</creationDate><elementData>", date);
                text_base64(p, span_of(zip.p + from, left < BARCODE_PIECE ? left : BARCODE_PIECE));
                buf_printf(p, "</elementData><elementNumber>%zu</elementNumber><elementsAmount>%zu</elementsAmount><FavorID>%s</FavorID></BarcodeElement>", i + 1, count, favor);
        }
        return GW_OK;
}

void barcodes_done(struct barcodes *codes)
{
        for (size_t i = 0; i < codes->count; i++)
                buf_done(&codes->payloads[i]);
        codes->count = 0;
}

static const uint8_t *find(struct span in, const char *word)
{
        return in.n ? memmem(in.p, in.n, word, strlen(word)) : NULL;
}

bool barcode_looks_like(struct span bytes)
{
        const uint8_t *tag = find(span_of(bytes.p, bytes.n < LOOK_BYTES ? bytes.n : LOOK_BYTES), OPEN_TAG);
        return tag && find(span_of(tag, bytes.n - (size_t)(tag - bytes.p)), BARCODE_NS) != NULL;
}

struct joining {
        struct buf pieces[BARCODES_MAX];
        size_t amount, have;
        char favor[32];
        struct why *why;
};

static enum gw_rc malformed(struct joining *j, const char *what)
{
        return why_set(j->why, GW_REJECT, REASON_QR_MALFORMED, "%s", what);
}

static enum gw_rc keep(struct joining *j, size_t number, struct buf *data)
{
        struct buf *piece = &j->pieces[number - 1];
        if (piece->n)
                return span_eq(buf_span(piece), buf_span(data)) ? GW_OK : malformed(j, "one piece twice, with different content");
        *piece = *data;
        *data = (struct buf)BUF_INIT;
        j->have++;
        return GW_OK;
}

static enum gw_rc take(struct joining *j, struct span payload)
{
        auto_xmldoc xmlDoc *doc = NULL;
        struct why reading = WHY_INIT;
        if (payload.n > PAYLOAD_MAX || xml_read(payload, &limits, &doc, &reading) != GW_OK)
                return malformed(j, "a payload that is no XML, or too large");
        const xmlNode *root = xmlDocGetRootElement(doc);
        auto_str char *data = xml_child_text(root, BARCODE_NS, "elementData"), *number = xml_child_text(root, BARCODE_NS, "elementNumber"),
                      *amount = xml_child_text(root, BARCODE_NS, "elementsAmount"), *favor = xml_child_text(root, BARCODE_NS, "FavorID");
        uint64_t n = 0, of = 0;
        auto_buf struct buf bytes = BUF_LIMIT(PAYLOAD_MAX);
        if (!xml_is(root, BARCODE_NS, "BarcodeElement") || !data || !number || !amount || !favor || strlen(favor) >= sizeof j->favor ||
            !text_to_u64(amount, 1, BARCODES_MAX, &of) || !text_to_u64(number, 1, of, &n) || !text_unbase64(&bytes, span_str(data)) || !bytes.n)
                return malformed(j, "a BarcodeElement whose fields are not as they must be");
        if (j->amount && (j->amount != of || !str_eq(j->favor, favor)))
                return malformed(j, "pieces of different documents");
        j->amount = (size_t)of;
        snprintf(j->favor, sizeof j->favor, "%s", favor);
        return keep(j, (size_t)n, &bytes);
}

static enum gw_rc take_all(struct joining *j, struct span bytes)
{
        for (const uint8_t *from; (from = find(bytes, OPEN_TAG));) {
                struct span rest = {from, bytes.n - (size_t)(from - bytes.p)};
                const uint8_t *end = find(rest, CLOSE_TAG);
                if (!end)
                        return malformed(j, "a BarcodeElement without an end");
                size_t n = (size_t)(end - rest.p) + strlen(CLOSE_TAG);
                enum gw_rc rc = take(j, span_of(rest.p, n));
                if (rc != GW_OK)
                        return rc;
                bytes = span_of(rest.p + n, rest.n - n);
        }
        return GW_OK;
}

static enum gw_rc unpack(struct joining *j, struct buf *ret_document)
{
        if (!j->amount)
                return malformed(j, "there is no BarcodeElement");
        if (j->have < j->amount)
                return why_set(j->why, GW_REJECT, REASON_QR_INCOMPLETE, "%zu of %zu pieces", j->have, j->amount);
        auto_buf struct buf zip = BUF_INIT, document = BUF_LIMIT(BARCODE_DOCUMENT_MAX);
        for (size_t i = 0; i < j->amount; i++)
                buf_add_span(&zip, buf_span(&j->pieces[i]));
        if (!zip_one_read(buf_span(&zip), &document))
                return malformed(j, "the pieces together are no ZIP archive with the entry `one`");
        buf_add_span(ret_document, buf_span(&document));
        return GW_OK;
}

enum gw_rc barcodes_join(struct span bytes, struct buf *ret_document, struct why *why)
{
        struct joining j = {.why = why};
        for (size_t i = 0; i < GW_COUNT(j.pieces); i++)
                j.pieces[i] = (struct buf)BUF_INIT;
        enum gw_rc rc = take_all(&j, bytes);
        if (rc == GW_OK)
                rc = unpack(&j, ret_document);
        for (size_t i = 0; i < GW_COUNT(j.pieces); i++)
                buf_done(&j.pieces[i]);
        return rc;
}
