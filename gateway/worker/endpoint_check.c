/* Is this document genuine? GET and POST /check…: number and IIN, answered from the register. POST /api/v1/verify: the document itself, as PDF, XML or the contents of its
 * QR codes. Both for anybody, so: an address has so many questions a minute, and nothing is told that the asker has not shown.
 *
 * A document is genuine when the register holds exactly its bytes: signatures need not be judged again, whatever became of certificates since. A PDF is genuine when
 * such a document is attached and its own signature, over the whole file, is our provider's: else anything could be printed around a genuine attachment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/check/form.h"
#include "gateway/check/page.h"
#include "gateway/check/rate.h"
#include "gateway/print/barcode.h"
#include "gateway/print/pdf.h"
#include "gateway/reason.h"
#include "gateway/verify/cms_document.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"

#define SHOWN_MAX ((size_t)2 << 20)
#define CERTIFICATES_MAX SETTINGS_KEYS_MAX

static void answer_page(struct loop *loop, struct http_exchange *exchange, int status, struct check_page *page)
{
        const struct http_request *request = http_exchange_request(exchange);
        auto_buf struct buf html = BUF_INIT, policy = BUF_INIT;
        page->language = check_page_language(request->query, http_request_header(request, "accept-language"));
        if (page->verdict == CHECK_GENUINE)
                page->issuer = str_eq(page->language, "kk") ? loop->shared->settings->issuer.name_kk : loop->shared->settings->issuer.name_ru;
        check_page_write(page, &html);
        check_page_policy(&policy);
        const struct http_header headers[] = {{"cache-control", "no-store"}, {"content-security-policy", buf_cstr(&policy)}, {"referrer-policy", "no-referrer"},
                                              {"x-content-type-options", "nosniff"}, {"content-language", page->language}, {"retry-after", "60"}};
        struct http_reply reply = {.status = status, .content_type = "text/html; charset=utf-8", .body = buf_span(&html), .headers = headers,
                                   .header_count = GW_COUNT(headers) - (status == 429 || status == 503 ? 0 : 1)};
        http_reply(exchange, &reply);
}

static const char *in_language(const struct text3 *texts, const char *language)
{
        return str_eq(language, "kk") ? texts->kk : str_eq(language, "ru") ? texts->ru : texts->en;
}

static const char *service_name(struct loop *loop, const struct issued_document *document, const char *language)
{
        const struct service *service = catalogue_find(loop->shared->catalogue, document->service_code, document->registered_at);
        return service ? in_language(&service->name, language) : NULL;
}

/* ---- number and IIN ---- */

static bool digits(const char *text, size_t n)
{
        return strlen(text) == n && strspn(text, "0123456789") == n;
}

static void answer_number(struct loop *loop, struct http_exchange *exchange, const char *id, const char *number, const char *iin)
{
        const struct http_request *request = http_exchange_request(exchange);
        const char *language = check_page_language(request->query, http_request_header(request, "accept-language"));
        struct check_page page = {.number = number};
        struct issued_document document = {.content = BUF_INIT};
        struct why why = WHY_INIT;
        char issued[CLOCK_TEXT_MAX];
        if (!digits(number, 14) || !digits(iin, 12)) {
                page.verdict = CHECK_INPUT;
                answer_page(loop, exchange, 400, &page);
                return;
        }
        enum gw_rc rc = store_issued_document(loop->reader, number, iin, &document, &why);
        page.verdict = rc == GW_OK ? CHECK_GENUINE : rc == GW_REJECT ? CHECK_NOT_GENUINE : CHECK_LATER;
        if (rc == GW_OK) {
                page.issued = clock_date_people(document.decided_at, issued);
                page.service = service_name(loop, &document, language);
        }
        log_event(LOG_INFO, id, "check.number", "known=%s", rc == GW_OK ? "yes" : "no");
        answer_page(loop, exchange, rc == GW_OK || rc == GW_REJECT ? 200 : 503, &page);
        issued_document_done(&document);
}

void endpoint_check(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        char number[16] = "", iin[16] = "";
        const char *in_path = str_starts(request->path, "/check/") ? request->path + strlen("/check/") : "";
        if (!str_eq(request->method, "POST")) {
                struct check_page page = {.number = digits(in_path, 14) ? in_path : NULL};
                answer_page(loop, exchange, 200, &page);
                return;
        }
        struct check_page often = {.verdict = CHECK_TOO_OFTEN};
        if (!rate_take(loop->shared->checks, request->peer->address, mono_now())) {
                answer_page(loop, exchange, 429, &often);
                return;
        }
        bool given = form_value(request->body, "number", number, sizeof number);
        if (!given && digits(in_path, 14))
                memcpy(number, in_path, 15);
        if (!form_value(request->body, "iin", iin, sizeof iin))
                iin[0] = '\0'; /* refused as not of 12 digits */
        answer_number(loop, exchange, correlation_id, number, iin);
        OPENSSL_cleanse(iin, sizeof iin);
}

