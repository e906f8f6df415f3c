/* The OCSP responder. */
#include <openssl/rand.h>

#include "adapters/pki/pki.h"

#define HOUR 3600
#define DAY 86400

GW_DEFINE_AUTO(request, OCSP_REQUEST, OCSP_REQUEST_free)
GW_DEFINE_AUTO(basic, OCSP_BASICRESP, OCSP_BASICRESP_free)
GW_DEFINE_AUTO(id, OCSP_CERTID, OCSP_CERTID_free)

/* OpenSSL fills these parts of an answer itself and offers no way to set them. */
#define WRITABLE(type, pointer) ((type *)(uintptr_t)(pointer))

static OCSP_REQUEST *parse(struct span request)
{
        const unsigned char *p = request.p;
        OCSP_REQUEST *parsed = request.n > 0 ? d2i_OCSP_REQUEST(NULL, &p, (long)request.n) : NULL;
        if (parsed && (p != request.p + request.n || OCSP_request_onereq_count(parsed) < 1)) {
                OCSP_REQUEST_free(parsed);
                return NULL;
        }
        return parsed;
}

static OCSP_CERTID *id_of(OCSP_REQUEST *request, int i)
{
        return OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, i));
}

/* Is this certificate the authority's, by the digest that the request itself uses (RFC 6960 4.1.1)? */
static bool is_of(OCSP_CERTID *id, const struct authority *authority)
{
        ASN1_OBJECT *digest = NULL;
        OCSP_id_get0_info(NULL, &digest, NULL, NULL, id);
        const EVP_MD *md = EVP_get_digestbyobj(digest);
        gw_auto(id) OCSP_CERTID *ours = md ? OCSP_cert_to_id(md, NULL, authority->signer.x509) : NULL;
        return ours && OCSP_id_issuer_cmp(ours, id) == 0;
}

struct authority *ocsp_authority(struct pki *pki, struct span bytes)
{
        gw_auto(request) OCSP_REQUEST *request = parse(bytes);
        for (size_t i = 0; request && i < AUTHORITY_COUNT; i++)
                if (is_of(id_of(request, 0), &pki->authorities[i]))
                        return &pki->authorities[i];
        return NULL;
}

static void put_response(int status, OCSP_BASICRESP *basic, struct buf *out)
{
        OCSP_RESPONSE *response = OCSP_response_create(status, basic);
        GW_ASSERT(response);
        PUT_DER(out, i2d_OCSP_RESPONSE, response);
        OCSP_RESPONSE_free(response);
}

/* ---- what is said ---- */

static OCSP_CERTID *altered(OCSP_CERTID *id, const struct pki *pki, const struct authority *authority, unsigned fault)
{
        ASN1_OBJECT *digest = NULL;
        ASN1_INTEGER *serial = NULL;
        OCSP_id_get0_info(NULL, &digest, NULL, &serial, id);
        const X509 *issuer = fault == OCSP_WRONG_ISSUER ? pki->foreign[authority->branch].x509 : authority->signer.x509;
        BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
        GW_ASSERT(number && (fault == OCSP_WRONG_ISSUER || BN_add_word(number, 1)));
        ASN1_INTEGER *other = BN_to_ASN1_INTEGER(number, NULL);
        OCSP_CERTID *made = OCSP_cert_id_new(EVP_get_digestbyobj(digest), X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer), other);
        GW_ASSERT(made);
        ASN1_INTEGER_free(other);
        BN_free(number);
        return made;
}

static struct entry look_up(const struct authority *authority, OCSP_CERTID *id)
{
        ASN1_INTEGER *serial = NULL;
        OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
        BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
        char *hex = number ? BN_bn2hex(number) : NULL;
        const struct entry *known = hex ? status_find(authority, hex) : NULL;
        OPENSSL_free(hex);
        BN_free(number);
        return known ? *known : (struct entry){.status = KNOWN_GOOD};
}

