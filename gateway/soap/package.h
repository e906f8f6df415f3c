/* `data` of a SHEP message that brings files: the signed application and, beside it, their bytes.
 *
 *   <data><requestPackage xmlns="urn:egov-gateway:package:1">
 *     <signedApplication> … as `data` holds it without files: escaped text, CDATA, one element, base64 of a CMS … </signedApplication>
 *     <fileData><name>passport.pdf</name><base64Data>JVBERi0…</base64Data></fileData> …          (names of interfaces 7.1)
 *   </requestPackage></data> */
#ifndef GW_SOAP_PACKAGE_H
#define GW_SOAP_PACKAGE_H

#include <libxml/tree.h>

#include "gateway/files/attachment.h"

#define PACKAGE_NS "urn:egov-gateway:package:1"

/* The element that holds the application: signedApplication of a package, or data itself. Borrowed; NULL for NULL. */
const xmlNode *package_application(const xmlNode *data);
/* GW_OK with *ret_application = data itself when it holds no package. Else the element that holds the application (borrowed) and the files (ATTACHMENTS_MAX places,
 * the caller's as all in them, also after a failure: *ret_files is written at once). Reasons DATA_FORM. */
GW_MUST_CHECK enum gw_rc package_read(const xmlNode *data, const xmlNode **ret_application, struct attachment **ret_files, size_t *ret_count, struct why *why);

#endif
