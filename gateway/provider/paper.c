/* Writes papers: the catalogue says which fields, one row of the table below fills each. */
#include "gateway/provider/paper.h"

#include <string.h>

#include "gateway/reason.h"

const struct service_paper *paper_find(const struct service *service, const char *id)
{
        for (size_t i = 0; i < service->paper_count; i++)
                if (str_eq(service->papers[i].id, id))
                        return &service->papers[i];
        return NULL;
}

/* Bytes of the UTF-8 character at p. */
static size_t character(const char *p)
{
        size_t n = 1;
        while ((p[n] & 0xc0) == 0x80)
                n++;
        return n;
}

void paper_initials(const char *name, struct buf *out)
{
        const char *rest = name + strcspn(name, " ");
        if (strchr(name, '.')) {
                buf_add_str(out, name);
                return;
        }
        buf_add(out, name, (size_t)(rest - name));
        for (rest += strspn(rest, " "); *rest; rest += strspn(rest, " ")) {
                buf_add_char(out, ' ');
                buf_add(out, rest, character(rest));
                buf_add_char(out, '.');
                rest += strcspn(rest, " ");
        }
}

/* ---- pieces ---- */

/* Where a field is written. */
struct filling {
        const struct service_paper *paper;
        const struct paper_facts *facts;
        struct buf *out;
};

static void put_pair(struct buf *out, const char *element, const char *kk, const char *ru)
{
        buf_printf(out, "<%s>", element);
        canon_element(out, "kk", kk);
        canon_element(out, "ru", ru);
        buf_printf(out, "</%s>", element);
}

/* False when either is missing. */
static bool put_value(struct filling *f, const char *kk, const char *ru)
{
        if (!kk || !*kk || !ru || !*ru)
                return false;
        put_pair(f->out, "value", kk, ru);
        return true;
}

static bool put_same(struct filling *f, const char *text)
{
        return put_value(f, text, text);
}

static void put_attribute(struct buf *out, const char *name, const char *value)
{
        if (!value)
                return;
        buf_printf(out, " %s=\"", name);
        canon_attribute_value(out, span_str(value));
        buf_add_char(out, '"');
}

static bool put_day(struct filling *f, struct wall_time t)
{
        char day[CLOCK_TEXT_MAX];
        return t.ms && put_same(f, clock_date_people(t, day));
}

/* ---- fields ---- */

static bool fill_registered(struct filling *f)
{
        return put_day(f, f->facts->registered_at);
}

static bool fill_service_date(struct filling *f)
{
        return put_day(f, f->facts->due_at);
}

static bool fill_accepted_by(struct filling *f)
{
        auto_buf struct buf kk = BUF_INIT, ru = BUF_INIT;
        if (!f->facts->staff_kk || !f->facts->staff_ru)
                return false;
        paper_initials(f->facts->staff_kk, &kk);
        paper_initials(f->facts->staff_ru, &ru);
        return put_value(f, buf_cstr(&kk), buf_cstr(&ru));
}

static bool fill_accepted_by_full(struct filling *f)
{
        return put_value(f, f->facts->staff_kk, f->facts->staff_ru);
}

/* Of the application, once it is registered; a refusal and a register have their own. */
static bool fill_number_and_date(struct filling *f)
{
        const struct paper_facts *facts = f->facts;
        char day[CLOCK_TEXT_MAX];
        const char *number = facts->request_number ? facts->request_number : facts->number;
        auto_str char *text = xasprintf("№ %s, %s", number, clock_date_people(facts->request_number ? facts->registered_at : facts->at, day));
        return number && put_same(f, text);
}

static bool fill_service(struct filling *f)
{
        return put_value(f, f->facts->service->name.kk, f->facts->service->name.ru);
}

