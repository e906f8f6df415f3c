/* XAdES in an applicant's document (TS 101 903 v1.3.2, EN 319 132-1): the good shapes, and broken siblings with the exact reason. Templates are
 * signed by xmlsec1, so that each sibling is well signed and only the allow-list stands in its way; what we sign ourselves is at the end. */
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "gateway/commands/replay.h"
#include "gateway/gost/der.h"
#include "gateway/sign/xml_sign.h"
#include "tests/unit/helper_cms.h"

#define APPLICANT "applicant-850412390011"
#define SECOND "applicant-790321490015" /* P-256 */
#define GOST_APPLICANT "gost-applicant-850412390011"
#define FIELDS "<name>TEST</name><iin>850412390011</iin>"
#define REFERENCE(attributes, transforms)                                                                                                        \
        "<ds:Reference " attributes "><ds:Transforms>" transforms "</ds:Transforms><ds:DigestMethod Algorithm=\"" URI_ENC "sha256\"/><ds:DigestValue/>" \
        "</ds:Reference>"
#define TO_DOCUMENT REFERENCE("Id=\"r\" URI=\"\"", TRANSFORM(URI_ENVELOPED) TRANSFORM(URI_C14N))
#define TO_PROPERTIES REFERENCE("Type=\"" XADES_SIGNED_PROPERTIES_TYPE "\" URI=\"#p\"", TRANSFORM(URI_C14N))
#define CERT(digest_uri, value, serial) \
        "<x:Cert><x:CertDigest><ds:DigestMethod Algorithm=\"" digest_uri "\"/><ds:DigestValue>" value "</ds:DigestValue></x:CertDigest>" serial "</x:Cert>"
#define SIGNING_TIME "<x:SigningTime>2026-11-22T10:00:00Z</x:SigningTime>"
#define SIGNING_CERTIFICATE "<x:SigningCertificateV2>" CERT(URI_ENC "sha256", "@SHA256@", "") "</x:SigningCertificateV2>"
#define FORMAT "<x:SignedDataObjectProperties><x:DataObjectFormat ObjectReference=\"#r\"><x:MimeType>text/xml</x:MimeType></x:DataObjectFormat></x:SignedDataObjectProperties>"
#define SIGNED "<x:SignedProperties Id=\"p\"><x:SignedSignatureProperties>" SIGNING_TIME SIGNING_CERTIFICATE "</x:SignedSignatureProperties>" FORMAT "</x:SignedProperties>"
#define OBJECT "<ds:Object><x:QualifyingProperties xmlns:x=\"" XADES_NS "\" Target=\"#s\">" SIGNED "</x:QualifyingProperties></ds:Object>"
#define UNSIGNED(content) \
        "<x:UnsignedProperties><x:UnsignedSignatureProperties>" content "</x:UnsignedSignatureProperties></x:UnsignedProperties></x:QualifyingProperties>"
#define TEMPLATE                                                                                                                                     \
        "<app xmlns=\"urn:app\" xmlns:y=\"urn:y\">" FIELDS "<ds:Signature xmlns:ds=\"" DSIG_NS "\" Id=\"s\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" \
        URI_C14N "\"/><ds:SignatureMethod Algorithm=\"" URI_MORE "rsa-sha256\"/>" TO_DOCUMENT TO_PROPERTIES                                             \
        "</ds:SignedInfo><ds:SignatureValue/>" KEY_INFO_HERE OBJECT "</ds:Signature></app>"

struct change {
        const char *name, *from, *to;
        int want;
        const char *detail;
};

/* Every occurrence. */
static char *filled(const char *text, const char *mark, const char *value)
{
        char *made = xstrdup(text);
        while (strstr(made, mark)) {
                char *next = replaced(made, mark, value);
                free(made);
                made = next;
        }
        return made;
}

static void base64_of(struct span in, struct buf *out)
{
        buf_reset(out);
        text_base64(out, in);
}

