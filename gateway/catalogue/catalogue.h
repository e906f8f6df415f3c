/* The services as data: one XML file in conf/services per service and version, checked when the gateway starts.
 *
 * A mistake in a file stops the start with file, line and reason. A request is handled by the version in force at its acceptance.
 * Read-only after opening; shared by the loops. */
#ifndef GW_CATALOGUE_CATALOGUE_H
#define GW_CATALOGUE_CATALOGUE_H

#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>

#include "gateway/base/clock.h"
#include "gateway/base/why.h"
#include "gateway/catalogue/documents.h"
#include "gateway/catalogue/refusals.h"
#include "gateway/catalogue/routes.h"
#include "gateway/files/attachment.h"
#include "gateway/xml/xml.h"

/* The application document, common to all services (conf/services/application.xsd): */
#define APPLICATION_NS "urn:egov-gateway:application:1"
/* <application xmlns="urn:egov-gateway:application:1">
 *   <requestNumber>10100000000001</requestNumber>   the portal's number, 14 digits
 *   <serviceCode>TSA_CERT</serviceCode>
 *   <requestDate>2026-11-22T19:30:37.123+05:00</requestDate>
 *   <language>kk|ru</language>
 *   <providerBin>160640900019</providerBin>
 *   <declarantId>850412390011</declarantId>          IIN of the person it is about
 *   [<representative><iin/><basis>PARENT|GUARDIAN|TRUSTEE</basis></representative>]
 *   <consent>true</consent>                          services.md A.5 row 5
 *   [<attachments><attachment name="…" size="…" sha256="…" document="D4"/> … </attachments>]   the bytes come beside it
 *   <form> … the service's own fields … </form>
 *   <ds:Signature/>   (gone once verified)
 * </application> */

struct template;
/* How a system of the case is asked. */
struct service_question {
        char *adapter;                /* of that name; several questions may be of one, "gbdfl" and "child" */
        char *iin_field;              /* field of the form that holds the IIN asked about; NULL: the declarant's */
        char *account_field;          /* field of the form that holds the IBAN to ask about, or NULL */
};
struct service_rule {
        char *id;
        char *outcome;                /* POSITIVE | NEGATIVE | REFUSED | WAIT */
        xmlXPathCompExpr *test;       /* over the case document; first true rule wins */
        struct text3 reason;
};
struct legal_act {
        char *number, *registered, *repealed_by; /* registered, repealed_by: NULL when not told */
        struct text3 name;
        struct wall_time date, from, to; /* to: the instant after its last day; from, to .ms 0: not told */
};
enum provider_kind { PROVIDER_DEPARTMENT, PROVIDER_AKIM, PROVIDER_AUTHORISED_BODY };
extern const char *const provider_kind_names[4];
struct service_provider {
        enum provider_kind kind;
        struct text3 name;
        char *paragraph;
        enum route_kind route;        /* it follows that route's steps, its own people in their roles; ROUTE_NONE */
};
enum applicant_kind { APPLICANT_PERSON, APPLICANT_FAMILY, APPLICANT_PARENT, APPLICANT_REPRESENTATIVE, APPLICANT_MEDICAL_ORGANISATION, APPLICANT_EXCLUDED };
extern const char *const applicant_kind_names[7];
struct service_applicant {
        enum applicant_kind kind;
        struct text3 name;
        char *paragraph;
        enum basis basis;
};
struct service {
        char *code, *version;         /* "TSA_CERT", "2018-1" */
        char *file;                   /* its name in the folder */
        struct text3 name;
        struct text3 withdrawn_by;    /* why it is withdrawn */
        struct text3 generic;         /* the acts hold only its name: why its route is a general one */
        struct legal_act *acts;
        size_t act_count;
        struct service_provider *providers;
        size_t provider_count;
        bool electronic, paper, called_automated; /* form of the service as the act calls it */
        struct service_applicant *applicants;
        size_t applicant_count;
        struct route *routes;
        size_t route_count;
        struct excluded_route *excluded;
        size_t excluded_count;
        struct service_document *documents;
        size_t document_count;
        bool originals_returned;
        struct pension_age *pension_ages; /* in order; some where a document is asked for at PENSION_AGE */
        size_t pension_age_count;
        struct service_paper *papers;
        size_t paper_count;
        struct refusal_ground *refusals;
        size_t refusal_count;
        struct form_field *fields;
        size_t field_count;
        struct wall_time valid_from, valid_to; /* valid_to.ms 0 = open */
        bool automated;               /* what comes through `channels` is answered by the gateway alone; otherwise by people, on the channel's route */
        bool withdrawn;
        bool representatives;         /* may a representative apply? */
        bool one_open;                /* a person has one open request of it at a time; a person and a value of the form's field `one_per` when that is named */
        char *one_per;
        char **shep_service_ids;      /* serviceId values that select it; NULL-terminated */
        char **channels;              /* "shep-sync", …; NULL-terminated; empty: asked for at the front office only */
        const struct route **channel_routes; /* the same order: whose limits count */
        char **systems;               /* state systems to ask; NULL-terminated; order = order of the case */
        size_t system_count;
        struct service_question *questions; /* one for each of systems */
        xmlNode *data;                /* the service's own tables (amounts by district and day), copied into the case as /case/data; or NULL */
        xmlDoc *data_doc;             /* owns it */
        struct service_rule *rules;
        size_t rule_count;
        xmlSchema *schema;            /* application incl. the service's form; NULL when withdrawn */
        xmlDoc *schema_doc;           /* owns the nodes that schema points to */
        struct template *result_template; /* template.h; NULL when not automated */
        struct template *print_template;  /* over the result document; NULL: results are not printed */
        char *provider_key;           /* key id that signs results ("head") */
};
struct catalogue;
/* GW_FAULT CONFIGURATION, detail "FILE:LINE: what". folder holds *.xml, catalogue.xsd and application.xsd. Names of systems and keys
 * are not known here: the caller compares them with its adapters and keys. */
