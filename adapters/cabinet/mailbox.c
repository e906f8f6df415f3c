/* Keeps and counts what was delivered. */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/cabinet/mailbox.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"

#define DOCUMENTS_MAX 5000 /* kept in memory; load tests deliver many more than anybody reads */

struct received {
        char *message_id;         /* first: the key */
        struct received *next;    /* of the same request, in order of arrival */
        struct chain *chain;
        uint8_t digest[32];
        char state[24];
        bool response, opened;
        struct wall_time at;
};
struct chain {                    /* one request */
        char *key;                /* first: correlation id and registration number; a portal may use one chain id for several requests */
        struct chain *next;       /* in order of arrival */
        char *correlation_id, *request_number, *registration_number, *iin, *document_name;
        char resolution[16];
        struct received *first, **last;
        uint64_t responses, duplicates, refused;
        struct buf document;
};
struct mailbox {
        char *folder;
        void *messages, *chains;  /* trees of tsearch(3) */
        struct chain *first, **last;
        uint64_t notifications, responses, duplicates, refused, opened, chain_count, document_count;
};

static int compare(const void *a, const void *b)
{
        const char *const *x = a, *const *y = b;
        return strcmp(*x, *y);
}

/* Nodes are freed through the lists. */
static void keep(void *node)
{
        (void)node;
}

static void *find(void *const *tree, const char *key)
{
        void *const *hit = key ? tfind(&key, tree, compare) : NULL;
        return hit ? *hit : NULL;
}

struct mailbox *mailbox_new(const char *folder)
{
        struct mailbox *m = xcalloc(1, sizeof *m);
        m->folder = xstrdup(folder);
        m->last = &m->first;
        return m;
}

static void chain_free(struct chain *c)
{
        while (c->first) {
                struct received *r = c->first;
                c->first = r->next;
                free(r->message_id);
                free(r);
        }
        free(c->key);
        free(c->correlation_id);
        free(c->request_number);
        free(c->registration_number);
        free(c->iin);
        free(c->document_name);
        buf_done(&c->document);
        free(c);
}

void mailbox_free(struct mailbox *m)
{
        if (!m)
                return;
        tdestroy(m->messages, keep);
        tdestroy(m->chains, keep);
        while (m->first) {
                struct chain *c = m->first;
                m->first = c->next;
                chain_free(c);
        }
        free(m->folder);
        free(m);
}

/* ---- files ---- */

static bool append_notice(const char *path, const struct cabinet_delivery *d)
{
        char at[CLOCK_TEXT_MAX];
        FILE *f = fopen(path, "ae");
        if (!f)
                return false;
        fprintf(f, "TEST | %s | %s | %s | %s | %s\n", clock_iso(d->at, at), d->response ? "RESPONSE" : "NOTIFICATION", d->state, d->kk,
                d->ru);
        bool written = !ferror(f);
        return fclose(f) == 0 && written;
}

static bool write_files(const struct mailbox *m, const struct cabinet_delivery *d)
{
        auto_str char *folder = xasprintf("%s/%s", m->folder, d->iin);
        auto_str char *document = xasprintf("%s/%s.xml", folder, d->request_number),
                      *notices = xasprintf("%s/%s.notices.txt", folder, d->request_number);
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
                return false;
        if (d->document.n && !text_write_file(document, d->document, 0644))
                return false;
        return append_notice(notices, d);
}

/* ---- taking ---- */

static char *key_of(const struct cabinet_delivery *d)
{
        return xasprintf("%s\n%s", d->correlation_id, d->registration_number ? d->registration_number : "");
}

static struct chain *add_chain(struct mailbox *m, const struct cabinet_delivery *d)
{
        struct chain *c = xcalloc(1, sizeof *c);
        c->key = key_of(d);
        c->correlation_id = xstrdup(d->correlation_id);
        c->request_number = xstrdup(d->request_number);
        c->registration_number = xstrdup(d->registration_number);
        c->iin = xstrdup(d->iin);
        c->last = &c->first;
        c->document = (struct buf)BUF_INIT;
        GW_ASSERT(tsearch(c, &m->chains, compare));
        *m->last = c;
        m->last = &c->next;
        m->chain_count++;
        return c;
}

static void add_message(struct mailbox *m, struct chain *c, const struct cabinet_delivery *d)
{
        struct received *r = xcalloc(1, sizeof *r);
        r->message_id = xstrdup(d->message_id);
        r->chain = c;
        memcpy(r->digest, d->digest, sizeof r->digest);
        snprintf(r->state, sizeof r->state, "%s", d->state);
        snprintf(c->resolution, sizeof c->resolution, "%s", d->resolution);
        r->response = d->response;
        r->at = d->at;
        GW_ASSERT(tsearch(r, &m->messages, compare));
        *c->last = r;
        c->last = &r->next;
        if (!d->response) {
                m->notifications++;
                return;
        }
        m->responses++;
        c->responses++;
        c->document_name = xstrdup(d->document_name);
        if (d->document.n && m->document_count < DOCUMENTS_MAX) {
                m->document_count++;
                buf_add_span(&c->document, d->document);
        }
}

