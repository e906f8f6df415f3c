/* Reads the application document. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "gateway/catalogue/catalogue.h"
#include "gateway/reason.h"

/* ---- fields ---- */

void application_free(struct application *application)
{
        if (!application)
                return;
        free(application->request_number);
        free(application->service_code);
        free(application->language);
        free(application->provider_bin);
        free(application->declarant_iin);
        free(application->representative_iin);
        free(application->representative_basis);
        for (size_t i = 0; i < application->attachment_count; i++)
                attachment_listed_done(&application->attachments[i]);
        free(application->attachments);
        free(application);
}

/* The only child of that name. An optional one that is absent gives NULL and GW_OK. */
static enum gw_rc read_field(const xmlNode *parent, const char *name, bool required, char **ret_text, struct why *why)
{
        unsigned count = 0;
        const xmlNode *node = xml_child_counted(parent, APPLICATION_NS, name, &count);
        if (count == 0 && !required)
                return GW_OK;
        char *text = count == 1 ? xml_text(node) : NULL;
        if (!text)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "%s is %s", name,
                               count == 0 ? "missing" : count > 1 ? "repeated" : "not plain text");
        *ret_text = text;
        return GW_OK;
}

static enum gw_rc read_representative(const xmlNode *root, struct application *application, struct why *why)
{
        unsigned count = 0;
        const xmlNode *representative = xml_child_counted(root, APPLICATION_NS, "representative", &count);
        if (count == 0)
                return GW_OK;
        if (count > 1)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "representative is repeated");
        enum gw_rc rc = read_field(representative, "iin", true, &application->representative_iin, why);
        if (rc != GW_OK)
                return rc;
        return read_field(representative, "basis", true, &application->representative_basis, why);
}

static enum gw_rc read_date_and_consent(const xmlNode *root, struct application *application, struct why *why)
{
        auto_str char *date = NULL;
        enum gw_rc rc = read_field(root, "requestDate", true, &date, why);
        if (rc != GW_OK)
                return rc;
        if (clock_parse_iso(date, &application->request_date) != GW_OK)
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "requestDate: value not accepted");
        auto_str char *consent = NULL;
        rc = read_field(root, "consent", false, &consent, why);
        application->consent = str_eq(consent, "true") || str_eq(consent, "1");
        return rc;
}

#define SIZE_DIGITS_MAX 9

/* Of one entry; the schema says the rest. */
static bool read_attachment(const xmlNode *node, struct attachment_listed *ret)
{
        auto_str char *size = xml_attribute(node, NULL, "size"), *sha256 = xml_attribute(node, NULL, "sha256");
        ret->name = xml_attribute(node, NULL, "name");
        ret->document = xml_attribute(node, NULL, "document");
        if (!xml_is(node, APPLICATION_NS, "attachment") || !ret->name || !ret->document || !size || !sha256)
                return false;
        size_t digits = strlen(size), got = 0;
        if (digits == 0 || digits > SIZE_DIGITS_MAX || strspn(size, "0123456789") != digits)
                return false;
        ret->size = (size_t)strtoul(size, NULL, 10);
        return OPENSSL_hexstr2buf_ex(ret->sha256, sizeof ret->sha256, &got, sha256, '\0') == 1 && got == sizeof ret->sha256;
}

static enum gw_rc read_attachments(const xmlNode *root, struct application *application, struct why *why)
{
        unsigned count = 0;
        const xmlNode *list = xml_child_counted(root, APPLICATION_NS, "attachments", &count);
        if (count > 1)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "attachments is repeated");
        for (const xmlNode *node = xml_first_element(list); node; node = xml_next_element(node)) {
                if (application->attachment_count == ATTACHMENTS_MAX)
                        return why_set(why, GW_REJECT, REASON_DATA_FORM, "more than %d attachments", ATTACHMENTS_MAX);
                if (!application->attachments)
                        application->attachments = xcalloc(ATTACHMENTS_MAX, sizeof *application->attachments);
                if (!read_attachment(node, &application->attachments[application->attachment_count++]))
                        return why_set(why, GW_REJECT, REASON_DATA_FORM, "attachment %zu: name, size, sha256 or document is missing or cannot be read", application->attachment_count);
        }
        return GW_OK;
}

enum gw_rc application_read(const xmlNode *root, struct application **ret_application, struct why *why)
{
        if (!xml_is(root, APPLICATION_NS, "application"))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "the root is not application of " APPLICATION_NS);
        auto_application struct application *application = xcalloc(1, sizeof *application);
        const struct { const char *name; char **text; } fields[] = {
                {"requestNumber", &application->request_number}, {"serviceCode", &application->service_code},
                {"language", &application->language},            {"providerBin", &application->provider_bin},
                {"declarantId", &application->declarant_iin},
        };
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; i < GW_COUNT(fields) && rc == GW_OK; i++)
                rc = read_field(root, fields[i].name, true, fields[i].text, why);
        if (rc == GW_OK)
                rc = read_representative(root, application, why);
        if (rc == GW_OK)
                rc = read_date_and_consent(root, application, why);
        if (rc == GW_OK)
                rc = read_attachments(root, application, why);
        if (rc != GW_OK)
                return rc;
        unsigned forms = 0;
        xml_child_counted(root, APPLICATION_NS, "form", &forms);
        if (forms != 1)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "form is %s", forms == 0 ? "missing" : "repeated");
        *ret_application = gw_take(&application);
        return GW_OK;
}

/* ---- by the service ---- */

char *application_field(const xmlNode *root, const char *path)
{
        const xmlNode *node = xml_child(root, APPLICATION_NS, "form");
        while (node && path) {
                const char *slash = strchr(path, '/');
                auto_str char *name = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(path);
                node = xml_child(node, APPLICATION_NS, name);
                path = slash ? slash + 1 : NULL;
        }
        return node ? xml_text(node) : NULL;
}

static bool is_on_route(const struct service *service, const char *id, const struct route *route)
{
        for (size_t i = 0; i < service->document_count; i++) {
                const struct service_document *document = &service->documents[i];
                if (str_eq(document->id, id))
                        return !document->routes || (route && document->routes & 1u << route->kind);
        }
        return false;
}

enum gw_rc service_check_attachments(const struct service *service, const struct route *route, const struct application *application, struct why *why)
{
        for (size_t i = 0; i < application->attachment_count; i++)
                if (!is_on_route(service, application->attachments[i].document, route))
                        return why_set(why, GW_REJECT, REASON_FORM_INVALID, "attachments/attachment[%zu]/@document: not a document of this service here", i + 1);
        return GW_OK;
}

char *service_subject(const struct service *service, const xmlNode *root)
{
        if (!service->one_open)
                return NULL;
        auto_str char *declarant = xml_child_text(root, APPLICATION_NS, "declarantId"), *value = service->one_per ? application_field(root, service->one_per) : NULL;
        return xasprintf("%s%s%s", declarant ? declarant : "", value ? ":" : "", value ? value : "");
}