/* ---- the document itself ---- */

struct shown {
        uv_work_t work;
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX];
        bool page;                           /* from the page: answered by a page */
        struct buf bytes, document;
        const char *kind;
        struct buf certificates[CERTIFICATES_MAX]; /* of our keys */
        size_t certificate_count;
        char number[15];
        enum gw_rc rc;
        struct why why;
};

static bool is_ours(const struct shown *s, X509 *x509)
{
        unsigned char *der = NULL;
        int n = x509 ? i2d_X509(x509, &der) : 0;
        bool found = false;
        for (size_t i = 0; i < s->certificate_count && n > 0; i++)
                found = found || span_eq(buf_span(&s->certificates[i]), span_of(der, (size_t)n));
        OPENSSL_free(der);
        return found;
}

/* By a key that we have: nobody is to be asked about it. By one of our issuer's that we had: as any signature. */
static enum gw_rc judge_signature(struct shown *s, struct span der, struct span covered)
{
        struct shared *shared = s->loop->shared;
        auto_cms struct cms *cms = NULL;
        struct why reading = WHY_INIT;
        struct cms_signer signer;
        if (cms_read(der, "1.2.840.113549.1.7.1", &cms, &reading) != CMS_OK || cms_signer_count(cms) != 1)
                return why_set(&s->why, GW_REJECT, REASON_PDF_NOT_SIGNED, "%s", reading.detail);
        cms_signer(cms, 0, &signer);
        if (is_ours(s, signer.x509))
                return cms_check_signer(cms, 0, signer.x509, covered, &reading) == CMS_OK ? GW_OK : why_set(&s->why, GW_REJECT, REASON_PDF_NOT_SIGNED, "%s", reading.detail);
        struct verified_cms verified = {.signer_count = 0};
        enum gw_rc rc = verify_cms(shared->verifier, der, covered, wall_now(), &verified, &s->why);
        if (rc == GW_OK && !str_eq(verified.signers[0].certificate->bin, shared->settings->issuer.bin))
                rc = why_set(&s->why, GW_REJECT, REASON_PDF_NOT_SIGNED, "signed by somebody else");
        verified_cms_done(&verified);
        return rc;
}

static enum gw_rc take_out(struct shown *s)
{
        struct span bytes = buf_span(&s->bytes);
        s->kind = pdf_looks_like(bytes) ? "PDF" : barcode_looks_like(bytes) ? "QR" : "XML";
        if (str_eq(s->kind, "QR"))
                return barcodes_join(bytes, &s->document, &s->why);
        if (!str_eq(s->kind, "PDF")) {
                buf_add_span(&s->document, bytes);
                return GW_OK;
        }
        auto_buf struct buf cms = BUF_INIT, covered = BUF_INIT;
        enum gw_rc rc = pdf_signature(bytes, &cms, &covered, &s->why);
        if (rc == GW_OK)
                rc = judge_signature(s, buf_span(&cms), buf_span(&covered));
        return rc == GW_OK ? pdf_attachment(bytes, &s->document, &s->why) : rc;
}

/* The first <number> of 14 digits; whether it is the document's, the comparison of all bytes tells. */
static bool find_number(struct span document, char number[15])
{
        const uint8_t *at = document.n ? memmem(document.p, document.n, "<number>", 8) : NULL;
        size_t left = at ? document.n - (size_t)(at - document.p) : 0;
        if (left < 8 + 14 + 1)
                return false;
        char found[15];
        snprintf(found, sizeof found, "%.14s", (const char *)at + 8);
        if (!digits(found, 14) || at[22] != '<')
                return false; /* whatever else stands there is not repeated: it need not even be text */
        memcpy(number, found, sizeof found);
        return true;
}

