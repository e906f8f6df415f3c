/* An authority as revocation sees it: a name and a key, where it tells about revocation, and its CRL. */
#ifndef GW_REVOCATION_AUTHORITY_H
#define GW_REVOCATION_AUTHORITY_H

#include <pthread.h>

#include "gateway/pki/crl.h"
#include "gateway/revocation/engine.h"

struct source {
        char *urls[REVOCATION_URLS_MAX]; /* written once, before anybody else can see them or under the lock; never changed after */
        size_t url_count;
        struct wall_time fetch_at;
        unsigned failures;               /* in a row */
        bool under_way, down;
};

/* Lives as long as the engine. */
struct authority {
        char name[64];                   /* of [authority NAME], or the beginning of the key in hex */
        uint8_t key[FOLDER_KEY_SIZE];    /* SHA-256 over subject and public key: a certificate that was renewed is the same authority */
        X509 *issuer;
        bool ocsp_sha1, nonce_required;
        pthread_rwlock_t lock;           /* over all that follows */
        struct source sources[REVOCATION_KINDS];
        struct crl *base, *combined;     /* combined: base with the last delta, NULL without one */
        struct revocation_evidence *base_bytes, *delta_bytes;
};

void authority_key(const X509 *issuer, uint8_t key[FOLDER_KEY_SIZE]);
/* conf: of this authority, or NULL. URLs of the certificate are taken where conf has none and rules allow; certificate may be NULL. */
struct authority *authority_new(const struct revocation_conf *rules, const struct revocation_authority_conf *conf, X509 *issuer, const struct certificate *certificate);
void authority_free(struct authority *authority);
bool authority_matches(const struct revocation_authority_conf *conf, const X509 *issuer);
/* Further URLs out of a certificate of this authority, where it still has none. */
void authority_learn(struct authority *authority, const struct revocation_conf *rules, const struct certificate *certificate);
/* A complete CRL or a delta; never one older than what is there. GW_OK also when it is the same one. *ret_news: there was no usable CRL before. */
GW_MUST_CHECK enum gw_rc authority_take_crl(struct authority *authority, const struct revocation_conf *rules, bool delta, struct span bytes, struct wall_time now, bool *ret_news,
                                            struct why *why);
/* What its CRLs say, whatever their age: [0] the base with its delta when there is one, [1] the base alone; UNKNOWN where there is none. Evidence: references. */
struct crl_says { struct revocation_status status; struct revocation_evidence *evidence[2]; };
void authority_ask_crl(struct authority *authority, const struct certificate *certificate, struct crl_says ret[2]);
/* The newest, a reference; NULL: there is none. */
struct crl *authority_crl(struct authority *authority);
/* Facts of the newest; false: there is no CRL. */
GW_MUST_CHECK bool authority_crl_facts(struct authority *authority, struct crl_facts *ret);

struct revocation_evidence *evidence_new(const char *kind, struct span bytes);
struct revocation_evidence *evidence_ref(struct revocation_evidence *evidence);
void evidence_unref(struct revocation_evidence *evidence); /* NULL is fine */

/* ---- judge.c ---- */
/* Current: neither too old at `now` nor of the future. */
bool answer_current(const struct revocation_conf *rules, const struct revocation_status *status, struct wall_time now);
/* When it will be too old; .ms 0: at once. */
struct wall_time answer_until(const struct revocation_conf *rules, const struct revocation_status *status);
/* The rules at the head of revocation.h. says: OCSP, CRL with delta, CRL alone; UNKNOWN where there is nothing. Returns which one decides, or -1: UNKNOWN. */
int answers_judge(const struct revocation_conf *rules, const struct revocation_status says[3], const struct certificate *certificate, struct wall_time at, struct wall_time now,
                  enum revocation_answer *ret_answer);

#endif
