/* Loads the synthetic people and finds them. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/answer.h"
#include "adapters/simulators/people.h"
#include "gateway/base/text.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"
#include "gateway/verify/verify.h"
#include "gateway/xml/xml.h"

#define FILE_MAX ((size_t)1 << 20)
#define DAYS_MAX 40000 /* about a century */

struct people {
        struct person *persons;
        struct assignment *assignments, **last_assignment;
        size_t count;
};

/* Where the loader is, for its complaints. */
struct place { const char *file; struct why *why; };

static enum gw_rc mistake(const struct place *at, const xmlNode *node, const char *what)
{
        return why_set(at->why, GW_FAULT, REASON_CONFIGURATION, "%s:%ld: %s: %s", at->file, node ? xmlGetLineNo(node) : 1L,
                       node ? (const char *)node->name : "file", what);
}

/* ---- small values ---- */

static void text2_done(struct text2 *t)
{
        free(t->kk);
        free(t->ru);
}

static enum gw_rc read_text2(const struct place *at, const xmlNode *parent, const char *name, bool required, struct text2 *out)
{
        unsigned count = 0;
        const xmlNode *node = xml_child_counted(parent, NULL, name, &count);
        if (count > 1)
                return mistake(at, node, "given more than once");
        if (!count)
                return required ? mistake(at, parent, name) : GW_OK;
        out->kk = xml_attribute(node, NULL, "kk");
        out->ru = xml_attribute(node, NULL, "ru");
        return out->kk && *out->kk && out->ru && *out->ru ? GW_OK : mistake(at, node, "needs kk and ru");
}

static bool parse_day(const char *text, struct day *out)
{
        if (!text)
                return false;
        size_t n = strlen(text);
        if ((*text == '-' || *text == '+') && n >= 3 && n < 10 && text[n - 1] == 'd') {
                auto_str char *digits = xstrndup(text + 1, n - 2);
                uint64_t days = 0;
                if (!text_to_u64(digits, 0, DAYS_MAX, &days))
                        return false;
                *out = (struct day){.relative = true, .days = *text == '-' ? -(int)days : (int)days};
                return true;
        }
        if (!answer_is_date(text))
                return false;
        *out = (struct day){.relative = false};
        memcpy(out->fixed, text, sizeof out->fixed);
        return true;
}

char *day_text(const struct day *day, struct wall_time now, char out[DAY_TEXT_MAX])
{
        if (day->relative)
                return clock_date_iso((struct wall_time){now.ms + (int64_t)day->days * 86400000}, out);
        memcpy(out, day->fixed, sizeof day->fixed);
        return out;
}

void assignment_period(const struct assignment *a, struct wall_time now, char from[DAY_TEXT_MAX], char to[DAY_TEXT_MAX])
{
        if (!a->quarterly) {
                day_text(&a->from, now, from);
                day_text(&a->to, now, to);
                return;
        }
        struct clock_fields f = clock_fields_of(now);
        int quarter = f.year * 4 + (f.month - 1) / 3 + a->quarter_shift, next = quarter + 1;
        clock_date_iso(clock_from_fields(quarter / 4, quarter % 4 * 3 + 1, 1, 0), from);
        struct wall_time end = clock_from_fields(next / 4, next % 4 * 3 + 1, 1, 0);
        clock_date_iso((struct wall_time){end.ms - 43200000}, to); /* noon of the day before */
}

static enum gw_rc read_iin(const struct place *at, const xmlNode *node, const char *attribute, char out[13])
{
        auto_str char *iin = xml_attribute(node, NULL, attribute);
        if (!iin || !iin_valid(iin, true, NULL))
                return mistake(at, node, "its IIN is missing or not valid");
        memcpy(out, iin, 13);
        return GW_OK;
}

static enum gw_rc read_word(const struct place *at, const xmlNode *node, const char *attribute, const char *const *words, char *out,
                            size_t size)
{
        auto_str char *word = xml_attribute(node, NULL, attribute);
        for (; word && *words; words++) {
                if (str_eq(word, *words)) {
                        snprintf(out, size, "%s", word);
                        return GW_OK;
                }
        }
        return mistake(at, node, attribute);
}

/* ---- persons ---- */

