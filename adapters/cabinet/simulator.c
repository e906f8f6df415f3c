/* TEST personal cabinet of the portal: takes notices and results over SHEP async sendMessage (interfaces 7.1, 7.2), refuses what is wrong.
 *
 *   data/typedRequestFormImportData{importSource, updatedValues{code, values{domainItemData{code, kkValue, ruValue}}},
 *     externalRequestChainId (= correlationId), externalRequestId (14 digits), registrationNumber?, processingStatus, requesterIin,
 *     serviceProviderBin, resolutionType, fileData{base64Data, name}?}, no namespaces */
#include <stdlib.h>
#include <string.h>

#include "adapters/answer.h"
#include "adapters/cabinet/mailbox.h"
#include "adapters/simulators/simulator.h"
#include "gateway/base/text.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"
#include "gateway/verify/cms_document.h"

#define CABINET_SERVICE_ID "EGOV_CABINET"

/* The strings of one message, owned. */
struct import {
        char *source, *value_code, *state, *kk, *ru, *chain_id, *request_number, *registration_number, *status, *iin, *bin, *resolution,
                *file_name;
        struct buf file;
        bool has_file;
};

static void import_done(struct import *i)
{
        char **strings[] = {&i->source,         &i->value_code,          &i->state,  &i->kk,  &i->ru,  &i->chain_id,
                            &i->request_number, &i->registration_number, &i->status, &i->iin, &i->bin, &i->resolution,
                            &i->file_name};
        for (size_t k = 0; k < GW_COUNT(strings); k++)
                free(*strings[k]);
        buf_done(&i->file);
}
#define auto_import __attribute__((cleanup(import_done)))

static bool one_of(const char *value, const char *const *words)
{
        while (*words && !str_eq(value, *words))
                words++;
        return *words != NULL;
}

static bool digits(const char *text, size_t n)
{
        return strlen(text) == n && strspn(text, "0123456789") == n;
}

static enum gw_rc bad(struct why *why, const char *field, const char *problem)
{
        return why_set(why, GW_REJECT, REASON_DATA_FORM, "%s: %s", field, problem);
}

/* ---- reading ---- */

static enum gw_rc read_values(const xmlNode *root, struct import *i, struct why *why)
{
        xmlNode *updated = NULL, *values = NULL, *item = NULL;
        enum gw_rc rc = answer_element(root, "updatedValues", true, &updated, why);
        if (rc == GW_OK)
                rc = answer_required(updated, "code", &i->value_code, why);
        if (rc == GW_OK)
                rc = answer_element(updated, "values", true, &values, why);
        if (rc == GW_OK)
                rc = answer_element(values, "domainItemData", true, &item, why);
        if (rc == GW_OK)
                rc = answer_required(item, "code", &i->state, why);
        if (rc == GW_OK)
                rc = answer_required(item, "kkValue", &i->kk, why);
        return rc == GW_OK ? answer_required(item, "ruValue", &i->ru, why) : rc;
}

