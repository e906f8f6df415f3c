/* What the files of gateway/revocation/ share: who is asked what when, and what becomes of the answers. No network: errands are carried by fetch.c, and
 * by the tests. */
#ifndef GW_REVOCATION_ENGINE_H
#define GW_REVOCATION_ENGINE_H

#include "gateway/revocation/revocation.h"

/* One question to one URL. */
struct errand {
        enum revocation_errand_kind kind;
        struct authority *authority;     /* borrowed, lives as long as the engine */
        struct certificate *certificate; /* OCSP: a reference */
        const char *url;                 /* borrowed from the authority */
        struct buf request;              /* OCSP: what to POST; else empty: GET */
        uint8_t nonce[32];
};
void errand_done(struct errand *errand);
/* What is due now, at most max; each is under way until engine_done() or engine_postpone(). */
size_t engine_due(struct revocation *revocation, struct wall_time now, struct errand *errands, size_t max);
/* rc, why: of the carrier; answer: the body of an answer with status 200. */
void engine_done(struct revocation *revocation, const struct errand *errand, enum gw_rc rc, struct span answer, struct wall_time now, const struct why *why);
/* It did not set out (circuit breaker): no failure. */
void engine_postpone(struct revocation *revocation, const struct errand *errand, struct wall_time until);
/* Now and then: old files give way. */
void engine_tidy(struct revocation *revocation);
const struct revocation_conf *engine_conf(const struct revocation *revocation);
/* Called from any thread when something is due at once; NULL: nobody is. */
void engine_on_note(struct revocation *revocation, void (*fn)(void *arg), void *arg);

/* ---- fetch.c ---- */
struct fetcher;
struct fetcher *fetcher_new(struct revocation *revocation);
void fetcher_free(struct fetcher *fetcher); /* stops its thread */

/* ---- folder.c: files named by a SHA-256, each written whole or not at all ---- */
enum folder_kind { FOLDER_OCSP, FOLDER_CRL, FOLDER_DELTA, FOLDER_ISSUER };
#define FOLDER_KEY_SIZE 32
GW_MUST_CHECK bool folder_make(const char *folder);
void folder_save(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE], struct span bytes);
/* False: there is none. */
GW_MUST_CHECK bool folder_load(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE], struct buf *out);
/* A file that is not what it should be: logged and removed. */
void folder_discard(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE], const struct why *why);
typedef void (*folder_fn)(void *arg, const uint8_t key[FOLDER_KEY_SIZE]);
void folder_each(const char *folder, enum folder_kind kind, folder_fn fn, void *arg);
/* Keeps the newest. Leftovers of interrupted writes go too. */
void folder_tidy(const char *folder, enum folder_kind kind, size_t keep);

/* ---- url.c ---- */
/* http://, or https:// when there is a CA; a host, no user, no blanks or control characters, at most 500 bytes. */
bool url_usable(const char *url, bool https);
/* Its host is one of the comma-separated names. */
bool url_host_listed(const char *url, const char *hosts);

#endif
