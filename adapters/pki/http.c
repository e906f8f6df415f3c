/* The simulated authority's paths and control verbs.
 *
 *   POST /ocsp/NAME, GET /ocsp/NAME/BASE64    RFC 6960 appendix A; /ocsp/ finds the authority in the request
 *   GET  /crl/NAME.crl, /crl/NAME-delta.crl   RFC 5280 4.2.1.13
 *   POST /tsa, /tsa-gost                      RFC 3161 3.4
 *
 *   GET  /pki/state                           requests, faults and numbers of lists
 *   POST /pki/status?authority=rsa&serial=HEX&status=revoked|hold|good|unknown[&reason=N][&ago=SECONDS][&delta=1]
 *   POST /pki/lists?authority=rsa[&age=S][&life=S][&fill=N][&frozen=1|0][&renew=1]
 *   POST /pki/ocsp?authority=rsa[&age=S][&life=S]      life 0: no nextUpdate */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/pki/http.h"
#include "adapters/pki/pki.h"
#include "adapters/simulators/simulator.h"
#include "gateway/base/text.h"

#define REQUEST_MAX 65536
#define HUGE_SIZE ((size_t)60 << 20) /* nearly all that the server can send */
#define DAY 86400
#define HOLD_REASON 6

/* ---- names of faults ---- */

#define COMMON                                                                                                                                       \
        [PKI_NONE] = "none", [PKI_DELAY] = "delay", [PKI_SILENT] = "silent", [PKI_SLOW] = "slow", [PKI_HTTP500] = "http500", [PKI_HTTP404] = "http404", \
        [PKI_CUT] = "cut", [PKI_REFUSE] = "refuse", [PKI_EMPTY] = "empty", [PKI_TRUNCATED] = "truncated", [PKI_GARBAGE] = "garbage",                   \
        [PKI_HTML] = "html", [PKI_HUGE] = "huge", [PKI_TRAILING] = "trailing", [PKI_BAD_SIGNATURE] = "bad-signature"
static const char *const ocsp_names[OCSP_FAULT_COUNT] = {
        COMMON,
        [OCSP_TRY_LATER] = "tryLater", [OCSP_INTERNAL_ERROR] = "internalError", [OCSP_UNAUTHORIZED] = "unauthorized", [OCSP_MALFORMED] = "malformedRequest",
        [OCSP_WRONG_CERTIFICATE] = "wrong-certificate", [OCSP_WRONG_ISSUER] = "wrong-issuer", [OCSP_EXPIRED] = "expired", [OCSP_FUTURE] = "future",
        [OCSP_OLD] = "old", [OCSP_OLD_PRODUCED] = "old-produced", [OCSP_NO_NEXT_UPDATE] = "no-next-update", [OCSP_WRONG_NONCE] = "wrong-nonce",
        [OCSP_NO_NONCE] = "no-nonce", [OCSP_CRITICAL] = "critical", [OCSP_CRITICAL_SINGLE] = "critical-single", [OCSP_GOOD_AND_REVOKED] = "good-and-revoked",
        [OCSP_EXTRA] = "extra", [OCSP_NO_SINGLE] = "no-single", [OCSP_FOREIGN] = "foreign", [OCSP_NO_EKU] = "no-eku",
        [OCSP_EXPIRED_RESPONDER] = "expired-responder", [OCSP_BY_LEAF] = "by-leaf", [OCSP_BY_ISSUER] = "by-issuer", [OCSP_NO_CERTIFICATE] = "no-certificate",
        [OCSP_SHA1] = "sha1", [OCSP_UNKNOWN] = "unknown",
};
static const char *const crl_names[CRL_FAULT_COUNT] = {
        COMMON,
        [CRL_EXPIRED] = "expired", [CRL_FUTURE] = "future", [CRL_OTHER_ISSUER] = "other-issuer", [CRL_WRONG_KEY] = "wrong-key", [CRL_CRITICAL] = "critical",
        [CRL_CRITICAL_ENTRY] = "critical-entry", [CRL_WRONG_BASE] = "wrong-base", [CRL_INDIRECT] = "indirect", [CRL_CA_ONLY] = "ca-only",
        [CRL_SOME_REASONS] = "some-reasons", [CRL_NO_NEXT_UPDATE] = "no-next-update", [CRL_NO_NUMBER] = "no-number", [CRL_SWAPPED] = "swapped", [CRL_SHA1] = "sha1",
};
static const char *const tsa_names[TSA_FAULT_COUNT] = {
        COMMON,
        [TSA_REJECTION] = "rejection", [TSA_NO_TIME] = "no-time", [TSA_MODS] = "mods", [TSA_WRONG_IMPRINT] = "wrong-imprint", [TSA_WRONG_NONCE] = "wrong-nonce",
        [TSA_NO_NONCE] = "no-nonce", [TSA_WRONG_POLICY] = "wrong-policy", [TSA_NO_CERTIFICATE] = "no-certificate", [TSA_NO_EKU] = "no-eku",
        [TSA_PLAIN_EKU] = "plain-eku", [TSA_FOREIGN] = "foreign", [TSA_EXPIRED] = "expired", [TSA_FUTURE] = "future", [TSA_PAST] = "past",
};
static const struct fault_kinds kinds[] = {
        [ENDPOINT_OCSP] = {ocsp_names, OCSP_FAULT_COUNT}, [ENDPOINT_CRL] = {crl_names, CRL_FAULT_COUNT},
        [ENDPOINT_DELTA] = {crl_names, CRL_FAULT_COUNT}, [ENDPOINT_TSA] = {tsa_names, TSA_FAULT_COUNT},
};
static const char *const endpoint_kinds[] = {[ENDPOINT_OCSP] = "ocsp", [ENDPOINT_CRL] = "crl", [ENDPOINT_DELTA] = "delta", [ENDPOINT_TSA] = "tsa"};

