/* Result documents: three golden ones, their canonical form, hostile values, templates in general, and the signature. */
#include "tests/unit/service_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gateway/catalogue/form_check.h"
#include "gateway/catalogue/template.h"
#include "gateway/issue/issue.h"

#define GOLDEN "tests/unit/data/issue/"

GW_DEFINE_AUTO(local_key, struct signing_key, local_key_close)

static struct catalogue *catalogue;

static struct issue_input input_for(xmlDoc *case_doc, struct decision *decision)
{
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        struct why why = WHY_INIT;
        if (decide(service, case_doc, decision, &why) != GW_OK)
                fail_msg("decide: %s", why.detail);
        return (struct issue_input){
                .service = service,
                .case_doc = case_doc,
                .decision = decision,
                .document_number = "10100000000001",
                .at = at(NOW),
                .issuer_name_kk = "«TEST» жұмыспен қамту және әлеуметтік бағдарламалар бөлімі",
                .issuer_name_ru = "Отдел занятости и социальных программ «TEST»",
                .issuer_bin = "160640900019",
                .note_kk = "СЫНАҚ: көрсету үшін жасалған, заңды күші жоқ.",
                .note_ru = "ТЕСТ: создано для демонстрации, юридической силы не имеет.",
        };
}

static void written(const char *application, const char *gbdfl, const char *socialaid, struct buf *out)
{
        auto_xmldoc xmlDoc *case_doc = case_of(application, gbdfl, socialaid, at(NOW));
        struct decision decision = {0};
        const struct issue_input input = input_for(case_doc, &decision);
        struct why why = WHY_INIT;
        if (issue_write(&input, out, &why) != GW_OK)
                fail_msg("issue_write: %s", why.detail);
}

/* What is digested for the signature must be what a verifier digests. */
static void assert_canonical(const struct buf *document)
{
        auto_xmldoc xmlDoc *doc = parsed(buf_cstr(document));
        auto_buf struct buf canonical = BUF_INIT;
        assert_true(xml_c14n(doc, &canonical));
        assert_string_equal(buf_cstr(document), buf_cstr(&canonical));
        assert_int_equal(document->n, canonical.n);
}

/* EGOV_WRITE_GOLDEN=1 writes the files instead of comparing; then read the difference. */
static void assert_golden(const char *name, const struct buf *got)
{
        auto_str char *path = xasprintf(GOLDEN "%s.xml", name);
        if (getenv("EGOV_WRITE_GOLDEN") && !text_write_file(path, buf_span(got), 0644))
                fail_msg("%s cannot be written", path);
        auto_buf struct buf want = BUF_INIT;
        assert_true(text_read_file(path, &want));
        assert_string_equal(buf_cstr(got), buf_cstr(&want));
}

static void golden_documents(void **state GW_UNUSED)
{
        static const struct { const char *name, *application, *gbdfl, *socialaid; } rows[] = {
                {"positive", APPLICATION, GBDFL, AID_NOW},
                {"negative", APPLICATION, GBDFL, AID_NONE},
                {"positive-child", APPLICATION_CHILD, GBDFL_CHILD(ERLAN), AID_NOW},
                {"refused", APPLICATION, GBDFL_NONE, AID_NONE},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_buf struct buf got = BUF_INIT;
                written(rows[i].application, rows[i].gbdfl, rows[i].socialaid, &got);
                assert_golden(rows[i].name, &got);
                assert_canonical(&got);
        }
}

static void assert_holds(const struct buf *document, const char *text, bool want)
{
        if ((strstr(buf_cstr(document), text) != NULL) != want)
                fail_msg("%s: %s", text, want ? "missing" : "must not be there");
}

