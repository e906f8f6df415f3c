/* OCSP answers (RFC 6960), read strictly from their own bytes and judged rule by rule.
 *
 * OCSP_basic_verify() is not used: it signs over what it encodes again, knows roots "trusted for OCSP" and any path to an anchor, and has no key for the
 * national algorithms. Here there are two signers at most that count: the issuer, and whom the issuer itself named. */
#include "gateway/pki/ocsp.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/sha.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/pki/x509_parts.h"

#define SERIAL_MAX 64       /* OpenSSL reads longer ones than RFC 5280 allows */
#define CERTIFICATES_MAX 4  /* on offer in an answer; each costs a decoding */
#define CONTEXT(n) (0xa0 | (n)) /* [n] EXPLICIT, or IMPLICIT of something constructed */

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(name, X509_NAME, X509_NAME_free)
GW_DEFINE_AUTO(request, OCSP_REQUEST, OCSP_REQUEST_free)
GW_DEFINE_AUTO(access, AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free)
static void free_der(unsigned char *der)
{
        OPENSSL_free(der);
}
GW_DEFINE_AUTO(der, unsigned char, free_der)

/* ---- the question ------------------------------------------------------------------------------------------------ */

bool ocsp_request(const X509 *certificate, const X509 *issuer, bool sha1, struct span nonce, struct buf *out)
{
        unsigned char value[OCSP_NONCE_SIZE];
        if (nonce.n > sizeof value)
                return false;
        gw_auto(request) OCSP_REQUEST *request = OCSP_REQUEST_new();
        OCSP_CERTID *id = OCSP_cert_to_id(sha1 ? EVP_sha1() : EVP_sha256(), certificate, issuer);
        GW_ASSERT(request);
        if (!id || !OCSP_request_add0_id(request, id)) {
                OCSP_CERTID_free(id);
                return false;
        }
        if (nonce.n > 0) {
                memcpy(value, nonce.p, nonce.n);
                if (OCSP_request_add1_nonce(request, value, (int)nonce.n) != 1)
                        return false;
        }
        gw_auto(der) unsigned char *der = NULL;
        int n = i2d_OCSP_REQUEST(request, &der);
        if (n <= 0)
                return false;
        buf_add(out, der, (size_t)n);
        return !buf_failed(out);
}

bool ocsp_url(const X509 *certificate, char **ret_url)
{
        gw_auto(access) AUTHORITY_INFO_ACCESS *list = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
        for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list); i++) {
                const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(list, i);
                char *url = OBJ_obj2nid(one->method) == NID_ad_OCSP ? parts_http_url(one->location) : NULL;
                if (!url)
                        continue;
                *ret_url = url;
                return true;
        }
        ERR_clear_error();
        return false;
}

/* ---- reading (RFC 6960 4.2.1) ------------------------------------------------------------------------------------ */

struct answer {
        struct signed_parts parts;
        struct span certificates; /* the elements on offer; may be empty */
        struct span by_name, by_key; /* ResponderID: a whole Name, or a SHA-1; one of the two */
        struct wall_time produced_at;
        struct span responses; /* SingleResponse after SingleResponse */
        struct span nonce;     /* the whole extnValue; {NULL, 0}: there is none */
        bool critical;         /* an extension that we do not know is critical */
};

/* `in` holds one element [tag] EXPLICIT at its front: takes it, and gives what is inside. */
static bool take_tagged(struct span *in, unsigned number, struct span *ret_inside)
{
        return der_take(in, (uint8_t)CONTEXT(number), ret_inside);
}

/* status: OCSPResponseStatus. Its basic response is only there when the status is successful (0). */
static bool read_envelope(struct span in, unsigned *ret_status, struct span *ret_basic)
{
        static const char basic_type[] = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"; /* id-pkix-ocsp-basic */
        struct span outer, bytes, typed, oid, octets;
        if (!der_take(&in, DER_SEQUENCE, &outer) || in.n != 0 || !parts_take_enumerated(&outer, ret_status))
                return false;
        if (*ret_status != 0)
                return true; /* nothing is signed here, and nothing is read */
        if (!take_tagged(&outer, 0, &bytes) || outer.n != 0 || !der_take(&bytes, DER_SEQUENCE, &typed) || bytes.n != 0)
                return false;
        if (!der_take(&typed, DER_OID, &oid) || !span_eq_str(oid, basic_type) || !der_take(&typed, DER_OCTET_STRING, &octets) || typed.n != 0)
                return false;
        return der_take(&octets, DER_SEQUENCE, ret_basic) && octets.n == 0;
}

