/* What the readers of a service file's parts share. For gateway/catalogue only. The file has passed catalogue.xsd when they run, so they look only at what a
 * schema cannot say. Each fills what service_done() frees, also after a failure. */
#ifndef GW_CATALOGUE_SERVICE_PARTS_H
#define GW_CATALOGUE_SERVICE_PARTS_H

#include "gateway/catalogue/catalogue.h"

#define CATALOGUE_NS "urn:egov-gateway:catalogue:1"

/* Where an error of the file is said. */
struct place {
        const char *name;
        struct why *why;
        bool said;
};
/* GW_FAULT CONFIGURATION "FILE:LINE: …" */
enum gw_rc place_fail(const struct place *place, long line, const char *format, ...) GW_PRINTF(3, 4);

struct text3 read_texts(const xmlNode *parent);
struct text2 read_texts2(const xmlNode *parent);
void text3_done(struct text3 *text);
void text2_done(struct text2 *text);
void list_free(char **list);
size_t count_elements(const xmlNode *parent, const char *name);
/* Children of parent with that name, or all with NULL. */
#define each_element(at, parent, name)                                                                   \
        for (const xmlNode *at = xml_first_element(parent); at; at = xml_next_element(at))               \
                if (!(name) || xml_is(at, CATALOGUE_NS, (name)))
bool read_bool(const xmlNode *node, const char *attribute, bool otherwise);
unsigned read_number(const xmlNode *node, const char *attribute); /* 0 when absent */
/* Index of the attribute's value in the NULL-terminated words, or `otherwise` when it is absent. */
int read_word(const xmlNode *node, const char *attribute, const char *const *words, int otherwise);
unsigned read_route_kinds(const xmlNode *node, const char *attribute); /* as bits */
/* A day; next: the instant after it. */
GW_MUST_CHECK enum gw_rc read_day(const xmlNode *node, const char *attribute, bool next, struct wall_time *ret_time, const struct place *place);

GW_MUST_CHECK enum gw_rc service_read_acts(const xmlNode *root, struct service *service, const struct place *place);
void service_read_passport(const xmlNode *root, struct service *service);
GW_MUST_CHECK enum gw_rc service_read_channels(const xmlNode *root, struct service *service, const struct place *place);
/* Who does what on a route: every step by somebody of the right side, registered once, signed once. */
GW_MUST_CHECK enum gw_rc service_check_acts(const xmlNode *node, const struct route *route, const struct place *place);
GW_MUST_CHECK enum gw_rc service_read_routes(const xmlNode *root, struct service *service, const struct place *place);
GW_MUST_CHECK enum gw_rc service_read_papers(const xmlNode *root, struct service *service, const struct place *place);
/* References between the parts: every name must be there. */
GW_MUST_CHECK enum gw_rc service_check_parts(const xmlNode *root, const struct service *service, const struct place *place);
GW_MUST_CHECK enum gw_rc service_read_form(const xmlNode *form, struct service *service, const struct place *place);
void service_passport_done(struct service *service);
void service_routes_done(struct service *service);
void service_papers_done(struct service *service);
void service_form_done(struct service *service);

#endif