/* @SHA256@ and so on become digests of the signer's certificate, @SERIAL@ its number, @ISSUER_SERIAL@ the V2 form. */
static char *about_certificate(const char *text, const char *name)
{
        gw_auto(x509) X509 *x509 = pki_x509("certs", name);
        unsigned char *der = NULL, *issuer = NULL, *number = NULL;
        int n = i2d_X509(x509, &der), issuer_n = i2d_X509_NAME(X509_get_issuer_name(x509), &issuer);
        int number_n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &number);
        struct span bytes = span_of(der, (size_t)n);
        uint8_t digest[64];
        auto_buf struct buf value = BUF_INIT, general = BUF_INIT, content = BUF_INIT, whole = BUF_INIT;
        char *made = xstrdup(text);
        const struct { const char *mark; size_t size; } marks[] = {{"@SHA256@", 32}, {"@SHA384@", 48}, {"@SHA512@", 64}, {"@SHA1@", 20}, {"@GOST@", 65}};
        for (size_t i = 0; i < GW_COUNT(marks); i++) {
                if (marks[i].size == 65)
                        gost_digest(GOST_2015, bytes, digest);
                else if (marks[i].size == 20)
                        SHA1(bytes.p, bytes.n, digest);
                else
                        gw_ignore((marks[i].size == 32 ? SHA256 : marks[i].size == 48 ? SHA384 : SHA512)(bytes.p, bytes.n, digest));
                base64_of(span_of(digest, marks[i].size == 65 ? 64 : marks[i].size), &value);
                char *next = filled(made, marks[i].mark, buf_cstr(&value));
                free(made);
                made = next;
        }
        der_put(&general, 0xA4, span_of(issuer, (size_t)issuer_n));
        der_put(&content, 0x30, buf_span(&general));
        buf_add(&content, number, (size_t)number_n);
        der_put(&whole, 0x30, buf_span(&content));
        base64_of(buf_span(&whole), &value);
        BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
        char *decimal = BN_bn2dec(bn);
        auto_str char *with_v2 = filled(made, "@ISSUER_SERIAL@", buf_cstr(&value));
        free(made);
        made = filled(with_v2, "@SERIAL@", decimal);
        BN_free(bn);
        OPENSSL_free(decimal);
        OPENSSL_free(der);
        OPENSSL_free(issuer);
        OPENSSL_free(number);
        return made;
}

static char *signed_template(const char *template_text, const char *name)
{
        auto_str char *text = about_certificate(template_text, name);
        return sign_as(text, name, X509_KEY_INFO, "--id-attr:Id '" XADES_NS ":SignedProperties' --node-xpath \"/*/*[last()]\"");
}

static int verify(struct verifier *verifier, const char *text, size_t want_signers, char *detail)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_document verified = {0};
        enum gw_rc rc = xml_read(span_str(text), &xml_limits_default, &doc, &why);
        if (rc == GW_OK)
                rc = verify_document(verifier, doc, wall_now(), &verified, &why);
        snprintf(detail, sizeof why.detail, "%s", why.detail);
        if (rc == GW_OK) {
                assert_int_equal(verified.signer_count, want_signers);
                assert_null(xml_child(verified.root, DSIG_NS, "Signature"));
        }
        verified_document_done(&verified);
        return rc == GW_OK ? REASON_NONE : why.reason;
}

static void expect(struct verifier *verifier, const char *name, const char *text, size_t signers, int want, const char *want_detail)
{
        char detail[sizeof((struct why){0}.detail)];
        int got = verify(verifier, text, signers, detail);
        if (got != want || (want_detail && !strstr(detail, want_detail)))
                fail_msg("%s: got %s (%s), want %s (%s)\n%s", name, reason_info(got)->name, detail, reason_info(want)->name, want_detail ? want_detail : "", text);
}

#define PROPERTIES REASON_APPLICANT_SIGNATURE_PROPERTIES
#define V1(serial) "<x:SigningCertificate>" CERT(URI_ENC "sha256", "@SHA256@", serial) "</x:SigningCertificate>"
#define V2(serial) "<x:SigningCertificateV2>" CERT(URI_ENC "sha256", "@SHA256@", serial) "</x:SigningCertificateV2>"
#define DIGESTED(uri, value) "<x:SigningCertificateV2>" CERT(uri, value, "") "</x:SigningCertificateV2>"
#define V1_SERIAL(number) "<x:IssuerSerial><ds:X509IssuerName>CN=somebody</ds:X509IssuerName><ds:X509SerialNumber>" number "</ds:X509SerialNumber></x:IssuerSerial>"
#define ANOTHER CERT(URI_ENC "sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "")

