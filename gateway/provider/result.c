/* Results that people sign (gateway/provider/result.h). */
#include "gateway/provider/result.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

#define FUTURE_MS (5 * 60 * 1000)
#define ROOT_END "</result>"

/* ---- writing ---- */

/* Used when the signer says nothing of his own. */
static const struct { const char *outcome, *kk, *ru; } usual[] = {
        {"POSITIVE", "Өтінішіңіз бойынша оң шешім қабылданды.", "По вашему заявлению принято положительное решение."},
        {"NEGATIVE", "Өтінішіңізде сұралған мәліметтер расталмады.", "Сведения, о которых говорится в вашем заявлении, не подтверждены."},
        {"REFUSED", "Мемлекеттік қызметті көрсетуден бас тартылды.", "В оказании государственной услуги отказано."},
};

static const char *usual_text(const char *outcome, bool kazakh)
{
        for (size_t i = 0; i < GW_COUNT(usual); i++)
                if (str_eq(usual[i].outcome, outcome))
                        return kazakh ? usual[i].kk : usual[i].ru;
        return "";
}

/* Lines are kept; anything else that is no text is not. */
static enum gw_rc check_text(const char *text, const char *name, struct why *why)
{
        size_t n = text ? strlen(text) : 0;
        if (n > RESULT_TEXT_MAX)
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "%s: longer than %d bytes", name, RESULT_TEXT_MAX);
        if (n && !text_is_utf8(span_str(text)))
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "%s: not UTF-8", name);
        for (size_t i = 0; i < n; i++)
                if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
                        return why_set(why, GW_REJECT, REASON_STEP_INPUT, "%s: control characters", name);
        return GW_OK;
}

static void put_text(struct buf *out, const char *element, const char *given, const char *otherwise)
{
        struct span text = text_trim(span_str(given ? given : ""));
        buf_printf(out, "<%s>", element);
        if (text.n)
                canon_text(out, text);
        else
                canon_text(out, span_str(otherwise));
        buf_printf(out, "</%s>", element);
}

static void put_pair(struct buf *out, const char *element, const char *kk, const char *ru)
{
        buf_printf(out, "<%s>", element);
        canon_element(out, "kk", kk);
        canon_element(out, "ru", ru);
        buf_printf(out, "</%s>", element);
}

static void put_ground(struct buf *out, const struct refusal_ground *ground)
{
        if (!ground)
                return;
        buf_add_str(out, "<ground>");
        canon_element(out, "id", ground->id);
        canon_element(out, "kk", ground->ground.kk);
        canon_element(out, "ru", ground->ground.ru);
        canon_element(out, "paragraph", ground->paragraph);
        buf_add_str(out, "</ground>");
}

static const char *or_null(const char *text)
{
        return text && *text ? text : NULL;
}

enum gw_rc result_write(const struct result_facts *facts, struct buf *out, const struct service_paper **ret_paper, struct why *why)
{
        const struct service_paper *paper = steps_result_paper(facts->service, facts->route, facts->outcome, facts->ground);
        if (!paper)
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "outcome, ground: the service has no such result");
        enum gw_rc rc = check_text(facts->text_kk, "textKk", why);
        if (rc == GW_OK)
                rc = check_text(facts->text_ru, "textRu", why);
        if (rc != GW_OK)
                return rc;
        char issued[CLOCK_TEXT_MAX];
        buf_add_str(out, "<result xmlns=\"" RESULT_NS "\">");
        canon_element(out, "number", facts->number);
        canon_element(out, "requestNumber", facts->request_number);
        canon_element(out, "portalNumber", or_null(facts->portal_number));
        canon_element(out, "serviceCode", facts->service->code);
        put_pair(out, "serviceName", facts->service->name.kk, facts->service->name.ru);
        canon_element(out, "kind", paper_kind_names[paper->kind]);
        canon_element(out, "outcome", facts->outcome);
        put_ground(out, steps_ground(facts->service, facts->route, facts->ground));
        buf_add_str(out, "<text>");
        put_text(out, "kk", facts->text_kk, usual_text(facts->outcome, true));
        put_text(out, "ru", facts->text_ru, usual_text(facts->outcome, false));
        buf_add_str(out, "</text><provider>");
        canon_element(out, "bin", facts->provider_bin);
        canon_element(out, "nameKk", facts->provider_kk);
        canon_element(out, "nameRu", facts->provider_ru);
        buf_add_str(out, "</provider><applicant>");
        canon_element(out, "iin", facts->applicant_iin);
        buf_add_str(out, "</applicant>");
        canon_element(out, "issuedAt", clock_iso(facts->issued_at, issued));
        if (facts->note_kk && facts->note_ru)
                put_pair(out, "note", facts->note_kk, facts->note_ru);
        buf_add_str(out, ROOT_END);
        if (buf_failed(out))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the result does not fit");
        *ret_paper = paper;
        return GW_OK;
}