GW_MUST_CHECK enum gw_rc catalogue_open(const char *folder, struct catalogue **ret_catalogue, struct why *why);
void catalogue_close(struct catalogue *catalogue);
size_t catalogue_count(const struct catalogue *catalogue);
const struct service *catalogue_at(const struct catalogue *catalogue, size_t index);
/* The version in force at `at`. NULL: unknown, withdrawn or not in force. */
const struct service *catalogue_find(const struct catalogue *catalogue, const char *code, struct wall_time at);
bool service_has_shep_id(const struct service *service, const char *shep_service_id);
bool service_has_channel(const struct service *service, const char *channel);
/* NULL when the service has none of that kind or channel. */
const struct route *service_route(const struct service *service, enum route_kind kind);
const struct route *service_channel_route(const struct service *service, const char *channel);
/* Why catalogue_find() finds nothing, for a detail: "withdrawn …", "in force from … to …", or that there is none of that code. */
void catalogue_explain(const struct catalogue *catalogue, const char *code, struct wall_time at, struct why *why);
/* Every route's schedule must be one of the calendar's. GW_FAULT CONFIGURATION. */
GW_MUST_CHECK enum gw_rc catalogue_check_calendar(const struct catalogue *catalogue, const struct calendar *calendar, struct why *why);
struct application;
/* Every file of the application must be one of the documents that the service knows on that route. FORM_INVALID. */
GW_MUST_CHECK enum gw_rc service_check_attachments(const struct service *service, const struct route *route, const struct application *application, struct why *why);

/* Text of a field of the verified application's form, by form_field.path; the caller's. NULL: not there. */
char *application_field(const xmlNode *root, const char *path);

/* Whose request it is, where a person may have one open request of the service at a time: the declarant, with the value of `one_per`. The caller's; NULL: any number. */
char *service_subject(const struct service *service, const xmlNode *root);

/* The fields of the application that every stage needs; strings owned. */
struct application {
        char *request_number, *service_code, *language, *provider_bin, *declarant_iin, *representative_iin, *representative_basis;
        struct wall_time request_date;
        bool consent;
        struct attachment_listed *attachments;
        size_t attachment_count;
};
void application_free(struct application *application);
GW_DEFINE_AUTO(application, struct application, application_free)
#define auto_application gw_auto(application)
/* From the verified root alone. DATA_FORM when it is not an application or a field is missing or repeated (no consent reads as false);
 * FORM_INVALID when the request date cannot be read. */
GW_MUST_CHECK enum gw_rc application_read(const xmlNode *root, struct application **ret_application, struct why *why);

#endif
