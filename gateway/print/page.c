/* First every block is measured, then blocks are put on pages, then pages are drawn: only then it is known how many there are. */
#include "gateway/print/page.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pthread.h>
#include <qrcodegen.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/reason.h"
#include "gateway/xml/xml.h"

#define CATALOGUE_NS "urn:egov-gateway:catalogue:1"
#define PAGE_WIDTH 595.276 /* A4 */
#define PAGE_HEIGHT 841.890
#define LEFT 56.7
#define WIDTH (PAGE_WIDTH - LEFT - 42.5)
#define TOP 40.0
#define BOTTOM (PAGE_HEIGHT - 56.0)
#define FOOTER_Y (PAGE_HEIGHT - 40.0)
#define CODES_PER_ROW 6
#define CODE_GAP 7.0
#define CODE_SIZE ((WIDTH - (CODES_PER_ROW - 1) * CODE_GAP) / CODES_PER_ROW)
#define BLOCKS_MAX 20000

enum style { STYLE_TEXT, STYLE_TITLE, STYLE_SUBTITLE, STYLE_ISSUER, STYLE_SMALL, STYLE_LABEL, STYLE_VALUE, STYLE_HEAD, STYLE_CELL, STYLE_MARK, STYLE_CORNER };
static const struct { double size; bool bold; PangoAlignment align; } styles[] = {
        [STYLE_TEXT] = {10, false, PANGO_ALIGN_LEFT},
        [STYLE_TITLE] = {13, true, PANGO_ALIGN_CENTER},
        [STYLE_SUBTITLE] = {10, false, PANGO_ALIGN_CENTER},
        [STYLE_ISSUER] = {10, true, PANGO_ALIGN_CENTER},
        [STYLE_SMALL] = {7.5, false, PANGO_ALIGN_LEFT},
        [STYLE_LABEL] = {9, false, PANGO_ALIGN_LEFT},
        [STYLE_VALUE] = {10, true, PANGO_ALIGN_LEFT},
        [STYLE_HEAD] = {8.5, true, PANGO_ALIGN_LEFT},
        [STYLE_CELL] = {9, false, PANGO_ALIGN_LEFT},
        [STYLE_MARK] = {9, true, PANGO_ALIGN_LEFT},
        [STYLE_CORNER] = {8, false, PANGO_ALIGN_RIGHT},
};

#define CELLS_MAX 8
enum kind { BLOCK_TEXT, BLOCK_ROW, BLOCK_RULE, BLOCK_LINE, BLOCK_CODES };
struct block {
        enum kind kind;
        PangoLayout *cells[CELLS_MAX]; /* owned */
        double x[CELLS_MAX + 1];       /* left edges; of a row also the right edge of the last */
        size_t cell_count;
        double before, height;
        size_t head;                   /* BLOCK_ROW: the row to repeat on a new page, or its own index */
        bool keep;                     /* on one page with the next */
        size_t section_end;            /* of the first block of a section: the block after its last; else 0 */
        bool grey, hidden;
        size_t first_code, code_count; /* BLOCK_CODES; the check code is SIZE_MAX */
        size_t page;                   /* where it came to stand */
        double y;
};

#define IDLE_MAX 16
struct page_fonts {
        pthread_mutex_t lock;
        char *family;
        PangoFontMap *idle[IDLE_MAX]; /* one is used by one drawing at a time */
        size_t idle_count;
};

struct drawing {
        const struct page_input *input;
        PangoFontMap *map;
        struct why *why;
        cairo_t *cr;
        PangoContext *pango;
        struct block *blocks;
        size_t count, cap;
        size_t bottom_group;           /* first block of what stands at the bottom of the last page; SIZE_MAX: nothing */
        size_t page_count;
        char *mark;
};

struct page_fonts *page_fonts_new(const char *family)
{
        struct page_fonts *fonts = xcalloc(1, sizeof *fonts);
        pthread_mutex_init(&fonts->lock, NULL);
        fonts->family = xstrdup(family);
        return fonts;
}

