/* The notebook of a diagnosis. Internal to diagnose/. */
#ifndef GW_DIAGNOSE_NOTES_H
#define GW_DIAGNOSE_NOTES_H

#include <jansson.h>

#include "gateway/base/buf.h"
#include "gateway/xml/xml.h"

enum finding {
#define X(name, severity, kk, ru, en) FINDING_##name,
#include "gateway/diagnose/finding_list.h"
#undef X
        FINDING_COUNT
};

struct notes {
        json_t *findings;
        const char *language;
        const char *part;      /* "transport" | "document" */
};
/* Adds one finding and gives it back, borrowed, for its data; node: where (may be NULL). */
json_t *notes_add(struct notes *notes, enum finding finding, const xmlNode *node);
/* A member that is text, cut at 400 bytes; "?" when it is not UTF-8. NULL adds nothing. */
void notes_put(json_t *finding, const char *name, const char *value);
/* "/soap:Envelope/soap:Body[wsu:Id=…]"; the caller's. */
char *notes_path(const xmlNode *node);
/* Where two canonical texts part: offset, line, the innermost element there, and what stands around in both. */
void notes_put_difference(json_t *finding, struct span signed_bytes, struct span received);
/* The text in the language, English when it is none of the three. */
const char *notes_language(const char *language, const char *kk, const char *ru, const char *en);

#endif
