/* The time-stamping authority. OpenSSL's TS code reads the request and writes the answer; where it would refuse to (GOST keys and imprints,
 * certificates that may not stamp, lies in TSTInfo) its TSTInfo is taken and signed anew as CMS (RFC 5652, RFC 3161 2.4.2). */
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/pki/pki.h"
#include "gateway/gost/der.h"
#include "gateway/gost/gost.h"

#define DAY 86400

GW_DEFINE_AUTO(query, TS_REQ, TS_REQ_free)
GW_DEFINE_AUTO(answer, TS_RESP, TS_RESP_free)
GW_DEFINE_AUTO(context, TS_RESP_CTX, TS_RESP_CTX_free)

struct stamping {
        struct pki *pki;
        enum branch branch;
        unsigned fault;
        time_t at;
};

/* ---- OpenSSL's part ---- */

static ASN1_INTEGER *next_serial(struct TS_resp_ctx *context, void *arg)
{
        const struct stamping *s = arg;
        (void)context;
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        GW_ASSERT(serial && ASN1_INTEGER_set_int64(serial, ++s->pki->time_stamp_serial));
        return serial;
}

static int say_time(struct TS_resp_ctx *context, void *arg, long *ret_seconds, long *ret_microseconds)
{
        const struct stamping *s = arg;
        if (s->fault == TSA_NO_TIME) {
                TS_RESP_CTX_set_status_info(context, TS_STATUS_REJECTION, "Time is not available.");
                TS_RESP_CTX_add_failure_info(context, TS_INFO_TIME_NOT_AVAILABLE);
                return 0;
        }
        *ret_seconds = (long)(s->fault == TSA_FUTURE ? s->at + DAY : s->fault == TSA_PAST ? s->at - DAY : s->at);
        *ret_microseconds = 0;
        return 1;
}

static TS_RESP *ask_openssl(struct stamping *s, TS_REQ *query)
{
        const struct signer *tsa = &s->pki->services[BRANCH_RSA][SERVICE_TSA];
        gw_auto(context) TS_RESP_CTX *context = TS_RESP_CTX_new();
        ASN1_OBJECT *policy = OBJ_txt2obj(TSA_POLICY, 1);
        BIO *in = BIO_new(BIO_s_mem());
        GW_ASSERT(context && policy && in && i2d_TS_REQ_bio(in, query) == 1);
        GW_ASSERT(TS_RESP_CTX_set_signer_cert(context, tsa->x509) && TS_RESP_CTX_set_signer_key(context, tsa->pkey) &&
                  TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) && TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) &&
                  TS_RESP_CTX_set_def_policy(context, policy) && TS_RESP_CTX_set_accuracy(context, 1, 0, 0) && TS_RESP_CTX_add_md(context, EVP_sha256()) &&
                  TS_RESP_CTX_add_md(context, EVP_sha384()) && TS_RESP_CTX_add_md(context, EVP_sha512()));
        TS_RESP_CTX_set_serial_cb(context, next_serial, s);
        TS_RESP_CTX_set_time_cb(context, say_time, s);
        TS_RESP *answer = TS_RESP_create_response(context, in);
        GW_ASSERT(answer);
        BIO_free(in);
        ASN1_OBJECT_free(policy);
        return answer;
}

/* ---- imprints of GOST, which OpenSSL would call a bad algorithm ---- */

static enum gost_kind imprint_kind(TS_REQ *query)
{
        /* interfaces 4.1 */
        static const struct { const char *oid; enum gost_kind kind; } kinds[] = {{"1.2.398.3.10.1.3.1", GOST_2004}, {"1.2.398.3.10.1.3.1.1.0", GOST_2004},
                                                                                 {"1.2.398.3.10.1.3.3", GOST_2015}};
        char name[80];
        TS_MSG_IMPRINT *imprint = TS_REQ_get_msg_imprint(query);
        OBJ_obj2txt(name, sizeof name, TS_MSG_IMPRINT_get_algo(imprint)->algorithm, 1);
        for (size_t i = 0; i < GW_COUNT(kinds); i++)
                if (str_eq(name, kinds[i].oid) && (size_t)ASN1_STRING_length(TS_MSG_IMPRINT_get_msg(imprint)) == gost_size(kinds[i].kind))
                        return kinds[i].kind;
        return GOST_NONE;
}