/* In builds that look for leaks, what the libraries would keep until the end of the process is given back, so that a leak of ours is seen. Only there: a thread of
 * pango's may still hold a font on a busy machine, and cairo then aborts (seen twice in some hundred runs of `print`). */
static void forget_fonts(void)
{
#ifdef __SANITIZE_ADDRESS__
        cairo_debug_reset_static_data();
        FcFini();
#endif
}

void page_fonts_free(struct page_fonts *fonts)
{
        if (!fonts)
                return;
        for (size_t i = 0; i < fonts->idle_count; i++)
                g_object_unref(fonts->idle[i]);
        if (fonts->idle_count)
                forget_fonts();
        pthread_mutex_destroy(&fonts->lock);
        free(fonts->family);
        free(fonts);
}

/* A map of its own for every drawing at a time: they are not for several threads, and finding fonts anew would take longer than drawing. */
static PangoFontMap *take_map(struct page_fonts *fonts)
{
        pthread_mutex_lock(&fonts->lock);
        PangoFontMap *map = fonts->idle_count ? fonts->idle[--fonts->idle_count] : NULL;
        pthread_mutex_unlock(&fonts->lock);
        return map ? map : pango_cairo_font_map_new();
}

static void give_map(struct page_fonts *fonts, PangoFontMap *map)
{
        pthread_mutex_lock(&fonts->lock);
        if (fonts->idle_count < IDLE_MAX)
                fonts->idle[fonts->idle_count++] = gw_take(&map);
        pthread_mutex_unlock(&fonts->lock);
        if (map)
                g_object_unref(map);
}

static void drawing_done(struct drawing *d)
{
        for (size_t i = 0; i < d->count; i++)
                for (size_t k = 0; k < d->blocks[i].cell_count; k++)
                        g_object_unref(d->blocks[i].cells[k]);
        free(d->blocks);
        free(d->mark);
        if (d->pango)
                g_object_unref(d->pango);
        if (d->cr)
                cairo_destroy(d->cr);
        give_map(d->input->fonts, d->map);
}

/* ---- blocks ---- */

