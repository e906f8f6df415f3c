/* Reading a request: the case, and what came with it (papers: endpoint_papers.c). That it was read, by whom and what of it, is durable before anybody sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/reason.h"
#include "gateway/register/attachments.h"
#include "gateway/worker/inbox.h"

enum part { PART_CASE, PART_APPLICATION, PART_ENVELOPE, PART_VERDICT, PART_HISTORY, PART_ATTACHMENT, PART_COUNT };
static const char *const part_words[] = {"", "application", "envelope", "verdict", "history", "attachment"};

struct reading {
        enum part part;
        int64_t n;                    /* of the attachment */
        char actor[CASEWORK_STAFF_MAX + 40], detail[64];
};

static bool number_after(const char *rest, const char *prefix, int64_t *ret_n)
{
        uint64_t number = 0;
        if (!str_starts(rest, prefix) || !text_to_u64(rest + strlen(prefix), 1, INT64_MAX, &number))
                return false;
        *ret_n = (int64_t)number;
        return true;
}

static bool part_of(const char *rest, struct reading *ret)
{
        static const struct { const char *rest; enum part part; } parts[] = {
                {"", PART_CASE}, {"/application.xml", PART_APPLICATION}, {"/envelope", PART_ENVELOPE}, {"/verdict", PART_VERDICT}, {"/history", PART_HISTORY}};
        for (size_t i = 0; i < GW_COUNT(parts); i++)
                if (str_eq(parts[i].rest, rest)) {
                        ret->part = parts[i].part;
                        return true;
                }
        ret->part = PART_ATTACHMENT;
        return number_after(rest, "/attachments/", &ret->n);
}

/* ---- answers ---- */

static enum gw_rc answer_whole(struct inbox_call *call, const struct casework_body *body, struct why *why)
{
        json_t *json = NULL;
        enum gw_rc rc = inbox_whole_json(call, body, &json, why);
        if (rc == GW_OK)
                answer_json(call->exchange, 200, json);
        return rc;
}

static bool is_xml(struct span bytes)
{
        struct span trimmed = text_trim(bytes);
        return trimmed.n && trimmed.p[0] == '<';
}

static enum gw_rc answer_body(struct inbox_call *call, enum part part, struct why *why)
{
        struct casework_body body;
        enum gw_rc rc = casework_body(call->loop->reader, call->row.request_id, &body, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *name = xasprintf("%s-%s", call->number, part_words[part]);
        if (part == PART_CASE)
                rc = answer_whole(call, &body, why);
        else if (part == PART_APPLICATION)
                answer_text(call->exchange, 200, "application/xml; charset=utf-8", buf_span(&body.application));
        else if (part == PART_VERDICT)
                answer_text(call->exchange, 200, "application/json", buf_span(&body.verdict));
        else
                answer_download(call->exchange, is_xml(buf_span(&body.envelope)) ? "application/xml" : "application/octet-stream", name, buf_span(&body.envelope));
        casework_body_done(&body);
        return rc;
}

static void add_entry(void *arg, const struct casework_entry *e)
{
        json_array_append_new(arg, json_pack("{s:o, s:s, s:i, s:s, s:s, s:o}", "at", inbox_time_json(e->at), "act", e->act, "step", e->step, "role", e->role, "staff", e->staff, "comment",
                                             e->comment[0] ? json_string(e->comment) : json_null()));
}

static enum gw_rc answer_history(struct inbox_call *call, struct why *why)
{
        auto_json json_t *list = json_array();
        enum gw_rc rc = casework_history(call->loop->reader, call->row.request_id, add_entry, list, why);
        if (rc == GW_OK)
                answer_json(call->exchange, 200, json_pack("{s:O}", "items", list));
        return rc;
}

static enum gw_rc answer_attachment(struct inbox_call *call, int64_t n, struct why *why)
{
        struct attachment_view view;
        auto_buf struct buf bytes = BUF_INIT;
        enum gw_rc rc = n > INT32_MAX ? why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such attachment")
                                      : attachments_read(call->loop->reader, call->row.request_id, (int)n, &view, &bytes, why);
        if (rc == GW_OK)
                answer_download(call->exchange, view.type, view.name, buf_span(&bytes));
        return rc;
}

static enum gw_rc answer_part(struct inbox_call *call, const struct reading *reading, struct why *why)
{
        switch (reading->part) {
        case PART_CASE:
        case PART_APPLICATION:
        case PART_ENVELOPE:
        case PART_VERDICT:
                return answer_body(call, reading->part, why);
        case PART_HISTORY:
                return answer_history(call, why);
        case PART_ATTACHMENT:
                return answer_attachment(call, reading->n, why);
        case PART_COUNT:
                break;
        }
        GW_ASSERT(!"no such part");
        return GW_FAULT;
}

/* ---- the trace ---- */

static enum gw_rc note_work(struct store *store, void *arg, struct why *why)
{
        const struct inbox_call *call = arg;
        const struct reading *reading = call->state;
        return casework_note(store, call->row.request_id, reading->actor, reading->detail, call->now, why);
}

static void on_noted(void *arg, enum gw_rc rc, const struct why *why)
{
        struct inbox_call *call = arg;
        struct why mine = *why;
        if (rc == GW_OK)
                rc = answer_part(call, call->state, &mine);
        if (rc == GW_OK)
                inbox_call_free(call);
        else
                inbox_refuse(call, &mine);
}

/* Any role that the actor has in this request: for the trace. */
static const char *some_role(const struct inbox_call *call)
{
        for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                if (role != STAFF_PROVIDER && steps_role_fits(&call->actor, &call->row, role))
                        return staff_role_names[role];
        return NULL;
}

void inbox_read(struct inbox_call *call)
{
        struct reading *reading = xcalloc(1, sizeof *reading);
        call->state = reading;
        struct why why = WHY_INIT;
        const char *role = some_role(call);
        enum gw_rc rc = GW_OK;
        if (!part_of(call->rest, reading))
                rc = why_set(&why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such part of a request");
        else if (!role)
                rc = why_set(&why, GW_REJECT, REASON_ROLE_REQUIRED, "a role in this request is needed");
        if (rc != GW_OK) {
                inbox_refuse(call, &why);
                return;
        }
        snprintf(reading->actor, sizeof reading->actor, "staff:%s %s", call->actor.id, role);
        if (reading->n)
                snprintf(reading->detail, sizeof reading->detail, "read %s %lld", part_words[reading->part], (long long)reading->n);
        else
                snprintf(reading->detail, sizeof reading->detail, "read%s%s", *part_words[reading->part] ? " " : "", part_words[reading->part]);
        journal_submit(call->loop->journal, note_work, on_noted, call);
}