/* Words that the law or services.md F.1 and G fix. */
static void fixed_wording(void **state GW_UNUSED)
{
        auto_buf struct buf yes = BUF_INIT, no = BUF_INIT, refused = BUF_INIT;
        written(APPLICATION, GBDFL, AID_NOW, &yes);
        written(APPLICATION, GBDFL, AID_NONE, &no);
        written(APPLICATION, GBDFL_NONE, AID_NONE, &refused);
        assert_holds(&yes, "өтініш беруші (отбасы) 2026 жылғы төртінші тоқсанда "
                           "атаулы әлеуметтік көмек алушыларға тиесілі екендігін растайды", true);
        assert_holds(&yes, "подтверждает, что заявитель (семья) относится к получателям "
                           "адресной социальной помощи за четвёртый квартал 2026 года", true);
        assert_holds(&yes, "тиесілі емес", false);
        assert_holds(&yes, "не относится", false);
        assert_holds(&no, "тиесілі емес екендігін растайды", true);
        assert_holds(&no, "не относится к получателям адресной социальной помощи.", true);
        assert_holds(&no, "<family>", false);
        assert_holds(&yes, "<validUntil>31.12.2026</validUntil>", true);
        assert_holds(&refused, "<code>REJECTED</code>", true);
        assert_holds(&refused, "екендігін растайды", false);
        assert_holds(&refused, "относится", false);
        assert_holds(&no, "<code>APPROVED</code>", true);
        const struct buf *all[] = {&yes, &no, &refused};
        for (size_t i = 0; i < GW_COUNT(all); i++) {
                assert_holds(all[i], "Осы құжат «Электрондық құжат және электрондық цифрлық қолтаңба туралы» Қазақстан "
                                     "Республикасының 2003 жылғы 7 қаңтардағы № 370-II Заңы 7 бабының 1 тармағына "
                                     "сәйкес қағаз тасығыштағы құжатпен бірдей.", true);
                assert_holds(all[i], "Данный документ согласно пункту 1 статьи 7 ЗРК от 7 января 2003 года № 370-II «Об "
                                     "электронном документе и электронной цифровой подписи» равнозначен документу на "
                                     "бумажном носителе.", true);
                assert_holds(all[i], "egov.kz", false);
                assert_holds(all[i], "ТЕСТ: создано для демонстрации", true);
        }
}

static void note_is_optional(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, GBDFL, AID_NOW, at(NOW));
        struct decision decision = {0};
        struct issue_input input = input_for(case_doc, &decision);
        input.note_kk = input.note_ru = NULL;
        struct why why = WHY_INIT;
        auto_buf struct buf got = BUF_INIT;
        assert_int_equal(issue_write(&input, &got, &why), GW_OK);
        assert_holds(&got, "<note>", false);
}

/* Text of a register stays text, whatever it looks like. */
static void hostile_names(void **state GW_UNUSED)
{
        static const struct { const char *name, *want; } rows[] = {
                {"&lt;/fullName>&lt;iin>0", "АХМЕТОВ &lt;/fullName&gt;&lt;iin&gt;0 СЕРІКҰЛЫ"},
                {"&amp;amp; \"'", "АХМЕТОВ &amp;amp; \"' СЕРІКҰЛЫ"},
                {"{/case/application}", "АХМЕТОВ {/case/application} СЕРІКҰЛЫ"},
                {"]]&gt;", "АХМЕТОВ ]]&gt; СЕРІКҰЛЫ"},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_str char *gbdfl = replaced(GBDFL, "ЕРЛАН", rows[i].name);
                auto_buf struct buf got = BUF_INIT;
                written(APPLICATION, gbdfl, AID_NOW, &got);
                assert_holds(&got, rows[i].want, true);
                assert_canonical(&got);
        }
        auto_str char *aid = replaced(AID_NOW, "СЕРІКОВА АЙГҮЛ", "a&#xD;b&#xA;c&#x9;\xc2\xa0");
        auto_buf struct buf got = BUF_INIT;
        written(APPLICATION, GBDFL, aid, &got);
        assert_holds(&got, "<fullName>a&#xD;b\nc\t\xc2\xa0 МАРАТҚЫЗЫ</fullName>", true);
        assert_canonical(&got);
}

static void waiting_issues_nothing(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, GBDFL, AID(""), at(NOW));
        struct decision decision = {0};
        const struct issue_input input = input_for(case_doc, &decision);
        assert_int_equal(decision.outcome, OUTCOME_WAIT);
        struct why why = WHY_INIT;
        auto_buf struct buf got = BUF_INIT;
        assert_int_equal(issue_write(&input, &got, &why), GW_FAULT);
        assert_string_equal(why.detail, "there is nothing to issue");
        assert_int_equal(got.n, 0);
}

static void bad_conf_text(void **state GW_UNUSED)
{
        static const char *const rows[] = {"a\x01z", "\xff", "\x1b[0m"};
        auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, GBDFL, AID_NOW, at(NOW));
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                struct decision decision = {0};
                struct issue_input input = input_for(case_doc, &decision);
                input.issuer_name_ru = rows[i];
                struct why why = WHY_INIT;
                auto_buf struct buf got = BUF_INIT;
                assert_int_equal(issue_write(&input, &got, &why), GW_FAULT);
                assert_int_equal(why.reason, REASON_CONFIGURATION);
                assert_string_equal(why.detail, "$issuer-name-ru is not UTF-8 text");
        }
}