/* extended-revoke (4.4.8) says that "revoked" may mean "never issued": either way it is not good, so we do know it. */
static bool read_extensions(struct span in, struct answer *answer)
{
        static const char nonce[] = "\x2b\x06\x01\x05\x05\x07\x30\x01\x02", extended_revoke[] = "\x2b\x06\x01\x05\x05\x07\x30\x01\x09";
        struct extension_part list[PARTS_EXTENSIONS_MAX];
        size_t count = 0;
        if (!parts_extensions(in, list, &count))
                return false;
        for (size_t i = 0; i < count; i++) {
                if (span_eq_str(list[i].oid, nonce))
                        answer->nonce = list[i].value;
                else if (list[i].critical && !span_eq_str(list[i].oid, extended_revoke))
                        answer->critical = true;
        }
        return true;
}

static bool read_responder_id(struct span *data, struct answer *answer)
{
        struct span inside, name, content;
        if (take_tagged(data, 1, &inside)) {
                answer->by_name = inside;
                name = inside;
                return der_take(&name, DER_SEQUENCE, &content) && name.n == 0;
        }
        return take_tagged(data, 2, &inside) && der_take(&inside, DER_OCTET_STRING, &answer->by_key) && inside.n == 0 && answer->by_key.n == SHA_DIGEST_LENGTH;
}

static bool read_data(struct answer *answer)
{
        struct span in = answer->parts.tbs, data, inside, number;
        if (!der_take(&in, DER_SEQUENCE, &data))
                return false;
        if (take_tagged(&data, 0, &inside) && (!parts_take_integer(&inside, &number) || inside.n != 0 || number.n != 1 || number.p[0] != 0))
                return false; /* v1 is the only version */
        if (!read_responder_id(&data, answer) || !parts_take_generalized_time(&data, &answer->produced_at) ||
            !der_take(&data, DER_SEQUENCE, &answer->responses))
                return false;
        if (take_tagged(&data, 1, &inside) && !read_extensions(inside, answer))
                return false;
        return data.n == 0;
}

static bool read_basic(struct span basic, struct answer *answer)
{
        struct span inside;
        if (!signed_take(&basic, &answer->parts))
                return false;
        if (take_tagged(&basic, 0, &inside) && (!der_take(&inside, DER_SEQUENCE, &answer->certificates) || inside.n != 0))
                return false;
        return basic.n == 0 && read_data(answer);
}

/* ---- who signed (RFC 6960 4.2.2.2) ------------------------------------------------------------------------------- */

static bool is_responder(const struct answer *answer, const X509 *x509)
{
        if (answer->by_key.n > 0) {
                const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(x509);
                uint8_t digest[SHA_DIGEST_LENGTH];
                SHA1(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key), digest);
                return span_eq(answer->by_key, span_of(digest, sizeof digest));
        }
        const unsigned char *p = answer->by_name.p;
        gw_auto(name) X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)answer->by_name.n);
        return name && X509_NAME_cmp(name, X509_get_subject_name(x509)) == 0;
}

static bool is_current(const X509 *x509, const struct ocsp_rules *rules)
{
        time_t late = (rules->now.ms + rules->skew_ms) / 1000, early = (rules->now.ms - rules->skew_ms) / 1000;
        return X509_cmp_time(X509_get0_notBefore(x509), &late) == -1 && X509_cmp_time(X509_get0_notAfter(x509), &early) == 1;
}

static enum gw_rc check_not_revoked(const X509 *x509, const struct ocsp_rules *rules, struct why *why)
{
        struct revocation_status status = {.answer = REVOCATION_UNKNOWN};
        struct crl_rules crl_rules = {.now = rules->now, .skew_ms = rules->skew_ms};
        if (rules->responder_crl)
                crl_status(rules->responder_crl, x509, &crl_rules, &status);
        if (status.answer == REVOCATION_BAD)
                return why_say(why, GW_REJECT, "the responder's certificate is revoked");
        if (status.answer == REVOCATION_GOOD || !rules->responder_known || X509_get_ext_by_NID(x509, NID_id_pkix_OCSP_noCheck, -1) >= 0)
                return GW_OK;
        return why_say(why, GW_REJECT, "nobody says that the responder's certificate is not revoked");
}

