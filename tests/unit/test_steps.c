/* The way of a request along every route of the catalogue: order, roles, what steps need, due moments, returns. */
#include "tests/unit/service_fixture.h"

#include "gateway/provider/steps.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

#define PROVIDER_BIN "160640900019"
#define FRONT_BIN "990240003456"
#define MONDAY "2018-06-04T10:00:00+06:00"
#define HOUR 3600000LL

static struct catalogue *catalogue;
static struct calendar *calendar;

static int group_setup(void **state GW_UNUSED)
{
        struct why why = WHY_INIT;
        catalogue = opened(SERVICES);
        assert_int_equal(calendar_load("conf/calendar", &calendar, &why), GW_OK);
        return 0;
}

static int group_teardown(void **state GW_UNUSED)
{
        calendar_unref(calendar);
        catalogue_close(catalogue);
        return 0;
}

static struct steps_case case_of_route(const char *code, enum route_kind kind, const char *from)
{
        const struct service *service = catalogue_find(catalogue, code, at(NOW));
        assert_non_null(service);
        struct steps_case c = {.service = service, .route = service_route(service, kind), .calendar = calendar, .registered_at = at(from)};
        assert_non_null(c.route);
        c.due_at = steps_service_due(c.route, calendar, c.registered_at);
        return c;
}

static struct actor actor_of(const char *id, const char *bin, unsigned roles)
{
        struct actor actor = {.roles = roles, .may_sign = true};
        snprintf(actor.id, sizeof actor.id, "%s", id);
        snprintf(actor.bin, sizeof actor.bin, "%s", bin);
        return actor;
}

/* Somebody who has that role where it belongs, and no other. */
static struct actor holder_of(enum staff_role role)
{
        enum staff_role has = role == STAFF_PROVIDER ? STAFF_EXECUTOR : role;
        return actor_of(role == STAFF_AKIM_EXECUTOR ? "f.ex" : role == STAFF_EXECUTOR || role == STAFF_PROVIDER ? "p.ex" : "someone", staff_role_is_front(role) ? FRONT_BIN : PROVIDER_BIN, 1U << has);
}

static struct casework_row row_at(const struct casework_place *place)
{
        struct casework_row row = {.step = place->step, .step_from = place->from, .step_near = place->near, .step_due = place->due, .provider_bin = PROVIDER_BIN, .front_bin = FRONT_BIN};
        snprintf(row.role, sizeof row.role, "%s", place->role);
        snprintf(row.executor, sizeof row.executor, "%s", place->executor);
        return row;
}

static const char *text_of(struct wall_time t)
{
        static char text[4][CLOCK_TEXT_MAX];
        static int n;
        n = (n + 1) % 4;
        if (t.ms >= WALL_NEVER_MS)
                return "never";
        return clock_iso(t, text[n]);
}

static void is_at(struct wall_time got, const char *want, const char *what)
{
        if (!str_starts(text_of(got), want))
                fail_msg("%s: %s, want %s", what, text_of(got), want);
}

static void refused(enum gw_rc rc, const struct why *why, int reason, const char *detail)
{
        if (rc != GW_REJECT || why->reason != reason || !strstr(why->detail, detail))
                fail_msg("rc %d %s \"%s\", want %s \"…%s…\"", rc, reason_info(why->reason)->name, why->detail, reason_info(reason)->name, detail);
}

/* ---- every route to its end ---- */

static struct actor executors[2]; /* of the provider, of the akim */

static struct steps_input input_of(const struct steps_case *c, int step)
{
        const struct route_step *s = steps_at(c->route, step);
        struct steps_input input = {.step = step};
        if (s->act == ACT_RESOLVE) {
                input.executor = &executors[s->by == STAFF_AKIM];
                input.executor_id = input.executor->id;
        }
        if (s->act == ACT_PREPARE || s->act == ACT_DECIDE || s->act == ACT_SIGN)
                input.outcome = "POSITIVE";
        return input;
}

