/* The transport signature: every good shape, and broken siblings with the exact reason. All signatures are made by xmlsec1. */
#include <pthread.h>

#include "tests/unit/helper_xmlsec1.h"

#define PORTAL "system-portal"
#define X509_PROFILE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
#define BASE64_BINARY "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
#define TOKEN_REFERENCE(content) "<ds:KeyInfo><wsse:SecurityTokenReference>" content "</wsse:SecurityTokenReference></ds:KeyInfo>"
#define KEY_IDENTIFIER                                                                                                     \
        TOKEN_REFERENCE("<wsse:KeyIdentifier EncodingType=\"" BASE64_BINARY "\" ValueType=\"" X509_PROFILE "X509v3\">"      \
                        CERTIFICATE_HERE "</wsse:KeyIdentifier>")
#define BINARY_TOKEN(id, type) "<wsse:BinarySecurityToken wsu:Id=\"" id "\" ValueType=\"" X509_PROFILE type "\" EncodingType=\"" \
                     BASE64_BINARY "\">" CERTIFICATE_HERE "</wsse:BinarySecurityToken>"
#define DIRECT_REFERENCE(id) TOKEN_REFERENCE("<wsse:Reference URI=\"#" id "\" ValueType=\"" X509_PROFILE "X509v3\"/>")
#define REFERENCE(uri, transforms, digest)                                                                                  \
        "<ds:Reference URI=\"" uri "\"><ds:Transforms>" transforms "</ds:Transforms><ds:DigestMethod Algorithm=\"" digest "\"/>" \
        "<ds:DigestValue></ds:DigestValue></ds:Reference>"
#define TO(id) REFERENCE("#" id, TRANSFORM(URI_EXC), URI_ENC "sha256")
#define CONTENT "<q:SendMessage xmlns:q=\"urn:q\"><request><iin>850412390011</iin></request></q:SendMessage>"

/* Fields left NULL are SHEP's. */
struct shape {
        const char *c14n, *method, *references, *key_info, *before, *headers, *body_id, *soap_ns;
};
#define OR(value, otherwise) ((value) ? (value) : (otherwise))

static char *signed_envelope(const struct shape *s, const char *name)
{
        auto_str char *text = xasprintf(
                "<s:Envelope xmlns:s=\"%s\" xmlns:wsu=\"" WSU_NS "\"><s:Header>%s<wsse:Security xmlns:wsse=\"" WSSE_NS "\">%s"
                "<ds:Signature xmlns:ds=\"" DSIG_NS "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"%s\"/>"
                "<ds:SignatureMethod Algorithm=\"%s\"/>%s</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>" KEY_INFO_HERE
                "</ds:Signature></wsse:Security></s:Header><s:Body %s>" CONTENT "</s:Body></s:Envelope>",
                OR(s->soap_ns, SOAP11_NS), OR(s->headers, ""), OR(s->before, ""), OR(s->c14n, URI_EXC), OR(s->method, URI_MORE "rsa-sha256"),
                OR(s->references, TO("id-1")), OR(s->body_id, "wsu:Id=\"id-1\""));
        return sign_as(text, name, OR(s->key_info, KEY_IDENTIFIER),
                       "--id-attr:Id " SOAP11_NS ":Body --id-attr:Id " SOAP12_NS ":Body --id-attr:Id " WSU_NS ":Timestamp --id-attr:Id urn:h:Extra --id-attr:Id " WSSE_NS ":BinarySecurityToken");
}

static int verify_at(struct verifier *verifier, const char *text, struct wall_time at, struct certificate **ret, struct why *why)
{
        auto_soap struct soap *soap = NULL;
        *why = (struct why)WHY_INIT;
        enum gw_rc rc = soap_parse(span_str(text), &xml_limits_default, &soap, why);
        if (rc == GW_OK)
                rc = verify_transport(verifier, soap, at, ret, why);
        if (rc != GW_OK)
                return why->reason;
        /* Ids are taken back, so the same message can be verified again. */
        auto_certificate struct certificate *again = NULL;
        assert_int_equal(verify_transport(verifier, soap, at, &again, why), GW_OK);
        return REASON_NONE;
}