void result_with_cms(struct span bare, struct span cms, struct buf *out)
{
        size_t end = strlen(ROOT_END);
        GW_ASSERT(bare.n > end); /* what result_match() has found equal to a draft */
        buf_add(out, bare.p, bare.n - end);
        buf_add_str(out, "<cms>");
        text_base64(out, cms);
        buf_add_str(out, "</cms>" ROOT_END);
}

/* ---- comparing ---- */

void result_said_done(struct result_said *said)
{
        free(said->outcome);
        free(said->ground);
        free(said->text_kk);
        free(said->text_ru);
        *said = (struct result_said){.outcome = NULL};
}

static char *text_at(const xmlNode *root, const char *name)
{
        return xml_child_text(root, RESULT_NS, name);
}

static char *text_in(const xmlNode *root, const char *name, const char *inner)
{
        const xmlNode *node = xml_child(root, RESULT_NS, name);
        return node ? text_at(node, inner) : NULL;
}

/* Of an element that must have that very text. */
static enum gw_rc need_text(const xmlNode *root, const char *name, const char *want, int reason, struct why *why)
{
        auto_str char *got = text_at(root, name);
        return str_eq(got, want) ? GW_OK : why_set(why, GW_REJECT, reason, "%s: not that of this request", name);
}

static enum gw_rc read_said(const xmlNode *root, struct wall_time now, struct result_said *said, struct why *why)
{
        said->outcome = text_at(root, "outcome");
        said->ground = text_in(root, "ground", "id");
        said->text_kk = text_in(root, "text", "kk");
        said->text_ru = text_in(root, "text", "ru");
        auto_str char *issued = text_at(root, "issuedAt");
        if (!issued || clock_parse_iso(issued, &said->issued_at) != GW_OK)
                return why_set(why, GW_REJECT, REASON_RESULT_CONTENT, "issuedAt: missing, or no moment");
        if (said->issued_at.ms > now.ms + FUTURE_MS || said->issued_at.ms < now.ms - RESULT_DRAFT_AGE_MS)
                return why_set(why, GW_REJECT, REASON_RESULT_CONTENT, "issuedAt: the draft is older than a day, or of the future");
        return GW_OK;
}

static enum gw_rc check_type(const struct result_facts *facts, const char *prepared, const char *prepared_ground, const xmlNode *root, struct result_said *said, struct why *why)
{
        enum gw_rc rc = need_text(root, "serviceCode", facts->service->code, REASON_RESULT_TYPE, why);
        if (rc != GW_OK)
                return rc;
        if (*prepared && (!str_eq(prepared, said->outcome) || !str_eq(prepared_ground, said->ground ? said->ground : "")))
                return why_set(why, GW_REJECT, REASON_RESULT_TYPE, "outcome: the executor has prepared %s %s", prepared, prepared_ground);
        said->paper = steps_result_paper(facts->service, facts->route, said->outcome, said->ground);
        if (!said->paper)
                return why_set(why, GW_REJECT, REASON_RESULT_TYPE, "outcome: the service has no such result");
        return need_text(root, "kind", paper_kind_names[said->paper->kind], REASON_RESULT_TYPE, why);
}

