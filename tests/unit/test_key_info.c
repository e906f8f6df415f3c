/* Which certificate a signature means: every form of KeyInfo, the folder of known certificates, and names in everybody's spelling. */
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "gateway/pki/path.h"
#include "gateway/verify/known.h"
#include "tests/unit/helper_xmlsec1.h"

#define PORTAL "system-portal"
#define APPLICANT "applicant-850412390011"
#define X509_PROFILE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
#define BASE64_BINARY "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
#define THUMBPRINT "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(known, struct known_certificates, known_close)

static X509 *test_certificate(const char *name)
{
        auto_str char *path = pki_file("certs", name, ".pem");
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        X509 *x509 = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
        assert_non_null(x509);
        return x509;
}

static char *base64_of(struct span bytes)
{
        auto_buf struct buf out = BUF_INIT;
        text_base64(&out, bytes);
        return buf_take_str(&out);
}

static char *digest_of(const char *name, const EVP_MD *kind)
{
        gw_auto(x509) X509 *x509 = test_certificate(name);
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        assert_int_equal(X509_digest(x509, kind, digest, &n), 1);
        return base64_of(span_of(digest, n));
}

static char *key_identifier_of(const char *name)
{
        gw_auto(x509) X509 *x509 = test_certificate(name);
        const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x509);
        assert_non_null(id);
        return base64_of(span_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)));
}

static char *serial_of(const char *name)
{
        gw_auto(x509) X509 *x509 = test_certificate(name);
        BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
        char *text = BN_bn2dec(number), *copy = xstrdup(text);
        OPENSSL_free(text);
        BN_free(number);
        return copy;
}

static char *issuer_of(const char *name, unsigned long flags)
{
        gw_auto(x509) X509 *x509 = test_certificate(name);
        BIO *bio = BIO_new(BIO_s_mem());
        assert_true(X509_NAME_print_ex(bio, X509_get_issuer_name(x509), 0, flags) >= 0);
        char *bytes = NULL;
        long n = BIO_get_mem_data(bio, &bytes);
        char *copy = xstrndup(bytes, (size_t)n);
        BIO_free(bio);
        return copy;
}

