/* The applicant's signature: every good shape, and broken siblings with the exact reason. All signatures are made by xmlsec1. */
#include "tests/unit/helper_xmlsec1.h"

#define APPLICANT "applicant-850412390011"
#define SECOND "applicant-870930490018"
#define CONTENT "<name>TEST</name><iin>850412390011</iin>"

/* Fields left NULL are NCALayer's. */
struct shape {
        const char *c14n, *method, *reference, *transforms, *digest, *signed_info_end, *key_info;
};
#define ENVELOPED(c14n) TRANSFORM(URI_ENVELOPED) TRANSFORM(c14n)
#define OR(value, otherwise) ((value) ? (value) : (otherwise))

static char *signature_template(const struct shape *s)
{
        return xasprintf("<ds:Signature xmlns:ds=\"" DSIG_NS "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"%s\"/>"
                         "<ds:SignatureMethod Algorithm=\"%s\"></ds:SignatureMethod><ds:Reference %s><ds:Transforms>%s</ds:Transforms>"
                         "<ds:DigestMethod Algorithm=\"%s\"/><ds:DigestValue></ds:DigestValue></ds:Reference>%s</ds:SignedInfo>"
                         "<ds:SignatureValue></ds:SignatureValue>" KEY_INFO_HERE "</ds:Signature>",
                         OR(s->c14n, URI_C14N), OR(s->method, URI_MORE "rsa-sha256"), OR(s->reference, "URI=\"\""),
                         OR(s->transforms, ENVELOPED(URI_C14N_COMMENTS)), OR(s->digest, URI_ENC "sha256"), OR(s->signed_info_end, ""));
}

static char *signed_document(const struct shape *shape, const char *name)
{
        auto_str char *signature = signature_template(shape);
        auto_str char *template_text = xasprintf("<app xmlns=\"urn:app\" xmlns:x=\"urn:x\">" CONTENT "%s</app>", signature);
        return sign_as(template_text, name, OR(shape->key_info, X509_KEY_INFO), "");
}

/* A further signer's signature, after those that are there. */
static char *signed_again(const char *document, const char *name)
{
        auto_str char *signature = signature_template(&(struct shape){0});
        auto_str char *tail = xasprintf("%s</app>", signature);
        auto_str char *template_text = replaced(document, "</app>", tail);
        return sign_as(template_text, name, X509_KEY_INFO, "--node-xpath \"/*/*[last()]\"");
}

static int verify_at(struct verifier *verifier, const char *text, struct wall_time at, struct verified_document *ret, char *detail)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(span_str(text), &xml_limits_default, &doc, &why);
        if (rc == GW_OK)
                rc = verify_document(verifier, doc, at, ret, &why);
        snprintf(detail, sizeof why.detail, "%s", why.detail);
        if (rc != GW_OK)
                return why.reason;
        assert_ptr_equal(ret->root, xmlDocGetRootElement(doc));
        auto_buf struct buf bare = BUF_INIT;
        assert_true(xml_c14n(doc, &bare)); /* the Signatures are gone, the rest is as it was */
        assert_string_equal(buf_cstr(&bare), "<app xmlns=\"urn:app\" xmlns:x=\"urn:x\">" CONTENT "</app>");
        return REASON_NONE;
}

static void expect_at(struct verifier *verifier, const char *name, const char *text, struct wall_time at, int want)
{
        struct verified_document verified = {0};
        char detail[sizeof((struct why){0}.detail)];
        int got = verify_at(verifier, text, at, &verified, detail);
        if (got != want)
                fail_msg("%s: got %s (%s), want %s", name, reason_info(got)->name, detail, reason_info(want)->name);
        if (got == REASON_NONE)
                assert_int_equal(verified.signer_count, 1);
        else
                assert_int_equal(verified.signer_count, 0);
        verified_document_done(&verified);
}

static void expect(struct verifier *verifier, const char *name, const char *text, int want)
{
        expect_at(verifier, name, text, wall_now(), want);
}

