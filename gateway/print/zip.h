/* A ZIP archive with the one entry `one`, as the footer codes of egov documents carry it (interfaces 7.4). */
#ifndef GW_PRINT_ZIP_H
#define GW_PRINT_ZIP_H

#include "gateway/base/buf.h"

/* Appends the archive, deflated. False when memory is out or out's limit is reached. */
GW_MUST_CHECK bool zip_one_write(struct span content, struct buf *out);
/* Appends the content of an archive with exactly that entry, stored or deflated, its CRC right. False on anything else and when it is larger
 * than out may become: what unpacks to more is not read to its end. */
GW_MUST_CHECK bool zip_one_read(struct span zip, struct buf *out);

#endif
