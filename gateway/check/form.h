/* What a browser sends for a form: application/x-www-form-urlencoded and multipart/form-data (RFC 7578). */
#ifndef GW_CHECK_FORM_H
#define GW_CHECK_FORM_H

#include "gateway/base/buf.h"

/* The value of a field without its blanks, decoded, when it is 1 to size - 1 characters of ASCII that can be printed; else false. The first field of that name counts. */
GW_MUST_CHECK bool form_value(struct span body, const char *name, char *out, size_t size);
/* The same for a text in UTF-8, which is appended as it is: blanks and line ends stay. False when it is not there, empty, not UTF-8, or does not fit. */
GW_MUST_CHECK bool form_text(struct span body, const char *name, struct buf *out);
/* The first part of a multipart body that is not empty; borrowed from body. False when it is none. */
GW_MUST_CHECK bool form_part(struct span body, const char *content_type, struct span *ret_part);

#endif
