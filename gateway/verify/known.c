/* Certificates of known parties. */
#include "gateway/verify/known.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"

#define FILE_MAX ((size_t)1 << 20)
#define CERTIFICATES_MAX 10000
#define NAME_PARTS_MAX 32
#define NAME_MAX_BYTES 2048
#define SERIAL_DIGITS_MAX 60

GW_DEFINE_AUTO(dir, DIR, closedir)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(bignum, BIGNUM, BN_free)
GW_DEFINE_AUTO(asn1, ASN1_TYPE, ASN1_TYPE_free)

struct known_certificates {
        char *folder;
        pthread_rwlock_t lock; /* of the rest */
        struct certificate **list;
        size_t count;
};
struct list {
        struct certificate **items;
        size_t count;
};

static void list_done(struct list *list)
{
        for (size_t i = 0; i < list->count; i++)
                certificate_unref(list->items[i]);
        free(list->items);
}

/* ---- the folder -------------------------------------------------------------------------------------------------- */

static enum gw_rc bad_file(struct why *why, const char *name, const char *what)
{
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "certificates: %.80s %s", name, what);
}

static enum gw_rc add(struct list *list, struct span der, const char *name, struct why *why)
{
        if (list->count == CERTIFICATES_MAX)
                return bad_file(why, name, "is one certificate too many");
        if (list->count % 64 == 0)
                list->items = xrealloc(list->items, (list->count + 64) * sizeof *list->items);
        struct why detail = WHY_INIT;
        if (certificate_decode(der, &list->items[list->count], &detail) != GW_OK)
                return bad_file(why, name, "holds an unreadable certificate");
        list->count++;
        return GW_OK;
}

static enum gw_rc add_pem(struct list *list, struct span text, const char *name, struct why *why)
{
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
        for (size_t count = 0;; count++) {
                char *label = NULL, *header = NULL;
                unsigned char *bytes = NULL;
                long n = 0;
                bool got = bio && PEM_read_bio(bio, &label, &header, &bytes, &n) == 1;
                enum gw_rc rc = got && str_eq(label, "CERTIFICATE") ? add(list, span_of(bytes, (size_t)n), name, why)
                                : got || count == 0                 ? bad_file(why, name, "holds something else than certificates")
                                                                    : GW_OK;
                OPENSSL_free(label);
                OPENSSL_free(header);
                OPENSSL_free(bytes);
                if (!got || rc != GW_OK) {
                        ERR_clear_error();
                        return rc;
                }
        }
}

static bool is_certificate_file(const char *name)
{
        static const char *const ends[] = {".pem", ".crt", ".cer", ".der"};
        size_t n = strlen(name);
        for (size_t i = 0; i < GW_COUNT(ends); i++)
                if (n > 4 && name[0] != '.' && strcasecmp(name + n - 4, ends[i]) == 0)
                        return true;
        return false;
}

static enum gw_rc add_file(struct list *list, const char *folder, const char *name, struct why *why)
{
        auto_str char *path = xasprintf("%s/%s", folder, name);
        auto_buf struct buf bytes = BUF_LIMIT(FILE_MAX);
        if (!text_read_file(path, &bytes))
                return bad_file(why, name, "cannot be read");
        bool der = bytes.n > 0 && bytes.p[0] == 0x30;
        return der ? add(list, buf_span(&bytes), name, why) : add_pem(list, buf_span(&bytes), name, why);
}

static enum gw_rc read_folder(const char *folder, struct list *list, struct why *why)
{
        gw_auto(dir) DIR *dir = opendir(folder);
        if (!dir)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "certificates: the folder cannot be opened");
        enum gw_rc rc = GW_OK;
        for (const struct dirent *entry = readdir(dir); entry && rc == GW_OK; entry = readdir(dir))
                if (is_certificate_file(entry->d_name))
                        rc = add_file(list, folder, entry->d_name, why);
        return rc;
}

enum gw_rc known_reload(struct known_certificates *known, struct why *why)
{
        if (!known->folder)
                return GW_OK;
        struct list read = {NULL, 0};
        enum gw_rc rc = read_folder(known->folder, &read, why);
        if (rc == GW_OK) {
                pthread_rwlock_wrlock(&known->lock);
                struct list before = {known->list, known->count};
                known->list = read.items;
                known->count = read.count;
                pthread_rwlock_unlock(&known->lock);
                read = before;
        }
        list_done(&read);
        return rc;
}

