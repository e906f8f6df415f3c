/* The trust folder as a set of anchors (gateway/pki/path.h). */
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/pki/anchors_priv.h"
#include "gateway/reason.h"

#define FILE_MAX ((size_t)1 << 20)
#define INTERMEDIATES "intermediate"

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(dir, DIR, closedir)

static enum gw_rc refuse(struct why *why, const char *name, const char *what)
{
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust: %.80s %s", name, what);
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

/* A leaf here would make itself trusted (partial chains), so only authorities are let in. The check also decodes the extensions, before threads share them. */
static enum gw_rc add_certificate(struct anchors *anchors, STACK_OF(X509) *list, X509 *x509, const char *name, struct why *why)
{
        if (X509_check_purpose(x509, -1, 0) != 1 || X509_check_ca(x509) == 0)
                return refuse(why, name, "is not a certificate of an authority");
        if (!X509_get0_pubkey(x509))
                return refuse(why, name, "has a key of an unknown kind");
        GW_ASSERT(X509_up_ref(x509) == 1 && sk_X509_push(list, x509) > 0);
        if (list == anchors->list && X509_STORE_add_cert(anchors->store, x509) != 1)
                return refuse(why, name, "cannot be added");
        return GW_OK;
}

static enum gw_rc add_pem(struct anchors *anchors, STACK_OF(X509) *list, struct span text, const char *name, struct why *why)
{
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
        for (;;) {
                gw_auto(x509) X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
                if (!x509)
                        break;
                enum gw_rc rc = add_certificate(anchors, list, x509, name, why);
                if (rc != GW_OK)
                        return rc;
        }
        bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        return ended ? GW_OK : refuse(why, name, "holds an unreadable certificate");
}

static enum gw_rc add_file(struct anchors *anchors, STACK_OF(X509) *list, const char *path, struct why *why)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        auto_buf struct buf bytes = BUF_LIMIT(FILE_MAX);
        if (!text_read_file(path, &bytes))
                return refuse(why, name, "cannot be read");
        int before = sk_X509_num(list);
        const unsigned char *p = bytes.p;
        gw_auto(x509) X509 *der = d2i_X509(NULL, &p, (long)bytes.n);
        ERR_clear_error();
        enum gw_rc rc = der ? add_certificate(anchors, list, der, name, why) : add_pem(anchors, list, buf_span(&bytes), name, why);
        if (rc != GW_OK)
                return rc;
        return sk_X509_num(list) > before ? GW_OK : refuse(why, name, "holds no certificate");
}

static enum gw_rc add_folder(struct anchors *anchors, STACK_OF(X509) *list, const char *folder, struct why *why)
{
        gw_auto(dir) DIR *dir = opendir(folder);
        if (!dir && errno == ENOTDIR)
                return add_file(anchors, list, folder, why);
        if (!dir)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust folder cannot be opened");
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                if (!is_certificate_file(entry->d_name))
                        continue;
                auto_str char *path = xasprintf("%s/%s", folder, entry->d_name);
                enum gw_rc rc = add_file(anchors, list, path, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* Names and the key identifier say who may have issued; where several fit (a new key under the old name, no identifier), path.c asks again for the
 * one whose key it really was. */
static int may_have_issued(X509_STORE_CTX *ctx, X509 *x509, X509 *issuer)
{
        int error = X509_check_issued(issuer, x509);
        bool by_signature = X509_STORE_CTX_get_app_data(ctx) && *(const bool *)X509_STORE_CTX_get_app_data(ctx);
        if (!by_signature)
                return error == X509_V_OK || error == X509_V_ERR_KEYUSAGE_NO_CERTSIGN; /* the latter is told as such, later */
        return error == X509_V_OK && X509_verify(x509, X509_get0_pubkey(issuer)) == 1;
}

enum gw_rc anchors_load(const char *folder, struct anchors **ret_anchors, struct why *why)
{
        auto_anchors struct anchors *anchors = xcalloc(1, sizeof *anchors);
        anchors->references = 1;
        anchors->store = X509_STORE_new();
        anchors->list = sk_X509_new_null();
        anchors->intermediates = sk_X509_new_null();
        GW_ASSERT(anchors->store && anchors->list && anchors->intermediates);
        X509_STORE_set_check_issued(anchors->store, may_have_issued);
        enum gw_rc rc = add_folder(anchors, anchors->list, folder, why);
        if (rc != GW_OK)
                return rc;
        if (anchors_count(anchors) == 0)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust folder holds no certificate");
        auto_str char *below = xasprintf("%s/" INTERMEDIATES, folder);
        struct stat facts;
        if (stat(below, &facts) == 0 && (rc = add_folder(anchors, anchors->intermediates, below, why)) != GW_OK)
                return rc;
        *ret_anchors = gw_take(&anchors);
        return GW_OK;
}

struct anchors *anchors_ref(struct anchors *anchors)
{
        anchors->references++;
        return anchors;
}

void anchors_unref(struct anchors *anchors)
{
        if (!anchors || --anchors->references > 0)
                return;
        X509_STORE_free(anchors->store);
        sk_X509_pop_free(anchors->list, X509_free);
        sk_X509_pop_free(anchors->intermediates, X509_free);
        free(anchors);
}

size_t anchors_count(const struct anchors *anchors)
{
        return (size_t)sk_X509_num(anchors->list);
}

X509 *anchors_at(const struct anchors *anchors, size_t i)
{
        return sk_X509_value(anchors->list, (int)i);
}

bool anchors_have(const struct anchors *anchors, const X509 *x509)
{
        for (size_t i = 0; i < anchors_count(anchors); i++)
                if (X509_cmp(anchors_at(anchors, i), x509) == 0)
                        return true;
        return false;
}

size_t anchors_count_current(const struct anchors *anchors, struct wall_time at)
{
        size_t count = 0;
        for (size_t i = 0; i < anchors_count(anchors); i++) {
                struct wall_time from, until;
                const X509 *x509 = anchors_at(anchors, i);
                count += x509_time(X509_get0_notBefore(x509), &from) && x509_time(X509_get0_notAfter(x509), &until) && from.ms <= at.ms && at.ms <= until.ms;
        }
        return count;
}

/* ---- has the folder changed? ------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t mark, uint64_t value)
{
        mark = (mark ^ value) * 0x9E3779B97F4A7C15u;
        return mark ^ mark >> 29;
}

/* Of one file; files are summed up, as a folder has no order. */
static uint64_t mark_of(const char *name, const struct stat *facts)
{
        uint64_t mark = mix((uint64_t)facts->st_size, facts->st_ino);
        for (const char *p = name; *p; p++)
                mark = mix(mark, (uint8_t)*p);
        mark = mix(mark, (uint64_t)facts->st_mtim.tv_sec);
        return mix(mark, (uint64_t)facts->st_mtim.tv_nsec) | 1;
}

uint64_t anchors_folder_mark(const char *folder)
{
        gw_auto(dir) DIR *dir = opendir(folder);
        uint64_t sum = 0;
        for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
                struct stat facts;
                auto_str char *path = xasprintf("%s/%s", folder, entry->d_name);
                if (is_certificate_file(entry->d_name) && stat(path, &facts) == 0)
                        sum += mark_of(entry->d_name, &facts);
                else if (str_eq(entry->d_name, INTERMEDIATES))
                        sum += mix(anchors_folder_mark(path), 1);
        }
        return sum;
}