/* Templates beyond what TSA_CERT uses. */
static void templates(void **state GW_UNUSED)
{
        static const struct { const char *text, *want; } rows[] = {
                {"<a/>", "<a></a>"},
                {"<a b='2' a='1' c='{$number}'/>", "<a a=\"1\" b=\"2\" c=\"N&quot;&lt;&#xA;\"></a>"},
                {"<p:a xmlns:z='urn:z' xmlns:p='urn:p' xmlns='urn:d' p:y='1' z:b='2' x='3' xml:lang='kk'/>",
                 "<p:a xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:z=\"urn:z\" x=\"3\" xml:lang=\"kk\" p:y=\"1\" z:b=\"2\"></p:a>"},
                {"<a>{{{'}'}}}</a>", "<a>{}}</a>"},
                {"<a>\n  x  &lt;\n y &amp; {concat('a', '>')} <!-- not printed --> <b/>\n</a>", "<a>x &lt; y &amp; a&gt;<b></b></a>"},
                {"<a><![CDATA[<b>]]></a>", "<a>&lt;b&gt;</a>"},
                {"<a><b t:if='false()'>1</b><c t:if='true()'>2</c>3</a>", "<a><c>2</c>3</a>"},
                {"<a><b t:each='/case/n'>{.}{position()}/{last()}</b></a>", "<a><b>11/3</b><b>22/3</b><b>33/3</b></a>"},
                {"<a><b t:each='/case/n' t:if='. != 2'>{.}</b></a>", "<a><b>1</b><b>3</b></a>"},
                {"<a><b t:each='/case/n'><c t:each='/case/n[. = 0]'/><c t:each='../n[1]'>{.}</c>{.}</b>{n[2]}</a>",
                 "<a><b><c>1</c>1</b><b><c>1</c>2</b><b><c>1</c>3</b>2</a>"},
                {"<a><b t:each='/case/none'>x</b></a>", "<a></a>"},
                {"<a>{/case/n}{count(/case/n)}{1 = 1}{0.5}</a>", "<a>13true0.5</a>"},
                {"<a>{$note-kk}</a>", "<a></a>"},
        };
        auto_xmldoc xmlDoc *case_doc = parsed("<case><n>1</n><n>2</n><n>3</n></case>");
        const char *const values[TEMPLATE_VARIABLE_COUNT] = {[TEMPLATE_NUMBER] = "N\"<\n"};
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                const char *space = strpbrk(rows[i].text, " />");
                auto_str char *text = xasprintf("%.*s xmlns:t='" TEMPLATE_NS "'%s", (int)(space - rows[i].text), rows[i].text, space);
                auto_xmldoc xmlDoc *doc = parsed(text);
                gw_auto(template) struct template *template = NULL;
                long line = 0;
                struct why why = WHY_INIT;
                auto_buf struct buf got = BUF_INIT;
                if (template_compile(xmlDocGetRootElement(doc), &template, &line, &why) != GW_OK ||
                    template_fill(template, case_doc, values, &got, &why) != GW_OK)
                        fail_msg("%s: %s", rows[i].text, why.detail);
                assert_string_equal(buf_cstr(&got), rows[i].want);
                assert_canonical(&got);
        }
}

static void template_faults(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *case_doc = parsed("<case/>");
        auto_xmldoc xmlDoc *doc = parsed("<a xmlns:t='" TEMPLATE_NS "'>\n<b t:each='1 + 1'/></a>");
        gw_auto(template) struct template *template = NULL;
        long line = 0;
        struct why why = WHY_INIT;
        auto_buf struct buf got = BUF_INIT;
        const char *const values[TEMPLATE_VARIABLE_COUNT] = {NULL};
        assert_int_equal(template_compile(xmlDocGetRootElement(doc), &template, &line, &why), GW_OK);
        assert_int_equal(template_fill(template, case_doc, values, &got, &why), GW_FAULT);
        assert_string_equal(why.detail, "the template's expression in line 2 cannot be evaluated");
}

