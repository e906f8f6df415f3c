/* The synthetic people: what the fixtures say, what the loader refuses, days that do not age, faults' settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/simulators/faults.h"
#include "adapters/simulators/people.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/verify/verify.h"

#define FIXTURES "fixtures/people"
#define P(iin) "<person iin=\"" iin "\"><surname kk=\"А\" ru=\"А\"/><name kk=\"Б\" ru=\"Б\"/>"
#define GOOD P("850412390011") "</person>"
#define ASSIGN(attributes, members) GOOD "<assignment " attributes ">" members "</assignment>"
#define SELF "<member iin=\"850412390011\" relationship=\"SELF\"/>"

static struct wall_time at(const char *text)
{
        struct wall_time t = {0};
        assert_int_equal(clock_parse_iso(text, &t), GW_OK);
        return t;
}

static void write_one(const char *folder, const char *text)
{
        auto_str char *path = xasprintf("%s/a.xml", folder);
        assert_true(text_write_file(path, span_str(text), 0600));
}

static enum gw_rc load(const char *folder, const char *inside, const char *root, struct why *why)
{
        auto_str char *text = xasprintf("<%s>\n%s</people>", root, inside);
        struct people *people = NULL;
        write_one(folder, text);
        enum gw_rc rc = people_load(folder, &people, why);
        people_free(people);
        return rc;
}

static void test_mistakes(void **state)
{
        static const struct { const char *name, *inside, *want; } cases[] = {
                {"good", GOOD, NULL},
                {"quarter", ASSIGN("number=\"1\" applicant=\"850412390011\" quarter=\"current\"", SELF), NULL},
                {"relative", ASSIGN("number=\"1\" applicant=\"850412390011\" from=\"-30d\" to=\"+60d\"", SELF), NULL},
                {"fixed", ASSIGN("number=\"1\" applicant=\"850412390011\" from=\"2020-02-29\" to=\"2020-03-01\"", SELF), NULL},
                {"no people", "", "there are no people"},
                {"wrong check digit", P("850412390012") "</person>", "a.xml:2: person: its IIN is missing or not valid"},
                {"no IIN", "<person/>", "its IIN is missing"},
                {"no surname", "<person iin=\"850412390011\"><name kk=\"Б\" ru=\"Б\"/></person>", "person: surname"},
                {"surname without ru", "<person iin=\"850412390011\"><surname kk=\"А\"/><name kk=\"Б\" ru=\"Б\"/></person>", "surname: needs kk and ru"},
                {"two names", P("850412390011") "<name kk=\"Б\" ru=\"Б\"/></person>", "name: given more than once"},
                {"twice the same", GOOD GOOD, "this IIN is there already"},
                {"known and unknown", GOOD "<unknown iin=\"850412390011\"/>", "unknown: this IIN is there already"},
                {"misspelt child", P("850412390011") "<adress/></person>", "adress: does not belong here"},
                {"two addresses", P("850412390011") "<address><region kk=\"a\" ru=\"a\"/><settlement kk=\"a\" ru=\"a\"/></address><address/></person>", "address: does not belong here"},
                {"address without settlement", P("850412390011") "<address><region kk=\"a\" ru=\"a\"/></address></person>", "address: settlement"},
                {"death without a day", P("850412390011") "<death/></person>", "death: its date is not a day"},
                {"death on no day", P("850412390011") "<death date=\"-400\"/></person>", "death: its date is not a day"},
                {"unknown basis", P("850412390011") "<representative iin=\"870930490018\" basis=\"FRIEND\"/></person>", "representative: basis"},
                {"assignment without number", ASSIGN("applicant=\"850412390011\" quarter=\"current\"", SELF), "needs a number"},
                {"assignment without applicant", ASSIGN("number=\"1\" quarter=\"current\"", SELF), "its IIN is missing"},
                {"assignment without period", ASSIGN("number=\"1\" applicant=\"850412390011\"", SELF), "needs quarter, or from and to"},
                {"assignment without end", ASSIGN("number=\"1\" applicant=\"850412390011\" from=\"-1d\"", SELF), "needs quarter, or from and to"},
                {"both periods", ASSIGN("number=\"1\" applicant=\"850412390011\" quarter=\"current\" to=\"+1d\"", SELF), "either quarter or"},
                {"unknown quarter", ASSIGN("number=\"1\" applicant=\"850412390011\" quarter=\"last\"", SELF), "quarter is current"},
                {"no member", ASSIGN("number=\"1\" applicant=\"850412390011\" quarter=\"current\"", ""), "has no member"},
                {"member is nobody", ASSIGN("number=\"1\" applicant=\"850412390011\" quarter=\"current\"", "<member iin=\"870930490018\" relationship=\"SELF\"/>"), "member: no such person"},
                {"unknown relationship", ASSIGN("number=\"1\" applicant=\"850412390011\" quarter=\"current\"", "<member iin=\"850412390011\" relationship=\"BOSS\"/>"), "member: relationship"},
                {"records", P("850412390011") "<birth number=\"1\" date=\"2012-03-07\" mother=\"870930490018\"/><disability number=\"1\" group=\"2\" from=\"-1d\"/>"
                            "<account iban=\"KZ619990000000TEST01\"/></person>", NULL},
                {"record without number", P("850412390011") "<birth date=\"2012-03-07\"/></person>", "birth: number"},
                {"record on no day", P("850412390011") "<birth number=\"1\" date=\"soon\"/></person>", "birth: date"},
                {"record of nobody", P("850412390011") "<birth number=\"1\" date=\"2012-03-07\" father=\"1\"/></person>", "birth: its IIN"},
                {"record without end", P("850412390011") "<conclusion number=\"1\" form=\"HOME\" from=\"-1d\"/></person>", "conclusion: to"},
                {"unknown kind of record", P("850412390011") "<guardianship number=\"1\" kind=\"BOSS\" from=\"-1d\"/></person>", "guardianship: kind"},
                {"record without its word", P("850412390011") "<payment number=\"1\" from=\"-1d\"/></person>", "payment: kind"},
                {"account that is none", P("850412390011") "<account iban=\"KZ619990000000TEST02\"/></person>", "account: not an IBAN"},
                {"not XML", "<person", "file: "},
        };
        const char *folder = *state;
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                enum gw_rc rc = load(folder, cases[i].inside, "people mark=\"TEST\"", &why);
                if (cases[i].want ? rc != GW_FAULT || why.reason != REASON_CONFIGURATION || !strstr(why.detail, cases[i].want) : rc != GW_OK)
                        fail_msg("%s: got rc %d \"%s\", want \"%s\"", cases[i].name, (int)rc, why.detail, cases[i].want ? cases[i].want : "ok");
        }
}

static void test_mark(void **state)
{
        struct why why = WHY_INIT;
        assert_int_equal(load(*state, GOOD, "people", &why), GW_FAULT);
        assert_non_null(strstr(why.detail, "needs mark=\"TEST\""));
        struct people *people = NULL;
        assert_int_equal(people_load("fixtures/no-such-folder", &people, &why), GW_FAULT);
}

/* The cases that the brief and the demo count on. */
static void test_fixtures(void **state)
{
        (void)state;
        static const struct { const char *iin; bool known, dead, female; const char *birth; size_t representatives, assignments; } want[] = {
                {"850412390011", true, false, false, "1985-04-12", 0, 1}, {"870930490018", true, false, true, "1987-09-30", 0, 1},
                {"120229590018", true, false, false, "2012-02-29", 2, 1}, {"480509390010", true, false, false, "1948-05-09", 0, 0},
                {"410115490012", true, false, true, "1941-01-15", 0, 1},  {"790321490015", true, false, true, "1979-03-21", 0, 1},
                {"850412390201", true, true, false, "1985-04-12", 0, 0},  {"190601590012", true, false, false, "2019-06-01", 1, 0},
                {"000101590017", true, false, false, "2000-01-01", 0, 1}, {"850412390021", false, false, false, "", 0, 0},
                {"801231390011", true, false, false, "1980-12-31", 0, 3}, {"160229690011", true, false, true, "2016-02-29", 2, 2},
                {"181231590012", true, false, false, "2018-12-31", 1, 2}, {"181231590022", true, false, false, "2018-12-31", 1, 1},
                {"130605690016", true, false, true, "2013-06-05", 1, 1},  {"240229690019", true, false, true, "2024-02-29", 1, 0},
        };
        auto_people struct people *people = NULL;
        struct why why = WHY_INIT;
        if (people_load(FIXTURES, &people, &why) != GW_OK)
                fail_msg("%s", why.detail);
        for (size_t i = 0; i < GW_COUNT(want); i++) {
                const struct person *p = people_find(people, want[i].iin);
                assert_non_null(p);
                assert_int_equal(p->unknown, !want[i].known);
                assert_int_equal(p->dead, want[i].dead);
                assert_int_equal(p->female, want[i].female);
                assert_string_equal(p->birth_date, want[i].birth);
                assert_int_equal(p->representative_count, want[i].representatives);
                size_t count = 0;
                for (const struct assignment *a = NULL; (a = people_assignment(people, want[i].iin, a));)
                        count++;
                assert_int_equal(count, want[i].assignments);
        }
        assert_null(people_find(people, "991231190016"));
        assert_string_equal(people_find(people, "190601590012")->representatives[0].iin, "870930490018");
}