/* Changed before it is signed: everything here is well signed. */
static void shapes(void **state GW_UNUSED)
{
        static const struct change cases[] = {
                {"as it is", FIELDS, FIELDS, REASON_NONE, NULL},
                {"exclusive canonicalisation", TRANSFORM(URI_C14N) "</ds:Transforms><ds:DigestMethod Algorithm=\"" URI_ENC "sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>",
                 TRANSFORM(URI_EXC) "</ds:Transforms><ds:DigestMethod Algorithm=\"" URI_ENC "sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>", REASON_NONE, NULL},
                {"properties first", TO_DOCUMENT TO_PROPERTIES, TO_PROPERTIES TO_DOCUMENT, REASON_NONE, NULL},
                {"no signing time", SIGNING_TIME, "", REASON_NONE, NULL},
                {"no format", FORMAT, "", REASON_NONE, NULL},
                {"indented", OBJECT, "<ds:Object>\n <x:QualifyingProperties xmlns:x=\"" XADES_NS "\" Target=\"#s\">\n " SIGNED "\n </x:QualifyingProperties>\n</ds:Object>\n", REASON_NONE, NULL},
                {"SHA-384", SIGNING_CERTIFICATE, DIGESTED(URI_MORE "sha384", "@SHA384@"), REASON_NONE, NULL},
                {"SHA-512", SIGNING_CERTIFICATE, DIGESTED(URI_ENC "sha512", "@SHA512@"), REASON_NONE, NULL},
                {"GOST 34.11-2015", SIGNING_CERTIFICATE, DIGESTED(GOST_2015_DIGEST_URI, "@GOST@"), REASON_NONE, NULL},
                {"first generation of SigningCertificate", SIGNING_CERTIFICATE, V1(V1_SERIAL("@SERIAL@")), REASON_NONE, NULL},
                {"IssuerSerialV2", SIGNING_CERTIFICATE, V2("<x:IssuerSerialV2>@ISSUER_SERIAL@</x:IssuerSerialV2>"), REASON_NONE, NULL},
                {"with an authority's", SIGNING_CERTIFICATE, "<x:SigningCertificateV2>" CERT(URI_ENC "sha256", "@SHA256@", "") ANOTHER "</x:SigningCertificateV2>", REASON_NONE, NULL},
                {"policy implied", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE "<x:SignaturePolicyIdentifier><x:SignaturePolicyImplied/></x:SignaturePolicyIdentifier>", REASON_NONE, NULL},
                {"a place", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE "<x:SignatureProductionPlace><x:City>Astana</x:City></x:SignatureProductionPlace>", REASON_NONE, NULL},
                {"unsigned values are not read", "</x:QualifyingProperties>", UNSIGNED("<x:CertificateValues><x:OtherCertificate>!</x:OtherCertificate></x:CertificateValues><x:RevocationValues/>"), REASON_NONE, NULL},

                {"SHA-1", SIGNING_CERTIFICATE, DIGESTED(DSIG_NS "sha1", "@SHA1@"), REASON_APPLICANT_SIGNATURE_ALGORITHM, "CertDigest: SHA-1"},
                {"MD5", SIGNING_CERTIFICATE, DIGESTED(URI_MORE "md5", "@SHA1@"), REASON_APPLICANT_SIGNATURE_ALGORITHM, "CertDigest"},
                {"another certificate", "@SHA256@", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", PROPERTIES, "another certificate"},
                {"half a digest", "@SHA256@", "AAAA", PROPERTIES, "another certificate"},
                {"no digest", "@SHA256@", "", PROPERTIES, "another certificate"},
                {"blanks around the number", SIGNING_CERTIFICATE, V1(V1_SERIAL("\n  @SERIAL@\t")), REASON_NONE, NULL},
                {"a negative number", SIGNING_CERTIFICATE, V1(V1_SERIAL("-@SERIAL@")), PROPERTIES, "serial number"},
                {"two numbers", SIGNING_CERTIFICATE, V1(V1_SERIAL("@SERIAL@ 1")), PROPERTIES, "serial number"},
                {"another number", SIGNING_CERTIFICATE, V1(V1_SERIAL("1")), PROPERTIES, "serial number"},
                {"a number that is none", SIGNING_CERTIFICATE, V1(V1_SERIAL("0x1")), PROPERTIES, "serial number"},
                {"another IssuerSerialV2", SIGNING_CERTIFICATE, V2("<x:IssuerSerialV2>MAMCAQE=</x:IssuerSerialV2>"), PROPERTIES, "serial number"},
                {"IssuerSerialV2 in the first generation", SIGNING_CERTIFICATE, V1("<x:IssuerSerialV2>@ISSUER_SERIAL@</x:IssuerSerialV2>"), PROPERTIES, "a Cert is not"},
                {"no SigningCertificate", SIGNING_CERTIFICATE, "", PROPERTIES, "no SigningCertificate"},
                {"an empty SigningCertificate", SIGNING_CERTIFICATE, "<x:SigningCertificate/>", PROPERTIES, "another certificate"},
                {"both generations", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE V1(""), PROPERTIES, "more than one SigningCertificate"},
                {"nine certificates", SIGNING_CERTIFICATE, "<x:SigningCertificate>" ANOTHER ANOTHER ANOTHER ANOTHER ANOTHER ANOTHER ANOTHER ANOTHER ANOTHER "</x:SigningCertificate>", PROPERTIES, "more than 8"},
                {"a signature policy", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE "<x:SignaturePolicyIdentifier><x:SignaturePolicyId/></x:SignaturePolicyIdentifier>", PROPERTIES, "SignaturePolicyImplied"},
                {"a role", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE "<x:SignerRole><x:ClaimedRoles/></x:SignerRole>", PROPERTIES, "SignerRole"},
                {"a property of tomorrow", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE "<x:New/>", PROPERTIES, "not accepted"},
                {"a property of another namespace", SIGNING_CERTIFICATE, SIGNING_CERTIFICATE "<y:SigningTime/>", PROPERTIES, "not accepted"},
                {"time that is none", "2026-11-22T10:00:00Z", "yesterday", PROPERTIES, "SigningTime"},
                {"time twice", SIGNING_TIME, SIGNING_TIME SIGNING_TIME, PROPERTIES, "SigningTime"},
                {"a commitment", FORMAT, "<x:SignedDataObjectProperties><x:CommitmentTypeIndication/></x:SignedDataObjectProperties>", PROPERTIES, "property of the data"},
                {"a format of nothing", "ObjectReference=\"#r\"", "ObjectReference=\"#q\"", PROPERTIES, "DataObjectFormat"},
                {"Target is another", "Target=\"#s\"", "Target=\"#t\"", PROPERTIES, "Target"},
                {"no Target", " Target=\"#s\"", "", PROPERTIES, "Target"},
                {"no Id of Signature", " Id=\"s\"", "", PROPERTIES, "Target"},
                {"no properties", SIGNED, "<x:SignedProperties Id=\"p\"/>", PROPERTIES, "SignedProperties is not"},
                {"properties in another namespace", "xmlns:x=\"" XADES_NS "\" Target=\"#s\">" SIGNED, "xmlns:x=\"" XADES_NS "\" xmlns:z=\"urn:z\" Target=\"#s\"><z:SignedProperties/>" SIGNED, PROPERTIES, "SignedProperties is not"},
                {"text between", SIGNING_TIME, "text" SIGNING_TIME, PROPERTIES, "SignedProperties is not"},
                {"an attribute more", "<x:SignedProperties Id=\"p\"", "<x:SignedProperties Id=\"p\" more=\"1\"", PROPERTIES, "SignedProperties is not"},
                {"the Id of another element too", "<iin>", "<iin Id=\"p\">", REASON_APPLICANT_SIGNATURE_ID_DUPLICATE, "SignedProperties"},
                {"in lower case", "<iin>", "<iin id=\"p\">", REASON_APPLICANT_SIGNATURE_ID_DUPLICATE, "SignedProperties"},
                {"the Id of Signature twice", "<iin>", "<iin y:ID=\"s\">", REASON_APPLICANT_SIGNATURE_ID_DUPLICATE, "Signature"},
                {"no Reference to the properties", TO_PROPERTIES, "", REASON_APPLICANT_SIGNATURE_COVERAGE, "XAdES needs"},
                {"no Reference to the document", TO_DOCUMENT, "", REASON_APPLICANT_SIGNATURE_COVERAGE, "XAdES needs"},
                {"three References", TO_PROPERTIES, TO_PROPERTIES TO_PROPERTIES, REASON_APPLICANT_SIGNATURE_COVERAGE, "more References"},
                {"properties twice instead of the document", TO_DOCUMENT, TO_PROPERTIES, REASON_APPLICANT_SIGNATURE_COVERAGE, "XAdES needs"},
                {"two Objects", OBJECT, OBJECT "<ds:Object/>", REASON_APPLICANT_SIGNATURE_STRUCTURE, "Object"},
                {"two QualifyingProperties", "</x:QualifyingProperties>", "</x:QualifyingProperties><x:QualifyingProperties xmlns:x=\"" XADES_NS "\" Target=\"#s\"/>", PROPERTIES, "one QualifyingProperties"},
                {"something behind the unsigned", "</x:QualifyingProperties>", "<x:UnsignedProperties/><x:More/></x:QualifyingProperties>", PROPERTIES, "QualifyingProperties"},
                {"something else behind the signed", "</x:QualifyingProperties>", "<x:More/></x:QualifyingProperties>", PROPERTIES, "QualifyingProperties"},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *changed = replaced(TEMPLATE, cases[i].from, cases[i].to);
                auto_str char *text = signed_template(changed, APPLICANT);
                expect(verifier, cases[i].name, text, 1, cases[i].want, cases[i].detail);
        }
}

/* The same without a Reference to them would be refused too: properties that nobody has signed are none. Here they are signed, and moved. */
static void elsewhere(void **state GW_UNUSED)
{
        static const char outside[] = "<ds:Object><x:QualifyingProperties xmlns:x=\"" XADES_NS "\" Target=\"#s\"><x:SignedProperties Id=\"q\"/></x:QualifyingProperties></ds:Object>";
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *moved = replaced(TEMPLATE, OBJECT, outside);
        auto_str char *wrapped = replaced(moved, FIELDS, FIELDS "<wrap xmlns:x=\"" XADES_NS "\" xmlns:ds=\"" DSIG_NS "\">" SIGNED "</wrap>");
        auto_str char *text = signed_template(wrapped, APPLICANT);
        expect(verifier, "signed properties outside, others in the Object", text, 1, PROPERTIES, "SignedProperties is not");
        auto_str char *full = replaced(moved, "<x:SignedProperties Id=\"q\"/>", SIGNED);
        auto_str char *other_id = replaced(full, "<x:SignedProperties Id=\"p\"", "<x:SignedProperties Id=\"q\"");
        auto_str char *both = replaced(other_id, FIELDS, FIELDS "<wrap xmlns:x=\"" XADES_NS "\" xmlns:ds=\"" DSIG_NS "\">" SIGNED "</wrap>");
        auto_str char *both_signed = signed_template(both, APPLICANT);
        expect(verifier, "the Reference leads to others", both_signed, 1, PROPERTIES, "not those of this Signature");
}

/* Changed after it was signed. */
static void changed_afterwards(void **state GW_UNUSED)
{
        static const struct change cases[] = {
                {"the time", "2026-11-22T10", "2026-11-22T11", REASON_APPLICANT_SIGNATURE_DIGEST, NULL},
                {"the document", "850412390011</iin>", "850412390021</iin>", REASON_APPLICANT_SIGNATURE_DIGEST, NULL},
                {"a comment in it", "<x:SigningTime>", "<x:SigningTime><!-- -->", REASON_APPLICANT_SIGNATURE_COMMENT, "comment"},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *text = signed_template(TEMPLATE, APPLICANT);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *changed = replaced(text, cases[i].from, cases[i].to);
                expect(verifier, cases[i].name, changed, 1, cases[i].want, cases[i].detail);
        }
        const char *from = strstr(text, "<ds:Object>"), *to = strstr(text, "</ds:Signature>");
        auto_str char *without = xasprintf("%.*s%s", (int)(from - text), text, to);
        expect(verifier, "the Object taken away", without, 1, REASON_APPLICANT_SIGNATURE_COVERAGE, NULL);
}

/* ---- what we sign ourselves ---- */

static char *signed_by_us(const char *canonical, const char *name)
{
        auto_str char *key_path = pki_file("keys", name, ".key"), *certificate_path = pki_file("certs", name, ".pem");
        struct signing_key *key = NULL;
        struct why why = WHY_INIT;
        struct xades_place place = {.stamped = BUF_INIT};
        auto_buf struct buf out = BUF_INIT;
        assert_int_equal(local_key_open(key_path, certificate_path, &key, &why), GW_OK);
        assert_int_equal(xml_sign_xades(key, span_str(canonical), wall_now(), &out, &place, &why), GW_OK);
        local_key_close(key);
        xades_place_done(&place);
        auto_xmldoc xmlDoc *doc = NULL;
        assert_int_equal(xml_read(buf_span(&out), &xml_limits_default, &doc, &why), GW_OK);
        auto_buf struct buf again = BUF_INIT;
        assert_true(xml_c14n(doc, &again));
        assert_string_equal(buf_cstr(&again), buf_cstr(&out)); /* canonical, so that a further signer can take it as it is */
        return buf_take_str(&out);
}

static const char *const documents[] = {
        "<app>" FIELDS "</app>",
        "<app xmlns=\"urn:app\" xml:lang=\"kk\">" FIELDS "</app>",
        "<a:app xmlns:a=\"urn:app\" xmlns:xades=\"" XADES_NS "\" xmlns:z=\"urn:z\">" FIELDS "</a:app>",
        "<app xmlns:ds=\"" DSIG_NS "\" xmlns:xades=\"urn:other\">" FIELDS "</app>",
};

static void ours(void **state GW_UNUSED)
{
        static const char *const names[] = {APPLICANT, SECOND, "applicant-850412390201", GOST_APPLICANT};
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(documents); i++) {
                auto_str char *all = xstrdup(documents[i]);
                for (size_t k = 0; k < GW_COUNT(names); k++) { /* RSA, P-256, P-384 and GOST mixed, peeled from the last */
                        auto_str char *one = signed_by_us(documents[i], names[k]);
                        expect(verifier, names[k], one, 1, REASON_NONE, NULL);
                        auto_str char *changed = replaced(one, "<xades:SigningTime>2", "<xades:SigningTime>3");
                        expect(verifier, names[k], changed, 1, REASON_APPLICANT_SIGNATURE_DIGEST, NULL);
                        char *more = signed_by_us(all, names[k]);
                        free(all);
                        all = more;
                        expect(verifier, "several", all, k + 1, REASON_NONE, NULL);
                }
        }
}