static void good_shapes(void **state GW_UNUSED)
{
        static const struct {
                const char *signer;
                struct shape shape;
        } cases[] = {
                {APPLICANT, {0}},
                {APPLICANT, {.c14n = URI_C14N_COMMENTS, .transforms = ENVELOPED(URI_C14N)}},
                {APPLICANT, {.c14n = URI_EXC, .transforms = ENVELOPED(URI_EXC)}},
                {APPLICANT, {.transforms = TRANSFORM(URI_ENVELOPED)}},
                {APPLICANT, {.transforms = TRANSFORM(URI_ENVELOPED) "<ds:Transform Algorithm=\"" URI_EXC "\"><e:InclusiveNamespaces xmlns:e=\"" URI_EXC
                                                                    "\" PrefixList=\"x #default\"/></ds:Transform>"}},
                {APPLICANT, {.method = URI_MORE "rsa-sha384", .digest = URI_MORE "sha384"}},
                {APPLICANT, {.method = URI_MORE "rsa-sha512", .digest = URI_ENC "sha512"}},
                {APPLICANT, {.reference = "URI=\"\" Id=\"r\""}},
                {"applicant-790321490015", {.method = URI_MORE "ecdsa-sha256"}},
                {"applicant-790321490015", {.method = URI_MORE "ecdsa-sha512"}},
                {"applicant-850412390201", {.method = URI_MORE "ecdsa-sha384"}},
                {"head-160640900019", {0}},
                {"bad-norole", {0}}, /* who may sign is another question */
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *name = xasprintf("good shape %zu", i), *text = signed_document(&cases[i].shape, cases[i].signer);
                expect(verifier, name, text, REASON_NONE);
        }
}

/* Correctly signed, by a maker that knows no policy: only our allow-lists stand in the way. */
static void refused_shapes(void **state GW_UNUSED)
{
        static const char xpath[] = TRANSFORM(URI_ENVELOPED) "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">"
                                                             "<ds:XPath xmlns:a=\"urn:app\">not(ancestor-or-self::a:iin)</ds:XPath></ds:Transform>";
        static const char xslt[] = TRANSFORM(URI_ENVELOPED) "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\">"
                                                            "<xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\">"
                                                            "<xsl:template match=\"/\"><x/></xsl:template></xsl:stylesheet></ds:Transform>";
        static const struct {
                const char *name;
                struct shape shape;
                int want;
                const char *want_detail;
        } cases[] = {
                {"SHA-1 digest", {.digest = DSIG_NS "sha1"}, REASON_APPLICANT_SIGNATURE_ALGORITHM, "SHA-1"},
                {"RSA with SHA-1", {.method = DSIG_NS "rsa-sha1"}, REASON_APPLICANT_SIGNATURE_ALGORITHM, "RSA with SHA-1"},
                {"RSA with MD5", {.method = URI_MORE "rsa-md5"}, REASON_APPLICANT_SIGNATURE_ALGORITHM, "MD5"},
                {"RSA with RIPEMD", {.method = URI_MORE "rsa-ripemd160"}, REASON_APPLICANT_SIGNATURE_ALGORITHM, "RIPEMD-160"},
                {"SHA-224", {.digest = URI_MORE "sha224"}, REASON_APPLICANT_SIGNATURE_ALGORITHM, "SHA-224"},
                {"XPath", {.transforms = xpath}, REASON_APPLICANT_SIGNATURE_TRANSFORM, "XPath"},
                {"XSLT", {.transforms = xslt}, REASON_APPLICANT_SIGNATURE_TRANSFORM, "XSLT"},
                {"C14N 1.1", {.c14n = "http://www.w3.org/2006/12/xml-c14n11"}, REASON_APPLICANT_SIGNATURE_TRANSFORM, "canonicalisation"},
                {"C14N 1.1 transform", {.transforms = ENVELOPED("http://www.w3.org/2006/12/xml-c14n11")}, REASON_APPLICANT_SIGNATURE_TRANSFORM, "Transform"},
                {"two canonicalisations", {.transforms = ENVELOPED(URI_C14N) TRANSFORM(URI_C14N)}, REASON_APPLICANT_SIGNATURE_TRANSFORM, "more transforms"},
                {"XPointer", {.reference = "URI=\"#xpointer(/)\""}, REASON_APPLICANT_SIGNATURE_REFERENCE, "whole document"},
                {"typed Reference", {.reference = "URI=\"\" Type=\"" DSIG_NS "Object\""}, REASON_APPLICANT_SIGNATURE_STRUCTURE, "attributes"},
                {"Object", {.key_info = X509_KEY_INFO "<ds:Object>x</ds:Object>"}, REASON_APPLICANT_SIGNATURE_STRUCTURE, "Object"},
                {"no KeyInfo", {.key_info = ""}, REASON_APPLICANT_SIGNATURE_KEY_INFO, "no KeyInfo"},
                {"KeyName", {.key_info = "<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>"}, REASON_APPLICANT_SIGNATURE_KEY_INFO, "KeyInfo"},
                {"KeyValue", {.key_info = "<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>"}, REASON_APPLICANT_SIGNATURE_KEY_INFO, "KeyInfo"},
                {"two References", {.signed_info_end = "<ds:Reference URI=\"\"><ds:Transforms>" ENVELOPED(URI_C14N) "</ds:Transforms><ds:DigestMethod Algorithm=\""
                                                       URI_ENC "sha256\"/><ds:DigestValue/></ds:Reference>"}, REASON_APPLICANT_SIGNATURE_COVERAGE, "more References"},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = signed_document(&cases[i].shape, APPLICANT);
                struct verified_document verified = {0};
                char detail[sizeof((struct why){0}.detail)];
                int got = verify_at(verifier, text, wall_now(), &verified, detail);
                if (got != cases[i].want || !strstr(detail, cases[i].want_detail))
                        fail_msg("%s: got %s (%s), want %s (%s)", cases[i].name, reason_info(got)->name, detail, reason_info(cases[i].want)->name,
                                 cases[i].want_detail);
        }
}

