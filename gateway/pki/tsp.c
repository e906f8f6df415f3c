/* Time-Stamp Protocol (RFC 3161, RFC 5816). */
#include "gateway/pki/tsp.h"

#include <stdlib.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/pki/ber.h"
#include "gateway/pki/digest.h"
#include "gateway/reason.h"

#define TST_INFO "1.2.840.113549.1.9.16.1.4"
#define DER_BOOLEAN_TRUE "\xff"

struct imprint {
        enum pki_digest digest;
        struct span value;
};

struct tsp_token {
        struct cms *cms;
        struct imprint imprint;
        struct span nonce, policy, serial; /* contents; nonce may be {NULL, 0} */
        struct wall_time at;
        int64_t accuracy_ms;
};

void tsp_free(struct tsp_token *token)
{
        if (!token)
                return;
        cms_free(token->cms);
        free(token);
}

/* MessageImprint (2.4.1) */
static bool take_imprint(struct span *in, struct imprint *ret)
{
        struct span imprint, algorithm;
        if (!ber_take(in, DER_SEQUENCE, &imprint) || !ber_take(&imprint, DER_SEQUENCE, &algorithm) || !ber_take(&imprint, DER_OCTET_STRING, &ret->value) ||
            imprint.n != 0)
                return false;
        ret->digest = pki_digest_read(algorithm);
        return true;
}

/* ---- request (2.4.1) --------------------------------------------------------------------------------------------- */

bool tsp_request(enum tsp_digest digest, struct span imprinted, const char *policy, struct span nonce, struct buf *out)
{
        static const enum pki_digest digests[] = {
                [TSP_SHA256] = PKI_SHA256, [TSP_SHA384] = PKI_SHA384, [TSP_SHA512] = PKI_SHA512, [TSP_GOST_2004] = PKI_GOST_2004, [TSP_GOST_2015] = PKI_GOST_2015,
        };
        auto_buf struct buf inner = BUF_INIT, imprint = BUF_INIT, oid = BUF_INIT;
        uint8_t value[64];
        size_t n = pki_digest_make(digests[digest], imprinted, value);
        if (n == 0 || (policy && !ber_oid_content(policy, &oid)))
                return false;
        der_put(&inner, DER_INTEGER, span_of("\1", 1));
        pki_digest_write(digests[digest], &imprint);
        der_put(&imprint, DER_OCTET_STRING, span_of(value, n));
        der_put(&inner, DER_SEQUENCE, buf_span(&imprint));
        if (policy)
                der_put(&inner, DER_OID, buf_span(&oid));
        if (nonce.n > 0)
                der_put_unsigned(nonce, &inner);
        der_put(&inner, BER_BOOLEAN, span_of(DER_BOOLEAN_TRUE, 1)); /* certReq: the certificate shall be inside */
        der_put(out, DER_SEQUENCE, buf_span(&inner));
        return !buf_failed(out);
}

/* ---- token (2.4.2) ----------------------------------------------------------------------------------------------- */

/* Accuracy: seconds, [0] millis, [1] micros. */
static bool read_accuracy(struct span in, int64_t *ret_ms)
{
        int64_t seconds = 0;
        struct span part;
        if (ber_peek(in) == DER_INTEGER && !ber_small(&in, &seconds))
                return false;
        *ret_ms = seconds < INT64_MAX / 2000 ? seconds * 1000 : INT64_MAX / 2;
        for (unsigned i = 0; i < 2; i++) {
                bool there = false;
                if (!ber_optional(&in, BER_CONTEXT(i), &there, &part))
                        return false;
                if (!there)
                        continue;
                int64_t value = 0;
                for (size_t k = 0; k < part.n && k < 3; k++)
                        value = value << 8 | part.p[k];
                if (part.n < 1 || part.n > 2 || value < 1 || value > 999)
                        return false;
                *ret_ms += i == 0 ? value : 1; /* microseconds count as a millisecond */
        }
        return in.n == 0;
}

