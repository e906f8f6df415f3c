/* Keeps refusals of the portal's channels. */
#include "gateway/worker/refused.h"

#include <stdlib.h>

#include "gateway/base/log.h"
#include "gateway/reason.h"
#include "gateway/register/refusals.h"

#define PURGE_EVERY_MS 60000
#define PURGE_BATCH 1000
#define DAY_MS 86400000LL

struct refused {
        struct loop *loop;
        struct refusal_record record; /* borrows from the members below and from statics */
        struct buf message;
        char sender_id[64], message_id[128], service_code[41], applicant_iin[13];
        struct why why;
        refused_done done;
        void *arg;
};

static enum gw_rc keep_work(struct store *store, void *arg, struct why *why)
{
        struct refused *r = arg;
        int64_t id = 0;
        bool repeated = false, room = false;
        enum gw_rc rc = refusals_have_room(store, r->loop->shared->settings->refusals.rows, &room, why);
        return rc == GW_OK && room ? refusals_add(store, &r->record, &id, &repeated, why) : rc;
}

static void on_kept(void *arg, enum gw_rc rc, const struct why *why)
{
        struct refused *r = arg;
        if (rc != GW_OK)
                log_event(LOG_WARN, NULL, "refusal.lost", "reason=%s detail=\"%s\"", reason_info(why->reason)->name, why->detail);
        r->done(r->arg, &r->why);
        buf_done(&r->message);
        free(r);
}

#define COPY(to, from) snprintf(to, sizeof(to), "%s", (from) ? (from) : "")

bool refused_keep(const struct intake *in, struct span message, const struct why *why, refused_done done, void *arg)
{
        const struct settings *s = in ? in->loop->shared->settings : NULL;
        if (!in || !in->sender || !s->refusals.keep || in->loop->draining || reason_info(why->reason)->http_status >= 500)
                return false;
        struct refused *r = xcalloc(1, sizeof *r);
        *r = (struct refused){.loop = in->loop, .message = BUF_INIT, .why = *why, .done = done, .arg = arg};
        if (message.n <= (size_t)s->refusals.message_bytes)
                buf_add_span(&r->message, message);
        COPY(r->sender_id, in->sender->id);
        COPY(r->message_id, in->message_id);
        COPY(r->service_code, in->application ? in->application->service_code : "");
        COPY(r->applicant_iin, in->application ? in->application->declarant_iin : "");
        r->record = (struct refusal_record){
                .at = in->received_at,
                .channel = in->channel,
                .sender_id = r->sender_id,
                .message_id = r->message_id,
                .service_code = r->service_code,
                .reason = reason_info(why->reason)->name,
                .detail = r->why.detail,
                .applicant_iin = r->applicant_iin,
                .staff = "gateway",
                .message = buf_span(&r->message),
        };
        journal_submit(in->loop->journal, keep_work, on_kept, r);
        return true;
}

/* ---- their term ---- */

struct purge { struct wall_time before; int count; };

static enum gw_rc purge_work(struct store *store, void *arg, struct why *why)
{
        struct purge *p = arg;
        return refusals_purge(store, p->before, PURGE_BATCH, &p->count, why);
}

static void on_purged(void *arg, enum gw_rc rc, const struct why *why)
{
        struct purge *p = arg;
        gw_ignore(why->reason); /* the journal tells of a store that cannot be written */
        if (rc == GW_OK && p->count > 0)
                log_event(LOG_INFO, NULL, "refusal.purged", "rows=%d", p->count);
        free(p);
}

void refused_purge(struct loop *loop)
{
        if (mono_now().ms < loop->purge_at.ms || loop->draining)
                return;
        loop->purge_at.ms = mono_now().ms + PURGE_EVERY_MS;
        struct purge *p = xcalloc(1, sizeof *p);
        p->before.ms = wall_now().ms - loop->shared->settings->refusals.days * DAY_MS;
        journal_submit(loop->journal, purge_work, on_purged, p);
}
