/* Service files: what is accepted, every mistake that stops the start, and the application form. */
#include "tests/unit/service_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gateway/catalogue/template.h"
#include "gateway/catalogue/xpath.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

/* ---- a folder of its own ---- */

struct folder { char path[64]; };

static void folder_done(struct folder *folder)
{
        DIR *dir = opendir(folder->path);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
                auto_str char *path = xasprintf("%s/%s", folder->path, entry->d_name);
                gw_ignore(unlink(path)); /* "." and ".." do not go */
        }
        if (dir)
                closedir(dir);
        gw_ignore(rmdir(folder->path)); /* only a temporary folder */
}
#define auto_folder __attribute__((cleanup(folder_done)))

static char *content_of(const char *name)
{
        auto_str char *path = xasprintf(SERVICES "/%s", name);
        struct buf bytes = BUF_INIT;
        if (!text_read_file(path, &bytes))
                fail_msg("%s cannot be read", path);
        return buf_take_str(&bytes);
}

static void put(const struct folder *folder, const char *name, const char *content)
{
        auto_str char *path = xasprintf("%s/%s", folder->path, name);
        if (!text_write_file(path, span_str(content), 0644))
                fail_msg("%s cannot be written", path);
}

static void put_copy(const struct folder *folder, const char *name)
{
        auto_str char *content = content_of(name);
        put(folder, name, content);
}

static struct folder folder_new(void)
{
        struct folder folder = {"/tmp/egov-test-XXXXXX"};
        assert_non_null(mkdtemp(folder.path));
        put_copy(&folder, "catalogue.xsd");
        put_copy(&folder, "application.xsd");
        return folder;
}

static void assert_open_fails(const struct folder *folder, const char *want)
{
        struct why why = WHY_INIT;
        struct catalogue *catalogue = NULL;
        assert_int_equal(catalogue_open(folder->path, &catalogue, &why), GW_FAULT);
        assert_null(catalogue);
        assert_int_equal(why.reason, REASON_CONFIGURATION);
        if (!strstr(why.detail, want))
                fail_msg("wanted \"%s\", got \"%s\"", want, why.detail);
}

/* ---- the real folder ---- */

static void real_folder_is_good(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        assert_non_null(service);
        assert_string_equal(service->version, "2018-1");
        assert_string_equal(service->name.ru,
                            "Выдача справки, подтверждающей принадлежность заявителя (семьи) к получателям адресной социальной помощи");
        assert_true(service->automated && service->representatives && !service->withdrawn);
        const struct route *portal = service_channel_route(service, "shep-sync");
        assert_ptr_equal(portal, service_route(service, ROUTE_PORTAL));
        assert_ptr_equal(portal->limits, service_route(service, ROUTE_OFFICE));
        assert_null(service_channel_route(service, "post"));
        assert_null(service_route(service, ROUTE_CSC));
        assert_string_equal(service->provider_key, "head");
        assert_int_equal(service->system_count, 2);
        assert_string_equal(service->systems[0], "gbdfl");
        assert_string_equal(service->systems[1], "socialaid");
        assert_null(service->systems[2]);
        assert_true(service_has_shep_id(service, "TSA_CERT") && service_has_shep_id(service, "EGOV_TSA_CERT_SERVICE"));
        assert_false(service_has_shep_id(service, "TSA") || service_has_shep_id(service, "") || service_has_shep_id(service, NULL));
        assert_true(service_has_channel(service, "shep-sync") && service_has_channel(service, "shep-async"));
        assert_true(service_has_channel(service, "rest"));
        assert_false(service_has_channel(service, "post"));
}

static void withdrawn_is_listed_not_found(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *removed = NULL;
        for (size_t i = 0; i < catalogue_count(catalogue); i++)
                if (str_eq(catalogue_at(catalogue, i)->code, "REMOVED_1_2"))
                        removed = catalogue_at(catalogue, i);
        assert_true(removed && removed->withdrawn && removed->withdrawn_by.kk);
        struct why why = WHY_INIT;
        catalogue_explain(catalogue, "REMOVED_1_2", at(NOW), &why);
        assert_string_equal(why.detail, "withdrawn: Deleted by resolution No. 71 of 16 February 2018.");
        catalogue_explain(catalogue, "TSA_CERT", at("2017-05-05T12:00:00"), &why);
        assert_string_equal(why.detail, "not in force on 05.05.2017: act No. 71 of 16.02.2018 counts from 13.03.2018 to now");
        catalogue_explain(catalogue, "NO_SUCH", at(NOW), &why);
        assert_string_equal(why.detail, "no service has this code");
        assert_null(catalogue_find(catalogue, "REMOVED_1_2", at("2017-05-05T12:00:00")));
        assert_null(catalogue_find(catalogue, NULL, at(NOW)));
}