static PangoLayout *layout_of(struct drawing *d, enum style style, const char *text, double width)
{
        PangoFontDescription *font = pango_font_description_new();
        pango_font_description_set_family(font, d->input->fonts->family);
        pango_font_description_set_size(font, (int)(styles[style].size * PANGO_SCALE));
        pango_font_description_set_weight(font, styles[style].bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
        PangoLayout *layout = pango_layout_new(d->pango);
        pango_layout_set_font_description(layout, font);
        pango_font_description_free(font);
        pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_alignment(layout, styles[style].align);
        pango_layout_set_text(layout, text, -1);
        return layout;
}

static double height_of(PangoLayout *layout)
{
        int width, height;
        pango_layout_get_size(layout, &width, &height);
        return (double)height / PANGO_SCALE;
}

static struct block *add_block(struct drawing *d, enum kind kind, double before)
{
        if (d->count == d->cap) {
                d->cap = d->cap ? d->cap * 2 : 64;
                d->blocks = xrealloc(d->blocks, d->cap * sizeof *d->blocks);
        }
        d->blocks[d->count] = (struct block){.kind = kind, .before = before, .head = d->count};
        return &d->blocks[d->count++];
}

static void add_cell(struct drawing *d, struct block *b, enum style style, const char *text, double x, double width)
{
        size_t i = b->cell_count++;
        b->cells[i] = layout_of(d, style, text, width);
        b->x[i] = x;
        double height = height_of(b->cells[i]);
        b->height = height > b->height ? height : b->height;
}

/* A paragraph that is tall is cut into blocks of some lines, so that it can go on on the next page. */
#define LINES_TOGETHER 8
static void add_paragraph(struct drawing *d, enum style style, const char *text, double before)
{
        PangoLayout *whole = layout_of(d, style, text, WIDTH);
        int lines = pango_layout_get_line_count(whole);
        size_t from = 0, end = strlen(text);
        for (int line = 0; line < lines && d->count < BLOCKS_MAX; line += LINES_TOGETHER) {
                bool last = line + LINES_TOGETHER + 2 >= lines; /* no two lonely lines */
                size_t to = last ? end : (size_t)pango_layout_get_line_readonly(whole, line + LINES_TOGETHER)->start_index;
                auto_str char *part = xstrndup(text + from, to - from - (to > from && to < end && text[to - 1] == '\n'));
                struct block *b = add_block(d, BLOCK_TEXT, line ? 0 : before);
                b->keep = last && (style == STYLE_TITLE || style == STYLE_ISSUER);
                add_cell(d, b, style, part, LEFT, WIDTH);
                from = to;
                if (last)
                        break;
        }
        g_object_unref(whole);
}

#define LABEL_WIDTH (WIDTH * 0.3)
#define CELL_PAD 3.0

static bool after_row(const struct drawing *d)
{
        return d->count > 0 && d->blocks[d->count - 1].kind == BLOCK_ROW;
}

static void add_field(struct drawing *d, const char *label, const char *value)
{
        struct block *b = add_block(d, BLOCK_TEXT, after_row(d) ? 8 : 3);
        add_cell(d, b, STYLE_LABEL, label ? label : "", LEFT, LABEL_WIDTH - 8);
        add_cell(d, b, STYLE_VALUE, value, LEFT + LABEL_WIDTH, WIDTH - LABEL_WIDTH);
}

/* Room above the line for a pen; on one page with whose signature it is. */
static void add_line(struct drawing *d, const char *label)
{
        if (d->count > 0 && !after_row(d))
                d->blocks[d->count - 1].keep = true;
        struct block *b = add_block(d, BLOCK_LINE, 16);
        add_cell(d, b, STYLE_LABEL, label ? label : "", LEFT, WIDTH * 0.45 - 8);
}

/* "1 6 3" → left edges; false when there are none or too many. */
static size_t read_widths(const char *text, double x[CELLS_MAX + 1])
{
        double part[CELLS_MAX], sum = 0, at = LEFT;
        size_t n = 0;
        for (const char *p = text ? text : ""; *p && n < CELLS_MAX; n++) {
                char *end;
                part[n] = (double)strtoul(p, &end, 10);
                if (end == p || part[n] <= 0)
                        return 0;
                sum += part[n];
                p = end + strspn(end, " ");
        }
        for (size_t i = 0; i < n; i++) {
                x[i] = at;
                at += WIDTH * part[i] / sum;
        }
        x[n] = at;
        return n;
}

static void add_row(struct drawing *d, const xmlNode *row, const double *x, size_t columns, size_t head, bool is_head)
{
        struct block *b = add_block(d, BLOCK_ROW, is_head ? 6 : after_row(d) ? 0 : 4);
        const xmlNode *cell = xml_first_element(row);
        for (size_t i = 0; i < columns; i++) {
                auto_str char *text = xml_text(cell);
                add_cell(d, b, is_head ? STYLE_HEAD : STYLE_CELL, text ? text : "", x[i] + CELL_PAD, x[i + 1] - x[i] - 2 * CELL_PAD);
                b->x[i] = x[i];
                cell = cell ? xml_next_element(cell) : NULL;
        }
        b->x[columns] = x[columns];
        b->height += 2 * CELL_PAD;
        b->keep = b->grey = is_head;
        if (head != SIZE_MAX)
                b->head = head;
}

static void add_table(struct drawing *d, const xmlNode *table)
{
        double x[CELLS_MAX + 1];
        auto_str char *widths = xml_attribute(table, NULL, "widths");
        size_t columns = read_widths(widths, x), head = SIZE_MAX;
        const xmlNode *row = xml_first_element(table);
        if (!columns || !row || (xml_is(row, CATALOGUE_NS, "head") && !xml_next_element(row)))
                return;
        for (; row && d->count < BLOCKS_MAX; row = xml_next_element(row)) {
                bool is_head = xml_is(row, CATALOGUE_NS, "head");
                add_row(d, row, x, columns, head, is_head);
                if (is_head)
                        head = d->count - 1;
        }
}

static void add_element(struct drawing *d, const xmlNode *node)
{
        static const struct { const char *name; enum style style; double before; } paragraphs[] = {
                {"issuer", STYLE_ISSUER, 5}, {"title", STYLE_TITLE, 8}, {"subtitle", STYLE_SUBTITLE, 3}, {"text", STYLE_TEXT, 6}, {"legal", STYLE_SMALL, 6},
        };
        if (xml_is(node, CATALOGUE_NS, "table")) {
                add_table(d, node);
                return;
        }
        if (xml_is(node, CATALOGUE_NS, "group")) { /* as deep as the document may be, which xml_read() has bounded */
                for (const xmlNode *child = xml_first_element(node); child && d->count < BLOCKS_MAX; child = xml_next_element(child))
                        add_element(d, child);
                return;
        }
        auto_str char *text = xml_text(node), *label = xml_attribute(node, NULL, "label");
        if (xml_is(node, CATALOGUE_NS, "line"))
                add_line(d, label);
        if (!text || !*text)
                return;
        if (xml_is(node, CATALOGUE_NS, "field"))
                add_field(d, label, text);
        for (size_t i = 0; i < GW_COUNT(paragraphs); i++)
                if (xml_is(node, CATALOGUE_NS, paragraphs[i].name))
                        add_paragraph(d, paragraphs[i].style, text, paragraphs[i].before);
}

static void add_section(struct drawing *d, const xmlNode *section)
{
        auto_str char *language = xml_attribute(section, NULL, "language");
        size_t first = d->count;
        pango_context_set_language(d->pango, pango_language_from_string(language ? language : "ru"));
        if (d->count > 0 && d->blocks[d->count - 1].kind != BLOCK_RULE && !d->blocks[d->count - 1].keep)
                add_block(d, BLOCK_RULE, 10)->height = 1;
        for (const xmlNode *node = xml_first_element(section); node && d->count < BLOCKS_MAX; node = xml_next_element(node))
                add_element(d, node);
        if (d->count > first)
                d->blocks[first].section_end = d->count;
}

static void add_corner(struct drawing *d, const xmlNode *corner)
{
        auto_str char *text = xml_text(corner), *label = xml_attribute(corner, NULL, "label");
        if (!text || !*text)
                return;
        auto_str char *line = xasprintf("%s: %s", label ? label : "", text);
        struct block *b = add_block(d, BLOCK_TEXT, 1);
        b->keep = true;
        add_cell(d, b, STYLE_CORNER, line, LEFT + WIDTH * 0.35, WIDTH * 0.65);
}

/* Check code with its lines beside it, then the codes of the document. */
static void add_bottom(struct drawing *d)
{
        const struct page_input *in = d->input;
        auto_buf struct buf lines = BUF_INIT;
        for (const xmlNode *node = xml_first_element(in->layout); node; node = xml_next_element(node)) {
                auto_str char *text = xml_is(node, CATALOGUE_NS, "barcode") ? xml_text(node) : NULL;
                if (text && *text)
                        buf_printf(&lines, "%s%s", lines.n ? "\n" : "", text);
        }
        if (in->check_url)
                buf_printf(&lines, "%s%s", lines.n ? "\n" : "", in->check_url);
        if (!lines.n && !in->codes->count)
                return;
        d->bottom_group = d->count;
        struct block *b = add_block(d, in->check_url ? BLOCK_CODES : BLOCK_TEXT, 12);
        double aside = in->check_url ? CODE_SIZE + 10 : 0;
        b->first_code = SIZE_MAX;
        add_cell(d, b, STYLE_SMALL, buf_cstr(&lines), LEFT + aside, WIDTH - aside);
        b->height = in->check_url && b->height < CODE_SIZE ? CODE_SIZE : b->height;
        b->keep = in->codes->count > 0;
        for (size_t i = 0; i < in->codes->count; i += CODES_PER_ROW) {
                struct block *row = add_block(d, BLOCK_CODES, CODE_GAP);
                row->first_code = i;
                row->code_count = in->codes->count - i < CODES_PER_ROW ? in->codes->count - i : CODES_PER_ROW;
                row->height = CODE_SIZE;
                row->keep = i + CODES_PER_ROW < in->codes->count;
        }
}

static void add_blocks(struct drawing *d)
{
        for (const xmlNode *node = xml_first_element(d->input->layout); node; node = xml_next_element(node)) {
                if (xml_is(node, CATALOGUE_NS, "mark") && !d->mark)
                        d->mark = xml_text(node);
                if (xml_is(node, CATALOGUE_NS, "corner"))
                        add_corner(d, node);
                if (xml_is(node, CATALOGUE_NS, "section"))
                        add_section(d, node);
        }
        add_bottom(d);
}

/* ---- pages ---- */

/* The height of block i and of those that must be on one page with it. */
static double group_height(const struct drawing *d, size_t i)
{
        double height = 0;
        for (;; i++) {
                height += d->blocks[i].before + d->blocks[i].height;
                if (!d->blocks[i].keep || i + 1 == d->count)
                        return height;
        }
}

static double section_height(const struct drawing *d, size_t first)
{
        double height = 0;
        for (size_t i = first; i < d->blocks[first].section_end; i++)
                height += d->blocks[i].before + d->blocks[i].height;
        return height;
}

/* Begins block i on a new page? A section that fits on one page is not torn apart: each language can be handed over by itself. */
static bool breaks_before(const struct drawing *d, size_t i, double y)
{
        double section = d->blocks[i].section_end ? section_height(d, i) : 0;
        return y + group_height(d, i) > BOTTOM || (y + section > BOTTOM && section < BOTTOM - TOP - 12);
}

static enum gw_rc paginate(struct drawing *d)
{
        double y = TOP + 12;
        bool kept = false;
        for (size_t i = 0; i < d->count; i++) {
                struct block *b = &d->blocks[i];
                double head = b->kind == BLOCK_ROW && b->head != i ? d->blocks[b->head].height : 0;
                if (!kept && y > TOP + 12 && breaks_before(d, i, y)) {
                        d->page_count++;
                        y = TOP + 12 + head;
                        b->hidden = b->kind == BLOCK_RULE; /* the page's edge parts them */
                }
                if (i == d->bottom_group && y + group_height(d, i) < BOTTOM)
                        y = BOTTOM - group_height(d, i);
                y += b->before;
                b->page = d->page_count;
                b->y = y;
                y += b->height;
                kept = b->keep;
                if (y > BOTTOM + 0.01)
                        return why_set(d->why, GW_FAULT, REASON_RESULT_NOT_PRINTABLE, "a paragraph or a row is taller than a page");
        }
        d->page_count++;
        return GW_OK;
}

static void show(struct drawing *d, PangoLayout *layout, double x, double y)
{
        cairo_move_to(d->cr, x, y);
        pango_cairo_show_layout(d->cr, layout);
}

static void show_text(struct drawing *d, enum style style, const char *text, double x, double y, double width)
{
        PangoLayout *layout = layout_of(d, style, text, width);
        show(d, layout, x, y);
        g_object_unref(layout);
}

/* From there to the right edge. */
static void draw_rule(struct drawing *d, double x, double y)
{
        cairo_set_line_width(d->cr, 0.5);
        cairo_move_to(d->cr, x, y);
        cairo_line_to(d->cr, LEFT + WIDTH, y);
        cairo_stroke(d->cr);
}

static void draw_row(struct drawing *d, const struct block *b, double y)
{
        double right = b->x[b->cell_count];
        if (b->grey) {
                cairo_set_source_rgb(d->cr, 0.92, 0.92, 0.92);
                cairo_rectangle(d->cr, b->x[0], y, right - b->x[0], b->height);
                cairo_fill(d->cr);
                cairo_set_source_rgb(d->cr, 0, 0, 0);
        }
        cairo_set_line_width(d->cr, 0.5);
        cairo_rectangle(d->cr, b->x[0], y, right - b->x[0], b->height);
        for (size_t i = 1; i < b->cell_count; i++) {
                cairo_move_to(d->cr, b->x[i], y);
                cairo_line_to(d->cr, b->x[i], y + b->height);
        }
        cairo_stroke(d->cr);
        for (size_t i = 0; i < b->cell_count; i++)
                show(d, b->cells[i], b->x[i] + CELL_PAD, y + CELL_PAD);
}

/* One bit for a module, as a stencil: two kilobytes instead of thousands of rectangles. */
static cairo_surface_t *stencil_of(const uint8_t *code)
{
        int width = qrcodegen_getSize(code);
        cairo_surface_t *stencil = cairo_image_surface_create(CAIRO_FORMAT_A1, width, width);
        unsigned char *bits = cairo_image_surface_get_data(stencil);
        int stride = cairo_image_surface_get_stride(stencil);
        for (int y = 0; bits && y < width; y++)
                for (int x = 0; x < width; x++)
                        if (qrcodegen_getModule(code, x, y)) { /* A1: 32-bit words in the machine's order, the first pixel in its lowest bit */
                                uint32_t word;
                                unsigned char *at = bits + (ptrdiff_t)y * stride + x / 32 * 4;
                                memcpy(&word, at, sizeof word);
                                word |= UINT32_C(1) << (G_BYTE_ORDER == G_BIG_ENDIAN ? 31 - x % 32 : x % 32);
                                memcpy(at, &word, sizeof word);
                        }
        cairo_surface_mark_dirty(stencil);
        return stencil;
}

/* mask: that of a piece of the document is not searched for. Trying all eight is half of what a printed result costs, and base64 has no patterns that one of them
 * would have to break up; readers take it from the code (ISO/IEC 18004, 7.8). */
static enum gw_rc draw_code(struct drawing *d, struct span text, enum qrcodegen_Ecc level, enum qrcodegen_Mask mask, double x, double y)
{
        uint8_t code[qrcodegen_BUFFER_LEN_MAX], data[qrcodegen_BUFFER_LEN_MAX];
        bool fits = text.n <= sizeof data;
        if (fits)
                memcpy(data, text.p, text.n);
        if (!fits || !qrcodegen_encodeBinary(data, text.n, code, level, qrcodegen_VERSION_MIN, qrcodegen_VERSION_MAX, mask, false))
                return why_set(d->why, GW_FAULT, REASON_INTERNAL, "a QR code cannot be made of %zu bytes", text.n);
        double width = qrcodegen_getSize(code);
        cairo_surface_t *stencil = stencil_of(code);
        cairo_pattern_t *pattern = cairo_pattern_create_for_surface(stencil);
        cairo_pattern_set_filter(pattern, CAIRO_FILTER_NEAREST); /* else viewers blur it, and PDF/A forbids it (ISO 19005-3, 6.2.8) */
        cairo_save(d->cr);
        cairo_translate(d->cr, x, y);
        cairo_scale(d->cr, CODE_SIZE / width, CODE_SIZE / width);
        cairo_mask(d->cr, pattern);
        cairo_restore(d->cr);
        cairo_pattern_destroy(pattern);
        cairo_surface_destroy(stencil);
        return GW_OK;
}

static enum gw_rc draw_block(struct drawing *d, const struct block *b, double y)
{
        enum gw_rc rc = GW_OK;
        switch (b->kind) {
        case BLOCK_RULE:
                if (!b->hidden)
                        draw_rule(d, LEFT, y);
                return GW_OK;
        case BLOCK_ROW:
                draw_row(d, b, y);
                return GW_OK;
        case BLOCK_LINE:
                draw_rule(d, LEFT + WIDTH * 0.45, y + b->height);
                break;
        case BLOCK_CODES:
                if (b->first_code == SIZE_MAX)
                        rc = draw_code(d, span_str(d->input->check_url), qrcodegen_Ecc_MEDIUM, qrcodegen_Mask_AUTO, LEFT, y);
                for (size_t i = 0; i < b->code_count && rc == GW_OK; i++)
                        rc = draw_code(d, buf_span(&d->input->codes->payloads[b->first_code + i]), qrcodegen_Ecc_LOW, qrcodegen_Mask_3,
                                       LEFT + (double)i * (CODE_SIZE + CODE_GAP), y);
                break;
        case BLOCK_TEXT:
                break;
        }
        for (size_t i = 0; i < b->cell_count; i++)
                show(d, b->cells[i], b->x[i], y);
        return rc;
}

/* "1 беттің 1 беті / Страница 1 из 1" (services.md G): of so many pages, this one. */
static void draw_frame(struct drawing *d, size_t page)
{
        if (d->mark) {
                cairo_set_source_rgb(d->cr, 0.7, 0, 0);
                show_text(d, STYLE_MARK, d->mark, LEFT, TOP - 8, WIDTH);
                cairo_set_source_rgb(d->cr, 0, 0, 0);
        }
        auto_str char *left = xasprintf("№ %s", d->input->number);
        auto_str char *right = xasprintf("%zu беттің %zu беті / Страница %zu из %zu", d->page_count, page + 1, page + 1, d->page_count);
        draw_rule(d, LEFT, FOOTER_Y - 4);
        show_text(d, STYLE_LABEL, left, LEFT, FOOTER_Y, WIDTH * 0.35);
        show_text(d, STYLE_CORNER, right, LEFT + WIDTH * 0.35, FOOTER_Y, WIDTH * 0.65);
}

static enum gw_rc draw_pages(struct drawing *d)
{
        size_t i = 0;
        for (size_t page = 0; page < d->page_count; page++) {
                draw_frame(d, page);
                bool first = true;
                for (; i < d->count && d->blocks[i].page == page; i++, first = false) {
                        const struct block *b = &d->blocks[i];
                        if (first && b->kind == BLOCK_ROW && b->head != i)
                                draw_row(d, &d->blocks[b->head], b->y - d->blocks[b->head].height);
                        enum gw_rc rc = draw_block(d, b, b->y);
                        if (rc != GW_OK)
                                return rc;
                }
                cairo_show_page(d->cr);
        }
        return GW_OK;
}

/* ---- the whole ---- */

static cairo_status_t write_bytes(void *closure, const unsigned char *data, unsigned length)
{
        struct buf *out = closure;
        buf_add(out, data, length);
        return buf_failed(out) ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* Without this another font's letters would stand among its own, or boxes. */
static enum gw_rc check_font(struct drawing *d)
{
        PangoLayout *layout = layout_of(d, STYLE_TEXT, "ӘәҒғҚқҢңӨөҰұҮүҺһІіЁё№«»–", WIDTH);
        int unknown = pango_layout_get_unknown_glyphs_count(layout);
        g_object_unref(layout);
        return unknown ? why_set(d->why, GW_FAULT, REASON_CONFIGURATION, "the font %s has no Kazakh letters (install one, e.g. fonts-dejavu-core)", d->input->fonts->family) : GW_OK;
}

static enum gw_rc draw_all(struct drawing *d)
{
        pango_cairo_context_set_resolution(d->pango, 72); /* a unit of the page is a point */
        enum gw_rc rc = check_font(d);
        if (rc != GW_OK)
                return rc;
        add_blocks(d);
        rc = paginate(d);
        return rc == GW_OK ? draw_pages(d) : rc;
}

enum gw_rc page_draw(const struct page_input *input, struct buf *out, struct why *why)
{
        struct drawing d = {.input = input, .why = why, .bottom_group = SIZE_MAX};
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(write_bytes, out, PAGE_WIDTH, PAGE_HEIGHT);
        d.cr = cairo_create(surface);
        d.map = take_map(input->fonts);
        d.pango = pango_font_map_create_context(d.map);
        pango_cairo_update_context(d.cr, d.pango);
        enum gw_rc rc = draw_all(&d);
        drawing_done(&d);
        cairo_surface_finish(surface);
        cairo_status_t status = cairo_surface_status(surface);
        cairo_surface_destroy(surface);
        if (rc == GW_OK && status != CAIRO_STATUS_SUCCESS)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the pages cannot be drawn: %s", cairo_status_to_string(status));
        return rc;
}
