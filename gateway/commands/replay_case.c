/* Reads case files: INI through inih, every key from one table, so that a typing mistake is an error and never a test that tests
 * nothing. */
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"

#define CASE_BYTES_MAX ((size_t)64 << 10)
#define LINE_BYTES_MAX 190 /* inih cuts at INI_MAX_LINE 200 and would take the rest for another line */
#define PATHS_MAX 10000
#define FOLDERS_DEEP_MAX 8

enum kind { TEXT, FLAG, LIST };
struct key {
        const char *section, *name;
        enum kind kind;
        size_t offset;
        const char *choices; /* "a|b", or NULL */
};
#define AT(member) offsetof(struct replay_case, member)
static const struct key keys[] = {
        {"request", "channel", TEXT, AT(channel_text), "sync|async|rest|front|http|raw"},
        {"request", "template", TEXT, AT(template), NULL},
        {"request", "application", TEXT, AT(application), NULL},
        {"request", "application_signer", TEXT, AT(application_signer), NULL},
        {"request", "signature_form", TEXT, AT(signature_form), "plain|xades"},
        {"request", "time_stamp", TEXT, AT(time_stamp), NULL},
        {"request", "sender_key", TEXT, AT(sender_key), NULL},
        {"request", "data_form", TEXT, AT(data_form), "escaped|cdata|child|qualified|escaped-bom|package"},
        {"request", "application_form", TEXT, AT(application_form), "xml|cms|json-cms|json-detached|json-xml"},
        {"request", "cms_change", TEXT, AT(cms_change), "none|content|certificate-id|no-certificate|no-attributes|sha1|value|detached"},
        {"request", "login", TEXT, AT(login), NULL},
        {"request", "method", TEXT, AT(method), NULL},
        {"request", "path", TEXT, AT(http_path), NULL},
        {"request", "content_type", TEXT, AT(content_type), NULL},
        {"request", "client", TEXT, AT(client), NULL},
        {"request", "raw", TEXT, AT(raw), NULL},
        {"request", "queue", TEXT, AT(queue), NULL},
        {"request", "repeat", TEXT, AT(repeat), "no|same|other-bytes"},
        {"request", "chunked", FLAG, AT(chunked), NULL},
        {"request", "expect_100", FLAG, AT(expect_100), NULL},
        {"request", "header", LIST, AT(headers), NULL},
        {"request", "before_application_signature", LIST, AT(mutations[REPLAY_BEFORE_APPLICATION_SIGNATURE]), NULL},
        {"request", "after_application_signature", LIST, AT(mutations[REPLAY_AFTER_APPLICATION_SIGNATURE]), NULL},
        {"request", "before_transport_signature", LIST, AT(mutations[REPLAY_BEFORE_TRANSPORT_SIGNATURE]), NULL},
        {"request", "after_transport_signature", LIST, AT(mutations[REPLAY_AFTER_TRANSPORT_SIGNATURE]), NULL},
        {"expect", "status", TEXT, AT(status), NULL},
        {"expect", "repeat_status", TEXT, AT(repeat_status), NULL},
        {"expect", "reason", TEXT, AT(reason), NULL},
        {"expect", "code", TEXT, AT(code), NULL},
        {"expect", "status_code", TEXT, AT(status_code), "SUCCESS|IN_PROGRESS"},
        {"expect", "outcome", TEXT, AT(outcome), "POSITIVE|NEGATIVE|REFUSED"},
        {"expect", "contains", TEXT, AT(contains), NULL},
        {"expect", "signed", FLAG, AT(signed_answer), NULL},
        {"expect", "same_answer", FLAG, AT(same_answer), NULL},
};

static void list_done(struct replay_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i]);
}

void replay_case_free(struct replay_case *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < GW_COUNT(keys); i++) {
                char *field = (char *)c + keys[i].offset;
                if (keys[i].kind == TEXT)
                        free(*(char **)(void *)field);
                else if (keys[i].kind == LIST)
                        list_done((struct replay_list *)(void *)field);
        }
        for (size_t i = 0; i < c->set.count; i++) {
                free(c->set.items[i].name);
                free(c->set.items[i].value);
        }
        free(c->path);
        free(c->folder);
        free(c->name);
        free(c->title);
        free(c);
}

/* ---- one key ---- */

struct reader {
        struct replay_case *c;
        bool seen[GW_COUNT(keys)];
        size_t set_from;             /* [set] entries of this file start here */
        char problem[160];
};

static bool is_choice(const char *choices, const char *value)
{
        size_t n = strlen(value);
        for (const char *at = choices; *at;) {
                size_t length = strcspn(at, "|");
                if (length == n && strncmp(at, value, n) == 0)
                        return true;
                at += length + (at[length] == '|');
        }
        return false;
}

static bool say(struct reader *reader, const char *what, const char *name)
{
        snprintf(reader->problem, sizeof reader->problem, "%s: %s", name, what);
        return false;
}

