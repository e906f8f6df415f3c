/* The passport of a service: its acts, who gives it, in what form, who may apply, through which channels. */
#include "gateway/catalogue/service_parts.h"

#include <stdlib.h>
#include <string.h>

const char *const provider_kind_names[] = {"DEPARTMENT", "AKIM", "AUTHORISED_BODY", NULL};
const char *const applicant_kind_names[] = {"PERSON", "FAMILY", "PARENT", "REPRESENTATIVE", "MEDICAL_ORGANISATION", "EXCLUDED", NULL};

static enum gw_rc read_act(const xmlNode *node, struct legal_act *act, const struct place *place)
{
        act->number = xml_attribute(node, NULL, "number");
        act->registered = xml_attribute(node, NULL, "registered");
        act->repealed_by = xml_attribute(node, NULL, "repealedBy");
        act->name = read_texts(node);
        enum gw_rc rc = read_day(node, "date", false, &act->date, place);
        if (rc == GW_OK)
                rc = read_day(node, "from", false, &act->from, place);
        if (rc == GW_OK)
                rc = read_day(node, "to", true, &act->to, place);
        if (rc == GW_OK && act->to.ms != 0 && act->to.ms <= act->from.ms)
                rc = place_fail(place, xmlGetLineNo(node), "legalAct to is before from");
        return rc;
}

enum gw_rc service_read_acts(const xmlNode *root, struct service *service, const struct place *place)
{
        service->acts = xcalloc(count_elements(root, "legalAct"), sizeof *service->acts);
        each_element(node, root, "legalAct") {
                enum gw_rc rc = read_act(node, &service->acts[service->act_count++], place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static void read_provider(const xmlNode *node, struct service_provider *provider)
{
        *provider = (struct service_provider){
                .kind = (enum provider_kind)read_word(node, "kind", provider_kind_names, PROVIDER_DEPARTMENT),
                .name = read_texts(node),
                .paragraph = xml_attribute(node, NULL, "paragraph"),
                .route = (enum route_kind)read_word(node, "route", route_kind_names, ROUTE_NONE),
        };
}

static void read_applicant(const xmlNode *node, struct service_applicant *applicant)
{
        *applicant = (struct service_applicant){
                .kind = (enum applicant_kind)read_word(node, "kind", applicant_kind_names, APPLICANT_PERSON),
                .name = read_texts(node),
                .paragraph = xml_attribute(node, NULL, "paragraph"),
                .basis = (enum basis)read_word(node, "basis", basis_names, BASIS_REGULATION),
        };
}

void service_read_passport(const xmlNode *root, struct service *service)
{
        const xmlNode *providers = xml_child(root, CATALOGUE_NS, "providers");
        service->providers = xcalloc(count_elements(providers, NULL), sizeof *service->providers);
        each_element(node, providers, NULL)
                read_provider(node, &service->providers[service->provider_count++]);
        const xmlNode *forms = xml_child(root, CATALOGUE_NS, "forms");
        service->electronic = read_bool(forms, "electronic", false);
        service->paper = read_bool(forms, "paper", false);
        service->called_automated = read_bool(forms, "automated", false);
        const xmlNode *applicants = xml_child(root, CATALOGUE_NS, "applicants");
        service->applicants = xcalloc(count_elements(applicants, NULL), sizeof *service->applicants);
        each_element(node, applicants, NULL)
                read_applicant(node, &service->applicants[service->applicant_count++]);
}

/* What an automated channel accepts must have a due moment, so the route it counts by must have limits; nobody but the gateway works on the Portal's route. */
static enum gw_rc read_channel(const xmlNode *node, bool automated, struct service *service, size_t index, const struct place *place)
{
        enum route_kind kind = (enum route_kind)read_word(node, "route", route_kind_names, ROUTE_PORTAL);
        const struct route *route = service_route(service, kind);
        const char *name = service->channels[index], *route_name = route_kind_names[kind];
        if (!route)
                return place_fail(place, xmlGetLineNo(node), "channel %s: the service has no route %s", name, route_name);
        if (!route->offered)
                return place_fail(place, xmlGetLineNo(node), "channel %s: the route %s is not offered", name, route_name);
        if (!automated && kind == ROUTE_PORTAL)
                return place_fail(place, xmlGetLineNo(node), "channel %s: nobody works on the route PORTAL of a service that is not automated", name);
        if (automated && !route_has_limits(route))
                return place_fail(place, xmlGetLineNo(node), "channel %s: the route %s states no limit (limitsOf)", name, route_name);
        service->channel_routes[index] = route;
        return GW_OK;
}

enum gw_rc service_read_channels(const xmlNode *root, struct service *service, const struct place *place)
{
        const xmlNode *channels = xml_child(root, CATALOGUE_NS, "channels"), *automated = xml_child(root, CATALOGUE_NS, "automated");
        if (automated && !channels)
                return place_fail(place, xmlGetLineNo(automated), "automated, but through no channel");
        service->channel_routes = xcalloc(count_elements(channels, NULL) + 1, sizeof *service->channel_routes);
        size_t index = 0;
        each_element(node, channels, NULL) {
                enum gw_rc rc = read_channel(node, automated != NULL, service, index++, place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

void service_passport_done(struct service *service)
{
        for (size_t i = 0; i < service->act_count; i++) {
                struct legal_act *act = &service->acts[i];
                free(act->number);
                free(act->registered);
                free(act->repealed_by);
                text3_done(&act->name);
        }
        for (size_t i = 0; i < service->provider_count; i++) {
                text3_done(&service->providers[i].name);
                free(service->providers[i].paragraph);
        }
        for (size_t i = 0; i < service->applicant_count; i++) {
                text3_done(&service->applicants[i].name);
                free(service->applicants[i].paragraph);
        }
        free(service->acts);
        free(service->providers);
        free(service->applicants);
        free(service->channel_routes);
}