static enum gw_rc read_file(const xmlNode *root, struct import *i, struct why *why)
{
        xmlNode *file = NULL, *data = NULL;
        enum gw_rc rc = answer_element(root, "fileData", false, &file, why);
        if (rc != GW_OK || !file)
                return rc;
        rc = answer_required(file, "name", &i->file_name, why);
        if (rc == GW_OK)
                rc = answer_element(file, "base64Data", true, &data, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *base64 = xml_text(data);
        i->has_file = true;
        if (!base64 || !text_unbase64(&i->file, span_str(base64)) || !i->file.n)
                return bad(why, "fileData", "not base64");
        return GW_OK;
}

static enum gw_rc read_import(const xmlNode *root, struct import *i, struct why *why)
{
        const struct { const char *name; char **text; } fields[] = {
                {"importSource", &i->source},       {"externalRequestChainId", &i->chain_id}, {"externalRequestId", &i->request_number},
                {"processingStatus", &i->status},   {"requesterIin", &i->iin},                {"serviceProviderBin", &i->bin},
                {"resolutionType", &i->resolution},
        };
        if (!xml_is(root, NULL, "typedRequestFormImportData"))
                return bad(why, "data", "not a typedRequestFormImportData");
        enum gw_rc rc = GW_OK;
        for (size_t k = 0; k < GW_COUNT(fields) && rc == GW_OK; k++)
                rc = answer_required(root, fields[k].name, fields[k].text, why);
        if (rc == GW_OK)
                rc = answer_optional(root, "registrationNumber", &i->registration_number, why);
        if (rc == GW_OK)
                rc = read_values(root, i, why);
        if (rc == GW_OK)
                rc = read_file(root, i, why);
        if (rc != GW_OK)
                why->reason = REASON_DATA_FORM;
        return rc;
}

/* ---- checking ---- */

static enum gw_rc check_values(const struct import *i, const struct shep_message *m, struct why *why)
{
        static const char *const states[] = {"CHECKING",    "REGISTERED", "REJECTED_INTAKE", "AWAITING_DATA", "DECIDED",
                                             "RESULT_SENT", "RECEIVED",   "CANCELLED",       "FAILED_TECH",   NULL};
        static const char *const statuses[] = {"IN_PROGRESS", "COMPLETED", NULL};
        static const char *const resolutions[] = {"NO_RESOLUTION", "POSITIVE", "NEGATIVE", NULL};
        if (!str_eq(i->source, "EGOV_GATEWAY"))
                return bad(why, "importSource", "unknown");
        if (!str_eq(i->value_code, "processing_status") || !one_of(i->state, states))
                return bad(why, "updatedValues", "not a known state");
        if (!str_eq(i->chain_id, m->correlation_id))
                return bad(why, "externalRequestChainId", "is not the correlationId");
        if (!digits(i->request_number, 14))
                return bad(why, "externalRequestId", "not 14 digits");
        if (i->registration_number && !digits(i->registration_number, 14))
                return bad(why, "registrationNumber", "not 14 digits");
        if (!iin_valid(i->iin, true, NULL))
                return bad(why, "requesterIin", "not valid");
        if (!bin_valid(i->bin, true, NULL))
                return bad(why, "serviceProviderBin", "not valid");
        if (!one_of(i->status, statuses))
                return bad(why, "processingStatus", "unknown");
        if (!one_of(i->resolution, resolutions))
                return bad(why, "resolutionType", "unknown");
        if (strstr(i->kk, i->iin) || strstr(i->ru, i->iin)) /* I8 */
                return bad(why, "kkValue, ruValue", "personal data in a notice");
        return GW_OK;
}

/* NOTIFICATION: no document. RESPONSE: completed, resolved, and a positive one carries the document. */
static enum gw_rc check_kind(const struct import *i, bool response, struct why *why)
{
        if (!response)
                return i->has_file ? bad(why, "fileData", "in a NOTIFICATION") : GW_OK;
        if (!str_eq(i->status, "COMPLETED"))
                return bad(why, "processingStatus", "a RESPONSE is COMPLETED");
        if (str_eq(i->resolution, "NO_RESOLUTION"))
                return bad(why, "resolutionType", "a RESPONSE has one");
        if (str_eq(i->resolution, "POSITIVE") && !i->has_file)
                return bad(why, "fileData", "missing");
        return GW_OK;
}

static char *any_child_text(const xmlNode *root, const char *name)
{
        for (const xmlNode *node = xml_first_element(root); node; node = xml_next_element(node))
                if (str_eq((const char *)node->name, name))
                        return xml_text(node);
        return NULL;
}

#define PEOPLES_RESULT_NS "urn:egov-gateway:result:1" /* which a person has signed */

/* Whoever signed must be the provider's head or have the right to sign, and the document speak of this request. */
static enum gw_rc check_result(const struct import *i, const xmlNode *root, const struct certificate *signer, struct why *why)
{
        auto_str char *number = any_child_text(root, xml_is(root, PEOPLES_RESULT_NS, "result") ? "portalNumber" : "requestNumber");
        if (!(signer->roles & (ROLE_HEAD | ROLE_SIGN_RIGHT)) || !str_eq(signer->bin, i->bin))
                return bad(why, "fileData", "not signed by the provider's head");
        return str_eq(number, i->request_number) ? GW_OK : bad(why, "fileData", "the document speaks of another request");
}

/* Signed as CMS, which is the last element: over the document without it. */
static enum gw_rc check_cms_document(const struct transaction *t, const struct import *i, xmlDoc *doc, xmlNode *element, struct why *why)
{
        auto_str char *base64 = xml_text(element);
        auto_buf struct buf cms = BUF_INIT, bare = BUF_INIT;
        xmlUnlinkNode(element);
        xmlFreeNode(element);
        if (!base64 || !text_unbase64(&cms, span_str(base64)) || !xml_c14n(doc, &bare))
                return bad(why, "fileData", "not base64 of a CMS");
        struct verified_cms verified = {.signer_count = 0};
        enum gw_rc rc = verify_cms(t->simulation->verifier, buf_span(&cms), buf_span(&bare), t->now, &verified, why);
        if (rc == GW_OK)
                rc = check_result(i, xmlDocGetRootElement(doc), verified.signers[0].certificate, why);
        verified_cms_done(&verified);
        return rc;
}

static enum gw_rc check_document(const struct transaction *t, const struct import *i, struct why *why)
{
        if (!i->has_file || !t->simulation->options.verify)
                return GW_OK;
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_document verified = {0};
        enum gw_rc rc = xml_read(buf_span(&i->file), &xml_limits_default, &doc, why);
        xmlNode *cms = rc == GW_OK ? xml_child(xmlDocGetRootElement(doc), PEOPLES_RESULT_NS, "cms") : NULL;
        if (cms)
                return check_cms_document(t, i, doc, cms, why);
        if (rc == GW_OK)
                rc = verify_document(t->simulation->verifier, doc, t->now, &verified, why);
        if (rc != GW_OK)
                return rc;
        rc = check_result(i, verified.root, verified.signers[verified.signer_count - 1], why);
        verified_document_done(&verified);
        return rc;
}

static enum gw_rc check_header(const struct shep_message *m, bool *ret_response, struct why *why)
{
        bool response = str_eq(m->message_type, "RESPONSE");
        if (!response && !str_eq(m->message_type, "NOTIFICATION"))
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "messageType: the cabinet takes NOTIFICATION and RESPONSE");
        if (!m->correlation_id || !*m->correlation_id)
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "correlationId: missing");
        if (!str_eq(m->service_id, CABINET_SERVICE_ID))
                return why_set(why, GW_REJECT, REASON_SERVICE_UNKNOWN, "serviceId");
        *ret_response = response;
        return GW_OK;
}