static bool take_set(struct reader *reader, const char *name, const char *value)
{
        struct replay_pairs *set = &reader->c->set;
        for (size_t i = 0; i < set->count; i++) {
                if (!str_eq(set->items[i].name, name))
                        continue;
                if (i >= reader->set_from)
                        return say(reader, "is set twice", name);
                free(set->items[i].value);
                set->items[i].value = xstrdup(value);
                return true;
        }
        if (set->count == REPLAY_LIST_MAX)
                return say(reader, "is one value too many", name);
        set->items[set->count].name = xstrdup(name);
        set->items[set->count++].value = xstrdup(value);
        return true;
}

static bool take_value(struct reader *reader, const struct key *key, const char *value)
{
        char *field = (char *)reader->c + key->offset;
        if (key->choices && !is_choice(key->choices, value))
                return say(reader, "is none of its choices", key->name);
        switch (key->kind) {
        case TEXT: {
                char **text = (char **)(void *)field;
                free(*text);
                *text = xstrdup(value);
                return true;
        }
        case FLAG:
                if (!str_eq(value, "yes") && !str_eq(value, "no"))
                        return say(reader, "is yes or no", key->name);
                *(bool *)field = str_eq(value, "yes");
                return true;
        case LIST: {
                struct replay_list *list = (struct replay_list *)(void *)field;
                if (list->count == REPLAY_LIST_MAX)
                        return say(reader, "is repeated too often", key->name);
                list->items[list->count++] = xstrdup(value);
                return true;
        }
        }
        GW_ASSERT(!"kind");
}

/* inih's handler: 0 stops with the line's number. */
static int on_pair(void *ctx, const char *section, const char *name, const char *value)
{
        struct reader *reader = ctx;
        if (*reader->problem)
                return 0;
        if (str_eq(section, "set"))
                return take_set(reader, name, value);
        for (size_t i = 0; i < GW_COUNT(keys); i++) {
                if (!str_eq(keys[i].section, section) || !str_eq(keys[i].name, name))
                        continue;
                if (reader->seen[i] && keys[i].kind != LIST)
                        return say(reader, "is given twice", name);
                reader->seen[i] = true;
                return take_value(reader, &keys[i], value);
        }
        return say(reader, "is not a key of this section", name);
}

/* ---- one file ---- */

static enum gw_rc check_lines(const char *path, const char *text, struct why *why)
{
        size_t number = 1;
        for (const char *line = text; *line; number++) {
                size_t n = strcspn(line, "\n");
                if (n > LINE_BYTES_MAX)
                        return why_say(why, GW_REJECT, "%s:%zu: the line is longer than %d bytes", path, number, LINE_BYTES_MAX);
                line += n + (line[n] == '\n');
        }
        return GW_OK;
}

static enum gw_rc read_ini(const char *path, bool defaults, struct replay_case *c, struct why *why)
{
        auto_buf struct buf text = BUF_LIMIT(CASE_BYTES_MAX);
        if (!text_read_file(path, &text))
                return why_say(why, GW_REJECT, "%s cannot be read", path);
        buf_add_str(&text, ""); /* an empty file is an empty string, too */
        if (check_lines(path, buf_cstr(&text), why) != GW_OK)
                return GW_REJECT;
        struct reader reader = {.c = c, .set_from = c->set.count};
        int line = ini_parse_string(buf_cstr(&text), on_pair, &reader);
        if (line != 0)
                return why_say(why, GW_REJECT, "%s:%d: %s", path, line,
                               *reader.problem ? reader.problem : "is not a section or a key = value");
        if (defaults)
                return GW_OK;
        /* The comment: what it is and why; its first sentence (or line) is the title in the report. */
        const char *comment = buf_cstr(&text);
        if (*comment != ';' && *comment != '#')
                return why_say(why, GW_REJECT, "%s:1: a case starts with a comment that says what it is and why", path);
        comment += strspn(comment, ";# ");
        c->title = xstrndup(comment, strcspn(comment, "\r\n"));
        return GW_OK;
}

static const struct { const char *text; enum replay_channel channel; const char *path, *content_type; } channels[] = {
        {"sync", REPLAY_SYNC, "/shep/sync", "text/xml; charset=utf-8"},
        {"async", REPLAY_ASYNC, "/shep/async", "text/xml; charset=utf-8"},
        {"rest", REPLAY_REST, "/api/v1/requests", "application/xml"},
        {"front", REPLAY_FRONT, "/api/v1/front-office/applications", "application/xml"},
        {"http", REPLAY_HTTP, "/", "text/xml; charset=utf-8"},
        {"raw", REPLAY_RAW, "/", ""},
};

static void fall_back(char **field, const char *value)
{
        if (!*field)
                *field = xstrdup(value);
}

