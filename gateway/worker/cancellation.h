/* An applicant takes an application back (services.md B: CANCELLED).
 *
 *   <cancellation xmlns="urn:egov-gateway:application:1">
 *     <number>10100000000001</number>          the registration number
 *     <requestDate>2026-11-22T19:30:37+05:00</requestDate>
 *     <ds:Signature/>                          of whoever signed the application; or all of it inside a CMS
 *   </cancellation>
 *
 * Possible before the check ends (CHECKING), and, of what people work on, until one of them has done the first thing with it: then it is theirs to end. */
#ifndef GW_WORKER_CANCELLATION_H
#define GW_WORKER_CANCELLATION_H

#include "gateway/worker/loop.h"

/* As it came: one of xml and cms is there; detached: what a detached CMS is over. Borrowed. */
struct cancellation_form { struct span xml, cms, detached; };
/* Once it is durable, or refused; number: of the request. */
typedef void (*cancellation_done)(void *arg, enum gw_rc rc, const struct why *why, const char *number);
/* sender: who brought it, and the application too. number: as the address says, or NULL. GW_OK: done was or will be called, from the loop. Else nothing was begun. A request that is
 * cancelled already gets the same answer. Reasons APPLICANT_*, DATA_FORM, REQUEST_NOT_FOUND (also for another sender's), CANCEL_TOO_LATE. */
GW_MUST_CHECK enum gw_rc cancellation_start(struct loop *loop, const char *sender_id, const char *number, const struct cancellation_form *form, struct wall_time at,
                                            cancellation_done done, void *arg, struct why *why);

#endif
