/* The calendar of working days while the gateway runs: loop 0 looks for changed files, every loop computes due moments with what is in use. */
#ifndef GW_WORKER_CALENDAR_WATCH_H
#define GW_WORKER_CALENDAR_WATCH_H

#include "gateway/catalogue/catalogue.h"

struct calendar_watch;
/* Loads the folder; every schedule that the catalogue (borrowed) names must be there. CONFIGURATION. */
GW_MUST_CHECK enum gw_rc calendar_watch_open(const char *folder, const struct catalogue *catalogue, struct calendar_watch **ret_watch, struct why *why);
void calendar_watch_close(struct calendar_watch *watch);
/* Loop 0's: every few seconds, files that changed are read; what cannot be used is told, and the old calendar stays. */
void calendar_watch_tick(struct calendar_watch *watch);
/* The calendar in use; the caller's reference. Any thread. */
struct calendar *calendar_watch_use(struct calendar_watch *watch);
/* route_due() with the calendar in use, WALL_NEVER_MS for a route without limits; any thread. A moment beyond the calendar's years is told once (only Saturdays and Sundays are off there). */
struct wall_time calendar_watch_due(struct calendar_watch *watch, const struct route *route, struct wall_time from);

#endif
