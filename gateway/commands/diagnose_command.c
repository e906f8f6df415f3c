/* `egov-gateway diagnose`: why does my envelope fail, and what must I change? */
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/diagnose/diagnose.h"

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)
GW_DEFINE_AUTO(json, json_t, json_decref)

static const char *text_of(const json_t *object, const char *name)
{
        return json_string_value(json_object_get(object, name));
}

static void print_line(const json_t *object, const char *name, const char *label)
{
        if (text_of(object, name))
                printf("      %s: %s\n", label, text_of(object, name));
}

static void print_difference(const json_t *difference)
{
        if (!difference)
                return;
        printf("      first difference: byte %lld, line %lld of the canonical text, in <%s>\n", (long long)json_integer_value(json_object_get(difference, "offset")),
               (long long)json_integer_value(json_object_get(difference, "line")), text_of(difference, "element") ? text_of(difference, "element") : "?");
        print_line(difference, "signed", "signed  ");
        print_line(difference, "received", "received");
}

static void print_finding(const json_t *finding)
{
        static const struct { const char *name, *label; } rows[] = {
                {"where", "where"}, {"detail", "detail"}, {"expected", "expected"}, {"found", "found"}, {"hash", "hash"}, {"canonicalisation", "canonicalisation"}, {"now", "now"},
                {"window", "window"}, {"serial", "certificate"}, {"issuer", "issuer"}, {"notBefore", "valid from"}, {"notAfter", "valid until"},
        };
        printf("  %s [%s] %s\n", str_eq(text_of(finding, "severity"), "error") ? "✗" : "✓", text_of(finding, "code"), text_of(finding, "text"));
        for (size_t i = 0; i < GW_COUNT(rows); i++)
                print_line(finding, rows[i].name, rows[i].label);
        print_difference(json_object_get(finding, "firstDifference"));
}

static void print_report(const char *file, const json_t *report)
{
        size_t i, k;
        json_t *part, *finding;
        printf("%s: %s\n", file, text_of(report, "code"));
        json_array_foreach(json_object_get(report, "parts"), i, part) {
                bool valid = json_is_true(json_object_get(part, "valid"));
                printf("\n%s: %s\n", text_of(part, "part"), text_of(part, "code"));
                if (!valid)
                        printf("  %s (%s)\n  → %s\n", text_of(part, "explanation"), text_of(part, "detail"), text_of(part, "advice"));
                json_array_foreach(json_object_get(report, "findings"), k, finding)
                        if (str_eq(text_of(finding, "part"), text_of(part, "part")))
                                print_finding(finding);
        }
}

struct diagnose_options {
        const char *trust, *at, *language, *signed_bytes;
        bool json;
};

static int diagnose_files(struct verifier *verifier, struct diagnose_request *request, const struct diagnose_options *given, char **files, size_t count)
{
        int worst = COMMAND_YES;
        gw_auto(json) json_t *reports = json_array();
        for (size_t i = 0; i < count; i++) {
                auto_buf struct buf bytes = BUF_LIMIT(DIAGNOSE_BYTES_MAX);
                if (!text_read_file(files[i], &bytes)) {
                        fprintf(stderr, "egov-gateway diagnose: %s cannot be read, or is larger than %zu KiB\n", files[i], DIAGNOSE_BYTES_MAX >> 10);
                        return COMMAND_USAGE;
                }
                request->message = buf_span(&bytes);
                json_t *report = diagnose(verifier, request);
                int status = json_is_true(json_object_get(report, "valid")) ? COMMAND_YES : COMMAND_NO;
                worst = status > worst ? status : worst;
                if (!given->json)
                        print_report(files[i], report);
                json_object_set_new(report, "file", json_string(files[i]));
                json_array_append_new(reports, report);
        }
        if (given->json) {
                json_dumpf(reports, stdout, JSON_INDENT(2));
                putchar('\n');
        }
        return worst;
}

static int diagnose_run(int argc, char **argv)
{
        struct diagnose_options given = {.language = "en"};
        const struct option_row rows[] = {
                {"trust", "DIR", "certificates of the authorities to trust, PEM or DER", &given.trust, NULL, true},
                {"at", "TIME", "judge as of this time, e.g. 2026-11-22T19:30:00+05:00 (now)", &given.at, NULL, false},
                {"signed-bytes", "FILE", "the canonical bytes that the signer digested: the first difference is shown", &given.signed_bytes, NULL, false},
                {"lang", "LANG", "kk, ru or en (en)", &given.language, NULL, false},
                {"json", NULL, "a report for machines: a list with one object per file", NULL, &given.json, false},
        };
        const struct options options = {
                "diagnose", "FILE…",
                "Says why a SOAP message or signed XML document is refused, and what to change: the verdict of the gateway with its reason\n"
                "code, what the signature covers and what it does not, and, where a digest or value differs, which usual mistake of signing\n"
                "explains it, down to the first differing byte. The report quotes the message.\n"
                "Exit status: 0 all valid, 1 some not, 2 usage or unreadable.",
                "  egov-gateway diagnose --trust build/pki/trust envelope.xml\n"
                "  egov-gateway diagnose --trust build/pki/trust --lang ru --signed-bytes body.c14n envelope.xml",
                rows, GW_COUNT(rows),
        };
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first == argc)
                return options_mistake(&options, "no FILE is given");
        struct wall_time at = wall_now();
        if (given.at && clock_parse_iso(given.at, &at) != GW_OK)
                return options_mistake(&options, "--at is no date and time of ISO 8601");
        if (!str_eq(given.language, "kk") && !str_eq(given.language, "ru") && !str_eq(given.language, "en"))
                return options_mistake(&options, "--lang is kk, ru or en");
        auto_buf struct buf signed_bytes = BUF_LIMIT(DIAGNOSE_BYTES_MAX);
        if (given.signed_bytes && !text_read_file(given.signed_bytes, &signed_bytes))
                return options_mistake(&options, "%s cannot be read", given.signed_bytes);
        verify_init();
        struct why why = WHY_INIT;
        gw_auto(verifier) struct verifier *verifier = NULL;
        struct verify_policy policy = {.clock_skew_ms = 60000, .message_age_max_ms = 24 * 3600 * 1000, .message_future_max_ms = 300000};
        if (verifier_open(given.trust, &policy, &verifier, &why) != GW_OK) {
                fprintf(stderr, "egov-gateway diagnose: %s\n", why.detail);
                return COMMAND_USAGE;
        }
        struct diagnose_request request = {.at = at, .signed_bytes = buf_span(&signed_bytes), .language = given.language, .policy = &policy};
        return diagnose_files(verifier, &request, &given, argv + first, (size_t)(argc - first));
}

const struct command command_diagnose = {"diagnose", "why is this message refused, and what must be changed?", diagnose_run};