/* The same question over a digest that OpenSSL knows, of the same length. */
static TS_REQ *with_known_imprint(TS_REQ *query, enum gost_kind kind)
{
        TS_REQ *other = TS_REQ_dup(query);
        X509_ALGOR *algorithm = X509_ALGOR_new();
        GW_ASSERT(other && algorithm && X509_ALGOR_set0(algorithm, OBJ_nid2obj(kind == GOST_2015 ? NID_sha512 : NID_sha256), V_ASN1_NULL, NULL) &&
                  TS_MSG_IMPRINT_set_algo(TS_REQ_get_msg_imprint(other), algorithm));
        X509_ALGOR_free(algorithm);
        return other;
}

/* ---- our part: TSTInfo changed and signed again ---- */

static void change_info(TS_TST_INFO *info, TS_REQ *query, unsigned fault)
{
        GW_ASSERT(TS_TST_INFO_set_msg_imprint(info, TS_REQ_get_msg_imprint(query)));
        if (fault == TSA_WRONG_IMPRINT) {
                TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
                TS_MSG_IMPRINT_get_msg(imprint)->data[0] ^= 1;
        } else if (fault == TSA_WRONG_NONCE) {
                ASN1_INTEGER *nonce = ASN1_INTEGER_new();
                GW_ASSERT(nonce && ASN1_INTEGER_set_uint64(nonce, 4711) && TS_TST_INFO_set_nonce(info, nonce));
                ASN1_INTEGER_free(nonce);
        } else if (fault == TSA_WRONG_POLICY) {
                ASN1_OBJECT *policy = OBJ_txt2obj("1.2.398.3.3.2.6.1", 1);
                GW_ASSERT(policy && TS_TST_INFO_set_policy_id(info, policy));
                ASN1_OBJECT_free(policy);
        }
}

/* Without nonce: OpenSSL cannot take it out, so the question without one is stamped. */
static TS_REQ *without_nonce(TS_REQ *query)
{
        TS_REQ *other = TS_REQ_new();
        GW_ASSERT(other && TS_REQ_set_version(other, 1) && TS_REQ_set_msg_imprint(other, TS_REQ_get_msg_imprint(query)) &&
                  TS_REQ_set_cert_req(other, TS_REQ_get_cert_req(query)));
        if (TS_REQ_get_policy_id(query))
                GW_ASSERT(TS_REQ_set_policy_id(other, TS_REQ_get_policy_id(query)));
        return other;
}

static void put_oid(struct buf *out, const char *oid)
{
        ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
        GW_ASSERT(object);
        PUT_DER(out, i2d_ASN1_OBJECT, object);
        ASN1_OBJECT_free(object);
}

/* Attribute ::= SEQUENCE { type, SET OF one value } */
static void put_attribute(struct buf *out, const char *oid, struct span value)
{
        auto_buf struct buf inner = BUF_INIT;
        put_oid(&inner, oid);
        put_tagged(&inner, 0x31, value);
        put_tagged(out, DER_SEQUENCE, buf_span(&inner));
}

static int shorter_first(const void *a, const void *b)
{
        const struct buf *one = a, *two = b; /* X.690 11.6: by bytes; lengths stand in the second byte and all are below 128 */
        int order = memcmp(one->p, two->p, one->n < two->n ? one->n : two->n);
        return order ? order : one->n < two->n ? -1 : 1;
}