/* The first child that is not as in the draft, for the explanation. */
static const char *first_difference(const xmlNode *got, const xmlNode *want)
{
        const xmlNode *a = xml_first_element(got), *b = xml_first_element(want);
        for (; a && b; a = xml_next_element(a), b = xml_next_element(b)) {
                auto_buf struct buf x = BUF_INIT, y = BUF_INIT;
                if (!xml_canonical(a->doc, (xmlNode *)(uintptr_t)a, true, true, NULL, &x) || !xml_canonical(b->doc, (xmlNode *)(uintptr_t)b, true, true, NULL, &y) ||
                    !span_eq(buf_span(&x), buf_span(&y)))
                        return (const char *)b->name;
        }
        return b ? (const char *)b->name : "something that is not in the draft";
}

static enum gw_rc compare(const struct result_facts *facts, const struct result_said *said, struct span bare, const xmlNode *root, struct why *why)
{
        struct result_facts as_said = *facts;
        as_said.outcome = said->outcome;
        as_said.ground = said->ground;
        as_said.text_kk = said->text_kk;
        as_said.text_ru = said->text_ru;
        as_said.issued_at = said->issued_at;
        auto_buf struct buf draft = BUF_INIT;
        const struct service_paper *paper = NULL;
        if (result_write(&as_said, &draft, &paper, why) != GW_OK) {
                why->reason = REASON_RESULT_CONTENT;
                return GW_REJECT;
        }
        if (span_eq(buf_span(&draft), bare))
                return GW_OK;
        auto_xmldoc xmlDoc *want = NULL;
        struct why ignored = WHY_INIT;
        if (xml_read(buf_span(&draft), &xml_limits_default, &want, &ignored) != GW_OK)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "a draft of our own cannot be read");
        return why_set(why, GW_REJECT, REASON_RESULT_CONTENT, "not the draft: %s", first_difference(root, xmlDocGetRootElement(want)));
}

enum gw_rc result_match(const struct result_facts *facts, const char *prepared, const char *prepared_ground, struct span bare, struct wall_time now, struct result_said *ret_said,
                        struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(bare, &xml_limits_default, &doc, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *root = xmlDocGetRootElement(doc);
        if (!xml_is(root, RESULT_NS, "result"))
                return why_set(why, GW_REJECT, REASON_RESULT_TYPE, "not a result document");
        struct result_said said = {.outcome = NULL};
        rc = need_text(root, "number", facts->number, REASON_RESULT_NUMBER, why);
        if (rc == GW_OK)
                rc = need_text(root, "requestNumber", facts->request_number, REASON_RESULT_NUMBER, why);
        if (rc == GW_OK)
                rc = read_said(root, now, &said, why);
        if (rc == GW_OK)
                rc = check_type(facts, prepared, prepared_ground, root, &said, why);
        if (rc == GW_OK)
                rc = compare(facts, &said, bare, root, why);
        if (rc == GW_OK)
                *ret_said = said;
        else
                result_said_done(&said);
        return rc;
}

/* ---- who may sign ---- */

enum gw_rc result_signer(const struct staff *staff, const struct certificate *certificate, const char *provider_bin, const struct actor *actor, struct why *why)
{
        struct actor signer;
        struct why unknown = WHY_INIT;
        if (!str_eq(certificate->bin, provider_bin))
                return why_set(why, GW_REJECT, REASON_RESULT_SIGNER_BIN, "the certificate is not one of the provider's people");
        if (staff_certificate_actor(staff, certificate, &signer, &unknown) != GW_OK)
                return why_set(why, GW_REJECT, REASON_RESULT_SIGNER_RIGHT, "%s", unknown.detail);
        if (!actor->machine && !str_eq(signer.id, actor->id))
                return why_set(why, GW_REJECT, REASON_RESULT_SIGNER_RIGHT, "signed by %s and brought by %s", signer.id, actor->id);
        if (!signer.may_sign)
                return why_set(why, GW_REJECT, REASON_RESULT_SIGNER_RIGHT, "%s has no right to sign", signer.id);
        return GW_OK;
}
