/* NCALayer, the program on a person's computer that signs with the keys of НУЦ РК for pages in the browser, as a TEST stand-in (interfaces 5).
 *
 * A WebSocket over TLS on the loopback address; JSON in text messages; both generations of its modules. Nobody is asked: the person is chosen through the control
 * listener, and "cancels" by a fault. */
#ifndef EGOV_NCALAYER_NCALAYER_H
#define EGOV_NCALAYER_NCALAYER_H

#include <uv.h>

#include "adapters/simulators/faults.h"
#include "gateway/base/buf.h"

#define NCALAYER_PERSON_MAX 64

struct ncalayer;
struct simulation;
struct http_exchange;
struct ncalayer_options {
        uv_loop_t *loop;
        const char *pki; /* the folder of the test PKI; borrowed */
        int port;        /* 0: any */
};
/* new → open → stop → free, the last when the loop has run out. faults can be set between new and open. */
struct ncalayer *ncalayer_new(void);
/* Chooses head-160640900019 and listens. *ret_port: where. */
GW_MUST_CHECK enum gw_rc ncalayer_open(struct ncalayer *ncalayer, const struct ncalayer_options *options, int *ret_port, struct why *why);
void ncalayer_stop(struct ncalayer *ncalayer);
void ncalayer_free(struct ncalayer *ncalayer);
struct fault *ncalayer_fault(struct ncalayer *ncalayer); /* kinds: adapters/README.md */
/* GET /ncalayer/state, POST /ncalayer/person?sign=NAME&auth=NAME of the control listener. */
void ncalayer_control(struct simulation *simulation, struct http_exchange *exchange);

#endif
