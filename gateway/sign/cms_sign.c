/* CMS from its parts: der_put() and a sorter are all that DER needs. OpenSSL's CMS_sign() would want the private key, which lives elsewhere, and knows no GOST. */
#include "gateway/sign/cms_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/reason.h"

#define DER_SET 0x31
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_CONTEXT_0 0xa0

#define OID(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const struct span oid_signed_data = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), oid_data = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"),
                         oid_content_type = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"), oid_message_digest = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"),
                         oid_signing_time = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"),
                         oid_signing_certificate_v2 = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f");

/* With NULL where RFC 3370, RFC 5754 and НУЦ's signers write it. */
static const struct algorithm { struct span digest, signature; bool digest_null, signature_null; } algorithms[] = {
        [SIGN_RSA_SHA256] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), false, true},
        [SIGN_ECDSA_P256_SHA256] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"), false, false},
        [SIGN_ECDSA_P384_SHA384] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), OID("\x2a\x86\x48\xce\x3d\x04\x03\x03"), false, false},
        [SIGN_GOST2015_512] = {OID("\x2a\x83\x0e\x03\x0a\x01\x03\x03"), OID("\x2a\x83\x0e\x03\x0a\x01\x01\x02\x03\x02"), true, true},
};

static void put_algorithm(struct span oid, bool null, struct buf *out)
{
        auto_buf struct buf inner = BUF_INIT;
        der_put(&inner, DER_OID, oid);
        if (null)
                der_put(&inner, DER_NULL, span_of("", 0));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

/* X.690 11.6: a SET OF in ascending order of its encodings. */
static int compare(const void *a, const void *b)
{
        const struct buf *x = a, *y = b;
        size_t n = x->n < y->n ? x->n : y->n;
        int order = n > 0 ? memcmp(x->p, y->p, n) : 0;
        return order ? order : (x->n > y->n) - (x->n < y->n);
}

static void put_set(struct buf *parts, size_t count, uint8_t tag, struct buf *out)
{
        auto_buf struct buf inner = BUF_INIT;
        qsort(parts, count, sizeof *parts, compare);
        for (size_t i = 0; i < count; i++) {
                buf_add_span(&inner, buf_span(&parts[i]));
                buf_done(&parts[i]);
        }
        der_put(out, tag, buf_span(&inner));
}

static void put_attribute(struct span oid, uint8_t tag, struct span value, struct buf *out)
{
        auto_buf struct buf inner = BUF_INIT, set = BUF_INIT;
        der_put(&set, tag, value);
        der_put(&inner, DER_OID, oid);
        der_put(&inner, DER_SET, buf_span(&set));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

/* RFC 5652 11.3: UTCTime until 2049. */
static void put_signing_time(struct wall_time at, struct buf *out)
{
        time_t seconds = (time_t)(at.ms / 1000);
        struct tm tm;
        char text[32];
        gmtime_r(&seconds, &tm);
        bool utc = tm.tm_year < 150;
        size_t n = strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm), century = utc ? 2 : 0;
        put_attribute(oid_signing_time, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, span_of(text + century, n - century), out);
}

/* ESSCertIDv2 with its default, SHA-256, and without issuerSerial, which the SignerInfo has (RFC 5035 4). */
static void put_signing_certificate(struct span certificate, struct buf *out)
{
        uint8_t sha256[32];
        text_sha256(certificate, sha256);
        auto_buf struct buf id = BUF_INIT, ids = BUF_INIT, value = BUF_INIT;
        der_put(&id, DER_OCTET_STRING, span_of(sha256, sizeof sha256));
        der_put(&ids, DER_SEQUENCE, buf_span(&id));
        der_put(&value, DER_SEQUENCE, buf_span(&ids));
        put_attribute(oid_signing_certificate_v2, DER_SEQUENCE, buf_span(&value), out);
}

/* IssuerAndSerialNumber out of TBSCertificate. */
static bool put_issuer_serial(struct span certificate, struct buf *out)
{
        struct span outer, tbs, version, serial, algorithm, issuer;
        auto_buf struct buf inner = BUF_INIT;
        if (!der_take(&certificate, DER_SEQUENCE, &outer) || !der_take(&outer, DER_SEQUENCE, &tbs) || !der_take(&tbs, DER_CONTEXT_0, &version) ||
            !der_take(&tbs, DER_INTEGER, &serial) || !der_take(&tbs, DER_SEQUENCE, &algorithm) || !der_take_whole(&tbs, DER_SEQUENCE, &issuer))
                return false;
        buf_add_span(&inner, issuer);
        der_put(&inner, DER_INTEGER, serial);
        der_put(out, DER_SEQUENCE, buf_span(&inner));
        return true;
}

/* XML-DSig's r||s as ECDSA-Sig-Value (RFC 5753 7.2); the other kinds are the same in both. */
static void put_signature(enum sign_algorithm algorithm, struct span raw, struct buf *out)
{
        if (algorithm != SIGN_ECDSA_P256_SHA256 && algorithm != SIGN_ECDSA_P384_SHA384) {
                der_put(out, DER_OCTET_STRING, raw);
                return;
        }
        auto_buf struct buf numbers = BUF_INIT, value = BUF_INIT;
        der_put_unsigned(span_of(raw.p, raw.n / 2), &numbers);
        der_put_unsigned(span_of(raw.p + raw.n / 2, raw.n / 2), &numbers);
        der_put(&value, DER_SEQUENCE, buf_span(&numbers));
        der_put(out, DER_OCTET_STRING, buf_span(&value));
}

static enum gw_rc put_signer(const struct signing_key *key, struct span certificate, struct span content, struct wall_time at, struct buf *out, struct why *why)
{
        const struct algorithm *algorithm = &algorithms[key->algorithm];
        uint8_t digest[64];
        auto_buf struct buf inner = BUF_INIT, set = BUF_INIT, raw = BUF_INIT;
        struct buf attributes[4] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
        der_put(&inner, DER_INTEGER, span_of("\1", 1));
        if (!put_issuer_serial(certificate, &inner))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the key's certificate is not of version 3");
        put_algorithm(algorithm->digest, algorithm->digest_null, &inner);
        size_t n = sign_digest(key->algorithm, content, digest);
        put_attribute(oid_content_type, DER_OID, oid_data, &attributes[0]);
        put_attribute(oid_message_digest, DER_OCTET_STRING, span_of(digest, n), &attributes[1]);
        put_signing_certificate(certificate, &attributes[2]);
        if (at.ms)
                put_signing_time(at, &attributes[3]);
        put_set(attributes, at.ms ? 4 : 3, DER_SET, &set);
        n = sign_digest(key->algorithm, buf_span(&set), digest);
        enum gw_rc rc = key->sign(key->ctx, span_of(digest, n), &raw, why);
        if (rc != GW_OK)
                return rc;
        set.p[0] = DER_CONTEXT_0; /* sent as [0] IMPLICIT, signed as SET (RFC 5652 5.4) */
        buf_add_span(&inner, buf_span(&set));
        put_algorithm(algorithm->signature, algorithm->signature_null, &inner);
        put_signature(key->algorithm, buf_span(&raw), &inner);
        der_put(out, DER_SEQUENCE, buf_span(&inner));
        return GW_OK;
}

static void put_content(struct span content, bool detached, struct buf *out)
{
        auto_buf struct buf inner = BUF_INIT, octets = BUF_INIT;
        der_put(&inner, DER_OID, oid_data);
        if (!detached) {
                der_put(&octets, DER_OCTET_STRING, content);
                der_put(&inner, DER_CONTEXT_0, buf_span(&octets));
        }
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

/* One of each. */
static void put_digests(const struct signing_key *const *keys, size_t count, struct buf *out)
{
        struct buf digests[CMS_SIGN_KEYS_MAX] = {{0}};
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
                digests[n] = (struct buf)BUF_INIT;
                put_algorithm(algorithms[keys[i]->algorithm].digest, algorithms[keys[i]->algorithm].digest_null, &digests[n]);
                bool known = false;
                for (size_t k = 0; k < n; k++)
                        known = known || span_eq(buf_span(&digests[k]), buf_span(&digests[n]));
                if (known)
                        buf_done(&digests[n]);
                else
                        n++;
        }
        put_set(digests, n, DER_SET, out);
}

enum gw_rc cms_sign(const struct signing_key *const *keys, size_t count, struct span content, bool detached, struct wall_time at, struct buf *out, struct why *why)
{
        GW_ASSERT(count >= 1 && count <= CMS_SIGN_KEYS_MAX);
        if (content.n > CMS_SIGN_CONTENT_MAX)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "a content of more than %zu bytes", CMS_SIGN_CONTENT_MAX);
        struct buf certificates[CMS_SIGN_KEYS_MAX] = {{0}}, signers[CMS_SIGN_KEYS_MAX] = {{0}};
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; i < count; i++) {
                certificates[i] = signers[i] = (struct buf)BUF_INIT;
                if (rc == GW_OK && !text_unbase64(&certificates[i], span_str(keys[i]->certificate_base64)))
                        rc = why_set(why, GW_FAULT, REASON_INTERNAL, "the key's certificate");
                if (rc == GW_OK)
                        rc = put_signer(keys[i], buf_span(&certificates[i]), content, at, &signers[i], why);
        }
        auto_buf struct buf data = BUF_INIT, wrapped = BUF_INIT, info = BUF_INIT;
        der_put(&data, DER_INTEGER, span_of("\1", 1));
        put_digests(keys, count, &data);
        put_content(content, detached, &data);
        put_set(certificates, count, DER_CONTEXT_0, &data);
        put_set(signers, count, DER_SET, &data);
        if (rc != GW_OK)
                return rc;
        der_put(&wrapped, DER_SEQUENCE, buf_span(&data));
        der_put(&info, DER_OID, oid_signed_data);
        der_put(&info, DER_CONTEXT_0, buf_span(&wrapped));
        der_put(out, DER_SEQUENCE, buf_span(&info));
        return buf_failed(out) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the CMS is too large") : GW_OK;
}
