/* Printed results: ZIP and codes there and back, pages, PDF and its signature, broken siblings of each. */
#include "gateway/print/barcode.h"
#include "gateway/print/page.h"
#include "gateway/print/pdf.h"
#include "gateway/print/zip.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/pki/cms.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"
#include "tests/unit/helper_sign.h"

#define FAVOR "10100464053940"

/* Text that packs badly, so that there are several pieces. */
static void make_document(struct buf *out, size_t words)
{
        uint32_t x = 1;
        buf_add_str(out, "<response>");
        for (size_t i = 0; i < words; i++) {
                x = x * 1664525u + 1013904223u;
                buf_printf(out, "<a>%08x</a>", x);
        }
        buf_add_str(out, "</response>");
}

/* ---- ZIP ---- */

static void zip_there_and_back(void **state GW_UNUSED)
{
        static const size_t sizes[] = {0, 1, 50, 5000};
        for (size_t i = 0; i < GW_COUNT(sizes); i++) {
                auto_buf struct buf document = BUF_INIT, zip = BUF_INIT, back = BUF_INIT;
                make_document(&document, sizes[i]);
                assert_true(zip_one_write(buf_span(&document), &zip));
                assert_true(zip_one_read(buf_span(&zip), &back));
                assert_true(span_eq(buf_span(&document), buf_span(&back)));
        }
}

/* Every byte that is changed is either not looked at (times, versions) or leads to refusal, never to other content. */
static void zip_broken(void **state GW_UNUSED)
{
        auto_buf struct buf document = BUF_INIT, zip = BUF_INIT;
        make_document(&document, 40);
        assert_true(zip_one_write(buf_span(&document), &zip));
        for (size_t i = 0; i < zip.n; i++) {
                auto_buf struct buf back = BUF_INIT;
                zip.p[i] ^= 0x21;
                if (zip_one_read(buf_span(&zip), &back))
                        assert_true(span_eq(buf_span(&document), buf_span(&back)));
                zip.p[i] ^= 0x21;
        }
        for (size_t n = 0; n < zip.n; n++) {
                auto_buf struct buf back = BUF_INIT;
                assert_false(zip_one_read(span_of(zip.p, n), &back));
        }
}

/* What unpacks to more than it says, or than may be, is not unpacked. */
static void zip_bomb(void **state GW_UNUSED)
{
        auto_buf struct buf zeros = BUF_INIT, zip = BUF_INIT, small = BUF_LIMIT(4096), back = BUF_INIT;
        memset(buf_room(&zeros, 1 << 20), 0, 1 << 20);
        buf_grew(&zeros, 1 << 20);
        assert_true(zip_one_write(buf_span(&zeros), &zip));
        assert_true(zip.n < 4096);
        assert_false(zip_one_read(buf_span(&zip), &small));
        size_t central = zip.n - 22 - 49;
        zip.p[central + 24] = 100; /* the size, as told */
        zip.p[central + 25] = zip.p[central + 26] = 0;
        assert_false(zip_one_read(buf_span(&zip), &back));
}

/* ---- codes ---- */

static void codes_of(struct span document, struct barcodes *codes)
{
        struct why why = WHY_INIT;
        assert_int_equal(barcodes_make(document, FAVOR, (struct wall_time){1795376197123}, codes, &why), GW_OK);
}

static void codes_form(void **state GW_UNUSED)
{
        auto_buf struct buf document = BUF_INIT;
        struct barcodes codes;
        make_document(&document, 400);
        codes_of(buf_span(&document), &codes);
        assert_true(codes.count >= 3);
        /* interfaces 7.4: 868 characters of base64, about 1183 in all */
        const char *first = buf_cstr(&codes.payloads[0]);
        assert_true(str_starts(first, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><BarcodeElement xmlns=\"http://barcodes.pdf.shep.nitec.kz/\"><creationDate>"));
        const char *data = strstr(first, "<elementData>"), *end = strstr(first, "</elementData>");
        assert_int_equal(end - data - (long)strlen("<elementData>"), 868);
        assert_in_range(codes.payloads[0].n, 1170, 1190);
        assert_non_null(strstr(first, "<elementNumber>1</elementNumber>"));
        assert_non_null(strstr(first, "<FavorID>" FAVOR "</FavorID></BarcodeElement>"));
        barcodes_done(&codes);
}

static void codes_in_any_order(void **state GW_UNUSED)
{
        auto_buf struct buf document = BUF_INIT, read = BUF_INIT, back = BUF_INIT;
        struct barcodes codes;
        struct why why = WHY_INIT;
        make_document(&document, 400);
        codes_of(buf_span(&document), &codes);
        for (size_t i = codes.count; i-- > 0;) {
                buf_add_str(&read, "QR-Code:");
                buf_add_span(&read, buf_span(&codes.payloads[i]));
                buf_add_char(&read, '\n');
        }
        buf_add_span(&read, buf_span(&codes.payloads[1])); /* read twice */
        assert_true(barcode_looks_like(buf_span(&read)));
        assert_int_equal(barcodes_join(buf_span(&read), &back, &why), GW_OK);
        assert_true(span_eq(buf_span(&document), buf_span(&back)));
        barcodes_done(&codes);
}

