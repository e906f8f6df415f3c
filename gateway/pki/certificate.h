/* A certificate of the national EDS, decoded once and cached by the SHA-256 of its DER (interfaces 3). */
#ifndef GW_PKI_CERTIFICATE_H
#define GW_PKI_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"
#include "gateway/gost/gost.h"

enum certificate_role { /* bits, from the EKU role OIDs (interfaces 3.2) */
        ROLE_INDIVIDUAL = 1 << 0,
        ROLE_LEGAL = 1 << 1,
        ROLE_HEAD = 1 << 2,
        ROLE_SIGN_RIGHT = 1 << 3,
        ROLE_FINANCE = 1 << 4,
        ROLE_HR = 1 << 5,
        ROLE_EMPLOYEE = 1 << 6,
        ROLE_SYSTEM = 1 << 7,
};

/* Read-only once made; shared between threads; counted references. */
struct certificate {
        uint8_t sha256[32];
        char iin[13], bin[13];      /* "" when the subject has none */
        char common_name[256];      /* UTF-8 */
        char organisation[256];
        char serial[48];            /* upper-case hex; '-' before it when it is negative */
        unsigned roles;             /* enum certificate_role bits */
        bool for_signing;           /* KeyUsage digitalSignature + nonRepudiation and EKU emailProtection */
        bool for_authentication;    /* KeyUsage digitalSignature and EKU clientAuth */
        bool is_ca;
        struct wall_time not_before, not_after;
        EVP_PKEY *key;              /* of any kind (GOST: by gost/provider.h); NULL when nobody here can read it */
        const struct gost_public_key *gost; /* borrowed from key; NULL when it is no GOST key */
        unsigned key_bits;          /* 0: an RSA key for which anybody can sign, however long it is */
        X509 *x509;
        /* private to pki/ and verify/ */
        _Atomic int references;
        struct certificate_chain *chain;    /* the last good one, under the verifier's lock (trust.c); NULL before there was one */
        /* What verify/ makes of the key, once, for as long as the certificate lives: whoever comes first puts it here. */
        struct certificate_attachment {
                void (*free)(struct certificate_attachment *attachment);
        } *_Atomic attachment;
};

/* A path that was found good: who vouches for whom, leaf first, without the anchor. Read-only once made; counted references. */
#define CERTIFICATE_CHAIN_MAX 10
struct certificate_chain {
        _Atomic int references;
        int64_t slot;            /* of time during which it is known to be good; 0: only for the instant that was asked for */
        uint64_t epoch;          /* of the anchors */
        bool for_signer;         /* judged by the policies that signers' certificates must have */
        bool gost2004;           /* something in it is signed with GOST 34.310-2004 */
        size_t count;
        struct certificate *authorities[CERTIFICATE_CHAIN_MAX]; /* [0] NULL: the certificate itself; then the intermediates. Owned */
        X509 *issuers[CERTIFICATE_CHAIN_MAX];                   /* of each of them. Owned */
};
struct certificate_chain *certificate_chain_ref(struct certificate_chain *chain);
void certificate_chain_unref(struct certificate_chain *chain);
GW_DEFINE_AUTO(certificate_chain, struct certificate_chain, certificate_chain_unref)

/* Decodes DER. GW_REJECT without reason (the caller knows whose certificate it is). GOST keys need gost_provider_load() (verify_init() does it). */
GW_MUST_CHECK enum gw_rc certificate_decode(struct span der, struct certificate **ret_certificate, struct why *why);
struct certificate *certificate_ref(struct certificate *certificate);
void certificate_unref(struct certificate *certificate);
GW_DEFINE_AUTO(certificate, struct certificate, certificate_unref)
#define auto_certificate gw_auto(certificate)

#endif