/* ---- taking ---- */

static enum gw_rc put(struct transaction *t, const struct shep_message *m, const struct import *i, struct span bytes,
                      struct mailbox_receipt *receipt, struct why *why)
{
        struct cabinet_delivery d = {
                .message_id = m->message_id,
                .correlation_id = m->correlation_id,
                .request_number = i->request_number,
                .registration_number = i->registration_number,
                .iin = i->iin,
                .state = i->state,
                .kk = i->kk,
                .ru = i->ru,
                .resolution = i->resolution,
                .response = str_eq(m->message_type, "RESPONSE"),
                .document_name = i->file_name,
                .document = buf_span(&i->file),
                .at = t->now,
        };
        text_sha256(bytes, d.digest);
        enum gw_rc rc = mailbox_put(t->simulation->mailbox, &d, receipt, why);
        if (rc == GW_OK && d.response && !receipt->repeated && t->simulation->receipts)
                receipts_schedule(t->simulation->receipts, m->message_id);
        return rc;
}

static enum gw_rc take(struct transaction *t, const struct shep_message *m, struct span bytes, struct mailbox_receipt *receipt,
                       struct why *why)
{
        bool response = false;
        enum gw_rc rc = check_header(m, &response, why);
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf data = BUF_INIT;
        auto_import struct import import = {.file = BUF_INIT};
        if (rc == GW_OK)
                rc = shep_data_document(m->data, &xml_limits_default, &doc, &data, why);
        if (rc == GW_OK)
                rc = read_import(xmlDocGetRootElement(doc), &import, why);
        if (rc == GW_OK)
                rc = check_values(&import, m, why);
        if (rc == GW_OK)
                rc = check_kind(&import, response, why);
        if (rc == GW_OK)
                rc = check_document(t, &import, why);
        return rc == GW_OK ? put(t, m, &import, bytes, receipt, why) : rc;
}

enum gw_rc cabinet_take(struct transaction *t, const struct shep_message *message, struct span bytes, struct buf *content, struct why *why)
{
        struct mailbox_receipt receipt = {0};
        enum gw_rc rc = take(t, message, bytes, &receipt, why);
        if (rc != GW_OK) {
                mailbox_count_refused(t->simulation->mailbox, message->correlation_id);
                return rc;
        }
        /* Everything in the answer follows from the message, so a repeated one is answered alike. */
        struct shep_out out = {
                .operation = SHEP_ASYNC_SEND_RESPONSE,
                .message_id = message->message_id,
                .correlation_id = message->correlation_id,
                .date = receipt.at,
        };
        shep_write(content, &out);
        return GW_OK;
}