static void expect_at(struct verifier *verifier, const char *name, const char *text, struct wall_time at, int want)
{
        struct why why;
        auto_certificate struct certificate *certificate = NULL;
        int got = verify_at(verifier, text, at, &certificate, &why);
        if (got != want)
                fail_msg("%s: got %s (%s), want %s", name, reason_info(got)->name, why.detail, reason_info(want)->name);
        assert_true((got == REASON_NONE) == (certificate != NULL));
}

static void expect(struct verifier *verifier, const char *name, const char *text, int want)
{
        expect_at(verifier, name, text, wall_now(), want);
}

static char *timestamp(int64_t created_s, int64_t expires_s)
{
        char created[CLOCK_TEXT_MAX], expires[CLOCK_TEXT_MAX];
        struct wall_time now = wall_now();
        return xasprintf("<wsu:Timestamp wsu:Id=\"ts\"><wsu:Created>%s</wsu:Created><wsu:Expires>%s</wsu:Expires></wsu:Timestamp>",
                         clock_iso((struct wall_time){now.ms + created_s * 1000}, created), clock_iso((struct wall_time){now.ms + expires_s * 1000}, expires));
}

static void good_shapes(void **state GW_UNUSED)
{
        static const struct {
                const char *signer;
                struct shape shape;
        } cases[] = {
                {PORTAL, {0}},
                {PORTAL, {.soap_ns = SOAP12_NS}},
                {PORTAL, {.key_info = DIRECT_REFERENCE("tok"), .before = BINARY_TOKEN("tok", "X509v3")}},
                {PORTAL, {.key_info = X509_KEY_INFO}},
                {PORTAL, {.key_info = TOKEN_REFERENCE("<ds:X509Data><ds:X509SubjectName>x</ds:X509SubjectName><ds:X509Certificate>\n" CERTIFICATE_HERE
                                                      "\n</ds:X509Certificate></ds:X509Data>")}},
                {PORTAL, {.key_info = TOKEN_REFERENCE("<wsse:KeyIdentifier ValueType=\"" X509_PROFILE "X509v3\">" CERTIFICATE_HERE "</wsse:KeyIdentifier>")}},
                {PORTAL, {.references = REFERENCE("#id-1", "<ds:Transform Algorithm=\"" URI_EXC "\"><e:InclusiveNamespaces xmlns:e=\"" URI_EXC
                                                           "\" PrefixList=\"wsu s\"/></ds:Transform>", URI_ENC "sha512")}},
                {PORTAL, {.method = URI_MORE "rsa-sha512"}},
                {"system-portal-ec", {.method = URI_MORE "ecdsa-sha256"}},
                {PORTAL, {.headers = "<h:Extra xmlns:h=\"urn:h\" id=\"id-2\" Id=\"id-2\"/>"}}, /* ids that nobody refers to may repeat */
                {"applicant-850412390011", {0}},                                            /* whether it may is another question */
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *name = xasprintf("good shape %zu", i), *text = signed_envelope(&cases[i].shape, cases[i].signer);
                expect(verifier, name, text, REASON_NONE);
                auto_str char *changed = replaced(text, "850412390011", "850412390021");
                expect(verifier, name, changed, REASON_TRANSPORT_SIGNATURE_DIGEST);
        }
}

