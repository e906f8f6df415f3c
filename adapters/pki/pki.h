/* A TEST certification authority on the wire: OCSP responder (RFC 6960), distribution point of CRLs and delta CRLs (RFC 5280), time-stamping
 * authority (RFC 3161); RSA by OpenSSL's own OCSP and TS code, GOST by the same objects signed with our key. Internal to adapters/pki.
 *
 * The status source is live: what the control listener says is in the next answer. It begins with the CRLs of certs/make-pki.sh. */
#ifndef EGOV_PKI_PKI_H
#define EGOV_PKI_PKI_H

#include <jansson.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "adapters/simulators/faults.h"
#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/sign/signing_key.h"

/* ---- faults: the first kinds are common to all endpoints, so that one number means the same everywhere ---- */
enum pki_fault {
        PKI_NONE, PKI_DELAY, PKI_SILENT, PKI_SLOW, PKI_HTTP500, PKI_HTTP404, PKI_CUT, PKI_REFUSE, PKI_EMPTY, PKI_TRUNCATED, PKI_GARBAGE, PKI_HTML, PKI_HUGE,
        PKI_TRAILING, PKI_BAD_SIGNATURE, PKI_COMMON_COUNT,
};
enum ocsp_fault {
        OCSP_TRY_LATER = PKI_COMMON_COUNT, OCSP_INTERNAL_ERROR, OCSP_UNAUTHORIZED, OCSP_MALFORMED, OCSP_WRONG_CERTIFICATE, OCSP_WRONG_ISSUER, OCSP_EXPIRED,
        OCSP_FUTURE, OCSP_OLD, OCSP_OLD_PRODUCED, OCSP_NO_NEXT_UPDATE, OCSP_WRONG_NONCE, OCSP_NO_NONCE, OCSP_CRITICAL, OCSP_CRITICAL_SINGLE,
        OCSP_GOOD_AND_REVOKED, OCSP_EXTRA, OCSP_NO_SINGLE, OCSP_FOREIGN, OCSP_NO_EKU, OCSP_EXPIRED_RESPONDER, OCSP_BY_LEAF, OCSP_BY_ISSUER,
        OCSP_NO_CERTIFICATE, OCSP_SHA1, OCSP_UNKNOWN, OCSP_FAULT_COUNT,
};
enum crl_fault {
        CRL_EXPIRED = PKI_COMMON_COUNT, CRL_FUTURE, CRL_OTHER_ISSUER, CRL_WRONG_KEY, CRL_CRITICAL, CRL_CRITICAL_ENTRY, CRL_WRONG_BASE, CRL_INDIRECT,
        CRL_CA_ONLY, CRL_SOME_REASONS, CRL_NO_NEXT_UPDATE, CRL_NO_NUMBER, CRL_SWAPPED, CRL_SHA1, CRL_FAULT_COUNT,
};
enum tsa_fault {
        TSA_REJECTION = PKI_COMMON_COUNT, TSA_NO_TIME, TSA_MODS, TSA_WRONG_IMPRINT, TSA_WRONG_NONCE, TSA_NO_NONCE, TSA_WRONG_POLICY, TSA_NO_CERTIFICATE,
        TSA_NO_EKU, TSA_PLAIN_EKU, TSA_FOREIGN, TSA_EXPIRED, TSA_FUTURE, TSA_PAST, TSA_FAULT_COUNT,
};

/* ---- who signs ---- */
struct signer {
        X509 *x509;
        EVP_PKEY *pkey;          /* NULL: a GOST key */
        struct signing_key *key;
};
/* folder/ca/NAME.pem or folder/certs/NAME.pem with its key. */
GW_MUST_CHECK enum gw_rc signer_open(struct signer *signer, const char *folder, bool authority, const char *name, struct why *why);
void signer_close(struct signer *signer);
/* Appends AlgorithmIdentifier and BIT STRING (bits) or OCTET STRING of the signature over these bytes. */
void signer_sign(const struct signer *signer, struct span bytes, bool bits, struct buf *out);
/* The digest's AlgorithmIdentifier, and the digest. */
void signer_put_digest(const struct signer *signer, struct buf *out);
void signer_digest(const struct signer *signer, struct span bytes, struct buf *out);
/* DER of anything; OpenSSL's memory ends here. */
#define PUT_DER(out, i2d, object)                                      \
        do {                                                           \
                unsigned char *put_der_ = NULL;                        \
                int put_der_n_ = (i2d)((object), &put_der_);           \
                GW_ASSERT(put_der_n_ > 0);                             \
                buf_add((out), put_der_, (size_t)put_der_n_);          \
                OPENSSL_free(put_der_);                                \
        } while (0)
