/* One file of the catalogue. For gateway/catalogue only. */
#ifndef GW_CATALOGUE_SERVICE_FILE_H
#define GW_CATALOGUE_SERVICE_FILE_H

#include "gateway/catalogue/catalogue.h"

GW_DEFINE_AUTO(xmlschema, xmlSchema, xmlSchemaFree)

/* What all files are read with. */
struct service_schemas {
        xmlDoc *catalogue_doc;
        xmlSchema *catalogue;
        xmlDoc *application_doc; /* without app:form */
};
/* Reads FOLDER/catalogue.xsd and FOLDER/application.xsd. Zeroed by the caller; done() also after a failure. */
GW_MUST_CHECK enum gw_rc service_schemas_open(const char *folder, struct service_schemas *schemas, struct why *why);
void service_schemas_done(struct service_schemas *schemas);

/* Fills a zeroed service; service_done() also after a failure. Details begin with "NAME:". */
GW_MUST_CHECK enum gw_rc service_file_read(const char *folder, const char *name, const struct service_schemas *schemas,
                                           struct service *service, struct why *why);
void service_done(struct service *service);

#endif
