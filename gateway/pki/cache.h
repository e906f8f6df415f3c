/* Decoded certificates by the SHA-256 of their DER: bounded, shared by all threads. */
#ifndef GW_PKI_CACHE_H
#define GW_PKI_CACHE_H

#include "gateway/pki/certificate.h"

struct certificate_cache;
struct certificate_cache *certificate_cache_new(size_t capacity);
void certificate_cache_free(struct certificate_cache *cache);
/* A new reference for the caller, or NULL. */
struct certificate *certificate_cache_get(struct certificate_cache *cache, const uint8_t sha256[32]);
/* Keeps a reference of its own; one that has not been asked for lately gives way (clock). The same certificate twice is kept once. */
void certificate_cache_put(struct certificate_cache *cache, struct certificate *certificate);

#endif
