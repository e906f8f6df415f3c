/* Reads and judges paper applications. */
#include "gateway/provider/front_office.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

#define REFUSE(...) why_set(why, GW_REJECT, REASON_DATA_FORM, __VA_ARGS__)
#define PAGES_MAX 9999
#define NAME_MAX_BYTES 200

/* ---- reading ---- */

void front_application_free(struct front_application *application)
{
        if (!application)
                return;
        for (size_t i = 0; i < application->document_count; i++)
                free(application->documents[i].id);
        free(application->residence);
        free(application->applicant_name);
        application_free(application->application);
        xmlFreeDoc(application->document);
        buf_done(&application->bytes);
        free(application);
}

enum route_kind front_office_route_kind(const char *name)
{
        for (enum route_kind kind = 0; kind < ROUTE_KIND_COUNT; kind++)
                if (str_eq(route_kind_names[kind], name))
                        return kind;
        return ROUTE_NONE;
}

static bool read_flag(const char *text, bool *ret)
{
        *ret = str_eq(text, "true") || str_eq(text, "1");
        return *ret || str_eq(text, "false") || str_eq(text, "0");
}

static enum gw_rc read_route(const xmlNode *node, struct front_application *a, struct why *why)
{
        auto_str char *text = xml_text(node);
        a->route = front_office_route_kind(text);
        return a->route == ROUTE_NONE ? REFUSE("route is none of the known ones") : GW_OK;
}

static enum gw_rc read_residence(const xmlNode *node, struct front_application *a, struct why *why)
{
        a->residence = xml_attribute(node, NULL, "kato");
        return a->residence && kato_valid(a->residence, NULL) ? GW_OK : REFUSE("residence has no valid kato");
}

/* Printed on papers as it is: one line without control characters. */
static enum gw_rc read_name(const xmlNode *node, struct front_application *a, struct why *why)
{
        a->applicant_name = xml_text(node);
        size_t n = a->applicant_name ? strlen(a->applicant_name) : 0;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)a->applicant_name[i] < 0x20)
                        return REFUSE("applicantName has a control character");
        return n > 0 && n <= NAME_MAX_BYTES ? GW_OK : REFUSE("applicantName must have 1 to %d bytes", NAME_MAX_BYTES);
}

static enum gw_rc read_document(const xmlNode *node, struct front_application *a, struct why *why)
{
        if (a->document_count == SERVICE_DOCUMENTS_MAX)
                return REFUSE("more than %d documents", SERVICE_DOCUMENTS_MAX);
        struct front_document *d = &a->documents[a->document_count++];
        uint64_t pages = 0;
        d->id = xml_attribute(node, NULL, "id");
        auto_str char *count = xml_attribute(node, NULL, "pages"), *shown = xml_attribute(node, NULL, "originalShown"), *until = xml_attribute(node, NULL, "validUntil");
        if (!xml_is(node, FRONT_OFFICE_NS, "document") || !d->id)
                return REFUSE("documents/document %zu has no id", a->document_count);
        if (!count || !text_to_u64(count, 1, PAGES_MAX, &pages))
                return REFUSE("documents/document %zu: pages must be 1 to %d", a->document_count, PAGES_MAX);
        if (!read_flag(shown, &d->original_shown))
                return REFUSE("documents/document %zu: originalShown must be true or false", a->document_count);
        if (until && clock_parse_date(until, &d->valid_until) != GW_OK)
                return REFUSE("documents/document %zu: validUntil must be yyyy-mm-dd", a->document_count);
        d->pages = (unsigned)pages;
        return GW_OK;
}