/* A responder that the issuer itself named. `der` is the certificate as it came. */
static enum gw_rc check_delegate(X509 *x509, struct span der, X509 *issuer, const struct ocsp_rules *rules, struct why *why)
{
        struct span outer;
        struct signed_parts parts;
        const ASN1_BIT_STRING *value = NULL;
        const X509_ALGOR *algorithm = NULL;
        X509_get0_signature(&value, &algorithm, x509);
        if (!der_take(&der, DER_SEQUENCE, &outer) || der.n != 0 || !signed_take(&outer, &parts) || outer.n != 0 ||
            X509_ALGOR_cmp(X509_get0_tbs_sigalg(x509), algorithm) != 0 || X509_check_purpose(x509, -1, 0) != 1 ||
            (X509_get_extension_flags(x509) & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_PROXY)))
                return why_say(why, GW_REJECT, "the responder's certificate is ill-formed or has an unknown critical extension");
        if (!parts_names_issuer(x509, issuer))
                return why_say(why, GW_REJECT, "the responder's certificate is another authority's");
        if (signed_check(&parts, issuer, why) != GW_OK)
                return why_say(why, GW_REJECT, "the responder's certificate is not signed by the issuer");
        uint32_t flags = X509_get_extension_flags(x509);
        if (!(flags & EXFLAG_XKUSAGE) || !(X509_get_extended_key_usage(x509) & XKU_OCSP_SIGN))
                return why_say(why, GW_REJECT, "the responder's certificate is not for OCSP signing");
        if ((flags & EXFLAG_KUSAGE) && !(X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE))
                return why_say(why, GW_REJECT, "the responder's key is not for signatures");
        if (!is_current(x509, rules))
                return why_say(why, GW_REJECT, "the responder's certificate is not current");
        return check_not_revoked(x509, rules, why);
}

static enum gw_rc check_signer(const struct answer *answer, X509 *issuer, const struct ocsp_rules *rules, struct why *why)
{
        struct span rest = answer->certificates, der;
        enum gw_rc rc = GW_REJECT;
        bool named = is_responder(answer, issuer);
        if (named) {
                rc = signed_check(&answer->parts, issuer, why);
                if (rc == GW_OK)
                        return GW_OK;
        }
        for (size_t i = 0; rest.n > 0; i++) {
                if (i == CERTIFICATES_MAX || !der_take_whole(&rest, DER_SEQUENCE, &der))
                        return why_say(why, GW_REJECT, "the certificates in the answer are ill-formed or too many");
                const unsigned char *p = der.p;
                gw_auto(x509) X509 *x509 = d2i_X509(NULL, &p, (long)der.n);
                if (!x509 || p != der.p + der.n)
                        return why_say(why, GW_REJECT, "the certificates in the answer are ill-formed or too many");
                if (!is_responder(answer, x509) || X509_cmp(x509, issuer) == 0)
                        continue;
                named = true;
                rc = signed_check(&answer->parts, x509, why);
                if (rc == GW_OK)
                        rc = check_delegate(x509, der, issuer, rules, why);
                if (rc == GW_OK)
                        return GW_OK;
        }
        /* What is wrong with one whose id fits tells more. */
        return named ? rc : why_say(why, GW_REJECT, "the signer is neither the issuer nor a responder in the answer");
}

/* ---- what it says ------------------------------------------------------------------------------------------------ */

struct wanted { /* our certificate as CertID names it (4.1.1) */
        uint8_t name_sha256[32], key_sha256[32], name_sha1[SHA_DIGEST_LENGTH], key_sha1[SHA_DIGEST_LENGTH];
        uint8_t serial[SERIAL_MAX];
        size_t serial_length;
};

static bool name_wanted(const X509 *certificate, const X509 *issuer, struct wanted *wanted)
{
        const unsigned char *name = NULL;
        size_t n = 0;
        const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(issuer);
        if (X509_NAME_get0_der(X509_get_issuer_name(certificate), &name, &n) != 1 ||
            !parts_serial(certificate, wanted->serial, sizeof wanted->serial, &wanted->serial_length))
                return false;
        struct span bits = span_of(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key));
        text_sha256(span_of(name, n), wanted->name_sha256);
        text_sha256(bits, wanted->key_sha256);
        SHA1(name, n, wanted->name_sha1);
        SHA1(bits.p, bits.n, wanted->key_sha1);
        return true;
}

enum certificate_status { STATUS_GOOD, STATUS_REVOKED, STATUS_UNKNOWN };
struct single {
        enum ocsp_id id; /* OCSP_ID_ANY: it is about another certificate */
        enum certificate_status status;
        struct wall_time this_update, next_update, revoked_at;
        int reason;
        bool critical;
};

