/* Certificates as text in KeyInfo. */
#include "gateway/base/text.h"
#include "gateway/soap/soap.h"
#include "gateway/verify/key_info.h"

bool key_info_base64(const xmlNode *node, struct buf *der)
{
        auto_str char *text = xml_text(node);
        return text && text_unbase64(der, span_str(text)) && der->n > 0 && der->n <= KEY_INFO_DER_MAX;
}

/* With several certificates it would be a guess which one is the signer's, so one it must be. */
bool key_info_x509_data(const xmlNode *x509_data, struct buf *der)
{
        static const char *const ignored[] = {"X509IssuerSerial", "X509SubjectName", "X509SKI"};
        unsigned count = 0;
        const xmlNode *certificate = xml_child_counted(x509_data, DSIG_NS, "X509Certificate", &count);
        if (!xml_is(x509_data, DSIG_NS, "X509Data") || count != 1)
                return false;
        for (const xmlNode *node = xml_first_element(x509_data); node; node = xml_next_element(node)) {
                bool known = node == certificate;
                for (size_t i = 0; i < GW_COUNT(ignored); i++)
                        known = known || xml_is(node, DSIG_NS, ignored[i]);
                if (!known)
                        return false;
        }
        return key_info_base64(certificate, der);
}
