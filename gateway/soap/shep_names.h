/* What the reader and the writer of SHEP messages share. For gateway/soap only. */
#ifndef GW_SOAP_SHEP_NAMES_H
#define GW_SOAP_SHEP_NAMES_H

#include "gateway/base/base.h"

#define SHEP_ASYNC_INTERFACES_NS "http://bip.bee.kz/AsyncChannel/v10/Interfaces"
#define SHEP_STATUS_MESSAGE_MAX 250 /* status/message, interfaces 1.2 */

/* {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}, braces included; NULL is none. */
bool shep_is_guid(const char *s);
/* Bytes of the first max_characters characters of UTF-8 text. */
size_t shep_clip(const char *s, size_t max_characters);

#endif