/* An independent judge: xmlsec1, with the provider's certificate. Needs the test PKI (EGOV_PKI). */
static void signature_is_verified_by_xmlsec1(void **state GW_UNUSED)
{
        const char *pki = getenv("EGOV_PKI");
        auto_str char *key_path = xasprintf("%s/keys/head-160640900019.key", pki ? pki : "build/pki");
        auto_str char *certificate_path = xasprintf("%s/certs/head-160640900019.pem", pki ? pki : "build/pki");
        if (access(key_path, R_OK) != 0) {
                print_message("no test PKI (EGOV_PKI): skipped\n");
                skip();
        }
        struct why why = WHY_INIT;
        gw_auto(local_key) struct signing_key *key = NULL;
        assert_int_equal(local_key_open(key_path, certificate_path, &key, &why), GW_OK);
        auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, GBDFL, AID_NOW, at(NOW));
        struct decision decision = {0};
        const struct issue_input input = input_for(case_doc, &decision);
        auto_buf struct buf got = BUF_INIT;
        assert_int_equal(issue_signed(&input, key, NULL, &got, &why), GW_OK);
        assert_true(str_starts(buf_cstr(&got), "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response "));
        char path[] = "/tmp/egov-test-issue-XXXXXX";
        auto_fd int fd = mkstemp(path);
        assert_true(fd >= 0 && text_write_file(path, buf_span(&got), 0600));
        auto_str char *command = xasprintf("xmlsec1 --verify --pubkey-cert-pem %s %s >/dev/null 2>&1", certificate_path, path);
        assert_int_equal(system(command), 0);
        auto_str char *changed = replaced(buf_cstr(&got), "<validUntil>31.12.2026", "<validUntil>31.12.2027");
        assert_true(text_write_file(path, span_str(changed), 0600));
        assert_int_not_equal(system(command), 0);
        assert_int_equal(unlink(path), 0);
}

/* The catalogue is shared by the loops: two of them at once write what one writes. */
static void *loop(void *expected)
{
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        for (int i = 0; i < 100; i++) {
                struct why why = WHY_INIT;
                auto_xmldoc xmlDoc *application = parsed(APPLICATION);
                auto_buf struct buf got = BUF_INIT;
                if (service_check_form(service, application, NULL, &why) != GW_OK)
                        return NULL;
                written(APPLICATION, GBDFL, AID_NOW, &got);
                if (!str_eq(buf_cstr(&got), buf_cstr(expected)))
                        return NULL;
        }
        return expected;
}

static void shared_by_threads(void **state GW_UNUSED)
{
        auto_buf struct buf expected = BUF_INIT;
        written(APPLICATION, GBDFL, AID_NOW, &expected);
        pthread_t threads[2];
        for (size_t i = 0; i < GW_COUNT(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, loop, &expected), 0);
        for (size_t i = 0; i < GW_COUNT(threads); i++) {
                void *result = NULL;
                assert_int_equal(pthread_join(threads[i], &result), 0);
                assert_ptr_equal(result, &expected);
        }
}

static void measure(void **state GW_UNUSED)
{
        enum { TURNS = 2000 };
        auto_xmldoc xmlDoc *application = parsed(APPLICATION);
        const struct case_fact facts[] = {{"gbdfl", span_str(GBDFL)}, {"socialaid", span_str(AID_NOW)}};
        const struct case_input parts = {
                .application = xmlDocGetRootElement(application), .number = "1", .now = at(NOW), .facts = facts, .fact_count = 2};
        clock_t build = 0, decision_time = 0, write = 0;
        for (int i = 0; i < TURNS; i++) {
                struct why why = WHY_INIT;
                auto_xmldoc xmlDoc *case_doc = NULL;
                struct decision decision = {0};
                auto_buf struct buf got = BUF_INIT;
                clock_t a = clock();
                assert_int_equal(case_build(&parts, &case_doc, &why), GW_OK);
                clock_t b = clock();
                const struct issue_input input = input_for(case_doc, &decision);
                clock_t c = clock();
                assert_int_equal(issue_write(&input, &got, &why), GW_OK);
                clock_t d = clock();
                build += b - a;
                decision_time += c - b;
                write += d - c;
        }
        const double scale = 1e6 / CLOCKS_PER_SEC / TURNS;
        print_message("case_build %.1f us, decide %.1f us, issue_write %.1f us\n", (double)build * scale, (double)decision_time * scale,
                      (double)write * scale);
}

static int start(void **state GW_UNUSED)
{
        xml_init();
        catalogue = opened(SERVICES);
        return 0;
}

static int stop(void **state GW_UNUSED)
{
        catalogue_close(catalogue);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(golden_documents),
                cmocka_unit_test(fixed_wording),
                cmocka_unit_test(note_is_optional),
                cmocka_unit_test(hostile_names),
                cmocka_unit_test(waiting_issues_nothing),
                cmocka_unit_test(bad_conf_text),
                cmocka_unit_test(templates),
                cmocka_unit_test(template_faults),
                cmocka_unit_test(signature_is_verified_by_xmlsec1),
                cmocka_unit_test(shared_by_threads),
                cmocka_unit_test(measure),
        };
        return cmocka_run_group_tests(tests, start, stop);
}