/* Properties of one signature lent to another: all Ids are fresh, so they are told apart. */
static void borrowed(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *one = signed_by_us(documents[0], APPLICANT), *two = signed_by_us(documents[0], APPLICANT);
        const char *from = strstr(one, "<ds:Object>"), *to = strstr(one, "</ds:Signature>"), *lent = strstr(two, "<ds:Object>");
        auto_str char *mixed = xasprintf("%.*s%.*s%s", (int)(from - one), one, (int)(strstr(lent, "</ds:Signature>") - lent), lent, to);
        expect(verifier, "another signature's properties", mixed, 1, PROPERTIES, "Target");
}

/* ---- time stamps ---- */

#define TIMESTAMP REASON_APPLICANT_SIGNATURE_TIMESTAMP

struct stamped {
        struct buf text;
        struct xades_place place;
};

static void sign_to_be_stamped(const char *name, struct wall_time at, struct stamped *ret)
{
        auto_str char *key_path = pki_file("keys", name, ".key"), *certificate_path = pki_file("certs", name, ".pem");
        struct signing_key *key = NULL;
        struct why why = WHY_INIT;
        *ret = (struct stamped){.text = BUF_INIT, .place = {.stamped = BUF_INIT}};
        assert_int_equal(local_key_open(key_path, certificate_path, &key, &why), GW_OK);
        assert_int_equal(xml_sign_xades(key, span_str(documents[1]), at, &ret->text, &ret->place, &why), GW_OK);
        local_key_close(key);
}