static void replace(struct buf *text, const char *from, const char *to)
{
        char *at = strstr((char *)text->p, from);
        assert_non_null(at);
        assert_int_equal(strlen(from), strlen(to));
        memcpy(at, to, strlen(to));
}

static void codes_broken(void **state GW_UNUSED)
{
        static const struct { const char *from, *to; int reason; } cases[] = {
                {"<elementNumber>2<", "<elementNumber>1<", REASON_QR_MALFORMED}, /* one number, two contents */
                {"<elementNumber>2<", "<elementNumber>0<", REASON_QR_MALFORMED},
                {"<elementNumber>2<", "<elementNumber>9<", REASON_QR_MALFORMED},
                {"FavorID>101", "FavorID>102", REASON_QR_MALFORMED},
                {"barcodes.pdf", "barcodes.xyz", REASON_QR_MALFORMED},
                {"<elementData>", "<elementDatb>", REASON_QR_MALFORMED},
                {"</BarcodeElement>", "</BarcodeElemenu>", REASON_QR_MALFORMED},
                {"<BarcodeElement ", "<BarcodeElemenu ", REASON_QR_INCOMPLETE},
        };
        auto_buf struct buf document = BUF_INIT;
        make_document(&document, 400);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf read = BUF_INIT, back = BUF_INIT;
                struct barcodes codes;
                struct why why = WHY_INIT;
                codes_of(buf_span(&document), &codes);
                replace(&codes.payloads[1], cases[i].from, cases[i].to);
                for (size_t k = 0; k < codes.count; k++)
                        buf_add_span(&read, buf_span(&codes.payloads[k]));
                assert_int_equal(barcodes_join(buf_span(&read), &back, &why), GW_REJECT);
                if (why.reason != cases[i].reason)
                        fail_msg("%s: %s", cases[i].to, reason_info(why.reason)->name);
                assert_int_equal(back.n, 0);
                barcodes_done(&codes);
        }
}

/* More than a page of codes: printed without any. */
static void codes_too_many(void **state GW_UNUSED)
{
        auto_buf struct buf document = BUF_INIT;
        struct barcodes codes;
        make_document(&document, 20000);
        codes_of(buf_span(&document), &codes);
        assert_int_equal(codes.count, 0);
}

/* ---- pages and PDF ---- */

#define NS "xmlns=\"urn:egov-gateway:catalogue:1\""

static struct page_fonts *fonts;

static enum gw_rc draw(const char *content, struct buf *out, struct why *why)
{
        auto_str char *text = xasprintf("<print " NS " title=\"t\" number=\"20100000000001\" favor=\"" FAVOR "\">%s</print>", content);
        auto_xmldoc xmlDoc *doc = NULL;
        assert_int_equal(xml_read(span_str(text), &xml_limits_default, &doc, why), GW_OK);
        struct barcodes codes = {.count = 0};
        struct page_input input = {.layout = xmlDocGetRootElement(doc), .codes = &codes, .number = "20100000000001", .check_url = "https://x.kz/check/20100000000001", .fonts = fonts};
        return page_draw(&input, out, why);
}

static size_t count(struct span in, const char *word)
{
        size_t n = 0;
        for (const uint8_t *p = in.p; (p = memmem(p, in.n - (size_t)(p - in.p), word, strlen(word))); p += strlen(word))
                n++;
        return n;
}

static void pages_of_a_long_table(void **state GW_UNUSED)
{
        auto_buf struct buf content = BUF_INIT, pdf = BUF_INIT;
        struct why why = WHY_INIT;
        buf_add_str(&content, "<corner label=\"№\">1</corner><section language=\"kk\"><title>Ә</title><table widths=\"1 4\"><head><cell>№</cell><cell>ТАӘ</cell></head>");
        for (int i = 0; i < 120; i++)
                buf_printf(&content, "<row><cell>%d</cell><cell>ӘБДІРАХМАНОВА ҒАЙНИЖАМАЛ</cell></row>", i);
        buf_add_str(&content, "</table></section>");
        assert_int_equal(draw(buf_cstr(&content), &pdf, &why), GW_OK);
        assert_int_equal(count(buf_span(&pdf), "/Type /Page %"), 3);
}