/* Nobody with another role, and nobody of another organisation, takes this step. */
static void others_are_refused(const struct steps_case *c, const struct casework_row *row)
{
        const struct route_step *step = steps_at(c->route, row->step);
        for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++) {
                struct actor actor = holder_of(role);
                struct why why = WHY_INIT;
                enum staff_role got;
                bool fits = actor_has_role(&actor, step->by);
                enum gw_rc rc = steps_may(c, row, &actor, &got, &why);
                if (fits && rc != GW_OK)
                        fail_msg("%s step %d: %s is refused: %s", c->service->code, row->step, staff_role_names[role], why.detail);
                if (fits)
                        snprintf(actor.bin, sizeof actor.bin, "000000000000");
                rc = steps_may(c, row, &actor, &got, &why);
                refused(rc, &why, REASON_ROLE_REQUIRED, staff_role_names[step->by]);
        }
}

static size_t walk(const struct steps_case *c)
{
        struct actor by = holder_of(steps_at(c->route, steps_of_act(c->route, ACT_REGISTER))->by);
        struct steps_opening opening;
        steps_open(c, c->electronic ? NULL : &by, c->registered_at, &opening);
        size_t taken = opening.done_count;
        struct casework_row row = row_at(&opening.place);
        for (struct wall_time now = c->registered_at; row.step != 0; now.ms += 60000) {
                const struct route_step *step = steps_at(c->route, row.step);
                struct actor actor = holder_of(step->by);
                struct steps_input input = input_of(c, row.step);
                struct steps_plan plan;
                struct why why = WHY_INIT;
                bool result = step->act == ACT_SIGN || step->act == ACT_DECIDE;
                if (str_eq(row.role, "GATEWAY")) {
                        refused(steps_plan(c, &row, &actor, STEPS_COMPLETE, &input, now, &plan, &why), &why, REASON_ROLE_REQUIRED, "GATEWAY");
                        assert_int_equal(step->act, ACT_ISSUE);
                        return taken + 1;
                }
                others_are_refused(c, &row);
                refused(steps_plan(c, &row, &actor, result ? STEPS_COMPLETE : STEPS_RESULT, &input, now, &plan, &why), &why, REASON_STEP_NOT_NEXT, result ? "nothing to complete" : "nothing to sign");
                enum gw_rc rc = steps_plan(c, &row, &actor, result ? STEPS_RESULT : STEPS_COMPLETE, &input, now, &plan, &why);
                if (rc != GW_OK)
                        fail_msg("%s %s step %d: %s", c->service->code, route_kind_names[c->route->kind], row.step, why.detail);
                assert_true(plan.moves && plan.place.step != row.step);
                assert_string_equal(plan.entry.act, step_act_names[step->act]);
                assert_string_equal(plan.entry.role, staff_role_names[step->by]);
                taken++;
                row = row_at(&plan.place);
        }
        return taken;
}

static void every_route_to_its_end(void **state GW_UNUSED)
{
        size_t routes = 0;
        executors[0] = holder_of(STAFF_EXECUTOR);
        executors[1] = holder_of(STAFF_AKIM_EXECUTOR);
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                for (size_t k = 0; k < service->route_count; k++) {
                        const struct route *route = &service->routes[k];
                        size_t want = 0;
                        for (size_t n = 0; n < route->step_count; n++)
                                want += route->steps[n].branch != STEP_REFUSE_INTAKE;
                        if (route->kind == ROUTE_PORTAL)
                                continue;
                        struct steps_case c = case_of_route(service->code, route->kind, MONDAY);
                        assert_int_equal(walk(&c), want);
                        routes++;
                }
        }
        assert_int_equal(routes, 11);
        struct steps_case portal = case_of_route("HOUSING_AID", ROUTE_OFFICE, MONDAY);
        portal.electronic = true;
        assert_int_equal(walk(&portal), 5);
}

