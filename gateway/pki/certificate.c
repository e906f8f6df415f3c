/* Decodes a certificate of the national EDS: who (subject), for what (key usage, EKU), until when. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/gost/provider.h"
#include "gateway/pki/certificate.h"
#include "gateway/pki/path.h"
#include "gateway/pki/x509_parts.h"

#define DER_MAX 16384 /* НУЦ's are 1-2 KB */

GW_DEFINE_AUTO(x509, X509, X509_free)

/* Interfaces 3.2. */
#define EKU_EMAIL_PROTECTION "1.3.6.1.5.5.7.3.4"
#define EKU_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
static const struct {
        const char *oid;
        unsigned role;
} roles[] = {
        {"1.2.398.3.3.4.1.1", ROLE_INDIVIDUAL},   {"1.2.398.3.3.4.1.2", ROLE_LEGAL},     {"1.2.398.3.3.4.1.2.1", ROLE_HEAD},
        {"1.2.398.3.3.4.1.2.2", ROLE_SIGN_RIGHT}, {"1.2.398.3.3.4.1.2.3", ROLE_FINANCE}, {"1.2.398.3.3.4.1.2.4", ROLE_HR},
        {"1.2.398.3.3.4.1.2.5", ROLE_EMPLOYEE},   {"1.2.398.3.3.4.1.2.6", ROLE_SYSTEM},
};

/* Subject attribute as UTF-8, cut between characters; false when it holds a NUL, with which a name shows one thing to C and another
 * to people. */
static bool copy_utf8(const X509_NAME_ENTRY *entry, char *out, size_t size)
{
        unsigned char *utf8 = NULL;
        int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
        if (n < 0)
                return false;
        bool whole = !memchr(utf8, 0, (size_t)n);
        size_t keep = (size_t)n < size ? (size_t)n : size - 1;
        while (keep < (size_t)n && keep > 0 && (utf8[keep] & 0xC0) == 0x80)
                keep--;
        memcpy(out, utf8, keep);
        out[keep] = '\0';
        OPENSSL_free(utf8);
        return whole;
}

/* prefix + 12 digits. A second, different number makes the first one worthless: fail closed. */
static void take_number(const char *value, const char *prefix, char number[13], bool *conflict)
{
        if (!str_starts(value, prefix))
                return;
        const char *digits = value + strlen(prefix);
        if (strlen(digits) != 12 || strspn(digits, "0123456789") != 12)
                return;
        *conflict = *conflict || (*number && !str_eq(number, digits));
        memcpy(number, digits, 13);
}

/* Interfaces 3.1: IIN in serialNumber; BIN in OU, or in serialNumber of older ones. */
static bool read_subject(struct certificate *certificate)
{
        const X509_NAME *subject = X509_get_subject_name(certificate->x509);
        bool iin_conflict = false, bin_conflict = false;
        for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
                const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
                int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
                if (nid != NID_commonName && nid != NID_organizationName && nid != NID_serialNumber && nid != NID_organizationalUnitName)
                        continue;
                char value[sizeof certificate->common_name];
                if (!copy_utf8(entry, value, sizeof value))
                        return false;
                if (nid == NID_commonName)
                        memcpy(certificate->common_name, value, sizeof value);
                if (nid == NID_organizationName)
                        memcpy(certificate->organisation, value, sizeof value);
                if (nid == NID_serialNumber)
                        take_number(value, "IIN", certificate->iin, &iin_conflict);
                if (nid == NID_serialNumber || nid == NID_organizationalUnitName)
                        take_number(value, "BIN", certificate->bin, &bin_conflict);
        }
        if (iin_conflict)
                certificate->iin[0] = '\0';
        if (bin_conflict)
                certificate->bin[0] = '\0';
        return true;
}

static void read_usage(struct certificate *certificate)
{
        const uint32_t sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
        bool email = false, client = false;
        EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate->x509, NID_ext_key_usage, NULL, NULL);
        for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
                char oid[64];
                if (OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usages, i), 1) <= 0)
                        continue;
                email = email || str_eq(oid, EKU_EMAIL_PROTECTION);
                client = client || str_eq(oid, EKU_CLIENT_AUTH);
                for (size_t k = 0; k < GW_COUNT(roles); k++)
                        if (str_eq(oid, roles[k].oid))
                                certificate->roles |= roles[k].role;
        }
        EXTENDED_KEY_USAGE_free(usages);
        /* Without the extension X509_get_key_usage() says "everything": absent is not allowed here. */
        bool present = (X509_get_extension_flags(certificate->x509) & EXFLAG_KUSAGE) != 0;
        certificate->for_signing = email && present && (X509_get_key_usage(certificate->x509) & sign) == sign;
        certificate->for_authentication = client && present && (X509_get_key_usage(certificate->x509) & KU_DIGITAL_SIGNATURE);
}

