/* Service files: what is accepted, every mistake that stops the start, and the application form. */
#include "tests/unit/service_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gateway/catalogue/form_check.h"
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

/* On whose side each step is, for every step that people take. */
static void front_office_steps_have_front_office_roles(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        size_t front = 0, provider = 0;
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                for (size_t k = 0; k < service->route_count; k++)
                        for (size_t n = 0; n < service->routes[k].step_count && service->routes[k].kind != ROUTE_PORTAL; n++) {
                                const struct route_step *step = &service->routes[k].steps[n];
                                /* in the acts' words: a worker of the Corporation, of the Centre, of the akim, or the akim; inspectors and specialists of the centre */
                                bool said = strstr(step->role.ru, "орпорации") || strstr(step->role.ru, "Центра") || strstr(step->role.ru, "аким") || strstr(step->role.ru, "центра");
                                if (staff_role_is_front(step->by) != said || staff_role_is_provider(step->by) == said)
                                        fail_msg("%s %s step %zu: %s, by %s", service->code, route_kind_names[service->routes[k].kind], n + 1, step->role.ru, staff_role_names[step->by]);
                                front += said;
                                provider += !said;
                        }
        }
        assert_int_equal(front, 29);
        assert_int_equal(provider, 35);
        assert_int_equal(staff_role_of("CSC_ISSUER"), STAFF_CSC_ISSUER);
        assert_int_equal(staff_role_of("csc_issuer"), STAFF_ROLE_COUNT);
        assert_int_equal(staff_role_of(NULL), STAFF_ROLE_COUNT);
        assert_true(route_kind_has_front(ROUTE_CSC) && !route_kind_has_front(ROUTE_OFFICE) && !route_kind_has_front(ROUTE_PORTAL));
}