static bool in_force(const struct people *people, const char *iin, const char *now)
{
        char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX], today[CLOCK_TEXT_MAX];
        clock_date_iso(at(now), today);
        for (const struct assignment *a = NULL; (a = people_assignment(people, iin, a));) {
                assignment_period(a, at(now), from, to);
                if (strcmp(from, today) <= 0 && strcmp(today, to) <= 0)
                        return true;
        }
        return false;
}

/* On the first and the last moment of quarters, leap days and years far away. */
static void test_fixtures_do_not_age(void **state)
{
        (void)state;
        static const char *const days[] = {"2026-11-22T12:00:00+05:00", "2026-12-31T23:59:59+05:00", "2027-01-01T00:00:00+05:00", "2028-02-29T08:00:00+05:00",
                                           "2040-03-31T23:59:59+05:00", "2040-04-01T00:00:00+05:00", "2023-10-01T00:00:00+06:00"};
        auto_people struct people *people = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(people_load(FIXTURES, &people, &why), GW_OK);
        for (size_t i = 0; i < GW_COUNT(days); i++) {
                assert_true(in_force(people, "850412390011", days[i]));
                assert_true(in_force(people, "151107690019", days[i]));
                assert_true(in_force(people, "790321490015", days[i]));
                assert_true(in_force(people, "000101590017", days[i]));
                assert_true(in_force(people, "160229690011", days[i]));
                assert_true(in_force(people, "181231590012", days[i]));
                assert_false(in_force(people, "181231590022", days[i]));
                assert_false(in_force(people, "130605690016", days[i]));
                assert_false(in_force(people, "410115490012", days[i]));
                assert_false(in_force(people, "480509390010", days[i]));
        }
}