static void openings(void **state GW_UNUSED)
{
        struct steps_case c = case_of_route("TSA_ASSIGN", ROUTE_CENTER, MONDAY);
        struct actor worker = holder_of(STAFF_CENTER_WORKER);
        struct steps_opening opening;
        steps_open(&c, &worker, c.registered_at, &opening);
        assert_int_equal(opening.done_count, 2); /* checked, registered; the refusal in between is none */
        assert_string_equal(opening.done[0].act, "CHECK");
        assert_string_equal(opening.done[1].act, "REGISTER");
        assert_int_equal(opening.done[1].step, 3);
        assert_string_equal(opening.done[1].role, "CENTER_WORKER");
        assert_string_equal(opening.done[1].staff, worker.id);
        assert_int_equal(opening.place.step, 4);
        assert_string_equal(opening.place.role, "CENTER_WORKER");
        is_at(opening.place.due, "2018-06-05T18:00", "1 working day");
        c = case_of_route("HOUSING_AID", ROUTE_OFFICE, MONDAY);
        c.electronic = true;
        steps_open(&c, NULL, c.registered_at, &opening);
        assert_int_equal(opening.done_count, 1);
        assert_string_equal(opening.done[0].staff, "gateway");
        assert_string_equal(opening.done[0].role, "GATEWAY");
        assert_int_equal(opening.place.step, 2);
        assert_string_equal(opening.place.role, "HEAD");
        is_at(opening.place.due, "never", "no limit");
        is_at(opening.place.near, "never", "no limit");
        is_at(steps_result_due(&c), "never", "no limit");
        is_at(steps_planned_due(&c, 3), "never", "no limit");
}

/* ---- when ---- */

