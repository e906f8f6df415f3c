/* Revocation without outages: what OCSP responders and CRLs have said, kept in memory and on disk, refreshed ahead of need by a thread of its own.
 *
 * The request path only looks up (revocation_ask): no network, no waiting. A certificate that nobody knows yet is noted, and its answer fetched.
 *
 * Which answer counts. An answer is too old after thisUpdate + age_max, or after its nextUpdate, whichever comes first: the same for OCSP and CRLs.
 *  - BAD from either source wins while it is current; so a hold that was lifted counts as long as the slower source still tells of it.
 *  - A revocation other than a hold is for good: it stays BAD when it has become too old.
 *  - GOOD needs a current answer that is not older than the last hold known. OCSP is asked first; a current CRL decides when OCSP has nothing current.
 *  - Everything else is UNKNOWN. An answer older than the one held never takes its place: on plain HTTP somebody could repeat it.
 *  - A certificate revoked after the instant that is asked for was good at that instant, unless the authority named a date later than its own statement.
 *  - A CRL made after a certificate expired says nothing good about it (RFC 5280 5: it may have been taken off). */
#ifndef GW_REVOCATION_REVOCATION_H
#define GW_REVOCATION_REVOCATION_H

#include "gateway/base/buf.h"
#include "gateway/base/why.h"
#include "gateway/pki/certificate.h"
#include "gateway/pki/status.h"

#define REVOCATION_URLS_MAX 4 /* of one authority and kind */
struct revocation_authority_conf {
        const char *name;
        const char *certificate;      /* file of the authority's certificate (PEM or DER), or NULL: */
        const char *key_id;           /* its subject key identifier, hex */
        const char *ocsp, *crl, *delta; /* URLs, comma-separated: the next one is tried when one fails; NULL: those of certificates, if allowed */
        bool ocsp_sha1;               /* the responder knows CertIDs with SHA-1 only */
        bool nonce_required;          /* answers without our nonce are not taken */
};
struct revocation_conf { /* borrowed until revocation_close() */
        bool ocsp, crl;               /* which sources are asked */
        const char *folder;           /* made when missing; NULL: nothing is kept */
        int64_t age_max_ms;           /* 0: only nextUpdate counts, and must then be there */
        int64_t skew_ms;
        int64_t refresh_ms;           /* longest time until an answer is asked for again */
        int64_t keep_ms;              /* a certificate that was not asked about for so long is not refreshed */
        int64_t retry_first_ms, retry_longest_ms;
        int timeout_ms, connect_timeout_ms;
        size_t certificates_max;      /* in memory, and OCSP answers on disk */
        size_t crl_bytes_max;
        unsigned ocsp_per_second;
        bool urls_of_certificates;    /* any URL in a certificate of a good chain; otherwise only those of `hosts` */
        const char *hosts;            /* names of hosts, comma-separated, or NULL */
        const char *ca_file;          /* for https URLs, or NULL: they are not used */
        const struct revocation_authority_conf *authorities;
        size_t authority_count;
        bool offline;                 /* judge what was offered as of the instant asked for; nothing is fetched */
};
struct revocation;
/* Reads what the folder holds: signatures and all. GW_FAULT: the folder or a certificate of an authority cannot be read. */
GW_MUST_CHECK enum gw_rc revocation_open(const struct revocation_conf *conf, struct revocation **ret_revocation, struct why *why);
void revocation_close(struct revocation *revocation); /* after revocation_stop() */
GW_DEFINE_AUTO(revocation, struct revocation, revocation_close)
#define auto_revocation gw_auto(revocation)
/* The thread that fetches. */
void revocation_start(struct revocation *revocation);
void revocation_stop(struct revocation *revocation);
/* Waits until every CRL that is configured is there or could not be had, at most so long: a start with known responders refuses nobody. */
void revocation_settle(struct revocation *revocation, int64_t wait_ms);
/* An OCSP answer, a CRL or a delta CRL from elsewhere (a file), tried for every certificate and authority that is asked about later. Before any revocation_ask(). */
void revocation_offer(struct revocation *revocation, struct span bytes);

/* The hook of struct verify_policy; ctx is the struct revocation. Thread-safe. Answers for `at` (normally now) from memory; the first question about a
 * certificate since the start reads its file in the folder. */
void revocation_ask(void *ctx, const struct certificate *certificate, X509 *issuer, struct wall_time at, struct revocation_status *ret);

/* ---- what a verification was told ---- */
struct revocation_evidence { /* bytes that a status rests on; counted references */
        _Atomic int references;
        uint8_t sha256[32];
        const char *kind; /* "ocsp" | "crl" */
        size_t n;
        uint8_t bytes[];
};
#define REVOCATION_RECORD_MAX 32
struct revocation_note {
        uint8_t certificate_sha256[32];
        char serial[48];
        struct revocation_status status;        /* as found, UNKNOWN too */
        struct revocation_evidence *evidence[2]; /* references; the second: the delta CRL on top */
};
/* A verification runs on one thread from its start to its end, so what it asked is collected by thread: between begin and end every
 * revocation_ask() of this thread is noted, each certificate once. defer: UNKNOWN is answered as NOT_ASKED and told in `unknown` — for a caller who
 * keeps the message and decides about revocation later. More certificates than have room are never deferred. */
struct revocation_record {
        bool defer, unknown;
        size_t count;
        struct revocation_note notes[REVOCATION_RECORD_MAX];
};
void revocation_record_begin(struct revocation_record *record, bool defer);
void revocation_record_end(void);
void revocation_record_done(struct revocation_record *record);

/* Grows whenever something that was unknown has become known. */
uint64_t revocation_news(const struct revocation *revocation);

/* ---- for the operator ---- */
enum revocation_errand_kind { REVOCATION_OCSP, REVOCATION_CRL, REVOCATION_DELTA, REVOCATION_KINDS };
extern const char *const revocation_kind_names[REVOCATION_KINDS];
struct revocation_counts {
        uint64_t answers[3][3];       /* by source (nowhere, OCSP, CRL) and answer (unknown, good, bad) */
        uint64_t fetched[REVOCATION_KINDS], failed[REVOCATION_KINDS];
        size_t certificates;
};
void revocation_count(struct revocation *revocation, struct revocation_counts *ret);
struct revocation_authority_view {
        char name[64];
        struct wall_time this_update, next_update; /* of the CRL, with its delta; .ms 0: there is none */
        size_t entries;
        bool usable;                  /* there is a CRL and it is not too old */
        bool asked[REVOCATION_KINDS], down[REVOCATION_KINDS]; /* there is a URL; it has failed several times in a row */
        struct wall_time refresh[REVOCATION_KINDS]; /* next attempt; not of OCSP */
};
typedef void (*revocation_view_fn)(void *arg, const struct revocation_authority_view *view);
void revocation_each_authority(struct revocation *revocation, revocation_view_fn fn, void *arg);

#endif
