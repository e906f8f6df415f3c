/* CMS signatures over a document: structure and arithmetic are pki/cms.c's, trust is decided here. */
#include "gateway/verify/cms_document.h"

#include <stdio.h>

#include <openssl/x509.h>

#include "gateway/base/text.h"
#include "gateway/verify/trust.h"

#define REFUSE(problem, ...) sig_refuse(why, party, problem, __VA_ARGS__)
#define CONTENT_DATA "1.2.840.113549.1.7.1"
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

static void free_der(unsigned char *der)
{
        OPENSSL_free(der);
}
GW_DEFINE_AUTO(der, unsigned char, free_der)
static void free_list(STACK_OF(X509) *list)
{
        sk_X509_free(list);
}
GW_DEFINE_AUTO(certificates, STACK_OF(X509), free_list)

static enum gw_rc refuse_cms(enum sig_party party, enum cms_problem problem, const struct why *detail, struct why *why)
{
        static const enum sig_problem problems[] = {
                [CMS_STRUCTURE] = SIG_STRUCTURE,
                [CMS_ALGORITHM] = SIG_ALGORITHM,
                [CMS_KEY] = SIG_KEY_MISMATCH,
                [CMS_CERTIFICATE_MISSING] = SIG_CERTIFICATE_UNREADABLE,
                [CMS_CONTENT_MISSING] = SIG_COVERAGE,
                [CMS_COVERAGE] = SIG_COVERAGE,
                [CMS_DIGEST] = SIG_DIGEST,
                [CMS_VALUE] = SIG_INVALID,
                [CMS_PROPERTIES] = SIG_PROPERTIES,
        };
        if (problem == CMS_UNREADABLE)
                return why_set(why, GW_REJECT, REASON_CMS_MALFORMED, "%s", detail->detail);
        return REFUSE(problems[problem], "%s", detail->detail);
}

static enum gw_rc load_certificate(struct verifier *verifier, enum sig_party party, X509 *x509, struct certificate **ret, struct why *why)
{
        if (!x509)
                return REFUSE(SIG_CERTIFICATE_UNREADABLE, "the certificate that the signer names is not inside");
        gw_auto(der) unsigned char *der = NULL;
        int n = i2d_X509(x509, &der);
        return n > 0 ? trust_certificate(verifier, party, span_of(der, (size_t)n), ret, why) : REFUSE(SIG_CERTIFICATE_UNREADABLE, "a certificate");
}

static enum gw_rc check_strength(enum sig_party party, const struct certificate *certificate, struct why *why)
{
        bool rsa = certificate->key && EVP_PKEY_is_a(certificate->key, "RSA");
        if (rsa && certificate->key_bits < RSA_BITS_MIN)
                return REFUSE(SIG_KEY_WEAK, "RSA with %u bits", certificate->key_bits);
        if (rsa && certificate->key_bits > RSA_BITS_MAX)
                return REFUSE(SIG_ALGORITHM, "RSA with %u bits", certificate->key_bits);
        return GW_OK;
}

/* CAdES-T (ETSI EN 319 122-1 5.3): the token is over the signature value. */
static enum gw_rc check_stamp(struct verifier *verifier, enum sig_party party, const struct cms_signer *signer, struct wall_time at, struct verified_cms_signer *ret, struct why *why)
{
        if (party == SIG_LOGIN)
                return GW_OK;
        if (!signer->time_stamp.p)
                return trust_policy(verifier)->stamp_required ? REFUSE(SIG_TIMESTAMP_MISSING, "no signatureTimeStampToken") : GW_OK;
        enum gw_rc rc = time_stamp_check(verifier, party, signer->time_stamp, signer->signature, at, &ret->stamp, why);
        ret->has_stamp = rc == GW_OK;
        return rc;
}

