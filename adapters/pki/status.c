/* What the authority knows of its certificates, and the numbers of its lists (RFC 5280 5.2.3, 5.2.4). */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/pki/pki.h"
#include "gateway/base/text.h"

struct entry *status_find(const struct authority *authority, const char *serial)
{
        struct entry *e = authority->entries;
        while (e && !str_eq(e->serial, serial))
                e = e->next;
        return e;
}

static struct entry *find_or_add(struct authority *authority, const char *serial)
{
        struct entry *e = status_find(authority, serial);
        if (e)
                return e;
        e = xcalloc(1, sizeof *e);
        snprintf(e->serial, sizeof e->serial, "%s", serial);
        e->next = authority->entries;
        authority->entries = e;
        return e;
}

/* A change of the complete list moves the delta on too: its number stays the higher one. */
static void number_lists(struct authority *authority, bool base)
{
        if (base)
                authority->base_number = ++authority->number;
        authority->delta_number = ++authority->number;
}

void status_set(struct authority *authority, const struct entry *wanted)
{
        struct entry *e = find_or_add(authority, wanted->serial);
        bool was_listed = e->status == KNOWN_REVOKED && !e->delta_only;
        e->status = wanted->status;
        e->reason = wanted->reason;
        e->date = wanted->date;
        e->in_base = wanted->delta_only && (was_listed || e->in_base);
        e->delta_only = wanted->delta_only;
        number_lists(authority, !wanted->delta_only);
}

void status_renew(struct authority *authority)
{
        for (struct entry *e = authority->entries; e; e = e->next)
                e->delta_only = e->in_base = false;
        number_lists(authority, true);
}

bool status_serial(const char *text, char ret_serial[SERIAL_HEX_MAX])
{
        char digits[SERIAL_HEX_MAX];
        size_t n = 0;
        for (; text && *text; text++) {
                if (*text == ':')
                        continue;
                if (n + 1 >= sizeof digits || !strchr("0123456789abcdefABCDEF", *text))
                        return false;
                digits[n++] = *text;
        }
        digits[n] = '\0';
        BIGNUM *number = NULL;
        if (n == 0 || BN_hex2bn(&number, digits) != (int)n)
                return false;
        char *hex = BN_bn2hex(number);
        bool fits = hex && strlen(hex) < SERIAL_HEX_MAX;
        if (fits)
                snprintf(ret_serial, SERIAL_HEX_MAX, "%s", hex);
        OPENSSL_free(hex);
        BN_free(number);
        return fits;
}

static bool load_entry(struct authority *authority, const X509_REVOKED *revoked)
{
        struct tm tm = {0};
        BIGNUM *number = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(revoked), NULL);
        char *hex = number ? BN_bn2hex(number) : NULL;
        ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, NULL, NULL);
        bool good = hex && strlen(hex) < SERIAL_HEX_MAX && ASN1_TIME_to_tm(X509_REVOKED_get0_revocationDate(revoked), &tm) == 1;
        if (good) {
                struct entry *e = find_or_add(authority, hex);
                e->status = KNOWN_REVOKED;
                e->reason = reason ? (int)ASN1_ENUMERATED_get(reason) : -1;
                e->date = timegm(&tm);
        }
        ASN1_ENUMERATED_free(reason);
        OPENSSL_free(hex);
        BN_free(number);
        return good;
}

enum gw_rc status_load(struct authority *authority, const char *folder, struct why *why)
{
        auto_str char *path = xasprintf("%s/crl/%s.crl", folder, authority->name);
        FILE *file = fopen(path, "re");
        X509_CRL *crl = file ? PEM_read_X509_CRL(file, NULL, NULL, NULL) : NULL;
        bool good = crl != NULL;
        STACK_OF(X509_REVOKED) *list = crl ? X509_CRL_get_REVOKED(crl) : NULL;
        for (int i = 0; good && i < sk_X509_REVOKED_num(list); i++)
                good = load_entry(authority, sk_X509_REVOKED_value(list, i));
        X509_CRL_free(crl);
        if (file)
                fclose(file);
        number_lists(authority, true);
        return good ? GW_OK : why_say(why, GW_FAULT, "%.200s: cannot be read", path);
}

void status_free(struct authority *authority)
{
        for (struct entry *e = authority->entries, *next; e; e = next) {
                next = e->next;
                free(e);
        }
        buf_done(&authority->frozen_base);
        buf_done(&authority->frozen_delta);
}
