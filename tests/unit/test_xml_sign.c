/* Every signature that we write is judged by xmlsec1's command line, and so is a broken sibling of each. */
#include "tests/unit/helper_sign.h"

#include <libxml/parser.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "gateway/sign/xml_sign.h"
#include "gateway/soap/soap.h"

static const char *const key_names[] = {"system-portal", "system-portal-ec", "applicant-850412390201"}; /* RSA, P-256, P-384 */

/* xmlsec1 --verify with this certificate's key alone, so that no chain is asked for. */
static bool judged_valid_id(struct span xml, const char *key_name, const char *id, const char *xpath)
{
        auto_str char *file = scratch_write("judged.xml", xml);
        auto_str char *certificate = pki_path("certs", key_name, ".pem");
        const char *const argv[] = {"xmlsec1",
                                    "--verify",
                                    "--enabled-key-data",
                                    "key-name",
                                    "--pubkey-cert-pem",
                                    certificate,
                                    "--id-attr:Id",
                                    id,
                                    "--node-xpath",
                                    xpath ? xpath : "(//*[local-name()='Signature'])[last()]",
                                    file,
                                    NULL};
        return run(argv) == 0;
}

static bool judged_valid(struct span xml, const char *key_name, const char *body_ns, const char *xpath)
{
        auto_str char *id = xasprintf("%s:Body", body_ns ? body_ns : "urn:none");
        return judged_valid_id(xml, key_name, id, xpath);
}

static void assert_judged(const char *name, bool want, struct span xml, const char *key_name, const char *body_ns)
{
        if (judged_valid(xml, key_name, body_ns, NULL) == want)
                return;
        show_output();
        fail_msg("%s, key %s: xmlsec1 says %s of\n%.*s", name, key_name, want ? "invalid" : "valid", (int)xml.n, (const char *)xml.p);
}

static const struct {
        const char *name, *content, *from, *to; /* from -> to breaks it */
} bodies[] = {
        {"an operation", "<ns2:SendMessage xmlns:ns2=\"urn:t\"><request><messageId>1</messageId></request></ns2:SendMessage>",
         "<messageId>1", "<messageId>2"},
        {"escapes and Kazakh", "<q xmlns=\"urn:q\">Өтініш &amp; &lt;b&gt; &#xD;\n «қ»</q>", "Өтініш", "өтініш"},
        {"typed text",
         "<data xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">&lt;?xml "
         "version=\"1.0\"?&gt;&lt;a/&gt;</data>",
         "&lt;a/", "&lt;b/"},
        {"a fault", "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no</faultstring></soap:Fault>", "soap:Server",
         "soap:Client"},
};

static void envelope_is_valid(void **state)
{
        (void)state;
        for (size_t k = 0; k < GW_COUNT(key_names); k++) {
                gw_auto(local_key) struct signing_key *key = pki_key(key_names[k]);
                for (size_t i = 0; i < GW_COUNT(bodies); i++) {
                        struct wsse_options options = {.soap_version = (k + i) % 2 ? 12 : 11, .must_understand = i % 2 == 0};
                        const char *ns = options.soap_version == 12 ? SOAP12_NS : SOAP11_NS;
                        auto_buf struct buf out = BUF_INIT;
                        struct why why = WHY_INIT;
                        assert_int_equal(xml_sign_envelope(key, span_str(bodies[i].content), &options, &out, &why), GW_OK);
                        assert_judged(bodies[i].name, true, buf_span(&out), key_names[k], ns);
                        auto_str char *broken = replaced(buf_cstr(&out), bodies[i].from, bodies[i].to);
                        assert_judged(bodies[i].name, false, span_str(broken), key_names[k], ns);
                        assert_judged(bodies[i].name, false, buf_span(&out), key_names[(k + 1) % 3], ns);
                }
        }
}