static enum gw_rc read_documents(const xmlNode *node, struct front_application *a, struct why *why)
{
        for (const xmlNode *child = xml_first_element(node); child; child = xml_next_element(child)) {
                enum gw_rc rc = read_document(child, a, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc read_consent(const xmlNode *node, struct front_application *a, struct why *why)
{
        auto_str char *written = xml_attribute(node, NULL, "written"), *date = xml_attribute(node, NULL, "date");
        if (!read_flag(written, &a->consent_written))
                return REFUSE("consent: written must be true or false");
        return date && clock_parse_date(date, &a->consent_date) == GW_OK ? GW_OK : REFUSE("consent: date must be yyyy-mm-dd");
}

static enum gw_rc read_accept(const xmlNode *node, struct front_application *a, struct why *why)
{
        auto_str char *text = xml_text(node);
        return read_flag(text, &a->accept_incomplete) ? GW_OK : REFUSE("acceptIncomplete must be true or false");
}

static enum gw_rc read_application(const xmlNode *node, struct front_application *a, struct why *why)
{
        a->document = xml_subtree_doc(node);
        if (!a->document || !xml_c14n(a->document, &a->bytes))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        return application_read(xmlDocGetRootElement(a->document), &a->application, why);
}

/* In this order, each once. */
static const struct part {
        const char *ns, *name;
        bool required;
        enum gw_rc (*read)(const xmlNode *node, struct front_application *a, struct why *why);
} parts[] = {
        {FRONT_OFFICE_NS, "route", true, read_route}, {FRONT_OFFICE_NS, "residence", false, read_residence}, {FRONT_OFFICE_NS, "applicantName", true, read_name},
        {FRONT_OFFICE_NS, "documents", true, read_documents}, {FRONT_OFFICE_NS, "consent", false, read_consent},
        {FRONT_OFFICE_NS, "acceptIncomplete", false, read_accept}, {APPLICATION_NS, "application", true, read_application},
};

static enum gw_rc read_parts(const xmlNode *root, struct front_application *a, struct why *why)
{
        const xmlNode *node = xml_first_element(root);
        for (size_t i = 0; i < GW_COUNT(parts); i++) {
                if (!node || !xml_is(node, parts[i].ns, parts[i].name)) {
                        if (parts[i].required)
                                return REFUSE("%s is missing, or not in its place", parts[i].name);
                        continue;
                }
                enum gw_rc rc = parts[i].read(node, a, why);
                if (rc != GW_OK)
                        return rc;
                node = xml_next_element(node);
        }
        return node ? REFUSE("there is something after, between or twice that is not known") : GW_OK;
}

enum gw_rc front_application_read(const xmlNode *root, struct front_application **ret, struct why *why)
{
        if (!xml_is(root, FRONT_OFFICE_NS, "paperApplication"))
                return REFUSE("not a paperApplication");
        auto_front_application struct front_application *a = xcalloc(1, sizeof *a);
        a->bytes = (struct buf)BUF_INIT;
        enum gw_rc rc = read_parts(root, a, why);
        if (rc == GW_OK)
                *ret = gw_take(&a);
        return rc;
}

/* ---- judging: the way ---- */

#define UNAVAILABLE(...) why_set(why, GW_REJECT, REASON_SERVICE_NOT_AVAILABLE, __VA_ARGS__)

static enum gw_rc find_service(const struct front_question *q, const char *code, struct front_verdict *v, struct why *why)
{
        v->service = catalogue_find(q->catalogue, code, q->at);
        if (v->service)
                return GW_OK;
        catalogue_explain(q->catalogue, code, q->at, why);
        why->reason = REASON_SERVICE_UNKNOWN;
        return GW_REJECT;
}

/* The way that stands in front of this one is there for people of that place: an organisation of its kind is configured (services.md A.1: only without a Centre). */
static enum gw_rc check_only_without(const struct front_question *q, const struct front_verdict *v, const char *residence, struct why *why)
{
        enum route_kind other = v->route->only_without;
        if (other == ROUTE_NONE)
                return GW_OK;
        if (!residence)
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "residence is needed on the route %s", route_kind_names[v->route->kind]);
        for (size_t i = 0; i < q->settings->organisation_count; i++) {
                const struct organisation_settings *o = &q->settings->organisations[i];
                if (organisation_route(organisation_kind_of(o)) == other && organisation_serves(o, v->service->code) && organisation_covers(o, residence))
                        return UNAVAILABLE("paragraph %s: only where there is no %s at the place of residence; there is one (%s)", v->route->paragraph, route_kind_names[other], o->id);
        }
        return GW_OK;
}

static enum gw_rc find_route(const struct front_question *q, enum route_kind kind, const char *residence, struct front_verdict *v, struct why *why)
{
        const struct service *service = v->service;
        for (size_t i = 0; i < service->excluded_count; i++)
                if (service->excluded[i].kind == kind)
                        return UNAVAILABLE("ruled out by paragraph %s of act No. %.40s: %.120s", service->excluded[i].paragraph, service->acts[service->act_count - 1].number,
                                           service->excluded[i].text.en);
        v->route = service_route(service, kind);
        if (!v->route || kind == ROUTE_PORTAL)
                return UNAVAILABLE("the service has no route %s over a counter", route_kind_names[kind]);
        if (!v->route->offered)
                return UNAVAILABLE("the route %s is not offered", route_kind_names[kind]);
        return check_only_without(q, v, residence, why);
}

/* An akim's office that is itself a provider of the service takes applications in like any provider's office (A.5 row 6). */
static bool is_akim_provider(const struct service *service, enum organisation_kind kind, enum route_kind route)
{
        for (size_t i = 0; i < service->provider_count; i++)
                if (kind == ORGANISATION_AKIM && service->providers[i].kind == PROVIDER_AKIM && service->providers[i].route == route)
                        return true;
        return false;
}

static enum gw_rc check_organisation(const struct front_question *q, const struct front_verdict *v, struct why *why)
{
        const struct organisation_settings *o = settings_organisation(q->settings, q->actor->organisation);
        enum route_kind route = v->route->kind;
        if (!o || !organisation_serves(o, v->service->code))
                return why_set(why, GW_REJECT, REASON_ORGANISATION_ROUTE, "%s does not work on %s", q->actor->organisation, v->service->code);
        if (organisation_route(q->actor->kind) == route || is_akim_provider(v->service, q->actor->kind, route))
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_ORGANISATION_ROUTE, "%s is of kind %s, which has nothing to do with the route %s", o->id, organisation_kind_names[q->actor->kind], route_kind_names[route]);
}

/* REFUSE_INTAKE: the act must have such a step on this route. */
static enum gw_rc check_step(const struct front_question *q, struct front_verdict *v, struct why *why)
{
        for (size_t i = 0; i < v->route->step_count && !v->step; i++)
                if (v->route->steps[i].act == q->act)
                        v->step = &v->route->steps[i];
        if (!v->step)
                return why_set(why, GW_REJECT, REASON_REFUSAL_WITHOUT_GROUND, "the act knows no refusal at intake on the route %s", route_kind_names[v->route->kind]);
        if (actor_has_role(q->actor, v->step->by))
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "%s is for %s", step_act_names[q->act], staff_role_names[v->step->by]);
}

