/* Telling organisations' own systems (gateway/worker/push.h): composes what a row of the outbox says out of the request as it is then. */
#include "gateway/worker/push.h"

#include <stdlib.h>

#include "gateway/deliver/push.h"
#include "gateway/provider/steps.h"

struct push {                         /* to one organisation */
        struct loop *loop;
        const struct organisation_settings *organisation;
        struct delivery_env env;
        struct outbox_scan *scan;
};
struct pushes {
        struct push list[SETTINGS_ORGANISATIONS_MAX + 1];
        size_t count;
};

void push_destinations(struct shared *s)
{
        for (size_t i = 0; i < s->settings->organisation_count; i++) {
                const struct organisation_settings *o = &s->settings->organisations[i];
                if (!settings_pushes(o))
                        continue;
                struct push_target *target = &s->push_targets[s->push_count];
                snprintf(target->bin, sizeof target->bin, "%s", o->bin);
                snprintf(target->destination, sizeof target->destination, PUSH_PREFIX "%s", o->id);
                struct destination_conf conf = {
                        .name = target->destination,
                        .url = o->push_url,
                        .ca_file = o->push_ca,
                        .timeout_ms = (int)o->push_timeout_ms,
                        .connect_timeout_ms = (int)o->push_connect_timeout_ms,
                        .answer_max = (size_t)1 << 20,
                        .concurrency_max = (unsigned)o->push_concurrency,
                        .queue_max = 1000,
                        .failures_max = (unsigned)o->push_failures_max,
                        .open_ms = (int)o->push_open_ms,
                        .open_ms_max = (int)o->push_open_ms_max,
                };
                s->push_destinations[s->push_count++] = s->destinations[s->destination_count++] = destination_new(&conf);
        }
}

/* ---- what a row says ---- */

/* Of the request as it is when it is told: the place may have moved on since the row was added. */
static void describe_step(struct push_message *m, const struct service *service, const struct casework_row *row)
{
        enum route_kind kind = 0;
        while (kind < ROUTE_KIND_COUNT && !str_eq(route_kind_names[kind], row->route))
                kind++;
        const struct route *route = service ? service_route(service, kind) : NULL;
        const struct route_step *step = route ? steps_at(route, row->step) : NULL;
        if (service) {
                m->service_kk = service->name.kk;
                m->service_ru = service->name.ru;
        }
        if (!step)
                return;
        m->act = step_act_names[step->act];
        m->paragraph = step->paragraph;
        m->action_kk = step->action.kk;
        m->action_ru = step->action.ru;
}

static enum gw_rc compose_message(const struct push *p, const struct push_message *message, struct buf *out, struct why *why)
{
        const struct organisation_settings *o = p->organisation;
        const struct signing_key *key = signer_key(p->loop->signer, p->loop->shared->settings->gateway.system_key);
        if (str_eq(o->push, "webhook"))
                return push_webhook(message, key, out, why);
        return push_envelope(message, o->push_service_id ? o->push_service_id : message->service_code, key, out, why);
}

static enum gw_rc compose(void *ctx, const struct outbox_row *outbox, struct buf *out, struct why *why)
{
        const struct push *p = ctx;
        const struct shared *s = p->loop->shared;
        struct casework_row row;
        struct casework_body body = {BUF_INIT, BUF_INIT, BUF_INIT};
        enum gw_rc rc = casework_view(p->loop->reader, outbox->number, p->organisation->bin, &row, why);
        if (rc == GW_OK)
                rc = casework_body(p->loop->reader, outbox->request_id, &body, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *inbox = xasprintf("%s/api/v1/inbox/%s", s->settings->check.url ? s->settings->check.url : "", outbox->number);
        struct push_message message = {
                .message_id = outbox->message_id,
                .sender_id = s->settings->gateway.sender_id,
                .to_bin = p->organisation->bin,
                .to_url = p->organisation->push_url,
                .number = row.number,
                .portal_number = row.portal_number,
                .service_code = row.service,
                .route = row.route,
                .channel = row.channel,
                .language = row.language,
                .provider_bin = row.provider_bin,
                .step = row.step,
                .role = row.role,
                .inbox = inbox,
                .registered_at = row.registered_at,
                .due_at = row.due_at,
                .step_due = row.step_due,
                .result_due = row.result_due,
                .date = wall_now(),
                .application = buf_span(&body.application),
        };
        describe_step(&message, catalogue_find(s->catalogue, row.service, row.registered_at), &row);
        rc = compose_message(p, &message, out, why);
        casework_body_done(&body);
        return rc;
}

/* ---- scans ---- */

static const struct organisation_settings *organisation_of(const struct shared *s, const struct push_target *target)
{
        return settings_organisation_of_bin(s->settings, target->bin);
}

struct pushes *pushes_new(struct loop *loop)
{
        struct shared *s = loop->shared;
        struct pushes *all = xcalloc(1, sizeof *all);
        for (; all->count < s->push_count; all->count++) {
                struct push *p = &all->list[all->count];
                p->loop = loop;
                p->organisation = organisation_of(s, &s->push_targets[all->count]);
                p->env = loop->delivery;
                p->env.destination = s->push_destinations[all->count];
                p->env.peer_bin = p->organisation->bin;
                p->env.form = str_eq(p->organisation->push, "webhook") ? DELIVERY_WEBHOOK : DELIVERY_SHEP;
                p->env.compose = compose;
                p->env.compose_ctx = p;
                p->scan = outbox_scan_new(&p->env, s->push_targets[all->count].destination, p->organisation->push_timeout_ms + 10000);
        }
        return all;
}

void pushes_look(struct pushes *pushes)
{
        for (size_t i = 0; i < pushes->count; i++)
                outbox_scan_look(pushes->list[i].scan, pushes->list[i].loop->reader);
}

void pushes_stop(struct pushes *pushes)
{
        for (size_t i = 0; i < pushes->count; i++)
                outbox_scan_stop(pushes->list[i].scan);
}

bool pushes_idle(const struct pushes *pushes)
{
        for (size_t i = 0; i < pushes->count; i++)
                if (!outbox_scan_idle(pushes->list[i].scan))
                        return false;
        return true;
}

void pushes_free(struct pushes *pushes)
{
        for (size_t i = 0; pushes && i < pushes->count; i++)
                outbox_scan_free(pushes->list[i].scan);
        free(pushes);
}