void person_free(struct person *p)
{
        if (!p)
                return;
        struct text2 *texts[] = {
                &p->surname,       &p->name, &p->patronymic, &p->address.region, &p->address.district, &p->address.settlement,
                &p->address.street};
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                text2_done(texts[i]);
        free(p->address.building);
        free(p->address.flat);
        while (p->records) {
                struct record *r = p->records;
                p->records = r->next;
                free(r->number);
                free(r->monthly);
                free(r);
        }
        free(p);
}

/* IIN digits 1-6 are the date, digit 7 century and sex (services.md C.1). */
static void fill_from_iin(struct person *p)
{
        int century = 18 + (p->iin[6] - '1') / 2;
        snprintf(p->birth_date, sizeof p->birth_date, "%02d%.2s-%.2s-%.2s", century % 100, p->iin, p->iin + 2, p->iin + 4);
        p->female = (p->iin[6] - '0') % 2 == 0;
}

static enum gw_rc read_address(const struct place *at, const xmlNode *node, struct address *out)
{
        enum gw_rc rc = read_text2(at, node, "region", true, &out->region);
        if (rc == GW_OK)
                rc = read_text2(at, node, "district", false, &out->district);
        if (rc == GW_OK)
                rc = read_text2(at, node, "settlement", true, &out->settlement);
        if (rc == GW_OK)
                rc = read_text2(at, node, "street", false, &out->street);
        if (rc != GW_OK)
                return rc;
        out->building = xml_child_text(node, NULL, "building");
        out->flat = xml_child_text(node, NULL, "flat");
        return GW_OK;
}

static enum gw_rc read_representative(const struct place *at, const xmlNode *node, struct person *p)
{
        static const char *const bases[] = {"PARENT", "GUARDIAN", "TRUSTEE", NULL};
        if (p->representative_count == PEOPLE_REPRESENTATIVES_MAX)
                return mistake(at, node, "too many");
        struct representative *r = &p->representatives[p->representative_count++];
        enum gw_rc rc = read_iin(at, node, "iin", r->iin);
        return rc == GW_OK ? read_word(at, node, "basis", bases, r->basis, sizeof r->basis) : rc;
}

/* Of each kind of record: its element, which attributes it must have, the words of `word`. */
static const struct record_form {
        const char *element, *number, *word, *from, *to;
        bool to_optional;
        const char *words[5]; /* none: any word */
} record_forms[RECORD_KIND_COUNT] = {
        [RECORD_BIRTH] = {.element = "birth", .number = "number", .from = "date"},
        [RECORD_GUARDIANSHIP] = {.element = "guardianship", .number = "number", .word = "kind", .from = "from", .to = "to", .to_optional = true,
                                 .words = {"GUARDIAN", "TRUSTEE", "DEPRIVED", "STATE"}},
        [RECORD_DISABILITY] = {.element = "disability", .number = "number", .word = "group", .from = "from", .to = "to", .to_optional = true},
        [RECORD_CONCLUSION] = {.element = "conclusion", .number = "number", .word = "form", .from = "from", .to = "to", .words = {"HOME", "SCHOOL", "BOARDING"}},
        [RECORD_ACCOUNT] = {.element = "account", .number = "iban"},
        [RECORD_PAYMENT] = {.element = "payment", .number = "number", .word = "kind", .from = "from", .to = "to", .to_optional = true},
};

static const struct record_form *record_form_of(const xmlNode *node)
{
        for (size_t i = 0; i < GW_COUNT(record_forms); i++)
                if (xml_is(node, NULL, record_forms[i].element))
                        return &record_forms[i];
        return NULL;
}

static enum gw_rc read_record_iin(const struct place *at, const xmlNode *node, const char *attribute, char out[13])
{
        auto_str char *iin = xml_attribute(node, NULL, attribute);
        return iin ? read_iin(at, node, attribute, out) : GW_OK;
}

static enum gw_rc read_record_words(const struct place *at, const xmlNode *node, const struct record_form *form, struct record *r)
{
        r->number = xml_attribute(node, NULL, form->number);
        if (!r->number || !*r->number)
                return mistake(at, node, form->number);
        if (r->kind == RECORD_ACCOUNT && !iban_valid(r->number))
                return mistake(at, node, "not an IBAN");
        if (form->word && form->words[0])
                return read_word(at, node, form->word, form->words, r->word, sizeof r->word);
        auto_str char *word = form->word ? xml_attribute(node, NULL, form->word) : NULL;
        if (form->word && (!word || !*word || strlen(word) >= sizeof r->word))
                return mistake(at, node, form->word);
        snprintf(r->word, sizeof r->word, "%s", word ? word : "");
        return GW_OK;
}

