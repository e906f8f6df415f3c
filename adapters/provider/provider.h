/* TEST provider: the system of an organisation that works on requests. It takes pushes (SHEP sendMessage, webhook) or pulls the inbox with its TLS client certificate, works what it finds
 * by a script, and submits the signed result. On the control listener:
 *
 *   POST /provider/work?inbox=https://HOST:PORT/&script=positive&ms=200&pull=1   where the gateway is, what is done with new requests, the pause before each step, and whether the
 *                                                                               inbox is looked through every half second (else: what pushes tell)
 *   POST /provider/job?number=N&script=S                                        this request, now (again)
 *   GET  /provider/state                                                        what was received, what became of it
 */
#ifndef EGOV_ADAPTERS_PROVIDER_PROVIDER_H
#define EGOV_ADAPTERS_PROVIDER_PROVIDER_H

#include "adapters/simulators/simulator.h"
#include "gateway/net/http_client.h"

#define PROVIDER_SCRIPTS X(absent) X(positive) X(negative) X(refuse) X(return) X(wrong_signature) X(wrong_bin) X(wrong_number) X(hostile)
enum provider_script {
#define X(name) SCRIPT_##name,
        PROVIDER_SCRIPTS
#undef X
        SCRIPT_COUNT
};
/* absent: takes and does nothing. refuse: with the first ground of refusal. return: once back to the head, then positive. wrong_…: signed results with one thing wrong. hostile: texts that
 * would hurt a careless page. */
extern const char *const provider_script_names[SCRIPT_COUNT + 1];

struct provider;
struct provider *provider_new(void);
void provider_open(struct provider *provider, struct simulation *simulation);
void provider_stop(struct provider *provider); /* cancels what is under way */
void provider_free(struct provider *provider); /* after the loop has run out */

/* simulator.c: what comes in. The SHEP part of exchange.c, and whatever is not SOAP. */
enum gw_rc provider_take(struct transaction *t, const struct shep_message *message, struct span bytes, struct buf *content, struct why *why);
void provider_webhook(struct simulation *simulation, struct system *system, struct http_exchange *exchange);
void provider_control(struct simulation *simulation, struct http_exchange *exchange);

/* jobs.c: what is done with it. */
struct jobs;
struct jobs *jobs_new(struct simulation *simulation);
void jobs_stop(struct jobs *jobs);
void jobs_free(struct jobs *jobs);
/* What the control listener sets; url NULL: as it was. GW_REJECT when it is no URL. */
struct jobs_settings { const char *url; enum provider_script script; int pause_ms; bool pull; };
GW_MUST_CHECK enum gw_rc jobs_set(struct jobs *jobs, const struct jobs_settings *settings, struct why *why);
void jobs_told(struct jobs *jobs, const char *number);                             /* by a push: with the script of new ones, unless it is worked on */
void jobs_start(struct jobs *jobs, const char *number, enum provider_script script);
json_t *jobs_state(const struct jobs *jobs);

/* result.c: the draft as the gateway made it → what this script submits. */
GW_MUST_CHECK enum gw_rc result_sign(const char *pki, enum provider_script script, struct span draft, struct buf *out, struct why *why);

#endif