static void channels_of_people(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        static const char *const codes[] = {"HOUSING_AID", "LOCAL_AID", "RURAL_FUEL"};
        for (size_t i = 0; i < GW_COUNT(codes); i++) {
                const struct service *service = catalogue_find(catalogue, codes[i], at(NOW));
                assert_true(service && !service->automated && service_has_shep_id(service, codes[i]));
                assert_ptr_equal(service_channel_route(service, "shep-async"), service_route(service, ROUTE_OFFICE));
                assert_ptr_equal(service_channel_route(service, "rest"), service_route(service, ROUTE_OFFICE));
        }
        assert_false(service_has_channel(catalogue_find(catalogue, "HOME_CARE_2013", at(NOW)), "rest"));
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

/* Of the parts that a schema cannot judge; {file, from, to, what is said}. The line is that of the element, found by `at`. */
static const struct part_mistake { const char *file, *from, *to, *at, *want; } part_mistakes[] = {
        {"TSA_CERT", "date=\"2018-02-16\"", "date=\"2018-02-30\"", "number=\"71\"", "'2018-02-30' is not a valid value"},
        {"TSA_CERT", "to=\"2020-01-13\"", "to=\"2017-01-13\"", "number=\"71\"", "legalAct to is before from"},
        {"TSA_CERT", "<channel>shep-sync<", "<channel route=\"CSC\">shep-sync<", ">shep-sync<", "channel shep-sync: the service has no route CSC"},
        {"TSA_CERT", " limitsOf=\"OFFICE\"", "", ">shep-sync<", "channel shep-sync: the route PORTAL states no limit"},
        {"TSA_CERT", " limitsOf=\"OFFICE\"", " limitsOf=\"OFFICE\" offered=\"false\"", ">shep-sync<", "channel shep-sync: the route PORTAL is not offered"},
        {"TSA_CERT", "limitsOf=\"OFFICE\"", "limitsOf=\"PORTAL\"", "kind=\"PORTAL\"", "limitsOf: the service has no other route PORTAL with limits"},
        {"TSA_CERT", "limitsOf=\"OFFICE\"", "limitsOf=\"AKIM\"", "kind=\"PORTAL\"", "limitsOf: the service has no other route AKIM with limits"},
        {"TSA_CERT", "<route kind=\"OFFICE\"", "<route kind=\"OFFICE\" limitsOf=\"CENTER\"", "kind=\"OFFICE\"", "limitsOf, but the route has limits of its own"},
        {"TSA_CERT", "<route kind=\"OFFICE\"", "<route kind=\"OFFICE\" onlyWithout=\"AKIM\"", "kind=\"OFFICE\"", "onlyWithout: the service has no other route AKIM"},
        {"TSA_CERT", "<route kind=\"OFFICE\"", "<route kind=\"OFFICE\" generic=\"true\"", "kind=\"OFFICE\"", "a generic route needs the element generic"},
        {"TSA_CERT", "<route kind=\"OFFICE\"", "<route kind=\"CENTER\"", "", "Duplicate key-sequence ['CENTER']"},
        {"TSA_CERT", "<route kind=\"OFFICE\"", "<route kind=\"SHOP\"", "", "The value 'SHOP' is not an element of the set"},
        {"TSA_CERT", "through=\"OFFICE\"", "through=\"AKIM\"", "kind=\"STATECORP\"", "step 5 through: the service has no other route AKIM"},
        {"TSA_CERT", "amount=\"3\" unit=\"min\" branch", "amount=\"4\" unit=\"min\" branch", "branch=\"REFUSE_INTAKE\"", "sharesLimit, but the step before has another limit"},
        {"TSA_CERT", "insteadOf=\"3\"", "insteadOf=\"9\"", "branch=\"REFUSE_INTAKE\"", "insteadOf=\"9\" is no MAIN step of this route"},
        {"TSA_CERT", "insteadOf=\"3\"", "insteadOf=\"2\"", "branch=\"REFUSE_INTAKE\"", "insteadOf=\"2\" is no MAIN step of this route"},
        {"TSA_CERT", " insteadOf=\"3\"", "", "branch=\"REFUSE_INTAKE\"", "insteadOf belongs to the branch REFUSE_INTAKE"},
        {"TSA_CERT", "amount=\"5\" unit=\"min\"", "amount=\"5\"", "paragraph=\"5.1/7.1\"", "step: amount and unit are no limit together"},
        {"TSA_CERT", "amount=\"5\" unit=\"min\"", "unit=\"min\"", "paragraph=\"5.1/7.1\"", "step: amount and unit are no limit together"},
        {"TSA_CERT", "amount=\"5\" unit=\"min\"", "amount=\"2\" unit=\"workday_within\"", "paragraph=\"5.1/7.1\"", "step: amount and unit are no limit together"},
        {"TSA_CERT", "amount=\"5\" unit=\"min\"", "amount=\"5\" unit=\"week\"", "", "The value 'week' is not an element of the set"},
        {"TSA_CERT", "amount=\"5\" unit=\"min\"", "amount=\"0\" unit=\"min\"", "", "[facet 'pattern'] The value '0'"},
        {"TSA_CERT", " paragraph=\"5.1/7.1\"", "", "act=\"REGISTER\" amount=\"5\"", "a step names the paragraph of the act"},
        {"TSA_CERT", "<printed of=\"action\">", "<printed of=\"completion\"><kk>а</kk><ru>а</ru></printed><printed of=\"completion\">", "",
         "printed of completion: twice"},
        {"TSA_CERT", "paper=\"ACCEPTANCE_RECEIPT\"", "paper=\"RECEIPT\"", "paper=\"RECEIPT\"", "there is no paper RECEIPT"},
        {"TSA_CERT", "stage=\"INTAKE\" paper=\"REFUSAL_RECEIPT\"", "stage=\"INTAKE\" paper=\"RECEIPT\"", "stage=\"INTAKE\"", "there is no paper RECEIPT"},
        {"TSA_CERT", "routes=\"STATECORP CENTER\"", "routes=\"STATECORP AKIM\"", "routes=\"STATECORP AKIM\"", "the service has no route AKIM"},
        {"TSA_CERT", "routes=\"OFFICE STATECORP CENTER\"", "routes=\"OFFICE CSC\"", "routes=\"OFFICE CSC\"", "the service has no route CSC"},
        {"TSA_CERT", "kind=\"AKIM\" route=\"OFFICE\"", "kind=\"AKIM\" route=\"AKIM\"", "kind=\"AKIM\"", "the service has no route AKIM"},
        {"TSA_CERT", "id=\"D2\"", "id=\"D1\"", "", "Duplicate key-sequence ['D1']"},
        {"TSA_CERT", "xml:lang=\"en\">What the", "xml:lang=\"de\">What the", "name=\"purpose\"", "form: purpose has no xs:documentation in en"},
        {"TSA_CERT", "xml:lang=\"kk\">Ағымдағы тоқсан", "xml:lang=\"kk\">", "value=\"CURRENT_QUARTER\"", "form: CURRENT_QUARTER has no xs:documentation in kk"},
        {"HOME_SCHOOL", "<resultBeforeEnd hours=\"24\" step=\"5\"", "<resultBeforeEnd hours=\"24\" step=\"2\"", "<resultBeforeEnd", "step=\"2\" is no MAIN step"},
        {"TSA_ASSIGN", "<representatives", "<channels><channel>rest</channel></channels><representatives", "<channel>", "channel rest: the service has no route PORTAL"},
        {"HOUSING_AID", "<channel route=\"OFFICE\">rest", "<channel route=\"CENTER\">rest", ">rest<", "channel rest: the service has no route CENTER"},
        {"HOUSING_AID", "route kind=\"OFFICE\"", "route offered=\"false\" kind=\"OFFICE\"", ">shep-sync<", "channel shep-sync: the route OFFICE is not offered"},
        {"HOME_SCHOOL", "<system iin=\"childIin\">zags", "<system iin=\"child\">zags", "iin=\"child\"", "system zags: child is no field of the form that is always there once"},
        {"HOME_SCHOOL", "per=\"childIin\"", "per=\"school\"", "<openRequests", "openRequests: school is no field of the form that is always there once"},
        {"HOME_SCHOOL", "<system account=\"account\"", "<system account=\"school\"", "account=\"school\"", "system iban: school is no field of the form that is always there once"},
        {"HOME_SCHOOL", "iin=\"childIin\">payments<", "iin=\"childIin\">data<", "iin=\"childIin\">data<", "the case has an element of this name already"},
        {"HOME_CARE_2013", "<term amount=\"14\" unit=\"workday\"", "<term amount=\"9\" unit=\"workday\"", "<term amount=\"9\"", "the steps take 10 working days, the term is 9"},
        {"HOME_CARE_2013", "amount=\"14\" unit=\"workday\" branch=\"CAP\"", "amount=\"15\" unit=\"workday\" branch=\"CAP\"", "branch=\"CAP\"", "a CAP step repeats the term of its route"},
        {"HOME_CARE_2013", "condition=\"VETERAN\"", "condition=\"HERO\"", "", "The value 'HERO' is not an element of the set"},
        {"HOME_CARE_2013", "<pensionAge from=\"2019-01-01\"", "<pensionAge from=\"2018-01-01\"", "women=\"59\"", "the days of pensionAge do not go up"},
        {"HOME_CARE_2013", "women=\"58.5\"", "women=\"58.4\"", "women=\"58.4\"", "'58.4' is not accepted by the pattern"},
        {"HOME_SCHOOL", "condition=\"REPRESENTATIVE\"", "condition=\"PENSION_AGE\"", "<documents", "document D8 is asked for at PENSION_AGE, but no pensionAge is told"},
        {"HOME_CARE_2013", "<field id=\"issue\"", "<field id=\"weather\"", "", "The value 'weather' is not an element of the set"},
        {"RURAL_FUEL", "generic=\"true\"", "generic=\"false\"", "<step", "a step names the paragraph of the act"},
        /* who does what */
        {"TSA_CERT", " by=\"CLERK\"", "", "", "The attribute 'by' is required"},
        {"TSA_CERT", " act=\"REGISTER\"", "", "", "The attribute 'act' is required"},
        {"TSA_CERT", "by=\"CLERK\"", "by=\"PORTER\"", "", "The value 'PORTER' is not an element of the set"},
        {"TSA_CERT", "act=\"RESOLVE\"", "act=\"DANCE\"", "", "The value 'DANCE' is not an element of the set"},
        {"TSA_CERT", "by=\"CLERK\" act=\"REGISTER\"", "by=\"STATECORP_WORKER\" act=\"REGISTER\"", "paragraph=\"5.1/7.1\"", "act REGISTER is not for STATECORP_WORKER on the route OFFICE"},
        {"TSA_CERT", "by=\"STATECORP_WORKER\" act=\"ISSUE\"", "by=\"CLERK\" act=\"ISSUE\"", "by=\"CLERK\" act=\"ISSUE\" paragraph=\"§4", "act ISSUE is not for CLERK on the route STATECORP"},
        {"TSA_CERT", "by=\"CENTER_WORKER\" act=\"TRANSFER\"", "by=\"STATECORP_WORKER\" act=\"TRANSFER\"", "by=\"STATECORP_WORKER\" act=\"TRANSFER\" paragraph=\"10.2", "act TRANSFER is not for STATECORP_WORKER on the route CENTER"},
        {"TSA_CERT", "by=\"HEAD\" act=\"SIGN\"", "by=\"CLERK\" act=\"SIGN\"", "by=\"CLERK\" act=\"SIGN\"", "act SIGN is not for CLERK on the route OFFICE"},
        {"TSA_CERT", "by=\"HEAD\" act=\"RESOLVE\"", "by=\"EXECUTOR\" act=\"RESOLVE\"", "act=\"RESOLVE\"", "act RESOLVE is not for EXECUTOR on the route OFFICE"},
        {"TSA_CERT", "by=\"GATEWAY\" act=\"PORTAL\"", "by=\"CLERK\" act=\"PORTAL\"", "by=\"CLERK\" act=\"PORTAL\"", "act PORTAL is not for CLERK on the route PORTAL"},
        {"TSA_CERT", "by=\"GATEWAY\" act=\"PORTAL\"", "by=\"CLERK\" act=\"RECORD\"", "by=\"CLERK\" act=\"RECORD\"", "act RECORD is not for CLERK on the route PORTAL"},
        {"TSA_CERT", "by=\"EXECUTOR\" act=\"PREPARE\"", "by=\"CLERK\" act=\"REGISTER\"", "kind=\"OFFICE\"", "one step of the route has the act REGISTER, and no more"},
        {"TSA_CERT", "act=\"REFUSE_INTAKE\"", "act=\"CHECK\"", "branch=\"REFUSE_INTAKE\"", "the act REFUSE_INTAKE and the branch of that name go together"},
        {"TSA_CERT", "act=\"DECIDE\"", "act=\"PREPARE\"", "through=\"OFFICE\"", "through is for the act DECIDE"},
        {"TSA_ASSIGN", "act=\"DECIDE\"", "act=\"PREPARE\"", "kind=\"CENTER\"", "a result is prepared and then signed, or decided, once"},
        {"TSA_CERT", "act=\"SIGN\"", "act=\"DECIDE\"", "kind=\"OFFICE\"", "a result is prepared and then signed, or decided, once"},
        {"TSA_CERT", "act=\"PREPARE\"", "act=\"RECORD\"", "kind=\"OFFICE\"", "a result is prepared and then signed, or decided, once"},
        {"TSA_CERT", "by=\"CLERK\" act=\"ISSUE\"", "by=\"CLERK\" act=\"RECORD\"", "kind=\"OFFICE\"", "the last step, and no other, is ISSUE"},
        {"TSA_ASSIGN", "by=\"CENTER_WORKER\" act=\"TRANSFER\"", "by=\"CENTER_WORKER\" act=\"CHECK\"", "kind=\"CENTER\"", "step 4: CHECK comes after REGISTER"},
        {"TSA_ASSIGN", "by=\"CENTER_WORKER\" act=\"CHECK\"", "by=\"CENTER_WORKER\" act=\"TRANSFER\"", "kind=\"CENTER\"", "step 1: TRANSFER comes before REGISTER"},
        {"HOME_CARE_2013", "by=\"EXECUTOR\" act=\"RECORD\"", "by=\"EXECUTOR\" act=\"ACCEPT\"", "branch=\"CAP\"", "a CAP step does no more than RECORD"},
};

static long line_of(const char *text, const char *word)
{
        const char *at = strstr(text, word);
        long line = 1;
        for (const char *p = text; at && p < at; p++)
                line += *p == '\n';
        return line;
}

static void mistakes_of_parts(void **state GW_UNUSED)
{
        for (size_t i = 0; i < GW_COUNT(part_mistakes); i++) {
                const struct part_mistake *mistake = &part_mistakes[i];
                auto_folder struct folder folder = folder_new();
                auto_str char *name = xasprintf("%s.xml", mistake->file);
                auto_str char *text = content_of(name);
                auto_str char *broken = replaced(text, mistake->from, mistake->to);
                put(&folder, name, broken);
                auto_str char *want = *mistake->at ? xasprintf("%s:%ld: ", name, line_of(broken, mistake->at)) : xstrdup(name);
                assert_open_fails(&folder, want);
                assert_open_fails(&folder, mistake->want);
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

/* ---- when limits end ---- */

static struct calendar *calendar_of(const char *folder)
{
        struct why why = WHY_INIT;
        struct calendar *calendar = NULL;
        if (calendar_load(folder, &calendar, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return calendar;
}

/* The vectors of services.md D.3 by the routes themselves, and what they leave open. */
static void due_moments(void **state GW_UNUSED)
{
        static const struct { const char *code; enum route_kind route; const char *from, *due, *result; } cases[] = {
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-03-16T10:00:00", "2018-04-04T18:00:00", "2018-04-03T18:00:00"},
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-04-27T10:00:00", "2018-05-16T18:00:00", "2018-05-15T18:00:00"},
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-05-05T10:00:00", "2018-05-23T18:00:00", "2018-05-22T18:00:00"},
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-12-27T10:00:00", "2019-01-15T18:00:00", "2019-01-14T18:00:00"},
                /* due on a Monday: the Friday before, and with holidays between the last day they leave */
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-06-04T10:00:00", "2018-06-18T18:00:00", "2018-06-16T13:00:00"},
                {"TSA_ASSIGN", ROUTE_CENTER, "2018-03-20T10:00:00", "2018-04-02T18:00:00", "2018-04-02T18:00:00"},
                {"TSA_ASSIGN", ROUTE_AKIM, "2018-04-25T10:00:00", "2018-05-29T18:00:00", "2018-05-29T18:00:00"},
                {"TSA_ASSIGN", ROUTE_AKIM, "2018-08-20T10:00:00", "2018-09-20T18:00:00", "2018-09-20T18:00:00"},
                /* 14 working days, the day of reception not counted: the centre closes at 20 */
                {"HOME_CARE_2013", ROUTE_CSC, "2018-06-04T19:30:00", "2018-06-22T20:00:00", "2018-06-22T20:00:00"},
                {"HOME_CARE_2013", ROUTE_AUTH_BODY, "2018-06-04T10:00:00", "2018-06-22T18:00:00", "2018-06-22T18:00:00"},
                /* after hours it is as if it came in the morning */
                {"HOME_CARE_2013", ROUTE_AUTH_BODY, "2018-06-04T19:30:00", "2018-06-25T18:00:00", "2018-06-25T18:00:00"},
                {"TSA_CERT", ROUTE_PORTAL, "2018-06-09T23:50:00", "2018-06-10T00:15:00", "2018-06-10T00:15:00"},
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-08T17:50:00", "2018-06-11T09:15:00", "2018-06-11T09:15:00"},
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-08T12:50:00", "2018-06-08T14:15:00", "2018-06-08T14:15:00"},
                {"TSA_CERT", ROUTE_STATECORP, "2018-06-08T12:50:00", "2018-06-08T13:23:00", "2018-06-08T13:23:00"}, /* 33 minutes, no lunch; the refusal adds none */
                {"TSA_CERT", ROUTE_CENTER, "2018-06-08T10:00:00", "2018-06-08T10:28:00", "2018-06-08T10:28:00"},
                {"RURAL_FUEL", ROUTE_OFFICE, "2018-06-08T10:00:00", "2018-06-08T10:00:00", "2018-06-08T10:00:00"},
        };
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        auto_calendar struct calendar *calendar = calendar_of("conf/calendar");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                char due[CLOCK_TEXT_MAX], result[CLOCK_TEXT_MAX];
                const struct route *route = service_route(catalogue_find(catalogue, cases[i].code, at(NOW)), cases[i].route);
                clock_iso(route_due(route, calendar, at(cases[i].from)), due);
                clock_iso(route_result_due(route, calendar, at(cases[i].from)), result);
                if (!str_starts(due, cases[i].due) || !str_starts(result, cases[i].result))
                        fail_msg("%s %s %s: due %s, result %s", cases[i].code, route_kind_names[cases[i].route], cases[i].from, due, result);
        }
        /* step by step: 5, 15 (the refusal is no time of its own), then days */
        const struct route *center = service_route(catalogue_find(catalogue, "TSA_ASSIGN", at(NOW)), ROUTE_CENTER);
        static const char *const steps[] = {"2018-06-04T10:00:00", "2018-06-04T10:05:00", "2018-06-04T10:05:00", "2018-06-04T10:15:00", "2018-06-05T18:00:00", "2018-06-12T18:00:00"};
        for (size_t i = 0; i < GW_COUNT(steps); i++) {
                char due[CLOCK_TEXT_MAX];
                clock_iso(route_step_due(center, i, calendar, at("2018-06-04T10:00:00")), due);
                if (!str_starts(due, steps[i]))
                        fail_msg("step %zu: %s", i, due);
        }
        assert_false(route_has_limits(service_route(catalogue_find(catalogue, "RURAL_FUEL", at(NOW)), ROUTE_OFFICE)));
}

static void schedules_must_be_there(void **state GW_UNUSED)
{
        auto_folder struct folder folder = folder_new();
        auto_str char *text = content_of("TSA_CERT.xml");
        auto_str char *other = replaced(text, "schedule=\"portal\"", "schedule=\"moon\"");
        put(&folder, "TSA_CERT.xml", other);
        gw_auto(catalogue) struct catalogue *catalogue = opened(folder.path), *usual = opened(SERVICES);
        auto_calendar struct calendar *calendar = calendar_of("conf/calendar");
        struct why why = WHY_INIT;
        assert_int_equal(catalogue_check_calendar(usual, calendar, &why), GW_OK);
        assert_int_equal(catalogue_check_calendar(catalogue, calendar, &why), GW_FAULT);
        assert_int_equal(why.reason, REASON_CONFIGURATION);
        assert_string_equal(why.detail, "calendar/hours.csv has no schedule `moon`, which TSA_CERT.xml uses");
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
         "application/requestNumber: is not written in the form that is asked for"},
        {"<declarantId>850412390011<", "<declarantId>85041239001X<", REASON_FORM_INVALID, "application/declarantId: is not written in the form that is asked for"},
        {"<providerBin>160640900019<", "<providerBin> 160640900019<", REASON_FORM_INVALID, "application/providerBin: is not written in the form that is asked for"},
        {"<language>kk<", "<language>en<", REASON_FORM_INVALID, "application/language: is not one of the values that are listed"},
        {"<requestDate>2026", "<requestDate>26", REASON_FORM_INVALID, "application/requestDate: cannot be read as a date, a number, or yes or no"},
        {"<consent>true</consent>", "<consent>false</consent>", REASON_CONSENT_MISSING, "consent is not true"},
        {"<consent>true</consent>", "", REASON_CONSENT_MISSING, "consent is not true"},
        {"<consent>true</consent>", "<consent>yes</consent>", REASON_FORM_INVALID, "application/consent: cannot be read as a date, a number, or yes or no"},
        {"<consent>true</consent>", "<consent>true</consent><consent>true</consent>", REASON_FORM_INVALID,
         "application/consent: is not expected here"},
        {"<language>kk</language>", "", REASON_FORM_INVALID,
         "application/language: is missing"},
        {"</form>", "</form><form/>", REASON_FORM_INVALID, "application/form: is not expected here"},
        {"</purpose>", "</purpose><income>1</income>", REASON_FORM_INVALID, "form/income: is not expected here"},
        {"<form>", "<form a=\"1\">", REASON_FORM_INVALID, "application/form: is not expected here"},
        {"Мектепке", "", REASON_NONE, ""},
        {"Мектепке ұсыну үшін", "", REASON_FORM_INVALID, "form/purpose: is too short or too long"},
        {"Мектепке", "&lt;b>", REASON_FORM_INVALID, "form/purpose: is not written in the form that is asked for"},
        {"Мектепке", "a\nb", REASON_FORM_INVALID, "form/purpose: is not written in the form that is asked for"},
        {"Мектепке", "a&#xD;b", REASON_FORM_INVALID, "form/purpose: is not written in the form that is asked for"},
        {"Мектепке", "\xe2\x80\xae" "abc", REASON_FORM_INVALID, "form/purpose: is not written in the form that is asked for"},
        {"Мектепке", "«ӘІҢҒҮҰҚӨҺ әіңғүұқөһ» № 5 (Ё, ё) – 'x' \"y\"", REASON_NONE, ""},
        {"</purpose>", "</purpose><period>CURRENT_QUARTER</period>", REASON_NONE, ""},
        {"</purpose>", "</purpose><period>2025-Q1</period>", REASON_FORM_INVALID, "form/period: is not one of the values that are listed"},
        {"<consent>", "<representative><iin>870930490018</iin><basis>FRIEND</basis></representative><consent>", REASON_FORM_INVALID,
         "application/representative/basis: is not one of the values that are listed"},
        {"<form>", "<x:form xmlns:x=\"urn:x\"/><form>", REASON_FORM_INVALID, "application/form: is not expected here"},
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
                enum gw_rc rc = service_check_form(service, doc, NULL, &why);
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
                assert_int_equal(service_check_form(service, doc, NULL, &why), letters == 200 ? GW_OK : GW_REJECT);
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
        assert_int_equal(service_check_form(service, doc, NULL, &why), GW_REJECT);
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
        assert_int_equal(service_check_form(catalogue_find(usual, "TSA_CERT", at(NOW)), doc, NULL, &why), GW_OK);
        assert_int_equal(service_check_form(catalogue_find(strict, "TSA_CERT", at(NOW)), doc, NULL, &why), GW_REJECT);
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
                assert_int_equal(service_check_form(service, doc, NULL, &why), GW_OK);
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
                cmocka_unit_test(front_office_steps_have_front_office_roles),
                cmocka_unit_test(channels_of_people),
                cmocka_unit_test(withdrawn_is_listed_not_found),
                cmocka_unit_test(validity_edges),
                cmocka_unit_test(mistakes_stop_the_start),
                cmocka_unit_test(mistakes_of_parts),
                cmocka_unit_test(due_moments),
                cmocka_unit_test(schedules_must_be_there),
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