/* A long text goes on on the next pages, whole. */
static void long_paragraph(void **state GW_UNUSED)
{
        auto_buf struct buf content = BUF_INIT, pdf = BUF_INIT;
        struct why why = WHY_INIT;
        buf_add_str(&content, "<section language=\"ru\"><title>УВЕДОМЛЕНИЕ</title><text>");
        for (int i = 0; i < 3000; i++)
                buf_add_str(&content, i % 200 == 199 ? "конец.\n" : "слово ");
        buf_add_str(&content, "</text></section>");
        assert_int_equal(draw(buf_cstr(&content), &pdf, &why), GW_OK);
        assert_int_equal(count(buf_span(&pdf), "/Type /Page %"), 4);
}

static void lines_and_groups(void **state GW_UNUSED)
{
        auto_buf struct buf pdf = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(draw("<section language=\"kk\"><group><field label=\"a\">b</field><group><line label=\"Қолы\"/></group></group><group/></section>", &pdf, &why), GW_OK);
        assert_int_equal(count(buf_span(&pdf), "/Type /Page %"), 1);
}

static void pages_refused(void **state GW_UNUSED)
{
        auto_buf struct buf content = BUF_INIT, pdf = BUF_INIT;
        struct why why = WHY_INIT;
        buf_add_str(&content, "<section language=\"ru\"><table widths=\"1\"><row><cell>");
        for (int i = 0; i < 3000; i++)
                buf_add_str(&content, "слово ");
        buf_add_str(&content, "</cell></row></table></section>");
        assert_int_equal(draw(buf_cstr(&content), &pdf, &why), GW_FAULT);
        assert_int_equal(why.reason, REASON_RESULT_NOT_PRINTABLE);
}

/* Nothing in it, or nothing but empty elements, is a page with its frame. */
static void pages_empty(void **state GW_UNUSED)
{
        static const char *const contents[] = {"", "<section language=\"kk\"><text/><field label=\"x\"/><table widths=\"1\"><head><cell>a</cell></head></table></section>"};
        for (size_t i = 0; i < GW_COUNT(contents); i++) {
                auto_buf struct buf pdf = BUF_INIT;
                struct why why = WHY_INIT;
                assert_int_equal(draw(contents[i], &pdf, &why), GW_OK);
                assert_int_equal(count(buf_span(&pdf), "/Type /Page %"), 1);
        }
}

static void assemble(struct span xml, bool room, struct buf *out)
{
        auto_buf struct buf pages = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(draw("<section language=\"kk\"><title>АНЫҚТАМА</title></section>", &pages, &why), GW_OK);
        struct pdf_parts parts = {.pages = buf_span(&pages), .attachment = xml, .attachment_name = "1.xml", .title = "Ә 😀 <&>", .author = "Ұ", .language = "kk",
                                  .at = {1795376197123}, .room_for_signature = room};
        assert_int_equal(pdf_assemble(&parts, out, &why), GW_OK);
}

