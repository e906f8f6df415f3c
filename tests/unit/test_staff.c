/* conf/staff.conf: who is who, what each kind of organisation allows, and every mistake by its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/provider/staff.h"
#include "gateway/reason.h"

#define PROVIDER_BIN "160640900019"
#define CENTRE_BIN "130140900016"
#define AKIM_BIN "160441900018"
#define GATEWAY_CONF "[gateway]\ntrust = trust\nsender_id = us\n[issuer]\nbin = " PROVIDER_BIN "\nname_kk = k\nname_ru = r\n[store]\npath = s.db\n[listener a]\nport = 0\n" \
        "[key system]\nkey = s.key\ncertificate = s.pem\n[destination cabinet]\nurl = http://h/\nbin = 091240900012\n[revocation]\nmode = off\n"
#define CENTRE "[organisation centre]\nbin = " CENTRE_BIN "\nkind = CENTER\nname_kk = k\nname_ru = r\n"
#define AKIM "[organisation akim]\nbin = " AKIM_BIN "\nkind = AKIM\nname_kk = k\nname_ru = r\n"
#define PERSON(id, iin, organisation, rest) "[person " id "]\niin = " iin "\norganisation = " organisation "\nname_kk = Тестов Т. К.\nname_ru = Тестов Т. Р.\n" rest
#define CLERK PERSON("clerk", "870930490018", "issuer", "roles = CLERK\n")
#define DEPUTY PERSON("deputy", "850412390021", "issuer", "roles = EXECUTOR\nright_to_sign = yes\n")

static struct settings *settings_of(const char *more)
{
        auto_str char *text = xasprintf("%s%s", GATEWAY_CONF, more);
        struct settings *settings = NULL;
        struct why why = WHY_INIT;
        FILE *in = fmemopen(text, strlen(text), "r");
        if (settings_read(in, "/x/gateway.conf", &settings, &why) != GW_OK)
                fail_msg("%s", why.detail);
        fclose(in);
        return settings;
}

static enum gw_rc read_text(const struct settings *settings, const char *text, struct staff **ret, struct why *why)
{
        auto_str char *copy = xasprintf("%s\n", text);
        FILE *in = fmemopen(copy, strlen(copy), "r");
        enum gw_rc rc = staff_read(settings, in, "staff.conf", ret, why);
        fclose(in);
        return rc;
}

static struct staff *must_read(const struct settings *settings, const char *text)
{
        struct staff *staff = NULL;
        struct why why = WHY_INIT;
        if (read_text(settings, text, &staff, &why) != GW_OK)
                fail_msg("%s\n%s", why.detail, text);
        return staff;
}

static void rows_say_who_somebody_is(void **state GW_UNUSED)
{
        auto_settings struct settings *settings = settings_of(CENTRE);
        auto_staff struct staff *staff = must_read(settings, CLERK DEPUTY PERSON("op", "850412390011", "centre", "roles = CENTER_WORKER, OPERATOR\nactive = yes\n"));
        struct actor a;
        assert_int_equal(staff_count(staff), 3);
        assert_true(staff_person(staff, "clerk", &a));
        assert_string_equal(a.id, "clerk");
        assert_string_equal(a.organisation, "issuer");
        assert_string_equal(a.bin, PROVIDER_BIN);
        assert_string_equal(a.name_kk, "Тестов Т. К.");
        assert_string_equal(a.name_ru, "Тестов Т. Р.");
        assert_int_equal(a.kind, ORGANISATION_PROVIDER);
        assert_true(actor_has_role(&a, STAFF_CLERK) && actor_has_role(&a, STAFF_PROVIDER) && !actor_has_role(&a, STAFF_HEAD));
        assert_false(a.may_sign || a.is_operator || a.machine);
        assert_true(staff_person(staff, "deputy", &a));
        assert_true(a.may_sign && actor_has_role(&a, STAFF_EXECUTOR));
        assert_true(staff_person(staff, "op", &a));
        assert_true(a.is_operator && actor_has_role(&a, STAFF_CENTER_WORKER) && !actor_has_role(&a, STAFF_PROVIDER));
        assert_false(staff_person(staff, "nobody", &a));
        assert_false(staff_person(staff, "CLERK", &a));
}

static void check_holder(const struct staff *staff, const char *iin, const char *bin, unsigned roles, const char *want_id, unsigned want_roles, bool want_sign)
{
        struct actor a = {.id = ""};
        struct why why = WHY_INIT;
        struct staff_holder holder = {.iin = iin, .bin = bin, .name = "ТЕСТОВ ТЕСТ", .roles = roles};
        enum gw_rc rc = staff_holder_actor(staff, &holder, &a, &why);
        if ((rc == GW_OK) != (want_id != NULL) || (want_id && !str_eq(a.id, want_id)) || a.roles != want_roles || a.may_sign != want_sign)
                fail_msg("%s of %s with roles %x: rc %d id \"%s\" roles %x, want \"%s\" %x: %s", iin, bin, roles, rc, a.id, a.roles, want_id, want_roles, why.detail);
        if (rc != GW_OK)
                assert_int_equal(why.reason, REASON_LOGIN_REFUSED);
}

#define BIT(role) (1U << STAFF_##role)
static void certificates_say_who_is_head_and_who_may_sign(void **state GW_UNUSED)
{
        auto_settings struct settings *settings = settings_of(CENTRE AKIM);
        auto_staff struct staff *staff = must_read(settings, CLERK DEPUTY PERSON("gone", "850412390011", "issuer", "roles = HEAD\nactive = no\n")
                                                   PERSON("worker", "870930490018", "akim", "roles = AKIM_WORKER\n"));
        const char *clerk = "870930490018", *other = "790321490015", *gone = "850412390011";
        check_holder(staff, clerk, PROVIDER_BIN, ROLE_EMPLOYEE, "clerk", BIT(CLERK), false);
        check_holder(staff, clerk, PROVIDER_BIN, ROLE_EMPLOYEE | ROLE_SIGN_RIGHT, "clerk", BIT(CLERK), true);
        check_holder(staff, clerk, PROVIDER_BIN, ROLE_HEAD, "clerk", BIT(CLERK) | BIT(HEAD), true);
        check_holder(staff, clerk, AKIM_BIN, ROLE_EMPLOYEE, "worker", BIT(AKIM_WORKER), false);
        check_holder(staff, other, PROVIDER_BIN, ROLE_HEAD, "issuer.head", BIT(HEAD), true);
        check_holder(staff, other, AKIM_BIN, ROLE_HEAD, "akim.head", BIT(HEAD) | BIT(AKIM), true);
        check_holder(staff, other, PROVIDER_BIN, ROLE_EMPLOYEE, NULL, 0, false);
        check_holder(staff, other, PROVIDER_BIN, ROLE_SIGN_RIGHT, NULL, 0, false);
        check_holder(staff, other, CENTRE_BIN, ROLE_HEAD, NULL, 0, false);
        check_holder(staff, clerk, CENTRE_BIN, ROLE_EMPLOYEE, NULL, 0, false);
        check_holder(staff, clerk, "091240900012", ROLE_HEAD, NULL, 0, false);
        check_holder(staff, clerk, "", ROLE_INDIVIDUAL, NULL, 0, false);
        check_holder(staff, "", PROVIDER_BIN, ROLE_HEAD, NULL, 0, false);
        check_holder(staff, gone, PROVIDER_BIN, ROLE_EMPLOYEE, NULL, 0, false);
        check_holder(staff, gone, PROVIDER_BIN, ROLE_HEAD, NULL, 0, false); /* shut out, head or not */
        struct actor a;
        assert_false(staff_person(staff, "gone", &a));
}