/* ---- made and closed ---- */

static void add_endpoint(struct pki *pki, size_t *n, enum endpoint_kind kind, struct authority *authority, enum branch branch)
{
        static const char *const branches[] = {[BRANCH_RSA] = "rsa", [BRANCH_GOST] = "gost"};
        struct endpoint *e = &pki->endpoints[(*n)++];
        *e = (struct endpoint){.kind = kind, .authority = authority, .branch = branch, .fault = fault_none_of(&kinds[kind])};
        snprintf(e->name, sizeof e->name, "%s/%s", endpoint_kinds[kind], authority ? authority->alias : branches[branch]);
}

struct pki *pki_new(void)
{
        static const struct { const char *name, *alias; enum branch branch; bool delegates; } authorities[AUTHORITY_COUNT] = {
                {"issuing", "rsa", BRANCH_RSA, true}, {"gost-issuing", "gost", BRANCH_GOST, true}, {"issuing-next", "next", BRANCH_RSA, false},
                {"root", "root", BRANCH_RSA, false}, {"gost-root", "gost-root", BRANCH_GOST, false},
        };
        struct pki *pki = xcalloc(1, sizeof *pki);
        size_t n = 0;
        for (size_t i = 0; i < AUTHORITY_COUNT; i++) {
                struct authority *a = &pki->authorities[i];
                *a = (struct authority){.name = authorities[i].name, .alias = authorities[i].alias, .branch = authorities[i].branch,
                                        .delegates = authorities[i].delegates, .ocsp_life_s = 3600, .crl_life_s = 7 * DAY, .number = 100,
                                        .frozen_base = BUF_INIT, .frozen_delta = BUF_INIT};
                for (enum endpoint_kind kind = ENDPOINT_OCSP; kind <= ENDPOINT_DELTA; kind++)
                        add_endpoint(pki, &n, kind, a, a->branch);
        }
        add_endpoint(pki, &n, ENDPOINT_TSA, NULL, BRANCH_RSA);
        add_endpoint(pki, &n, ENDPOINT_TSA, NULL, BRANCH_GOST);
        return pki;
}