static bool read_certificate_id(struct span *in, const struct wanted *wanted, enum ocsp_id *ret_id)
{
        static const char sha256[] = "\x60\x86\x48\x01\x65\x03\x04\x02\x01", sha1[] = "\x2b\x0e\x03\x02\x1a";
        struct span id, algorithm, oid, null, name, key, serial;
        if (!der_take(in, DER_SEQUENCE, &id) || !der_take(&id, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
            !der_take(&id, DER_OCTET_STRING, &name) || !der_take(&id, DER_OCTET_STRING, &key) || !parts_take_integer(&id, &serial) || id.n != 0)
                return false;
        *ret_id = OCSP_ID_ANY;
        if (!span_eq(serial, span_of(wanted->serial, wanted->serial_length)))
                return true;
        /* With our serial number it may be ours in words that we do not read, and then it must not be overlooked: another hash, parameters. */
        bool plain = algorithm.n == 0 || (der_take(&algorithm, DER_NULL, &null) && null.n == 0 && algorithm.n == 0);
        if (!plain || (!span_eq_str(oid, sha256) && !span_eq_str(oid, sha1)))
                return false;
        if (span_eq_str(oid, sha256) && span_eq(name, span_of(wanted->name_sha256, 32)) && span_eq(key, span_of(wanted->key_sha256, 32)))
                *ret_id = OCSP_ID_SHA256;
        if (span_eq_str(oid, sha1) && span_eq(name, span_of(wanted->name_sha1, SHA_DIGEST_LENGTH)) && span_eq(key, span_of(wanted->key_sha1, SHA_DIGEST_LENGTH)))
                *ret_id = OCSP_ID_SHA1;
        return true;
}

static bool read_certificate_status(struct span *in, struct single *single)
{
        struct span info, inside;
        unsigned reason = 0;
        single->reason = -1;
        if (der_take(in, 0x80, &info)) {
                single->status = STATUS_GOOD;
                return info.n == 0;
        }
        if (der_take(in, 0x82, &info)) {
                single->status = STATUS_UNKNOWN;
                return info.n == 0;
        }
        single->status = STATUS_REVOKED;
        if (!take_tagged(in, 1, &info) || !parts_take_generalized_time(&info, &single->revoked_at))
                return false;
        if (take_tagged(&info, 0, &inside)) {
                if (!parts_take_enumerated(&inside, &reason) || inside.n != 0)
                        return false;
                single->reason = (int)reason; /* whatever it is, removeFromCRL too: the responder says "revoked" */
        }
        return info.n == 0;
}

static bool read_single(struct span *in, const struct wanted *wanted, struct single *ret)
{
        struct span one, inside;
        *ret = (struct single){.id = OCSP_ID_ANY};
        if (!der_take(in, DER_SEQUENCE, &one) || !read_certificate_id(&one, wanted, &ret->id) || !read_certificate_status(&one, ret) ||
            !parts_take_generalized_time(&one, &ret->this_update))
                return false;
        if (take_tagged(&one, 0, &inside) && (!parts_take_generalized_time(&inside, &ret->next_update) || inside.n != 0 || ret->next_update.ms <= 0))
                return false; /* before 1970, and 0 would mean "does not say" */
        if (take_tagged(&one, 1, &inside)) {
                struct extension_part list[PARTS_EXTENSIONS_MAX];
                size_t count = 0;
                if (!parts_extensions(inside, list, &count))
                        return false;
                for (size_t i = 0; i < count; i++)
                        ret->critical = ret->critical || list[i].critical;
        }
        return one.n == 0;
}

/* RFC 6960 3.2 points 5 and 6, 4.2.2.1. */
static enum gw_rc check_dates(const struct single *single, const struct answer *answer, const struct ocsp_rules *rules, struct why *why)
{
        int64_t now = rules->now.ms, skew = rules->skew_ms;
        bool ends = single->next_update.ms != 0;
        if (single->this_update.ms > now + skew || answer->produced_at.ms > now + skew)
                return why_say(why, GW_REJECT, "the answer is from the future");
        if ((ends && single->next_update.ms < single->this_update.ms) || answer->produced_at.ms + skew < single->this_update.ms)
                return why_say(why, GW_REJECT, "the answer's dates contradict each other");
        if (!ends && rules->age_max_ms == 0)
                return why_say(why, GW_REJECT, "the answer does not say until when it counts, and no age is set");
        if ((ends && single->next_update.ms + skew < now) || (rules->age_max_ms > 0 && single->this_update.ms + rules->age_max_ms < now))
                return why_say(why, GW_RETRY, "the answer is too old");
        return GW_OK;
}

/* All that is said of our certificate must be the same; the youngest counts. */
static enum gw_rc find_single(const struct answer *answer, const struct wanted *wanted, const struct ocsp_rules *rules, struct single *ret, struct why *why)
{
        struct span rest = answer->responses;
        bool found = false, asked = false;
        while (rest.n > 0) {
                struct single single;
                if (!read_single(&rest, wanted, &single))
                        return why_say(why, GW_REJECT, "the answer is ill-formed");
                if (single.id == OCSP_ID_ANY)
                        continue;
                if (found && single.status != ret->status)
                        return why_say(why, GW_REJECT, "different answers for one certificate");
                if (single.critical)
                        return why_say(why, GW_REJECT, "an unknown critical extension in the answer");
                enum gw_rc rc = check_dates(&single, answer, rules, why);
                if (rc == GW_REJECT)
                        return rc;
                asked = asked || rules->id == OCSP_ID_ANY || rules->id == single.id;
                if (!found || single.this_update.ms > ret->this_update.ms)
                        *ret = single;
                found = true;
        }
        if (!found)
                return why_say(why, GW_REJECT, "the answer is about another certificate");
        if (!asked)
                return why_say(why, GW_REJECT, "the answer names the certificate by another digest than the question");
        return check_dates(ret, answer, rules, why);
}

/* RFC 8954: the OCTET STRING within extnValue. */
static enum gw_rc check_nonce(const struct answer *answer, const struct ocsp_rules *rules, struct why *why)
{
        struct span in = answer->nonce, nonce;
        if (rules->nonce.n == 0)
                return rules->nonce_required ? why_say(why, GW_FAULT, "a nonce is required, but none was sent") : GW_OK;
        if (in.n == 0)
                return rules->nonce_required ? why_say(why, GW_REJECT, "the answer has no nonce") : GW_OK;
        if (!der_take(&in, DER_OCTET_STRING, &nonce) || in.n != 0 || nonce.n != rules->nonce.n || CRYPTO_memcmp(nonce.p, rules->nonce.p, nonce.n) != 0)
                return why_say(why, GW_REJECT, "the answer's nonce is not ours");
        return GW_OK;
}

static enum gw_rc refuse_status(unsigned status, struct why *why)
{
        static const char *const names[] = {"successful", "malformedRequest", "internalError", "tryLater", "4", "sigRequired", "unauthorized"};
        bool later = status == OCSP_RESPONSE_STATUS_INTERNALERROR || status == OCSP_RESPONSE_STATUS_TRYLATER;
        return why_say(why, later ? GW_RETRY : GW_REJECT, "the responder answers %s", status < GW_COUNT(names) ? names[status] : "with an unknown status");
}

static enum gw_rc judge(struct span response, const X509 *certificate, X509 *issuer, const struct ocsp_rules *rules, struct revocation_status *ret,
                        struct why *why)
{
        unsigned status = 0;
        struct span basic;
        struct answer answer = {0};
        struct wanted wanted;
        struct single single = {0};
        if (response.n > OCSP_BYTES_MAX)
                return why_say(why, GW_REJECT, "an answer of %zu bytes", response.n);
        if (!read_envelope(response, &status, &basic))
                return why_say(why, GW_REJECT, "not an OCSP response");
        if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
                return refuse_status(status, why);
        if (!read_basic(basic, &answer))
                return why_say(why, GW_REJECT, "the answer is ill-formed");
        if (!name_wanted(certificate, issuer, &wanted))
                return why_say(why, GW_REJECT, "the certificate has no serial number to ask about");
        enum gw_rc rc = check_signer(&answer, issuer, rules, why);
        if (rc != GW_OK)
                return rc;
        if (answer.critical)
                return why_say(why, GW_REJECT, "an unknown critical extension in the answer");
        rc = check_nonce(&answer, rules, why);
        if (rc == GW_OK)
                rc = find_single(&answer, &wanted, rules, &single, why);
        if (rc != GW_OK)
                return rc;
        if (single.status == STATUS_UNKNOWN)
                return why_say(why, GW_RETRY, "the responder does not know the certificate");
        struct revocation_status result = {.source = REVOCATION_FROM_OCSP, .this_update = single.this_update, .next_update = single.next_update,
                                           .produced_at = answer.produced_at, .revoked_at = single.revoked_at, .reason = single.reason};
        text_sha256(response, result.evidence_sha256);
        result.answer = single.status == STATUS_GOOD ? REVOCATION_GOOD : REVOCATION_BAD;
        *ret = result;
        return GW_OK;
}

enum gw_rc ocsp_check(struct span response, const X509 *certificate, X509 *issuer, const struct ocsp_rules *rules, struct revocation_status *ret, struct why *why)
{
        enum gw_rc rc = judge(response, certificate, issuer, rules, ret, why);
        ERR_clear_error();
        return rc;
}