static void stamped_done(struct stamped *s)
{
        buf_done(&s->text);
        xades_place_done(&s->place);
}

static void stamp_of(const char *authority, struct span bytes, struct wall_time at, struct buf *token)
{
        const char *pki = getenv("EGOV_PKI");
        struct why why = WHY_INIT;
        if (replay_stamp(pki ? pki : "build/pki", authority, bytes, at, token, &why) != GW_OK)
                fail_msg("%s: %s", authority, why.detail);
}

/* A document signed and stamped at one instant. */
static char *stamped_by_us(const char *name, const char *authority, struct wall_time at)
{
        struct stamped s;
        auto_buf struct buf token = BUF_INIT;
        sign_to_be_stamped(name, at, &s);
        stamp_of(authority, buf_span(&s.place.stamped), at, &token);
        xml_sign_put_time_stamp(&s.text, &s.place, buf_span(&token));
        char *text = buf_take_str(&s.text);
        stamped_done(&s);
        return text;
}

static struct wall_time days(int n)
{
        return (struct wall_time){wall_now().ms + n * 86400000LL};
}

static struct verifier *open_with(struct verify_policy policy)
{
        auto_str char *trust = pki_file("trust", "", "");
        return open_verifier(trust, &policy);
}

static void stamps(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        static const char *const names[] = {APPLICANT, SECOND, GOST_APPLICANT};
        struct wall_time now = wall_now();
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                auto_str char *good = stamped_by_us(names[i], "tsa", now);
                expect(verifier, names[i], good, 1, REASON_NONE, NULL);
                auto_str char *further = signed_by_us(good, SECOND); /* covers the stamp too */
                expect(verifier, "a further signer", further, 2, REASON_NONE, NULL);
        }
        auto_str char *good = stamped_by_us(APPLICANT, "tsa", now);
        auto_xmldoc xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        struct verified_document verified = {0};
        assert_int_equal(xml_read(span_str(good), &xml_limits_default, &doc, &why), GW_OK);
        assert_int_equal(verify_document(verifier, doc, now, &verified, &why), GW_OK);
        assert_string_equal(verified.facts[0].level, "XAdES-T");
        assert_int_equal(verified.facts[0].stamped_at.ms / 1000, now.ms / 1000);
        assert_int_equal(verified.facts[0].signing_time.ms, now.ms);
        assert_string_equal(verified.facts[0].stamp_policy, "1.2.398.3.3.2.6.4");
        assert_non_null(strstr(verified.facts[0].stamp_authority, "tsa"));
        verified_document_done(&verified);

        auto_str char *foreign = stamped_by_us(APPLICANT, "tsa-foreign", now);
        expect(verifier, "an authority that nobody trusts", foreign, 1, TIMESTAMP, NULL);
        auto_str char *future = stamped_by_us(APPLICANT, "tsa", days(1));
        expect(verifier, "a stamp of tomorrow", future, 1, TIMESTAMP, NULL);
        static const struct change cases[] = {
                /* the namespace of the root is in scope of SignatureValue, so its two canonical forms differ */
                {"another canonicalisation than was stamped", "<xades:SignatureTimeStamp><ds:CanonicalizationMethod Algorithm=\"" URI_EXC "\">",
                 "<xades:SignatureTimeStamp><ds:CanonicalizationMethod Algorithm=\"" URI_C14N "\">", TIMESTAMP, NULL},
                {"no canonicalisation: the default is another", "<ds:CanonicalizationMethod Algorithm=\"" URI_EXC "\"></ds:CanonicalizationMethod>", "", TIMESTAMP, NULL},
                {"a canonicalisation that is not listed", "<xades:SignatureTimeStamp><ds:CanonicalizationMethod Algorithm=\"" URI_EXC "\">",
                 "<xades:SignatureTimeStamp><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\">", TIMESTAMP, "canonicalisation"},
                {"two tokens", "</xades:EncapsulatedTimeStamp>", "</xades:EncapsulatedTimeStamp><xades:EncapsulatedTimeStamp/>", TIMESTAMP, "one EncapsulatedTimeStamp"},
                {"an XML token", "<xades:EncapsulatedTimeStamp>", "<xades:XMLTimeStamp/><xades:EncapsulatedTimeStamp>", TIMESTAMP, "one EncapsulatedTimeStamp"},
                {"another encoding", "<xades:EncapsulatedTimeStamp>", "<xades:EncapsulatedTimeStamp Encoding=\"http://uri.etsi.org/01903/v1.2.2#PER\">", TIMESTAMP, "DER"},
                {"no base64", "<xades:EncapsulatedTimeStamp>", "<xades:EncapsulatedTimeStamp>!", TIMESTAMP, "base64"},
                {"two stamps", "<xades:SignatureTimeStamp>", "<xades:SignatureTimeStamp></xades:SignatureTimeStamp><xades:SignatureTimeStamp>", TIMESTAMP, "more than one"},
                {"no token", "<xades:EncapsulatedTimeStamp>", "<xades:EncapsulatedTimeStamp>AAAA", TIMESTAMP, NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *changed = replaced(good, cases[i].from, cases[i].to);
                expect(verifier, cases[i].name, changed, 1, cases[i].want, cases[i].detail);
        }
}

