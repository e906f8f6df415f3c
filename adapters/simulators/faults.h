/* Faults on demand: what goes wrong with the answer of one simulated system, how often and how long. */
#ifndef EGOV_SIMULATORS_FAULTS_H
#define EGOV_SIMULATORS_FAULTS_H

#include "gateway/base/base.h"
#include "gateway/base/why.h"

enum fault_kind {
        FAULT_NONE,
        FAULT_DELAY,           /* answers after ms */
        FAULT_TIMEOUT,         /* works, never answers */
        FAULT_HTTP500,         /* 500 without SOAP; nothing is done */
        FAULT_SOAPFAULT,       /* a signed Fault SCE909; nothing is done */
        FAULT_CUT,             /* works, closes in the middle of the answer */
        FAULT_REFUSE,          /* closes without a byte of answer; nothing is done */
        FAULT_GARBAGE,         /* works, answers 200 with bytes that are no XML */
        FAULT_WRONG_SIGNATURE, /* works, one character of the SignatureValue is another */
        FAULT_UNSIGNED,        /* works, answers without Security header */
        FAULT_WRONG_IIN,       /* registers: speaks of another person */
        FAULT_BUSY,            /* registers: "cannot answer now"; cabinet: Fault SCE909 */
        FAULT_HUGE,            /* works, answers more than 10 MiB */
        FAULT_SLOW,            /* works, answers byte by byte, ms apart */
        FAULT_KIND_COUNT
};
bool fault_is_before_work(enum fault_kind kind); /* "nothing is done" */

/* Names by kind; 0 is always "none". The simulated authority has kinds of its own (adapters/pki). */
struct fault_kinds { const char *const *names; unsigned count; };

struct fault {
        const struct fault_kinds *of;
        unsigned kind;     /* of a system: enum fault_kind */
        int ms;            /* delay, slow, and how long a time-out holds the connection */
        uint64_t left;     /* how many more times; UINT64_MAX: for ever */
        unsigned percent;  /* of the requests, 1-100 */
        uint64_t hits;
};
struct fault fault_none(void);
struct fault fault_none_of(const struct fault_kinds *kinds);
const char *fault_name(const struct fault *fault); /* "wrong-signature" */
/* One setting: kind=…, ms=…, count=…, percent=… GW_REJECT says which is wrong. */
GW_MUST_CHECK enum gw_rc fault_set(struct fault *fault, const char *key, const char *value, struct why *why);
/* "delay,ms=500,count=10,percent=50", with the kinds of *fault (of NULL: a system's); what it held is replaced on success. */
GW_MUST_CHECK enum gw_rc fault_parse(const char *text, struct fault *fault, struct why *why);
/* What happens to this request. random: state of the generator; the same seed gives the same sequence. */
unsigned fault_next(struct fault *fault, uint64_t *random);

#endif
