/* Opening hours. Internal to calendar/. */
#ifndef GW_CALENDAR_SCHEDULE_H
#define GW_CALENDAR_SCHEDULE_H

#include "gateway/calendar/calendar.h"

#define SCHEDULES_MAX 16

struct hours {
        int opens, closes, lunch_from, lunch_to; /* seconds of the day; closes 0: not open; without lunch both are closes */
        bool on_holidays;
};
struct schedule {
        char name[32];
        struct hours days[7]; /* Monday first */
};
/* 0 Monday … 6 Sunday, of legal time. */
int calendar_weekday(struct wall_time t);

#endif
