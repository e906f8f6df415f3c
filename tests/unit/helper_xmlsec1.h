/* Signed documents by an independent maker, the xmlsec1 command line, for the tests of verify/. */
#ifndef TESTS_UNIT_HELPER_XMLSEC1_H
#define TESTS_UNIT_HELPER_XMLSEC1_H

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
#include "gateway/soap/soap.h"
#include "gateway/verify/verify.h"

#define URI_C14N "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define URI_C14N_COMMENTS URI_C14N "#WithComments"
#define URI_EXC "http://www.w3.org/2001/10/xml-exc-c14n#"
#define URI_ENVELOPED DSIG_NS "enveloped-signature"
#define URI_MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define URI_ENC "http://www.w3.org/2001/04/xmlenc#"
#define TRANSFORM(uri) "<ds:Transform Algorithm=\"" uri "\"/>"

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)
#define auto_verifier gw_auto(verifier)

GW_UNUSED static char *pki_file(const char *folder, const char *name, const char *suffix)
{
        const char *pki = getenv("EGOV_PKI");
        return xasprintf("%s/%s/%s%s", pki ? pki : "build/pki", folder, name, suffix);
}

GW_UNUSED static char *read_file(const char *path)
{
        auto_buf struct buf bytes = BUF_INIT;
        if (!text_read_file(path, &bytes))
                fail_msg("%s cannot be read (EGOV_PKI?)", path);
        return buf_take_str(&bytes);
}

/* The first `from` becomes `to`. It must be there. */
GW_UNUSED static char *replaced(const char *text, const char *from, const char *to)
{
        const char *at = strstr(text, from);
        if (!at)
                fail_msg("not found: %s", from);
        return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* Base64 of a PEM certificate of the test PKI, on one line. */
GW_UNUSED static char *certificate_base64(const char *name)
{
        auto_str char *path = pki_file("certs", name, ".pem");
        auto_str char *pem = read_file(path);
        const char *from = strstr(pem, "-----BEGIN CERTIFICATE-----"), *to = from ? strstr(from, "-----END") : NULL;
        assert_non_null(to);
        auto_buf struct buf out = BUF_INIT;
        for (from += strlen("-----BEGIN CERTIFICATE-----"); from < to; from++)
                if (*from != '\n')
                        buf_add_char(&out, *from);
        return buf_take_str(&out);
}

GW_UNUSED static char *scratch_file(const char *content)
{
        const char *folder = getenv("TMPDIR");
        char *path = xasprintf("%s/egov-test-XXXXXX", folder ? folder : "/tmp");
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        close(fd);
        assert_true(text_write_file(path, span_str(content), 0600));
        return path;
}

/* Lets xmlsec1 fill in the template. options: more words for its command line (which node, which ids). */
GW_UNUSED static char *xmlsec1_sign(const char *template_text, const char *key_options, const char *options)
{
        auto_str char *in = scratch_file(template_text), *out = scratch_file("");
        auto_str char *command = xasprintf("xmlsec1 --sign %s %s --output %s %s >/dev/null 2>&1", key_options, options, out, in);
        int status = system(command);
        char *made = status == 0 ? read_file(out) : NULL;
        unlink(in);
        unlink(out);
        if (!made)
                fail_msg("failed (%d): %s\n%s", status, command, template_text);
        return made;
}

#define X509_KEY_INFO "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" CERTIFICATE_HERE "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
#define CERTIFICATE_HERE "@CERTIFICATE@"
#define KEY_INFO_HERE "@KEYINFO@"

/* What stands behind SignatureValue is put there after signing: xmlsec1 would read it, and it need not be the key's own. A
 * CERTIFICATE_HERE in it becomes the signer's. */
GW_UNUSED static char *sign_as(const char *template_text, const char *name, const char *key_info, const char *options)
{
        auto_str char *key = pki_file("keys", name, ".key");
        auto_str char *key_options = xasprintf("--privkey-pem %s", key);
        auto_str char *made = xmlsec1_sign(template_text, key_options, options);
        auto_str char *with_key_info = strstr(made, KEY_INFO_HERE) ? replaced(made, KEY_INFO_HERE, key_info) : xstrdup(made);
        if (!strstr(with_key_info, CERTIFICATE_HERE))
                return gw_take(&with_key_info);
        auto_str char *certificate = certificate_base64(name);
        return replaced(with_key_info, CERTIFICATE_HERE, certificate);
}

GW_UNUSED static struct verify_policy test_policy(void)
{
        return (struct verify_policy){.clock_skew_ms = 60000, .message_age_max_ms = 86400000, .message_future_max_ms = 300000, .iin_check_digit = true};
}

GW_UNUSED static struct verifier *open_verifier(const char *trust_dir, const struct verify_policy *policy)
{
        struct verifier *verifier = NULL;
        struct why why = WHY_INIT;
        if (verifier_open(trust_dir, policy, &verifier, &why) != GW_OK)
                fail_msg("%s: %s", trust_dir, why.detail);
        return verifier;
}

GW_UNUSED static struct verifier *open_test_verifier(void)
{
        auto_str char *trust = pki_file("trust", "", "");
        struct verify_policy policy = test_policy();
        return open_verifier(trust, &policy);
}

/* A path among the public samples; NULL (and a word) when they are not there. */
GW_UNUSED static char *vector_path(const char *name)
{
        const char *folder = getenv("EGOV_VECTORS");
        char *path = xasprintf("%s/%s", folder ? folder : "../shared/vectors", name);
        if (access(path, R_OK) == 0)
                return path;
        print_message("skipped: %s is not there (EGOV_VECTORS)\n", path);
        free(path);
        return NULL;
}

GW_UNUSED static struct wall_time instant(const char *iso)
{
        struct wall_time t = {0};
        assert_int_equal(clock_parse_iso(iso, &t), GW_OK);
        return t;
}

GW_UNUSED static int setup_verify(void **state GW_UNUSED)
{
        verify_init();
        return 0;
}

#endif