/* With the root alone as anchor, what leads to it comes with the signature and with the token. */
static void stamps_and_intermediates(void **state GW_UNUSED)
{
        struct verify_policy policy = test_policy();
        auto_str char *folder = root_alone(), *issuer = with_issuer();
        auto_verifier struct verifier *verifier = open_verifier(folder, &policy);
        remove_trust(folder);
        struct stamped s;
        auto_buf struct buf response = BUF_INIT, der = BUF_INIT, base64 = BUF_INIT;
        sign_to_be_stamped(APPLICANT, wall_now(), &s);
        make_token(buf_span(&s.place.stamped), "-sha256", "tsa", issuer, &response);
        xml_sign_put_time_stamp(&s.text, &s.place, token_of(&response));
        shell("openssl x509 -in $PKI/trust/issuing.pem -outform der -out $D/out", &der);
        base64_of(buf_span(&der), &base64);
        auto_str char *addition = xasprintf("<ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>", buf_cstr(&base64));
        auto_str char *with_chain = replaced(buf_cstr(&s.text), "</ds:X509Data>", addition);
        expect(verifier, "the signer alone", buf_cstr(&s.text), 1, REASON_APPLICANT_CERTIFICATE_UNTRUSTED, NULL);
        expect(verifier, "with its issuer", with_chain, 1, REASON_NONE, NULL);
        stamped_done(&s);
}