enum gw_rc front_office_route(const struct front_question *question, const char *service_code, enum route_kind route, const char *residence, struct front_verdict *ret, struct why *why)
{
        *ret = (struct front_verdict){.service = NULL};
        enum gw_rc rc = find_service(question, service_code, ret, why);
        if (rc == GW_OK)
                rc = find_route(question, route, residence, ret, why);
        if (rc == GW_OK)
                rc = check_organisation(question, ret, why);
        return rc == GW_OK ? check_step(question, ret, why) : rc;
}

/* ---- judging: what was brought ---- */

/* Whoever decides: the front office itself where it is the provider, else a provider of the kind that the route leads to. */
static enum gw_rc check_provider(const struct front_question *q, const struct front_verdict *v, const char *bin, struct why *why)
{
        const struct organisation_settings *o = settings_organisation_of_bin(q->settings, bin);
        enum route_kind route = v->route->kind;
        enum organisation_kind kind = o ? organisation_kind_of(o) : ORGANISATION_KIND_COUNT;
        bool decides = o && organisation_serves(o, v->service->code) && organisation_deciding(route) & 1U << kind &&
                       (kind != ORGANISATION_AKIM || is_akim_provider(v->service, kind, ROUTE_OFFICE));
        if (!decides)
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "providerBin is not a provider that decides on the route %s", route_kind_names[route]);
        if ((route == ROUTE_OFFICE || route == ROUTE_AUTH_BODY) && !str_eq(bin, q->actor->bin))
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "providerBin must be the organisation itself on the route %s", route_kind_names[route]);
        return GW_OK;
}

