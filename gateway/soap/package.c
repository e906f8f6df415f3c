/* Files beside the application in a SHEP message. */
#include "gateway/soap/package.h"

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

#define REFUSE(...) why_set(why, GW_REJECT, REASON_DATA_FORM, __VA_ARGS__)

static enum gw_rc read_file(const xmlNode *node, struct attachment *ret, struct why *why)
{
        const xmlNode *name = xml_first_element(node), *content = xml_next_element(name);
        if (!xml_is(node, PACKAGE_NS, "fileData") || !xml_is(name, PACKAGE_NS, "name") || !xml_is(content, PACKAGE_NS, "base64Data") || xml_next_element(content))
                return REFUSE("requestPackage holds signedApplication and then fileData{name, base64Data}");
        auto_str char *base64 = xml_text(content);
        ret->name = xml_text(name);
        if (!ret->name || !base64 || !text_unbase64(&ret->bytes, span_str(base64)))
                return REFUSE("fileData: the name is no text, or base64Data is no base64");
        return GW_OK;
}

const xmlNode *package_application(const xmlNode *data)
{
        const xmlNode *package = xml_first_element(data);
        return xml_is(package, PACKAGE_NS, "requestPackage") ? xml_first_element(package) : data;
}

enum gw_rc package_read(const xmlNode *data, const xmlNode **ret_application, struct attachment **ret_files, size_t *ret_count, struct why *why)
{
        const xmlNode *application = package_application(data);
        *ret_application = data;
        *ret_files = NULL;
        *ret_count = 0;
        if (application == data)
                return GW_OK;
        if (xml_next_element(xml_first_element(data)) || !xml_is(application, PACKAGE_NS, "signedApplication"))
                return REFUSE("data holds one requestPackage, which begins with signedApplication");
        *ret_files = xcalloc(ATTACHMENTS_MAX, sizeof **ret_files);
        for (const xmlNode *node = xml_next_element(application); node; node = xml_next_element(node)) {
                if (*ret_count == ATTACHMENTS_MAX)
                        return REFUSE("more than %d files", ATTACHMENTS_MAX);
                struct attachment *file = &(*ret_files)[(*ret_count)++];
                file->bytes = (struct buf)BUF_LIMIT(xml_limits_default.bytes_max);
                enum gw_rc rc = read_file(node, file, why);
                if (rc != GW_OK)
                        return rc;
        }
        *ret_application = application;
        return GW_OK;
}
