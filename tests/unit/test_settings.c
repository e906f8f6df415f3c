/* conf/gateway.conf: the cross checks, the example file, and that every key is documented. */
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
#include "gateway/reason.h"
#include "gateway/settings.h"

#define GATEWAY "[gateway]\ntrust = trust\nsender_id = us\n"
#define ISSUER "[issuer]\nbin = 160640900019\nname_kk = k\nname_ru = r\n"
#define STORE "[store]\npath = store.db\n"
#define LISTENER "[listener a]\nport = 0\n"
#define SENDER "[sender pep]\nbin = 091240900012\n"
#define KEYS "[key system]\nkey = s.key\ncertificate = s.pem\n[key tls]\nkey = t.key\ncertificate = t.pem\n"
#define CABINET "[destination cabinet]\nurl = http://127.0.0.1:1/\nbin = 091240900012\n"
#define OFF "[revocation]\nmode = off\n"
#define AUTHORITY "[authority nca]\ncertificate = nca.pem\n"
#define WHOLE GATEWAY ISSUER STORE LISTENER SENDER KEYS CABINET OFF
#define CENTRE "[organisation centre]\nbin = 130140900016\nkind = CENTER\nname_kk = k\nname_ru = r\n"
#define TLS "[listener b]\nport = 1\ntls = on\ncertificate = c.pem\n"

static char path[] = "/tmp/egov-test-settings-XXXXXX";
static int make_file(void **state GW_UNUSED)
{
        int fd = mkstemp(path);
        return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state GW_UNUSED)
{
        return unlink(path);
}

static enum gw_rc load(const char *text, struct settings **ret, struct why *why)
{
        *why = (struct why)WHY_INIT;
        assert_true(text_write_file(path, span_str(text), 0600));
        return settings_load(path, ret, why);
}

static struct settings *must_load(const char *text)
{
        struct settings *s = NULL;
        struct why why;
        if (load(text, &s, &why) != GW_OK)
                fail_msg("%s\n%s", why.detail, text);
        return s;
}

static void least_configuration_has_the_designs_defaults(void **state GW_UNUSED)
{
        auto_settings struct settings *s = must_load(WHOLE);
        assert_string_equal(s->gateway.run_folder, "/tmp/run");
        assert_string_equal(s->gateway.trust, "/tmp/trust");
        assert_string_equal(s->gateway.system_key, "system");
        assert_int_equal(s->gateway.loops, 0);
        assert_int_equal(s->http.body_bytes, 10 << 20);
        assert_int_equal(s->http.header_bytes, 16 << 10);
        assert_int_equal(s->verify.clock_skew_ms, 60000);
        assert_int_equal(s->verify.message_age_ms, 24 * 3600000);
        assert_int_equal(s->verify.message_future_ms, 5 * 60000);
        assert_true(s->verify.iin_check_digit);
        assert_string_equal(s->listeners[0].tls, "off");
        assert_string_equal(s->listeners[0].clients, "off");
        assert_null(s->issuer.note_kk);
        assert_string_equal(s->revocation.unknown, "wait");
        assert_string_equal(s->revocation.urls, "configured");
        assert_int_equal(s->revocation.age_max_ms, 24 * 3600000);
        auto_str char *folder = settings_revocation_folder(s);
        assert_string_equal(folder, "/tmp/revocation");
        assert_null(s->senders[0].services);
        assert_int_equal(s->destinations[0].timeout_ms, 10000);
}

static void found_by_name(void **state GW_UNUSED)
{
        auto_settings struct settings *s = must_load(WHOLE "[sender b]\nbin = 1\n[destination gbdfl]\nurl = http://h/\nbin = 2\n");
        assert_ptr_equal(settings_sender(s, "pep"), &s->senders[0]);
        assert_ptr_equal(settings_sender(s, "b"), &s->senders[1]);
        assert_null(settings_sender(s, "PEP"));
        assert_null(settings_sender(s, ""));
        assert_null(settings_sender(s, NULL));
        assert_ptr_equal(settings_destination(s, "gbdfl"), &s->destinations[1]);
        assert_null(settings_destination(s, "gbd"));
        assert_null(settings_destination(s, NULL));
}