static void mistakes_are_told_by_row(void **state GW_UNUSED)
{
        static const struct { const char *text, *want; } cases[] = {
                {PERSON("a", "870930490019", "issuer", ""), "staff.conf: [person a]: iin is no IIN"},
                {PERSON("a", "870930490018", "bank", ""), "staff.conf: [person a]: there is no such [organisation …]"},
                {PERSON("a", "870930490018", "issuer", "roles = CLERK, BOSS\n"), "staff.conf: [person a]: there is no such role"},
                {PERSON("a", "870930490018", "issuer", "roles = clerk\n"), "staff.conf: [person a]: there is no such role"},
                {PERSON("a", "870930490018", "issuer", "roles = CENTER_WORKER\n"), "staff.conf: [person a]: people of this kind of organisation do not have such a role"},
                {PERSON("a", "870930490018", "issuer", "roles = GATEWAY\n"), "staff.conf: [person a]: people of this kind"},
                {PERSON("a", "870930490018", "issuer", "roles = RECIPIENT\n"), "staff.conf: [person a]: people of this kind"},
                {CLERK PERSON("b", "870930490018", "issuer", ""), "staff.conf: [person b]: another one has this iin in the same organisation"},
                {PERSON("gateway", "870930490018", "issuer", ""), "staff.conf: [person gateway]: its id may have"},
                {PERSON("issuer", "870930490018", "issuer", ""), "staff.conf: [person issuer]: its id may have"},
                {PERSON("a b", "870930490018", "issuer", ""), "staff.conf: [person a b]: its id may have"},
                {PERSON("../x", "870930490018", "issuer", ""), "staff.conf: [person ../x]: its id may have"},
                {PERSON("x.head", "870930490018", "issuer", ""), "staff.conf: [person x.head]: its id may have"},
                {PERSON("a", "870930490018", "issuer", "right_to_sign = maybe\n"), "staff.conf:6: right_to_sign: must be yes or no"},
                {PERSON("a", "870930490018", "issuer", "roles = CLERK\nroles = HEAD\n"), "staff.conf:7: roles: given twice"},
                {PERSON("a", "870930490018", "issuer", "password = x\n"), "staff.conf:6: password: unknown key"},
                {"[person a]\niin = 870930490018\norganisation = issuer\nname_kk = k\n", "staff.conf:0: [person a] name_ru: is required"},
                {"[staff a]\niin = 870930490018\n", "staff.conf:2: staff a: unknown section"},
                {PERSON("a", "870930490018", "issuer", "") "CLERK\n", "staff.conf:6: syntax: not a key = value line"},
        };
        auto_settings struct settings *settings = settings_of("");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_staff struct staff *staff = NULL;
                struct why why = WHY_INIT;
                enum gw_rc rc = read_text(settings, cases[i].text, &staff, &why);
                if (rc != GW_REJECT || why.reason != REASON_CONFIGURATION || !str_starts(why.detail, cases[i].want))
                        fail_msg("case %zu: rc %d \"%s\", want \"%s\"", i, rc, why.detail, cases[i].want);
                assert_null(staff);
        }
}