enum gw_rc pki_open(struct pki *pki, const char *folder, struct why *why)
{
        static const char *const services[SERVICE_COUNT] = {
                [SERVICE_RESPONDER] = "ocsp-responder", [SERVICE_RESPONDER_FOREIGN] = "ocsp-foreign", [SERVICE_RESPONDER_NO_EKU] = "ocsp-noeku",
                [SERVICE_RESPONDER_EXPIRED] = "ocsp-expired", [SERVICE_LEAF] = "applicant-850412390011", [SERVICE_TSA] = "tsa",
                [SERVICE_TSA_FOREIGN] = "tsa-foreign", [SERVICE_TSA_NO_EKU] = "tsa-noeku", [SERVICE_TSA_PLAIN_EKU] = "tsa-plain-eku",
                [SERVICE_TSA_EXPIRED] = "tsa-expired",
        };
        static const char *const foreign[BRANCH_COUNT] = {"foreign-issuing", "gost-foreign"};
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; i < AUTHORITY_COUNT && rc == GW_OK; i++) {
                rc = signer_open(&pki->authorities[i].signer, folder, true, pki->authorities[i].name, why);
                if (rc == GW_OK)
                        rc = status_load(&pki->authorities[i], folder, why);
        }
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT && rc == GW_OK; b++) {
                rc = signer_open(&pki->foreign[b], folder, true, foreign[b], why);
                for (size_t i = 0; i < SERVICE_COUNT && rc == GW_OK; i++) {
                        auto_str char *name = xasprintf("%s%s", b == BRANCH_GOST ? "gost-" : "", services[i]);
                        rc = signer_open(&pki->services[b][i], folder, false, name, why);
                }
        }
        pki->stand_in = EVP_EC_gen("P-256");
        GW_ASSERT(pki->stand_in);
        return rc;
}

void pki_close(struct pki *pki)
{
        if (!pki)
                return;
        for (size_t i = 0; i < AUTHORITY_COUNT; i++) {
                signer_close(&pki->authorities[i].signer);
                status_free(&pki->authorities[i]);
        }
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                signer_close(&pki->foreign[b]);
                for (size_t i = 0; i < SERVICE_COUNT; i++)
                        signer_close(&pki->services[b][i]);
        }
        EVP_PKEY_free(pki->stand_in);
        free(pki);
}

struct authority *pki_authority(struct pki *pki, const char *name)
{
        for (size_t i = 0; i < AUTHORITY_COUNT; i++)
                if (str_eq(name, pki->authorities[i].name) || str_eq(name, pki->authorities[i].alias))
                        return &pki->authorities[i];
        return NULL;
}

struct endpoint *pki_endpoint(struct pki *pki, enum endpoint_kind kind, const struct authority *authority, enum branch branch)
{
        for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
                struct endpoint *e = &pki->endpoints[i];
                if (e->kind == kind && e->authority == authority && e->branch == branch)
                        return e;
        }
        return NULL;
}

size_t pki_faults(struct pki *pki, const char *name, struct fault *ret_faults[PKI_FAULTS_MAX])
{
        size_t n = 0;
        for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
                struct endpoint *e = &pki->endpoints[i];
                auto_str char *long_name = e->authority ? xasprintf("%s/%s", endpoint_kinds[e->kind], e->authority->name) : NULL;
                if (str_eq(name, endpoint_kinds[e->kind]) || str_eq(name, e->name) || str_eq(name, long_name))
                        ret_faults[n++] = &e->fault;
        }
        return n;
}

/* ---- serving ---- */

struct serving {
        struct simulation *simulation;
        struct http_exchange *exchange;
        const struct http_request *request;
        struct endpoint *endpoint;
        const char *content_type;
        unsigned fault;
};

static void refuse(struct serving *s, int status, const char *text)
{
        s->simulation->pki->elsewhere++;
        control_reply_text(s->exchange, status, text);
}

static bool begin(struct serving *s, struct endpoint *endpoint, const char *content_type)
{
        s->endpoint = endpoint;
        s->content_type = content_type;
        endpoint->requests++;
        s->fault = fault_next(&endpoint->fault, &s->simulation->random);
        return s->fault != PKI_HTTP500 && s->fault != PKI_HTTP404;
}

