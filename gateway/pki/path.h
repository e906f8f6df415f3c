/* Certification path validation (RFC 5280 section 6) against our own anchors, for RSA, ECDSA and both GOST generations.
 *
 * OpenSSL walks and judges the path; the national algorithms come to it through gateway/gost/provider.h. */
#ifndef GW_PKI_PATH_H
#define GW_PKI_PATH_H

#include <openssl/x509.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

/* ---- anchors: a set that never changes once made; counted references, so that a new set can take its place while the old is in use ---- */
struct anchors;
/* Every PEM and DER certificate of the folder (or of a single file); each must be an authority's. No file at all: GW_FAULT, and so is an unreadable one. Certificates in
 * the sub-folder "intermediate", when there is one, are no anchors: they are on offer for every path. */
GW_MUST_CHECK enum gw_rc anchors_load(const char *folder, struct anchors **ret_anchors, struct why *why);
struct anchors *anchors_ref(struct anchors *anchors);
void anchors_unref(struct anchors *anchors);
GW_DEFINE_AUTO(anchors, struct anchors, anchors_unref)
#define auto_anchors gw_auto(anchors)
size_t anchors_count(const struct anchors *anchors);
X509 *anchors_at(const struct anchors *anchors, size_t i); /* borrowed */
bool anchors_have(const struct anchors *anchors, const X509 *x509);
size_t anchors_count_current(const struct anchors *anchors, struct wall_time at);
/* Changes when a file of the folder (or of the sub-folder) is added, removed or written: names, sizes, times. 0: it cannot be read. */
uint64_t anchors_folder_mark(const char *folder);

/* ---- one path ---- */
enum path_problem { /* what X509_V_ERR_… means for us */
        PATH_GOOD,
        PATH_UNTRUSTED,      /* no path to an anchor, a bad signature, names, constraints, an unknown critical extension … */
        PATH_EXPIRED,        /* the leaf */
        PATH_NOT_YET_VALID,  /* the leaf */
        PATH_AUTHORITY_NOT_CURRENT,
        PATH_REVOKED,
        PATH_REVOCATION_UNKNOWN, /* a CRL was asked for and none is there that counts */
        PATH_POLICY,
        PATH_WEAK,           /* a key or digest below 112 bits */
};

struct path_rules {
        struct wall_time at;
        int64_t skew_ms;                 /* for the leaf's dates only */
        bool no_leaf_dates;              /* the caller judges the leaf's dates by itself; authorities' are always judged */
        bool any_strength;               /* PKITS and old vectors: SHA-1 and short keys are not refused */
        const char *const *policies;     /* dotted OIDs of acceptable policies (user-initial-policy-set); count 0: any */
        size_t policy_count;
        bool explicit_policy, inhibit_any_policy, inhibit_policy_mapping; /* initial-… of RFC 5280 6.1.1 */
        STACK_OF(X509) *untrusted;       /* intermediate certificates on offer; may be NULL */
        STACK_OF(X509_CRL) *crls;        /* NULL: revocation is not asked here; else every certificate below the anchor needs a current one,
                                          * complete or with its delta, indirect ones too */
};
/* A closed list of codes for reports: OK, CERTIFICATE_UNTRUSTED, CERTIFICATE_EXPIRED … */
const char *path_problem_name(enum path_problem problem);
#define PATH_LENGTH_MAX 10
struct path {
        X509 *certificates[PATH_LENGTH_MAX]; /* leaf first, anchor last; references owned: path_done() */
        size_t length;
        struct wall_time authorities_from, authorities_until; /* all authorities are current between these */
};
/* PATH_GOOD and *ret_path, or what is wrong with a line for people in detail (no personal data). */
GW_MUST_CHECK enum path_problem path_verify(const struct anchors *anchors, X509 *leaf, const struct path_rules *rules, struct path *ret_path, struct why *detail);
void path_done(struct path *path);
/* DER of a CRL for path_rules.crls; the caller's, NULL when it is none. НУЦ's lists name their algorithm without parameters inside and with NULL outside; OpenSSL
 * refuses that from 3.0.20 or so on, so the outer name, which no signature covers, is written as the inner one when they mean the same. */
X509_CRL *path_crl(struct span der);
GW_MUST_CHECK bool x509_time(const ASN1_TIME *from, struct wall_time *ret_time);

#endif