static enum gw_rc check_person(const struct front_question *q, const struct application *a, struct why *why)
{
        if (!iin_valid(a->declarant_iin, q->iin_check_digit, NULL))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_INVALID, "declarantId");
        if (a->representative_iin && !iin_valid(a->representative_iin, q->iin_check_digit, NULL))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_INVALID, "representative/iin");
        return GW_OK;
}

static enum gw_rc check_form(const struct front_question *q, struct front_verdict *v, const struct front_application *a, struct why *why)
{
        enum gw_rc rc = service_check_form(v->service, a->document, &v->mistake, why);
        if (rc == GW_OK && v->route->consent && (!a->consent_written || a->consent_date.ms > q->at.ms))
                return why_set(why, GW_REJECT, REASON_CONSENT_MISSING, "%s", a->consent_written ? "consent/@date is in the future" : "there is no written consent");
        if (rc == GW_OK)
                rc = check_person(q, a->application, why);
        if (rc == GW_OK)
                rc = check_provider(q, v, a->application->provider_bin, why);
        return rc == GW_OK ? service_check_attachments(v->service, v->route, a->application, why) : rc;
}

static struct completeness_facts facts_of(const struct front_question *q, const struct front_application *a)
{
        struct completeness_facts facts = {.declarant_iin = a->application->declarant_iin, .representative = a->application->representative_iin != NULL, .at = q->at};
        for (size_t i = 0; completeness_fields[i]; i++) {
                auto_str char *value = application_field(xmlDocGetRootElement(a->document), completeness_fields[i]);
                completeness_note(&facts, completeness_fields[i], value);
        }
        return facts;
}

/* Gaps for which the act has a refusal end the intake; others are registered when the employee says so, and are the decision's matter. */
static enum gw_rc check_package(const struct front_question *q, const struct front_application *a, struct front_verdict *v, struct why *why)
{
        struct completeness_facts facts = facts_of(q, a);
        for (size_t i = 0; i < a->document_count; i++)
                v->given[i] = (struct document_given){.id = a->documents[i].id, .valid_until = a->documents[i].valid_until};
        enum gw_rc rc = completeness_check(v->service, v->route->kind, &facts, v->given, a->document_count, &v->completeness, why);
        if (rc != GW_OK)
                return rc;
        if (q->act == ACT_REFUSE_INTAKE)
                return v->completeness.refused ? GW_OK : why_set(why, GW_REJECT, REASON_REFUSAL_WITHOUT_GROUND, "nothing that the act names is missing or has expired");
        return !v->completeness.refused && a->accept_incomplete ? GW_OK : completeness_refuse(&v->completeness, why);
}

enum gw_rc front_office_judge(const struct front_question *question, const struct front_application *application, struct front_verdict *ret, struct why *why)
{
        const struct application *a = application->application;
        enum gw_rc rc = front_office_route(question, a->service_code, application->route, application->residence, ret, why);
        if (rc == GW_OK)
                rc = check_form(question, ret, application, why);
        return rc == GW_OK ? check_package(question, application, ret, why) : rc;
}

/* ---- the package in words ---- */

#define PACKAGE "documents "

void front_office_describe(const struct front_application *application, struct buf *out)
{
        buf_printf(out, PACKAGE "%zu:", application->document_count);
        for (size_t i = 0; i < application->document_count; i++)
                buf_printf(out, "%s %s", i ? "," : "", application->documents[i].id);
}

size_t front_office_described(const char *text)
{
        uint64_t count = 0;
        if (!str_starts(text, PACKAGE))
                return 0;
        auto_str char *digits = xstrndup(text + strlen(PACKAGE), strcspn(text + strlen(PACKAGE), ":"));
        return text_to_u64(digits, 0, SERVICE_DOCUMENTS_MAX, &count) ? (size_t)count : 0;
}

bool front_office_describes(const char *text, const char *document)
{
        size_t n = strlen(document);
        const char *at = front_office_described(text) ? strchr(text, ':') : NULL;
        for (; at; at = strchr(at + 1, ','))
                if (at[1] == ' ' && strncmp(at + 2, document, n) == 0 && (at[2 + n] == ',' || at[2 + n] == '\0'))
                        return true;
        return false;
}