static void send_answer(struct serving *s, struct span body)
{
        static const enum fault_kind manners[PKI_COMMON_COUNT] = {[PKI_DELAY] = FAULT_DELAY, [PKI_SILENT] = FAULT_TIMEOUT, [PKI_SLOW] = FAULT_SLOW,
                                                                  [PKI_CUT] = FAULT_CUT, [PKI_REFUSE] = FAULT_REFUSE};
        auto_buf struct buf other = BUF_LIMIT(HUGE_SIZE + 16);
        struct answering answering = {.simulation = s->simulation, .exchange = s->exchange, .ms = s->endpoint->fault.ms, .content_type = s->content_type,
                                      .manner = s->fault < PKI_COMMON_COUNT ? manners[s->fault] : FAULT_NONE};
        int status = 200;
        if (s->fault == PKI_EMPTY)
                body.n = 0;
        else if (s->fault == PKI_TRUNCATED)
                body.n /= 2;
        else if (s->fault == PKI_GARBAGE)
                body = span_str("\x30\x82\x7f\xff\x02\x01 this is no DER \x04\x80\xff");
        else if (s->fault == PKI_HTML) {
                answering.content_type = "text/html";
                body = span_str("<html><body><h1>Жұмыс жүргізілуде / Технические работы</h1></body></html>\n");
        } else if (s->fault == PKI_TRAILING) {
                buf_add_span(&other, body);
                buf_add_str(&other, "more");
                body = buf_span(&other);
        } else if (s->fault == PKI_HUGE) {
                buf_add(&other, "\x30\x84\x03\xc0\x00\x00", 6);
                memset(buf_room(&other, HUGE_SIZE), 0, HUGE_SIZE);
                buf_grew(&other, HUGE_SIZE);
                body = buf_span(&other);
        } else if (s->fault == PKI_HTTP500 || s->fault == PKI_HTTP404) {
                status = s->fault == PKI_HTTP500 ? 500 : 404;
                answering.content_type = "text/plain; charset=utf-8";
                body = span_str("on demand\n");
        }
        answering_send(&answering, status, body);
}

static bool has_type(const struct http_request *request, const char *type)
{
        const char *given = http_request_header(request, "content-type");
        return given && strncasecmp(given, type, strlen(type)) == 0 && strchr("; ", given[strlen(type)]);
}

/* The base64 of a GET may hold '/', which comes as it is: the server takes no %2F. */
static void serve_ocsp(struct serving *s, const char *rest)
{
        struct pki *pki = s->simulation->pki;
        auto_buf struct buf bytes = BUF_LIMIT(REQUEST_MAX);
        size_t n = strcspn(rest, "/");
        auto_str char *name = xstrndup(rest, n);
        struct authority *authority = pki_authority(pki, name);
        bool get = str_eq(s->request->method, "GET");
        if (!get && !str_eq(s->request->method, "POST"))
                return refuse(s, 405, "GET or POST");
        if (!get && !has_type(s->request, "application/ocsp-request"))
                return refuse(s, 415, "Content-Type is application/ocsp-request");
        const char *base64 = authority && rest[n] ? rest + n + 1 : rest;
        if (!get)
                buf_add_span(&bytes, s->request->body);
        else if ((authority && !rest[n]) || !text_unbase64(&bytes, span_str(base64)))
                return refuse(s, 400, "GET /ocsp/NAME/BASE64");
        if (buf_failed(&bytes))
                return refuse(s, 413, "a request is at most 64 KiB");
        if (!authority && !get && *rest)
                return refuse(s, 404, "no such authority");
        if (!authority)
                authority = ocsp_authority(pki, buf_span(&bytes));
        auto_buf struct buf answer = BUF_INIT;
        struct endpoint *endpoint = authority ? pki_endpoint(pki, ENDPOINT_OCSP, authority, authority->branch) : &pki->endpoints[0];
        if (begin(s, endpoint, "application/ocsp-response"))
                ocsp_answer(pki, authority, buf_span(&bytes), s->fault, s->request->received_at, &answer);
        send_answer(s, buf_span(&answer));
}

