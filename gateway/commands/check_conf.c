/* `egov-gateway check-conf`: is this configuration right, with everything it names? */
#include <stdio.h>
#include <unistd.h>

#include "gateway/accept/tls.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/catalogue/catalogue.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/commands/serve.h"
#include "gateway/sandbox/sandbox.h"
#include "gateway/pki/path.h"
#include "gateway/provider/staff.h"
#include "gateway/settings.h"
#include "gateway/verify/verify.h"
#include "gateway/worker/revocation_conf.h"
#include "gateway/worker/trust_watch.h"

static bool say(bool ok, const char *what, const struct why *why)
{
        printf("%-4s %s%s%s\n", ok ? "ok" : "BAD", what, ok ? "" : ": ", ok ? "" : why->detail);
        return ok;
}

static void say_left(struct wall_time until, const char *name)
{
        printf("     %lld days left: %s\n", trust_days_left(until), name);
}

/* As the signer will: modes, passwords, tokens with their PIN, a trial signature. */
static bool check_keys(const struct settings *s)
{
        bool all = true;
        uid_t owner = geteuid();
        struct sandbox_account account;
        struct why unknown = WHY_INIT;
        if (s->gateway.signer_user) {
                all = say(sandbox_account(s->gateway.signer_user, &account, &unknown) == GW_OK, "account of signer_user", &unknown);
                owner = all ? account.uid : owner;
        }
        for (size_t i = 0; i < s->key_count; i++) {
                struct why why = WHY_INIT;
                struct wall_time until = {0};
                struct signer_key_conf conf = serve_signer_key(&s->keys[i]);
                auto_str char *what = xasprintf("[key %s] belongs to its certificate", s->keys[i].id);
                bool ok = signer_key_check(&conf, owner, &until, &why) == GW_OK;
                if (ok && until.ms <= wall_now().ms) {
                        why_say(&why, GW_REJECT, "which has expired");
                        ok = false;
                }
                all = say(ok, what, &why) && all;
                if (ok) {
                        auto_str char *name = xasprintf("[key %s]", s->keys[i].id);
                        say_left(until, name);
                }
        }
        return all;
}

/* TLS certificates are files of their own: they may differ from the key's. */
static bool check_listeners(const struct settings *s)
{
        bool all = true;
        for (size_t i = 0; i < s->listener_count; i++) {
                const struct listener_settings *l = &s->listeners[i];
                struct why why = WHY_INIT;
                struct wall_time until;
                if (!str_eq(l->tls, "on"))
                        continue;
                SSL_CTX *ctx = NULL;
                bool ok = tls_server_context(l->certificate, str_eq(l->clients, "off") ? TLS_CLIENTS_OFF : TLS_CLIENTS_OPTIONAL, l->client_ca, &ctx, &why) == GW_OK;
                auto_str char *name = xasprintf("[listener %s]", l->name), *what = xasprintf("[listener %s] has a certificate", l->name);
                if (ok && (!x509_time(X509_get0_notAfter(SSL_CTX_get0_certificate(ctx)), &until) || until.ms <= wall_now().ms)) {
                        why_say(&why, GW_REJECT, "which has expired");
                        ok = false;
                }
                all = say(ok, what, &why) && all;
                if (ok)
                        say_left(until, name);
                SSL_CTX_free(ctx);
        }
        return all;
}

/* For people who plan; what has expired is no mistake of the configuration. */
static void say_days_left(struct verifier *verifier)
{
        auto_anchors struct anchors *anchors = verifier ? verifier_anchors(verifier) : NULL;
        for (size_t i = 0; anchors && i < anchors_count(anchors); i++) {
                char name[200] = "";
                struct wall_time until = {0};
                X509_NAME_get_text_by_NID(X509_get_subject_name(anchors_at(anchors, i)), NID_commonName, name, sizeof name);
                if (x509_time(X509_get0_notAfter(anchors_at(anchors, i)), &until))
                        say_left(until, name);
        }
}

static bool check_trust(const struct settings *s)
{
        struct why why = WHY_INIT;
        struct verify_policy policy = {0};
        struct verifier *verifier = NULL;
        bool ok = verifier_open(s->gateway.trust, &policy, &verifier, &why) == GW_OK;
        say(ok, "trust folder has usable CA certificates", &why);
        say_days_left(verifier);
        verifier_close(verifier);
        return ok;
}

static bool check_calendar(const struct settings *s, const struct catalogue *catalogue)
{
        struct why why = WHY_INIT;
        auto_calendar struct calendar *calendar = NULL;
        bool ok = calendar_load(s->gateway.calendar, &calendar, &why) == GW_OK && catalogue_check_calendar(catalogue, calendar, &why) == GW_OK;
        ok = say(ok, "calendar of working days and office hours", &why);
        if (ok && !calendar_covers(calendar, wall_now()))
                printf("note the calendar knows no holidays of this year: only Saturdays and Sundays are days off\n");
        return ok;
}

