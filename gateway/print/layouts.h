/* The general print layouts: one for every paper that is handed over, one for every result that a person has signed, so that a service needs no layout of its own
 * for them. Compiled into the program (gateway/print/layout/). */
#ifndef GW_PRINT_LAYOUTS_H
#define GW_PRINT_LAYOUTS_H

#include <libxml/tree.h>

#include "gateway/base/why.h"

struct template;
/* Read-only once made; one for the whole life of a process. */
struct print_layouts;
GW_MUST_CHECK enum gw_rc print_layouts_new(struct print_layouts **ret_layouts, struct why *why);
void print_layouts_free(struct print_layouts *layouts);
/* The one for a document with that root; NULL: a service has to bring its own. *ret_paper: it is a paper, which is no signed result. */
const struct template *print_layouts_of(const struct print_layouts *layouts, const xmlNode *root, bool *ret_paper);

#endif