/* Extensions of a token: none is known here, so a critical one ends it. */
static bool no_critical_extension(struct span in)
{
        while (in.n > 0) {
                struct span extension, oid, critical;
                bool there = false;
                if (!ber_take(&in, DER_SEQUENCE, &extension) || !ber_take(&extension, DER_OID, &oid) || !ber_optional(&extension, BER_BOOLEAN, &there, &critical))
                        return false;
                if (there && (critical.n != 1 || critical.p[0] != 0))
                        return false;
        }
        return true;
}

static const char *read_info(struct tsp_token *token, struct span in)
{
        struct span info, part;
        int64_t version = 0;
        bool there = false;
        if (!ber_is_der(in) || !ber_take(&in, DER_SEQUENCE, &info) || in.n != 0)
                return "TSTInfo is not DER";
        if (!ber_small(&info, &version) || version != 1)
                return "TSTInfo of another version";
        if (!ber_take(&info, DER_OID, &token->policy) || !take_imprint(&info, &token->imprint) || !ber_take(&info, DER_INTEGER, &token->serial) ||
            token->serial.n < 1 || token->serial.n > 32 || ber_peek(info) != BER_GENERALIZED_TIME || !ber_time(&info, &token->at))
                return "TSTInfo: policy, imprint, serial number or time";
        if (!ber_optional(&info, DER_SEQUENCE, &there, &part) || (there && !read_accuracy(part, &token->accuracy_ms)))
                return "TSTInfo: accuracy";
        if (!ber_optional(&info, BER_BOOLEAN, &there, &part) || (there && part.n != 1))
                return "TSTInfo: ordering";
        if (!ber_optional(&info, DER_INTEGER, &there, &token->nonce) || (there && token->nonce.n < 1))
                return "TSTInfo: nonce";
        if (!ber_optional(&info, BER_CONTEXT_CONSTRUCTED(0), &there, &part))
                return "TSTInfo: tsa";
        if (!ber_optional(&info, BER_CONTEXT_CONSTRUCTED(1), &there, &part) || (there && !no_critical_extension(part)) || info.n != 0)
                return "TSTInfo: extensions";
        return NULL;
}

static bool fill_facts(const struct tsp_token *token, const struct cms_signer *signer, struct tsp_facts *facts)
{
        *facts = (struct tsp_facts){.at = token->at, .accuracy_ms = token->accuracy_ms, .x509 = signer->x509, .gost = signer->gost, .algorithm = signer->algorithm};
        auto_buf struct buf serial = BUF_INIT;
        text_hex(&serial, token->serial);
        snprintf(facts->serial, sizeof facts->serial, "%s", buf_cstr(&serial));
        return *ber_oid_text(token->policy, facts->policy, sizeof facts->policy) != '\0';
}

static enum cms_problem say(struct why *detail, enum cms_problem problem, const char *text)
{
        gw_ignore(why_say(detail, GW_REJECT, "%s", text));
        return problem;
}

enum cms_problem tsp_read(struct span token, struct tsp_token **ret_token, struct tsp_facts *ret_facts, struct why *detail)
{
        auto_tsp_token struct tsp_token *made = xcalloc(1, sizeof *made);
        enum cms_problem problem = cms_read(token, TST_INFO, &made->cms, detail);
        if (problem != CMS_OK)
                return problem;
        struct span info = cms_content(made->cms);
        if (!info.p || cms_signer_count(made->cms) != 1)
                return say(detail, CMS_STRUCTURE, info.p ? "a token with several signers" : "a token without TSTInfo");
        const char *wrong = read_info(made, info);
        if (wrong)
                return say(detail, CMS_STRUCTURE, wrong);
        struct cms_signer signer;
        cms_signer(made->cms, 0, &signer);
        problem = cms_check_signer(made->cms, 0, signer.x509, span_of(NULL, 0), detail);
        if (problem != CMS_OK)
                return problem;
        if (!signer.names_certificate)
                return say(detail, CMS_PROPERTIES, "the token does not name the authority's certificate");
        if (!fill_facts(made, &signer, ret_facts))
                return say(detail, CMS_STRUCTURE, "TSTInfo: policy");
        *ret_token = gw_take(&made);
        return CMS_OK;
}

