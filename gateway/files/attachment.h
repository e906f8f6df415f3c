/* Files that come with an application: what they are, by their bytes, and whether they are those that the applicant signed.
 *
 * The application lists them (name, size, SHA-256, which document of the service each is), so that the applicant's signature covers them; the bytes travel
 * beside it. Nothing here is ever rendered: whoever reads them later gets them as downloads. */
#ifndef GW_FILES_ATTACHMENT_H
#define GW_FILES_ATTACHMENT_H

#include "gateway/base/buf.h"
#include "gateway/base/why.h"

#define ATTACHMENTS_MAX 32          /* in one application, whatever the settings say */
#define ATTACHMENT_NAME_MAX 120     /* bytes */

/* As the application lists it; strings owned. */
struct attachment_listed {
        char *name, *document;       /* document: its id in the service file */
        size_t size;
        uint8_t sha256[32];
};
void attachment_listed_done(struct attachment_listed *listed);

/* As it came; owned. */
struct attachment {
        char *name;
        struct buf bytes;
};
void attachment_done(struct attachment *attachment);

struct attachment_limits { size_t count, bytes, total_bytes; };

/* "application/pdf", "image/jpeg", "image/png" or "image/tiff", by the first bytes (ISO 32000-1 7.5.2, ITU-T T.81 B.1.1.3, PNG 5.2, TIFF 6.0 section 2); NULL:
 * none of them. A PDF must begin with its mark and end with it: what merely contains a PDF is none. Nor is what can be
 * read as a ZIP archive too. */
const char *attachment_type(struct span bytes);
/* One name without folders: letters, digits, blanks and ._-()№ , no more than ATTACHMENT_NAME_MAX bytes, not beginning with a dot or blank, and with the
 * extension of that type (.pdf, .jpg, .jpeg, .png, .tif, .tiff). */
bool attachment_name_usable(const char *name);
bool attachment_name_fits(const char *name, const char *type);

/* The listed files and the received ones must be the same, each once. On success order[i] is the index of the file that listed[i] is. Reasons ATTACHMENT_*; the
 * detail tells the place in the list, never a name. */
GW_MUST_CHECK enum gw_rc attachments_match(const struct attachment_listed *listed, size_t listed_count, const struct attachment *files, size_t file_count,
                                           const struct attachment_limits *limits, size_t order[ATTACHMENTS_MAX], struct why *why);

#endif
