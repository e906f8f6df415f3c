/* GET /api/v1/openapi.json: OpenAPI 3.1, written by hand (gateway/worker/openapi.json); tests/system/test_openapi.py compares it with the running gateway. */
#ifndef GW_WORKER_OPENAPI_H
#define GW_WORKER_OPENAPI_H

#include "gateway/base/buf.h"

struct span openapi_document(void);

#endif
