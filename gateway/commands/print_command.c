/* `egov-gateway print`: a result document as a PDF, as GET …/result.pdf gives it; for testers and for whoever designs a print layout. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/print/print.h"
#include "gateway/reason.h"
#include "gateway/verify/verify.h"

GW_DEFINE_AUTO(signing_key, struct signing_key, local_key_close)
GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)
GW_DEFINE_AUTO(fonts, struct page_fonts, page_fonts_free)
GW_DEFINE_AUTO(layouts, struct print_layouts, print_layouts_free)

struct print_options {
        const char *services, *service, *key, *certificate, *password_file, *url, *font, *out;
};

static enum gw_rc sign_it(const struct print_options *given, struct buf *pdf, struct why *why)
{
        gw_auto(signing_key) struct signing_key *key = NULL;
        enum gw_rc rc = given->password_file ? local_key_open_password(given->key, given->certificate, given->password_file, &key, why)
                                             : local_key_open(given->key, given->certificate, &key, why);
        return rc == GW_OK ? pdf_sign(pdf, key, why) : rc;
}

static enum gw_rc print_file(const struct print_options *given, const char *path, struct buf *out, struct why *why)
{
        gw_auto(catalogue) struct catalogue *catalogue = NULL;
        auto_buf struct buf in = BUF_LIMIT(xml_limits_default.bytes_max);
        enum gw_rc rc = catalogue_open(given->services, &catalogue, why);
        if (rc != GW_OK)
                return rc;
        if (!text_read_file(path, &in))
                return why_say(why, GW_FAULT, "%s cannot be read", path);
        gw_auto(layouts) struct print_layouts *layouts = NULL;
        rc = print_layouts_new(&layouts, why);
        if (rc != GW_OK)
                return rc;
        gw_auto(fonts) struct page_fonts *fonts = page_fonts_new(given->font);
        struct print_request request = {
                .service = catalogue_find(catalogue, given->service, wall_now()),
                .document = buf_span(&in),
                .fonts = fonts,
                .layouts = layouts,
                .check_url = given->url,
                .at = wall_now(),
                .room_for_signature = given->key != NULL,
        };
        if (!request.service)
                return why_say(why, GW_FAULT, "there is no service %s in force", given->service);
        rc = print_document(&request, out, why);
        return rc == GW_OK && given->key ? sign_it(given, out, why) : rc;
}

static int print_run(int argc, char **argv)
{
        struct print_options given = {.service = "TSA_CERT", .services = "conf/services", .font = "DejaVu Sans"};
        const struct option_row rows[] = {
                {"out", "FILE", "the PDF", &given.out, NULL, true},
                {"services", "DIR", "folder of the service catalogue (conf/services)", &given.services, NULL, false},
                {"service", "CODE", "whose result it is (TSA_CERT)", &given.service, NULL, false},
                {"key", "FILE", "sign the PDF by this key; without one it is not signed", &given.key, NULL, false},
                {"cert", "FILE", "the key's certificate, PEM; of a PKCS#12 key it is inside", &given.certificate, NULL, false},
                {"password-file", "FILE", "this file's first line is the key's password", &given.password_file, NULL, false},
                {"url", "URL", "public address of the gateway, for the check code", &given.url, NULL, false},
                {"font", "NAME", "font family (DejaVu Sans)", &given.font, NULL, false},
        };
        const struct options options = {
                "print", "FILE.xml",
                "Prints a signed result document: A4, Kazakh and Russian, with the XML attached and in the codes at its foot.\n"
                "The signature of the XML is not checked here: `egov-gateway verify` does, of the XML and of the PDF.\n"
                "Exit status: 0 printed, 2 unreadable input, key or usage.",
                "  egov-gateway print --key head.key --cert head.pem --out certificate.pdf certificate.xml\n"
                "  egov-gateway print --url https://gateway.example.kz --out certificate.pdf certificate.xml",
                rows, GW_COUNT(rows),
        };
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (argc - first != 1)
                return options_mistake(&options, "exactly one FILE is needed");
        if (given.key && !given.certificate && !given.password_file)
                return options_mistake(&options, "--cert is needed, or --password-file for a PKCS#12 with its certificate");
        verify_init();
        auto_buf struct buf out = BUF_INIT;
        struct why why = WHY_INIT;
        if (print_file(&given, argv[first], &out, &why) != GW_OK) {
                fprintf(stderr, "egov-gateway print: %s: %s%s%s\n", argv[first], why.reason ? reason_info(why.reason)->name : "", why.reason && *why.detail ? ": " : "",
                        why.detail);
                return COMMAND_USAGE;
        }
        if (!text_write_file(given.out, buf_span(&out), 0644)) {
                fprintf(stderr, "egov-gateway print: %s cannot be written\n", given.out);
                return COMMAND_USAGE;
        }
        return COMMAND_YES;
}

const struct command command_print = {"print", "make a PDF of a signed result document", print_run};
