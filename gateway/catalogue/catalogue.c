/* The catalogue as a whole: all files of the folder, and what must hold between them. */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/catalogue/service_file.h"
#include "gateway/reason.h"

#define FILES_MAX 1000
#define THREADS_MAX 8
#define FILES_PER_THREAD 64 /* fewer are read sooner than threads start */

struct catalogue {
        struct service *services;
        char **files; /* names, the same order */
        size_t count;
};
GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

void catalogue_close(struct catalogue *catalogue)
{
        if (!catalogue)
                return;
        for (size_t i = 0; i < catalogue->count; i++) {
                service_done(&catalogue->services[i]);
                free(catalogue->files[i]);
        }
        free(catalogue->services);
        free(catalogue->files);
        free(catalogue);
}

size_t catalogue_count(const struct catalogue *catalogue)
{
        return catalogue->count;
}

const struct service *catalogue_at(const struct catalogue *catalogue, size_t index)
{
        GW_ASSERT(index < catalogue->count);
        return &catalogue->services[index];
}

static int is_service_file(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);
        return n > 4 && entry->d_name[0] != '.' && str_eq(entry->d_name + n - 4, ".xml");
}

static void free_entries(struct dirent **entries, int count)
{
        for (int i = 0; i < count; i++)
                free(entries[i]);
        free(entries);
}

/* Names of the folder's *.xml files, sorted. */
static enum gw_rc list_files(const char *folder, struct catalogue *catalogue, struct why *why)
{
        struct dirent **entries = NULL;
        int count = scandir(folder, &entries, is_service_file, alphasort);
        if (count <= 0 || count > FILES_MAX) {
                free_entries(entries, count);
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: %s", folder,
                               count < 0 ? "cannot be read" : count == 0 ? "holds no service file" : "holds too many files");
        }
        catalogue->count = (size_t)count;
        catalogue->files = xcalloc((size_t)count, sizeof *catalogue->files);
        catalogue->services = xcalloc((size_t)count, sizeof *catalogue->services);
        for (int i = 0; i < count; i++)
                catalogue->files[i] = xstrdup(entries[i]->d_name);
        free_entries(entries, count);
        return GW_OK;
}

static bool overlap(const struct service *a, const struct service *b)
{
        return (a->valid_to.ms == 0 || b->valid_from.ms < a->valid_to.ms) && (b->valid_to.ms == 0 || a->valid_from.ms < b->valid_to.ms);
}

static enum gw_rc check_pair(const struct catalogue *catalogue, size_t left, size_t right, struct why *why)
{
        const struct service *a = &catalogue->services[left], *b = &catalogue->services[right];
        if (str_eq(a->code, b->code)) {
                if (str_eq(a->version, b->version))
                        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: %s version %s is also in %s", catalogue->files[right],
                                       b->code, b->version, catalogue->files[left]);
                if (overlap(a, b))
                        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: the validity of %s overlaps the version in %s",
                                       catalogue->files[right], b->code, catalogue->files[left]);
                return GW_OK;
        }
        for (char **id = b->shep_service_ids; *id; id++)
                if (service_has_shep_id(a, *id))
                        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: the SHEP service id %s also selects %s (%s)",
                                       catalogue->files[right], *id, a->code, catalogue->files[left]);
        return GW_OK;
}

static enum gw_rc check_pairs(const struct catalogue *catalogue, struct why *why)
{
        for (size_t right = 1; right < catalogue->count; right++)
                for (size_t left = 0; left < right; left++) {
                        enum gw_rc rc = check_pair(catalogue, left, right, why);
                        if (rc != GW_OK)
                                return rc;
                }
        return GW_OK;
}

/* Files are independent of each other: threads take the next one each. What is told is the first mistake by name, whoever met it. */
struct reading {
        const char *folder;
        struct catalogue *catalogue;
        struct service_schemas schemas;
        _Atomic size_t next;
        pthread_mutex_t lock; /* of the next three */
        size_t bad;           /* index of the first file that failed; count: none */
        enum gw_rc rc;
        struct why why;
};

static bool note_failure(struct reading *r, size_t index, enum gw_rc rc, const struct why *why)
{
        pthread_mutex_lock(&r->lock);
        if (rc != GW_OK && index < r->bad) {
                r->bad = index;
                r->rc = rc;
                r->why = *why;
        }
        bool go_on = index < r->bad; /* files before a bad one have all been taken already */
        pthread_mutex_unlock(&r->lock);
        return go_on;
}