/* contentType, signingTime, messageDigest, signingCertificateV2 (RFC 5035: SHA-256 by default), in DER order. */
static void put_signed_attributes(struct buf *out, const struct signer *signer, struct span info, time_t now)
{
        struct buf attributes[4] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
        auto_buf struct buf type = BUF_INIT, at = BUF_INIT, digest = BUF_INIT, digest_value = BUF_INIT, id = BUF_INIT, ids = BUF_INIT, list = BUF_INIT, certificate = BUF_INIT;
        put_oid(&type, "1.2.840.113549.1.9.16.1.4");
        put_attribute(&attributes[0], "1.2.840.113549.1.9.3", buf_span(&type));
        ASN1_TIME *time = ASN1_TIME_set(NULL, now);
        PUT_DER(&at, i2d_ASN1_TIME, time);
        ASN1_TIME_free(time);
        put_attribute(&attributes[1], "1.2.840.113549.1.9.5", buf_span(&at));
        signer_digest(signer, info, &digest);
        put_tagged(&digest_value, DER_OCTET_STRING, buf_span(&digest));
        put_attribute(&attributes[2], "1.2.840.113549.1.9.4", buf_span(&digest_value));
        uint8_t sha256[32];
        PUT_DER(&certificate, i2d_X509, signer->x509);
        GW_ASSERT(EVP_Digest(certificate.p, certificate.n, sha256, NULL, EVP_sha256(), NULL));
        put_tagged(&id, DER_OCTET_STRING, span_of(sha256, sizeof sha256));
        put_tagged(&ids, DER_SEQUENCE, buf_span(&id));
        put_tagged(&list, DER_SEQUENCE, buf_span(&ids));
        buf_reset(&id);
        put_tagged(&id, DER_SEQUENCE, buf_span(&list));
        put_attribute(&attributes[3], "1.2.840.113549.1.9.16.2.47", buf_span(&id));
        qsort(attributes, GW_COUNT(attributes), sizeof attributes[0], shorter_first);
        for (size_t i = 0; i < GW_COUNT(attributes); i++) {
                buf_add_span(out, buf_span(&attributes[i]));
                buf_done(&attributes[i]);
        }
}

/* SignerInfo, RFC 5652 5.3 */
static void put_signer_info(struct buf *out, const struct signer *signer, struct span info, time_t now)
{
        auto_buf struct buf inner = BUF_INIT, sid = BUF_INIT, attributes = BUF_INIT, signed_form = BUF_INIT;
        buf_add(&inner, "\x02\x01\x01", 3);
        PUT_DER(&sid, i2d_X509_NAME, X509_get_issuer_name(signer->x509));
        PUT_DER(&sid, i2d_ASN1_INTEGER, X509_get0_serialNumber(signer->x509));
        put_tagged(&inner, DER_SEQUENCE, buf_span(&sid));
        signer_put_digest(signer, &inner);
        put_signed_attributes(&attributes, signer, info, now);
        put_tagged(&inner, 0xa0, buf_span(&attributes));
        put_tagged(&signed_form, 0x31, buf_span(&attributes)); /* 5.4: signed as SET OF */
        signer_sign(signer, buf_span(&signed_form), false, &inner);
        put_tagged(out, DER_SEQUENCE, buf_span(&inner));
}

/* ContentInfo of the token, RFC 3161 2.4.2 */
static void put_token(struct buf *out, const struct signer *signer, struct span info, bool certificate, time_t now)
{
        auto_buf struct buf data = BUF_INIT, part = BUF_INIT, content = BUF_INIT, octets = BUF_INIT, whole = BUF_INIT, wrapped = BUF_INIT;
        buf_add(&data, "\x02\x01\x03", 3);
        signer_put_digest(signer, &part);
        put_tagged(&data, 0x31, buf_span(&part));
        put_oid(&content, "1.2.840.113549.1.9.16.1.4");
        put_tagged(&octets, DER_OCTET_STRING, info);
        put_tagged(&content, 0xa0, buf_span(&octets));
        put_tagged(&data, DER_SEQUENCE, buf_span(&content));
        if (certificate) {
                auto_buf struct buf der = BUF_INIT;
                PUT_DER(&der, i2d_X509, signer->x509);
                put_tagged(&data, 0xa0, buf_span(&der));
        }
        buf_reset(&part);
        put_signer_info(&part, signer, info, now);
        put_tagged(&data, 0x31, buf_span(&part));
        put_tagged(&whole, DER_SEQUENCE, buf_span(&data));
        put_oid(&wrapped, "1.2.840.113549.1.7.2");
        put_tagged(&wrapped, 0xa0, buf_span(&whole));
        put_tagged(out, DER_SEQUENCE, buf_span(&wrapped));
}

static const struct signer *choose_signer(const struct stamping *s)
{
        const struct signer *services = s->pki->services[s->branch];
        switch (s->fault) {
        case TSA_FOREIGN:
                return &services[SERVICE_TSA_FOREIGN];
        case TSA_NO_EKU:
                return &services[SERVICE_TSA_NO_EKU];
        case TSA_PLAIN_EKU:
                return &services[SERVICE_TSA_PLAIN_EKU];
        case TSA_EXPIRED:
                return &services[SERVICE_TSA_EXPIRED];
        default:
                return &services[SERVICE_TSA];
        }
}