static void test_quarters(void **state)
{
        (void)state;
        static const struct { int shift; const char *now, *from, *to; } cases[] = {
                {0, "2026-11-22T12:00:00+05:00", "2026-10-01", "2026-12-31"}, {-1, "2026-11-22T12:00:00+05:00", "2026-07-01", "2026-09-30"},
                {1, "2026-11-22T12:00:00+05:00", "2027-01-01", "2027-03-31"}, {-1, "2027-01-01T00:00:00+05:00", "2026-10-01", "2026-12-31"},
                {0, "2026-12-31T19:00:00Z", "2027-01-01", "2027-03-31"},      {0, "2026-12-31T18:59:59Z", "2026-10-01", "2026-12-31"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
                struct assignment a = {.quarterly = true, .quarter_shift = cases[i].shift};
                assignment_period(&a, at(cases[i].now), from, to);
                assert_string_equal(from, cases[i].from);
                assert_string_equal(to, cases[i].to);
        }
}

static void test_generated(void **state)
{
        (void)state;
        auto_person struct person *p = person_generate("991231190016");
        assert_non_null(p);
        assert_string_equal(p->birth_date, "1899-12-31");
        assert_false(p->female);
        assert_null(person_generate("991231190017"));
        assert_null(person_generate("160640900019")); /* a BIN */
}

static void test_fault_settings(void **state)
{
        (void)state;
        static const struct { const char *text; enum fault_kind kind; int ms; uint64_t left; unsigned percent; const char *want; } cases[] = {
                {"none", FAULT_NONE, 1000, UINT64_MAX, 100, NULL},
                {"delay,ms=500,count=10,percent=50", FAULT_DELAY, 500, 10, 50, NULL},
                {"wrong-signature", FAULT_WRONG_SIGNATURE, 1000, UINT64_MAX, 100, NULL},
                {"explode", 0, 0, 0, 0, "no fault of that kind"},
                {"", 0, 0, 0, 0, "no fault of that kind"},
                {"delay,ms", 0, 0, 0, 0, "KEY=VALUE"},
                {"delay,ms=-1", 0, 0, 0, 0, "ms is 0 to"},
                {"delay,percent=0", 0, 0, 0, 0, "percent is 1 to 100"},
                {"delay,percent=101", 0, 0, 0, 0, "percent is 1 to 100"},
                {"delay,count=0", 0, 0, 0, 0, "count is a number"},
                {"delay,colour=red", 0, 0, 0, 0, "no such setting"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct fault f = {0};
                struct why why = WHY_INIT;
                enum gw_rc rc = fault_parse(cases[i].text, &f, &why);
                if (cases[i].want) {
                        assert_int_equal(rc, GW_REJECT);
                        assert_non_null(strstr(why.detail, cases[i].want));
                        continue;
                }
                assert_int_equal(rc, GW_OK);
                assert_true(f.kind == cases[i].kind && f.ms == cases[i].ms && f.left == cases[i].left && f.percent == cases[i].percent);
        }
}

static void test_fault_dice(void **state)
{
        (void)state;
        struct fault f = fault_none();
        uint64_t random = 7, again = 7;
        assert_int_equal(fault_next(&f, &random), FAULT_NONE);
        assert_int_equal(random, 7);
        f.kind = FAULT_CUT;
        f.left = 3;
        for (int i = 0; i < 5; i++)
                assert_int_equal(fault_next(&f, &random), i < 3 ? FAULT_CUT : FAULT_NONE);
        assert_int_equal(f.hits, 3);
        struct fault half = {.kind = FAULT_BUSY, .left = UINT64_MAX, .percent = 50}, same = half;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(fault_next(&half, &random), fault_next(&same, &again));
        assert_in_range(half.hits, 430, 570);
}

static int make_folder(void **state)
{
        static char folder[] = "/tmp/test_people.XXXXXX";
        *state = mkdtemp(folder);
        return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
        auto_str char *path = xasprintf("%s/a.xml", (const char *)*state);
        unlink(path);
        return rmdir(*state);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mistakes),      cmocka_unit_test(test_mark),      cmocka_unit_test(test_fixtures),       cmocka_unit_test(test_fixtures_do_not_age),
                cmocka_unit_test(test_quarters),      cmocka_unit_test(test_generated), cmocka_unit_test(test_fault_settings), cmocka_unit_test(test_fault_dice),
        };
        verify_init();
        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