static void envelope_has_the_shape_of_shep(void **state)
{
        (void)state;
        gw_auto(local_key) struct signing_key *key = pki_key("system-portal");
        for (int must = 0; must < 2; must++) {
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                struct wsse_options options = {11, must};
                assert_int_equal(xml_sign_envelope(key, span_str("<a></a>"), &options, &out, &why), GW_OK);
                auto_soap struct soap *soap = NULL;
                assert_int_equal(soap_parse(buf_span(&out), &xml_limits_default, &soap, &why), GW_OK);
                auto_str char *got_must = xml_attribute(soap->security, SOAP11_NS, "mustUnderstand");
                assert_true(must ? str_eq(got_must, "1") : got_must == NULL);
                xmlNode *signature = xml_child(soap->security, DSIG_NS, "Signature");
                xmlNode *reference = xml_child(xml_child(signature, DSIG_NS, "SignedInfo"), DSIG_NS, "Reference");
                auto_str char *uri = xml_attribute(reference, NULL, "URI");
                auto_str char *id = xml_attribute(soap->body, WSU_NS, "Id");
                assert_true(str_starts(id, "id-") && uri[0] == '#' && str_eq(uri + 1, id));
                xmlNode *token = xml_child(xml_child(signature, DSIG_NS, "KeyInfo"), WSSE_NS, "SecurityTokenReference");
                auto_str char *certificate = xml_child_text(token, WSSE_NS, "KeyIdentifier");
                assert_string_equal(certificate, key->certificate_base64);
        }
}

static const struct {
        const char *name, *xml, *from, *to;
} documents[] = {
        {"plain", "<a><b>x</b></a>", "x", "y"},
        {"default namespace", "<a xmlns=\"urn:a\"><b>x</b></a>", ">x", ">y"},
        {"prefixes around ds",
         "<c:a xmlns=\"urn:0\" xmlns:c=\"urn:c\" xmlns:d=\"urn:d\" xmlns:ds0=\"urn:e\" xmlns:z=\"urn:z\" q=\"1\"><b>x</b></c:a>", "q=\"1",
         "q=\"2"},
        {"root binds ds", "<a xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:z=\"urn:z\"><b>x</b></a>", ">x", ">y"},
        {"root binds ds to something else", "<a xmlns:ds=\"urn:other\" xmlns:z=\"urn:z\"><ds:b>x</ds:b></a>", ">x", ">y"},
        {"xml attributes", "<a xmlns:b=\"urn:b\" z=\"1\" xml:lang=\"kk\" xml:space=\"preserve\" b:q=\"2\"><b>x</b></a>", "kk", "ru"},
        {"awkward attribute", "<a q=\"a > b &lt;/a> = &quot;c&quot; &lt;!-- &#xA;\"><b>x</b></a>", "> b", "> c"},
        {"escapes", "<a>&lt;!-- no comment --&gt; &amp; &#xD;\n Ақпан</a>", "Ақпан", "ақпан"},
        {"empty root", "<a></a>", "<a>", "<a> "},
        {"instruction", "<?p before?>\n<a><?p <!-- in -->?><b>x</b></a>\n<?p after?>", "before", "behind"},
};

static xmlDoc *parse(struct span xml)
{
        xmlDoc *doc = xmlReadMemory((const char *)xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET);
        assert_non_null(doc);
        return doc;
}

static void assert_canonical(const char *name, struct span xml)
{
        auto_xmldoc xmlDoc *doc = parse(xml);
        auto_buf struct buf canonical = BUF_INIT;
        assert_true(xml_c14n(doc, &canonical));
        if (!span_eq(buf_span(&canonical), xml))
                fail_msg("%s: not canonical: %.*s\nbut:\n%s", name, (int)xml.n, (const char *)xml.p, buf_cstr(&canonical));
}

static void sign_enveloped(const char *key_name, struct span xml, struct buf *out)
{
        gw_auto(local_key) struct signing_key *key = pki_key(key_name);
        struct why why = WHY_INIT;
        enum gw_rc rc = xml_sign_enveloped(key, xml, out, &why);
        if (rc != GW_OK)
                fail_msg("%.*s: %s", (int)xml.n, (const char *)xml.p, why.detail);
}

static void enveloped_is_valid(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(documents); i++) {
                const char *key_name = key_names[i % 3], *name = documents[i].name;
                assert_canonical(name, span_str(documents[i].xml));
                auto_buf struct buf out = BUF_INIT;
                sign_enveloped(key_name, span_str(documents[i].xml), &out);
                assert_canonical(name, buf_span(&out));
                assert_judged(name, true, buf_span(&out), key_name, NULL);
                auto_str char *broken = replaced(buf_cstr(&out), documents[i].from, documents[i].to);
                assert_judged(name, false, span_str(broken), key_name, NULL);
        }
}

