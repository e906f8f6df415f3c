/* What a front office takes in: a paper application in the employee's words, signed by the employee's EDS (conf/services/front-office.xsd).
 *
 *   <paperApplication xmlns="urn:egov-gateway:front-office:1">
 *     <route>CENTER</route>
 *     <residence kato="395430100"/>                       where a route is only for places without another one (TSA_ASSIGN AKIM)
 *     <applicantName>Ахметов Ерлан Серікұлы</applicantName>
 *     <documents>
 *       <document id="D1" pages="1" originalShown="true" validUntil="2027-01-31"/>
 *     </documents>
 *     <consent written="true" date="2026-11-28"/>         on routes where it is taken
 *     <acceptIncomplete>true</acceptIncomplete>           gaps for which the act has no refusal at intake: registered all the same
 *     <application xmlns="urn:egov-gateway:application:1">…</application>
 *     <ds:Signature/>                                     gone once verified
 *   </paperApplication>
 *
 * Pure: the verified element, settings and the moment in; a verdict out. Who signed it is the caller's to know. */
#ifndef GW_PROVIDER_FRONT_OFFICE_H
#define GW_PROVIDER_FRONT_OFFICE_H

#include "gateway/catalogue/form_check.h"
#include "gateway/provider/completeness.h"
#include "gateway/provider/staff.h"

#define FRONT_OFFICE_NS "urn:egov-gateway:front-office:1"
#define FRONT_OFFICE_CHANNEL "front-office"

struct front_document {
        char *id;
        unsigned pages;
        bool original_shown;
        struct wall_time valid_until; /* .ms 0: without an end */
};
struct front_application {
        enum route_kind route;
        char *residence;              /* KATO, or NULL */
        char *applicant_name;
        struct front_document documents[SERVICE_DOCUMENTS_MAX];
        size_t document_count;
        bool consent_written, accept_incomplete;
        struct wall_time consent_date;
        xmlDoc *document;             /* the application:1 inside, a document of its own */
        struct application *application;
        struct buf bytes;             /* it, in canonical form: what later stages read */
};
void front_application_free(struct front_application *application);
GW_DEFINE_AUTO(front_application, struct front_application, front_application_free)
#define auto_front_application gw_auto(front_application)
/* root: the verified element. DATA_FORM names what is missing, unknown or repeated. */
GW_MUST_CHECK enum gw_rc front_application_read(const xmlNode *root, struct front_application **ret, struct why *why);

/* Where it is to be judged. */
struct front_question {
        const struct settings *settings;
        const struct catalogue *catalogue;
        const struct actor *actor;    /* the person who signed */
        struct wall_time at;          /* of acceptance */
        enum step_act act;            /* ACT_REGISTER, or ACT_REFUSE_INTAKE */
        bool iin_check_digit;
};
struct front_verdict {
        const struct service *service;
        const struct route *route;
        const struct route_step *step; /* of that act */
        struct document_given given[SERVICE_DOCUMENTS_MAX]; /* as completeness sees the package; borrowed from the application */
        struct completeness completeness;
        struct form_mistake mistake;   /* of FORM_INVALID */
};
/* May this person do this act with it here, and is everything there? In this order: SERVICE_UNKNOWN; SERVICE_NOT_AVAILABLE (the act rules the route out, has none such, or has it only
 * where another is not); ORGANISATION_ROUTE; ROLE_REQUIRED; FORM_INVALID, CONSENT_MISSING, APPLICANT_IIN_INVALID; then of ACT_REGISTER DOCUMENT_MISSING, DOCUMENT_EXPIRED, of
 * ACT_REFUSE_INTAKE REFUSAL_WITHOUT_GROUND. *ret also when documents are missing. */
GW_MUST_CHECK enum gw_rc front_office_judge(const struct front_question *question, const struct front_application *application, struct front_verdict *ret, struct why *why);
/* The first parts of it alone, for whoever only asks: service in force, route, organisation, role. */
GW_MUST_CHECK enum gw_rc front_office_route(const struct front_question *question, const char *service_code, enum route_kind route, const char *residence, struct front_verdict *ret, struct why *why);
/* "documents 3: D1, D2, D5": what was brought, as the registration's entry of the history says it; and reading that back. */
void front_office_describe(const struct front_application *application, struct buf *out);
size_t front_office_described(const char *text);                    /* how many; 0 when it says nothing of it */
bool front_office_describes(const char *text, const char *document); /* is that one among them? */
enum route_kind front_office_route_kind(const char *name); /* ROUTE_NONE when there is none */

#endif
