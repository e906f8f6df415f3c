/* Wall-clock and monotonic time: two types that cannot be mixed up. Time is a parameter everywhere below the
 * event loops, so that tests need no clock. */
#ifndef GW_BASE_CLOCK_H
#define GW_BASE_CLOCK_H

#include "gateway/base/base.h"

struct wall_time { int64_t ms; }; /* since 1970-01-01T00:00:00Z */
/* Later than any moment that can be written (year 9999): "no limit". */
#define WALL_NEVER_MS 253402214400000LL
struct mono_time { int64_t ms; }; /* CLOCK_MONOTONIC; only differences mean anything */

struct wall_time wall_now(void);
struct mono_time mono_now(void);

#define CLOCK_TEXT_MAX 40
/* Kazakhstan's legal time of that instant: UTC+6 before 2024-03-01T00:00 local, UTC+5 from then on (services.md D.4).
 * ISO 8601 with offset and milliseconds: 2026-11-22T19:30:37.123+05:00. Returns out. */
char *clock_iso(struct wall_time t, char out[CLOCK_TEXT_MAX]);
/* For people: dd.mm.yyyy and dd.mm.yyyy HH:MM in the same legal time. */
char *clock_date_people(struct wall_time t, char out[CLOCK_TEXT_MAX]);
char *clock_datetime_people(struct wall_time t, char out[CLOCK_TEXT_MAX]);
/* yyyy-mm-dd in legal time. */
char *clock_date_iso(struct wall_time t, char out[CLOCK_TEXT_MAX]);
/* xsd:dateTime with optional fraction and optional offset ("Z", "+05:00"); without an offset legal time is meant.
 * GW_REJECT when it is not one, or out of 1970..9999. */
GW_MUST_CHECK enum gw_rc clock_parse_iso(const char *text, struct wall_time *ret_time);
/* yyyy-mm-dd = the start of that day in legal time. */
GW_MUST_CHECK enum gw_rc clock_parse_date(const char *text, struct wall_time *ret_time);
/* Legal-time calendar fields of an instant: year, month 1-12, day 1-31, seconds since midnight. */
struct clock_fields { int year, month, day, second_of_day, offset_minutes; };
struct clock_fields clock_fields_of(struct wall_time t);
struct wall_time clock_from_fields(int year, int month, int day, int second_of_day);

#endif
