/* Conditions, then what of the package is not there. */
#include "gateway/provider/completeness.h"

#include <string.h>

#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

#define ADULT_AGE 18 /* Civil Code, article 17 */

const char *const completeness_fields[] = {"incapable", "veteran", "category", NULL};

void completeness_note(struct completeness_facts *facts, const char *field, const char *value)
{
        bool yes = str_eq(value, "true") || str_eq(value, "1");
        if (str_eq(field, "incapable"))
                facts->incapable = yes;
        else if (str_eq(field, "veteran"))
                facts->veteran = yes;
        else if (str_eq(field, "category") && value)
                facts->elderly = str_eq(value, "ELDERLY") ? ELDERLY_YES : ELDERLY_NO;
}

/* ---- conditions ---- */

/* A minor, or somebody for whom another applies because a court said so, or because he has a guardian. */
static bool is_minor_or_incapable(const struct completeness_facts *facts, const struct iin_facts *person)
{
        return iin_age(person, facts->at) < ADULT_AGE || facts->incapable || facts->representative;
}

static bool is_pensioner(const struct service *service, const struct completeness_facts *facts, const struct iin_facts *person)
{
        int months = -1;
        for (size_t i = 0; i < service->pension_age_count && service->pension_ages[i].from.ms <= facts->at.ms; i++)
                months = person->sex == SEX_MALE ? service->pension_ages[i].men : service->pension_ages[i].women;
        return months >= 0 && iin_age_months(person, facts->at) >= months;
}

bool completeness_requires(const struct service *service, const struct service_document *document, enum route_kind route, const struct completeness_facts *facts)
{
        struct iin_facts person;
        if ((document->routes && !(document->routes & 1u << route)) || !iin_valid(facts->declarant_iin, false, &person))
                return false;
        switch (document->condition) {
        case DOCUMENT_ALWAYS:
                return true;
        case DOCUMENT_ADULT:
                return !is_minor_or_incapable(facts, &person);
        case DOCUMENT_MINOR_OR_INCAPABLE:
                return is_minor_or_incapable(facts, &person);
        case DOCUMENT_NOT_ELDERLY:
                return facts->elderly == ELDERLY_NO || (facts->elderly == ELDERLY_BY_AGE && !is_pensioner(service, facts, &person));
        case DOCUMENT_PENSION_AGE:
                return is_pensioner(service, facts, &person);
        case DOCUMENT_VETERAN:
                return facts->veteran;
        case DOCUMENT_REPRESENTATIVE:
                return facts->representative;
        case DOCUMENT_IF_ANY:
                return false;
        case DOCUMENT_NO_DATA:
                return facts->no_data;
        case DOCUMENT_CONDITION_COUNT:
                break;
        }
        GW_ASSERT(false);
        return false;
}

/* ---- the package ---- */

const struct service_document *completeness_document(const struct service *service, const char *id)
{
        for (size_t i = 0; i < service->document_count; i++)
                if (str_eq(service->documents[i].id, id))
                        return &service->documents[i];
        return NULL;
}

static enum gw_rc check_given(const struct service *service, const struct document_given *given, size_t count, struct why *why)
{
        for (size_t i = 0; i < count; i++) {
                if (!completeness_document(service, given[i].id))
                        return why_set(why, GW_REJECT, REASON_FORM_INVALID, "document %zu of the package is none of service %s", i + 1, service->code);
                for (size_t k = 0; k < i; k++)
                        if (str_eq(given[i].id, given[k].id))
                                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "document %s is there twice", given[i].id);
        }
        return GW_OK;
}

static const struct document_given *find_given(const struct document_given *given, size_t count, const char *id)
{
        for (size_t i = 0; i < count; i++)
                if (str_eq(given[i].id, id))
                        return &given[i];
        return NULL;
}

/* The last day counts in full: days of legal time are compared, not instants. */
static bool is_over(struct wall_time valid_until, struct wall_time at)
{
        struct clock_fields day = clock_fields_of(at);
        return valid_until.ms && valid_until.ms < clock_from_fields(day.year, day.month, day.day, 0).ms;
}

const struct refusal_ground *completeness_ground(const struct service *service, enum route_kind route, bool expired)
{
        for (size_t i = 0; i < service->refusal_count; i++) {
                const struct refusal_ground *ground = &service->refusals[i];
                if (ground->in_use && ground->stage == REFUSAL_INTAKE && (!ground->routes || ground->routes & 1u << route) && str_eq(ground->id, expired ? "EXPIRED" : "INCOMPLETE"))
                        return ground;
        }
        return NULL;
}

enum gw_rc completeness_check(const struct service *service, enum route_kind route, const struct completeness_facts *facts, const struct document_given *given, size_t given_count,
                              struct completeness *ret, struct why *why)
{
        if (!iin_valid(facts->declarant_iin, false, NULL))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_INVALID, "declarantId is not an IIN");
        enum gw_rc rc = check_given(service, given, given_count, why);
        if (rc != GW_OK)
                return rc;
        struct completeness c = {.required_count = 0};
        for (size_t i = 0; i < service->document_count; i++) {
                const struct service_document *document = &service->documents[i];
                if (!completeness_requires(service, document, route, facts))
                        continue;
                c.required[c.required_count++] = document;
                const struct document_given *found = find_given(given, given_count, document->id);
                if (found && !is_over(found->valid_until, facts->at))
                        continue;
                c.gaps[c.gap_count++] = (struct document_gap){.document = document, .expired = found != NULL};
                c.refused = c.refused || completeness_ground(service, route, found != NULL);
        }
        *ret = c;
        return GW_OK;
}

enum gw_rc completeness_refuse(const struct completeness *completeness, struct why *why)
{
        if (!completeness->gap_count)
                return GW_OK;
        auto_buf struct buf names = BUF_INIT;
        for (size_t i = 0; i < completeness->gap_count; i++) {
                const struct document_gap *gap = &completeness->gaps[i];
                const char *paragraph = gap->document->paragraph;
                buf_printf(&names, "%s%s %s (%s%s%s)", i ? "; " : "", gap->document->id, gap->expired ? "expired" : "missing", document_condition_names[gap->document->condition],
                           paragraph ? ", " : "", paragraph ? paragraph : "");
        }
        return why_set(why, GW_REJECT, completeness->gaps[0].expired ? REASON_DOCUMENT_EXPIRED : REASON_DOCUMENT_MISSING, "%s", buf_cstr(&names));
}