STACK_OF(X509) *tsp_certificates(const struct tsp_token *token)
{
        return cms_certificates(token->cms);
}

bool tsp_covers(const struct tsp_token *token, struct span imprinted)
{
        uint8_t value[64];
        size_t n = token->imprint.digest == PKI_SHA1 ? 0 : pki_digest_make(token->imprint.digest, imprinted, value);
        return n > 0 && span_eq(token->imprint.value, span_of(value, n));
}

/* ---- response (2.4.2) -------------------------------------------------------------------------------------------- */

#define REFUSE(...) why_set(why, GW_REJECT, REASON_TIMESTAMP_UNAVAILABLE, __VA_ARGS__)

/* PKIFailureInfo bits that a later try may not meet: timeNotAvailable 14, systemFailure 25. */
static bool is_passing(struct span fail_info)
{
        static const unsigned bits[] = {14, 25};
        for (size_t i = 0; i < GW_COUNT(bits); i++)
                if (fail_info.n > 1 + bits[i] / 8 && (fail_info.p[1 + bits[i] / 8] & (0x80 >> bits[i] % 8)))
                        return true;
        return false;
}

/* PKIStatusInfo. granted 0, grantedWithMods 1, rejection 2, waiting 3. */
static enum gw_rc read_status(struct span in, struct why *why)
{
        int64_t status = 0;
        struct span text, fail_info = {NULL, 0};
        bool there = false;
        if (!ber_small(&in, &status) || !ber_optional(&in, DER_SEQUENCE, &there, &text) || !ber_optional(&in, DER_BIT_STRING, &there, &fail_info) || in.n != 0)
                return REFUSE("the answer's status is ill-formed");
        if (status == 0 || status == 1)
                return GW_OK;
        bool later = status == 3 || (there && is_passing(fail_info));
        return why_set(why, later ? GW_RETRY : GW_REJECT, REASON_TIMESTAMP_UNAVAILABLE, "the time-stamping authority answers with status %lld", (long long)status);
}

/* What a request asked for. */
struct asked {
        struct imprint imprint;
        struct span policy, nonce;
};

static bool read_request(struct span in, struct asked *ret)
{
        struct span request;
        int64_t version = 0;
        bool there = false;
        return ber_is_der(in) && ber_take(&in, DER_SEQUENCE, &request) && in.n == 0 && ber_small(&request, &version) && version == 1 &&
               take_imprint(&request, &ret->imprint) && ber_optional(&request, DER_OID, &there, &ret->policy) &&
               ber_optional(&request, DER_INTEGER, &there, &ret->nonce);
}

enum gw_rc tsp_response(struct span response, struct span request, struct buf *token, struct why *why)
{
        struct asked asked = {0};
        GW_ASSERT(read_request(request, &asked)); /* our own */
        struct span body, status;
        struct ber given;
        if (!ber_take(&response, DER_SEQUENCE, &body) || response.n != 0 || !ber_take(&body, DER_SEQUENCE, &status))
                return REFUSE("not a TimeStampResp");
        enum gw_rc rc = read_status(status, why);
        if (rc != GW_OK)
                return rc;
        if (!ber_any(&body, &given) || body.n != 0)
                return REFUSE("granted, but there is no token");
        auto_tsp_token struct tsp_token *read = NULL;
        struct tsp_facts facts;
        struct why detail = WHY_INIT;
        if (tsp_read(given.whole, &read, &facts, &detail) != CMS_OK)
                return REFUSE("the token: %s", detail.detail);
        if (read->imprint.digest != asked.imprint.digest || !span_eq(read->imprint.value, asked.imprint.value))
                return REFUSE("the token is over something else");
        if (!span_eq(read->nonce, asked.nonce))
                return REFUSE("the token has another nonce");
        if (asked.policy.p && !span_eq(read->policy, asked.policy))
                return REFUSE("the token has another policy");
        buf_add_span(token, given.whole);
        return buf_failed(token) ? REFUSE("a token that is too large") : GW_OK;
}