static bool read_serial(struct certificate *certificate)
{
        const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate->x509);
        auto_buf struct buf hex = BUF_INIT;
        if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) /* not what RFC 5280 4.1.2.2 wants, and another number than its amount */
                buf_add_char(&hex, '-');
        text_hex(&hex, span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
        if (buf_failed(&hex) || hex.n == 0 || hex.n >= sizeof certificate->serial)
                return false;
        for (size_t i = 0; i <= hex.n; i++)
                certificate->serial[i] = (char)toupper(buf_cstr(&hex)[i]);
        return true;
}

/* No key for what nobody here can read: such a certificate is refused when something was signed with it. OpenSSL has decoded the key with
 * the certificate; a national one through gost/provider.h. */
static void read_key(struct certificate *certificate)
{
        EVP_PKEY *key = X509_get0_pubkey(certificate->x509);
        if (!key || EVP_PKEY_up_ref(key) != 1)
                return;
        certificate->key = key;
        bool anybodys = EVP_PKEY_is_a(key, "RSA") && !parts_rsa_sound(key);
        certificate->key_bits = anybodys ? 0 : (unsigned)EVP_PKEY_get_bits(key);
        certificate->gost = gost_provider_key(key);
}

static bool read_all(struct certificate *certificate)
{
        X509 *x509 = certificate->x509;
        if (X509_check_purpose(x509, -1, 0) != 1 || (X509_get_extension_flags(x509) & EXFLAG_INVALID)) /* extensions parse */
                return false;
        certificate->is_ca = (X509_get_extension_flags(x509) & EXFLAG_CA) != 0 || X509_check_ca(x509) != 0;
        read_usage(certificate);
        read_key(certificate);
        return read_subject(certificate) && read_serial(certificate) && x509_time(X509_get0_notBefore(x509), &certificate->not_before) &&
               x509_time(X509_get0_notAfter(x509), &certificate->not_after);
}

enum gw_rc certificate_decode(struct span der, struct certificate **ret_certificate, struct why *why)
{
        if (der.n == 0 || der.n > DER_MAX)
                return why_say(why, GW_REJECT, "a certificate of %zu bytes", der.n);
        const unsigned char *p = der.p;
        gw_auto(x509) X509 *x509 = d2i_X509(NULL, &p, (long)der.n);
        if (!x509 || p != der.p + der.n) {
                ERR_clear_error();
                return why_say(why, GW_REJECT, x509 ? "bytes after the certificate" : "not a DER certificate");
        }
        auto_certificate struct certificate *certificate = xcalloc(1, sizeof *certificate);
        certificate->references = 1;
        certificate->x509 = gw_take(&x509);
        text_sha256(der, certificate->sha256);
        bool read = read_all(certificate);
        ERR_clear_error(); /* an unknown key type leaves its complaint in this thread's queue */
        if (!read)
                return why_say(why, GW_REJECT, "the certificate's names, dates or extensions are ill-formed");
        *ret_certificate = gw_take(&certificate);
        return GW_OK;
}

struct certificate *certificate_ref(struct certificate *certificate)
{
        if (certificate)
                certificate->references++;
        return certificate;
}

void certificate_unref(struct certificate *certificate)
{
        if (!certificate || --certificate->references > 0)
                return;
        struct certificate_attachment *attachment = certificate->attachment;
        if (attachment)
                attachment->free(attachment);
        EVP_PKEY_free(certificate->key); /* after the attachment, which may borrow from it */
        X509_free(certificate->x509);
        certificate_chain_unref(certificate->chain);
        free(certificate);
}

struct certificate_chain *certificate_chain_ref(struct certificate_chain *chain)
{
        if (chain)
                chain->references++;
        return chain;
}

void certificate_chain_unref(struct certificate_chain *chain)
{
        if (!chain || --chain->references > 0)
                return;
        for (size_t i = 0; i < chain->count; i++) {
                certificate_unref(chain->authorities[i]);
                X509_free(chain->issuers[i]);
        }
        free(chain);
}
