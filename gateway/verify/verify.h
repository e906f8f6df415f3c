/* Verification of the two signatures: valid, allowed, fresh are three questions and three functions.
 *
 * xmlsec is used in verify/sig.c alone. What comes back on success is the verified element (I6) and who signed it. */
#ifndef GW_VERIFY_VERIFY_H
#define GW_VERIFY_VERIFY_H

#include "gateway/base/clock.h"
#include "gateway/reason.h"
#include "gateway/soap/soap.h"
#include "gateway/pki/certificate.h"
#include "gateway/pki/status.h"
#include "gateway/verify/problem.h"

struct verify_policy {
        int clock_skew_ms;                /* tolerance for notBefore/notAfter: 60,000 */
        int64_t message_age_max_ms;       /* stale beyond: 24 h */
        int64_t message_future_max_ms;    /* future beyond: 5 min */
        bool iin_check_digit;             /* test certificates of НУЦ fail it */
        struct wall_time gost2004_until;  /* GOST 34.310-2004 is accepted before this instant; 0: without an end */
        /* What is known about the revocation of a certificate of that issuer at that instant, from memory; NULL: not asked (command line). Asked for every
         * certificate of the path below the anchor. */
        void (*revocation)(void *ctx, const struct certificate *certificate, X509 *issuer, struct wall_time at, struct revocation_status *ret);
        void *revocation_ctx;
        const char *const *policies;      /* acceptable certificate policies (dotted OIDs), for leafs; count 0: any */
        size_t policy_count;
        const char *const *stamp_policies; /* acceptable policies of time-stamp tokens; count 0: any */
        size_t stamp_policy_count;
        bool stamp_required;              /* an applicant's signature without a time stamp is refused */
        bool expired_with_stamp;          /* a certificate that has expired since is accepted when a trusted time stamp proves an earlier, good instant */
        const char *certificates;         /* folder of known parties' certificates, for a KeyInfo that only names one; NULL: there is none */
        int64_t stamp_age_max_ms;         /* … and the stamp is not older than this; 0: any age */
};

struct verifier;
struct anchors; /* pki/path.h */
/* trust_dir: PEM/DER files of CA certificates, all of them anchors (partial chains), and in its sub-folder "intermediate" those that are only on
 * offer. Zero anchors: GW_FAULT. xmlsec and libxml2
 * must be initialised once per process by verify_init(). Thread-safe after creation: one verifier serves all event loops. */
void verify_init(void);
GW_MUST_CHECK enum gw_rc verifier_open(const char *trust_dir, const struct verify_policy *policy, struct verifier **ret_verifier, struct why *why);
void verifier_close(struct verifier *verifier);
/* Reads the trust folder again. What is bad or empty changes nothing: GW_FAULT, and the old set stays in use. Any thread. */
GW_MUST_CHECK enum gw_rc verifier_reload(struct verifier *verifier, struct why *why);
/* A reference to the set in use. */
struct anchors *verifier_anchors(struct verifier *verifier);

/* Valid: exactly one signature in the Security header, over this envelope's own Body (and Timestamp when present), exclusive
 * c14n only, allow-listed algorithms, certificate from KeyIdentifier, BinarySecurityToken (direct reference), X509Data, or named (issuer and
 * serial number, key identifier, digest) and found in policy->certificates. The certificate is
 * current at `at`, chains to an anchor, is meant for signing. ret_certificate: ref-counted, certificate_unref() by the caller.
 * Reasons TRANSPORT_*. The verified element is soap->payload (its parent Body is what was digested). */
GW_MUST_CHECK enum gw_rc verify_transport(struct verifier *verifier, const struct soap *soap, struct wall_time at, struct certificate **ret_certificate, struct why *why);

/* Valid: enveloped XML-DSig of NCALayer's shape over the whole document; several signers are peeled from the last (the
 * Signature elements are unlinked from doc as they verify, so on success doc holds the bare application). On failure doc must not
 * be used further. Reasons APPLICANT_*. Signers in order of signing. */