enum gw_rc known_open(const char *folder, struct known_certificates **ret_known, struct why *why)
{
        struct known_certificates *known = xcalloc(1, sizeof *known);
        GW_ASSERT(pthread_rwlock_init(&known->lock, NULL) == 0);
        known->folder = folder && *folder ? xstrdup(folder) : NULL;
        enum gw_rc rc = known_reload(known, why);
        if (rc == GW_OK)
                *ret_known = known;
        else
                known_close(known);
        return rc;
}

void known_close(struct known_certificates *known)
{
        if (!known)
                return;
        list_done(&(struct list){known->list, known->count});
        pthread_rwlock_destroy(&known->lock);
        free(known->folder);
        free(known);
}

/* ---- distinguished names ----------------------------------------------------------------------------------------- */

struct part {
        int type; /* NID */
        char *value; /* UTF-8, blanks collapsed */
};
struct name {
        struct part parts[NAME_PARTS_MAX];
        size_t count;
};

static void name_done(struct name *name)
{
        for (size_t i = 0; i < name->count; i++)
                free(name->parts[i].value);
}
#define auto_name __attribute__((cleanup(name_done)))

/* Names of types beside OpenSSL's own: .NET's S, G and E, the JDK's EMAILADDRESS and SURNAME … ("SN" is a surname everywhere). */
static int type_of(struct span text)
{
        static const struct {
                const char *name;
                int nid;
        } others[] = {
                {"S", NID_stateOrProvinceName}, {"G", NID_givenName},  {"GIVENNAME", NID_givenName}, {"SURNAME", NID_surname},
                {"E", NID_pkcs9_emailAddress},  {"EMAIL", NID_pkcs9_emailAddress}, {"T", NID_title}, {"STREET", NID_streetAddress},
                {"EMAILADDRESS", NID_pkcs9_emailAddress}, {"SERIALNUMBER", NID_serialNumber},       {"UID", NID_userId},
                {"CN", NID_commonName}, {"O", NID_organizationName}, {"OU", NID_organizationalUnitName}, {"C", NID_countryName},
                {"L", NID_localityName}, {"ST", NID_stateOrProvinceName}, {"SN", NID_surname}, {"GN", NID_givenName}, {"DC", NID_domainComponent},
        };
        if (text.n > 4 && strncasecmp((const char *)text.p, "OID.", 4) == 0)
                text = span_of(text.p + 4, text.n - 4);
        for (size_t i = 0; i < GW_COUNT(others); i++)
                if (text.n == strlen(others[i].name) && strncasecmp((const char *)text.p, others[i].name, text.n) == 0)
                        return others[i].nid;
        auto_str char *copy = span_dup(text);
        int nid = copy ? OBJ_txt2nid(copy) : NID_undef;
        ERR_clear_error();
        return nid;
}

static char *collapsed(struct span text)
{
        auto_buf struct buf out = BUF_INIT;
        bool gap = false;
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] == ' ') {
                        gap = out.n > 0;
                        continue;
                }
                if (gap)
                        buf_add_char(&out, ' ');
                gap = false;
                buf_add_char(&out, (char)text.p[i]);
        }
        return span_dup(buf_span(&out));
}

static char *utf8_of(const ASN1_STRING *string)
{
        unsigned char *utf8 = NULL;
        int n = string ? ASN1_STRING_to_UTF8(&utf8, string) : -1;
        char *value = n >= 0 && !memchr(utf8, 0, (size_t)n) ? collapsed(span_of(utf8, (size_t)n)) : NULL;
        OPENSSL_free(utf8);
        ERR_clear_error();
        return value;
}

