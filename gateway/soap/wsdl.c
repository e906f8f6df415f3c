/* Embeds the WSDL files at build time (paths from the repository's root, where make runs), so that the binary needs no files beside it. */
#include "gateway/soap/wsdl.h"

#include <string.h>

#include "gateway/base/embed.h"
#include "gateway/xml/xml.h"

EMBED(wsdl_text_sync, "gateway/soap/wsdl/shep-sync.wsdl");
EMBED(wsdl_text_async, "gateway/soap/wsdl/shep-async.wsdl");

const char *wsdl_sync(void)
{
        return wsdl_text_sync;
}

const char *wsdl_async(void)
{
        return wsdl_text_async;
}

void wsdl_write(struct buf *out, const char *wsdl, const char *address)
{
        const char *hole = strstr(wsdl, WSDL_ADDRESS_PLACEHOLDER);
        GW_ASSERT(hole);
        buf_add(out, wsdl, (size_t)(hole - wsdl));
        canon_attribute_value(out, span_str(address));
        buf_add_str(out, hole + strlen(WSDL_ADDRESS_PLACEHOLDER));
}
