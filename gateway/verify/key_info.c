/* KeyInfo: certificates as text, and the names that stand for one. */
#include "gateway/verify/key_info.h"

#include "gateway/base/text.h"
#include "gateway/soap/soap.h"

#define NAME_BYTES_MAX 64 /* SHA-512 */

#define REFUSE(problem, ...) sig_refuse(why, party, problem, __VA_ARGS__)

enum gw_rc key_info_certificate(struct verifier *verifier, enum sig_party party, const xmlNode *node, struct certificate **ret_certificate,
                                struct why *why)
{
        auto_str char *text = xml_text(node);
        auto_buf struct buf der = BUF_LIMIT(KEY_INFO_DER_MAX);
        if (!text || !text_unbase64(&der, span_str(text)) || der.n == 0)
                return REFUSE(SIG_CERTIFICATE_UNREADABLE, "the certificate is not base64 of at most %d bytes", KEY_INFO_DER_MAX);
        return trust_certificate(verifier, party, buf_span(&der), ret_certificate, why);
}

enum gw_rc key_info_named(struct verifier *verifier, enum sig_party party, enum known_by by, const xmlNode *node,
                          struct certificate **ret_certificate, struct why *why)
{
        auto_str char *text = xml_text(node);
        auto_buf struct buf bytes = BUF_LIMIT(NAME_BYTES_MAX);
        if (!text || !text_unbase64(&bytes, span_str(text)) || bytes.n == 0)
                return REFUSE(SIG_KEY_INFO, "the name of a certificate is not base64");
        const struct known_name name = {.by = by, .bytes = buf_span(&bytes)};
        return trust_known(verifier, party, &name, ret_certificate, why);
}

static enum gw_rc by_issuer_serial(struct verifier *verifier, enum sig_party party, const xmlNode *node, struct certificate **ret_certificate,
                                   struct why *why)
{
        const xmlNode *issuer = xml_first_element(node), *serial = xml_next_element(issuer);
        auto_str char *issuer_text = xml_text(issuer), *serial_text = xml_text(serial);
        if (!xml_is(issuer, DSIG_NS, "X509IssuerName") || !xml_is(serial, DSIG_NS, "X509SerialNumber") || xml_next_element(serial) || !issuer_text ||
            !serial_text)
                return REFUSE(SIG_KEY_INFO, "X509IssuerSerial is not an issuer and a serial number");
        const struct known_name name = {.by = KNOWN_BY_ISSUER_SERIAL, .issuer = issuer_text, .serial = serial_text};
        return trust_known(verifier, party, &name, ret_certificate, why);
}

/* dsig11:X509Digest (XML-DSig 1.1, 4.5.4.1), of SHA-2. */
static enum gw_rc by_digest(struct verifier *verifier, enum sig_party party, const xmlNode *node, struct certificate **ret_certificate,
                            struct why *why)
{
        static const struct {
                const char *uri;
                enum known_by by;
        } digests[] = {
                {"http://www.w3.org/2001/04/xmlenc#sha256", KNOWN_BY_SHA256},
                {"http://www.w3.org/2001/04/xmldsig-more#sha384", KNOWN_BY_SHA384},
                {"http://www.w3.org/2001/04/xmlenc#sha512", KNOWN_BY_SHA512},
        };
        auto_str char *uri = xml_attribute(node, NULL, "Algorithm");
        for (size_t i = 0; i < GW_COUNT(digests); i++)
                if (str_eq(uri, digests[i].uri))
                        return key_info_named(verifier, party, digests[i].by, node, ret_certificate, why);
        return REFUSE(SIG_KEY_INFO, "X509Digest: not of SHA-2");
}

/* No certificate: exactly one name of one. */
static enum gw_rc by_name(struct verifier *verifier, enum sig_party party, const xmlNode *x509_data, struct certificate **ret_certificate,
                          struct why *why)
{
        const xmlNode *node = xml_first_element(x509_data);
        if (xml_next_element(node))
                return REFUSE(SIG_KEY_INFO, "X509Data holds several names and no certificate");
        if (xml_is(node, DSIG_NS, "X509IssuerSerial"))
                return by_issuer_serial(verifier, party, node, ret_certificate, why);
        if (xml_is(node, DSIG_NS, "X509SKI"))
                return key_info_named(verifier, party, KNOWN_BY_KEY_IDENTIFIER, node, ret_certificate, why);
        if (xml_is(node, DSIG11_NS, "X509Digest"))
                return by_digest(verifier, party, node, ret_certificate, why);
        return REFUSE(SIG_KEY_INFO, "X509Data holds no certificate");
}

/* The JDK and xmlsec write the chain too. Whose signature it is must not be a guess: all but one are authorities'. */
static enum gw_rc leaf_of_chain(struct verifier *verifier, enum sig_party party, const xmlNode *x509_data, struct certificate **ret_certificate,
                                STACK_OF(X509) **ret_chain, struct why *why)
{
        auto_certificate struct certificate *leaf = NULL;
        gw_auto(x509_chain) STACK_OF(X509) *chain = sk_X509_new_null();
        if (!chain)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        for (const xmlNode *node = xml_first_element(x509_data); node; node = xml_next_element(node)) {
                if (!xml_is(node, DSIG_NS, "X509Certificate"))
                        continue;
                auto_certificate struct certificate *each = NULL;
                enum gw_rc rc = key_info_certificate(verifier, party, node, &each, why);
                if (rc != GW_OK)
                        return rc;
                if (each->is_ca) {
                        GW_ASSERT(X509_up_ref(each->x509) == 1 && sk_X509_push(chain, each->x509) > 0);
                        continue;
                }
                if (leaf)
                        return REFUSE(SIG_KEY_INFO, "X509Data holds several certificates that are not authorities'");
                leaf = gw_take(&each);
        }
        if (!leaf)
                return REFUSE(SIG_KEY_INFO, "X509Data holds authorities' certificates only");
        *ret_certificate = gw_take(&leaf);
        *ret_chain = gw_take(&chain);
        return GW_OK;
}

enum gw_rc key_info_x509_data(struct verifier *verifier, enum sig_party party, const xmlNode *x509_data, struct certificate **ret_certificate,
                              STACK_OF(X509) **ret_chain, struct why *why)
{
        static const char *const names[] = {"X509IssuerSerial", "X509SubjectName", "X509SKI"};
        unsigned count = 0;
        const xmlNode *certificate = xml_child_counted(x509_data, DSIG_NS, "X509Certificate", &count);
        if (!xml_is(x509_data, DSIG_NS, "X509Data"))
                return REFUSE(SIG_KEY_INFO, "KeyInfo is not X509Data: keys, key names and retrieval methods are not accepted");
        for (const xmlNode *node = xml_first_element(x509_data); node; node = xml_next_element(node)) {
                bool expected = xml_is(node, DSIG_NS, "X509Certificate") || xml_is(node, DSIG11_NS, "X509Digest");
                for (size_t i = 0; i < GW_COUNT(names); i++)
                        expected = expected || xml_is(node, DSIG_NS, names[i]);
                if (!expected)
                        return REFUSE(SIG_KEY_INFO, "X509Data holds an unexpected element");
        }
        if (count > KEY_INFO_CHAIN_MAX)
                return REFUSE(SIG_KEY_INFO, "X509Data holds more than %d certificates", KEY_INFO_CHAIN_MAX);
        if (count == 0)
                return by_name(verifier, party, x509_data, ret_certificate, why);
        return count == 1 ? key_info_certificate(verifier, party, certificate, ret_certificate, why)
                          : leaf_of_chain(verifier, party, x509_data, ret_certificate, ret_chain, why);
}
