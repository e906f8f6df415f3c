/* Verifies the proof of a login (gateway/provider/login.h). */
#include "gateway/provider/login.h"

#include "gateway/base/text.h"
#include "gateway/verify/cms_document.h"
#include "gateway/xml/xml.h"

static enum gw_rc not_the_challenge(struct why *why)
{
        return why_set(why, GW_REJECT, REASON_CHALLENGE_UNKNOWN, "what was signed is not this challenge");
}

static enum gw_rc one_signer(size_t count, struct why *why)
{
        return count == 1 ? GW_OK : why_set(why, GW_REJECT, REASON_LOGIN_SIGNATURE, "%zu signers: one person logs in", count);
}

/* What is left of the document once its signature is peeled off must be the challenge, to the byte. */
static enum gw_rc verify_xml(struct verifier *verifier, const struct login_proof *proof, struct wall_time at, struct certificate **ret_certificate, struct why *why)
{
        struct xml_limits limits = xml_limits_default;
        limits.bytes_max = LOGIN_PROOF_MAX;
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(proof->signature, &limits, &doc, why);
        if (rc != GW_OK)
                return rc;
        struct verified_document verified = {.root = NULL};
        rc = verify_document_of(verifier, SIG_LOGIN, doc, at, &verified, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf bare = BUF_INIT;
        rc = one_signer(verified.signer_count, why);
        if (rc == GW_OK && (!xml_c14n(doc, &bare) || !span_eq(buf_span(&bare), proof->challenge)))
                rc = not_the_challenge(why);
        if (rc == GW_OK)
                *ret_certificate = certificate_ref(verified.signers[0]);
        verified_document_done(&verified);
        return rc;
}

static enum gw_rc verify_cms_proof(struct verifier *verifier, const struct login_proof *proof, struct span detached, struct wall_time at, struct certificate **ret_certificate,
                                   struct why *why)
{
        struct verified_cms verified = {.signer_count = 0};
        enum gw_rc rc = verify_cms_of(verifier, SIG_LOGIN, proof->signature, detached, at, &verified, why);
        if (rc != GW_OK)
                return rc;
        rc = one_signer(verified.signer_count, why);
        if (rc == GW_OK && !span_eq(verified.content, proof->challenge))
                rc = not_the_challenge(why);
        if (rc == GW_OK)
                *ret_certificate = certificate_ref(verified.signers[0].certificate);
        verified_cms_done(&verified);
        return rc;
}

/* Is the content inside? */
static bool is_attached(struct span bytes)
{
        auto_cms struct cms *cms = NULL;
        struct why ignored = WHY_INIT;
        return cms_read(bytes, "1.2.840.113549.1.7.1", &cms, &ignored) != CMS_OK || cms_content(cms).p != NULL;
}

static enum gw_rc verify_either(struct verifier *verifier, const struct login_proof *proof, struct wall_time at, struct certificate **ret_certificate, struct why *why)
{
        struct span trimmed = text_trim(proof->signature);
        if (trimmed.n == 0 || trimmed.n > LOGIN_PROOF_MAX)
                return why_set(why, GW_REJECT, REASON_LOGIN_SIGNATURE, "%zu bytes", trimmed.n);
        if (trimmed.p[0] == '<')
                return verify_xml(verifier, proof, at, ret_certificate, why);
        return verify_cms_proof(verifier, proof, is_attached(proof->signature) ? span_of(NULL, 0) : proof->challenge, at, ret_certificate, why);
}

enum gw_rc login_verify(struct verifier *verifier, const struct login_proof *proof, struct wall_time at, struct certificate **ret_certificate, struct why *why)
{
        auto_certificate struct certificate *certificate = NULL;
        enum gw_rc rc = verify_either(verifier, proof, at, &certificate, why);
        if (rc != GW_OK)
                return rc;
        if (!proof->sign_certificates && !certificate->for_authentication)
                return why_set(why, GW_REJECT, REASON_LOGIN_CERTIFICATE, "certificate %s is for signing; here people log in with the one for authentication", certificate->serial);
        *ret_certificate = gw_take(&certificate);
        return GW_OK;
}