static void hmac_is_refused(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *signature = signature_template(&(struct shape){.method = URI_MORE "hmac-sha256"});
        auto_str char *template_text = xasprintf("<app>%s</app>", signature), *secret = scratch_file("a secret of enough bytes 123456"), *options = xasprintf("--hmackey %s", secret);
        auto_str char *made = xmlsec1_sign(template_text, options, ""), *text = replaced(made, KEY_INFO_HERE, X509_KEY_INFO);
        unlink(secret);
        expect(verifier, "HMAC", text, REASON_APPLICANT_SIGNATURE_HMAC);
}

/* One good document, changed by hand in one place each. */
static void changed_documents(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *from, *to;
                int want;
        } cases[] = {
                {"unchanged", "<iin>", "<iin>", REASON_NONE},
                {"changed digit", "850412390011", "850412390021", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"changed attribute", "xmlns:x=\"urn:x\"", "xmlns:x=\"urn:x\" y=\"1\"", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"one blank more", "<iin>", " <iin>", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"comment in text", "850412", "850<!-- -->412", REASON_APPLICANT_SIGNATURE_COMMENT},
                {"comment in the root", "<iin>", "<!-- --><iin>", REASON_APPLICANT_SIGNATURE_COMMENT},
                {"comment before the root", "<app", "<!-- --><app", REASON_APPLICANT_SIGNATURE_COMMENT},
                {"comment after the root", "</app>", "</app><!-- -->", REASON_APPLICANT_SIGNATURE_COMMENT},
                {"comment in the signature", "<ds:SignedInfo>", "<ds:SignedInfo><!-- -->", REASON_APPLICANT_SIGNATURE_COMMENT},
                {"element after the signature", "</app>", "<iin/></app>", REASON_APPLICANT_SIGNATURE_COVERAGE},
                {"text after the signature", "</app>", "x</app>", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"DOCTYPE", "<app", "<!DOCTYPE app><app", REASON_XML_DOCTYPE},
                {"enveloped twice", TRANSFORM(URI_C14N_COMMENTS), TRANSFORM(URI_ENVELOPED), REASON_APPLICANT_SIGNATURE_TRANSFORM},
                {"no enveloped", TRANSFORM(URI_ENVELOPED), "", REASON_APPLICANT_SIGNATURE_TRANSFORM},
                {"no transforms", "<ds:Transforms>" ENVELOPED(URI_C14N_COMMENTS) "</ds:Transforms>", "", REASON_APPLICANT_SIGNATURE_TRANSFORM},
                {"external URI", "Reference URI=\"\"", "Reference URI=\"file:///etc/hostname\"", REASON_APPLICANT_SIGNATURE_REFERENCE},
                {"remote URI", "Reference URI=\"\"", "Reference URI=\"http://example.invalid/\"", REASON_APPLICANT_SIGNATURE_REFERENCE},
                {"a part", "Reference URI=\"\"", "Reference URI=\"#x\"", REASON_APPLICANT_SIGNATURE_REFERENCE},
                {"no URI", "Reference URI=\"\"", "Reference", REASON_APPLICANT_SIGNATURE_REFERENCE},
                {"other canonicalisation", URI_C14N "\"/><ds:Sig", URI_EXC "\"/><ds:Sig", REASON_APPLICANT_SIGNATURE_INVALID},
                {"other digest", URI_ENC "sha256", URI_ENC "sha512", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"other method", "rsa-sha256", "rsa-sha512", REASON_APPLICANT_SIGNATURE_INVALID},
                {"method of another key", "rsa-sha256", "ecdsa-sha256", REASON_APPLICANT_SIGNATURE_KEY_MISMATCH},
                {"GOST by name", URI_MORE "rsa-sha256", "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"RSA-PSS", URI_MORE "rsa-sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"a second Algorithm, in a namespace", "SignatureMethod Algorithm", "SignatureMethod x:Algorithm=\"" DSIG_NS "hmac-sha1\" Algorithm", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"a second URI, in a namespace", "Reference URI", "Reference x:URI=\"#a\" URI", REASON_APPLICANT_SIGNATURE_STRUCTURE},
                {"HMACOutputLength", "rsa-sha256\"/>", "rsa-sha256\"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>", REASON_APPLICANT_SIGNATURE_HMAC},
                {"content in a DigestMethod", "sha256\"/><ds:DigestV", "sha256\"><x/></ds:DigestMethod><ds:DigestV", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"Manifest", "</ds:SignedInfo>", "<ds:Manifest/></ds:SignedInfo>", REASON_APPLICANT_SIGNATURE_STRUCTURE},
                {"foreign namespace", "<ds:SignatureValue>", "<ds:SignatureValue xmlns:ds=\"urn:ds\">", REASON_APPLICANT_SIGNATURE_STRUCTURE},
                {"value is not base64", "<ds:SignatureValue>", "<ds:SignatureValue>!", REASON_APPLICANT_SIGNATURE_STRUCTURE},
                {"value has lost a character", "=</ds:SignatureValue>", "</ds:SignatureValue>", REASON_APPLICANT_SIGNATURE_STRUCTURE},
                {"value has lost three bytes", "<ds:SignatureValue>", "<ds:SignatureValue>AAAA", REASON_APPLICANT_SIGNATURE_INVALID},
                {"digest has grown", "<ds:DigestValue>", "<ds:DigestValue>AAAA", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"certificate is not base64", "<ds:X509Certificate>", "<ds:X509Certificate>*", REASON_APPLICANT_CERTIFICATE_UNREADABLE},
                {"certificate is not DER", "<ds:X509Certificate>", "<ds:X509Certificate>AAAA", REASON_APPLICANT_CERTIFICATE_UNREADABLE},
                {"certificate with bytes after it", "</ds:X509Certificate>", "AAAA</ds:X509Certificate>", REASON_APPLICANT_CERTIFICATE_UNREADABLE},
                {"two certificates", "</ds:X509Data>", "<ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>", REASON_APPLICANT_CERTIFICATE_UNREADABLE},
                {"no certificate", "<ds:X509Certificate>", "<ds:X509SubjectName/><ds:X509Certificate xmlns:ds='urn:ds'>", REASON_APPLICANT_SIGNATURE_KEY_INFO},
                {"KeyValue beside it", "</ds:KeyInfo>", "<ds:KeyValue/></ds:KeyInfo>", REASON_APPLICANT_SIGNATURE_KEY_INFO},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_document(&(struct shape){0}, APPLICANT);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                bool found = strstr(good, cases[i].from) != NULL;
                if (!found && strstr(cases[i].name, "lost a character"))
                        continue; /* this value happens to have no padding */
                auto_str char *text = replaced(good, cases[i].from, cases[i].to);
                expect(verifier, cases[i].name, text, cases[i].want);
        }
}

