/* Requests that people work on (gateway/worker/people.h). */
#include "gateway/worker/people.h"

#include <stdlib.h>

#include "gateway/base/log.h"
#include "gateway/reason.h"

#define WARN_EVERY_MS 5000
#define WARN_BATCH 64

void people_case_done(struct people_case *c)
{
        calendar_unref(c->calendar);
        *c = (struct people_case){.calendar = NULL};
}

/* The Portal's channels, as the catalogue lists them; whatever else came over a counter. */
static bool is_electronic(const char *channel)
{
        return str_eq(channel, "rest") || str_starts(channel, "shep-");
}

static enum route_kind route_kind_of(const char *name)
{
        for (enum route_kind kind = 0; kind < ROUTE_KIND_COUNT; kind++)
                if (str_eq(route_kind_names[kind], name))
                        return kind;
        return ROUTE_NONE;
}

enum gw_rc people_case_of(const struct shared *shared, const struct casework_row *row, struct people_case *ret_case, struct why *why)
{
        const struct service *service = catalogue_find(shared->catalogue, row->service, row->registered_at);
        const struct route *route = service ? service_route(service, route_kind_of(row->route)) : NULL;
        if (!route || (row->step != 0 && !steps_at(route, row->step)))
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "the catalogue no longer has the service %s with the route %s", row->service, row->route);
        struct calendar *calendar = calendar_watch_use(shared->calendar);
        *ret_case = (struct people_case){
                .calendar = calendar,
                .steps = {.service = service, .route = route, .calendar = calendar, .registered_at = row->registered_at, .due_at = row->due_at, .electronic = is_electronic(row->channel)},
        };
        return GW_OK;
}

enum gw_rc people_open(struct store *store, const struct shared *shared, const struct people_new *record, struct why *why)
{
        auto_calendar struct calendar *calendar = calendar_watch_use(shared->calendar);
        struct steps_case c = {
                .service = record->service,
                .route = record->route ? record->route : service_channel_route(record->service, record->channel),
                .calendar = calendar,
                .registered_at = record->registered_at,
                .due_at = record->due_at,
                .electronic = !record->route,
        };
        struct steps_opening opening;
        steps_open(&c, record->by, record->registered_at, &opening);
        if (record->comment)
                opening.done[opening.done_count - 1].comment = record->comment;
        struct casework_new casework = {
                .request_id = record->request_id,
                .service = record->service->code,
                .route = route_kind_names[c.route->kind],
                .provider_bin = record->provider_bin,
                .front_bin = record->front_bin ? record->front_bin : record->provider_bin,
                .result_due = steps_result_due(&c),
                .place = opening.place,
                .done = opening.done,
                .done_count = opening.done_count,
        };
        return casework_open(store, &casework, why);
}

enum gw_rc people_check_provider(const struct settings *settings, const struct service *service, const char *bin, struct why *why)
{
        const struct organisation_settings *o = settings_organisation_of_bin(settings, bin);
        if (o && organisation_serves(o, service->code) && organisation_roles(organisation_kind_of(o)) & 1U << STAFF_HEAD)
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_FORM_INVALID, "providerBin is not a provider that this gateway serves");
}

/* ---- warnings ---- */

struct warning {
        struct loop *loop;
        struct casework_warning rows[WARN_BATCH];
        size_t count;
};

static enum gw_rc warn_work(struct store *store, void *arg, struct why *why)
{
        struct warning *w = arg;
        return casework_warn(store, wall_now(), WARN_BATCH, w->rows, &w->count, why);
}

static void on_warned(void *arg, enum gw_rc rc, const struct why *why)
{
        struct warning *w = arg;
        gw_ignore(why->reason); /* a store that cannot be written: told by the journal, and the next round says it again */
        for (size_t i = 0; i < w->count && rc == GW_OK; i++) {
                const struct casework_warning *row = &w->rows[i];
                char due[CLOCK_TEXT_MAX];
                atomic_fetch_add(row->over ? &w->loop->shared->counters.steps_over : &w->loop->shared->counters.steps_near, 1);
                log_event(LOG_WARN, row->number, row->over ? "step.over" : "step.near", "service=%s route=%s step=%d role=%s due=%s", row->service, row->route, row->step, row->role, clock_iso(row->due, due));
        }
        w->loop->warning = false;
        free(w);
}

void people_warn(struct loop *loop)
{
        struct mono_time now = mono_now();
        struct why why = WHY_INIT;
        bool wait = false;
        if (loop->warning || loop->draining || now.ms < loop->warn_at.ms)
                return;
        loop->warn_at.ms = now.ms + WARN_EVERY_MS;
        if (casework_warnings_wait(loop->reader, wall_now(), &wait, &why) != GW_OK || !wait)
                return;
        loop->warning = true;
        struct warning *w = xcalloc(1, sizeof *w);
        w->loop = loop;
        journal_submit(loop->journal, warn_work, on_warned, w);
}
