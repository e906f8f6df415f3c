/* The description of the whole REST surface, which is in the program. */
#include "gateway/worker/openapi.h"

#include <string.h>

#include "gateway/base/embed.h"

EMBED(openapi_json, "gateway/worker/openapi.json");

struct span openapi_document(void)
{
        return span_of(openapi_json, strlen(openapi_json));
}