static void validity_edges(void **state GW_UNUSED)
{
        auto_folder struct folder folder = folder_new();
        auto_str char *text = content_of("TSA_CERT.xml");
        auto_str char *old = replaced(text, "<validity from=\"2018-03-13\"/>", "<validity from=\"2018-03-13\" to=\"2020-01-13\"/>");
        auto_str char *next = replaced(text, "<validity from=\"2018-03-13\"/>", "<validity from=\"2020-01-14\"/>");
        auto_str char *renamed = replaced(next, "version=\"2018-1\"", "version=\"2020-1\"");
        put(&folder, "TSA_CERT-2018.xml", old);
        put(&folder, "TSA_CERT-2020.xml", renamed);
        gw_auto(catalogue) struct catalogue *catalogue = opened(folder.path);
        static const struct { const char *at, *want; } cases[] = {
                {"2018-03-12T23:59:59.999", ""},     {"2018-03-13T00:00:00", "2018-1"}, {"2020-01-13T23:59:59.999", "2018-1"},
                {"2020-01-14T00:00:00.000", "2020-1"}, {"2026-11-22T00:00:00", "2020-1"}, {"1999-01-01T00:00:00", ""},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                const struct service *got = catalogue_find(catalogue, "TSA_CERT", at(cases[i].at));
                if (!str_eq(got ? got->version : "", cases[i].want))
                        fail_msg("%s: got %s", cases[i].at, got ? got->version : "nothing");
        }
}

/* ---- mistakes in a file ---- */

static const struct mistake { const char *from, *to, *want; } mistakes[] = {
        {"</name>", "</nam>", "TSA_CERT.xml: XML_NOT_WELL_FORMED mismatched tags (line"},
        {"<service ", "<!DOCTYPE x><service ", "TSA_CERT.xml: XML_DOCTYPE"},
        {" code=\"TSA_CERT\"", "", "TSA_CERT.xml:2: Element '{urn:egov-gateway:catalogue:1}service': The attribute 'code' is required"},
        {"code=\"TSA_CERT\"", "code=\"tsa\"", "attribute 'code': [facet 'pattern']"},
        {"<validity from=\"2018-03-13\"/>", "<validity from=\"2018-02-30\"/>", "'2018-02-30' is not a valid value"},
        {"<validity from=\"2018-03-13\"/>", "<validity from=\"2018-03-13\" to=\"2018-03-12\"/>",
         "TSA_CERT.xml:23: validity to is before from"},
        {"<channel>rest</channel>", "<channel>fax</channel>", "TSA_CERT.xml:54: Element '{urn:egov-gateway:catalogue:1}channel'"},
        {"<channel>rest</channel>", "<channel>shep-sync</channel>", "Duplicate key-sequence ['shep-sync']"},
        {"<system>socialaid</system>", "<system>gbdfl</system>", "Duplicate key-sequence ['gbdfl']"},
        {"providerKey=\"head\"", "", "The attribute 'providerKey' is required"},
        {"outcome=\"NEGATIVE\"", "outcome=\"NO\"", "The value 'NO' is not an element of the set"},
        {"id=\"person-deceased\"", "id=\"person-not-registered\"", "Duplicate key-sequence ['person-not-registered']"},
        {"test=\"true()\"", "test=\"1 = 1\"", "the last rule must be test=\"true()\""},
        {"test=\"/case/gbdfl/@found = 'false'\"", "test=\"true()\"", "rules after test=\"true()\" are never asked"},
        {"test=\"/case/gbdfl/@found = 'false'\"", "test=\"/case/gbdfl[\"",
         "rule person-not-registered: not an XPath expression (character"},
        {"test=\"/case/gbdfl/@found = 'false'\"", "test=\"document('x')\"", "function document() is not in the XPath core"},
        {"test=\"/case/gbdfl/@found = 'false'\"", "test=\"a:case\"", "prefix \"a:\""},
        {"test=\"/case/gbdfl/@found = 'false'\"", "test=\"$outcome\"", "there is no variable $outcome here"},
        {"type=\"app:line\"", "type=\"app:lyne\"", "TSA_CERT.xml:65: "},
        {"name=\"form\"", "name=\"farm\"", "TSA_CERT.xml:"},
        {"{$note-ru}</note>", "{$nota-ru}</note>", "result: there is no variable $nota-ru here"},
        {"{$note-ru}</note>", "{$note-ru</note>", "result: \"{\" without \"}\""},
        {"<title>СПРАВКА</title>", "<title>СПРАВКА}</title>", "result: \"}\" without \"{\""},
        {"<title>СПРАВКА</title>", "<t:title>СПРАВКА</t:title>", "result: there is no element t:title"},
        {"<title>СПРАВКА</title>", "<title t:unless=\"1\">СПРАВКА</title>", "result: there is no t:unless"},
        {"<title>СПРАВКА</title>", "<title xmlns:y=\"urn:y\">СПРАВКА</title>", "namespaces are declared on its root element only"},
        {"<title>СПРАВКА</title>", "<title t:if=\"\">СПРАВКА</title>", "result: not an XPath expression"},
        {"<title>СПРАВКА</title>", "<title>{a) + (b}</title>", "result: not an XPath expression"},
        {"<response ", "<response t:if=\"true()\" ", "result: t:if cannot be on the root element"},
};