static enum gw_rc check_signer(struct verifier *verifier, enum sig_party party, const struct cms *cms, size_t i, struct span content, struct wall_time at, struct verified_cms_signer *ret,
                               struct why *why)
{
        struct cms_signer signer;
        cms_signer(cms, i, &signer);
        ret->algorithm = signer.algorithm;
        ret->signing_time = signer.signing_time;
        enum gw_rc rc = trust_check_gost(verifier, party, signer.gost, at, why);
        if (rc == GW_OK)
                rc = load_certificate(verifier, party, signer.x509, &ret->certificate, why);
        if (rc == GW_OK)
                rc = check_strength(party, ret->certificate, why);
        if (rc != GW_OK)
                return rc;
        struct why detail = WHY_INIT;
        trust_count_signature(verifier);
        enum cms_problem problem = cms_check_signer(cms, i, signer.x509, content, &detail);
        if (problem != CMS_OK)
                return refuse_cms(party, problem, &detail, why);
        rc = check_stamp(verifier, party, &signer, at, ret, why);
        if (rc != GW_OK)
                return rc;
        gw_auto(certificates) STACK_OF(X509) *untrusted = cms_certificates(cms); /* RFC 5652 5.1: "sufficient to contain certification paths" */
        return ret->has_stamp ? trust_check_stamped(verifier, party, ret->certificate, untrusted, ret->stamp.at, at, why)
                              : trust_check_with(verifier, party, ret->certificate, untrusted, at, why);
}

static enum gw_rc check_all(struct verifier *verifier, enum sig_party party, struct span detached, struct wall_time at, struct verified_cms *made, struct why *why)
{
        size_t count = cms_signer_count(made->cms);
        if (count > VERIFY_SIGNERS_MAX)
                return REFUSE(SIG_SEVERAL, "more than %d signers", VERIFY_SIGNERS_MAX);
        for (size_t i = 0; i < count; i++) {
                made->signer_count++;
                enum gw_rc rc = check_signer(verifier, party, made->cms, i, detached, at, &made->signers[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        made->content = detached.p ? detached : cms_content(made->cms);
        return GW_OK;
}

enum gw_rc verify_cms(struct verifier *verifier, struct span bytes, struct span detached, struct wall_time at, struct verified_cms *ret, struct why *why)
{
        return verify_cms_of(verifier, SIG_APPLICANT, bytes, detached, at, ret, why);
}

enum gw_rc verify_cms_of(struct verifier *verifier, enum sig_party party, struct span bytes, struct span detached, struct wall_time at, struct verified_cms *ret, struct why *why)
{
        struct verified_cms made = {.signer_count = 0};
        struct why detail = WHY_INIT;
        enum cms_problem problem = cms_read(bytes, CONTENT_DATA, &made.cms, &detail);
        if (problem != CMS_OK)
                return refuse_cms(party, problem, &detail, why);
        enum gw_rc rc = check_all(verifier, party, detached, at, &made, why);
        if (rc == GW_OK)
                *ret = made;
        else
                verified_cms_done(&made);
        return rc;
}

void verified_cms_facts(const struct verified_cms *verified, size_t i, struct signature_facts *ret_facts)
{
        const struct verified_cms_signer *signer = &verified->signers[i];
        *ret_facts = (struct signature_facts){.level = signer->has_stamp ? "CAdES-T" : "CMS", .signing_time = signer->signing_time, .covered_count = 1};
        snprintf(ret_facts->algorithm, sizeof ret_facts->algorithm, "%s", signer->algorithm);
        uint8_t digest[32];
        auto_buf struct buf base64 = BUF_INIT;
        text_sha256(verified->content, digest);
        text_base64(&base64, span_of(digest, sizeof digest));
        ret_facts->covered[0] = (struct covered){.what = "content", .hash = "sha256"};
        snprintf(ret_facts->covered[0].digest, sizeof ret_facts->covered[0].digest, "%s", buf_cstr(&base64));
        if (!signer->has_stamp)
                return;
        ret_facts->stamped_at = signer->stamp.at;
        snprintf(ret_facts->stamp_policy, sizeof ret_facts->stamp_policy, "%s", signer->stamp.policy);
        snprintf(ret_facts->stamp_authority, sizeof ret_facts->stamp_authority, "%s", signer->stamp.authority->common_name);
}

void verified_cms_done(struct verified_cms *verified)
{
        for (size_t i = 0; i < verified->signer_count; i++) {
                certificate_unref(verified->signers[i].certificate);
                time_stamp_done(&verified->signers[i].stamp);
        }
        cms_free(verified->cms);
        *verified = (struct verified_cms){.signer_count = 0};
}
