/* The ways on which a service is given, step by step, as the acts lay them down, and the moments at which their limits end. */
#ifndef GW_CATALOGUE_ROUTES_H
#define GW_CATALOGUE_ROUTES_H

#include "gateway/calendar/calendar.h"
#include "gateway/catalogue/roles.h"
#include "gateway/catalogue/texts.h"

#define ROUTE_KINDS X(OFFICE) X(STATECORP) X(CENTER) X(AKIM) X(PORTAL) X(AUTH_BODY) X(CSC)
enum route_kind {
#define X(name) ROUTE_##name,
        ROUTE_KINDS
#undef X
        ROUTE_KIND_COUNT
};
extern const char *const route_kind_names[ROUTE_KIND_COUNT + 1]; /* "OFFICE", …; NULL-terminated */
#define ROUTE_NONE ROUTE_KIND_COUNT

enum step_branch {
        STEP_MAIN,
        STEP_REFUSE_INTAKE, /* the end, instead of another step */
        STEP_CAP,           /* its limit is that of the service so far, not its own */
};
extern const char *const step_branch_names[4];
struct route_step {
        char *paragraph;                     /* as printed, "7.1a"; NULL on generic routes */
        enum staff_role by;
        enum step_act act;
        struct text2 role, action, completion;
        struct text2 printed_action, printed_completion; /* where the act's own words were put right */
        struct limit limit;
        enum step_branch branch;
        unsigned instead_of;                 /* REFUSE_INTAKE: number (from 1) of the step that is not taken then; else 0 */
        bool shares_limit;                   /* no further time: that of the step before */
        enum route_kind through;             /* within it the provider takes that route's steps; ROUTE_NONE */
        char *paper;                         /* id of the paper it ends with, or NULL */
};
enum reception_day { RECEPTION_COUNTS, RECEPTION_NOT, RECEPTION_UNSTATED };
extern const char *const reception_day_names[4];
struct route {
        enum route_kind kind;
        char *paragraph;
        char *schedule;                      /* of conf/calendar: its reception, and the hours in which minutes run */
        enum reception_day reception_day;    /* UNSTATED is counted as NOT (services.md D.3) */
        bool issue_day_counts;
        bool consent;                        /* taken on this route */
        bool offered;                        /* by this gateway */
        bool generic;                        /* not out of an act */
        enum route_kind only_without;        /* only where there is none of that kind at the place; ROUTE_NONE */
        enum route_kind limits_of;           /* states no limits: those of that route count; ROUTE_NONE */
        struct limit term;                   /* of the whole service, when the act states it beside the steps */
        char *term_paragraph;
        unsigned before_end_hours, before_end_step; /* the result of that step is due so long before the term ends; 0: no such rule */
        char *before_end_paragraph;
        unsigned queue_minutes, service_minutes; /* on the spot, at most; 0: not stated */
        char *window_paragraph;
        struct route_step *steps;
        size_t step_count;
        const struct route *limits;          /* this one, or the one of limits_of */
};
/* A way that the act rules out. */
struct excluded_route { enum route_kind kind; char *paragraph; struct text3 text; };

/* The latest moment for the whole service: the term, or the MAIN limits one after the other. `from` itself when there are no limits. */
struct wall_time route_due(const struct route *route, const struct calendar *calendar, struct wall_time from);
/* The same for the first `steps` steps. */
struct wall_time route_step_due(const struct route *route, size_t steps, const struct calendar *calendar, struct wall_time from);
/* When the result must be with whoever hands it out (resultBeforeEnd): the last open moment of the schedule that lies so many hours before route_due();
 * without such a rule route_due(). */
struct wall_time route_result_due(const struct route *route, const struct calendar *calendar, struct wall_time from);
bool route_has_limits(const struct route *route);
/* Are applications on that kind of route taken in by an organisation that is not the provider? */
bool route_kind_has_front(enum route_kind kind);

#endif