static void good_siblings(void **state GW_UNUSED)
{
        static const char *const cases[] = {
                WHOLE TLS,
                WHOLE TLS "clients = required\nclient_ca = ca.pem\n",
                WHOLE TLS "clients = optional\nclient_ca = ca.pem\n",
                WHOLE "[sender x]\ncertificate_sha256 = 00\n",
                WHOLE "[tsa]\nurl = https://h/\nca = ca.pem\nrequired = no\n",
                WHOLE "[destination y]\nurl = https://h/\nca = ca.pem\nbin = 1\n",
                GATEWAY "system_key = other\n" ISSUER STORE LISTENER CABINET OFF "[key other]\nkey = a\ncertificate = b\n",
                GATEWAY ISSUER STORE LISTENER SENDER KEYS CABINET "[revocation]\nurls = certificate\n",
                GATEWAY ISSUER STORE LISTENER SENDER KEYS CABINET "[revocation]\nhosts = a.example\n",
                GATEWAY ISSUER STORE LISTENER SENDER KEYS CABINET AUTHORITY "ocsp = http://a/, http://b/\n",
                WHOLE "ca = c\n" AUTHORITY "crl = https://a/\n",
                GATEWAY ISSUER STORE LISTENER SENDER KEYS CABINET "[authority a]\nkey_id = 00\n",
                WHOLE CENTRE,
                WHOLE CENTRE "tls_sha256 = 00\nsystem_roles = CENTER_WORKER\n",
                WHOLE "[organisation provider]\nbin = 160640900019\nkind = PROVIDER\nname_kk = k\nname_ru = r\n",
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                settings_free(must_load(cases[i]));
}

static void broken_siblings(void **state GW_UNUSED)
{
        static const struct { const char *text, *want; } cases[] = {
                {GATEWAY ISSUER STORE SENDER KEYS CABINET, ": there is no [listener …]"},
                {GATEWAY ISSUER STORE LISTENER SENDER CABINET, ": system_key names [key system], which does not exist"},
                {GATEWAY "system_key = other\n" ISSUER STORE LISTENER SENDER KEYS CABINET,
                 ": system_key names [key other], which does not exist"},
                {WHOLE "[listener b]\nport = 1\ntls = on\n", ": [listener b] has TLS but no certificate"},
                {GATEWAY "tls_key = other\n" ISSUER STORE LISTENER KEYS CABINET TLS,
                 ": [listener b] needs tls_key, and [key other] does not exist"},
                {WHOLE TLS "clients = required\n", ": [listener b] asks for client certificates without tls = on and client_ca"},
                {WHOLE TLS "clients = optional\n", ": [listener b] asks for client certificates without tls = on and client_ca"},
                {WHOLE "[listener b]\nport = 1\nclients = required\nclient_ca = ca.pem\n",
                 ": [listener b] asks for client certificates without tls = on"},
                {GATEWAY "signer_user = a\n" ISSUER STORE LISTENER KEYS CABINET, ": signer_user needs a `user`"},
                {GATEWAY "user = a\nsigner_user = a\n" ISSUER STORE LISTENER KEYS CABINET, ": signer_user needs a `user` that is another account"},
                {WHOLE "[key x]\nkey = pkcs11:token=t;object=o\n", ": [key x]: a key pkcs11:… needs `module`"},
                {WHOLE "[key x]\nkey = x.key\nmodule = m.so\n", ": [key x]: a key pkcs11:… needs `module`, and only such a one has it"},
                {WHOLE "[key x]\nkey = x.key\npin_file = p\n", ": [key x]: a token has a pin_file"},
                {WHOLE "[key x]\nkey = x.key\nsuccessor = y\n", ": [key x]: its successor is not another [key …]"},
                {WHOLE "[key x]\nkey = x.key\nsuccessor = x\n", ": [key x]: its successor is not another [key …]"},
                {WHOLE "[key x]\nkey = x.key\nfrom = tomorrow\n", ": [key x]: `from` is no date and time"},
                {WHOLE "[sender x]\nservices = TSA_CERT\n", ": [sender x] needs bin or certificate_sha256"},
                {WHOLE "[destination y]\nurl = ftp://h/\nbin = 1\n", ": [destination y] needs an http:// url"},
                {WHOLE "[destination y]\nurl = https://h/\nbin = 1\n", ": [destination y] needs an http:// url, or https:// with ca"},
                {WHOLE "[destination y]\nurl = h/\nbin = 1\n", ": [destination y] needs an http:// url"},
                {WHOLE "[tsa]\nurl = https://h/\n", ": [tsa] needs an http:// url, or https:// with ca"},
                {WHOLE "[tsa]\nurl = h\n", ": [tsa] needs an http:// url"},
                {WHOLE "[console]\nncalayer = wss://elsewhere.example:13579\n", ": [console] ncalayer is wss://127.0.0.1:PORT"},
                {WHOLE "[console]\nncalayer = wss://127.0.0.1:13579; script-src *\n", ": [console] ncalayer is wss://127.0.0.1:PORT"},
                {WHOLE "[console]\nncalayer = ws://127.0.0.1:13579\n", ": [console] ncalayer is wss://127.0.0.1:PORT"},
                {WHOLE "[tsa]\nurl = http://h/\ndigest = sha1\n", ":27: digest: sha256|sha384|sha512|gost2015"},
                {GATEWAY ISSUER STORE LISTENER SENDER KEYS, ": there is no [destination cabinet]"},
                {ISSUER STORE LISTENER SENDER KEYS CABINET, ":0: [gateway] trust: is required"},
                {GATEWAY ISSUER STORE LISTENER SENDER KEYS CABINET, ": [revocation] knows nobody to ask"},
                {WHOLE "[authority a]\nocsp = http://a/\n", ": [authority a] needs certificate or key_id"},
                {WHOLE AUTHORITY "key_id = 00\n", ": [authority nca] needs certificate or key_id, one of them"},
                {WHOLE AUTHORITY "ocsp = https://a/\n", ": [authority nca] needs http:// URLs, or https:// with ca"},
                {WHOLE AUTHORITY "crl = http://a/, ldap://b/\n", ": [authority nca] needs http:// URLs"},
                {WHOLE AUTHORITY "delta = file:///etc/passwd\n", ": [authority nca] needs http:// URLs"},
                {WHOLE "[organisation a/b]\nbin = 130140900016\nkind = CENTER\nname_kk = k\nname_ru = r\n", ": [organisation a/b]: its id may have letters"},
                {WHOLE "[organisation gateway]\nbin = 130140900016\nkind = CENTER\nname_kk = k\nname_ru = r\n", ": [organisation gateway]: this id is kept"},
                {WHOLE "[organisation issuer]\nbin = 130140900016\nkind = CENTER\nname_kk = k\nname_ru = r\n", ": [organisation issuer]: this id is kept"},
                {WHOLE "[organisation a]\nbin = 130140900017\nkind = CENTER\nname_kk = k\nname_ru = r\n", ": [organisation a]: its bin is no BIN"},
                {WHOLE CENTRE "[organisation a]\nbin = 130140900016\nkind = CSC\nname_kk = k\nname_ru = r\n", ": [organisation a]: another one has its bin"},
                {WHOLE CENTRE "tls_sha256 = 00\n", ": [organisation centre]: tls_sha256 and system_roles go together"},
                {WHOLE CENTRE "system_roles = CLERK\n", ": [organisation centre]: tls_sha256 and system_roles go together"},
                {WHOLE CENTRE "push = webhook\n", ": [organisation centre]: push needs push_url: http://, or https:// with push_ca"},
                {WHOLE CENTRE "push = shep\npush_url = https://centre.example/\n", ": [organisation centre]: push needs push_url"},
                {WHOLE CENTRE "push_url = http://centre.example/\n", ": [organisation centre]: push_url says nothing while push = off"},
                {WHOLE "[organisation abcdefghijklmnopqrstuvwxyz0]\nbin = 130140900016\nkind = CENTER\nname_kk = k\nname_ru = r\npush = shep\npush_url = http://c/\n", ": [organisation abcdefghijklmnopqrstuvwxyz0]: with push its id may have at most 26 letters"},
                {WHOLE "[organisation a]\nkind = BANK\n", ":26: kind: PROVIDER|STATECORP|CENTER|AKIM|CSC|AUTH_BODY"},
                {WHOLE "[gateway]\nloop = 1\n", ":26: loop: unknown key"},
                {WHOLE "[gateway]\nloops = 65\n", ":26: loops: not a whole number"},
                {WHOLE "[listener c]\nport = 65536\n", ":26: port: not a whole number"},
                {WHOLE "[listener c]\nport = -1\n", ":26: port: not a whole number"},
                {WHOLE "[listener c]\nport = 1\ntls = yes\n", ":27: tls: off|on"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_settings struct settings *s = NULL;
                struct why why;
                enum gw_rc rc = load(cases[i].text, &s, &why);
                auto_str char *want = xasprintf("%s%s", path, cases[i].want);
                if (rc != GW_REJECT || why.reason != REASON_CONFIGURATION || !str_starts(why.detail, want))
                        fail_msg("case %zu: rc %d %s \"%s\", want \"%s\"", i, rc, reason_info(why.reason)->name, why.detail, want);
                assert_null(s);
        }
}

static void lists(void **state GW_UNUSED)
{
        static const struct { const char *list, *word; bool want; } cases[] = {
                {"a", "a", true}, {"a,b", "b", true}, {" a , b ", "b", true}, {"a b", "b", true},
                {"AB,cd", "ab", true}, {",,a,", "a", true},
                {"ab", "a", false}, {"a", "ab", false}, {"a,b", "a,b", false}, 
                {"", "a", false}, {NULL, "a", false}, {"a", "", false}, {"a", NULL, false},
                {",", "", false}, {"aa,bb", "ab", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                if (settings_list_has(cases[i].list, cases[i].word) != cases[i].want)
                        fail_msg("\"%s\" in \"%s\"", cases[i].word, cases[i].list);
}

static void the_example_loads(void **state GW_UNUSED)
{
        auto_settings struct settings *s = NULL;
        struct why why = WHY_INIT;
        if (settings_load("conf/gateway.conf.example", &s, &why) != GW_OK)
                fail_msg("%s", why.detail);
        assert_int_equal(s->listener_count, 2);
        assert_string_equal(s->gateway.services, "conf/services");
        assert_non_null(settings_sender(s, "pep"));
        assert_non_null(settings_destination(s, "gbdfl"));
        assert_non_null(settings_destination(s, "socialaid"));
        assert_non_null(settings_organisation(s, "centre"));
        assert_string_equal(s->gateway.staff, "conf/staff.conf");
}

static void the_issuer_is_a_provider_unless_a_section_says_what_it_is(void **state GW_UNUSED)
{
        auto_settings struct settings *alone = must_load(WHOLE CENTRE);
        assert_int_equal(alone->organisation_count, 2);
        assert_string_equal(settings_organisation(alone, "issuer")->kind, "PROVIDER");
        assert_ptr_equal(settings_organisation_of_bin(alone, "160640900019"), settings_organisation(alone, "issuer"));
        assert_null(settings_organisation_of_bin(alone, "091240900012"));
        auto_settings struct settings *named = must_load(WHOLE "[organisation body]\nbin = 160640900019\nkind = AUTH_BODY\nname_kk = k\nname_ru = r\n");
        assert_int_equal(named->organisation_count, 1);
        assert_null(settings_organisation(named, "issuer"));
}

static char *description(void)
{
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        settings_describe(out);
        assert_int_equal(fclose(out), 0);
        return text;
}

/* Each key has a line of help above it and a default within the range that stands there. */
static void every_key_is_documented(void **state GW_UNUSED)
{
        auto_str char *text = description();
        const char *help = NULL;
        size_t keys = 0;
        char *rest = text;
        for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
                bool is_help = str_starts(line, "; "), is_key = !is_help && strstr(line, " = ");
                if (is_key) {
                        keys++;
                        if (!help || strlen(help) < 6)
                                fail_msg("no help above \"%s\"", line);
                        long long low, high, value;
                        const char *range = strrchr(help, '('), *equals = strstr(line, " = ");
                        if (range && sscanf(range, "(%lld..%lld)", &low, &high) == 2 && sscanf(equals, " = %lld", &value) == 1 &&
                            (value < low || value > high))
                                fail_msg("the default is out of its range: %s", line);
                }
                help = is_help ? line : NULL;
        }
        assert_true(keys >= 50);
}

/* What --describe prints is itself a configuration, once the required keys are filled in: nothing in it is unknown or twice. */
static void the_description_can_be_loaded(void **state GW_UNUSED)
{
        auto_str char *text = description();
        auto_buf struct buf out = BUF_INIT;
        char *rest = text;
        for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
                char *equals = strstr(line, " = ");
                if (str_starts(line, "; "))
                        continue;
                bool is_key = equals;
                bool required = is_key && line[0] != ';';
                const char *name = line + (is_key && !required), *value = required ? "1" : equals ? equals + 3 : "";
                if (is_key && str_starts(name, "url "))
                        value = "http://h/";
                if (is_key && str_starts(name, "bin ") && required)
                        value = "160640900019";
                if (is_key && str_starts(name, "kind "))
                        value = "PROVIDER";
                if (is_key)
                        buf_printf(&out, "%.*s = %s\n", (int)(equals - name), name, value);
                else
                        buf_printf(&out, "%s\n", str_eq(line, "[key NAME]") ? "[key system]" :
                                   str_eq(line, "[destination NAME]") ? "[destination cabinet]" : line);
        }
        auto_str char *whole = buf_take_str(&out);
        char *bin = strstr(whole, "[sender NAME]\nbin = ");
        assert_non_null(bin);
        bin += strlen("[sender NAME]\nbin = ");
        auto_str char *half = xasprintf("%.*s1%s", (int)(bin - whole), whole, bin); /* a cross check wants it */
        char *certificate = strstr(half, "[authority NAME]\ncertificate = ");
        assert_non_null(certificate);
        certificate += strlen("[authority NAME]\ncertificate = ");
        auto_str char *filled = xasprintf("%.*s1%s", (int)(certificate - half), half, certificate); /* and this */
        auto_settings struct settings *s = must_load(filled);
        assert_int_equal(s->listener_count, 1);
        assert_string_equal(s->listeners[0].name, "NAME");
}

/* Whatever else is in the file, also what would not start a gateway; mistakes in the section are told with their line. */
static void policy_alone(void **state GW_UNUSED)
{
        struct why why = WHY_INIT;
        auto_settings struct settings *s = NULL;
        assert_true(text_write_file(path, span_str("[gateway]\nno such key = 1\n[verify]\ntime_stamp_required = yes\ngost_2004 = no\n[listener x]\nport = 99999999\n"), 0600));
        assert_int_equal(settings_load_verify(path, &s, &why), GW_OK);
        assert_true(s->verify.time_stamp_required && !s->verify.gost_2004 && s->verify.iin_check_digit);
        assert_int_equal(s->verify.message_age_ms, 86400000);
        static const struct { const char *text, *detail; } broken[] = {
                {"[verify]\ngost_2004 = perhaps\n", ":2: "},
                {"[gateway]\nuser = x\n\n[verify]\nstrict = yes\n", ":5: "},
                {"", "is empty"},
        };
        for (size_t i = 0; i < GW_COUNT(broken); i++) {
                struct settings *none = NULL;
                assert_true(text_write_file(path, span_str(broken[i].text), 0600));
                assert_int_equal(settings_load_verify(path, &none, &why), GW_REJECT);
                assert_int_equal(why.reason, REASON_CONFIGURATION);
                if (!strstr(why.detail, broken[i].detail) || none)
                        fail_msg("%s: %s", broken[i].text, why.detail);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(least_configuration_has_the_designs_defaults),
                cmocka_unit_test(found_by_name),
                cmocka_unit_test(good_siblings),
                cmocka_unit_test(broken_siblings),
                cmocka_unit_test(lists),
                cmocka_unit_test(the_example_loads),
                cmocka_unit_test(the_issuer_is_a_provider_unless_a_section_says_what_it_is),
                cmocka_unit_test(every_key_is_documented),
                cmocka_unit_test(the_description_can_be_loaded),
                cmocka_unit_test(policy_alone),
        };
        return cmocka_run_group_tests(tests, make_file, remove_file);
}
