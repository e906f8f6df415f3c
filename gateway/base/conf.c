/* INI files into structs, by tables. */
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/conf.h"

#define SECTION_MAX 50 /* inih's MAX_SECTION: a longer name arrives cut off */

struct load {
        const char *path;
        const struct conf_section *sections;
        size_t count;
        char *root;
        uint64_t *seen[64]; /* [section][item]: a bit per key that was set, to refuse repetitions and find what is missing */
        struct why *why;
        bool failed;
        FILE *file;
        bool continued; /* the line is indented: the value before it goes on (inih calls the handler with the same name again) */
        int line; /* of what inih is working on: Debian's build does not tell the handler */
};

static void **slot_pointer(char *item, size_t offset)
{
        return (void **)(void *)(item + offset);
}

static bool fail(struct load *l, int line, const char *what, const char *name)
{
        if (!l->failed)
                why_say(l->why, GW_REJECT, "%s:%d: %s: %s", l->path, line, name, what);
        l->failed = true;
        return false;
}

static bool choice_matches(const char *choices, const char *value)
{
        size_t n = strlen(value);
        for (const char *p = choices; *p;) {
                size_t length = strcspn(p, "|");
                if (length == n && strncmp(p, value, n) == 0)
                        return true;
                p += length + (p[length] == '|');
        }
        return false;
}

static bool parse_int(const char *value, int64_t *ret)
{
        char *end = NULL;
        long long v = strtoll(value, &end, 10);
        if (end == value || *end)
                return false;
        *ret = v;
        return true;
}

static char *resolve_path(const char *file, const char *value)
{
        const char *slash = strrchr(file, '/');
        if (value[0] == '/' || !slash)
                return xstrdup(value);
        return xasprintf("%.*s/%s", (int)(slash - file), file, value);
}

static bool set_value(struct load *l, int line, char *item, const struct conf_key *key, const char *value)
{
        /* "key =" is not a way around a required key, and a default is asked for by leaving the key out. */
        if (!*value && (!key->fallback || *key->fallback))
                return fail(l, line, "is empty", key->name);
        switch (key->type) {
        case CONF_TEXT:
                if (key->choices && !choice_matches(key->choices, value))
                        return fail(l, line, key->choices, key->name);
                *slot_pointer(item, key->offset) = *value ? xstrdup(value) : NULL;
                return true;
        case CONF_PATH:
                *slot_pointer(item, key->offset) = *value ? resolve_path(l->path, value) : NULL;
                return true;
        case CONF_PATH_OR_URI: {
                size_t n = strlen(key->choices);
                bool uri = strncmp(value, key->choices, n) == 0 && value[n] == ':';
                *slot_pointer(item, key->offset) = !*value ? NULL : uri ? xstrdup(value) : resolve_path(l->path, value);
                return true;
        }
        case CONF_INT: {
                int64_t v;
                if (!parse_int(value, &v) || v < key->min || v > key->max)
                        return fail(l, line, "not a whole number within its range (see check-conf --describe)", key->name);
                memcpy(item + key->offset, &v, sizeof v);
                return true;
        }
        case CONF_BOOL: {
                bool yes = str_eq(value, "yes");
                if (!yes && !str_eq(value, "no"))
                        return fail(l, line, "must be yes or no", key->name);
                memcpy(item + key->offset, &yes, sizeof yes);
                return true;
        }
        }
        return false;
}

static size_t *item_count(struct load *l, const struct conf_section *s)
{
        return (size_t *)(void *)(l->root + s->count_offset);
}

static char *item_label(const struct conf_section *s, char *item)
{
        return *slot_pointer(item, s->label_offset);
}

/* The struct a section line belongs to: the single one, or the labelled item, made when it is new. *ret_seen: its seen bits. */
static char *find_item(struct load *l, const struct conf_section *s, const char *label, uint64_t **ret_seen, int line)
{
        size_t section = (size_t)(s - l->sections);
        if (!s->repeated) {
                *ret_seen = &l->seen[section][0];
                return l->root + s->offset;
        }
        size_t *count = item_count(l, s);
        for (size_t i = 0; i < *count; i++) {
                char *item = l->root + s->offset + i * s->item_size;
                if (str_eq(item_label(s, item), label)) {
                        *ret_seen = &l->seen[section][i];
                        return item;
                }
        }
        if (*count >= s->item_max) {
                fail(l, line, "too many sections of this kind", s->name);
                return NULL;
        }
        char *item = l->root + s->offset + *count * s->item_size;
        *slot_pointer(item, s->label_offset) = xstrdup(label);
        *ret_seen = &l->seen[section][*count];
        (*count)++;
        return item;
}

/* inih's reader: one line at a time, counted. */
static char *next_line(char *out, int size, void *user)
{
        struct load *l = user;
        l->line++;
        if (l->failed || !fgets(out, size, l->file))
                return NULL;
        /* inih's buffer is short (200 bytes on Debian) and would go on with the rest as a line of its own. */
        if (!strchr(out, '\n') && !feof(l->file) && ungetc(fgetc(l->file), l->file) != EOF)
                fail(l, l->line, "longer than 198 bytes (go on in an indented line), or holds a NUL byte", "line");
        l->continued = out[0] == ' ' || out[0] == '\t';
        return l->failed ? NULL : out;
}