static void stamp_of_another_signature(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        struct stamped one, two;
        auto_buf struct buf token = BUF_INIT;
        sign_to_be_stamped(SECOND, wall_now(), &one); /* ECDSA: the second value is another */
        sign_to_be_stamped(SECOND, wall_now(), &two);
        stamp_of("tsa", buf_span(&two.place.stamped), wall_now(), &token);
        xml_sign_put_time_stamp(&one.text, &one.place, buf_span(&token));
        expect(verifier, "a stamp over another signature", buf_cstr(&one.text), 1, TIMESTAMP, NULL);
        stamped_done(&one);
        stamped_done(&two);
}

static void policy_of_stamps(void **state GW_UNUSED)
{
        struct verify_policy policy = test_policy();
        policy.stamp_required = true;
        auto_verifier struct verifier *strict = open_with(policy);
        auto_str char *bare = signed_by_us(documents[0], APPLICANT), *good = stamped_by_us(APPLICANT, "tsa", wall_now());
        expect(strict, "no stamp where policy wants one", bare, 1, REASON_APPLICANT_SIGNATURE_TIMESTAMP_MISSING, NULL);
        expect(strict, "a stamp where policy wants one", good, 1, REASON_NONE, NULL);
        static const char *const other_policies[] = {"1.2.3"}, *const our_policies[] = {"1.2.398.3.3.2.6.4"};
        policy.stamp_policies = other_policies;
        policy.stamp_policy_count = 1;
        auto_verifier struct verifier *other = open_with(policy);
        expect(other, "another policy of the authority", good, 1, TIMESTAMP, NULL);
        policy.stamp_policies = our_policies;
        auto_verifier struct verifier *same = open_with(policy);
        expect(same, "our policy of the authority", good, 1, REASON_NONE, NULL);
}