static int hex_digit(uint8_t c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* #hex: the BER of the value (RFC 4514 2.4), as the JDK writes types that it has no name for. */
static char *hex_value(struct span text)
{
        uint8_t bytes[NAME_MAX_BYTES / 2];
        if (text.n % 2 != 0 || text.n / 2 > sizeof bytes)
                return NULL;
        for (size_t i = 0; i < text.n / 2; i++) {
                int high = hex_digit(text.p[2 * i]), low = hex_digit(text.p[2 * i + 1]);
                if (high < 0 || low < 0)
                        return NULL;
                bytes[i] = (uint8_t)(high * 16 + low);
        }
        const unsigned char *p = bytes;
        gw_auto(asn1) ASN1_TYPE *value = d2i_ASN1_TYPE(NULL, &p, (long)(text.n / 2));
        ERR_clear_error();
        bool is_string = value && (value->type == V_ASN1_UTF8STRING || value->type == V_ASN1_PRINTABLESTRING || value->type == V_ASN1_IA5STRING ||
                                   value->type == V_ASN1_BMPSTRING || value->type == V_ASN1_T61STRING);
        return is_string ? utf8_of(value->value.asn1_string) : NULL;
}

/* `\,` and `\D0\9A` (RFC 4514 2.4); inside quotes (RFC 1779, .NET) a doubled quote is one. */
static char *plain_value(struct span text)
{
        bool quoted = text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"';
        if (quoted)
                text = span_of(text.p + 1, text.n - 2);
        auto_buf struct buf out = BUF_INIT;
        for (size_t i = 0; i < text.n; i++) {
                uint8_t c = text.p[i];
                if (c == '\\' && i + 1 < text.n) {
                        int high = hex_digit(text.p[i + 1]), low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
                        bool pair = high >= 0 && low >= 0;
                        c = pair ? (uint8_t)(high * 16 + low) : text.p[i + 1];
                        i += pair ? 2 : 1;
                } else if (quoted && c == '"' && i + 1 < text.n && text.p[i + 1] == '"') {
                        i++;
                }
                if (c == 0)
                        return NULL;
                buf_add_char(&out, (char)c);
        }
        return collapsed(buf_span(&out));
}

static struct span trimmed(struct span s)
{
        while (s.n > 0 && s.p[0] == ' ')
                s = span_of(s.p + 1, s.n - 1);
        while (s.n > 0 && s.p[s.n - 1] == ' ' && !(s.n > 1 && s.p[s.n - 2] == '\\'))
                s.n--;
        return s;
}

static bool read_part(struct name *name, struct span text)
{
        const uint8_t *equals = text.n > 0 ? memchr(text.p, '=', text.n) : NULL;
        if (!equals || name->count == NAME_PARTS_MAX)
                return false;
        struct span type = trimmed(span_of(text.p, (size_t)(equals - text.p))), value = trimmed(span_of(equals + 1, (size_t)(text.p + text.n - equals - 1)));
        struct part *part = &name->parts[name->count];
        part->type = type_of(type);
        part->value = value.n > 0 && value.p[0] == '#' ? hex_value(span_of(value.p + 1, value.n - 1)) : plain_value(value);
        if (!part->value)
                return false;
        name->count++;
        return part->type != NID_undef;
}

/* Parts are divided by commas, semicolons and plus signs that are neither escaped nor quoted. */
static bool read_name(const char *text, struct name *name)
{
        size_t n = strlen(text), from = 0;
        if (n == 0 || n > NAME_MAX_BYTES)
                return false;
        bool quoted = false;
        for (size_t i = 0; i <= n; i++) {
                if (i < n && text[i] == '\\') {
                        i += i + 1 < n;
                        continue;
                }
                quoted = quoted != (text[i] == '"');
                if (i < n && (quoted || !strchr(",;+", text[i])))
                        continue;
                if (!read_part(name, span_of((const uint8_t *)text + from, i - from)))
                        return false;
                from = i + 1;
        }
        return true;
}

static bool name_of(const X509_NAME *from, struct name *name)
{
        int count = X509_NAME_entry_count(from);
        for (int i = 0; i < count && i < NAME_PARTS_MAX; i++) {
                const X509_NAME_ENTRY *entry = X509_NAME_get_entry(from, i);
                struct part *part = &name->parts[name->count];
                part->type = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
                part->value = utf8_of(X509_NAME_ENTRY_get_data(entry));
                if (!part->value)
                        return false;
                name->count++;
        }
        return count <= NAME_PARTS_MAX;
}

/* RFC 4514 writes a name from its end, OpenSSL and Java's getName() of old from its start; programs have been seen to do either. */
static bool same_name(const struct name *a, const struct name *b)
{
        bool forward = a->count == b->count && a->count > 0, backward = forward;
        for (size_t i = 0; i < a->count && (forward || backward); i++) {
                const struct part *x = &a->parts[i], *y = &b->parts[i % b->count], *z = &b->parts[(b->count - 1 - i) % b->count];
                forward = forward && x->type == y->type && strcasecmp(x->value, y->value) == 0;
                backward = backward && x->type == z->type && strcasecmp(x->value, z->value) == 0;
        }
        return forward || backward;
}

/* ---- looking up -------------------------------------------------------------------------------------------------- */

static bool has_serial(const struct certificate *certificate, const BIGNUM *serial)
{
        gw_auto(bignum) BIGNUM *own = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate->x509), NULL);
        return own && BN_cmp(own, serial) == 0;
}

