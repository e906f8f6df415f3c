/* Certificates as text in KeyInfo. */
#include "gateway/base/text.h"
#include "gateway/soap/soap.h"
#include "gateway/verify/key_info.h"

enum gw_rc key_info_base64(enum sig_party party, const xmlNode *node, struct buf *der, struct why *why)
{
        auto_str char *text = xml_text(node);
        if (!text || !text_unbase64(der, span_str(text)) || der->n == 0 || der->n > KEY_INFO_DER_MAX)
                return sig_refuse(why, party, SIG_CERTIFICATE_UNREADABLE, "the certificate is not base64 of at most %d bytes", KEY_INFO_DER_MAX);
        return GW_OK;
}

/* With several certificates it would be a guess which one is the signer's, so one it must be. */
enum gw_rc key_info_x509_data(enum sig_party party, const xmlNode *x509_data, struct buf *der, struct why *why)
{
        static const char *const ignored[] = {"X509IssuerSerial", "X509SubjectName", "X509SKI"};
        unsigned count = 0;
        const xmlNode *certificate = xml_child_counted(x509_data, DSIG_NS, "X509Certificate", &count);
        if (!xml_is(x509_data, DSIG_NS, "X509Data"))
                return sig_refuse(why, party, SIG_KEY_INFO, "KeyInfo does not carry an X.509 certificate");
        if (count != 1)
                return sig_refuse(why, party, SIG_KEY_INFO, "X509Data holds %u certificates", count);
        for (const xmlNode *node = xml_first_element(x509_data); node; node = xml_next_element(node)) {
                bool known = node == certificate;
                for (size_t i = 0; i < GW_COUNT(ignored); i++)
                        known = known || xml_is(node, DSIG_NS, ignored[i]);
                if (!known)
                        return sig_refuse(why, party, SIG_KEY_INFO, "X509Data holds an unexpected element");
        }
        return key_info_base64(party, certificate, der, why);
}