static enum gw_rc read_record_days(const struct place *at, const xmlNode *node, const struct record_form *form, struct record *r)
{
        auto_str char *from = form->from ? xml_attribute(node, NULL, form->from) : NULL, *to = form->to ? xml_attribute(node, NULL, form->to) : NULL;
        if (form->from && !parse_day(from, &r->from))
                return mistake(at, node, form->from);
        r->ends = to != NULL;
        if (form->to && (to ? !parse_day(to, &r->to) : !form->to_optional))
                return mistake(at, node, form->to);
        return GW_OK;
}

static enum gw_rc read_record(const struct place *at, const xmlNode *node, const struct record_form *form, struct person *p)
{
        struct record **last = &p->records, *r = xcalloc(1, sizeof *r);
        while (*last)
                last = &(*last)->next;
        *last = r; /* freed with the person, whatever comes */
        r->kind = (enum record_kind)(form - record_forms);
        enum gw_rc rc = read_record_words(at, node, form, r);
        if (rc == GW_OK)
                rc = read_record_days(at, node, form, r);
        if (rc == GW_OK)
                rc = read_record_iin(at, node, "iin", r->iin);
        r->monthly = xml_attribute(node, NULL, "monthly");
        if (rc == GW_OK)
                rc = read_record_iin(at, node, "mother", r->mother);
        return rc == GW_OK ? read_record_iin(at, node, "father", r->father) : rc;
}

static enum gw_rc read_person_child(const struct place *at, const xmlNode *node, struct person *p)
{
        if (xml_is(node, NULL, "surname") || xml_is(node, NULL, "name") || xml_is(node, NULL, "patronymic"))
                return GW_OK; /* read by name */
        if (xml_is(node, NULL, "representative"))
                return read_representative(at, node, p);
        if (xml_is(node, NULL, "death")) {
                auto_str char *date = xml_attribute(node, NULL, "date");
                p->dead = true;
                return parse_day(date, &p->death) ? GW_OK : mistake(at, node, "its date is not a day");
        }
        if (xml_is(node, NULL, "address") && !p->has_address) {
                p->has_address = true;
                return read_address(at, node, &p->address);
        }
        const struct record_form *form = record_form_of(node);
        return form ? read_record(at, node, form, p) : mistake(at, node, "does not belong here");
}

static enum gw_rc read_person(const struct place *at, const xmlNode *node, struct person *p)
{
        enum gw_rc rc = read_iin(at, node, "iin", p->iin);
        if (rc != GW_OK || p->unknown)
                return rc;
        fill_from_iin(p);
        rc = read_text2(at, node, "surname", true, &p->surname);
        if (rc == GW_OK)
                rc = read_text2(at, node, "name", true, &p->name);
        if (rc == GW_OK)
                rc = read_text2(at, node, "patronymic", false, &p->patronymic);
        for (const xmlNode *child = xml_first_element(node); child && rc == GW_OK; child = xml_next_element(child))
                rc = read_person_child(at, child, p);
        return rc;
}

/* "Ахметов Ерлан Серікұлы" out of the upper-case values is not possible without case tables; the register writes them as they are. */
static char *full_name(const struct person *p)
{
        return xasprintf("%s %s%s%s", p->surname.kk, p->name.kk, p->patronymic.kk ? " " : "", p->patronymic.kk ? p->patronymic.kk : "");
}

static enum gw_rc add_person(const struct place *at, const xmlNode *node, bool unknown, struct people *people)
{
        auto_person struct person *p = xcalloc(1, sizeof *p);
        p->unknown = unknown;
        enum gw_rc rc = read_person(at, node, p);
        if (rc != GW_OK)
                return rc;
        if (people_find(people, p->iin))
                return mistake(at, node, "this IIN is there already");
        p->next = people->persons;
        people->persons = gw_take(&p);
        people->count++;
        return GW_OK;
}

/* ---- assignments ---- */