/* A long text or list in several lines. */
static int go_on(struct load *l, int line, char *item, const struct conf_key *key, const char *value)
{
        void **slot = slot_pointer(item, key->offset);
        if (strchr(value, '='))
                return !fail(l, line, "is gone on with by an indented line that looks like a key of its own", key->name);
        if (key->type != CONF_TEXT || key->choices || !*slot)
                return !fail(l, line, "cannot go on in a second line", key->name);
        char *joined = xasprintf("%s %s", (char *)*slot, value);
        free(*slot);
        *slot = joined;
        return 1;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
        struct load *l = user;
        int line = l->line;
        if (l->failed)
                return 1;
        if (strlen(section) >= SECTION_MAX - 1) {
                fail(l, line, "name is too long", "section");
                return 1;
        }
        size_t length = strcspn(section, " ");
        const char *label = section[length] ? section + length + 1 : "";
        for (size_t i = 0; i < l->count; i++) {
                const struct conf_section *s = &l->sections[i];
                if (strlen(s->name) != length || strncmp(s->name, section, length) != 0 || s->repeated != (*label != '\0'))
                        continue;
                uint64_t *seen;
                char *item = find_item(l, s, label, &seen, line);
                for (size_t k = 0; item && k < s->key_count; k++) {
                        if (!str_eq(s->keys[k].name, name))
                                continue;
                        if (l->continued && *seen & (uint64_t)1 << k)
                                return go_on(l, line, item, &s->keys[k], value);
                        if (*seen & (uint64_t)1 << k)
                                return !fail(l, line, "given twice", name);
                        *seen |= (uint64_t)1 << k;
                        set_value(l, line, item, &s->keys[k], value);
                        return 1;
                }
                if (item)
                        fail(l, line, "unknown key", name);
                return 1;
        }
        fail(l, line, "unknown section", section);
        return 1;
}

static void fill_defaults(struct load *l, const struct conf_section *s, char *item, uint64_t seen)
{
        for (size_t k = 0; k < s->key_count && !l->failed; k++) {
                const struct conf_key *key = &s->keys[k];
                if (seen & (uint64_t)1 << k)
                        continue;
                if (!key->fallback) {
                        auto_str char *name = xasprintf("[%s%s%s] %s", s->name, s->repeated ? " " : "", s->repeated ? item_label(s, item) : "", key->name);
                        fail(l, 0, "is required", name);
                } else if (*key->fallback) {
                        set_value(l, 0, item, key, key->fallback);
                }
        }
}

enum gw_rc conf_read(FILE *in, const char *path, const struct conf_section *sections, size_t count, void *root, struct why *why)
{
        GW_ASSERT(count <= 64);
        struct load *l = xcalloc(1, sizeof *l);
        *l = (struct load){.path = path, .sections = sections, .count = count, .root = root, .why = why, .file = in};
        for (size_t i = 0; i < count; i++)
                l->seen[i] = xcalloc(sections[i].repeated ? sections[i].item_max : 1, sizeof **l->seen);
        int rc = ini_parse_stream(next_line, l, on_pair, l);
        if (rc != 0 && !l->failed)
                fail(l, rc, "not a key = value line", "syntax");
        for (size_t i = 0; i < count && !l->failed; i++) {
                const struct conf_section *s = &sections[i];
                size_t items = s->repeated ? *item_count(l, s) : 1;
                GW_ASSERT(s->key_count <= 64);
                for (size_t k = 0; k < items; k++)
                        fill_defaults(l, s, l->root + s->offset + k * s->item_size, l->seen[i][k]);
        }
        bool failed = l->failed;
        for (size_t i = 0; i < count; i++)
                free(l->seen[i]);
        free(l);
        return failed ? GW_REJECT : GW_OK;
}

enum gw_rc conf_load(const char *path, const struct conf_section *sections, size_t count, void *root, struct why *why)
{
        FILE *in = fopen(path, "re");
        if (!in)
                return why_say(why, GW_REJECT, "%s: cannot be read", path);
        enum gw_rc rc = conf_read(in, path, sections, count, root, why);
        fclose(in);
        return rc;
}

void conf_free(const struct conf_section *sections, size_t count, void *root)
{
        for (size_t i = 0; i < count; i++) {
                const struct conf_section *s = &sections[i];
                size_t items = s->repeated ? *(size_t *)(void *)((char *)root + s->count_offset) : 1;
                for (size_t n = 0; n < items; n++) {
                        char *item = (char *)root + s->offset + n * s->item_size;
                        for (size_t k = 0; k < s->key_count; k++) {
                                if (s->keys[k].type != CONF_TEXT && s->keys[k].type != CONF_PATH && s->keys[k].type != CONF_PATH_OR_URI)
                                        continue;
                                void **text = slot_pointer(item, s->keys[k].offset);
                                free(*text);
                                *text = NULL;
                        }
                        if (s->repeated) {
                                free(*slot_pointer(item, s->label_offset));
                                *slot_pointer(item, s->label_offset) = NULL;
                        }
                }
        }
}

void conf_describe(FILE *out, const struct conf_section *sections, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct conf_section *s = &sections[i];
                fprintf(out, "%s[%s%s]\n", i ? "\n" : "", s->name, s->repeated ? " NAME" : "");
                for (size_t k = 0; k < s->key_count; k++) {
                        const struct conf_key *key = &s->keys[k];
                        fprintf(out, "; %s", key->help);
                        if (key->choices)
                                fprintf(out, " (%s)", key->choices);
                        if (key->type == CONF_INT)
                                fprintf(out, " (%lld..%lld)", (long long)key->min, (long long)key->max);
                        fprintf(out, "\n%s%s = %s\n", key->fallback ? ";" : "", key->name, key->fallback ? key->fallback : "");
                }
        }
}