static void put_again(const struct stamping *s, TS_RESP *answer, TS_REQ *query, struct buf *out)
{
        auto_buf struct buf info = BUF_INIT, inner = BUF_INIT;
        change_info(TS_RESP_get_tst_info(answer), query, s->fault);
        PUT_DER(&info, i2d_TS_TST_INFO, TS_RESP_get_tst_info(answer));
        buf_add(&inner, "\x30\x03\x02\x01", 4); /* PKIStatusInfo: granted, or grantedWithMods */
        buf_add_char(&inner, s->fault == TSA_MODS ? 1 : 0);
        put_token(&inner, choose_signer(s), buf_span(&info), TS_REQ_get_cert_req(query) && s->fault != TSA_NO_CERTIFICATE, s->at);
        put_tagged(out, DER_SEQUENCE, buf_span(&inner));
}

static void put_rejection(int failure, const char *text, struct buf *out)
{
        gw_auto(answer) TS_RESP *answer = TS_RESP_new();
        TS_STATUS_INFO *status = TS_STATUS_INFO_new();
        ASN1_UTF8STRING *line = ASN1_UTF8STRING_new();
        STACK_OF(ASN1_UTF8STRING) *lines = sk_ASN1_UTF8STRING_new_null();
        ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
        GW_ASSERT(answer && status && line && lines && bits && TS_STATUS_INFO_set_status(status, TS_STATUS_REJECTION));
        GW_ASSERT(ASN1_STRING_set(line, text, -1) && sk_ASN1_UTF8STRING_push(lines, line) && ASN1_BIT_STRING_set_bit(bits, failure, 1));
        auto_buf struct buf inner = BUF_INIT, info = BUF_INIT, texts = BUF_INIT;
        buf_add(&info, "\x02\x01\x02", 3); /* rejection */
        PUT_DER(&texts, i2d_ASN1_UTF8STRING, line);
        put_tagged(&info, DER_SEQUENCE, buf_span(&texts));
        PUT_DER(&info, i2d_ASN1_BIT_STRING, bits);
        put_tagged(&inner, DER_SEQUENCE, buf_span(&info));
        put_tagged(out, DER_SEQUENCE, buf_span(&inner));
        sk_ASN1_UTF8STRING_pop_free(lines, ASN1_UTF8STRING_free);
        ASN1_BIT_STRING_free(bits);
        TS_STATUS_INFO_free(status);
}

static bool is_openssls(const struct stamping *s)
{
        return s->branch == BRANCH_RSA && (s->fault < PKI_COMMON_COUNT || s->fault == TSA_FUTURE || s->fault == TSA_PAST || s->fault == TSA_NO_NONCE);
}

static TS_REQ *parse(struct span request)
{
        const unsigned char *p = request.p;
        TS_REQ *query = request.n > 0 ? d2i_TS_REQ(NULL, &p, (long)request.n) : NULL;
        if (query && p != request.p + request.n) {
                TS_REQ_free(query);
                return NULL;
        }
        return query;
}

void tsa_answer(struct pki *pki, enum branch branch, struct span request, unsigned fault, struct wall_time now, struct buf *out)
{
        struct stamping s = {.pki = pki, .branch = branch, .fault = fault, .at = (time_t)(now.ms / 1000)};
        gw_auto(query) TS_REQ *query = parse(request);
        if (!query) {
                pki->malformed++;
                put_rejection(TS_INFO_BAD_DATA_FORMAT, "Bad request format or system error.", out);
                return;
        }
        if (fault == TSA_REJECTION) {
                put_rejection(TS_INFO_BAD_REQUEST, "Not for you.", out);
                return;
        }
        enum gost_kind gost = imprint_kind(query);
        gw_auto(query) TS_REQ *bare = fault == TSA_NO_NONCE ? without_nonce(query) : NULL;
        gw_auto(query) TS_REQ *known = gost != GOST_NONE ? with_known_imprint(bare ? bare : query, gost) : NULL;
        gw_auto(answer) TS_RESP *answer = ask_openssl(&s, known ? known : bare ? bare : query);
        if (!TS_RESP_get_tst_info(answer) || (gost == GOST_NONE && is_openssls(&s))) /* refused, or as it should be */
                PUT_DER(out, i2d_TS_RESP, answer);
        else
                put_again(&s, answer, query, out);
        if (fault == PKI_BAD_SIGNATURE && out->n > 0)
                out->p[out->n - 1] ^= 1; /* the signature stands last */
}