/* XML-DSig 4.3.3.3: comments are not covered by URI="" whatever the transforms say. */
static void enveloped_leaves_comments_out(void **state)
{
        (void)state;
        const char *xml =
                "<!-- before -->\n<?p i?>\n<!--b2-->\n<a xmlns=\"urn:a\"><!--in-->x<b>y<!----></b></a>\n<!-- after <b></b> -->\n<?p j?>";
        assert_canonical("comments", span_str(xml));
        auto_buf struct buf out = BUF_INIT;
        sign_enveloped("system-portal", span_str(xml), &out);
        assert_canonical("comments", buf_span(&out));
        assert_judged("comments", true, buf_span(&out), "system-portal", NULL);
        auto_str char *without = replaced(buf_cstr(&out), "<!--in-->", "");
        assert_judged("comment removed", true, span_str(without), "system-portal", NULL);
        auto_str char *broken = replaced(buf_cstr(&out), "y<!---->", "z<!---->");
        assert_judged("text changed", false, span_str(broken), "system-portal", NULL);
}

/* XAdES: both References hold, and a token put in later changes nothing that is signed. */
static void xades_is_valid(void **state)
{
        (void)state;
        static const char id[] = XADES_NS ":SignedProperties";
        for (size_t i = 0; i < GW_COUNT(documents); i++) {
                const char *key_name = key_names[i % 3], *name = documents[i].name;
                gw_auto(local_key) struct signing_key *key = pki_key(key_name);
                auto_buf struct buf out = BUF_INIT;
                struct xades_place place = {.stamped = BUF_INIT};
                struct why why = WHY_INIT;
                buf_add_str(&out, "@"); /* what stands before it counts for the place */
                assert_reason(name, xml_sign_xades(key, span_str(documents[i].xml), wall_now(), &out, &place, &why), &why, GW_OK, REASON_NONE);
                struct span made = span_of(out.p + 1, out.n - 1);
                assert_canonical(name, made);
                assert_true(judged_valid_id(made, key_name, id, NULL));
                auto_str char *broken = replaced((const char *)made.p, documents[i].from, documents[i].to);
                assert_false(judged_valid_id(span_str(broken), key_name, id, NULL));
                auto_str char *other_type = replaced((const char *)made.p, "text/xml", "text/html");
                assert_false(judged_valid_id(span_str(other_type), key_name, id, NULL));
                xml_sign_put_time_stamp(&out, &place, span_str("no real token"));
                assert_canonical(name, span_of(out.p + 1, out.n - 1));
                assert_true(judged_valid_id(span_of(out.p + 1, out.n - 1), key_name, id, NULL));
                auto_xmldoc xmlDoc *doc = parse(span_of(out.p + 1, out.n - 1));
                xmlNode *value = xml_child(xml_child(xmlDocGetRootElement(doc), DSIG_NS, "Signature"), DSIG_NS, "SignatureValue");
                auto_buf struct buf stamped = BUF_INIT;
                assert_true(xml_exc_c14n(value, &stamped));
                assert_string_equal(buf_cstr(&stamped), buf_cstr(&place.stamped));
                xades_place_done(&place);
        }
}

/* Interfaces 5: each further signer appends a sibling that covers the earlier ones. */
static void a_further_signer_covers_the_first(void **state)
{
        (void)state;
        for (size_t k = 0; k < GW_COUNT(key_names); k++) {
                const char *first = key_names[k], *second = key_names[(k + 1) % 3];
                auto_buf struct buf one = BUF_INIT, two = BUF_INIT;
                sign_enveloped(first, span_str("<ns:a xmlns:ns=\"urn:a\" xmlns:x=\"urn:x\"><b>қ</b></ns:a>"), &one);
                sign_enveloped(second, buf_span(&one), &two);
                assert_judged("the later signature", true, buf_span(&two), second, NULL);
                assert_judged("the earlier one, the later peeled off", true, buf_span(&one), first, NULL);
                auto_str char *broken = replaced(buf_cstr(&two), "<ds:KeyInfo>", "<ds:KeyInfo> "); /* outside the first's own SignedInfo */
                assert_judged("the earlier signature touched", false, span_str(broken), second, NULL);
        }
}