static void add_single(OCSP_BASICRESP *basic, OCSP_CERTID *id, const struct entry *known, const struct authority *authority, unsigned fault, time_t now)
{
        static const int statuses[] = {[KNOWN_GOOD] = V_OCSP_CERTSTATUS_GOOD, [KNOWN_REVOKED] = V_OCSP_CERTSTATUS_REVOKED, [KNOWN_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN};
        int64_t from = -authority->ocsp_age_s, until = authority->ocsp_life_s ? from + authority->ocsp_life_s : 0;
        if (fault == OCSP_EXPIRED) {
                from = -2 * HOUR;
                until = -HOUR;
        } else if (fault == OCSP_FUTURE) {
                from = DAY;
                until = 2 * DAY;
        } else if (fault == OCSP_OLD) {
                from = -30 * DAY;
                until = 30 * DAY;
        } else if (fault == OCSP_NO_NEXT_UPDATE)
                until = 0;
        ASN1_TIME *this_update = ASN1_GENERALIZEDTIME_set(NULL, now + from), *next_update = until ? ASN1_GENERALIZEDTIME_set(NULL, now + until) : NULL;
        ASN1_TIME *revoked = known->status == KNOWN_REVOKED ? ASN1_GENERALIZEDTIME_set(NULL, known->date) : NULL;
        int status = fault == OCSP_UNKNOWN ? V_OCSP_CERTSTATUS_UNKNOWN : statuses[known->status];
        OCSP_SINGLERESP *single = OCSP_basic_add1_status(basic, id, status, known->reason, revoked, this_update, next_update);
        GW_ASSERT(single);
        if (fault == OCSP_CRITICAL_SINGLE) {
                X509_EXTENSION *extension = unknown_critical_extension();
                GW_ASSERT(OCSP_SINGLERESP_add_ext(single, extension, -1));
                X509_EXTENSION_free(extension);
        }
        ASN1_TIME_free(this_update);
        ASN1_TIME_free(next_update);
        ASN1_TIME_free(revoked);
}

static void add_answers(OCSP_BASICRESP *basic, OCSP_REQUEST *request, const struct pki *pki, const struct authority *authority, unsigned fault, time_t now)
{
        for (int i = 0; fault != OCSP_NO_SINGLE && i < OCSP_request_onereq_count(request); i++) {
                OCSP_CERTID *asked = id_of(request, i);
                gw_auto(id) OCSP_CERTID *other = fault == OCSP_WRONG_CERTIFICATE || fault == OCSP_WRONG_ISSUER || fault == OCSP_EXTRA
                                                         ? altered(asked, pki, authority, fault) : NULL;
                struct entry known = look_up(authority, asked);
                if (other)
                        add_single(basic, other, &known, authority, fault, now);
                if (!other || fault == OCSP_EXTRA)
                        add_single(basic, asked, &known, authority, fault, now);
                if (fault == OCSP_GOOD_AND_REVOKED) {
                        known.status = known.status == KNOWN_REVOKED ? KNOWN_GOOD : KNOWN_REVOKED;
                        known.date = now - HOUR;
                        add_single(basic, asked, &known, authority, fault, now);
                }
        }
        if (fault == OCSP_CRITICAL) {
                X509_EXTENSION *extension = unknown_critical_extension();
                GW_ASSERT(OCSP_BASICRESP_add_ext(basic, extension, -1));
                X509_EXTENSION_free(extension);
        }
}

static void add_nonce(OCSP_BASICRESP *basic, OCSP_REQUEST *request, unsigned fault)
{
        unsigned char other[32];
        if (fault == OCSP_NO_NONCE)
                return;
        if (fault != OCSP_WRONG_NONCE) {
                GW_ASSERT(OCSP_copy_nonce(basic, request) > 0); /* 2: the request has none */
                return;
        }
        GW_ASSERT(RAND_bytes(other, sizeof other) == 1 && OCSP_basic_add1_nonce(basic, other, sizeof other));
}

/* ---- who says it ---- */

static const struct signer *choose_signer(const struct pki *pki, const struct authority *authority, unsigned fault)
{
        const struct signer *services = pki->services[authority->branch];
        switch (fault) {
        case OCSP_FOREIGN:
                return &services[SERVICE_RESPONDER_FOREIGN];
        case OCSP_NO_EKU:
                return &services[SERVICE_RESPONDER_NO_EKU];
        case OCSP_EXPIRED_RESPONDER:
                return &services[SERVICE_RESPONDER_EXPIRED];
        case OCSP_BY_LEAF:
                return &services[SERVICE_LEAF];
        default:
                return authority->delegates && fault != OCSP_BY_ISSUER ? &services[SERVICE_RESPONDER] : &authority->signer;
        }
}

/* OpenSSL has no GOST keys: a stand-in key signs under the certificate's name, then algorithm, signature and certificate are replaced. */
static void sign_gost(const struct pki *pki, OCSP_BASICRESP *basic, const struct signer *signer, bool certificate)
{
        X509 *named = X509_dup(signer->x509);
        GW_ASSERT(named && X509_set_pubkey(named, pki->stand_in));
        GW_ASSERT(OCSP_basic_sign(basic, named, pki->stand_in, EVP_sha256(), NULL, OCSP_NOCERTS | OCSP_NOTIME));
        X509_free(named);
        auto_buf struct buf tbs = BUF_INIT, signature = BUF_INIT;
        PUT_DER(&tbs, i2d_OCSP_RESPDATA, WRITABLE(OCSP_RESPDATA, OCSP_resp_get0_respdata(basic)));
        signer_sign(signer, buf_span(&tbs), true, &signature);
        const unsigned char *p = signature.p;
        X509_ALGOR *algorithm = WRITABLE(X509_ALGOR, OCSP_resp_get0_tbs_sigalg(basic)), *ours = d2i_X509_ALGOR(NULL, &p, (long)signature.n);
        ASN1_BIT_STRING *value = WRITABLE(ASN1_BIT_STRING, OCSP_resp_get0_signature(basic)), *bits = d2i_ASN1_BIT_STRING(NULL, &p, (long)(signature.p + signature.n - p));
        GW_ASSERT(ours && bits && X509_ALGOR_copy(algorithm, ours) && ASN1_STRING_copy(value, bits));
        GW_ASSERT(!certificate || OCSP_basic_add1_cert(basic, signer->x509));
        X509_ALGOR_free(ours);
        ASN1_BIT_STRING_free(bits);
}

static void sign(const struct pki *pki, OCSP_BASICRESP *basic, const struct signer *signer, unsigned fault, time_t now)
{
        ASN1_GENERALIZEDTIME *produced = WRITABLE(ASN1_GENERALIZEDTIME, OCSP_resp_get0_produced_at(basic));
        GW_ASSERT(ASN1_GENERALIZEDTIME_set(produced, fault == OCSP_OLD || fault == OCSP_OLD_PRODUCED ? now - 30 * DAY : fault == OCSP_FUTURE ? now + DAY : now));
        bool certificate = fault != OCSP_NO_CERTIFICATE;
        if (!signer->pkey)
                sign_gost(pki, basic, signer, certificate);
        else
                GW_ASSERT(OCSP_basic_sign(basic, signer->x509, signer->pkey, fault == OCSP_SHA1 ? EVP_sha1() : EVP_sha256(), NULL,
                                          OCSP_NOTIME | (certificate ? 0ul : OCSP_NOCERTS)));
        if (fault == PKI_BAD_SIGNATURE) {
                ASN1_BIT_STRING *value = WRITABLE(ASN1_BIT_STRING, OCSP_resp_get0_signature(basic));
                value->data[value->length - 1] ^= 1;
        }
}

static bool is_error(unsigned fault, int *ret_status)
{
        switch (fault) {
        case OCSP_TRY_LATER:
                *ret_status = OCSP_RESPONSE_STATUS_TRYLATER;
                return true;
        case OCSP_INTERNAL_ERROR:
                *ret_status = OCSP_RESPONSE_STATUS_INTERNALERROR;
                return true;
        case OCSP_UNAUTHORIZED:
                *ret_status = OCSP_RESPONSE_STATUS_UNAUTHORIZED;
                return true;
        case OCSP_MALFORMED:
                *ret_status = OCSP_RESPONSE_STATUS_MALFORMEDREQUEST;
                return true;
        default:
                return false;
        }
}

void ocsp_answer(struct pki *pki, struct authority *authority, struct span bytes, unsigned fault, struct wall_time at, struct buf *out)
{
        int status = 0;
        gw_auto(request) OCSP_REQUEST *request = parse(bytes);
        if (!request) {
                pki->malformed++;
                put_response(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, NULL, out);
                return;
        }
        if (is_error(fault, &status)) {
                put_response(status, NULL, out);
                return;
        }
        for (int i = 0; i < OCSP_request_onereq_count(request); i++) {
                if (!authority || !is_of(id_of(request, i), authority)) { /* RFC 6960 2.3: not authoritative for it */
                        put_response(OCSP_RESPONSE_STATUS_UNAUTHORIZED, NULL, out);
                        return;
                }
        }
        gw_auto(basic) OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
        GW_ASSERT(basic);
        time_t now = (time_t)(at.ms / 1000);
        add_answers(basic, request, pki, authority, fault, now);
        add_nonce(basic, request, fault);
        sign(pki, basic, choose_signer(pki, authority, fault), fault, now);
        put_response(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic, out);
}