static void moments(void **state GW_UNUSED)
{
        static const struct { const char *code; enum route_kind route; const char *registered; int step; const char *from, *near, *due; } cases[] = {
                /* five minutes, near in the last of them; over lunch; after hours */
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-04T10:00:00", 2, "2018-06-04T10:00:00", "2018-06-04T10:04:00", "2018-06-04T10:05:00"},
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-04T12:58:00", 2, "2018-06-04T12:58:00", "2018-06-04T13:50:00", "2018-06-04T14:03:00"},
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-04T18:30:00", 2, "2018-06-04T18:30:00", "2018-06-05T09:04:00", "2018-06-05T09:05:00"},
                /* never beyond the 25 minutes of all */
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-04T10:00:00", 3, "2018-06-04T10:22:00", "2018-06-04T10:24:24", "2018-06-04T10:25:00"},
                {"TSA_CERT", ROUTE_OFFICE, "2018-06-04T10:00:00", 4, "2018-06-04T10:40:00", "2018-06-04T10:40:00", "2018-06-04T10:25:00"},
                /* 15 minutes are the cap of the provider's leg (A.5 row 7) */
                {"TSA_CERT", ROUTE_STATECORP, "2018-06-04T10:00:00", 5, "2018-06-04T10:10:00", "2018-06-04T10:22:00", "2018-06-04T10:25:00"},
                /* days: near on the last one, or with a fifth left */
                {"TSA_ASSIGN", ROUTE_CENTER, "2018-06-04T10:00:00", 5, "2018-06-05T10:00:00", "2018-06-11T06:48:00", "2018-06-12T18:00:00"},
                {"TSA_ASSIGN", ROUTE_CENTER, "2018-06-04T10:00:00", 4, "2018-06-04T10:00:00", "2018-06-05T00:00:00", "2018-06-05T18:00:00"},
                {"TSA_ASSIGN", ROUTE_AKIM, "2018-06-04T10:00:00", 5, "2018-06-04T15:00:00", "2018-06-19T03:00:00", "2018-06-22T18:00:00"},
                /* the result of 6.4 is due a day and night before the term ends, whatever its own nine days say (A.5 row 10) */
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-03-16T10:00:00", 5, "2018-03-20T10:00:00", "2018-03-31T21:12:00", "2018-04-03T18:00:00"},
                {"HOME_SCHOOL", ROUTE_STATECORP, "2018-03-16T10:00:00", 6, "2018-04-03T10:00:00", "2018-04-03T10:04:00", "2018-04-03T10:05:00"},
                /* the cap is the term, and step 5's ten days end before it */
                {"HOME_CARE_2013", ROUTE_CSC, "2018-06-04T10:00:00", 7, "2018-06-18T10:00:00", "2018-06-21T22:48:00", "2018-06-22T20:00:00"},
                {"HOME_CARE_2013", ROUTE_CSC, "2018-06-04T10:00:00", 5, "2018-06-05T10:00:00", "2018-06-16T22:48:00", "2018-06-19T20:00:00"},
                {"HOME_CARE_2013", ROUTE_CSC, "2018-06-04T10:00:00", 5, "2018-06-15T10:00:00", "2018-06-21T08:24:00", "2018-06-22T20:00:00"},
                /* within the working day */
                {"HOME_CARE_2013", ROUTE_CSC, "2018-06-04T10:00:00", 2, "2018-06-04T10:00:00", "2018-06-04T18:00:00", "2018-06-04T20:00:00"},
                /* the day of issue does not count at the centre, so that handing out may come after the term */
                {"HOME_CARE_2013", ROUTE_CSC, "2018-06-04T10:00:00", 9, "2018-06-25T10:00:00", "2018-06-25T10:24:00", "2018-06-25T10:30:00"},
                {"HOME_CARE_2013", ROUTE_AUTH_BODY, "2018-06-04T10:00:00", 5, "2018-06-25T10:00:00", "2018-06-25T10:00:00", "2018-06-22T18:00:00"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct steps_case c = case_of_route(cases[i].code, cases[i].route, cases[i].registered);
                struct steps_moments got = steps_moments(&c, cases[i].step, at(cases[i].from));
                if (!str_starts(text_of(got.due), cases[i].due) || !str_starts(text_of(got.near), cases[i].near))
                        fail_msg("%s %s step %d from %s: near %s, due %s", cases[i].code, route_kind_names[cases[i].route], cases[i].step, cases[i].from, text_of(got.near), text_of(got.due));
        }
        struct steps_case c = case_of_route("HOME_SCHOOL", ROUTE_STATECORP, "2018-03-16T10:00:00");
        is_at(c.due_at, "2018-04-04T18:00", "term");
        is_at(steps_result_due(&c), "2018-04-03T18:00", "24 hours before it");
        is_at(steps_planned_due(&c, 3), "2018-03-16T10:10", "planned");
        is_at(steps_planned_due(&c, 4), "2018-03-19T18:00", "planned");
        is_at(steps_planned_due(&c, 6), "2018-04-04T18:00", "planned");
        c = case_of_route("HOME_CARE_2013", ROUTE_CSC, MONDAY);
        is_at(steps_planned_due(&c, 7), "2018-06-22T20:00", "the cap");
        c = case_of_route("HOME_CARE_2013", ROUTE_CSC, MONDAY);
        is_at(steps_planned_due(&c, 8), "2018-06-", "planned");
}

static void colours(void **state GW_UNUSED)
{
        static const struct { int64_t now; enum casework_colour want; } cases[] = {{0, CASEWORK_OK}, {79, CASEWORK_OK}, {80, CASEWORK_NEAR}, {99, CASEWORK_NEAR}, {100, CASEWORK_OVER}, {101, CASEWORK_OVER}};
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                assert_int_equal(steps_colour((struct wall_time){80}, (struct wall_time){100}, (struct wall_time){cases[i].now}), cases[i].want);
        assert_string_equal(steps_colour_names[steps_colour((struct wall_time){80}, (struct wall_time){WALL_NEVER_MS}, (struct wall_time){79})], "ok");
}

/* ---- acts ---- */

struct scene { struct steps_case c; struct casework_row row; struct wall_time now; };

static struct scene scene_of(const char *code, enum route_kind kind, int step, const char *executor)
{
        struct scene s = {.c = case_of_route(code, kind, MONDAY), .now = at("2018-06-04T11:00:00")};
        struct steps_moments m = steps_moments(&s.c, step, s.now);
        struct casework_place place = {.step = step, .role = staff_role_names[steps_at(s.c.route, step)->by], .executor = executor, .from = s.now, .near = m.near, .due = m.due};
        s.row = row_at(&place);
        return s;
}

static void plan_refused(struct scene *s, const struct actor *actor, enum steps_verb verb, struct steps_input input, int reason, const char *detail)
{
        struct steps_plan plan;
        struct why why = WHY_INIT;
        input.step = input.step ? input.step : s->row.step;
        refused(steps_plan(&s->c, &s->row, actor, verb, &input, s->now, &plan, &why), &why, reason, detail);
}

static void wrong_step(void **state GW_UNUSED)
{
        struct scene s = scene_of("HOUSING_AID", ROUTE_OFFICE, 3, "p.ex");
        struct actor executor = holder_of(STAFF_EXECUTOR);
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.step = 2}, REASON_STEP_NOT_NEXT, "step 3 comes next");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.step = 4}, REASON_STEP_NOT_NEXT, "step 3 comes next");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.step = -1}, REASON_STEP_NOT_NEXT, "step 3 comes next");
        s.row.step = 0;
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.step = 3}, REASON_STEP_NOT_NEXT, "nothing is left to be done");
        struct why why = WHY_INIT;
        enum staff_role role;
        refused(steps_may(&s.c, &s.row, &executor, &role, &why), &why, REASON_STEP_NOT_NEXT, "nothing is left to be done");
}

