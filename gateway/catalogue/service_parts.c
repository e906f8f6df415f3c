/* Small readers that all parts of a service file use. */
#include "gateway/catalogue/service_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"

const char *const basis_names[] = {"regulation", "source", "assumed", NULL};

enum gw_rc place_fail(const struct place *place, long line, const char *format, ...)
{
        char text[240];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        return why_set(place->why, GW_FAULT, REASON_CONFIGURATION, "%s:%ld: %.*s", place->name, line, (int)strcspn(text, "\n"), text);
}

struct text3 read_texts(const xmlNode *parent)
{
        return (struct text3){
                .kk = xml_child_text(parent, CATALOGUE_NS, "kk"),
                .ru = xml_child_text(parent, CATALOGUE_NS, "ru"),
                .en = xml_child_text(parent, CATALOGUE_NS, "en"),
        };
}

struct text2 read_texts2(const xmlNode *parent)
{
        return (struct text2){.kk = xml_child_text(parent, CATALOGUE_NS, "kk"), .ru = xml_child_text(parent, CATALOGUE_NS, "ru")};
}

void text3_done(struct text3 *text)
{
        free(text->kk);
        free(text->ru);
        free(text->en);
}

void text2_done(struct text2 *text)
{
        free(text->kk);
        free(text->ru);
}

void list_free(char **list)
{
        for (char **at = list; at && *at; at++)
                free(*at);
        free(list);
}

size_t count_elements(const xmlNode *parent, const char *name)
{
        size_t count = 0;
        each_element(item, parent, name)
                count++;
        return count;
}

bool read_bool(const xmlNode *node, const char *attribute, bool otherwise)
{
        auto_str char *text = xml_attribute(node, NULL, attribute);
        return text ? str_eq(text, "true") || str_eq(text, "1") : otherwise;
}

unsigned read_number(const xmlNode *node, const char *attribute)
{
        auto_str char *text = xml_attribute(node, NULL, attribute);
        uint64_t number = 0;
        return text && text_to_u64(text, 1, 999, &number) ? (unsigned)number : 0;
}

static int word_index(const char *text, size_t n, const char *const *words)
{
        for (int i = 0; words[i]; i++)
                if (strlen(words[i]) == n && strncmp(words[i], text, n) == 0)
                        return i;
        return -1;
}

int read_word(const xmlNode *node, const char *attribute, const char *const *words, int otherwise)
{
        auto_str char *text = xml_attribute(node, NULL, attribute);
        int index = text ? word_index(text, strlen(text), words) : -1;
        return index < 0 ? otherwise : index;
}

unsigned read_route_kinds(const xmlNode *node, const char *attribute)
{
        static const char blanks[] = " \t\r\n";
        auto_str char *text = xml_attribute(node, NULL, attribute);
        unsigned bits = 0;
        for (const char *p = text ? text + strspn(text, blanks) : ""; *p; p += strspn(p, blanks)) {
                size_t n = strcspn(p, blanks);
                int kind = word_index(p, n, route_kind_names);
                bits |= kind < 0 ? 0 : 1u << kind;
                p += n;
        }
        return bits;
}

enum gw_rc read_day(const xmlNode *node, const char *attribute, bool next, struct wall_time *ret_time, const struct place *place)
{
        auto_str char *text = xml_attribute(node, NULL, attribute);
        if (!text)
                return GW_OK;
        struct wall_time day;
        if (clock_parse_date(text, &day) != GW_OK)
                return place_fail(place, xmlGetLineNo(node), "%s %s: no such day", (const char *)node->name, attribute);
        struct clock_fields f = clock_fields_of(day);
        *ret_time = next ? clock_from_fields(f.year, f.month, f.day + 1, 0) : day;
        return GW_OK;
}