static void what_is_not_canonical_is_not_signed(void **state)
{
        (void)state;
        static const char *const texts[] = {"",
                                            " ",
                                            "text",
                                            "<a/>",
                                            "<abcdefghi/>",
                                            "<a></a",
                                            "<?xml version=\"1.0\"?><a></a>",
                                            "<?xml version=\"1.0\"?>\n<a></a>",
                                            "<!-- x --><a></a>",
                                            "<!-- x",
                                            "<a></a><!--x-->",
                                            "<!--x-->\n",
                                            "\xef\xbb\xbf<a></a>",
                                            "<a></a>\n"};
        gw_auto(local_key) struct signing_key *key = pki_key("system-portal-ec");
        for (size_t i = 0; i < GW_COUNT(texts); i++) {
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                enum gw_rc rc = xml_sign_enveloped(key, span_str(texts[i]), &out, &why);
                assert_reason(texts[i], rc, &why, GW_FAULT, REASON_INTERNAL);
                assert_int_equal(out.n, 0);
        }
}

#define SEC "<w:Security xmlns:w=\"" WSSE_NS "\">"
static const struct {
        const char *name, *ns, *xml;
} soap_documents[] = {
        {"no header", SOAP11_NS, "<S:Envelope xmlns:S=\"" SOAP11_NS "\"><S:Body><a>x</a></S:Body></S:Envelope>"},
        {"two prefixes", SOAP11_NS,
         "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<S:Envelope xmlns:S=\"" SOAP11_NS "\" xmlns:E=\"" SOAP11_NS
         "\"><E:Header/><S:Body><a>x</a></S:Body></S:Envelope>"},
        {"default namespace", SOAP12_NS,
         "<Envelope xmlns=\"" SOAP12_NS "\">\n <Header>\n </Header>\n <Body>\n <a xmlns=\"\">x</a></Body></Envelope>"},
        {"default namespace, no header", SOAP11_NS, "<Envelope xmlns=\"" SOAP11_NS "\"><Body><a xmlns=\"urn:a\">x</a></Body></Envelope>"},
        {"has its id", SOAP12_NS,
         "<S:Envelope xmlns:S=\"" SOAP12_NS "\" xmlns:u=\"" WSU_NS
         "\"><S:Header/><S:Body u:Id=\"bodyId\"><a u:x=\"1\">x</a></S:Body></S:Envelope>"},
        {"prefixes taken", SOAP11_NS,
         "<S:Envelope xmlns:S=\"" SOAP11_NS
         "\" xmlns:wsu=\"urn:1\" xmlns:wsse=\"urn:2\" xmlns:ds=\"urn:3\" xmlns:soap=\"urn:4\"><S:Header><wsse:q/></S:Header>"
         "<S:Body><wsu:a>x</wsu:a></S:Body></S:Envelope>"},
        {"time stamp", SOAP11_NS,
         "<S:Envelope xmlns:S=\"" SOAP11_NS "\"><S:Header>" SEC "<u:Timestamp xmlns:u=\"" WSU_NS
         "\"/></w:Security></S:Header><S:Body><a>x</a></S:Body></S:Envelope>"},
        {"entities", SOAP11_NS,
         "<S:Envelope xmlns:S=\"" SOAP11_NS "\"><S:Body><a q='&#9;&quot;'>x&#13;<![CDATA[<b/>]]>&amp;</a></S:Body></S:Envelope>"},
};

static void soap_document_is_valid(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(soap_documents); i++) {
                const char *key_name = key_names[i % 3], *name = soap_documents[i].name;
                gw_auto(local_key) struct signing_key *key = pki_key(key_name);
                auto_xmldoc xmlDoc *doc = parse(span_str(soap_documents[i].xml));
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                assert_reason(name, xml_sign_soap_document(key, doc, &out, &why), &why, GW_OK, REASON_NONE);
                assert_judged(name, true, buf_span(&out), key_name, soap_documents[i].ns);
                auto_str char *broken = replaced(buf_cstr(&out), ">x", ">y");
                assert_judged(name, false, span_str(broken), key_name, soap_documents[i].ns);
                auto_soap struct soap *soap = NULL;
                assert_reason(name, soap_parse(buf_span(&out), &xml_limits_default, &soap, &why), &why, GW_OK, REASON_NONE);
                assert_non_null(xml_child(soap->security, DSIG_NS, "Signature"));
                auto_xmldoc xmlDoc *again = parse(buf_span(&out));
                enum gw_rc rc = xml_sign_soap_document(key, again, &out, &why);
                assert_reason("signed twice", rc, &why, GW_REJECT, REASON_SOAP_STRUCTURE);
        }
}