static void signature_elsewhere(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        expect(verifier, "no signature", "<app>" CONTENT "</app>", REASON_APPLICANT_SIGNATURE_MISSING);
        auto_str char *good = signed_document(&(struct shape){0}, APPLICANT);
        const char *from = strstr(good, "<ds:Signature "), *to = strstr(good, "</ds:Signature>") + strlen("</ds:Signature>");
        auto_str char *signature = xstrndup(from, (size_t)(to - from));
        auto_str char *without = replaced(good, signature, ""), *first_child = xasprintf("<name>%s", signature), *wrapped = xasprintf("<w>%s</w></app>", signature);
        auto_str char *inside = replaced(without, "<name>", first_child), *deeper = replaced(without, "</app>", wrapped);
        auto_str char *at_start_tag = xasprintf("%s<name>", signature), *at_start = replaced(without, "<name>", at_start_tag);
        auto_str char *root = xasprintf("%s", signature), *twice_tail = xasprintf("%s</app>", signature), *twice = replaced(good, "</app>", twice_tail);
        auto_str char *evil = replaced(without, "850412390011", "850412390021"), *kept = replaced(good, "<?xml version=\"1.0\"?>\n", "");
        auto_str char *hidden_tail = xasprintf("<w>%s</w>%s</app>", kept, signature), *wrapping = replaced(evil, "</app>", hidden_tail);
        expect(verifier, "inside another element", inside, REASON_APPLICANT_SIGNATURE_WRAPPED);
        expect(verifier, "deeper at the end", deeper, REASON_APPLICANT_SIGNATURE_WRAPPED);
        expect(verifier, "first child", at_start, REASON_APPLICANT_SIGNATURE_COVERAGE);
        expect(verifier, "as root", root, REASON_APPLICANT_SIGNATURE_WRAPPED);
        expect(verifier, "twice the same", twice, REASON_APPLICANT_SIGNATURE_DIGEST);
        expect(verifier, "original wrapped in another", wrapping, REASON_APPLICANT_SIGNATURE_DIGEST);
}

