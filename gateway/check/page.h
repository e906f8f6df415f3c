/* The page on which anybody sees whether a document is genuine: one language at a time, no script, nothing from elsewhere, readable without its style. */
#ifndef GW_CHECK_PAGE_H
#define GW_CHECK_PAGE_H

#include "gateway/base/buf.h"

enum check_verdict { CHECK_ASKED /* nothing yet */, CHECK_GENUINE, CHECK_NOT_GENUINE, CHECK_INPUT, CHECK_TOO_OFTEN, CHECK_LATER, CHECK_VERDICT_COUNT };
struct check_page {
        const char *language;            /* "kk", "ru" or "en" */
        enum check_verdict verdict;
        bool uploaded;                   /* the verdict is on a file */
        const char *number;              /* digits; NULL or "": not known */
        const char *issued, *service, *issuer; /* of a genuine one; NULL: left out */
        const char *reason;              /* in the language: why a file is refused; NULL: left out */
};
void check_page_write(const struct check_page *page, struct buf *out);
/* Value of Content-Security-Policy, with the digest of the page's style. */
void check_page_policy(struct buf *out);
/* "lang=kk" in the query; else the first of the three that Accept-Language names (NULL: none); else kk. Static text. */
const char *check_page_language(const char *query, const char *accept_language);

#endif