static void only_the_executor_who_was_named(void **state GW_UNUSED)
{
        struct scene s = scene_of("HOUSING_AID", ROUTE_OFFICE, 3, "p.other");
        struct actor executor = holder_of(STAFF_EXECUTOR), head = holder_of(STAFF_HEAD);
        struct steps_input input = {.outcome = "POSITIVE"};
        plan_refused(&s, &executor, STEPS_COMPLETE, input, REASON_EXECUTOR_OTHER, "step 3 is that of p.other");
        executor.machine = true; /* the organisation's own system */
        struct steps_plan plan;
        struct why why = WHY_INIT;
        input.step = 3;
        assert_int_equal(steps_plan(&s.c, &s.row, &executor, STEPS_COMPLETE, &input, s.now, &plan, &why), GW_OK);
        /* a step of another role keeps the name and is not bound by it */
        s = scene_of("HOUSING_AID", ROUTE_OFFICE, 4, "p.other");
        input.step = 4;
        assert_int_equal(steps_plan(&s.c, &s.row, &head, STEPS_RESULT, &input, s.now, &plan, &why), GW_OK);
        assert_string_equal(plan.place.executor, "p.other");
}

static void what_steps_need(void **state GW_UNUSED)
{
        struct actor head = holder_of(STAFF_HEAD), executor = holder_of(STAFF_EXECUTOR), clerk = holder_of(STAFF_CLERK), stranger = actor_of("x.ex", "000000000001", 1U << STAFF_EXECUTOR);
        struct scene s = scene_of("HOUSING_AID", ROUTE_OFFICE, 2, "");
        plan_refused(&s, &head, STEPS_COMPLETE, (struct steps_input){0}, REASON_STEP_INPUT, "executor: is missing");
        plan_refused(&s, &head, STEPS_COMPLETE, (struct steps_input){.executor_id = "p.no"}, REASON_STEP_INPUT, "executor: nobody of this organisation");
        plan_refused(&s, &head, STEPS_COMPLETE, (struct steps_input){.executor_id = "c", .executor = &clerk}, REASON_STEP_INPUT, "executor: nobody of this organisation");
        plan_refused(&s, &head, STEPS_COMPLETE, (struct steps_input){.executor_id = "x.ex", .executor = &stranger}, REASON_STEP_INPUT, "executor: nobody of this organisation");
        s = scene_of("HOUSING_AID", ROUTE_OFFICE, 3, "p.ex");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){0}, REASON_STEP_INPUT, "outcome: is missing");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.outcome = "MAYBE"}, REASON_STEP_INPUT, "outcome: the service has no result of that kind");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.outcome = "NEGATIVE"}, REASON_STEP_INPUT, "outcome: the service has no result of that kind");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.outcome = "REFUSED"}, REASON_STEP_INPUT, "ground: is missing");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.outcome = "REFUSED", .ground = "MOOD"}, REASON_STEP_INPUT, "ground: is none of the service's");
        plan_refused(&s, &executor, STEPS_COMPLETE, (struct steps_input){.outcome = "POSITIVE", .ground = "UNTRUE"}, REASON_STEP_INPUT, "outcome: the service has no result");
        s = scene_of("HOUSING_AID", ROUTE_OFFICE, 4, "p.ex");
        head.may_sign = false;
        plan_refused(&s, &head, STEPS_RESULT, (struct steps_input){.outcome = "POSITIVE"}, REASON_SIGN_RIGHT_REQUIRED, "the right to sign is needed");
}

