/* PDF objects through qpdf; the signature on the written bytes. */
#include "gateway/print/pdf.h"

#include <ctype.h>
#include <qpdf/qpdf-c.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define ZLIB_CONST /* else it wants to write where it reads */
#include <zlib.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/reason.h"
#include "gateway/sign/cms_sign.h"
#include "gateway/xml/xml.h"

/* Debian's icc-profiles-free (zlib licence), part of every document: a file must show the same colours wherever it is opened. */
__asm__(".pushsection .rodata, \"a\"\n"
        ".local print_srgb\n"
        "print_srgb:\n"
        ".incbin \"/usr/share/color/icc/sRGB.icc\"\n"
        "print_srgb_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const uint8_t print_srgb[] __attribute__((visibility("hidden")));
extern const uint8_t print_srgb_end[] __attribute__((visibility("hidden")));

/* RSA certificates of НУЦ have 1.5 to 2 KB; the whole CMS stays well below. */
#define CMS_ROOM 6144
#define RANGE_HOLDER "1000000000" /* ten digits each, replaced by numbers and blanks */
#define PDF_TIME_MAX 32

/* An error that nobody asked for would be written to standard error. */
static void free_qpdf(struct _qpdf_data *q)
{
        if (qpdf_has_error(q))
                qpdf_get_error(q);
        qpdf_cleanup(&q);
}
GW_DEFINE_AUTO(qpdf, struct _qpdf_data, free_qpdf)

static enum gw_rc internal(struct why *why, const char *what)
{
        return why_set(why, GW_FAULT, REASON_INTERNAL, "PDF: %s", what);
}

/* A text string (ISO 32000-1, 7.9.2.2): UTF-16BE in hex, so that nothing needs escaping. */
static void put_text(struct buf *out, const char *utf8)
{
        buf_add_str(out, "<feff");
        for (const unsigned char *p = (const unsigned char *)utf8; *p;) {
                unsigned size = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
                uint32_t c = size == 1 ? *p : *p & (0xffu >> (size + 1));
                for (p++; size > 1 && *p; size--)
                        c = c << 6 | (*p++ & 0x3f);
                if (c > 0xffff)
                        buf_printf(out, "%04x%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
                else
                        buf_printf(out, "%04x", c);
        }
        buf_add_char(out, '>');
}

/* D:20261122193000Z and the same moment as XMP writes it. */
static void times(struct wall_time at, char pdf[PDF_TIME_MAX], char xmp[PDF_TIME_MAX])
{
        time_t seconds = (time_t)(at.ms / 1000);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        strftime(pdf, PDF_TIME_MAX, "D:%Y%m%d%H%M%SZ", &tm);
        strftime(xmp, PDF_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* A new indirect stream. deflated: compressed here, because the writer is told to leave streams as they are; on failure it stays empty, and cannot be written. */
static qpdf_oh add_stream(qpdf_data q, const char *dictionary, struct span data, bool deflated)
{
        uLongf n = compressBound((uLong)data.n);
        auto_str char *packed = xmalloc(n);
        qpdf_oh stream = qpdf_oh_new_stream(q), parsed = qpdf_oh_parse(q, dictionary), none = qpdf_oh_new_null(q);
        if (!deflated)
                qpdf_oh_replace_stream_data(q, stream, data.p, data.n, none, none);
        else if (compress2((Bytef *)packed, &n, data.p, (uLong)data.n, Z_DEFAULT_COMPRESSION) == Z_OK)
                qpdf_oh_replace_stream_data(q, stream, (const unsigned char *)packed, n, qpdf_oh_new_name(q, "/FlateDecode"), none);
        qpdf_oh own = qpdf_oh_get_dict(q, stream);
        qpdf_oh_begin_dict_key_iter(q, parsed);
        while (qpdf_oh_dict_more_keys(q)) {
                auto_str char *key = xstrdup(qpdf_oh_dict_next_key(q));
                qpdf_oh_replace_key(q, own, key, qpdf_oh_get_key(q, parsed, key));
        }
        return stream;
}

/* Text of direct objects; references are put in by qpdf_oh_replace_key(), because qpdf_oh_parse() knows of no file. */
static qpdf_oh add_object(qpdf_data q, const char *text)
{
        return qpdf_make_indirect_object(q, qpdf_oh_parse(q, text));
}

static void set_key(qpdf_data q, qpdf_oh dictionary, const char *key, const char *text)
{
        qpdf_oh_replace_key(q, dictionary, key, qpdf_oh_parse(q, text));
}

static qpdf_oh list_of(qpdf_data q, qpdf_oh item)
{
        qpdf_oh list = qpdf_oh_new_array(q);
        qpdf_oh_append_item(q, list, item);
        return list;
}

#define PRODUCER "egov-gateway"

/* The same facts in both places: ISO 19005-3, 6.6.3 wants them equal. */
static void put_metadata(qpdf_data q, const struct pdf_parts *parts)
{
        char pdf[PDF_TIME_MAX], xmp[PDF_TIME_MAX];
        auto_buf struct buf info = BUF_INIT, packet = BUF_INIT;
        times(parts->at, pdf, xmp);
        buf_add_str(&info, "<< /Title ");
        put_text(&info, parts->title);
        buf_add_str(&info, " /Author ");
        put_text(&info, parts->author);
        buf_printf(&info, " /Producer (" PRODUCER ") /Creator (" PRODUCER ") /CreationDate (%s) /ModDate (%s) >>", pdf, pdf);
        qpdf_oh_replace_key(q, qpdf_get_trailer(q), "/Info", add_object(q, buf_cstr(&info)));
        buf_add_str(&packet, "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                             "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
                             "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\""
                             " xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">\n"
                             "<dc:format>application/pdf</dc:format><dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">");
        canon_text(&packet, span_str(parts->title));
        buf_add_str(&packet, "</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>");
        canon_text(&packet, span_str(parts->author));
        buf_printf(&packet, "</rdf:li></rdf:Seq></dc:creator>\n<xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate><xmp:CreatorTool>" PRODUCER "</xmp:CreatorTool>"
                            "<pdf:Producer>" PRODUCER "</pdf:Producer>\n<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\n"
                            "</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>", xmp, xmp);
        /* Not packed, so that programs that know no PDF find it (XMP specification part 3, 2.2). */
        qpdf_oh_replace_key(q, qpdf_get_root(q), "/Metadata", add_stream(q, "<< /Type /Metadata /Subtype /XML >>", buf_span(&packet), false));
}

/* ISO 19005-3, 6.2.3. */
static void put_output_intent(qpdf_data q)
{
        qpdf_oh intent = qpdf_oh_parse(q, "<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB IEC61966-2.1) /RegistryName (http://www.color.org) >>");
        qpdf_oh_replace_key(q, intent, "/DestOutputProfile", add_stream(q, "<< /N 3 >>", span_of(print_srgb, (size_t)(print_srgb_end - print_srgb)), true));
        qpdf_oh_replace_key(q, qpdf_get_root(q), "/OutputIntents", list_of(q, intent));
}

/* ISO 19005-3, 6.8: an associated file, with its relationship and its type. */
static void put_attachment(qpdf_data q, const struct pdf_parts *parts)
{
        char pdf[PDF_TIME_MAX], xmp[PDF_TIME_MAX];
        times(parts->at, pdf, xmp);
        auto_str char *dictionary = xasprintf("<< /Type /EmbeddedFile /Subtype /application#2fxml /Params << /Size %zu /ModDate (%s) >> >>", parts->attachment.n, pdf);
        qpdf_oh file = add_stream(q, dictionary, parts->attachment, true), files = qpdf_oh_new_dictionary(q);
        qpdf_oh_replace_key(q, files, "/F", file);
        qpdf_oh_replace_key(q, files, "/UF", file);
        auto_str char *text = xasprintf("<< /Type /Filespec /F (%s) /UF (%s) /Desc (signed XML) /AFRelationship /Source >>", parts->attachment_name, parts->attachment_name);
        qpdf_oh spec = add_object(q, text), names = list_of(q, qpdf_oh_new_string(q, parts->attachment_name));
        qpdf_oh_replace_key(q, spec, "/EF", files);
        qpdf_oh_append_item(q, names, spec);
        qpdf_oh tree = qpdf_oh_parse(q, "<< /EmbeddedFiles << >> >>");
        qpdf_oh_replace_key(q, qpdf_oh_get_key(q, tree, "/EmbeddedFiles"), "/Names", names);
        qpdf_oh_replace_key(q, qpdf_get_root(q), "/Names", tree);
        qpdf_oh_replace_key(q, qpdf_get_root(q), "/AF", list_of(q, spec));
}

/* ETSI EN 319 142-1, 5.3 and 6.3: the dictionary says when (M), the CMS does not. The field is invisible: no area, printed or not. */
static void put_signature(qpdf_data q, const struct pdf_parts *parts)
{
        char pdf[PDF_TIME_MAX], xmp[PDF_TIME_MAX];
        times(parts->at, pdf, xmp);
        auto_buf struct buf text = BUF_INIT;
        buf_add_str(&text, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [ 0 " RANGE_HOLDER " " RANGE_HOLDER " " RANGE_HOLDER " ] /Contents <");
        for (size_t i = 0; i < CMS_ROOM; i++)
                buf_add_str(&text, "00");
        buf_printf(&text, "> /M (%s) /Name ", pdf);
        put_text(&text, parts->author);
        buf_add_str(&text, " >>");
        qpdf_oh page = qpdf_get_page_n(q, 0);
        qpdf_oh field = add_object(q, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (signature) /Rect [ 0 0 0 0 ] /F 132 >>");
        qpdf_oh_replace_key(q, field, "/V", add_object(q, buf_cstr(&text)));
        qpdf_oh_replace_key(q, field, "/P", page);
        qpdf_oh_replace_key(q, page, "/Annots", list_of(q, field));
        qpdf_oh form = qpdf_oh_parse(q, "<< /SigFlags 3 >>");
        qpdf_oh_replace_key(q, form, "/Fields", list_of(q, field));
        qpdf_oh_replace_key(q, qpdf_get_root(q), "/AcroForm", form);
}

/* ISO 19005-3, 6.2.11.3.2: cairo leaves the default unsaid. */
static void complete_fonts(qpdf_data q)
{
        int pages = qpdf_get_num_pages(q);
        for (int i = 0; i < pages; i++) {
                qpdf_oh resources = qpdf_oh_get_key(q, qpdf_get_page_n(q, (size_t)i), "/Resources");
                qpdf_oh fonts = qpdf_oh_get_key_if_dict(q, resources, "/Font");
                qpdf_oh_begin_dict_key_iter(q, fonts);
                while (qpdf_oh_is_dictionary(q, fonts) && qpdf_oh_dict_more_keys(q)) {
                        auto_str char *name = xstrdup(qpdf_oh_dict_next_key(q));
                        qpdf_oh below = qpdf_oh_get_key_if_dict(q, qpdf_oh_get_key(q, fonts, name), "/DescendantFonts");
                        if (qpdf_oh_is_array(q, below))
                                set_key(q, qpdf_oh_get_array_item(q, below, 0), "/CIDToGIDMap", "/Identity");
                }
        }
}

static enum gw_rc write_pdf(qpdf_data q, struct buf *out, struct why *why)
{
        if (qpdf_init_write_memory(q) & QPDF_ERRORS)
                return internal(why, "cannot be written");
        qpdf_set_object_stream_mode(q, qpdf_o_disable); /* the signature's dictionary must stand in the open */
        qpdf_set_stream_data_mode(q, qpdf_s_preserve);
        qpdf_set_deterministic_ID(q, QPDF_TRUE);
        qpdf_set_newline_before_endstream(q, QPDF_TRUE); /* ISO 19005-3, 6.1.7.1 */
        qpdf_force_pdf_version(q, "1.7");
        if (qpdf_write(q) & QPDF_ERRORS)
                return internal(why, "cannot be written");
        buf_add(out, qpdf_get_buffer(q), qpdf_get_buffer_length(q));
        return buf_failed(out) ? internal(why, "too large") : GW_OK;
}

enum gw_rc pdf_assemble(const struct pdf_parts *parts, struct buf *out, struct why *why)
{
        gw_auto(qpdf) struct _qpdf_data *q = qpdf_init();
        qpdf_silence_errors(q);
        qpdf_set_suppress_warnings(q, QPDF_TRUE);
        if (qpdf_read_memory(q, "pages", (const char *)parts->pages.p, parts->pages.n, NULL) != QPDF_SUCCESS)
                return internal(why, "the drawn pages cannot be read");
        qpdf_oh root = qpdf_get_root(q);
        auto_str char *language = xasprintf("(%s)", parts->language);
        set_key(q, root, "/Lang", language);
        set_key(q, root, "/ViewerPreferences", "<< /DisplayDocTitle true >>");
        put_metadata(q, parts);
        put_output_intent(q);
        complete_fonts(q);
        put_attachment(q, parts);
        if (parts->room_for_signature)
                put_signature(q, parts);
        if (qpdf_has_error(q))
                return internal(why, qpdf_get_error_full_text(q, qpdf_get_error(q)));
        return write_pdf(q, out, why);
}

/* ---- the signature ---- */

static uint8_t *find(struct span in, const char *word)
{
        return in.n ? memmem(in.p, in.n, word, strlen(word)) : NULL;
}

static const char contents_key[] = "/Contents <", range_key[] = "/ByteRange [";

enum gw_rc pdf_sign(struct buf *pdf, const struct signing_key *key, struct why *why)
{
        static const char holder[] = "/ByteRange [ 0 " RANGE_HOLDER " " RANGE_HOLDER " " RANGE_HOLDER " ]";
        uint8_t *range = find(buf_span(pdf), holder);
        uint8_t *contents = range ? find(span_of(range, pdf->n - (size_t)(range - pdf->p)), contents_key) : NULL;
        if (!contents)
                return internal(why, "there is no room for a signature");
        size_t open = (size_t)(contents - pdf->p) + strlen(contents_key) - 1, after = open + 2 + (size_t)2 * CMS_ROOM;
        if (after >= pdf->n || pdf->p[after - 1] != '>')
                return internal(why, "there is no room for a signature");
        char numbers[sizeof holder];
        int n = snprintf(numbers, sizeof numbers, "/ByteRange [ 0 %zu %zu %zu", open, after, pdf->n - after);
        memset(range, ' ', sizeof holder - 1);
        memcpy(range, numbers, (size_t)n);
        range[sizeof holder - 2] = ']';
        auto_buf struct buf covered = BUF_INIT, cms = BUF_LIMIT(CMS_ROOM), hex = BUF_INIT;
        buf_add(&covered, pdf->p, open);
        buf_add(&covered, pdf->p + after, pdf->n - after);
        enum gw_rc rc = cms_sign(&key, 1, buf_span(&covered), true, (struct wall_time){0}, &cms, why);
        if (rc != GW_OK)
                return rc;
        text_hex(&hex, buf_span(&cms));
        memcpy(pdf->p + open + 1, hex.p, hex.n);
        return GW_OK;
}

bool pdf_looks_like(struct span bytes)
{
        return bytes.n > 5 && span_eq_str(span_of(bytes.p, 5), "%PDF-");
}

static enum gw_rc not_signed(struct why *why, const char *what)
{
        return why_set(why, GW_REJECT, REASON_PDF_NOT_SIGNED, "%s", what);
}

/* "0 b c d ]" behind "/ByteRange [" */
static bool read_range(struct span text, uint64_t range[4])
{
        size_t at = 0;
        for (int i = 0; i < 4; i++) {
                char digits[12];
                size_t n = 0;
                while (at < text.n && text.p[at] == ' ')
                        at++;
                while (at < text.n && isdigit(text.p[at]) && n < sizeof digits - 1)
                        digits[n++] = (char)text.p[at++];
                digits[n] = '\0';
                if (!text_to_u64(digits, 0, PDF_BYTES_MAX, &range[i]))
                        return false;
        }
        while (at < text.n && text.p[at] == ' ')
                at++;
        return at < text.n && text.p[at] == ']';
}

static int hex_digit(uint8_t c)
{
        return isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "<3082…0000>" → the CMS; behind it only zeros, which nobody can read anything into. */
static bool read_contents(struct span hex, struct buf *cms)
{
        if (hex.n < 4 || hex.n % 2 || hex.p[0] != '<' || hex.p[hex.n - 1] != '>')
                return false;
        auto_buf struct buf bytes = BUF_INIT;
        for (size_t i = 1; i + 2 < hex.n; i += 2) {
                int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);
                if (high < 0 || low < 0)
                        return false;
                buf_add_char(&bytes, (char)(high << 4 | low));
        }
        struct span rest = buf_span(&bytes), whole;
        if (!der_take_whole(&rest, DER_SEQUENCE, &whole))
                return false;
        for (size_t i = 0; i < rest.n; i++)
                if (rest.p[i])
                        return false;
        buf_add_span(cms, whole);
        return true;
}

enum gw_rc pdf_signature(struct span pdf, struct buf *cms, struct buf *covered, struct why *why)
{
        if (pdf.n > PDF_BYTES_MAX)
                return not_signed(why, "the file is too large");
        const uint8_t *range = find(pdf, range_key);
        if (!range)
                return not_signed(why, "there is no signature");
        struct span rest = {range + strlen(range_key), pdf.n - (size_t)(range - pdf.p) - strlen(range_key)};
        if (find(rest, range_key))
                return not_signed(why, "there are several signatures: something was added after the first");
        uint64_t r[4];
        if (!read_range(rest, r) || r[0] != 0 || r[1] >= r[2] || r[2] + r[3] != pdf.n)
                return not_signed(why, "the signature does not cover the whole file");
        if (!read_contents(span_of(pdf.p + r[1], r[2] - r[1]), cms))
                return not_signed(why, "what the signature leaves out is not the signature alone");
        buf_add(covered, pdf.p, r[1]);
        buf_add(covered, pdf.p + r[2], r[3]);
        return buf_failed(covered) ? internal(why, "out of memory") : GW_OK;
}

/* ---- the attachment ---- */

static qpdf_oh follow(qpdf_data q, qpdf_oh from, const char *const *keys)
{
        for (; *keys; keys++)
                from = qpdf_oh_get_key_if_dict(q, from, *keys);
        return from;
}

/* Here and not by qpdf, which would unpack whatever size it has. */
static bool unpack(struct span packed, struct buf *out)
{
        uint8_t chunk[16384];
        z_stream z = {.next_in = packed.p, .avail_in = (uInt)packed.n};
        if (inflateInit(&z) != Z_OK)
                return false;
        int rc = Z_OK;
        while (rc == Z_OK && !buf_failed(out)) {
                z.next_out = chunk;
                z.avail_out = sizeof chunk;
                rc = inflate(&z, Z_NO_FLUSH);
                buf_add(out, chunk, sizeof chunk - z.avail_out);
        }
        inflateEnd(&z);
        return rc == Z_STREAM_END;
}

enum gw_rc pdf_attachment(struct span pdf, struct buf *out, struct why *why)
{
        static const char *const names_path[] = {"/Names", "/EmbeddedFiles", "/Names", NULL}, *const file_path[] = {"/EF", "/F", NULL};
        gw_auto(qpdf) struct _qpdf_data *q = qpdf_init();
        qpdf_silence_errors(q);
        qpdf_set_suppress_warnings(q, QPDF_TRUE);
        qpdf_set_attempt_recovery(q, QPDF_FALSE);
        if (qpdf_read_memory(q, "file", (const char *)pdf.p, pdf.n, NULL) & QPDF_ERRORS)
                return why_set(why, GW_REJECT, REASON_PDF_NO_DOCUMENT, "the PDF cannot be read");
        qpdf_oh names = follow(q, qpdf_get_root(q), names_path);
        if (!qpdf_oh_is_array(q, names) || qpdf_oh_get_array_n_items(q, names) != 2)
                return why_set(why, GW_REJECT, REASON_PDF_NO_DOCUMENT, "there is not exactly one attachment");
        qpdf_oh stream = follow(q, qpdf_oh_get_array_item(q, names, 1), file_path);
        unsigned char *data = NULL;
        size_t n = 0;
        QPDF_BOOL filtered = QPDF_FALSE;
        if (!qpdf_oh_is_stream(q, stream) || (qpdf_oh_get_stream_data(q, stream, qpdf_dl_none, &filtered, &data, &n) & QPDF_ERRORS) || !data)
                return why_set(why, GW_REJECT, REASON_PDF_NO_DOCUMENT, "the attachment cannot be read");
        qpdf_oh filter = qpdf_oh_get_key(q, qpdf_oh_get_dict(q, stream), "/Filter");
        bool good = qpdf_oh_is_null(q, filter) || unpack(span_of(data, n), out);
        if (qpdf_oh_is_null(q, filter))
                buf_add(out, data, n);
        free(data);
        return good && !buf_failed(out) ? GW_OK : why_set(why, GW_REJECT, REASON_PDF_NO_DOCUMENT, "the attachment is too large, or cannot be unpacked");
}