static void serve_list(struct serving *s, const char *rest)
{
        struct pki *pki = s->simulation->pki;
        const char *end = strstr(rest, ".crl");
        if (!str_eq(s->request->method, "GET"))
                return refuse(s, 405, "GET only");
        if (!end || end[4])
                return refuse(s, 404, "GET /crl/NAME.crl");
        size_t n = (size_t)(end - rest), tail = strlen("-delta");
        bool delta = n > tail && strncmp(end - tail, "-delta", tail) == 0;
        auto_str char *name = xstrndup(rest, delta ? n - tail : n);
        struct authority *authority = pki_authority(pki, name);
        if (!authority)
                return refuse(s, 404, "no such authority");
        auto_buf struct buf answer = BUF_INIT;
        if (begin(s, pki_endpoint(pki, delta ? ENDPOINT_DELTA : ENDPOINT_CRL, authority, authority->branch), "application/pkix-crl"))
                crl_answer(pki, authority, delta, s->fault, s->request->received_at, &answer);
        send_answer(s, buf_span(&answer));
}

static void serve_time_stamp(struct serving *s, enum branch branch)
{
        struct pki *pki = s->simulation->pki;
        if (!str_eq(s->request->method, "POST"))
                return refuse(s, 405, "POST only");
        if (!has_type(s->request, "application/timestamp-query"))
                return refuse(s, 415, "Content-Type is application/timestamp-query");
        if (s->request->body.n > REQUEST_MAX)
                return refuse(s, 413, "a request is at most 64 KiB");
        auto_buf struct buf answer = BUF_INIT;
        if (begin(s, pki_endpoint(pki, ENDPOINT_TSA, NULL, branch), "application/timestamp-reply"))
                tsa_answer(pki, branch, s->request->body, s->fault, s->request->received_at, &answer);
        send_answer(s, buf_span(&answer));
}

void pki_serve(struct simulation *simulation, struct http_exchange *exchange)
{
        struct serving s = {.simulation = simulation, .exchange = exchange, .request = http_exchange_request(exchange)};
        const char *path = s.request->path;
        if (str_starts(path, "/ocsp/"))
                return serve_ocsp(&s, path + 6);
        if (str_starts(path, "/crl/"))
                return serve_list(&s, path + 5);
        if (str_eq(path, "/tsa") || str_eq(path, "/tsa-gost"))
                return serve_time_stamp(&s, path[4] ? BRANCH_GOST : BRANCH_RSA);
        refuse(&s, 404, "/ocsp/NAME, /crl/NAME.crl, /crl/NAME-delta.crl, /tsa, /tsa-gost");
}

/* ---- control ---- */

static bool number_parameter(const char *query, const char *key, uint64_t max, uint64_t *value, bool *ret_given)
{
        auto_str char *text = control_parameter(query, key);
        *ret_given = text != NULL;
        return !text || text_to_u64(text, 0, max, value);
}

static void set_status(struct http_exchange *exchange, struct authority *authority, const char *query)
{
        static const struct { const char *name; enum known_status status; int reason; } statuses[] = {
                {"good", KNOWN_GOOD, -1}, {"revoked", KNOWN_REVOKED, 1}, {"hold", KNOWN_REVOKED, HOLD_REASON}, {"unknown", KNOWN_UNKNOWN, -1}};
        auto_str char *serial = control_parameter(query, "serial"), *status = control_parameter(query, "status");
        struct entry entry = {0};
        uint64_t ago = 0, reason = 0, delta = 0;
        bool given = false, reason_given = false;
        size_t i = 0;
        while (i < GW_COUNT(statuses) && !str_eq(status, statuses[i].name))
                i++;
        if (i == GW_COUNT(statuses) || !serial || !status_serial(serial, entry.serial))
                return control_reply_text(exchange, 400, "serial is hexadecimal; status is revoked, hold, good or unknown");
        if (!number_parameter(query, "ago", 100ull * 365 * DAY, &ago, &given) || !number_parameter(query, "delta", 1, &delta, &given) ||
            !number_parameter(query, "reason", 10, &reason, &reason_given))
                return control_reply_text(exchange, 400, "ago is seconds, reason a CRLReason, delta 0 or 1");
        entry.status = statuses[i].status;
        entry.reason = reason_given && entry.status == KNOWN_REVOKED ? (int)reason : statuses[i].reason;
        entry.date = (time_t)(wall_now().ms / 1000) - (time_t)ago;
        entry.delta_only = delta == 1;
        status_set(authority, &entry);
        control_reply_text(exchange, 200, statuses[i].name);
}