static void work(uv_work_t *work)
{
        struct shown *s = work->data;
        s->rc = take_out(s);
        if (s->rc == GW_OK && !find_number(buf_span(&s->document), s->number))
                s->rc = why_set(&s->why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no number of a document in it");
}

static enum gw_rc compare(struct shown *s, struct issued_document *document)
{
        enum gw_rc rc = store_issued_document(s->loop->reader, s->number, NULL, document, &s->why);
        bool same = rc == GW_OK && span_eq(buf_span(&document->content), buf_span(&s->document));
        if (same || (rc != GW_OK && rc != GW_REJECT))
                return rc;
        return why_set(&s->why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such document"); /* alike: whether there is that number is not told */
}

static void answer_shown(struct shown *s, const struct issued_document *document)
{
        char issued[CLOCK_TEXT_MAX] = "";
        bool genuine = s->rc == GW_OK;
        const struct http_request *request = http_exchange_request(s->exchange);
        const char *language = check_page_language(request->query, http_request_header(request, "accept-language"));
        const struct reason_info *info = reason_info(s->why.reason);
        if (genuine)
                clock_date_people(document->decided_at, issued);
        if (s->page) {
                struct check_page page = {.verdict = genuine ? CHECK_GENUINE : CHECK_NOT_GENUINE, .uploaded = true, .number = s->number, .issued = issued};
                if (genuine)
                        page.service = service_name(s->loop, document, language);
                else
                        page.reason = str_eq(language, "kk") ? info->kk : str_eq(language, "ru") ? info->ru : info->en;
                answer_page(s->loop, s->exchange, 200, &page);
                return;
        }
        json_t *json = json_pack("{s:b, s:s, s:s}", "genuine", genuine, "kind", s->kind, "number", s->number);
        if (genuine)
                json_object_set_new(json, "issuedOn", json_string(issued));
        else
                json_object_set_new(json, "reason", json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", info->name, "kk", info->kk, "ru", info->ru, "en", info->en, "detail", s->why.detail));
        answer_json(s->exchange, 200, json);
}

static void shown_free(struct shown *s)
{
        for (size_t i = 0; i < s->certificate_count; i++)
                buf_done(&s->certificates[i]);
        buf_done(&s->bytes);
        buf_done(&s->document);
        free(s);
}

static void done(uv_work_t *work, int status GW_UNUSED)
{
        struct shown *s = work->data;
        struct issued_document document = {.content = BUF_INIT};
        s->loop->calls--;
        s->loop->printing--;
        if (s->rc == GW_OK)
                s->rc = compare(s, &document);
        log_event(LOG_INFO, s->id, "check.document", "kind=%s genuine=%s reason=%s", s->kind, s->rc == GW_OK ? "yes" : "no", s->rc == GW_OK ? "" : reason_info(s->why.reason)->name);
        if (s->rc == GW_OK || s->rc == GW_REJECT) {
                answer_shown(s, &document);
        } else if (s->page) {
                struct check_page page = {.verdict = CHECK_LATER};
                answer_page(s->loop, s->exchange, 503, &page);
        } else {
                answer_problem(s->exchange, s->id, &s->why);
        }
        issued_document_done(&document);
        shown_free(s);
}

/* Does a service sign its results by that key? */
static bool provides(const struct shared *shared, const char *key_id)
{
        for (size_t i = 0; i < catalogue_count(shared->catalogue); i++)
                if (str_eq(results_key(shared, catalogue_at(shared->catalogue, i)), key_id))
                        return true;
        return false;
}

static void copy_certificates(struct shown *s)
{
        const struct settings *settings = s->loop->shared->settings;
        for (size_t i = 0; i < settings->key_count; i++) {
                const struct signing_key *key = signer_key(s->loop->signer, settings->keys[i].id);
                struct buf *der = &s->certificates[s->certificate_count];
                *der = (struct buf)BUF_INIT;
                if (key && provides(s->loop->shared, settings->keys[i].id) && text_unbase64(der, span_str(key->certificate_base64)))
                        s->certificate_count++;
                else
                        buf_done(der);
        }
}

void endpoint_verify(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct span part = request->body;
        struct why why = WHY_INIT;
        bool page = form_part(request->body, http_request_header(request, "content-type"), &part);
        enum gw_rc rc = GW_OK;
        if (!rate_take(loop->shared->checks, request->peer->address, mono_now()))
                rc = why_set(&why, GW_REJECT, REASON_CHECK_TOO_OFTEN, "more than %lld in a minute", (long long)loop->shared->settings->check.per_minute);
        else if (part.n > SHOWN_MAX)
                rc = why_set(&why, GW_REJECT, REASON_HTTP_TOO_LARGE, "more than %zu bytes", SHOWN_MAX);
        else if (loop->draining)
                rc = why_set(&why, GW_RETRY, REASON_STOPPING, "stopping");
        else if (loop->printing >= PRINTING_MAX)
                rc = why_set(&why, GW_RETRY, REASON_OVERLOADED, "%u documents are being made or read", loop->printing);
        if (rc != GW_OK && page) {
                struct check_page often = {.verdict = why.reason == REASON_CHECK_TOO_OFTEN ? CHECK_TOO_OFTEN : CHECK_LATER};
                answer_page(loop, exchange, reason_info(why.reason)->http_status, &often);
                return;
        }
        if (rc != GW_OK) {
                answer_problem(exchange, correlation_id, &why);
                return;
        }
        struct shown *s = xcalloc(1, sizeof *s);
        s->work.data = s;
        s->loop = loop;
        s->exchange = exchange;
        s->page = page;
        snprintf(s->id, sizeof s->id, "%s", correlation_id);
        s->bytes = (struct buf)BUF_INIT;
        s->document = (struct buf)BUF_LIMIT(SHOWN_MAX);
        buf_add_span(&s->bytes, part);
        copy_certificates(s);
        loop->calls++;
        loop->printing++;
        GW_ASSERT(uv_queue_work(&loop->uv, &s->work, work, done) == 0);
}