static void results_of_services(void **state GW_UNUSED)
{
        static const struct { const char *code; enum route_kind route; const char *outcome, *ground, *want; } cases[] = {
                {"HOUSING_AID", ROUTE_OFFICE, "POSITIVE", "", "NOTIFICATION"},
                {"HOUSING_AID", ROUTE_OFFICE, "REFUSED", "UNTRUE", "NOTIFICATION"},
                {"HOUSING_AID", ROUTE_OFFICE, "REFUSED", NULL, NULL},
                {"HOUSING_AID", ROUTE_OFFICE, NULL, NULL, NULL},
                {"HOME_CARE_2013", ROUTE_CSC, "POSITIVE", NULL, "NOTIFICATION"},
                {"HOME_CARE_2013", ROUTE_CSC, "REFUSED", "CONTRAINDICATION", "REASONED_REFUSAL"},
                {"HOME_CARE_2013", ROUTE_CSC, "NEGATIVE", NULL, NULL},
                {"TSA_CERT", ROUTE_CENTER, "POSITIVE", NULL, "CERTIFICATE"},
                {"TSA_CERT", ROUTE_CENTER, "NEGATIVE", NULL, "CERTIFICATE"},
                {"TSA_CERT", ROUTE_CENTER, "REFUSED", "INCOMPLETE", NULL}, /* of intake, not of a decision */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                const struct service *service = catalogue_find(catalogue, cases[i].code, at(NOW));
                const struct service_paper *paper = steps_result_paper(service, service_route(service, cases[i].route), cases[i].outcome, cases[i].ground);
                if (!str_eq(paper ? paper->id : NULL, cases[i].want) && (paper || cases[i].want))
                        fail_msg("%s %s %s: %s", cases[i].code, cases[i].outcome, cases[i].ground, paper ? paper->id : "none");
        }
}

