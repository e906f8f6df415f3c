/* Embeds the files at build time. A new file is a row here; a test compares the rows with the folder. */
#include "gateway/console/files.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/embed.h"
#include "gateway/base/text.h"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define SVG "image/svg+xml"

#define FILES                                                                                                                                                   \
        X(index, "index.html", HTML) X(style, "console.css", CSS) X(print, "print.css", CSS) X(emblem, "emblem.svg", SVG)                                       \
        X(main, "main.js", SCRIPT) X(api, "api.js", SCRIPT) X(dom, "dom.js", SCRIPT) X(i18n, "i18n.js", SCRIPT) X(format, "format.js", SCRIPT)                 \
        X(kk, "kk.js", SCRIPT) X(ru, "ru.js", SCRIPT) X(en, "en.js", SCRIPT) X(frame, "frame.js", SCRIPT) X(keys, "keys.js", SCRIPT)                           \
        X(ncalayer, "ncalayer.js", SCRIPT) X(signing, "signing.js", SCRIPT) X(login, "login.js", SCRIPT) X(inbox, "inbox.js", SCRIPT)                          \
        X(front, "front.js", SCRIPT) X(registers, "registers.js", SCRIPT) X(operator, "operator.js", SCRIPT) X(charts, "charts.js", SCRIPT) X(live, "live.js", SCRIPT) X(xml, "xml.js", SCRIPT) X(request, "request.js", SCRIPT) X(action, "action.js", SCRIPT) X(verdict, "verdict.js", SCRIPT) X(attachments, "attachments.js", SCRIPT)

#define X(symbol, name, type) EMBED(console_text_##symbol, "gateway/console/" name);
FILES
#undef X

static struct console_file files[] = {
#define X(symbol, name, type) {name, type, {(const uint8_t *)console_text_##symbol, 0}, ""},
        FILES
#undef X
};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void measure(void)
{
        for (size_t i = 0; i < GW_COUNT(files); i++) {
                auto_buf struct buf hex = BUF_INIT;
                uint8_t digest[32];
                files[i].content.n = strlen((const char *)files[i].content.p);
                text_sha256(files[i].content, digest);
                text_hex(&hex, span_of(digest, 16));
                snprintf(files[i].etag, sizeof files[i].etag, "\"%s\"", buf_cstr(&hex));
        }
}

const struct console_file *console_file(const char *name)
{
        pthread_once(&once, measure);
        for (size_t i = 0; i < GW_COUNT(files); i++)
                if (str_eq(files[i].name, *name ? name : "index.html"))
                        return &files[i];
        return NULL;
}

void console_policy(const char *ncalayer, struct buf *out)
{
        buf_add_str(out, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ");
        buf_add_str(out, ncalayer);
        buf_add_str(out, "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
}