static void says_revoked(void *ctx, const struct certificate *certificate, X509 *issuer, struct wall_time at GW_UNUSED,
                         struct revocation_status *ret)
{
        assert_non_null(issuer);
        ret->answer = str_eq(ctx, certificate->serial) ? REVOCATION_BAD : REVOCATION_GOOD;
}

static void certificates(void **state GW_UNUSED)
{
        static const struct {
                const char *signer;
                int want;
        } cases[] = {
                {"bad-expired", REASON_APPLICANT_CERTIFICATE_EXPIRED},   {"bad-notyet", REASON_APPLICANT_CERTIFICATE_NOT_YET_VALID},
                {"bad-auth", REASON_APPLICANT_CERTIFICATE_USAGE},        {"bad-weak", REASON_APPLICANT_KEY_WEAK},
                {"bad-foreign-ca", REASON_APPLICANT_CERTIFICATE_UNTRUSTED}, {"bad-selfsigned", REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {"bad-sha1", REASON_APPLICANT_CERTIFICATE_UNTRUSTED},    {"bad-ca-as-leaf", REASON_APPLICANT_CERTIFICATE_USAGE},
                {"tsa", REASON_APPLICANT_CERTIFICATE_USAGE},             {"bad-revoked", REASON_NONE},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = signed_document(&(struct shape){0}, cases[i].signer);
                expect(verifier, cases[i].signer, text, cases[i].want);
                expect(verifier, cases[i].signer, text, cases[i].want); /* the cache changes no verdict */
                auto_str char *changed = replaced(text, "850412390011", "850412390021");
                int want = cases[i].want == REASON_APPLICANT_KEY_WEAK ? cases[i].want : REASON_APPLICANT_SIGNATURE_DIGEST;
                expect(verifier, "changed by a bad signer", changed, want);
        }
}

static void revoked(void **state GW_UNUSED)
{
        auto_str char *text = signed_document(&(struct shape){0}, "bad-revoked"), *other = signed_document(&(struct shape){0}, APPLICANT);
        auto_str char *base64 = certificate_base64("bad-revoked"), *trust = pki_file("trust", "", "");
        auto_buf struct buf der = BUF_INIT;
        struct why why = WHY_INIT;
        auto_certificate struct certificate *certificate = NULL;
        assert_true(text_unbase64(&der, span_str(base64)));
        assert_int_equal(certificate_decode(buf_span(&der), &certificate, &why), GW_OK);
        struct verify_policy policy = test_policy();
        policy.revocation = says_revoked;
        policy.revocation_ctx = certificate->serial;
        auto_verifier struct verifier *verifier = open_verifier(trust, &policy);
        expect(verifier, "revoked", text, REASON_APPLICANT_CERTIFICATE_REVOKED);
        expect(verifier, "another", other, REASON_NONE);
}

/* The verdict is for the instant that is asked about; skew is tolerated on both ends; authorities have dates too. */
static void instants(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *text = signed_document(&(struct shape){0}, APPLICANT);
        struct verified_document verified = {0};
        char detail[sizeof((struct why){0}.detail)];
        assert_int_equal(verify_at(verifier, text, wall_now(), &verified, detail), REASON_NONE);
        int64_t from = verified.signers[0]->not_before.ms, until = verified.signers[0]->not_after.ms, year = (int64_t)366 * 86400 * 1000;
        verified_document_done(&verified);
        const struct {
                int64_t at;
                int want;
        } cases[] = {
                {from, REASON_NONE},          {from - 59000, REASON_NONE},  {from - 61000, REASON_APPLICANT_CERTIFICATE_NOT_YET_VALID},
                {until, REASON_NONE},         {until + 60000, REASON_NONE}, {until + 61000, REASON_APPLICANT_CERTIFICATE_EXPIRED},
                {until + year, REASON_APPLICANT_CERTIFICATE_EXPIRED},       {until + 12 * year, REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {from - 12 * year, REASON_APPLICANT_CERTIFICATE_UNTRUSTED}, {until, REASON_NONE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *name = xasprintf("instant %zu", i);
                expect_at(verifier, name, text, (struct wall_time){cases[i].at}, cases[i].want);
        }
}

static void several_signers(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        struct verified_document verified = {0};
        char detail[sizeof((struct why){0}.detail)];
        auto_str char *one = signed_document(&(struct shape){0}, APPLICANT), *two = signed_again(one, SECOND);
        auto_str char *three = signed_again(two, "head-160640900019"), *four = signed_again(three, APPLICANT), *five = signed_again(four, SECOND);

        assert_int_equal(verify_at(verifier, two, wall_now(), &verified, detail), REASON_NONE);
        assert_int_equal(verified.signer_count, 2);
        assert_string_equal(verified.signers[0]->iin, "850412390011");
        assert_string_equal(verified.signers[1]->iin, "870930490018");
        verified_document_done(&verified);

        assert_int_equal(verify_at(verifier, three, wall_now(), &verified, detail), REASON_NONE);
        assert_int_equal(verified.signer_count, 3);
        assert_string_equal(verified.signers[2]->bin, "160640900019");
        verified_document_done(&verified);

        assert_int_equal(verify_at(verifier, four, wall_now(), &verified, detail), REASON_NONE);
        assert_int_equal(verified.signer_count, 4);
        verified_document_done(&verified);
        expect(verifier, "five signers", five, REASON_APPLICANT_SIGNATURE_SEVERAL);

        auto_str char *changed = replaced(two, "850412390011", "850412390021");
        expect(verifier, "changed after two signed", changed, REASON_APPLICANT_SIGNATURE_DIGEST);
        const char *from = strstr(two, "<ds:Signature "), *to = strstr(two, "</ds:Signature>") + strlen("</ds:Signature>");
        auto_str char *first = xstrndup(from, (size_t)(to - from)), *without_first = replaced(two, first, "");
        expect(verifier, "the first signer taken out", without_first, REASON_APPLICANT_SIGNATURE_DIGEST);
        auto_str char *swapped_tail = xasprintf("%s</app>", first), *swapped = replaced(without_first, "</app>", swapped_tail);
        expect(verifier, "the signers swapped", swapped, REASON_APPLICANT_SIGNATURE_DIGEST);
        auto_str char *bad = signed_again(one, "bad-foreign-ca");
        expect(verifier, "the second is not trusted", bad, REASON_APPLICANT_CERTIFICATE_UNTRUSTED);
        auto_str char *bad_one = signed_document(&(struct shape){0}, "bad-expired"), *bad_first = signed_again(bad_one, SECOND);
        expect(verifier, "the first has expired", bad_first, REASON_APPLICANT_CERTIFICATE_EXPIRED);
}

/* Certificates are decoded once; a chain is checked once in its slot of time; what is not trusted is not kept. */
static void counts(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_document(&(struct shape){0}, APPLICANT), *bad = signed_document(&(struct shape){0}, "bad-foreign-ca");
        struct wall_time at = {wall_now().ms / 600000 * 600000 + 1000};
        for (int i = 0; i < 5; i++)
                expect_at(verifier, "again", good, at, REASON_NONE);
        struct verify_counts got = verifier_counts(verifier);
        assert_int_equal(got.signatures, 5);
        assert_int_equal(got.decoded, 1);
        assert_int_equal(got.chains, 1);
        expect_at(verifier, "later", good, (struct wall_time){at.ms + 600000}, REASON_NONE);
        assert_int_equal(verifier_counts(verifier).chains, 2);
        for (int i = 0; i < 2; i++)
                expect_at(verifier, "stranger", bad, at, REASON_APPLICANT_CERTIFICATE_UNTRUSTED);
        assert_int_equal(verifier_counts(verifier).decoded, 3);
}

/* Made by Kalkan (NCANode), not by us nor by xmlsec. */
static void public_samples(void **state GW_UNUSED)
{
        auto_str char *one_path = vector_path("ncanode-testdata/signed/XmlServiceTest.XML_SIGNED_VALID_STRING.xml");
        auto_str char *two_path = vector_path("ncanode-testdata/signed/XmlServiceTest.XML_SIGNED_VALID_STRING_TWO_SIGNERS.xml");
        auto_str char *trust = vector_path("ncanode-testdata/ca");
        if (!one_path || !two_path || !trust)
                return;
        auto_str char *one = read_file(one_path), *two = read_file(two_path), *changed = replaced(one, "test", "tesT");
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *verifier = open_verifier(trust, &policy);
        const struct {
                const char *text, *at;
                int want;
        } cases[] = {
                {one, "2021-08-27T00:00:00Z", REASON_NONE},
                {one, "2022-06-01T00:00:00Z", REASON_APPLICANT_CERTIFICATE_EXPIRED},
                {one, "2020-06-01T00:00:00Z", REASON_APPLICANT_CERTIFICATE_NOT_YET_VALID},
                {one, "2025-06-01T00:00:00Z", REASON_APPLICANT_CERTIFICATE_UNTRUSTED}, /* the authority's own has ended */
                {changed, "2021-08-27T00:00:00Z", REASON_APPLICANT_SIGNATURE_DIGEST},
                {two, "2021-08-27T00:00:00Z", REASON_APPLICANT_CERTIFICATE_UNTRUSTED}, /* before its authority; see test_gost_trust.c */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                auto_xmldoc xmlDoc *doc = NULL;
                struct verified_document verified = {0};
                assert_int_equal(xml_read(span_str(cases[i].text), &xml_limits_default, &doc, &why), GW_OK);
                enum gw_rc rc = verify_document(verifier, doc, instant(cases[i].at), &verified, &why);
                if ((rc == GW_OK ? REASON_NONE : why.reason) != cases[i].want)
                        fail_msg("sample %zu: %s (%s)", i, reason_info(why.reason)->name, why.detail);
                if (rc == GW_OK)
                        assert_string_equal(verified.signers[0]->iin, "123456789011");
                verified_document_done(&verified);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_shapes),     cmocka_unit_test(refused_shapes),      cmocka_unit_test(hmac_is_refused),
                cmocka_unit_test(changed_documents), cmocka_unit_test(signature_elsewhere), cmocka_unit_test(certificates),
                cmocka_unit_test(revoked),         cmocka_unit_test(instants),            cmocka_unit_test(several_signers),
                cmocka_unit_test(counts),          cmocka_unit_test(public_samples),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