static void back_for_correction(void **state GW_UNUSED)
{
        struct actor head = holder_of(STAFF_HEAD), executor = holder_of(STAFF_EXECUTOR), clerk = holder_of(STAFF_CLERK);
        struct scene s = scene_of("HOME_CARE_2013", ROUTE_CSC, 6, "p.ex");
        struct steps_input input = {.step = 6, .to = 5, .comment = "толықтырыңыз"};
        struct steps_plan plan;
        struct why why = WHY_INIT;
        assert_int_equal(steps_plan(&s.c, &s.row, &head, STEPS_RETURN, &input, s.now, &plan, &why), GW_OK);
        assert_int_equal(plan.place.step, 5);
        assert_string_equal(plan.place.role, "EXECUTOR");
        assert_string_equal(plan.place.executor, "p.ex");
        assert_string_equal(plan.entry.act, "RETURN");
        assert_string_equal(plan.detail, "step 6 RETURN to step 5");
        is_at(plan.place.due, "2018-06-18T20:00", "a limit of its own again");
        plan_refused(&s, &head, STEPS_RETURN, (struct steps_input){.to = 6, .comment = "x"}, REASON_STEP_INPUT, "step: not an earlier step");
        plan_refused(&s, &head, STEPS_RETURN, (struct steps_input){.to = 7, .comment = "x"}, REASON_STEP_INPUT, "step: not an earlier step");
        plan_refused(&s, &head, STEPS_RETURN, (struct steps_input){.to = 1, .comment = "x"}, REASON_STEP_INPUT, "step: not an earlier step");
        plan_refused(&s, &head, STEPS_RETURN, (struct steps_input){.to = 0, .comment = "x"}, REASON_STEP_INPUT, "step: not an earlier step");
        plan_refused(&s, &head, STEPS_RETURN, (struct steps_input){.to = 5}, REASON_STEP_INPUT, "comment: is missing");
        plan_refused(&s, &executor, STEPS_RETURN, input, REASON_ROLE_REQUIRED, "role HEAD of the provider");
        s = scene_of("HOME_CARE_2013", ROUTE_CSC, 4, "");
        plan_refused(&s, &head, STEPS_RETURN, (struct steps_input){.to = 3, .comment = "x"}, REASON_STEP_INPUT, "step: not an earlier step"); /* the register has been accepted */
        assert_true(steps_by_register(&s.c, 2) && steps_by_register(&s.c, 3) && steps_by_register(&s.c, 8) && !steps_by_register(&s.c, 4) && !steps_by_register(&s.c, 0));
        input.step = 4;
        input.to = 2;
        assert_int_equal(steps_plan(&s.c, &s.row, &head, STEPS_RETURN, &input, s.now, &plan, &why), GW_OK);
        /* not over a refusal of intake, and not from behind the signature */
        s = scene_of("TSA_ASSIGN", ROUTE_CENTER, 5, "");
        plan_refused(&s, &clerk, STEPS_RETURN, (struct steps_input){.to = 2, .comment = "x"}, REASON_STEP_INPUT, "step: not an earlier step");
        s = scene_of("HOUSING_AID", ROUTE_OFFICE, 5, "p.ex");
        plan_refused(&s, &clerk, STEPS_RETURN, (struct steps_input){.to = 3, .comment = "x"}, REASON_STEP_NOT_NEXT, "step 5 is ISSUE: nothing to return");
}

static void another_executor(void **state GW_UNUSED)
{
        struct actor head = holder_of(STAFF_HEAD), executor = holder_of(STAFF_EXECUTOR), other = actor_of("p.ex2", PROVIDER_BIN, 1U << STAFF_EXECUTOR);
        struct scene s = scene_of("HOME_CARE_2013", ROUTE_CSC, 5, "p.ex");
        struct steps_input input = {.step = 5, .executor_id = "p.ex2", .executor = &other, .comment = "демалыста"};
        struct steps_plan plan;
        struct why why = WHY_INIT;
        assert_int_equal(steps_plan(&s.c, &s.row, &head, STEPS_SUBSTITUTE, &input, at("2018-06-06T11:00:00"), &plan, &why), GW_OK);
        assert_string_equal(plan.place.executor, "p.ex2");
        assert_int_equal(plan.place.step, 5);
        assert_true(plan.place.due.ms == s.row.step_due.ms && plan.place.from.ms == s.row.step_from.ms); /* the time runs on */
        assert_string_equal(plan.entry.role, "HEAD");
        plan_refused(&s, &executor, STEPS_SUBSTITUTE, input, REASON_ROLE_REQUIRED, "role HEAD of the provider");
        input.comment = NULL;
        plan_refused(&s, &head, STEPS_SUBSTITUTE, input, REASON_STEP_INPUT, "comment: is missing");
        input = (struct steps_input){.executor_id = "no", .comment = "x"};
        plan_refused(&s, &head, STEPS_SUBSTITUTE, input, REASON_STEP_INPUT, "executor: nobody of this organisation with the role EXECUTOR");
        s = scene_of("HOUSING_AID", ROUTE_OFFICE, 4, "p.ex");
        plan_refused(&s, &head, STEPS_SUBSTITUTE, input, REASON_STEP_NOT_NEXT, "nothing to substitute");
        /* the akim for his own executor */
        s = scene_of("TSA_ASSIGN", ROUTE_AKIM, 5, "f.ex");
        struct actor akim = holder_of(STAFF_AKIM), his = actor_of("f.ex2", FRONT_BIN, 1U << STAFF_AKIM_EXECUTOR);
        input = (struct steps_input){.step = 5, .executor_id = "f.ex2", .executor = &his, .comment = "x"};
        assert_int_equal(steps_plan(&s.c, &s.row, &akim, STEPS_SUBSTITUTE, &input, s.now, &plan, &why), GW_OK);
        plan_refused(&s, &head, STEPS_SUBSTITUTE, input, REASON_ROLE_REQUIRED, "role AKIM of the front office");
}