static bool has_code(const struct catalogue *catalogue, const char *code)
{
        for (size_t i = 0; i < catalogue_count(catalogue); i++)
                if (str_eq(catalogue_at(catalogue, i)->code, code))
                        return true;
        return false;
}

/* An organisation that is to work on what does not exist works on nothing. */
static bool check_organisations(const struct settings *s, const struct catalogue *catalogue)
{
        bool all = true;
        for (size_t i = 0; i < s->organisation_count; i++) {
                const struct organisation_settings *o = &s->organisations[i];
                for (const char *at = o->services ? o->services + strspn(o->services, " ,") : ""; *at; at += strspn(at, " ,")) {
                        size_t n = strcspn(at, " ,");
                        auto_str char *code = xstrndup(at, n), *what = xasprintf("[organisation %s] works on %s, which is a service", o->id, code);
                        struct why missing = {0, "the catalogue has no such code"};
                        at += n;
                        all = say(has_code(catalogue, code), what, &missing) && all;
                }
        }
        return all;
}

static bool check_services(const struct settings *s)
{
        struct why why = WHY_INIT;
        struct catalogue *catalogue = NULL;
        bool ok = catalogue_open(s->gateway.services, &catalogue, &why) == GW_OK;
        ok = say(ok, "service catalogue", &why);
        for (size_t i = 0; ok && i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                if (service->automated && !service->withdrawn) {
                        auto_str char *what = xasprintf("service %s signs with [key %s]", service->code, service->provider_key);
                        struct why missing = {0, "there is no such key"};
                        ok = say(settings_has_key(s, service->provider_key), what, &missing) && ok;
                }
                for (size_t k = 0; k < service->system_count; k++) {
                        auto_str char *what = xasprintf("service %s asks %s, which has a [destination …]", service->code, service->questions[k].adapter);
                        struct why missing = {0, "there is none"};
                        ok = say(settings_destination(s, service->questions[k].adapter) != NULL, what, &missing) && ok;
                }
        }
        ok = ok && check_organisations(s, catalogue);
        ok = ok && check_calendar(s, catalogue);
        catalogue_close(catalogue);
        return ok;
}

static bool check_staff(const struct settings *s)
{
        struct why why = WHY_INIT;
        auto_staff struct staff *staff = NULL;
        bool ok = say(staff_load(s, &staff, &why) == GW_OK, "organisations and the people who work on requests", &why);
        if (ok && !staff_count(staff))
                printf("note the staff file names nobody: only heads can log in, by their certificates\n");
        return ok;
}

static bool check_revocation(const struct settings *s)
{
        struct why why = WHY_INIT;
        struct revocation_settings settings;
        struct revocation *revocation = NULL;
        if (!revocation_is_asked(s))
                return say(true, "revocation is not asked ([revocation] mode = off)", &why);
        revocation_settings_read(s, &settings);
        settings.conf.folder = NULL; /* the gateway's own business: this may be run by another account */
        bool ok = revocation_open(&settings.conf, &revocation, &why) == GW_OK;
        revocation_close(revocation);
        revocation_settings_done(&settings);
        return say(ok, "revocation: authorities and their certificates", &why);
}

static int check_run(int argc, char **argv)
{
        const char *conf = NULL;
        bool describe = false;
        const struct option_row rows[] = {
                {"conf", "FILE", "the configuration to check", &conf, NULL, false},
                {"describe", NULL, "print every key with its default, range and meaning instead", NULL, &describe, false},
        };
        const struct options options = {"check-conf", "", "Reads a configuration and everything it names (keys, trust folder, services) and says what is wrong.\nRun it as the account that runs the gateway.",
                                        "  egov-gateway check-conf --conf conf/gateway.conf\n  egov-gateway check-conf --describe\n", rows, GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first != argc || (!conf && !describe))
                return options_mistake(&options, "give --conf FILE or --describe");
        if (describe) {
                settings_describe(stdout);
                printf("\n; the file that `staff` in [gateway] names\n");
                staff_describe(stdout);
                return COMMAND_YES;
        }
        verify_init();
        auto_settings struct settings *settings = NULL;
        struct why why = WHY_INIT;
        bool ok = say(settings_load(conf, &settings, &why) == GW_OK, conf, &why);
        if (!ok)
                return access(conf, R_OK) == 0 ? COMMAND_NO : COMMAND_USAGE;
        ok = check_trust(settings);
        ok = check_keys(settings) && ok;
        ok = check_listeners(settings) && ok;
        ok = check_services(settings) && ok;
        ok = check_staff(settings) && ok;
        ok = check_revocation(settings) && ok;
        return ok ? COMMAND_YES : COMMAND_NO;
}

const struct command command_check_conf = {"check-conf", "is this configuration right, with everything it names?", check_run};