static bool fill_documents(struct filling *f)
{
        buf_printf(f->out, "<count>%zu</count>", f->facts->document_count);
        for (size_t i = 0; i < f->facts->document_count; i++) {
                buf_add_str(f->out, "<item");
                put_attribute(f->out, "document", f->facts->documents[i]->id);
                buf_add_char(f->out, '>');
                canon_element(f->out, "kk", f->facts->documents[i]->name.kk);
                canon_element(f->out, "ru", f->facts->documents[i]->name.ru);
                buf_add_str(f->out, "</item>");
        }
        return true;
}

static bool fill_issue(struct filling *f)
{
        const struct paper_side *o = &f->facts->organisation;
        char when[CLOCK_TEXT_MAX];
        if (!f->facts->due_at.ms || !o->kk || !o->ru)
                return false;
        clock_datetime_people(f->facts->due_at, when);
        auto_str char *kk = xasprintf("%s, %s%s%s", when, o->kk, o->place_kk && *o->place_kk ? ", " : "", o->place_kk ? o->place_kk : "");
        auto_str char *ru = xasprintf("%s, %s%s%s", when, o->ru, o->place_ru && *o->place_ru ? ", " : "", o->place_ru ? o->place_ru : "");
        return put_value(f, kk, ru);
}

static bool fill_organisation(struct filling *f)
{
        return put_value(f, f->facts->organisation.kk, f->facts->organisation.ru);
}

static bool fill_receiver(struct filling *f)
{
        return put_value(f, f->facts->receiver.kk, f->facts->receiver.ru);
}

static bool fill_applicant(struct filling *f)
{
        const struct paper_facts *facts = f->facts;
        if (!facts->applicant_iin || !facts->applicant_name)
                return false;
        auto_str char *kk = xasprintf("%s, ЖСН %s", facts->applicant_name, facts->applicant_iin);
        auto_str char *ru = xasprintf("%s, ИИН %s", facts->applicant_name, facts->applicant_iin);
        return put_value(f, kk, ru);
}

static struct wall_time valid_until(const struct paper_facts *facts, const char *id)
{
        for (size_t i = 0; i < facts->given_count; i++)
                if (str_eq(facts->given[i].id, id))
                        return facts->given[i].valid_until;
        return (struct wall_time){0};
}

static bool fill_grounds(struct filling *f)
{
        const struct completeness *c = f->facts->completeness;
        for (size_t i = 0; c && i < c->gap_count; i++) {
                const struct service_document *document = c->gaps[i].document;
                char day[CLOCK_TEXT_MAX];
                buf_printf(f->out, "<gap condition=\"%s\"", document_condition_names[document->condition]);
                put_attribute(f->out, "document", document->id);
                put_attribute(f->out, "paragraph", document->paragraph);
                put_attribute(f->out, "state", c->gaps[i].expired ? "expired" : "missing");
                put_attribute(f->out, "validUntil", c->gaps[i].expired ? clock_date_people(valid_until(f->facts, document->id), day) : NULL);
                buf_add_char(f->out, '>');
                canon_element(f->out, "kk", document->name.kk);
                canon_element(f->out, "ru", document->name.ru);
                buf_add_str(f->out, "</gap>");
        }
        return c && c->gap_count;
}

/* The regulation is the last of the acts. */
static bool fill_law(struct filling *f)
{
        const struct service *service = f->facts->service;
        if (!service->act_count)
                return false;
        const struct legal_act *act = &service->acts[service->act_count - 1];
        char day[CLOCK_TEXT_MAX];
        clock_date_people(act->date, day);
        const char *paragraph = f->facts->paragraph ? f->facts->paragraph : f->paper->paragraph;
        auto_str char *kk = xasprintf("%s, %s, № %s%s%s%s", act->name.kk, day, act->number, paragraph ? ", " : "", paragraph ? paragraph : "", paragraph ? "-тармақ" : "");
        auto_str char *ru = xasprintf("%s, %s, № %s%s%s", act->name.ru, day, act->number, paragraph ? ", пункт " : "", paragraph ? paragraph : "");
        return put_value(f, kk, ru);
}