static void systems_have_roles_of_their_kind(void **state GW_UNUSED)
{
        auto_settings struct settings *good = settings_of(CENTRE "tls_sha256 = 00\nsystem_roles = CENTER_WORKER\n");
        auto_staff struct staff *staff = must_read(good, CLERK);
        struct actor a;
        assert_false(staff_system(staff, NULL, &a));
        static const struct { const char *roles, *want; } cases[] = {
                {"CLERK", "[organisation centre] system_roles: people of this kind"},
                {"OPERATOR", "[organisation centre] system_roles: there is no such role"},
                {"CENTER_WORKER,,BOSS", "[organisation centre] system_roles: there is no such role"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *conf = xasprintf("%stls_sha256 = 00\nsystem_roles = %s\n", CENTRE, cases[i].roles);
                auto_settings struct settings *bad = settings_of(conf);
                auto_staff struct staff *none = NULL;
                struct why why = WHY_INIT;
                assert_int_equal(staff_load(bad, &none, &why), GW_REJECT);
                assert_int_equal(why.reason, REASON_CONFIGURATION);
                if (!str_starts(why.detail, cases[i].want))
                        fail_msg("\"%s\", want \"%s\"", why.detail, cases[i].want);
        }
}

/* More than the 64 that an array of gateway.conf may have. */
static void an_office_of_hundreds_fits(void **state GW_UNUSED)
{
        auto_settings struct settings *settings = settings_of("[verify]\niin_check_digit = no\n");
        auto_buf struct buf text = BUF_INIT;
        for (int i = 0; i < 500; i++)
                buf_printf(&text, "[person p%d]\niin = 850412%06d\norganisation = issuer\nroles = EXECUTOR\nname_kk = k\nname_ru = r\n", i, 300000 + i);
        auto_staff struct staff *staff = must_read(settings, buf_cstr(&text));
        struct actor a;
        assert_int_equal(staff_count(staff), 500);
        assert_true(staff_person(staff, "p499", &a));
}

static void write_staff(const char *path, const char *text)
{
        assert_true(text_write_file(path, span_str(text), 0600));
}

static bool known(struct staff_watch *watch, const char *id)
{
        auto_staff struct staff *staff = staff_watch_use(watch);
        struct actor a;
        return staff_person(staff, id, &a);
}

static bool known_soon(struct staff_watch *watch, const char *id, bool want)
{
        for (int i = 0; i < 400; i++) {
                staff_watch_tick(watch);
                if (known(watch, id) == want)
                        return true;
                usleep(50000);
        }
        return false;
}

static void a_changed_file_is_read_and_a_bad_one_is_not(void **state GW_UNUSED)
{
        char path[] = "/tmp/egov-test-staff-XXXXXX";
        assert_true(close(mkstemp(path)) == 0);
        auto_str char *conf = xasprintf("[gateway]\nstaff = %s\n", path);
        auto_settings struct settings *settings = settings_of(conf);
        write_staff(path, CLERK);
        struct staff_watch *watch = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(staff_watch_open(settings, &watch, &why), GW_OK);
        assert_true(known(watch, "clerk") && !known(watch, "deputy"));
        write_staff(path, CLERK DEPUTY);
        assert_true(known_soon(watch, "deputy", true));
        write_staff(path, "[person x]\niin = 1\n");
        usleep(1200000);
        staff_watch_tick(watch);
        assert_true(known(watch, "clerk") && known(watch, "deputy"));
        write_staff(path, DEPUTY);
        assert_true(known_soon(watch, "clerk", false));
        assert_int_equal(unlink(path), 0); /* taken away is no empty file: the last one stays */
        usleep(1200000);
        staff_watch_tick(watch);
        assert_true(known(watch, "deputy"));
        staff_watch_close(watch);
        watch = NULL;
        assert_int_equal(staff_watch_open(settings, &watch, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_CONFIGURATION);
}

static void the_example_loads(void **state GW_UNUSED)
{
        auto_settings struct settings *settings = settings_of(CENTRE);
        struct why why = WHY_INIT;
        auto_staff struct staff *staff = NULL;
        FILE *in = fopen("conf/staff.conf.example", "re");
        assert_non_null(in);
        if (staff_read(settings, in, "staff.conf.example", &staff, &why) != GW_OK)
                fail_msg("%s", why.detail);
        fclose(in);
        assert_int_equal(staff_count(staff), 4);
}

static void kinds_have_a_route_and_services(void **state GW_UNUSED)
{
        auto_settings struct settings *settings = settings_of(CENTRE "services = TSA_CERT, LOCAL_AID\n" AKIM);
        const struct organisation_settings *centre = settings_organisation(settings, "centre"), *akim = settings_organisation(settings, "akim");
        assert_int_equal(organisation_route(organisation_kind_of(centre)), ROUTE_CENTER);
        assert_int_equal(organisation_route(organisation_kind_of(akim)), ROUTE_AKIM);
        assert_true(organisation_serves(centre, "LOCAL_AID") && organisation_serves(akim, "LOCAL_AID"));
        assert_false(organisation_serves(centre, "LOCAL"));
        for (enum organisation_kind kind = 0; kind < ORGANISATION_KIND_COUNT; kind++)
                assert_false(organisation_roles(kind) & (1U << STAFF_GATEWAY | 1U << STAFF_RECIPIENT));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_say_who_somebody_is),
                cmocka_unit_test(certificates_say_who_is_head_and_who_may_sign),
                cmocka_unit_test(mistakes_are_told_by_row),
                cmocka_unit_test(systems_have_roles_of_their_kind),
                cmocka_unit_test(an_office_of_hundreds_fits),
                cmocka_unit_test(a_changed_file_is_read_and_a_bad_one_is_not),
                cmocka_unit_test(the_example_loads),
                cmocka_unit_test(kinds_have_a_route_and_services),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