static void set_lists(struct simulation *s, struct http_exchange *exchange, struct authority *a, const char *query)
{
        uint64_t age = (uint64_t)a->crl_age_s, life = (uint64_t)a->crl_life_s, fill = a->fill, frozen = a->frozen, renew = 0;
        bool given = false;
        if (!number_parameter(query, "age", 10000ull * DAY, &age, &given) || !number_parameter(query, "life", 10000ull * DAY, &life, &given) ||
            !number_parameter(query, "fill", 1000000, &fill, &given) || !number_parameter(query, "frozen", 1, &frozen, &given) ||
            !number_parameter(query, "renew", 1, &renew, &given))
                return control_reply_text(exchange, 400, "age and life are seconds, fill at most 1000000, frozen and renew 0 or 1");
        a->crl_age_s = (int64_t)age;
        a->crl_life_s = (int64_t)life;
        a->fill = fill;
        if (renew)
                status_renew(a);
        if (renew || (frozen == 1) != a->frozen)
                crl_freeze(s->pki, a, frozen == 1, wall_now());
        control_reply_text(exchange, 200, "set");
}

static void set_ocsp(struct http_exchange *exchange, struct authority *a, const char *query)
{
        uint64_t age = (uint64_t)a->ocsp_age_s, life = (uint64_t)a->ocsp_life_s;
        bool given = false;
        if (!number_parameter(query, "age", 10000ull * DAY, &age, &given) || !number_parameter(query, "life", 10000ull * DAY, &life, &given))
                return control_reply_text(exchange, 400, "age and life are seconds");
        a->ocsp_age_s = (int64_t)age;
        a->ocsp_life_s = (int64_t)life;
        control_reply_text(exchange, 200, "set");
}

static json_t *describe(const struct endpoint *e)
{
        return json_pack("{sI ss sI}", "requests", (json_int_t)e->requests, "fault", e->fault.left ? fault_name(&e->fault) : "none", "faults",
                         (json_int_t)e->fault.hits);
}

static void tell_state(struct pki *pki, struct http_exchange *exchange)
{
        json_t *state = json_pack("{ss sI sI}", "mark", "TEST", "malformed", (json_int_t)pki->malformed, "elsewhere", (json_int_t)pki->elsewhere);
        uint64_t requests = pki->elsewhere;
        for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
                json_object_set_new(state, pki->endpoints[i].name, describe(&pki->endpoints[i]));
                requests += pki->endpoints[i].requests;
        }
        json_object_set_new(state, "requests", json_integer((json_int_t)requests));
        for (size_t i = 0; i < AUTHORITY_COUNT; i++) {
                const struct authority *a = &pki->authorities[i];
                json_object_set_new(state, a->name, json_pack("{sI sI sb}", "crlNumber", (json_int_t)a->base_number, "deltaNumber",
                                                              (json_int_t)a->delta_number, "frozen", a->frozen));
        }
        control_reply_json(exchange, state);
}

void pki_control(struct simulation *s, struct http_exchange *exchange)
{
        const struct http_request *request = http_exchange_request(exchange);
        if (str_eq(request->method, "GET") && str_eq(request->path, "/pki/state"))
                return tell_state(s->pki, exchange);
        auto_str char *name = control_parameter(request->query, "authority");
        struct authority *authority = pki_authority(s->pki, name);
        if (!str_eq(request->method, "POST"))
                return control_reply_text(exchange, 404, "GET /pki/state, POST /pki/status, /pki/lists, /pki/ocsp");
        if (!authority)
                return control_reply_text(exchange, 400, "authority is rsa, gost, next, root or gost-root");
        if (str_eq(request->path, "/pki/status"))
                return set_status(exchange, authority, request->query);
        if (str_eq(request->path, "/pki/lists"))
                return set_lists(s, exchange, authority, request->query);
        if (str_eq(request->path, "/pki/ocsp"))
                return set_ocsp(exchange, authority, request->query);
        control_reply_text(exchange, 404, "GET /pki/state, POST /pki/status, /pki/lists, /pki/ocsp");
}