static void soap_document_of_another_shape_is_refused(void **state)
{
        (void)state;
        static const struct {
                const char *xml;
                int reason;
        } cases[] = {
                {"<Envelope/>", REASON_SOAP_NOT_ENVELOPE},
                {"<S:Header xmlns:S=\"" SOAP11_NS "\"/>", REASON_SOAP_NOT_ENVELOPE},
                {"<S:Envelope xmlns:S=\"" SOAP11_NS "\"/>", REASON_SOAP_STRUCTURE},
                {"<S:Envelope xmlns:S=\"" SOAP11_NS "\"><S:Body/><S:Body/></S:Envelope>", REASON_SOAP_STRUCTURE},
                {"<S:Envelope xmlns:S=\"" SOAP11_NS "\"><S:Header/><S:Header/><S:Body/></S:Envelope>", REASON_SOAP_STRUCTURE},
                {"<S:Envelope xmlns:S=\"" SOAP11_NS "\"><Body xmlns=\"" SOAP12_NS "\"/></S:Envelope>", REASON_SOAP_STRUCTURE},
        };
        gw_auto(local_key) struct signing_key *key = pki_key("system-portal-ec");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_xmldoc xmlDoc *doc = parse(span_str(cases[i].xml));
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                assert_reason(cases[i].xml, xml_sign_soap_document(key, doc, &out, &why), &why, GW_REJECT, cases[i].reason);
                assert_int_equal(out.n, 0);
        }
}

static void smartbridge_sample_is_signed(void **state)
{
        (void)state;
        auto_str char *path = vector_path("ncanode-testdata/signed/WsseServiceTest.XML_VALID_STRING.xml");
        auto_buf struct buf text = BUF_INIT, out = BUF_INIT;
        assert_true(text_read_file(path, &text));
        auto_xmldoc xmlDoc *doc = parse(buf_span(&text));
        gw_auto(local_key) struct signing_key *key = pki_key("system-portal");
        struct why why = WHY_INIT;
        assert_int_equal(xml_sign_soap_document(key, doc, &out, &why), GW_OK);
        assert_judged("SmartBridge", true, buf_span(&out), "system-portal", SOAP11_NS);
        auto_str char *broken = replaced(buf_cstr(&out), "GBDFL_Universal", "GBDFL_universal");
        assert_judged("SmartBridge", false, span_str(broken), "system-portal", SOAP11_NS);
}

/* ---- keys ---- */

static char *write_key(const char *name, EVP_PKEY *pkey, const char *password)
{
        char *path = scratch_path(name);
        FILE *file = fopen(path, "w");
        int n = password ? (int)strlen(password) : 0;
        assert_true(file &&
                    PEM_write_PrivateKey(file, pkey, password ? EVP_aes_128_cbc() : NULL, (const unsigned char *)password, n, NULL, NULL));
        fclose(file);
        EVP_PKEY_free(pkey);
        return path;
}