static void assignment_free(struct assignment *a)
{
        free(a->number);
        for (size_t i = 0; i < a->member_count; i++)
                free(a->members[i].full_name);
        free(a);
}
GW_DEFINE_AUTO(assignment, struct assignment, assignment_free)

static enum gw_rc read_period(const struct place *at, const xmlNode *node, struct assignment *a)
{
        static const struct { const char *word; int shift; } quarters[] = {{"current", 0}, {"previous", -1}, {"next", 1}};
        auto_str char *quarter = xml_attribute(node, NULL, "quarter"), *from = xml_attribute(node, NULL, "from"),
                      *to = xml_attribute(node, NULL, "to");
        if (quarter && (from || to))
                return mistake(at, node, "either quarter or from and to");
        if (!quarter)
                return parse_day(from, &a->from) && parse_day(to, &a->to) ? GW_OK : mistake(at, node, "needs quarter, or from and to");
        for (size_t i = 0; i < GW_COUNT(quarters); i++) {
                if (str_eq(quarter, quarters[i].word)) {
                        a->quarterly = true;
                        a->quarter_shift = quarters[i].shift;
                        return GW_OK;
                }
        }
        return mistake(at, node, "quarter is current, previous or next");
}

static enum gw_rc read_member(const struct place *at, const xmlNode *node, const struct people *people, struct assignment *a)
{
        static const char *const relationships[] = {"SELF", "SPOUSE", "CHILD", "PARENT", "OTHER", NULL};
        if (!xml_is(node, NULL, "member"))
                return mistake(at, node, "does not belong here");
        if (a->member_count == PEOPLE_MEMBERS_MAX)
                return mistake(at, node, "too many");
        struct member *m = &a->members[a->member_count++];
        enum gw_rc rc = read_iin(at, node, "iin", m->iin);
        if (rc == GW_OK)
                rc = read_word(at, node, "relationship", relationships, m->relationship, sizeof m->relationship);
        if (rc != GW_OK)
                return rc;
        const struct person *p = people_find(people, m->iin);
        if (!p || p->unknown)
                return mistake(at, node, "no such person");
        m->full_name = full_name(p);
        return GW_OK;
}

static enum gw_rc add_assignment(const struct place *at, const xmlNode *node, struct people *people)
{
        gw_auto(assignment) struct assignment *a = xcalloc(1, sizeof *a);
        a->number = xml_attribute(node, NULL, "number");
        if (!a->number || !*a->number)
                return mistake(at, node, "needs a number");
        enum gw_rc rc = read_iin(at, node, "applicant", a->applicant);
        if (rc == GW_OK)
                rc = read_period(at, node, a);
        for (const xmlNode *child = xml_first_element(node); child && rc == GW_OK; child = xml_next_element(child))
                rc = read_member(at, child, people, a);
        if (rc != GW_OK)
                return rc;
        if (!a->member_count)
                return mistake(at, node, "has no member");
        *people->last_assignment = a;
        people->last_assignment = &a->next;
        a = NULL;
        return GW_OK;
}

/* ---- files ---- */

static enum gw_rc read_root(const struct place *at, const xmlNode *root, struct people *people)
{
        auto_str char *mark = xml_attribute(root, NULL, "mark");
        if (!xml_is(root, NULL, "people"))
                return mistake(at, root, "the root must be people");
        if (!str_eq(mark, "TEST"))
                return mistake(at, root, "needs mark=\"TEST\": only synthetic people may be here");
        enum gw_rc rc = GW_OK;
        for (const xmlNode *node = xml_first_element(root); node && rc == GW_OK; node = xml_next_element(node)) {
                if (xml_is(node, NULL, "person") || xml_is(node, NULL, "unknown"))
                        rc = add_person(at, node, xml_is(node, NULL, "unknown"), people);
                else if (xml_is(node, NULL, "assignment"))
                        rc = add_assignment(at, node, people); /* after the persons it names */
                else
                        rc = mistake(at, node, "does not belong here");
        }
        return rc;
}