static void *read_some(void *arg)
{
        struct reading *r = arg;
        bool go_on = true;
        for (size_t i; go_on && (i = atomic_fetch_add(&r->next, 1)) < r->catalogue->count;) {
                struct why why = WHY_INIT;
                enum gw_rc rc = service_file_read(r->folder, r->catalogue->files[i], &r->schemas, &r->catalogue->services[i], &why);
                go_on = note_failure(r, i, rc, &why);
        }
        return NULL;
}

static void read_all(struct reading *r)
{
        pthread_t threads[THREADS_MAX];
        size_t started = 0, wanted = r->catalogue->count / FILES_PER_THREAD;
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        while (started < wanted && started < THREADS_MAX && (long)started + 1 < cores && pthread_create(&threads[started], NULL, read_some, r) == 0)
                started++;
        read_some(r);
        for (size_t i = 0; i < started; i++)
                pthread_join(threads[i], NULL);
}

static enum gw_rc read_files(const char *folder, struct catalogue *catalogue, struct why *why)
{
        struct reading r = {.folder = folder, .catalogue = catalogue, .bad = catalogue->count, .why = WHY_INIT};
        GW_ASSERT(pthread_mutex_init(&r.lock, NULL) == 0);
        r.rc = service_schemas_open(folder, &r.schemas, &r.why);
        if (r.rc == GW_OK)
                read_all(&r);
        service_schemas_done(&r.schemas);
        pthread_mutex_destroy(&r.lock);
        if (r.rc != GW_OK)
                *why = r.why;
        return r.rc;
}

enum gw_rc catalogue_open(const char *folder, struct catalogue **ret_catalogue, struct why *why)
{
        gw_auto(catalogue) struct catalogue *catalogue = xcalloc(1, sizeof *catalogue);
        enum gw_rc rc = list_files(folder, catalogue, why);
        if (rc == GW_OK)
                rc = read_files(folder, catalogue, why);
        if (rc == GW_OK)
                rc = check_pairs(catalogue, why);
        if (rc != GW_OK)
                return rc;
        *ret_catalogue = gw_take(&catalogue);
        return GW_OK;
}

const struct service *catalogue_find(const struct catalogue *catalogue, const char *code, struct wall_time at)
{
        for (size_t i = 0; i < catalogue->count; i++) {
                const struct service *service = &catalogue->services[i];
                if (!str_eq(service->code, code) || service->withdrawn)
                        continue;
                if (at.ms >= service->valid_from.ms && (service->valid_to.ms == 0 || at.ms < service->valid_to.ms))
                        return service;
        }
        return NULL;
}

/* The last version of that code in the folder. */
static const struct service *any_version(const struct catalogue *catalogue, const char *code)
{
        const struct service *found = NULL;
        for (size_t i = 0; i < catalogue->count; i++)
                if (str_eq(catalogue->services[i].code, code))
                        found = &catalogue->services[i];
        return found;
}

void catalogue_explain(const struct catalogue *catalogue, const char *code, struct wall_time at, struct why *why)
{
        const struct service *service = any_version(catalogue, code);
        const struct legal_act *act = service ? &service->acts[service->act_count - 1] : NULL; /* catalogue.xsd: there is one */
        char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX], date[CLOCK_TEXT_MAX], day[CLOCK_TEXT_MAX];
        if (!service)
                gw_ignore(why_say(why, GW_REJECT, "no service has this code")); /* the caller returns */
        else if (service->withdrawn)
                gw_ignore(why_say(why, GW_REJECT, "withdrawn: %.180s", service->withdrawn_by.en));
        else
                gw_ignore(why_say(why, GW_REJECT, "not in force on %s: act No. %.40s of %s counts from %s to %s", clock_date_people(at, day), act->number, clock_date_people(act->date, date),
                                  clock_date_people(service->valid_from, from),
                                  service->valid_to.ms == 0 ? "now" : clock_date_people((struct wall_time){service->valid_to.ms - 1}, to)));
}

static bool is_listed(char *const *list, const char *text)
{
        for (; *list; list++)
                if (str_eq(*list, text))
                        return true;
        return false;
}

bool service_has_shep_id(const struct service *service, const char *shep_service_id)
{
        return is_listed(service->shep_service_ids, shep_service_id);
}

bool service_has_channel(const struct service *service, const char *channel)
{
        return is_listed(service->channels, channel);
}

const struct route *service_channel_route(const struct service *service, const char *channel)
{
        for (size_t i = 0; service->channels[i]; i++)
                if (str_eq(service->channels[i], channel))
                        return service->channel_routes[i];
        return NULL;
}