static void a_key_must_fit(void **state)
{
        (void)state;
        auto_str char *good_key = pki_path("keys", "system-portal", ".key"), *good = pki_path("certs", "system-portal", ".pem");
        auto_str char *other = pki_path("certs", "system-gateway", ".pem"), *absent = scratch_path("absent");
        auto_str char *garbage = scratch_write("garbage", span_str("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
        auto_str char *ed25519 = write_key("ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
        auto_str char *p521 = write_key("p521", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"), NULL);
        auto_str char *locked = write_key("locked", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), "secret");
        const struct {
                const char *key, *certificate, *detail;
        } cases[] = {
                {good_key, other, "does not belong"}, {good_key, absent, "cannot be read"}, {good_key, garbage, "not a certificate"},
                {absent, good, "cannot be opened"},   {garbage, good, "unencrypted"},       {locked, good, "unencrypted"},
                {ed25519, good, "neither RSA"},       {p521, good, "neither P-256"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct signing_key *key = NULL;
                struct why why = WHY_INIT;
                assert_reason(cases[i].detail, local_key_open(cases[i].key, cases[i].certificate, &key, &why), &why, GW_FAULT,
                              REASON_CONFIGURATION);
                assert_non_null(strstr(why.detail, cases[i].detail));
                assert_null(key);
        }
        gw_auto(local_key) struct signing_key *weak = pki_key("bad-weak"); /* fixtures need it to be refused later */
        assert_int_equal(weak->algorithm, SIGN_RSA_SHA256);
        auto_buf struct buf value = BUF_INIT;
        struct why why = WHY_INIT;
        assert_reason("short digest", weak->sign(weak->ctx, span_str("short"), &value, &why), &why, GW_FAULT, REASON_INTERNAL);
}

/* ---- a key that fails, and one that costs nothing ---- */

static enum gw_rc sign_later(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        (void)ctx, (void)digest, (void)out;
        return why_set(why, GW_RETRY, REASON_SIGNER_UNAVAILABLE, "test");
}

static enum gw_rc sign_for_free(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        (void)digest, (void)why;
        buf_add(out, ctx, 256);
        return GW_OK;
}

static void an_unavailable_signer_writes_nothing(void **state)
{
        (void)state;
        gw_auto(local_key) struct signing_key *real = pki_key("system-portal");
        struct signing_key key = *real;
        key.sign = sign_later;
        auto_buf struct buf out = BUF_INIT;
        auto_xmldoc xmlDoc *doc = parse(span_str(soap_documents[0].xml));
        struct wsse_options options = {11, true};
        struct why why = WHY_INIT;
        assert_reason("envelope", xml_sign_envelope(&key, span_str("<a></a>"), &options, &out, &why), &why, GW_RETRY,
                      REASON_SIGNER_UNAVAILABLE);
        assert_reason("enveloped", xml_sign_enveloped(&key, span_str("<a></a>"), &out, &why), &why, GW_RETRY, REASON_SIGNER_UNAVAILABLE);
        assert_reason("document", xml_sign_soap_document(&key, doc, &out, &why), &why, GW_RETRY, REASON_SIGNER_UNAVAILABLE);
        assert_int_equal(out.n, 0);
}

static void measured(void **state)
{
        (void)state;
        gw_auto(local_key) struct signing_key *real = pki_key("system-portal");
        uint8_t value[256] = {1};
        struct signing_key key = *real;
        key.sign = sign_for_free;
        key.ctx = value;
        auto_buf struct buf body = BUF_INIT, out = BUF_INIT;
        buf_add_str(&body, "<a>");
        while (body.n < 6000)
                buf_add_str(&body, "<b>0123456789</b>");
        buf_add_str(&body, "</a>");
        struct wsse_options options = {11, true};
        struct why why = WHY_INIT;
        enum { ROUNDS = 5000 };
        double start = cpu_us();
        for (int i = 0; i < ROUNDS; i++) {
                buf_reset(&out);
                assert_int_equal(xml_sign_envelope(&key, buf_span(&body), &options, &out, &why), GW_OK);
        }
        double middle = cpu_us();
        for (int i = 0; i < ROUNDS; i++) {
                buf_reset(&out);
                assert_int_equal(xml_sign_enveloped(&key, buf_span(&body), &out, &why), GW_OK);
        }
        print_message("6 KB, without the private-key operation: xml_sign_envelope %.1f us, xml_sign_enveloped %.1f us\n",
                      (middle - start) / ROUNDS, (cpu_us() - middle) / ROUNDS);
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(envelope_is_valid),
                cmocka_unit_test(envelope_has_the_shape_of_shep),
                cmocka_unit_test(enveloped_is_valid),
                cmocka_unit_test(enveloped_leaves_comments_out),
                cmocka_unit_test(xades_is_valid), cmocka_unit_test(a_further_signer_covers_the_first),
                cmocka_unit_test(what_is_not_canonical_is_not_signed),
                cmocka_unit_test(soap_document_is_valid),
                cmocka_unit_test(soap_document_of_another_shape_is_refused),
                cmocka_unit_test(smartbridge_sample_is_signed),
                cmocka_unit_test(a_key_must_fit),
                cmocka_unit_test(an_unavailable_signer_writes_nothing),
                cmocka_unit_test(measured),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