/* Correctly signed, by a maker that knows no policy. */
static void refused_shapes(void **state GW_UNUSED)
{
        static const struct {
                const char *name;
                struct shape shape;
                int want;
        } cases[] = {
                {"inclusive C14N of SignedInfo", {.c14n = URI_C14N}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"exclusive C14N with comments", {.c14n = URI_EXC "WithComments"}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"inclusive C14N of the Body", {.references = REFERENCE("#id-1", TRANSFORM(URI_C14N), URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"enveloped transform", {.references = REFERENCE("#id-1", TRANSFORM(URI_ENVELOPED) TRANSFORM(URI_EXC), URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"two transforms", {.references = REFERENCE("#id-1", TRANSFORM(URI_EXC) TRANSFORM(URI_EXC), URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"no transform", {.references = REFERENCE("#id-1", "", URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"SHA-1 digest", {.references = REFERENCE("#id-1", TRANSFORM(URI_EXC), DSIG_NS "sha1")}, REASON_TRANSPORT_SIGNATURE_ALGORITHM},
                {"RSA with SHA-1", {.method = DSIG_NS "rsa-sha1"}, REASON_TRANSPORT_SIGNATURE_ALGORITHM},
                {"XPath", {.references = REFERENCE("#id-1", "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>1</ds:XPath></ds:Transform>"
                                                            TRANSFORM(URI_EXC), URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_TRANSFORM},
                {"whole document", {.references = REFERENCE("", TRANSFORM(URI_ENVELOPED) TRANSFORM(URI_EXC), URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"XPointer to the Body", {.references = REFERENCE("#xpointer(id('id-1'))", TRANSFORM(URI_EXC), URI_ENC "sha256")}, REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"a header instead of the Body", {.headers = "<h:Extra xmlns:h=\"urn:h\" wsu:Id=\"h\"/>", .references = TO("h")}, REASON_TRANSPORT_SIGNATURE_WRAPPED},
                {"a header beside the Body", {.headers = "<h:Extra xmlns:h=\"urn:h\" wsu:Id=\"h\"/>", .references = TO("id-1") TO("h")}, REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"a token beside the Body", {.before = BINARY_TOKEN("tok", "X509v3"), .references = TO("id-1") TO("tok")}, REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"the Body twice", {.references = TO("id-1") TO("id-1")}, REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"the Body three times", {.references = TO("id-1") TO("id-1") TO("id-1")}, REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"Id without namespace", {.body_id = "Id=\"id-1\""}, REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"no KeyInfo", {.key_info = ""}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"Object", {.key_info = KEY_IDENTIFIER "<ds:Object/>"}, REASON_TRANSPORT_SIGNATURE_STRUCTURE},
                {"thumbprint", {.key_info = TOKEN_REFERENCE("<wsse:KeyIdentifier ValueType=\"http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1\">"
                                                            "AAAA</wsse:KeyIdentifier>")}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"issuer and serial", {.key_info = TOKEN_REFERENCE("<ds:X509Data><ds:X509IssuerSerial/></ds:X509Data>")}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"token absent", {.key_info = DIRECT_REFERENCE("tok")}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"token of another type", {.key_info = DIRECT_REFERENCE("tok"), .before = BINARY_TOKEN("tok", "X509PKIPathv1")}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"token outside the header", {.key_info = DIRECT_REFERENCE("tok"), .headers = "<w:x xmlns:w=\"urn:w\" xmlns:wsse=\"" WSSE_NS "\">" BINARY_TOKEN("tok", "X509v3") "</w:x>"}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"token twice", {.key_info = DIRECT_REFERENCE("tok"), .before = BINARY_TOKEN("tok", "X509v3"), .headers = "<x wsu:Id=\"tok\"/>"}, REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"two ways at once", {.key_info = "<ds:KeyInfo><ds:KeyName>x</ds:KeyName><ds:X509Data><ds:X509Certificate>" CERTIFICATE_HERE "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"}, REASON_TRANSPORT_SIGNATURE_KEY_INFO},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = signed_envelope(&cases[i].shape, PORTAL);
                expect(verifier, cases[i].name, text, cases[i].want);
        }
}

static void hmac_is_refused(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_envelope(&(struct shape){0}, PORTAL);
        auto_str char *text = replaced(good, URI_MORE "rsa-sha256", URI_MORE "hmac-sha256");
        struct why why;
        auto_certificate struct certificate *certificate = NULL;
        assert_int_equal(verify_at(verifier, text, wall_now(), &certificate, &why), REASON_TRANSPORT_SIGNATURE_HMAC);
        assert_non_null(strstr(why.detail, "HMAC"));
}

/* One good envelope, changed by hand in one place each. */
static void changed_envelopes(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *from, *to;
                int want;
        } cases[] = {
                {"changed digit", "850412390011", "850412390021", REASON_TRANSPORT_SIGNATURE_DIGEST},
                {"attribute of the Body", "<s:Body", "<s:Body x=\"1\"", REASON_TRANSPORT_SIGNATURE_DIGEST},
                {"changed SignedInfo", "<ds:SignedInfo>", "<ds:SignedInfo> ", REASON_TRANSPORT_SIGNATURE_INVALID},
                {"changed digest", "<ds:DigestValue>", "<ds:DigestValue>AAAA", REASON_TRANSPORT_SIGNATURE_DIGEST},
                {"another digest method", URI_ENC "sha256", URI_ENC "sha512", REASON_TRANSPORT_SIGNATURE_DIGEST},
                {"SignatureValue is not base64", "<ds:SignatureValue>", "<ds:SignatureValue>*", REASON_TRANSPORT_SIGNATURE_STRUCTURE},
                {"Body renamed", "Body wsu:Id=\"id-1\"", "Body wsu:Id=\"id-2\"", REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"Reference to another id", "URI=\"#id-1\"", "URI=\"#id-2\"", REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"Body without id", "<s:Body wsu:Id=\"id-1\">", "<s:Body>", REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"external URI", "URI=\"#id-1\"", "URI=\"file:///etc/hostname#id-1\"", REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"remote URI", "URI=\"#id-1\"", "URI=\"http://example.invalid/#id-1\"", REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"empty id", "URI=\"#id-1\"", "URI=\"#\"", REASON_TRANSPORT_SIGNATURE_REFERENCE},
                {"second wsu:Id", "<iin>", "<iin wsu:Id=\"id-1\">", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"second Id in the header", "<wsse:Security ", "<wsse:Security Id=\"id-1\" ", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"second ID", "<iin>", "<iin ID=\"id-1\">", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"second id", "<ds:KeyInfo>", "<ds:KeyInfo id=\"id-1\">", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"second xml:id", "<iin>", "<iin xml:id=\"id-1\">", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"second id on the Signature", "<ds:Signature ", "<ds:Signature Id=\"id-1\" ", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"moved Body", "<s:Header>", "<s:Header><w:w xmlns:w=\"urn:w\"><s:Body wsu:Id=\"id-1\"/></w:w>", REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE},
                {"second Body", "</s:Body>", "</s:Body><s:Body/>", REASON_SOAP_STRUCTURE},
                {"certificate is not base64", "X509v3\">", "X509v3\">*", REASON_TRANSPORT_CERTIFICATE_UNREADABLE},
                {"certificate is cut", "=</wsse:KeyIdentifier>", "</wsse:KeyIdentifier>", REASON_TRANSPORT_CERTIFICATE_UNREADABLE},
                {"certificate is not DER", "X509v3\">", "X509v3\">AAAA", REASON_TRANSPORT_CERTIFICATE_UNREADABLE},
                {"encoding of the certificate", "soap-message-security-1.0#Base64Binary", "soap-message-security-1.0#HexBinary", REASON_TRANSPORT_SIGNATURE_KEY_INFO},
                {"unsigned Timestamp", "<ds:Signature ", "<wsu:Timestamp/><ds:Signature ", REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"two Timestamps", "<ds:Signature ", "<wsu:Timestamp/><wsu:Timestamp/><ds:Signature ", REASON_TRANSPORT_SIGNATURE_SEVERAL},
                {"a second, empty Signature", "<ds:Signature ", "<ds:Signature xmlns:ds=\"" DSIG_NS "\"/><ds:Signature ", REASON_TRANSPORT_SIGNATURE_SEVERAL},
                {"another Security header", WSSE_NS, "urn:not-wsse", REASON_TRANSPORT_SIGNATURE_MISSING},
                {"another Signature", "<ds:Signature xmlns:ds=\"" DSIG_NS "\">", "<ds:Signature xmlns:ds=\"urn:ds\">", REASON_TRANSPORT_SIGNATURE_MISSING},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_envelope(&(struct shape){0}, PORTAL);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                if (str_eq(cases[i].name, "certificate is cut") && !strstr(good, cases[i].from))
                        continue; /* this certificate's base64 happens to have no padding */
                auto_str char *text = replaced(good, cases[i].from, cases[i].to);
                expect(verifier, cases[i].name, text, cases[i].want);
        }
        expect(verifier, "no header", "<s:Envelope xmlns:s=\"" SOAP11_NS "\"><s:Body><a/></s:Body></s:Envelope>", REASON_TRANSPORT_SIGNATURE_MISSING);
}

/* Signature wrapping: the signed Body is kept somewhere, another one is in its place. */
static void wrapping(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_envelope(&(struct shape){0}, PORTAL);
        const char *from = strstr(good, "<s:Body "), *to = strstr(good, "</s:Body>") + strlen("</s:Body>");
        auto_str char *body = xstrndup(from, (size_t)(to - from));
        static const char *const evil[] = {"<s:Body wsu:Id=\"id-1\"><evil/></s:Body>", "<s:Body wsu:Id=\"id-2\"><evil/></s:Body>",
                                           "<s:Body><evil/></s:Body>", "<s:Body Id=\"id-1\"><evil/></s:Body>"};
        static const int want[] = {REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE, REASON_TRANSPORT_SIGNATURE_WRAPPED,
                                   REASON_TRANSPORT_SIGNATURE_WRAPPED, REASON_TRANSPORT_SIGNATURE_ID_DUPLICATE};
        static const char *const places[] = {"<s:Header>", "</ds:KeyInfo>", "</wsse:SecurityTokenReference>"};
        for (size_t i = 0; i < GW_COUNT(evil); i++) {
                for (size_t k = 0; k < GW_COUNT(places); k++) {
                        bool opening = places[k][1] != '/';
                        auto_str char *hidden = xasprintf("%s<w:w xmlns:w=\"urn:w\">%s</w:w>%s", opening ? places[k] : "", body, opening ? "" : places[k]);
                        auto_str char *without = replaced(good, body, evil[i]), *text = replaced(without, places[k], hidden);
                        auto_str char *name = xasprintf("wrapping %zu at %zu", i, k);
                        expect(verifier, name, text, want[i]);
                }
                auto_str char *payload = replaced(evil[i], "<evil/>", "<evil>@</evil>"), *inside = replaced(payload, "@", body);
                auto_str char *text = replaced(good, body, inside);
                expect(verifier, "signed Body inside the other", text, want[i]);
        }
}

static void timestamps(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *references;
                int64_t created_s, expires_s;
                int want;
        } cases[] = {
                {"current", TO("id-1") TO("ts"), -5, 300, REASON_NONE},
                {"current, the other order", TO("ts") TO("id-1"), -5, 300, REASON_NONE},
                {"not covered", TO("id-1"), -5, 300, REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"the Timestamp alone", TO("ts"), -5, 300, REASON_TRANSPORT_SIGNATURE_COVERAGE},
                {"expired within the skew", TO("id-1") TO("ts"), -300, -50, REASON_NONE},
                {"expired", TO("id-1") TO("ts"), -300, -70, REASON_MESSAGE_DATE_STALE},
                {"created long ago", TO("id-1") TO("ts"), -90000, 300, REASON_MESSAGE_DATE_STALE},
                {"created in the future", TO("id-1") TO("ts"), 400, 800, REASON_MESSAGE_DATE_FUTURE},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *before = timestamp(cases[i].created_s, cases[i].expires_s);
                auto_str char *text = signed_envelope(&(struct shape){.before = before, .references = cases[i].references}, PORTAL);
                expect(verifier, cases[i].name, text, cases[i].want);
        }
        auto_str char *text = signed_envelope(&(struct shape){.before = "<wsu:Timestamp wsu:Id=\"ts\"><wsu:Created>yesterday</wsu:Created></wsu:Timestamp>",
                                                              .references = TO("id-1") TO("ts")}, PORTAL);
        expect(verifier, "not a date", text, REASON_SOAP_STRUCTURE);
}

static void two_signatures(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_envelope(&(struct shape){0}, PORTAL);
        const char *from = strstr(good, "<ds:Signature "), *to = strstr(good, "</ds:Signature>") + strlen("</ds:Signature>");
        auto_str char *signature = xstrndup(from, (size_t)(to - from)), *both = xasprintf("%s%s", signature, signature);
        auto_str char *twice = replaced(good, signature, both), *none = replaced(good, signature, "");
        expect(verifier, "two signatures", twice, REASON_TRANSPORT_SIGNATURE_SEVERAL);
        expect(verifier, "none", none, REASON_TRANSPORT_SIGNATURE_MISSING);
        auto_str char *declared = replaced(signature, "<ds:Signature ", "<iin/><ds:Signature xmlns:wsse=\"" WSSE_NS "\" ");
        auto_str char *in_body = replaced(none, "<iin>", "@<iin>"), *moved = replaced(in_body, "@", declared);
        expect(verifier, "in the Body", moved, REASON_TRANSPORT_SIGNATURE_WRAPPED);
}

static void certificates(void **state GW_UNUSED)
{
        static const struct {
                const char *signer;
                int want;
        } cases[] = {
                {"system-portal-expired", REASON_TRANSPORT_CERTIFICATE_EXPIRED}, {"system-portal-notyet", REASON_TRANSPORT_CERTIFICATE_NOT_YET_VALID},
                {"system-portal-foreign-ca", REASON_TRANSPORT_CERTIFICATE_UNTRUSTED}, {"system-portal-weak", REASON_TRANSPORT_KEY_WEAK},
                {"bad-selfsigned", REASON_TRANSPORT_CERTIFICATE_UNTRUSTED}, {"bad-auth", REASON_TRANSPORT_CERTIFICATE_USAGE},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = signed_envelope(&(struct shape){0}, cases[i].signer);
                expect(verifier, cases[i].signer, text, cases[i].want);
        }
        /* Somebody else's certificate on a good signature. */
        auto_str char *text = signed_envelope(&(struct shape){0}, PORTAL), *own = certificate_base64(PORTAL), *other = certificate_base64("system-gbdfl");
        auto_str char *lent = replaced(text, own, other);
        expect(verifier, "another's certificate", lent, REASON_TRANSPORT_SIGNATURE_INVALID);
        auto_str char *ec = certificate_base64("system-portal-ec"), *wrong_kind = replaced(text, own, ec);
        expect(verifier, "a key of another kind", wrong_kind, REASON_TRANSPORT_SIGNATURE_KEY_MISMATCH);
}

struct job {
        struct verifier *verifier;
        const char *good, *changed;
        int wrong;
};

static void *verify_many(void *ctx)
{
        struct job *job = ctx;
        for (int i = 0; i < 40; i++) {
                struct why why;
                auto_certificate struct certificate *certificate = NULL;
                job->wrong += verify_at(job->verifier, job->good, wall_now(), &certificate, &why) != REASON_NONE;
                certificate_unref(gw_take(&certificate));
                job->wrong += verify_at(job->verifier, job->changed, wall_now(), &certificate, &why) != REASON_TRANSPORT_SIGNATURE_DIGEST;
        }
        return NULL;
}

static void one_verifier_many_threads(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_envelope(&(struct shape){0}, PORTAL), *changed = replaced(good, "850412390011", "850412390021");
        pthread_t threads[4];
        struct job jobs[4];
        for (int i = 0; i < 4; i++) {
                jobs[i] = (struct job){verifier, good, changed, 0};
                assert_int_equal(pthread_create(&threads[i], NULL, verify_many, &jobs[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(jobs[i].wrong, 0);
        }
        assert_int_equal(verifier_counts(verifier).signatures, 4 * 40 * 3);
        assert_true(verifier_counts(verifier).decoded <= 4);
}

static void public_samples(void **state GW_UNUSED)
{
        auto_str char *rsa_path = vector_path("ncanode-testdata/signed/Wsse-SmartBridge-RSA.RESIGNED.xml"), *gost_path = vector_path("shep-contract/example/request.xml");
        auto_str char *trust = vector_path("ncanode-testdata/ca");
        if (!rsa_path || !gost_path || !trust)
                return;
        auto_str char *rsa = read_file(rsa_path), *gost = read_file(gost_path), *changed = replaced(rsa, "GBDFL_UniversalServiceSync", "GBDFL_UniversalServiceSynC");
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *verifier = open_verifier(trust, &policy);
        expect_at(verifier, "SmartBridge", rsa, instant("2021-08-27T00:00:00Z"), REASON_NONE);
        expect_at(verifier, "SmartBridge, later", rsa, instant("2022-06-01T00:00:00Z"), REASON_TRANSPORT_CERTIFICATE_EXPIRED);
        expect_at(verifier, "SmartBridge, changed", changed, instant("2021-08-27T00:00:00Z"), REASON_TRANSPORT_SIGNATURE_DIGEST);
        expect_at(verifier, "GOST", gost, instant("2019-10-01T00:00:00Z"), REASON_NONE); /* more of it in test_gost_trust.c */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_shapes),   cmocka_unit_test(refused_shapes), cmocka_unit_test(hmac_is_refused),
                cmocka_unit_test(changed_envelopes), cmocka_unit_test(wrapping),   cmocka_unit_test(timestamps),
                cmocka_unit_test(two_signatures), cmocka_unit_test(certificates),  cmocka_unit_test(one_verifier_many_threads),
                cmocka_unit_test(public_samples),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
