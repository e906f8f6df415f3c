/* Paper applications as if they had been signed: read, judged by the real services, and, when they are taken in or refused, put on a paper that is well-formed and
 * canonical whatever was written in them. */
#include <stdio.h>
#include <string.h>

#include "gateway/provider/front_office.h"
#include "gateway/provider/paper.h"
#include "tests/fuzz/fuzz.h"

static const char conf[] = "[gateway]\ntrust = t\nsender_id = us\n[issuer]\nbin = 160640900019\nname_kk = k\nname_ru = r\n[store]\npath = s\n[listener a]\nport = 0\n"
        "[key system]\nkey = s\ncertificate = s\n[destination cabinet]\nurl = http://h/\nbin = 091240900012\n[revocation]\nmode = off\n"
        "[organisation center]\nbin = 170140900013\nkind = CENTER\nname_kk = Орталық\nname_ru = Центр\n";

static struct settings *settings;
static struct catalogue *catalogue;

static void setup(void)
{
        struct why why = WHY_INIT;
        char text[sizeof conf];
        if (settings)
                return;
        xml_init();
        memcpy(text, conf, sizeof conf);
        FILE *in = fmemopen(text, strlen(text), "r");
        GW_ASSERT(in && settings_read(in, "gateway.conf", &settings, &why) == GW_OK);
        fclose(in);
        GW_ASSERT(catalogue_open("conf/services", &catalogue, &why) == GW_OK);
}

static void write_paper(const struct front_application *a, const struct front_verdict *v, struct wall_time at)
{
        const struct service_paper *paper = v->step->paper ? paper_find(v->service, v->step->paper) : NULL;
        const struct service_document *documents[SERVICE_DOCUMENTS_MAX];
        auto_buf struct buf out = BUF_INIT, canonical = BUF_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        for (size_t i = 0; i < a->document_count; i++)
                GW_ASSERT((documents[i] = completeness_document(v->service, a->documents[i].id)));
        const struct paper_facts facts = {
                .service = v->service, .number = "30100000000001", .request_number = "10100000000001", .at = at, .registered_at = at, .due_at = at,
                .organisation = {"170140900013", "Орталық", "Центр", NULL, NULL}, .staff_kk = "Сынақов С.", .staff_ru = "Тестов Т.", .applicant_name = a->applicant_name,
                .applicant_iin = a->application->declarant_iin, .documents = documents, .document_count = a->document_count, .completeness = &v->completeness, .given = v->given,
                .given_count = a->document_count,
        };
        if (!paper)
                return;
        GW_ASSERT(paper_write(paper, &facts, &out, &why) == GW_OK);
        GW_ASSERT(xml_read(buf_span(&out), &xml_limits_default, &doc, &why) == GW_OK);
        GW_ASSERT(xml_c14n(doc, &canonical) && span_eq(buf_span(&canonical), buf_span(&out)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum step_act acts[] = {ACT_REGISTER, ACT_REFUSE_INTAKE};
        setup();
        auto_xmldoc xmlDoc *doc = NULL;
        auto_front_application struct front_application *a = NULL;
        struct why why = WHY_INIT;
        if (xml_read(span_of(data, size), &xml_limits_default, &doc, &why) != GW_OK)
                return 0;
        if (front_application_read(xmlDocGetRootElement(doc), &a, &why) != GW_OK) {
                GW_ASSERT(!a && why.reason != REASON_NONE && why.detail[0]);
                return 0;
        }
        struct actor actor = {.id = "center1", .organisation = "center", .bin = "170140900013", .kind = ORGANISATION_CENTER, .roles = 1U << STAFF_CENTER_WORKER};
        for (size_t i = 0; i < GW_COUNT(acts); i++) {
                const struct front_question question = {.settings = settings, .catalogue = catalogue, .actor = &actor, .at = {1795376197123}, .act = acts[i], .iin_check_digit = true};
                struct front_verdict verdict;
                if (front_office_judge(&question, a, &verdict, &why) == GW_OK)
                        write_paper(a, &verdict, question.at);
                else
                        GW_ASSERT(why.reason != REASON_NONE);
        }
        return 0;
}
