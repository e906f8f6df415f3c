/* `egov-gateway sign`: signs a document (enveloped, NCALayer's shape) or a SOAP message (transport signature). */
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/sign/cms_sign.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/verify/verify.h"

GW_DEFINE_AUTO(signing_key, struct signing_key, local_key_close)

struct sign_options {
        const char *key, *certificate, *password_file, *out;
        bool soap, xades, cms, detached;
};

static enum gw_rc sign_document(const struct signing_key *key, xmlDoc *doc, bool xades, struct buf *out, struct why *why)
{
        auto_buf struct buf canonical = BUF_INIT;
        if (!xml_c14n(doc, &canonical))
                return why_say(why, GW_FAULT, "the document cannot be canonicalised");
        buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        if (!xades)
                return xml_sign_enveloped(key, buf_span(&canonical), out, why);
        struct xades_place place = {.stamped = BUF_INIT};
        enum gw_rc rc = xml_sign_xades(key, buf_span(&canonical), wall_now(), out, &place, why);
        xades_place_done(&place);
        return rc;
}

static enum gw_rc sign_file(const struct sign_options *options, const char *path, struct buf *out, struct why *why)
{
        gw_auto(signing_key) struct signing_key *key = NULL;
        enum gw_rc rc = options->password_file ? local_key_open_password(options->key, options->certificate, options->password_file, &key, why)
                                               : local_key_open(options->key, options->certificate, &key, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf in = BUF_LIMIT(xml_limits_default.bytes_max);
        if (!text_read_file(path, &in))
                return why_say(why, GW_FAULT, "%s cannot be read", path);
        if (options->cms) {
                const struct signing_key *const keys[] = {key};
                return cms_sign(keys, GW_COUNT(keys), buf_span(&in), options->detached, wall_now(), out, why);
        }
        auto_xmldoc xmlDoc *doc = NULL;
        rc = xml_read(buf_span(&in), &xml_limits_default, &doc, why);
        if (rc != GW_OK)
                return rc;
        return options->soap ? xml_sign_soap_document(key, doc, out, why) : sign_document(key, doc, options->xades, out, why);
}

static bool write_out(const char *path, struct span content)
{
        if (path && strcmp(path, "-") != 0)
                return text_write_file(path, content, 0644);
        return fwrite(content.p, 1, content.n, stdout) == content.n && fflush(stdout) == 0;
}

static int sign_run(int argc, char **argv)
{
        struct sign_options given = {0};
        const struct option_row rows[] = {
                {"key", "FILE", "private key: PEM or PKCS#12", &given.key, NULL, true},
                {"cert", "FILE", "its certificate, PEM; of a PKCS#12 key it is inside", &given.certificate, NULL, false},
                {"password-file", "FILE", "this file's first line is the key's password", &given.password_file, NULL, false},
                {"soap", NULL, "sign the Body of a SOAP message (WS-Security) instead of a document", NULL, &given.soap, false},
                {"xades", NULL, "sign a document as XAdES-BES: signing time and certificate are signed too", NULL, &given.xades, false},
                {"cms", NULL, "sign any file as CMS (CAdES-BES, DER), the content inside", NULL, &given.cms, false},
                {"detached", NULL, "with --cms: the content is not inside", NULL, &given.detached, false},
                {"out", "FILE", "where to write; standard output when absent", &given.out, NULL, false},
        };
        const struct options options = {
                "sign", "FILE",
                "Signs an XML document the way NCALayer does: the signature becomes the last child of the root and covers the\n"
                "whole document. A document that is signed already gets a further signature, which covers the earlier ones.\n"
                "With --cms it writes a CMS signature over the file, whatever it is.\n"
                "With --soap it adds the transport signature of SHEP to a SOAP message.\n"
                "Exit status: 0 signed, 2 unreadable input, key or usage.",
                "  egov-gateway sign --key applicant.key --cert applicant.pem --out signed.xml application.xml\n"
                "  egov-gateway sign --key GOST512.p12 --password-file password --out signed.xml application.xml\n"
                "  egov-gateway sign --soap --key system.key --cert system.pem envelope.xml",
                rows, GW_COUNT(rows),
        };
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (argc - first != 1)
                return options_mistake(&options, "exactly one FILE is needed");
        if (given.soap + given.xades + given.cms > 1)
                return options_mistake(&options, "--soap, --xades and --cms do not go together");
        if (given.detached && !given.cms)
                return options_mistake(&options, "--detached goes with --cms");
        if (!given.certificate && !given.password_file)
                return options_mistake(&options, "--cert is needed, or --password-file for a PKCS#12 with its certificate");
        verify_init();
        auto_buf struct buf out = BUF_INIT;
        struct why why = WHY_INIT;
        if (sign_file(&given, argv[first], &out, &why) != GW_OK) {
                fprintf(stderr, "egov-gateway sign: %s: %s%s%s\n", argv[first], why.reason ? reason_info(why.reason)->name : "",
                        why.reason && *why.detail ? ": " : "", why.detail);
                return COMMAND_USAGE;
        }
        if (!write_out(given.out, buf_span(&out))) {
                fprintf(stderr, "egov-gateway sign: %s cannot be written\n", given.out ? given.out : "standard output");
                return COMMAND_USAGE;
        }
        return COMMAND_YES;
}

const struct command command_sign = {"sign", "sign an XML document or a SOAP message", sign_run};