static void mistakes_stop_the_start(void **state GW_UNUSED)
{
        auto_str char *text = content_of("TSA_CERT.xml");
        for (size_t i = 0; i < GW_COUNT(mistakes); i++) {
                auto_folder struct folder folder = folder_new();
                auto_str char *broken = replaced(text, mistakes[i].from, mistakes[i].to);
                put(&folder, "TSA_CERT.xml", broken);
                assert_open_fails(&folder, mistakes[i].want);
        }
}

static void mistakes_between_files(void **state GW_UNUSED)
{
        auto_str char *text = content_of("TSA_CERT.xml");
        static const struct { const char *from, *to, *want; } cases[] = {
                {"<kk>", "<kk>", "b.xml: TSA_CERT version 2018-1 is also in a.xml"},
                {"version=\"2018-1\"", "version=\"2018-2\"", "b.xml: the validity of TSA_CERT overlaps the version in a.xml"},
                {"code=\"TSA_CERT\"", "code=\"OTHER\"", "b.xml: the SHEP service id TSA_CERT also selects TSA_CERT (a.xml)"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_folder struct folder folder = folder_new();
                auto_str char *second = replaced(text, cases[i].from, cases[i].to);
                put(&folder, "a.xml", text);
                put(&folder, "b.xml", second);
                assert_open_fails(&folder, cases[i].want);
        }
}

static void mistakes_of_the_folder(void **state GW_UNUSED)
{
        auto_folder struct folder folder = folder_new();
        assert_open_fails(&folder, "holds no service file");
        put_copy(&folder, "TSA_CERT.xml");
        auto_str char *schema = content_of("application.xsd");
        auto_str char *broken = replaced(schema, "type=\"app:language\"", "type=\"app:langage\"");
        put(&folder, "application.xsd", broken);
        assert_open_fails(&folder, "application.xsd:13: ");
        put(&folder, "catalogue.xsd", "<a/>");
        assert_open_fails(&folder, "catalogue.xsd:0: ");
        const struct folder nowhere = {"/tmp/egov-test-nowhere"};
        assert_open_fails(&nowhere, "cannot be read");
}

/* A schema may not pull in files or addresses. */
static void schema_loads_nothing(void **state GW_UNUSED)
{
        auto_folder struct folder folder = folder_new();
        auto_str char *text = content_of("TSA_CERT.xml");
        auto_str char *including = replaced(text, "<xs:complexType xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"",
                                            "<xs:include xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" schemaLocation=\"application.xsd\"/>"
                                            "<xs:complexType xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"");
        put(&folder, "TSA_CERT.xml", including);
        assert_open_fails(&folder, "TSA_CERT.xml:");
}

/* ---- XPath words ---- */

static void xpath_words(void **state GW_UNUSED)
{
        static const char *const variables[] = {"a", "b-c", NULL};
        static const struct { const char *text; bool good; } cases[] = {
                {"true()", true}, {"/case/a[1]", true}, {"$a", true}, {"concat($b-c, 'document(1)')", true},
                {"(1) and (2) or not (3)", true},
                {"count(child::node())", true}, {"a div (b)", true}, {"3 mod(2)", true}, {"substring-before(., ':')", true},
                {"\"x:y()\"", true}, {"қала", true},
                {"$x", false}, {"$", false}, {"$b", false}, {"document ('a')", false}, {"id('a')", false}, {"x:y", false},
                {"a/x:y()", false},
                {"processing-instruction()", false}, {"", false}, {"1 +", false}, {"'a", false}, {"a b", false}, {"true(", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                gw_auto(xpath_expr) xmlXPathCompExpr *expr = NULL;
                bool got = xpath_compile(cases[i].text, XPATH_AS_BOOLEAN, variables, &expr, &why) == GW_OK;
                if (got != cases[i].good)
                        fail_msg("%s: %s", cases[i].text, got ? "accepted" : why.detail);
        }
}

static void xpath_is_bounded(void **state GW_UNUSED)
{
        auto_buf struct buf big = BUF_INIT;
        buf_add_str(&big, "<case>");
        for (int i = 0; i < 2000; i++)
                buf_add_str(&big, "<a/>");
        buf_add_str(&big, "</case>");
        auto_xmldoc xmlDoc *doc = parsed(buf_cstr(&big));
        struct why why = WHY_INIT;
        gw_auto(xpath_expr) xmlXPathCompExpr *expr = NULL;
        assert_int_equal(xpath_compile("//a[count(//a[count(//a) > 1]) > 1]", XPATH_AS_BOOLEAN, NULL, &expr, &why), GW_OK);
        gw_auto(xpath_context) xmlXPathContext *context = xpath_context_new(doc);
        assert_int_equal(xmlXPathCompiledEvalToBoolean(expr, context), -1);
}

/* ---- the application ---- */

struct sibling { const char *from, *to; int reason; const char *detail; };

static const struct sibling form_siblings[] = {
        {"<requestNumber>10100000000001<", "<requestNumber>1010000000000<", REASON_FORM_INVALID,
         "application/requestNumber: value not accepted"},
        {"<declarantId>850412390011<", "<declarantId>85041239001X<", REASON_FORM_INVALID, "application/declarantId: value not accepted"},
        {"<providerBin>160640900019<", "<providerBin> 160640900019<", REASON_FORM_INVALID, "application/providerBin: value not accepted"},
        {"<language>kk<", "<language>en<", REASON_FORM_INVALID, "application/language: value not accepted"},
        {"<requestDate>2026", "<requestDate>26", REASON_FORM_INVALID, "application/requestDate: value not accepted"},
        {"<consent>true</consent>", "<consent>false</consent>", REASON_CONSENT_MISSING, "consent is not true"},
        {"<consent>true</consent>", "", REASON_CONSENT_MISSING, "consent is not true"},
        {"<consent>true</consent>", "<consent>yes</consent>", REASON_FORM_INVALID, "application/consent: value not accepted"},
        {"<consent>true</consent>", "<consent>true</consent><consent>true</consent>", REASON_FORM_INVALID,
         "application/consent: element not expected"},
        {"<language>kk</language>", "", REASON_FORM_INVALID,
         "application/providerBin: element not expected here, or one before it is missing"},
        {"</form>", "</form><form/>", REASON_FORM_INVALID, "application/form: element not expected"},
        {"</purpose>", "</purpose><income>1</income>", REASON_FORM_INVALID, "form/income: element not expected"},
        {"<form>", "<form a=\"1\">", REASON_FORM_INVALID, "application/form: attribute not expected here"},
        {"Мектепке", "", REASON_NONE, ""},
        {"Мектепке ұсыну үшін", "", REASON_FORM_INVALID, "form/purpose: value not accepted"},
        {"Мектепке", "&lt;b>", REASON_FORM_INVALID, "form/purpose: value not accepted"},
        {"Мектепке", "a\nb", REASON_FORM_INVALID, "form/purpose: value not accepted"},
        {"Мектепке", "a&#xD;b", REASON_FORM_INVALID, "form/purpose: value not accepted"},
        {"Мектепке", "\xe2\x80\xae" "abc", REASON_FORM_INVALID, "form/purpose: value not accepted"},
        {"Мектепке", "«ӘІҢҒҮҰҚӨҺ әіңғүұқөһ» № 5 (Ё, ё) – 'x' \"y\"", REASON_NONE, ""},
        {"</purpose>", "</purpose><period>CURRENT_QUARTER</period>", REASON_NONE, ""},
        {"</purpose>", "</purpose><period>2025-Q1</period>", REASON_FORM_INVALID, "form/period: value not accepted"},
        {"<consent>", "<representative><iin>870930490018</iin><basis>FRIEND</basis></representative><consent>", REASON_FORM_INVALID,
         "representative/basis: value not accepted"},
        {"<form>", "<x:form xmlns:x=\"urn:x\"/><form>", REASON_FORM_INVALID, "application/form: element not expected"},
        {"<form>", "<form xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:x file:///etc/passwd\">",
         REASON_NONE, ""},
};

static void form_and_siblings(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        for (size_t i = 0; i < GW_COUNT(form_siblings); i++) {
                const struct sibling *sibling = &form_siblings[i];
                auto_str char *text = replaced(APPLICATION, sibling->from, sibling->to);
                auto_xmldoc xmlDoc *doc = parsed(text);
                struct why why = WHY_INIT;
                enum gw_rc rc = service_check_form(service, doc, &why);
                assert_int_equal(rc, sibling->reason == REASON_NONE ? GW_OK : GW_REJECT);
                if (why.reason != sibling->reason || strncmp(why.detail, sibling->detail, strlen(sibling->detail)) != 0)
                        fail_msg("%s -> %s: got %s \"%s\"", sibling->from, sibling->to, reason_info(why.reason)->name, why.detail);
        }
}

static void purpose_length(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        for (int letters = 200; letters <= 201; letters++) {
                auto_buf struct buf purpose = BUF_INIT;
                for (int i = 0; i < letters; i++)
                        buf_add_str(&purpose, "қ");
                auto_str char *text = replaced(APPLICATION, "Мектепке ұсыну үшін", buf_cstr(&purpose));
                auto_xmldoc xmlDoc *doc = parsed(text);
                struct why why = WHY_INIT;
                assert_int_equal(service_check_form(service, doc, &why), letters == 200 ? GW_OK : GW_REJECT);
        }
}

/* The detail never quotes what the person wrote (I8). */
static void detail_holds_no_value(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        auto_str char *text = replaced(APPLICATION, "<declarantId>850412390011<", "<declarantId>850412390011 <");
        auto_xmldoc xmlDoc *doc = parsed(text);
        struct why why = WHY_INIT;
        assert_int_equal(service_check_form(service, doc, &why), GW_REJECT);
        assert_null(strstr(why.detail, "8504"));
}

static void representative_only_where_allowed(void **state GW_UNUSED)
{
        auto_folder struct folder folder = folder_new();
        auto_str char *text = content_of("TSA_CERT.xml");
        auto_str char *personal = replaced(text, "<representatives allowed=\"true\"/>", "<representatives allowed=\"false\"/>");
        put(&folder, "TSA_CERT.xml", personal);
        gw_auto(catalogue) struct catalogue *strict = opened(folder.path), *usual = opened(SERVICES);
        auto_xmldoc xmlDoc *doc = parsed(APPLICATION_CHILD);
        struct why why = WHY_INIT;
        assert_int_equal(service_check_form(catalogue_find(usual, "TSA_CERT", at(NOW)), doc, &why), GW_OK);
        assert_int_equal(service_check_form(catalogue_find(strict, "TSA_CERT", at(NOW)), doc, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_FORM_INVALID);
        assert_string_equal(why.detail, "application/representative: this service is only for the person");
}

static void application_is_read(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *doc = parsed(APPLICATION_CHILD);
        struct why why = WHY_INIT;
        auto_application struct application *application = NULL;
        assert_int_equal(application_read(xmlDocGetRootElement(doc), &application, &why), GW_OK);
        assert_string_equal(application->request_number, "10100000000001");
        assert_string_equal(application->service_code, "TSA_CERT");
        assert_string_equal(application->language, "kk");
        assert_string_equal(application->provider_bin, "160640900019");
        assert_string_equal(application->declarant_iin, NURLAN);
        assert_string_equal(application->representative_iin, ERLAN);
        assert_string_equal(application->representative_basis, "PARENT");
        assert_true(application->consent);
        assert_int_equal(application->request_date.ms, at(NOW).ms);
}

static const struct sibling application_siblings[] = {
        {"urn:egov-gateway:application:1", "urn:egov-gateway:application:2", REASON_DATA_FORM, "the root is not application"},
        {"<language>kk</language>", "", REASON_DATA_FORM, "language is missing"},
        {"<language>kk</language>", "<language>kk</language><language>ru</language>", REASON_DATA_FORM, "language is repeated"},
        {"<declarantId>850412390011</declarantId>", "<declarantId>850412390011</declarantId><declarantId>870930490018</declarantId>",
         REASON_DATA_FORM, "declarantId is repeated"},
        {"<serviceCode>TSA_CERT</serviceCode>", "<serviceCode><a/></serviceCode>", REASON_DATA_FORM, "serviceCode is not plain text"},
        {"<requestDate>2026-11-22T19", "<requestDate>2026-11-22T29", REASON_FORM_INVALID, "requestDate: value not accepted"},
        {"<requestNumber>10100000000001</requestNumber>", "", REASON_DATA_FORM, "requestNumber is missing"},
        {"<providerBin>160640900019</providerBin>", "", REASON_DATA_FORM, "providerBin is missing"},
        {"<consent>true</consent>", "<consent>true</consent><consent>false</consent>", REASON_DATA_FORM, "consent is repeated"},
        {"<consent>", "<representative><iin>870930490018</iin></representative><consent>", REASON_DATA_FORM, "basis is missing"},
        {"<form>", "<form></form><form>", REASON_DATA_FORM, "form is repeated"},
        {"<consent>true</consent>", "", REASON_NONE, ""},
};

static void application_siblings_are_refused(void **state GW_UNUSED)
{
        for (size_t i = 0; i < GW_COUNT(application_siblings); i++) {
                const struct sibling *sibling = &application_siblings[i];
                auto_str char *text = replaced(APPLICATION, sibling->from, sibling->to);
                auto_xmldoc xmlDoc *doc = parsed(text);
                struct why why = WHY_INIT;
                auto_application struct application *application = NULL;
                enum gw_rc rc = application_read(xmlDocGetRootElement(doc), &application, &why);
                assert_int_equal(rc, sibling->reason == REASON_NONE ? GW_OK : GW_REJECT);
                if (why.reason != sibling->reason || strncmp(why.detail, sibling->detail, strlen(sibling->detail)) != 0)
                        fail_msg("%s -> %s: got %s \"%s\"", sibling->from, sibling->to, reason_info(why.reason)->name, why.detail);
                if (rc == GW_OK)
                        assert_false(application->consent);
        }
}

static void measure_form(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        auto_xmldoc xmlDoc *doc = parsed(APPLICATION);
        struct why why = WHY_INIT;
        enum { TURNS = 2000 };
        clock_t start = clock();
        for (int i = 0; i < TURNS; i++)
                assert_int_equal(service_check_form(service, doc, &why), GW_OK);
        print_message("service_check_form: %.1f us\n", (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / TURNS);
}

static int start(void **state GW_UNUSED)
{
        xml_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(real_folder_is_good),
                cmocka_unit_test(withdrawn_is_listed_not_found),
                cmocka_unit_test(validity_edges),
                cmocka_unit_test(mistakes_stop_the_start),
                cmocka_unit_test(mistakes_between_files),
                cmocka_unit_test(mistakes_of_the_folder),
                cmocka_unit_test(schema_loads_nothing),
                cmocka_unit_test(xpath_words),
                cmocka_unit_test(xpath_is_bounded),
                cmocka_unit_test(form_and_siblings),
                cmocka_unit_test(purpose_length),
                cmocka_unit_test(detail_holds_no_value),
                cmocka_unit_test(representative_only_where_allowed),
                cmocka_unit_test(application_is_read),
                cmocka_unit_test(application_siblings_are_refused),
                cmocka_unit_test(measure_form),
        };
        return cmocka_run_group_tests(tests, start, NULL);
}
