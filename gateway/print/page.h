/* Draws a print layout (the <print> element of a service file, filled) on A4 pages: what stands where is data, how it looks is here.
 *
 * <print>                       title, number, favor: see print.h
 *   <mark>                      at the top of every page, such as "ТЕСТ"
 *   <corner label="">           upper right of the first page
 *   <section language="kk|ru">  one under another; in it, in any order:
 *     <issuer> <title> <subtitle> <text> <legal>   paragraphs
 *     <field label="">          a label and its value
 *     <line label="">           a label and a line to write on
 *     <group>                   any of these, for a template's t:each
 *     <table widths="1 6 3"> <head><cell/>…</head> <row><cell/>…</row>… </table>   its head is repeated on every page
 *   <barcode>                   small lines beside the codes
 * Empty elements are left out. Lengths are points (1/72 inch). */
#ifndef GW_PRINT_PAGE_H
#define GW_PRINT_PAGE_H

#include <libxml/tree.h>

#include "gateway/base/why.h"
#include "gateway/print/barcode.h"

/* Fonts found and read, for several drawings at once; one for the whole life of a process. family: such as "DejaVu Sans". */
struct page_fonts;
struct page_fonts *page_fonts_new(const char *family);
void page_fonts_free(struct page_fonts *fonts);

struct page_input {
        const xmlNode *layout;          /* <print>, valid by catalogue.xsd */
        const struct barcodes *codes;
        const char *number;             /* in the footer */
        const char *check_url;          /* address for the first code; NULL: none */
        struct page_fonts *fonts;
};
/* Appends a PDF without any of the marks that pdf.h adds. GW_FAULT CONFIGURATION when the font has no Kazakh letters; RESULT_NOT_PRINTABLE when one row is taller than
 * a page; paragraphs go on on the next. Any thread, several at once. */
GW_MUST_CHECK enum gw_rc page_draw(const struct page_input *input, struct buf *out, struct why *why);

#endif