/* "So that a result outlives its certificate": bad-expired was good for a time; what it signed then, and had stamped then, still is. */
static void a_result_outlives_its_certificate(void **state GW_UNUSED)
{
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *receiving = open_with(policy);
        policy.expired_with_stamp = true;
        auto_verifier struct verifier *archive = open_with(policy);
        policy.stamp_age_max_ms = 30 * 86400000LL;
        auto_verifier struct verifier *short_memory = open_with(policy);
        auto_str char *kept = stamped_by_us("bad-expired", "tsa-expired", days(-40));
        expect(archive, "stamped while the certificate was good", kept, 1, REASON_NONE, NULL);
        expect(receiving, "the same, where policy wants both", kept, 1, REASON_APPLICANT_CERTIFICATE_EXPIRED_SINCE, NULL);
        expect(short_memory, "the same, where the stamp is too old", kept, 1, REASON_APPLICANT_CERTIFICATE_EXPIRED_SINCE, NULL);
        auto_str char *bare = signed_by_us(documents[0], "bad-expired");
        expect(archive, "without a stamp", bare, 1, REASON_APPLICANT_CERTIFICATE_EXPIRED, NULL);
        auto_str char *late = stamped_by_us("bad-expired", "tsa", wall_now());
        expect(archive, "stamped too late", late, 1, REASON_APPLICANT_CERTIFICATE_EXPIRED, NULL);
        auto_str char *early = stamped_by_us(APPLICANT, "tsa-expired", days(-40));
        expect(archive, "stamped before there was a certificate", early, 1, REASON_APPLICANT_CERTIFICATE_NOT_YET_VALID, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shapes),   cmocka_unit_test(elsewhere), cmocka_unit_test(changed_afterwards),
                cmocka_unit_test(ours),     cmocka_unit_test(borrowed),
                cmocka_unit_test(stamps),   cmocka_unit_test(stamps_and_intermediates), cmocka_unit_test(stamp_of_another_signature), cmocka_unit_test(policy_of_stamps),
                cmocka_unit_test(a_result_outlives_its_certificate),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
