/* Configuration files: INI (inih), read into a struct by tables.
 *
 * Each table row is name, type, default, range and one line of help; an unknown section or key, a repeated key, a missing required key or a
 * value out of range is an error with file and line. A text goes on in indented lines (joined by a blank). Sections may be repeated with a name: [listener public]. */
#ifndef GW_BASE_CONF_H
#define GW_BASE_CONF_H

#include <stdio.h>

#include "gateway/base/why.h"

enum conf_type {
        CONF_TEXT, /* char * */
        CONF_PATH, /* char *; a relative path is taken from the folder of the file */
        CONF_PATH_OR_URI, /* char *; the same, but what begins with `choices` and a colon is kept as it is */
        CONF_INT,  /* int64_t within min..max */
        CONF_BOOL, /* bool: yes | no */
};
struct conf_key {
        const char *name;
        enum conf_type type;
        size_t offset;        /* in the section's struct */
        const char *fallback; /* default as text; NULL = required; "" = may be absent (NULL for texts) */
        int64_t min, max;     /* CONF_INT */
        const char *choices;  /* CONF_TEXT: allowed values separated by '|', or NULL */
        const char *help;
};
struct conf_section {
        const char *name;
        const struct conf_key *keys;
        size_t key_count;
        bool repeated;        /* [name label]: items in an array */
        size_t offset;        /* of the struct (single) or of the array's first item in the root */
        size_t item_size, item_max;
        size_t count_offset;  /* of a size_t in the root (repeated) */
        size_t label_offset;  /* of a char * in the item (repeated) */
};
/* Fills root (zeroed by the caller). On failure root may hold strings: conf_free() anyway. GW_REJECT with "file:line: …". */
GW_MUST_CHECK enum gw_rc conf_load(const char *path, const struct conf_section *sections, size_t count, void *root, struct why *why);
/* The same from an open file, which stays open; path is for messages and relative paths. */
GW_MUST_CHECK enum gw_rc conf_read(FILE *in, const char *path, const struct conf_section *sections, size_t count, void *root, struct why *why);
void conf_free(const struct conf_section *sections, size_t count, void *root);
/* Every key with default, range and help, as a commented example file. */
void conf_describe(FILE *out, const struct conf_section *sections, size_t count);

#endif