static void comments(void **state GW_UNUSED)
{
        struct scene s = scene_of("HOME_CARE_2013", ROUTE_CSC, 5, "p.ex");
        struct actor issuer = holder_of(STAFF_CSC_ISSUER), stranger = actor_of("x", "000000000001", 1U << STAFF_HEAD);
        struct steps_input input = {.comment = "сұрақ"};
        struct steps_plan plan;
        struct why why = WHY_INIT;
        for (int i = 0; i < 2; i++) {
                assert_int_equal(steps_plan(&s.c, &s.row, &issuer, STEPS_COMMENT, &input, s.now, &plan, &why), GW_OK);
                assert_false(plan.moves);
                assert_string_equal(plan.entry.role, "CSC_ISSUER");
                s.row.step = 0; /* at the end too */
        }
        plan_refused(&s, &stranger, STEPS_COMMENT, input, REASON_ROLE_REQUIRED, "a role in this request");
        plan_refused(&s, &issuer, STEPS_COMMENT, (struct steps_input){0}, REASON_STEP_INPUT, "comment: is missing");
}

static void verbs_for_a_page(void **state GW_UNUSED)
{
        static const struct { enum route_kind route; int step; enum staff_role role; unsigned want; } cases[] = {
                {ROUTE_CSC, 4, STAFF_HEAD, 1U << STEPS_COMPLETE | 1U << STEPS_RETURN | 1U << STEPS_COMMENT},
                {ROUTE_CSC, 5, STAFF_EXECUTOR, 1U << STEPS_COMPLETE | 1U << STEPS_RETURN | 1U << STEPS_COMMENT},
                {ROUTE_CSC, 5, STAFF_HEAD, 1U << STEPS_SUBSTITUTE | 1U << STEPS_COMMENT},
                {ROUTE_CSC, 6, STAFF_HEAD, 1U << STEPS_RESULT | 1U << STEPS_RETURN | 1U << STEPS_COMMENT},
                {ROUTE_CSC, 6, STAFF_CSC_ISSUER, 1U << STEPS_COMMENT},
                {ROUTE_CSC, 2, STAFF_CSC_ACCUMULATOR, 1U << STEPS_COMPLETE | 1U << STEPS_COMMENT}, /* nowhere to return to */
                {ROUTE_CSC, 9, STAFF_CSC_ISSUER, 1U << STEPS_COMPLETE | 1U << STEPS_COMMENT},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct scene s = scene_of("HOME_CARE_2013", cases[i].route, cases[i].step, "p.ex");
                struct actor actor = holder_of(cases[i].role);
                if (steps_verbs(&s.c, &s.row, &actor) != cases[i].want)
                        fail_msg("case %zu: %x, want %x", i, steps_verbs(&s.c, &s.row, &actor), cases[i].want);
                actor.may_sign = false;
                assert_int_equal(steps_verbs(&s.c, &s.row, &actor), cases[i].want & ~(1U << STEPS_RESULT));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_route_to_its_end),
                cmocka_unit_test(openings),
                cmocka_unit_test(moments),
                cmocka_unit_test(colours),
                cmocka_unit_test(wrong_step),
                cmocka_unit_test(only_the_executor_who_was_named),
                cmocka_unit_test(what_steps_need),
                cmocka_unit_test(results_of_services),
                cmocka_unit_test(back_for_correction),
                cmocka_unit_test(another_executor),
                cmocka_unit_test(comments),
                cmocka_unit_test(verbs_for_a_page),
        };
        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