static void pdf_parts_there(void **state GW_UNUSED)
{
        auto_buf struct buf xml = BUF_INIT, pdf = BUF_INIT, back = BUF_INIT, small = BUF_LIMIT(1000);
        struct why why = WHY_INIT;
        make_document(&xml, 400);
        assemble(buf_span(&xml), false, &pdf);
        struct span in = buf_span(&pdf);
        assert_true(pdf_looks_like(in));
        static const char *const words[] = {"<pdfaid:part>3<", "<pdfaid:conformance>B<", "/GTS_PDFA1", "/AFRelationship /Source", "/ID [", "Ә 😀 &lt;&amp;&gt;</rdf:li>", "/CIDToGIDMap /Identity"};
        for (size_t i = 0; i < GW_COUNT(words); i++)
                if (!count(in, words[i]))
                        fail_msg("%s", words[i]);
        assert_int_equal(pdf_attachment(in, &back, &why), GW_OK);
        assert_true(span_eq(buf_span(&xml), buf_span(&back)));
        assert_int_equal(pdf_attachment(in, &small, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_PDF_NO_DOCUMENT);
        auto_buf struct buf cms = BUF_INIT, covered = BUF_INIT;
        assert_int_equal(pdf_signature(in, &cms, &covered, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_PDF_NOT_SIGNED);
}

static void pdf_nothing_attached(void **state GW_UNUSED)
{
        auto_buf struct buf pages = BUF_INIT, out = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(draw("", &pages, &why), GW_OK);
        assert_int_equal(pdf_attachment(buf_span(&pages), &out, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_PDF_NO_DOCUMENT);
        assert_int_equal(pdf_attachment(span_str("%PDF-1.7 nothing"), &out, &why), GW_REJECT);
}

static enum cms_problem judge(struct span pdf, struct why *why, bool *ret_form)
{
        auto_buf struct buf der = BUF_INIT, covered = BUF_INIT;
        *ret_form = pdf_signature(pdf, &der, &covered, why) == GW_OK;
        if (!*ret_form)
                return CMS_UNREADABLE;
        auto_cms struct cms *cms = NULL;
        enum cms_problem problem = cms_read(buf_span(&der), "1.2.840.113549.1.7.1", &cms, why);
        if (problem != CMS_OK)
                return problem;
        struct cms_signer signer;
        cms_signer(cms, 0, &signer);
        assert_int_equal(signer.signing_time.ms, 0); /* ETSI EN 319 142-1, 6.3: M says it */
        assert_true(signer.names_certificate);
        return cms_check_signer(cms, 0, signer.x509, buf_span(&covered), why);
}

static void signed_pdf(const char *key_name, struct buf *pdf)
{
        gw_auto(local_key) struct signing_key *key = pki_key(key_name);
        struct why why = WHY_INIT;
        assemble(span_str("<a/>"), true, pdf);
        assert_int_equal(pdf_sign(pdf, key, &why), GW_OK);
}

static void pdf_signed(void **state GW_UNUSED)
{
        static const char *const keys[] = {"head-160640900019", "system-portal-ec", "gost-head-160640900019"};
        for (size_t i = 0; i < GW_COUNT(keys); i++) {
                auto_buf struct buf pdf = BUF_INIT, back = BUF_INIT;
                struct why why = WHY_INIT;
                bool form = false;
                signed_pdf(keys[i], &pdf);
                assert_int_equal(judge(buf_span(&pdf), &why, &form), CMS_OK);
                assert_int_equal(pdf_attachment(buf_span(&pdf), &back, &why), GW_OK);
                assert_true(span_eq_str(buf_span(&back), "<a/>"));
        }
}

/* A room that is taken is no room. */
static void pdf_signed_once(void **state GW_UNUSED)
{
        auto_buf struct buf pdf = BUF_INIT;
        gw_auto(local_key) struct signing_key *key = pki_key("head-160640900019");
        struct why why = WHY_INIT;
        signed_pdf("head-160640900019", &pdf);
        assert_int_equal(pdf_sign(&pdf, key, &why), GW_FAULT);
}

static uint8_t *place(struct buf *pdf, const char *word)
{
        uint8_t *at = memmem(pdf->p, pdf->n, word, strlen(word));
        assert_non_null(at);
        return at;
}

static void break_one_byte(struct buf *pdf) { place(pdf, "/OutputIntent")[3] ^= 1; }
static void append(struct buf *pdf) { buf_add_str(pdf, "\n"); }
static void append_revision(struct buf *pdf) { buf_add_str(pdf, "1 0 obj << /ByteRange [ 0 1 2 3 ] >> endobj"); }
static void start_later(struct buf *pdf) { place(pdf, "/ByteRange [ 0")[13] = '1'; }
static void no_number(struct buf *pdf) { place(pdf, "/ByteRange [ 0")[13] = '-'; }
static void hide_in_gap(struct buf *pdf) { uint8_t *end = place(pdf, "0000>"); end[0] = '1'; }
static void no_hex_in_gap(struct buf *pdf) { uint8_t *end = place(pdf, "0000>"); end[0] = '('; }
static void shorten(struct buf *pdf) { pdf->n--; }

static void pdf_broken(void **state GW_UNUSED)
{
        static const struct { void (*damage)(struct buf *pdf); bool form; } cases[] = {
                {break_one_byte, true}, {append, false}, {append_revision, false}, {start_later, false}, {no_number, false}, {hide_in_gap, false}, {no_hex_in_gap, false}, {shorten, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf pdf = BUF_INIT;
                struct why why = WHY_INIT;
                bool form = false;
                signed_pdf("head-160640900019", &pdf);
                cases[i].damage(&pdf);
                enum cms_problem problem = judge(buf_span(&pdf), &why, &form);
                if (form != cases[i].form || (form && problem != CMS_DIGEST) || (!form && why.reason != REASON_PDF_NOT_SIGNED))
                        fail_msg("case %zu: %d %d %s", i, form, problem, why.detail);
        }
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(zip_there_and_back), cmocka_unit_test(zip_broken), cmocka_unit_test(zip_bomb),
                cmocka_unit_test(codes_form), cmocka_unit_test(codes_in_any_order), cmocka_unit_test(codes_broken), cmocka_unit_test(codes_too_many),
                cmocka_unit_test(pages_of_a_long_table), cmocka_unit_test(long_paragraph), cmocka_unit_test(lines_and_groups), cmocka_unit_test(pages_refused), cmocka_unit_test(pages_empty),
                cmocka_unit_test(pdf_parts_there), cmocka_unit_test(pdf_nothing_attached), cmocka_unit_test(pdf_signed), cmocka_unit_test(pdf_signed_once), cmocka_unit_test(pdf_broken),
        };
        fonts = page_fonts_new("DejaVu Sans");
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        page_fonts_free(fonts);
        return failed;
}