#define VERIFY_SIGNERS_MAX 4
#define SIGNATURE_COVERED_MAX 3
struct signature_facts { /* what a good signature says beside who made it, for reports */
        const char *level;              /* "XML-DSig", "XAdES-BES", "XAdES-T", "CAdES-BES" …; static */
        char algorithm[64];             /* "rsa-sha256": the end of the method's URI */
        struct covered {
                const char *what;       /* "document", "SignedProperties", "Body", "Timestamp", "content"; static */
                char hash[64];          /* "sha256" */
                char digest[96];        /* base64 */
        } covered[SIGNATURE_COVERED_MAX];
        size_t covered_count;
        struct wall_time signing_time;  /* what the signer claims; .ms 0: nothing */
        struct wall_time stamped_at;    /* proven by a trusted time stamp; .ms 0: there is none */
        char stamp_policy[64], stamp_authority[256];
};
struct verified_document {
        xmlNode *root;                                   /* borrowed from doc: what downstream code may read */
        struct certificate *signers[VERIFY_SIGNERS_MAX]; /* refs owned; verified_document_done() */
        struct signature_facts facts[VERIFY_SIGNERS_MAX]; /* of each signer's signature */
        size_t signer_count;
};
GW_MUST_CHECK enum gw_rc verify_document(struct verifier *verifier, xmlDoc *doc, struct wall_time at, struct verified_document *ret, struct why *why);
/* The same of another party: SIG_LOGIN with reasons LOGIN_…, SIG_RESULT with RESULT_SIGNATURE_…. */
GW_MUST_CHECK enum gw_rc verify_document_of(struct verifier *verifier, enum sig_party party, xmlDoc *doc, struct wall_time at, struct verified_document *ret, struct why *why);
void verified_document_done(struct verified_document *verified);
/* Whether a certificate that was good for a login is so still: path, dates, revocation by what is known in memory. LOGIN_CERTIFICATE…; GW_RETRY: not known now. */
GW_MUST_CHECK enum gw_rc verify_login_still(struct verifier *verifier, struct certificate *certificate, struct wall_time at, struct why *why);
/* Of a transport signature that verify_transport() has found good. */
void verify_transport_facts(const struct soap *soap, struct signature_facts *ret_facts);
/* The last good path of a certificate, when it is kept (trust.c); the caller's, or NULL. */
struct certificate_chain *verifier_chain(struct verifier *verifier, const struct certificate *certificate);
/* Names policy and anchors in use: the first 16 hexadecimal digits of a SHA-256 over both, so that two verdicts can be told to be by the same rules. */
#define VERIFY_POLICY_ID_MAX 17
void verifier_policy_id(struct verifier *verifier, char ret_id[VERIFY_POLICY_ID_MAX]);

/* Allowed: the applicant's certificate is an individual's SIGN certificate with an IIN, and the IIN is the declarant's or, when
 * the application names one, the representative's. Reasons APPLICANT_CERTIFICATE_ROLE, APPLICANT_IIN_*. */
GW_MUST_CHECK enum gw_rc verify_applicant_allowed(const struct verifier *verifier, const struct certificate *signer, const char *declarant_iin, const char *representative_iin, struct why *why);
/* Allowed: a certificate of an information system registered for this sender (by BIN and/or by SHA-256 fingerprints, hex,
 * comma-separated; at least one must be given). Reasons TRANSPORT_CERTIFICATE_ROLE, SENDER_CERTIFICATE_MISMATCH. */
struct sender_binding { const char *bin, *certificate_sha256; };
GW_MUST_CHECK enum gw_rc verify_sender_allowed(const struct certificate *certificate, const struct sender_binding *binding, struct why *why);
/* Fresh. Reasons MESSAGE_DATE_STALE, MESSAGE_DATE_FUTURE. */
GW_MUST_CHECK enum gw_rc verify_fresh(const struct verify_policy *policy, struct wall_time message_date, struct wall_time now, struct why *why);

/* Counters for `make bench`: signatures verified, certificates decoded, chains checked. */
struct verify_counts { uint64_t signatures, decoded, chains; };
struct verify_counts verifier_counts(const struct verifier *verifier);

#endif
