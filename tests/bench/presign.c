/* Signs the requests of a benchmark beforehand, so that the client's signatures cost nothing while the gateway is measured.
 *
 *   presign PKI COUNT OUT [THREADS]   distinct people of PKI/bulk (certs/make-pki.sh PKI bulk N), each signing with his own certificate
 *   presign PKI gost OUT              one message with both signatures by GOST 34.10-2015-512
 *
 * OUT is a row of messages, each behind its length in ASCII and a line end: what load.c reads. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/shep.h"

#define THREADS_MAX 16

struct job {
        const char *pki;
        char **iins;
        size_t count, threads;
        struct signing_key *portal;
        struct buf *messages;
        struct wall_time now;
};
struct part {
        struct job *job;
        size_t first;
};

static void must(enum gw_rc rc, const struct why *why)
{
        if (rc == GW_OK)
                return;
        fprintf(stderr, "presign: %s\n", why->detail);
        exit(1);
}

static int by_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t find_people(const char *pki, char ***ret_iins)
{
        auto_str char *folder = xasprintf("%s/bulk", pki);
        DIR *dir = opendir(folder);
        size_t count = 0, room = 0;
        char **iins = NULL;
        for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
                size_t n = strlen(e->d_name);
                if (!str_starts(e->d_name, "applicant-") || n != strlen("applicant-") + 12 + 4 || !str_eq(e->d_name + n - 4, ".pem"))
                        continue;
                if (count == room)
                        iins = xrealloc(iins, (room = room ? 2 * room : 256) * sizeof *iins);
                iins[count++] = xstrndup(e->d_name + strlen("applicant-"), 12);
        }
        if (dir)
                closedir(dir);
        qsort(iins, count, sizeof *iins, by_text);
        *ret_iins = iins;
        return count;
}

/* fixtures/templates/application.xml in canonical form. */
static void write_application(struct buf *out, const char *iin, size_t index, struct wall_time now)
{
        char date[CLOCK_TEXT_MAX];
        buf_printf(out,
                   "<application xmlns=\"urn:egov-gateway:application:1\">\n  <requestNumber>101%011zu</requestNumber>\n"
                   "  <serviceCode>TSA_CERT</serviceCode>\n  <requestDate>%s</requestDate>\n  <language>ru</language>\n"
                   "  <providerBin>160640900019</providerBin>\n  <declarantId>%s</declarantId>\n  <consent>true</consent>\n"
                   "  <form>\n    <purpose>Для предъявления в школу</purpose>\n  </form>\n</application>",
                   index + 1, clock_iso(now, date), iin);
}

static struct signing_key *open_key(const char *pki, const char *keys, const char *certificates, const char *name)
{
        struct why why = WHY_INIT;
        auto_str char *key_path = xasprintf("%s/%s/%s.key", pki, keys, name), *certificate_path = xasprintf("%s/%s/%s.pem", pki, certificates, name);
        struct signing_key *key = NULL;
        must(local_key_open(key_path, certificate_path, &key, &why), &why);
        return key;
}

/* Takes over the applicant's key. */
static void make_message(const struct job *job, size_t index, struct signing_key *key, struct buf *out)
{
        struct why why = WHY_INIT;
        auto_buf struct buf application = BUF_INIT, text = BUF_INIT, body = BUF_INIT;
        write_application(&application, job->iins[index], index, job->now);
        buf_add_str(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        must(xml_sign_enveloped(key, buf_span(&application), &text, &why), &why);
        local_key_close(key);
        char message_id[TEXT_UUID_MAX], correlation_id[TEXT_UUID_MAX];
        struct shep_out message = {
                .operation = SHEP_SYNC_SEND,
                .message_id = text_uuid(message_id),
                .correlation_id = text_uuid(correlation_id),
                .service_id = "TSA_CERT",
                .sender_id = "pep",
                .date = job->now,
                .data_text = buf_span(&text),
        };
        shep_write(&body, &message);
        struct wsse_options options = {.soap_version = 11, .must_understand = true};
        must(xml_sign_envelope(job->portal, buf_span(&body), &options, out, &why), &why);
}

static void *run_part(void *arg)
{
        const struct part *part = arg;
        for (size_t i = part->first; i < part->job->count; i += part->job->threads) {
                auto_str char *name = xasprintf("applicant-%s", part->job->iins[i]);
                make_message(part->job, i, open_key(part->job->pki, "bulk", "bulk", name), &part->job->messages[i]);
        }
        return NULL;
}

static void sign_all(struct job *job)
{
        pthread_t threads[THREADS_MAX];
        struct part parts[THREADS_MAX];
        for (size_t i = 0; i < job->threads; i++) {
                parts[i] = (struct part){job, i};
                GW_ASSERT(pthread_create(&threads[i], NULL, run_part, &parts[i]) == 0);
        }
        for (size_t i = 0; i < job->threads; i++)
                pthread_join(threads[i], NULL);
}

static bool write_messages(const struct job *job, const char *path)
{
        FILE *out = fopen(path, "w");
        for (size_t i = 0; out && i < job->count; i++) {
                fprintf(out, "%zu\n", job->messages[i].n);
                fwrite(job->messages[i].p, 1, job->messages[i].n, out);
                buf_done(&job->messages[i]);
        }
        return out && !ferror(out) && fclose(out) == 0;
}

static bool presign_people(struct job *job)
{
        size_t people = find_people(job->pki, &job->iins);
        if (people < job->count) {
                fprintf(stderr, "presign: only %zu people in %s/bulk\n", people, job->pki);
                return false;
        }
        job->portal = open_key(job->pki, "keys", "certs", "system-portal");
        sign_all(job);
        for (size_t i = 0; i < people; i++)
                free(job->iins[i]);
        free(job->iins);
        return true;
}

static bool presign_gost(struct job *job)
{
        auto_str char *iin = xstrdup("850412390011");
        job->iins = &iin;
        job->portal = open_key(job->pki, "keys", "certs", "gost-system-portal");
        make_message(job, 0, open_key(job->pki, "keys", "certs", "gost-applicant-850412390011"), &job->messages[0]);
        return true;
}

int main(int argc, char **argv)
{
        uint64_t count = 1, threads = 2;
        bool gost = argc == 4 && str_eq(argv[2], "gost");
        if (argc < 4 || (!gost && !text_to_u64(argv[2], 1, 100000, &count)) || (argc > 4 && !text_to_u64(argv[4], 1, THREADS_MAX, &threads))) {
                fprintf(stderr, "usage: presign PKI COUNT|gost OUT [THREADS]\n");
                return 2;
        }
        struct job job = {.pki = argv[1], .count = count, .threads = threads, .now = wall_now()};
        job.messages = xcalloc(count, sizeof *job.messages);
        for (size_t i = 0; i < count; i++)
                job.messages[i] = (struct buf)BUF_INIT;
        bool good = (gost ? presign_gost(&job) : presign_people(&job)) && write_messages(&job, argv[3]);
        free(job.messages);
        local_key_close(job.portal);
        return good ? 0 : 1;
}