static enum gw_rc check_chain(const struct chain *c, const struct cabinet_delivery *d, struct why *why)
{
        if (!str_eq(c->iin, d->iin) || !str_eq(c->request_number, d->request_number))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "correlationId belongs to another request");
        if (d->response && c->responses)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "this request has its RESPONSE already");
        return GW_OK;
}

enum gw_rc mailbox_put(struct mailbox *m, const struct cabinet_delivery *d, struct mailbox_receipt *ret_receipt, struct why *why)
{
        struct received *known = find(&m->messages, d->message_id);
        if (known && memcmp(known->digest, d->digest, sizeof known->digest) != 0)
                return why_set(why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "received before with other bytes");
        if (known) {
                m->duplicates++;
                known->chain->duplicates++;
                *ret_receipt = (struct mailbox_receipt){.repeated = true, .at = known->at};
                return GW_OK;
        }
        auto_str char *key = key_of(d);
        struct chain *c = find(&m->chains, key);
        enum gw_rc rc = c ? check_chain(c, d, why) : GW_OK;
        if (rc != GW_OK)
                return rc;
        if (m->folder && !write_files(m, d))
                return why_set(why, GW_RETRY, REASON_INTERNAL, "the file cannot be written: %s", strerror(errno));
        add_message(m, c ? c : add_chain(m, d), d);
        *ret_receipt = (struct mailbox_receipt){.repeated = false, .at = d->at};
        return GW_OK;
}

void mailbox_count_refused(struct mailbox *m, const char *correlation_id)
{
        struct chain *c = correlation_id ? m->first : NULL;
        while (c && !str_eq(c->correlation_id, correlation_id))
                c = c->next;
        m->refused++;
        if (c)
                c->refused++;
}

void mailbox_count_opened(struct mailbox *m, const char *message_id)
{
        struct received *r = find(&m->messages, message_id);
        if (!r || r->opened)
                return;
        r->opened = true;
        m->opened++;
}

/* ---- telling ---- */

static json_t *number_of(uint64_t n)
{
        return json_integer((json_int_t)n);
}

static json_t *describe(const struct chain *c)
{
        json_t *states = json_array(), *messages = json_array();
        char at[CLOCK_TEXT_MAX];
        bool opened = false;
        for (const struct received *r = c->first; r; r = r->next) {
                json_array_append_new(states, json_string(r->state));
                json_array_append_new(messages,
                                      json_pack("{ss ss ss ss}", "messageId", r->message_id, "type",
                                                r->response ? "RESPONSE" : "NOTIFICATION", "state", r->state, "at", clock_iso(r->at, at)));
                opened |= r->opened;
        }
        return json_pack("{ss ss ss* so so so so so ss ss* sb}", "correlationId", c->correlation_id, "requestNumber", c->request_number,
                         "registrationNumber", c->registration_number, "states", states, "messages", messages, "responses",
                         number_of(c->responses), "duplicates", number_of(c->duplicates), "refused", number_of(c->refused),
                         "resolutionType", c->resolution, "document", c->document_name, "opened", (int)opened);
}

json_t *mailbox_state(const struct mailbox *m, const struct mailbox_filter *filter)
{
        json_t *list = json_array();
        bool truncated = false;
        for (const struct chain *c = m->first; c; c = c->next) {
                if ((filter->correlation_id && !str_eq(c->correlation_id, filter->correlation_id)) ||
                    (filter->request_number && !str_eq(c->request_number, filter->request_number)))
                        continue;
                truncated = json_array_size(list) >= filter->limit;
                if (truncated)
                        break;
                json_array_append_new(list, describe(c));
        }
        return json_pack("{ss so so so so so so so so sb}", "mark", "TEST", "accepted", number_of(m->notifications + m->responses),
                         "notifications", number_of(m->notifications), "responses", number_of(m->responses), "duplicates",
                         number_of(m->duplicates), "refused", number_of(m->refused), "opened", number_of(m->opened), "requests",
                         number_of(m->chain_count), "list", list, "truncated", (int)truncated);
}

bool mailbox_document(const struct mailbox *m, const char *number, struct span *ret_document)
{
        bool found = false;
        for (const struct chain *c = m->first; c && number; c = c->next) {
                if (!c->document.n ||
                    (!str_eq(c->request_number, number) && !str_eq(c->registration_number, number) && !str_eq(c->correlation_id, number)))
                        continue;
                *ret_document = buf_span(&c->document);
                found = true;
        }
        return found;
}
