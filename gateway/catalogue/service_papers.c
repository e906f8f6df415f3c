/* Documents, papers and refusals of a service, and the references between its parts. */
#include "gateway/catalogue/service_parts.h"

#include <stdlib.h>
#include <string.h>

#define X(name) #name,
const char *const document_condition_names[] = {DOCUMENT_CONDITIONS NULL};
const char *const paper_kind_names[] = {PAPER_KINDS NULL};
#undef X
const char *const refusal_stage_names[] = {"INTAKE", "DECISION", NULL};

static enum basis basis_of(const xmlNode *node)
{
        return (enum basis)read_word(node, "basis", basis_names, BASIS_REGULATION);
}

static void read_paper(const xmlNode *node, struct service_paper *paper)
{
        *paper = (struct service_paper){
                .id = xml_attribute(node, NULL, "id"),
                .form = xml_attribute(node, NULL, "form"),
                .paragraph = xml_attribute(node, NULL, "paragraph"),
                .kind = (enum paper_kind)read_word(node, "kind", paper_kind_names, PAPER_NOTIFICATION),
                .name = read_texts(xml_child(node, CATALOGUE_NS, "name")),
                .basis = basis_of(node),
        };
        paper->fields = xcalloc(count_elements(node, "field"), sizeof *paper->fields);
        each_element(field, node, "field")
                paper->fields[paper->field_count++] = (struct paper_field){.id = xml_attribute(field, NULL, "id"), .name = read_texts(field), .basis = basis_of(field)};
}

static void read_document(const xmlNode *node, struct service_document *document)
{
        *document = (struct service_document){
                .id = xml_attribute(node, NULL, "id"),
                .paragraph = xml_attribute(node, NULL, "paragraph"),
                .name = read_texts(node),
                .condition = (enum document_condition)read_word(node, "condition", document_condition_names, DOCUMENT_ALWAYS),
                .routes = read_route_kinds(node, "routes"),
                .basis = basis_of(node),
        };
}

static void read_refusal(const xmlNode *node, struct refusal_ground *refusal)
{
        *refusal = (struct refusal_ground){
                .id = xml_attribute(node, NULL, "id"),
                .paragraph = xml_attribute(node, NULL, "paragraph"),
                .paper = xml_attribute(node, NULL, "paper"),
                .stage = (enum refusal_stage)read_word(node, "stage", refusal_stage_names, REFUSAL_DECISION),
                .ground = read_texts(node),
                .routes = read_route_kinds(node, "routes"),
                .basis = basis_of(node),
                .in_use = read_bool(node, "inUse", true),
        };
}

/* "58.5" years. */
static int read_months(const xmlNode *node, const char *attribute)
{
        auto_str char *years = xml_attribute(node, NULL, attribute);
        return years ? (int)(strtod(years, NULL) * 12) : 0;
}

static enum gw_rc read_pension_ages(const xmlNode *documents, struct service *service, const struct place *place)
{
        service->pension_ages = xcalloc(count_elements(documents, "pensionAge"), sizeof *service->pension_ages);
        each_element(node, documents, "pensionAge") {
                struct pension_age *age = &service->pension_ages[service->pension_age_count++];
                *age = (struct pension_age){.men = read_months(node, "men"), .women = read_months(node, "women")};
                enum gw_rc rc = read_day(node, "from", false, &age->from, place);
                if (rc != GW_OK)
                        return rc;
                if (service->pension_age_count > 1 && age->from.ms <= age[-1].from.ms)
                        return place_fail(place, xmlGetLineNo(node), "the days of pensionAge do not go up");
        }
        for (size_t i = 0; i < service->document_count; i++)
                if (service->documents[i].condition == DOCUMENT_PENSION_AGE && !service->pension_age_count)
                        return place_fail(place, xmlGetLineNo(documents), "document %s is asked for at PENSION_AGE, but no pensionAge is told", service->documents[i].id);
        return GW_OK;
}

enum gw_rc service_read_papers(const xmlNode *root, struct service *service, const struct place *place)
{
        const xmlNode *documents = xml_child(root, CATALOGUE_NS, "documents");
        const xmlNode *papers = xml_child(root, CATALOGUE_NS, "papers"), *refusals = xml_child(root, CATALOGUE_NS, "refusals");
        service->originals_returned = documents && read_bool(documents, "originalsReturned", false);
        service->documents = xcalloc(count_elements(documents, "document"), sizeof *service->documents);
        service->papers = xcalloc(count_elements(papers, NULL), sizeof *service->papers);
        service->refusals = xcalloc(count_elements(refusals, NULL), sizeof *service->refusals);
        each_element(node, documents, "document")
                read_document(node, &service->documents[service->document_count++]);
        each_element(node, papers, NULL)
                read_paper(node, &service->papers[service->paper_count++]);
        each_element(node, refusals, NULL)
                read_refusal(node, &service->refusals[service->refusal_count++]);
        return read_pension_ages(documents, service, place);
}

/* ---- references ---- */

static bool has_paper(const struct service *service, const char *id)
{
        for (size_t i = 0; i < service->paper_count; i++)
                if (str_eq(service->papers[i].id, id))
                        return true;
        return false;
}

/* Attributes paper, route (unless it is that of a channel, checked there) and routes of one element. */
static enum gw_rc check_references(const xmlNode *node, const struct service *service, const struct place *place)
{
        auto_str char *paper = xml_attribute(node, NULL, "paper");
        if (paper && !has_paper(service, paper))
                return place_fail(place, xmlGetLineNo(node), "there is no paper %s", paper);
        unsigned kinds = read_route_kinds(node, "routes") | read_route_kinds(node, "route");
        for (int kind = 0; kind < ROUTE_KIND_COUNT; kind++)
                if (kinds & 1u << kind && !service_route(service, (enum route_kind)kind))
                        return place_fail(place, xmlGetLineNo(node), "the service has no route %s", route_kind_names[kind]);
        return GW_OK;
}

static enum gw_rc check_tree(const xmlNode *parent, const struct service *service, const struct place *place)
{
        each_element(node, parent, NULL) {
                enum gw_rc rc = check_references(node, service, place);
                if (rc == GW_OK && xml_is(node, CATALOGUE_NS, "route"))
                        rc = check_tree(node, service, place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

enum gw_rc service_check_parts(const xmlNode *root, const struct service *service, const struct place *place)
{
        static const char *const parts[] = {"providers", "routes", "documents", "refusals"};
        for (size_t i = 0; i < GW_COUNT(parts); i++) {
                enum gw_rc rc = check_tree(xml_child(root, CATALOGUE_NS, parts[i]), service, place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

void service_papers_done(struct service *service)
{
        for (size_t i = 0; i < service->document_count; i++) {
                free(service->documents[i].id);
                free(service->documents[i].paragraph);
                text3_done(&service->documents[i].name);
        }
        for (size_t i = 0; i < service->paper_count; i++) {
                struct service_paper *paper = &service->papers[i];
                free(paper->id);
                free(paper->form);
                free(paper->paragraph);
                text3_done(&paper->name);
                for (size_t k = 0; k < paper->field_count; k++) {
                        free(paper->fields[k].id);
                        text3_done(&paper->fields[k].name);
                }
                free(paper->fields);
        }
        for (size_t i = 0; i < service->refusal_count; i++) {
                free(service->refusals[i].id);
                free(service->refusals[i].paragraph);
                free(service->refusals[i].paper);
                text3_done(&service->refusals[i].ground);
        }
        free(service->documents);
        free(service->pension_ages);
        free(service->papers);
        free(service->refusals);
}