void put_tagged(struct buf *out, uint8_t tag, struct span content); /* der_put() for any length */
X509_EXTENSION *unknown_critical_extension(void);

enum service {
        SERVICE_RESPONDER, SERVICE_RESPONDER_FOREIGN, SERVICE_RESPONDER_NO_EKU, SERVICE_RESPONDER_EXPIRED, SERVICE_LEAF,
        SERVICE_TSA, SERVICE_TSA_FOREIGN, SERVICE_TSA_NO_EKU, SERVICE_TSA_PLAIN_EKU, SERVICE_TSA_EXPIRED, SERVICE_COUNT,
};
enum branch { BRANCH_RSA, BRANCH_GOST, BRANCH_COUNT };

/* ---- what is known of certificates ---- */
#define SERIAL_HEX_MAX 41
enum known_status { KNOWN_GOOD, KNOWN_REVOKED, KNOWN_UNKNOWN };
struct entry {
        struct entry *next;
        char serial[SERIAL_HEX_MAX]; /* BN_bn2hex of it */
        enum known_status status;
        int reason;                  /* CRLReason, -1: not said */
        time_t date;
        bool delta_only;             /* the complete list does not say it yet */
        bool in_base;                /* the complete list said it when the delta began */
};

struct authority {
        const char *name, *alias;    /* "issuing", "rsa" */
        enum branch branch;
        bool delegates;              /* OCSP by a responder; else the authority signs itself */
        struct signer signer;
        struct entry *entries;
        uint64_t number, base_number, delta_number;
        int64_t ocsp_age_s, ocsp_life_s; /* thisUpdate = now - age; nextUpdate = thisUpdate + life, 0: none */
        int64_t crl_age_s, crl_life_s;
        uint64_t fill;               /* so many invented entries more */
        bool frozen;
        struct buf frozen_base, frozen_delta;
};
#define AUTHORITY_COUNT 5

enum endpoint_kind { ENDPOINT_OCSP, ENDPOINT_CRL, ENDPOINT_DELTA, ENDPOINT_TSA };
struct endpoint {
        char name[40];               /* "ocsp/rsa" */
        enum endpoint_kind kind;
        struct authority *authority; /* NULL: TSA */
        enum branch branch;
        struct fault fault;
        uint64_t requests;
};
#define ENDPOINT_COUNT (AUTHORITY_COUNT * 3 + BRANCH_COUNT)

struct pki {
        struct authority authorities[AUTHORITY_COUNT];
        struct endpoint endpoints[ENDPOINT_COUNT];
        struct signer foreign[BRANCH_COUNT], services[BRANCH_COUNT][SERVICE_COUNT];
        EVP_PKEY *stand_in;          /* signs where a GOST signature then takes its place */
        int64_t time_stamp_serial;
        uint64_t malformed, elsewhere; /* requests nobody could read, and to no endpoint */
};
struct authority *pki_authority(struct pki *pki, const char *name);
struct endpoint *pki_endpoint(struct pki *pki, enum endpoint_kind kind, const struct authority *authority, enum branch branch);

/* status.c */
GW_MUST_CHECK enum gw_rc status_load(struct authority *authority, const char *folder, struct why *why);
void status_free(struct authority *authority);
struct entry *status_find(const struct authority *authority, const char *serial);
/* Sets, and tells the lists (or only the delta) of it. */
void status_set(struct authority *authority, const struct entry *entry);
void status_renew(struct authority *authority); /* a new complete list with all there is; the delta begins anew */
GW_MUST_CHECK bool status_serial(const char *text, char ret_serial[SERIAL_HEX_MAX]); /* hex in any case, colons allowed */

/* ocsp.c: the DER of the answer to a request. Without `authority` the one that the request names. *ret_endpoint: whose fault it was. */
void ocsp_answer(struct pki *pki, struct authority *authority, struct span request, unsigned fault, struct wall_time now, struct buf *out);
/* The authority of the first CertID; NULL when there is none of ours. */
struct authority *ocsp_authority(struct pki *pki, struct span request);
/* crl.c */
void crl_answer(struct pki *pki, struct authority *authority, bool delta, unsigned fault, struct wall_time now, struct buf *out);
void crl_freeze(struct pki *pki, struct authority *authority, bool frozen, struct wall_time now);
/* tsa.c */
#define TSA_POLICY "1.2.398.3.3.2.6.4" /* interfaces 3.6 */
void tsa_answer(struct pki *pki, enum branch branch, struct span request, unsigned fault, struct wall_time now, struct buf *out);

#endif