static enum gw_rc read_file(const char *folder, const char *name, struct people *people, struct why *why)
{
        auto_str char *path = xasprintf("%s/%s", folder, name);
        auto_buf struct buf text = BUF_LIMIT(FILE_MAX);
        struct place at = {name, why};
        if (!text_read_file(path, &text))
                return mistake(&at, NULL, strerror(errno));
        auto_xmldoc xmlDoc *doc = NULL;
        struct why xml_why = WHY_INIT;
        if (xml_read(buf_span(&text), &xml_limits_default, &doc, &xml_why) != GW_OK)
                return mistake(&at, NULL, *xml_why.detail ? xml_why.detail : "not XML");
        return read_root(&at, xmlDocGetRootElement(doc), people);
}

static int is_xml(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');
        return entry->d_name[0] != '.' && str_eq(dot, ".xml");
}

enum gw_rc people_load(const char *folder, struct people **ret_people, struct why *why)
{
        struct dirent **entries = NULL;
        int count = scandir(folder, &entries, is_xml, alphasort);
        if (count < 0)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%.180s: %s", folder, strerror(errno));
        auto_people struct people *people = xcalloc(1, sizeof *people);
        people->last_assignment = &people->assignments;
        enum gw_rc rc = GW_OK;
        for (int i = 0; i < count; i++) {
                if (rc == GW_OK)
                        rc = read_file(folder, entries[i]->d_name, people, why);
                free(entries[i]);
        }
        free(entries);
        if (rc == GW_OK && !people->count)
                rc = why_set(why, GW_FAULT, REASON_CONFIGURATION, "%.180s: there are no people", folder);
        if (rc != GW_OK)
                return rc;
        *ret_people = gw_take(&people);
        return GW_OK;
}

void people_free(struct people *people)
{
        if (!people)
                return;
        while (people->persons) {
                struct person *p = people->persons;
                people->persons = p->next;
                person_free(p);
        }
        while (people->assignments) {
                struct assignment *a = people->assignments;
                people->assignments = a->next;
                assignment_free(a);
        }
        free(people);
}

size_t people_count(const struct people *people)
{
        return people->count;
}

const struct person *people_find(const struct people *people, const char *iin)
{
        const struct person *p = people->persons;
        while (p && !str_eq(p->iin, iin))
                p = p->next;
        return p;
}

static bool concerns(const struct assignment *a, const char *iin)
{
        bool found = str_eq(a->applicant, iin);
        for (size_t i = 0; i < a->member_count; i++)
                found |= str_eq(a->members[i].iin, iin);
        return found;
}

const struct assignment *people_assignment(const struct people *people, const char *iin, const struct assignment *after)
{
        const struct assignment *a = after ? after->next : people->assignments;
        while (a && !concerns(a, iin))
                a = a->next;
        return a;
}

const struct record *record_next(const struct person *person, enum record_kind kind, const struct record *after)
{
        const struct record *r = after ? after->next : person->records;
        while (r && r->kind != kind)
                r = r->next;
        return r;
}

const struct person *people_account(const struct people *people, const char *iban)
{
        for (const struct person *p = people->persons; p; p = p->next)
                for (const struct record *r = NULL; (r = record_next(p, RECORD_ACCOUNT, r));)
                        if (str_eq(r->number, iban))
                                return p;
        return NULL;
}

struct person *person_generate(const char *iin)
{
        if (!iin_valid(iin, true, NULL))
                return NULL;
        struct person *p = xcalloc(1, sizeof *p);
        memcpy(p->iin, iin, sizeof p->iin);
        fill_from_iin(p);
        p->surname = (struct text2){xstrdup(p->female ? "ТЕСТОВА" : "ТЕСТОВ"), xstrdup(p->female ? "ТЕСТОВА" : "ТЕСТОВ")};
        p->name = (struct text2){xstrdup("ТЕСТ"), xstrdup("ТЕСТ")};
        p->patronymic = (struct text2){xstrdup(p->female ? "ТЕСТҚЫЗЫ" : "ТЕСТҰЛЫ"), xstrdup(p->female ? "ТЕСТОВНА" : "ТЕСТОВИЧ")};
        p->has_address = true;
        p->address = (struct address){
                .region = {xstrdup("Қостанай облысы"), xstrdup("Костанайская область")},
                .settlement = {xstrdup("Қостанай қ."), xstrdup("г.Костанай")},
                .street = {xstrdup("Сынақ көшесі"), xstrdup("улица Тестовая")},
                .building = xasprintf("%c", iin[10]),
        };
        return p;
}