static bool has_issuer(const struct certificate *certificate, const struct name *issuer)
{
        auto_name struct name own = {.count = 0};
        return name_of(X509_get_issuer_name(certificate->x509), &own) && same_name(&own, issuer);
}

static bool has_key_identifier(const struct certificate *certificate, struct span bytes)
{
        const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(certificate->x509);
        return own && span_eq(span_of(ASN1_STRING_get0_data(own), (size_t)ASN1_STRING_length(own)), bytes);
}

static bool has_digest(const struct certificate *certificate, const EVP_MD *kind, struct span bytes)
{
        uint8_t own[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        return X509_digest(certificate->x509, kind, own, &n) == 1 && span_eq(span_of(own, n), bytes);
}

struct wanted {
        const struct known_name *name;
        const BIGNUM *serial;
        const struct name *issuer;
};

static bool is_wanted(const struct certificate *certificate, const struct wanted *wanted)
{
        struct span bytes = wanted->name->bytes;
        switch (wanted->name->by) {
        case KNOWN_BY_ISSUER_SERIAL:
                return has_serial(certificate, wanted->serial) && has_issuer(certificate, wanted->issuer);
        case KNOWN_BY_KEY_IDENTIFIER:
                return bytes.n > 0 && has_key_identifier(certificate, bytes);
        case KNOWN_BY_SHA1:
                return has_digest(certificate, EVP_sha1(), bytes);
        case KNOWN_BY_SHA256:
                return has_digest(certificate, EVP_sha256(), bytes);
        case KNOWN_BY_SHA384:
                return has_digest(certificate, EVP_sha384(), bytes);
        case KNOWN_BY_SHA512:
                return has_digest(certificate, EVP_sha512(), bytes);
        }
        return false;
}

/* xsd:integer (XML-DSig 4.5.4): blanks around it are none of it. Authorities of old have given out negative numbers (RFC 5280 4.1.2.2). */
static BIGNUM *read_serial(const char *text)
{
        static const char blanks[] = " \t\r\n";
        BIGNUM *serial = NULL;
        text += strspn(text, blanks);
        size_t sign = *text == '-', n = strspn(text + sign, "0123456789");
        if (n == 0 || n > SERIAL_DIGITS_MAX || text[sign + n + strspn(text + sign + n, blanks)] != '\0')
                return NULL;
        return BN_dec2bn(&serial, text) > 0 ? serial : NULL;
}

size_t known_find(struct known_certificates *known, const struct known_name *name, struct certificate **ret_certificate)
{
        bool by_issuer = name->by == KNOWN_BY_ISSUER_SERIAL;
        gw_auto(bignum) BIGNUM *serial = by_issuer ? read_serial(name->serial) : NULL;
        auto_name struct name issuer = {.count = 0};
        if (by_issuer && (!serial || !read_name(name->issuer, &issuer)))
                return 0;
        const struct wanted wanted = {name, serial, &issuer};
        size_t count = 0;
        struct certificate *found = NULL;
        pthread_rwlock_rdlock(&known->lock);
        for (size_t i = 0; i < known->count; i++) {
                if (!is_wanted(known->list[i], &wanted))
                        continue;
                if (found && span_eq(span_of(found->sha256, sizeof found->sha256), span_of(known->list[i]->sha256, sizeof found->sha256)))
                        continue; /* the same in two files */
                if (count++ == 0)
                        found = certificate_ref(known->list[i]);
        }
        pthread_rwlock_unlock(&known->lock);
        if (count == 1)
                *ret_certificate = found;
        else
                certificate_unref(found);
        return count;
}