static bool fill_applications(struct filling *f)
{
        for (size_t i = 0; i < f->facts->application_count; i++) {
                const struct paper_application *a = &f->facts->applications[i];
                char day[CLOCK_TEXT_MAX];
                buf_printf(f->out, "<row date=\"%s\" documents=\"%zu\" iin=\"%s\" number=\"%s\">", clock_date_people(a->registered_at, day), a->documents, a->applicant_iin, a->number);
                canon_element(f->out, "kk", a->service_kk);
                canon_element(f->out, "ru", a->service_ru);
                buf_add_str(f->out, "</row>");
        }
        return f->facts->application_count > 0;
}

static bool fill_line(struct filling *f)
{
        buf_add_str(f->out, "<line></line>");
        return true;
}

static const struct { const char *id; bool (*fill)(struct filling *f); } fields[] = {
        {"registered", fill_registered}, {"service-date", fill_service_date}, {"accepted-by", fill_accepted_by}, {"accepted-by-full", fill_accepted_by_full},
        {"number-and-date", fill_number_and_date}, {"service", fill_service}, {"documents", fill_documents}, {"issue", fill_issue},
        {"organisation", fill_organisation}, {"applicant", fill_applicant}, {"grounds", fill_grounds}, {"law", fill_law}, {"receiver", fill_receiver},
        {"applications", fill_applications}, {"signature", fill_line}, {"acknowledged", fill_line},
};

static bool fill_field(struct filling *f, const struct paper_field *field)
{
        buf_add_str(f->out, "<field");
        put_attribute(f->out, "id", field->id);
        buf_add_char(f->out, '>');
        put_pair(f->out, "label", field->name.kk, field->name.ru);
        bool filled = false;
        for (size_t i = 0; i < GW_COUNT(fields); i++)
                if (str_eq(field->id, fields[i].id))
                        filled = fields[i].fill(f);
        buf_add_str(f->out, "</field>");
        return filled;
}

/* ---- the whole ---- */

static void put_head(const struct filling *f)
{
        const struct paper_facts *facts = f->facts;
        struct buf *out = f->out;
        char at[CLOCK_TEXT_MAX];
        /* Canonical XML: attributes in the order of their names. */
        buf_printf(out, "<paper xmlns=\"" PAPER_NS "\"");
        put_attribute(out, "at", clock_iso(facts->at, at));
        put_attribute(out, "form", f->paper->form);
        put_attribute(out, "id", facts->number);
        put_attribute(out, "kind", paper_kind_names[f->paper->kind]);
        put_attribute(out, "paper", f->paper->id);
        put_attribute(out, "paragraph", f->paper->paragraph);
        put_attribute(out, "request", facts->request_number);
        put_attribute(out, "service", facts->service->code);
        buf_add_char(out, '>');
        put_pair(out, "name", f->paper->name.kk, f->paper->name.ru);
        if (facts->note_kk && *facts->note_kk && facts->note_ru && *facts->note_ru)
                put_pair(out, "note", facts->note_kk, facts->note_ru);
        buf_add_str(out, "<issuer>");
        canon_element(out, "bin", facts->organisation.bin);
        canon_element(out, "kk", facts->organisation.kk);
        canon_element(out, "ru", facts->organisation.ru);
        buf_add_str(out, "</issuer>");
}

enum gw_rc paper_write(const struct service_paper *paper, const struct paper_facts *facts, struct buf *out, struct why *why)
{
        struct filling f = {.paper = paper, .facts = facts, .out = out};
        if (!facts->number || !facts->organisation.bin || !facts->organisation.kk || !facts->organisation.ru)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "paper %s has no number or no organisation", paper->id);
        put_head(&f);
        for (size_t i = 0; i < paper->field_count; i++)
                if (!fill_field(&f, &paper->fields[i]))
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "paper %s of %s: nothing is known for the field %s", paper->id, facts->service->code, paper->fields[i].id);
        buf_add_str(out, "</paper>");
        return buf_failed(out) ? why_set(why, GW_FAULT, REASON_INTERNAL, "paper %s is too large", paper->id) : GW_OK;
}