static enum gw_rc complete(struct replay_case *c, struct why *why)
{
        if (!c->channel_text)
                return why_say(why, GW_REJECT, "%s: channel is missing", c->path);
        if (!c->status)
                return why_say(why, GW_REJECT, "%s: [expect] says no status", c->path);
        if (c->reason && reason_by_name(c->reason) < 0)
                return why_say(why, GW_REJECT, "%s: %s is not a reason code", c->path, c->reason);
        for (size_t i = 0; i < GW_COUNT(channels); i++) {
                if (!str_eq(channels[i].text, c->channel_text))
                        continue;
                c->channel = channels[i].channel;
                fall_back(&c->http_path, channels[i].path);
                bool rest = (c->channel == REPLAY_REST || c->channel == REPLAY_FRONT) && c->application_form;
                fall_back(&c->content_type, rest && str_eq(c->application_form, "cms") ? "application/pkcs7-mime" : rest && str_starts(c->application_form, "json") ? "application/json" : channels[i].content_type);
                fall_back(&c->template, channels[i].text);
        }
        if (c->channel == REPLAY_RAW && !c->raw)
                return why_say(why, GW_REJECT, "%s: channel raw needs the key raw", c->path);
        if (c->channel == REPLAY_FRONT)
                fall_back(&c->login, c->application_signer);
        fall_back(&c->method, "POST");
        fall_back(&c->repeat, "no");
        fall_back(&c->repeat_status, c->status);
        return GW_OK;
}

static void name_case(struct replay_case *c, const char *path)
{
        const char *base = strrchr(path, '/');
        c->path = xstrdup(path);
        c->folder = base ? xstrndup(path, (size_t)(base - path)) : xstrdup(".");
        const char *start = base ? base + 1 : path;
        const char *folder = strrchr(c->folder, '/') ? strrchr(c->folder, '/') + 1 : c->folder;
        size_t n = strlen(start);
        if (n > strlen(".case") && str_eq(start + n - strlen(".case"), ".case"))
                n -= strlen(".case");
        auto_str char *stem = xstrndup(start, n);
        c->name = str_eq(folder, ".") ? xstrdup(stem) : xasprintf("%s/%s", folder, stem);
}

enum gw_rc replay_case_load(const char *path, struct replay_case **ret_case, struct why *why)
{
        gw_auto(replay_case) struct replay_case *c = xcalloc(1, sizeof *c);
        name_case(c, path);
        auto_str char *defaults = xasprintf("%s/../templates/defaults.ini", c->folder);
        enum gw_rc rc = read_ini(defaults, true, c, why);
        if (rc == GW_OK)
                rc = read_ini(path, false, c, why);
        if (rc == GW_OK)
                rc = complete(c, why);
        if (rc != GW_OK)
                return rc;
        *ret_case = gw_take(&c);
        return GW_OK;
}

/* ---- many files ---- */

void replay_paths_done(struct replay_paths *paths)
{
        for (size_t i = 0; i < paths->count; i++)
                free(paths->items[i]);
        free(paths->items);
        *paths = (struct replay_paths){NULL, 0};
}

static bool add_path(struct replay_paths *paths, const char *path)
{
        if (paths->count == PATHS_MAX)
                return false;
        if (!paths->items)
                paths->items = xcalloc(PATHS_MAX, sizeof *paths->items);
        paths->items[paths->count++] = xstrdup(path);
        return true;
}

static int is_wanted(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');
        return entry->d_name[0] != '.' && (!dot || str_eq(dot, ".case"));
}

static enum gw_rc walk(const char *path, unsigned depth, struct replay_paths *paths, struct why *why)
{
        struct stat st;
        if (stat(path, &st) != 0)
                return why_say(why, GW_REJECT, "%s: %s", path, strerror(errno));
        if (!S_ISDIR(st.st_mode))
                return add_path(paths, path) ? GW_OK : why_say(why, GW_REJECT, "more than %d cases", PATHS_MAX);
        struct dirent **entries = NULL;
        int count = depth < FOLDERS_DEEP_MAX ? scandir(path, &entries, is_wanted, alphasort) : 0;
        if (count < 0)
                return why_say(why, GW_REJECT, "%s: %s", path, strerror(errno));
        enum gw_rc rc = GW_OK;
        for (int i = 0; i < count; i++) {
                auto_str char *child = xasprintf("%s/%s", path, entries[i]->d_name);
                bool is_case = strstr(entries[i]->d_name, ".case") != NULL;
                struct stat child_st;
                bool is_folder = stat(child, &child_st) == 0 && S_ISDIR(child_st.st_mode);
                if (rc == GW_OK && (is_case || is_folder))
                        rc = walk(child, depth + 1, paths, why);
                free(entries[i]);
        }
        free(entries);
        return rc;
}

enum gw_rc replay_paths_find(char **operands, size_t count, struct replay_paths *ret_paths, struct why *why)
{
        struct replay_paths paths = {NULL, 0};
        for (size_t i = 0; i < count; i++) {
                auto_str char *path = xstrdup(operands[i]);
                size_t n = strlen(path);
                while (n > 1 && path[n - 1] == '/')
                        path[--n] = '\0';
                enum gw_rc rc = walk(path, 0, &paths, why);
                if (rc != GW_OK) {
                        replay_paths_done(&paths);
                        return rc;
                }
        }
        *ret_paths = paths;
        return GW_OK;
}
