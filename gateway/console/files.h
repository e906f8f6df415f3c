/* The pages of the console: HTML, CSS, JavaScript and an emblem, in the program itself. Hand-written, without a build step. */
#ifndef GW_CONSOLE_FILES_H
#define GW_CONSOLE_FILES_H

#include "gateway/base/buf.h"

struct console_file {
        const char *name, *type; /* "inbox.js", "text/javascript; charset=utf-8" */
        struct span content;
        char etag[35];           /* quoted, of the content */
};
/* "" is the page itself; NULL: there is no such file. Any thread. */
const struct console_file *console_file(const char *name);

/* Content-Security-Policy of every file: nothing from anywhere but here, and NCALayer's address to connect to. Appended. */
void console_policy(const char *ncalayer, struct buf *out);

#endif
