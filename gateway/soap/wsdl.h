/* The service descriptions that `?wsdl` answers with: written by us, complete in one file each (all schemas inline). */
#ifndef GW_SOAP_WSDL_H
#define GW_SOAP_WSDL_H

#include "gateway/base/buf.h"

/* Stands in both texts once, as soap:address/@location. */
#define WSDL_ADDRESS_PLACEHOLDER "http://address.invalid/"

const char *wsdl_sync(void);  /* ISyncChannel, for /shep/sync */
const char *wsdl_async(void); /* IAsyncChannelClient, for /shep/async */

/* Appends the text with the placeholder replaced; the address (http://host:port/shep/sync) is escaped here. */
void wsdl_write(struct buf *out, const char *wsdl, const char *address);

#endif