/* A folder with the certificates of the portal and of the applicant. */
static char *known_folder(void)
{
        const char *tmp = getenv("TMPDIR");
        char *folder = xasprintf("%s/egov-known-XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(folder));
        auto_str char *portal = pki_file("certs", PORTAL, ".pem"), *applicant = pki_file("certs", APPLICANT, ".pem");
        auto_str char *command = xasprintf("cp %s %s %s/", portal, applicant, folder);
        assert_int_equal(system(command), 0);
        return folder;
}

static void remove_folder(const char *folder)
{
        auto_str char *command = xasprintf("rm -r %s", folder);
        assert_int_equal(system(command), 0);
}

static char *envelope(const char *key_info, const char *before)
{
        auto_str char *text = xasprintf(
                "<s:Envelope xmlns:s=\"" SOAP11_NS "\" xmlns:wsu=\"" WSU_NS "\"><s:Header><wsse:Security xmlns:wsse=\"" WSSE_NS "\">%s"
                "<ds:Signature xmlns:ds=\"" DSIG_NS "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" URI_EXC "\"/>"
                "<ds:SignatureMethod Algorithm=\"" URI_MORE "rsa-sha256\"/><ds:Reference URI=\"#id-1\"><ds:Transforms>" TRANSFORM(URI_EXC)
                "</ds:Transforms><ds:DigestMethod Algorithm=\"" URI_ENC "sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>"
                "<ds:SignatureValue/>" KEY_INFO_HERE "</ds:Signature></wsse:Security></s:Header><s:Body wsu:Id=\"id-1\"><q xmlns=\"urn:q\"/></s:Body>"
                "</s:Envelope>", before);
        return sign_as(text, PORTAL, key_info, "--id-attr:Id " SOAP11_NS ":Body");
}

static char *token_reference(const char *content)
{
        return xasprintf("<ds:KeyInfo><wsse:SecurityTokenReference>%s</wsse:SecurityTokenReference></ds:KeyInfo>", content);
}

static int transport(struct verifier *verifier, const char *key_info, const char *before, char *detail)
{
        auto_str char *text = envelope(key_info, before);
        auto_soap struct soap *soap = NULL;
        auto_certificate struct certificate *certificate = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(soap_parse(span_str(text), &xml_limits_default, &soap, &why), GW_OK);
        enum gw_rc rc = verify_transport(verifier, soap, wall_now(), &certificate, &why);
        snprintf(detail, sizeof why.detail, "%s", why.detail);
        if (rc == GW_OK)
                assert_string_equal(certificate->bin, "091240900012");
        return rc == GW_OK ? REASON_NONE : why.reason;
}

static void expect(struct verifier *verifier, const char *name, const char *content, int want)
{
        char detail[sizeof((struct why){0}.detail)];
        auto_str char *key_info = token_reference(content);
        int got = transport(verifier, key_info, "", detail);
        if (got != want)
                fail_msg("%s: got %s (%s), want %s", name, reason_info(got)->name, detail, reason_info(want)->name);
}

#define KEY_IDENTIFIER(type) "<wsse:KeyIdentifier EncodingType=\"" BASE64_BINARY "\" ValueType=\"" type "\">%s</wsse:KeyIdentifier>"

/* Only what the operator has put into the folder is found; and what is found must be the signer's. */
static void named_certificates(void **state GW_UNUSED)
{
        auto_str char *folder = known_folder(), *trust = pki_file("trust", "", "");
        struct verify_policy policy = test_policy();
        policy.certificates = folder;
        auto_verifier struct verifier *with = open_verifier(trust, &policy), *without = open_test_verifier();
        auto_str char *ski = key_identifier_of(PORTAL), *sha1 = digest_of(PORTAL, EVP_sha1()), *sha256 = digest_of(PORTAL, EVP_sha256());
        auto_str char *sha512 = digest_of(PORTAL, EVP_sha512()), *serial = serial_of(PORTAL), *issuer = issuer_of(PORTAL, XN_FLAG_RFC2253);
        auto_str char *other_ski = key_identifier_of(APPLICANT), *other_sha1 = digest_of(APPLICANT, EVP_sha1());
        auto_str char *stranger_ski = key_identifier_of("system-gbdfl"), *stranger_serial = serial_of("system-gbdfl");
        const struct {
                const char *name;
                char *content;
                int want;
        } cases[] = {
                {"X509SubjectKeyIdentifier", xasprintf(KEY_IDENTIFIER(X509_PROFILE "X509SubjectKeyIdentifier"), ski), REASON_NONE},
                {"ThumbprintSHA1", xasprintf(KEY_IDENTIFIER(THUMBPRINT), sha1), REASON_NONE},
                {"X509SKI", xasprintf("<ds:X509Data><ds:X509SKI>%s</ds:X509SKI></ds:X509Data>", ski), REASON_NONE},
                {"X509IssuerSerial", xasprintf("<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>%s</ds:X509IssuerName><ds:X509SerialNumber>%s"
                                               "</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>", issuer, serial), REASON_NONE},
                {"X509Digest", xasprintf("<ds:X509Data><d:X509Digest xmlns:d=\"http://www.w3.org/2009/xmldsig11#\" Algorithm=\"" URI_ENC "sha256\">%s"
                                         "</d:X509Digest></ds:X509Data>", sha256), REASON_NONE},
                {"X509Digest of SHA-512", xasprintf("<ds:X509Data><d:X509Digest xmlns:d=\"http://www.w3.org/2009/xmldsig11#\" Algorithm=\"" URI_ENC
                                                    "sha512\">%s</d:X509Digest></ds:X509Data>", sha512), REASON_NONE},
                {"X509Digest of SHA-1", xasprintf("<ds:X509Data><d:X509Digest xmlns:d=\"http://www.w3.org/2009/xmldsig11#\" Algorithm=\"" DSIG_NS "sha1\">%s"
                                                  "</d:X509Digest></ds:X509Data>", sha1), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"somebody else's key identifier", xasprintf(KEY_IDENTIFIER(X509_PROFILE "X509SubjectKeyIdentifier"), other_ski), REASON_TRANSPORT_SIGNATURE_INVALID},
                {"somebody else's thumbprint", xasprintf(KEY_IDENTIFIER(THUMBPRINT), other_sha1), REASON_TRANSPORT_SIGNATURE_INVALID},
                {"a stranger's key identifier", xasprintf(KEY_IDENTIFIER(X509_PROFILE "X509SubjectKeyIdentifier"), stranger_ski), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"a stranger's serial number", xasprintf("<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>%s</ds:X509IssuerName><ds:X509SerialNumber>%s"
                                                         "</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>", issuer, stranger_serial), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"two names", xasprintf("<ds:X509Data><ds:X509SKI>%s</ds:X509SKI><ds:X509SKI>%s</ds:X509SKI></ds:X509Data>", ski, ski), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"subject name", xstrdup("<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName></ds:X509Data>"), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"key identifier is empty", xstrdup("<ds:X509Data><ds:X509SKI/></ds:X509Data>"), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"serial number is not decimal", xasprintf("<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>%s</ds:X509IssuerName><ds:X509SerialNumber>0x%s"
                                                           "</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>", issuer, serial), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"key value", xstrdup("<ds:KeyValue/>"), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"retrieval method", xstrdup("<ds:RetrievalMethod URI=\"#id-1\"/>"), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"token elsewhere", xstrdup("<wsse:Reference URI=\"http://example.invalid/token\"/>"), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"embedded", xstrdup("<wsse:Embedded/>"), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                expect(with, cases[i].name, cases[i].content, cases[i].want);
                expect(without, cases[i].name, cases[i].content, REASON_TRANSPORT_SIGNATURE_KEY_INFO);
                free(cases[i].content);
        }
        remove_folder(folder);
}

static char *trusted_base64(const char *name)
{
        auto_str char *path = pki_file("trust", name, ".pem"), *command = xasprintf("openssl x509 -in %s -outform der | base64 -w0", path);
        FILE *pipe = popen(command, "r");
        char text[8192] = "";
        assert_true(fread(text, 1, sizeof text - 1, pipe) > 0);
        pclose(pipe);
        return xstrdup(text);
}

#define X509(text) "<ds:X509Certificate>" text "</ds:X509Certificate>"

/* The leaf with its issuers, as the JDK writes them, in any order; never a guess between two. */
static void chains(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *leaf = certificate_base64(PORTAL), *other = certificate_base64(APPLICANT), *authority = trusted_base64("issuing");
        const struct {
                const char *name;
                char *content;
                int want;
        } cases[] = {
                {"leaf, issuer", xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", leaf, authority), REASON_NONE},
                {"issuer, leaf", xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", authority, leaf), REASON_NONE},
                {"leaf twice", xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", leaf, leaf), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"two leafs", xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", leaf, other), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"authorities only", xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", authority, authority), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"one of them unreadable", xasprintf("<ds:X509Data>" X509("%s") X509("AAAA") "</ds:X509Data>", leaf), REASON_TRANSPORT_CERTIFICATE_UNREADABLE},
                {"nine", xasprintf("<ds:X509Data>" X509("%s") X509() X509() X509() X509() X509() X509() X509() X509() "</ds:X509Data>", leaf), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"a certificate and a CRL", xasprintf("<ds:X509Data>" X509("%s") "<ds:X509CRL/></ds:X509Data>", leaf), REASON_TRANSPORT_SIGNATURE_KEY_INFO},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                expect(verifier, cases[i].name, cases[i].content, cases[i].want);
                free(cases[i].content);
        }
}

/* With the root alone as anchor, the issuing authority's certificate that comes along leads to it; it is trusted no more than that. */
static void intermediates(void **state GW_UNUSED)
{
        const char *tmp = getenv("TMPDIR");
        auto_str char *folder = xasprintf("%s/egov-root-XXXXXX", tmp ? tmp : "/tmp"), *root = pki_file("trust", "root", ".pem");
        assert_non_null(mkdtemp(folder));
        auto_str char *copy = xasprintf("cp %s %s/", root, folder);
        assert_int_equal(system(copy), 0);
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *verifier = open_verifier(folder, &policy);
        auto_str char *leaf = certificate_base64(PORTAL), *issuing = trusted_base64("issuing"), *other = trusted_base64("gost-issuing");
        auto_str char *alone = xasprintf("<ds:X509Data>" X509("%s") "</ds:X509Data>", leaf);
        auto_str char *wrong = xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", leaf, other);
        auto_str char *both = xasprintf("<ds:X509Data>" X509("%s") X509("%s") "</ds:X509Data>", leaf, issuing);
        expect(verifier, "the leaf alone", alone, REASON_TRANSPORT_CERTIFICATE_UNTRUSTED);
        expect(verifier, "with another authority", wrong, REASON_TRANSPORT_CERTIFICATE_UNTRUSTED);
        expect(verifier, "with its issuer", both, REASON_NONE);
        remove_folder(folder);
}

static void tokens(void **state GW_UNUSED)
{
        static const char *const types[] = {"X509v3", "X509PKIPathv1", "PKCS7"};
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *reference = token_reference("<wsse:Reference URI=\"#tok\"/>"), *certificate = certificate_base64(PORTAL);
        for (size_t i = 0; i < GW_COUNT(types); i++) {
                char detail[sizeof((struct why){0}.detail)];
                auto_str char *token = xasprintf("<wsse:BinarySecurityToken wsu:Id=\"tok\" ValueType=\"" X509_PROFILE "%s\">%s</wsse:BinarySecurityToken>",
                                                 types[i], certificate);
                assert_int_equal(transport(verifier, reference, token, detail), i == 0 ? REASON_NONE : REASON_TRANSPORT_SIGNATURE_KEY_INFO);
                assert_true(i == 0 || strstr(detail, "PKIPath or PKCS7"));
        }
}

static size_t find_by_issuer(struct known_certificates *known, const char *issuer, const char *serial)
{
        auto_certificate struct certificate *found = NULL;
        return known_find(known, &(struct known_name){.by = KNOWN_BY_ISSUER_SERIAL, .issuer = issuer, .serial = serial}, &found);
}

/* The issuer of the test PKI in the spelling of many programs. RFC 4514 2.4: escapes; #hex of the JDK; .NET quotes and has its own names. */
static void spellings(void **state GW_UNUSED)
{
        auto_str char *folder = known_folder(), *serial = serial_of(PORTAL);
        gw_auto(known) struct known_certificates *known = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(known_open(folder, &known, &why), GW_OK);
        static const unsigned long flags[] = {
                XN_FLAG_RFC2253, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ,
                XN_FLAG_ONELINE, XN_FLAG_RFC2253 | XN_FLAG_FN_OID, (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_DUMP_UNKNOWN) | ASN1_STRFLGS_DUMP_ALL | ASN1_STRFLGS_DUMP_DER,
        };
        for (size_t i = 0; i < GW_COUNT(flags); i++) {
                auto_str char *issuer = issuer_of(PORTAL, flags[i]);
                if (find_by_issuer(known, issuer, serial) != 1)
                        fail_msg("spelling %zu is not found: %s", i, issuer);
        }
        auto_str char *issuer = issuer_of(PORTAL, XN_FLAG_RFC2253), *more = xasprintf("%s,O=x", issuer), *cut = xstrdup(strchr(issuer, ',') + 1);
        auto_str char *shouted = xasprintf("%s%s", "cn", issuer + 2), *long_name = xasprintf("%*s%s", 3000, "", issuer);
        assert_int_equal(find_by_issuer(known, shouted, serial), 1);
        const char *const others[] = {more, cut, long_name, "", "CN", "=", "CN=", ",", "X=1", "CN=#zz", "CN=#0C0", "CN=\\", "CN=\"", "CN=a\\00b"};
        for (size_t i = 0; i < GW_COUNT(others); i++)
                assert_int_equal(find_by_issuer(known, others[i], serial), 0);
        auto_str char *blanks = xasprintf("\n  %s\t ", serial), *negative = xasprintf("-%s", serial), *two = xasprintf("%s %s", serial, serial);
        assert_int_equal(find_by_issuer(known, issuer, blanks), 1);
        const char *const serials[] = {negative, two, "", " ", "-", "--1", "+1", "-1", "1 ", "1", "99999999999999999999999999999999999999999999999999999999999999999"};
        for (size_t i = 0; i < GW_COUNT(serials); i++)
                assert_int_equal(find_by_issuer(known, issuer, serials[i]), 0);
        remove_folder(folder);
}

static void folders(void **state GW_UNUSED)
{
        gw_auto(known) struct known_certificates *known = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(known_open("/nonexistent/folder", &known, &why), GW_FAULT);
        assert_int_equal(why.reason, REASON_CONFIGURATION);
        auto_str char *folder = known_folder(), *serial = serial_of(PORTAL), *issuer = issuer_of(PORTAL, XN_FLAG_RFC2253);
        assert_int_equal(known_open(folder, &known, &why), GW_OK);
        auto_str char *copy = xasprintf("cp %s/" PORTAL ".pem %s/again.crt", folder, folder), *bad = xasprintf("echo x > %s/bad.pem", folder);
        auto_str char *clean = xasprintf("rm %s/*", folder);
        assert_int_equal(system(copy), 0);
        assert_int_equal(known_reload(known, &why), GW_OK);
        assert_int_equal(find_by_issuer(known, issuer, serial), 1); /* the same twice is one */
        assert_int_equal(system(bad), 0);
        assert_int_equal(known_reload(known, &why), GW_FAULT);
        assert_int_equal(find_by_issuer(known, issuer, serial), 1); /* what was known stays */
        assert_int_equal(system(clean), 0);
        assert_int_equal(known_reload(known, &why), GW_OK);
        assert_int_equal(find_by_issuer(known, issuer, serial), 0);
        remove_folder(folder);
}

/* A folder that cannot be read leaves both as they were: a withdrawn anchor must not be gone while the log says that it stays, nor the other way round. */
static void reload_is_all_or_nothing(void **state GW_UNUSED)
{
        auto_str char *known = known_folder(), *trust = known_folder(), *from = pki_file("trust", "", "");
        auto_str char *anchors = xasprintf("rm %s/* && cp %s/issuing.pem %s/root.pem %s/", trust, from, from, trust), *fewer = xasprintf("rm %s/root.pem", trust);
        auto_str char *bad = xasprintf("echo x > %s/bad.pem", known), *good = xasprintf("rm %s/bad.pem", known);
        assert_int_equal(system(anchors), 0);
        struct verify_policy policy = test_policy();
        policy.certificates = known;
        auto_verifier struct verifier *verifier = open_verifier(trust, &policy);
        struct why why = WHY_INIT;
        assert_int_equal(system(fewer), 0);
        assert_int_equal(system(bad), 0);
        assert_int_equal(verifier_reload(verifier, &why), GW_FAULT);
        auto_anchors struct anchors *kept = verifier_anchors(verifier);
        assert_int_equal(anchors_count(kept), 2);
        assert_int_equal(system(good), 0);
        assert_int_equal(verifier_reload(verifier, &why), GW_OK);
        auto_anchors struct anchors *read = verifier_anchors(verifier);
        assert_int_equal(anchors_count(read), 1);
        remove_folder(known);
        remove_folder(trust);
}

static int setup(void **state GW_UNUSED)
{
        verify_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(named_certificates), cmocka_unit_test(chains), cmocka_unit_test(intermediates), cmocka_unit_test(tokens),
                cmocka_unit_test(spellings),          cmocka_unit_test(folders), cmocka_unit_test(reload_is_all_or_nothing),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
