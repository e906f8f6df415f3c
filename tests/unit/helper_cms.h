/* What the tests of CMS and time stamps share: OpenSSL's own signer and time-stamping authority as the third party. */
#ifndef TESTS_UNIT_HELPER_CMS_H
#define TESTS_UNIT_HELPER_CMS_H

#include "gateway/pki/ber.h"
#include "gateway/pki/cms.h"
#include "tests/unit/helper_gost.h"

#define DATA_OID "1.2.840.113549.1.7.1"
#define TST_INFO_OID "1.2.840.113549.1.9.16.1.4"
#define CONTENT "<application>attached</application>"

/* Runs a command of the shell; $D is a scratch folder, $PKI the test PKI. The file $D/out, appended. */
GW_UNUSED static void shell(const char *command, struct buf *out)
{
        static char folder[] = "/tmp/egov-cms-XXXXXX";
        static bool made;
        if (!made) {
                assert_non_null(mkdtemp(folder));
                made = true;
        }
        const char *pki = getenv("EGOV_PKI");
        auto_str char *all = xasprintf("set -e; D=%s; PKI=%s; rm -f $D/out; printf '%%s' '" CONTENT "' > $D/in; (%s) > $D/log 2>&1 || { cat $D/log; exit 1; }", folder,
                                       pki ? pki : "build/pki", command);
        if (system(all) != 0)
                fail_msg("%s", command);
        auto_str char *path = xasprintf("%s/out", folder), *clean = xasprintf("rm -rf %s/*", folder);
        assert_true(text_read_file(path, out));
        assert_int_equal(system(clean), 0);
        (void)rmdir(folder);
        made = false;
        memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
}

/* openssl cms -sign of CONTENT by these options, DER. */
#define OPENSSL_CMS "openssl cms -sign -binary -in $D/in -outform DER -out $D/out "
#define BY(name) " -signer $PKI/certs/" name ".pem -inkey $PKI/keys/" name ".key "
#define RSA_SIGNER "applicant-850412390011"

/* A token by `openssl ts` over these bytes as `imprinted`; options of `openssl ts -query`, and lines for its configuration. */
GW_UNUSED static void make_token(struct span imprinted, const char *query, const char *signer, const char *options, struct buf *out)
{
        auto_buf struct buf hex = BUF_INIT;
        for (size_t i = 0; i < imprinted.n; i++)
                buf_printf(&hex, "\\x%02x", imprinted.p[i]);
        auto_str char *command = xasprintf(
                "printf '01\\n' > $D/serial; printf '[tsa]\\nserial=%%s/serial\\ncrypto_device=builtin\\nsigner_digest=sha256\\ndefault_policy=1.2.398.3.3.2.6.4\\n"
                "other_policies=1.2.3.4\\ndigests=sha1,sha256,sha384,sha512\\nclock_precision_digits=3\\nordering=no\\ntsa_name=no\\ness_cert_id_chain=no\\ness_cert_id_alg=sha256\\n%s\\n' $D > $D/tsa.cnf; "
                "/usr/bin/printf '%s' > $D/data; openssl ts -query -data $D/data %s -cert -out $D/query; "
                "openssl ts -reply -config $D/tsa.cnf -section tsa -queryfile $D/query -signer $PKI/certs/%s.pem -inkey $PKI/keys/%s.key -out $D/out",
                options, buf_cstr(&hex), query, signer, signer);
        shell(command, out);
}

/* A trust folder in the scratch folder of /tmp with the root alone: whatever leads to it must come with the message. The caller removes it. */
GW_UNUSED static char *root_alone(void)
{
        char *folder = xstrdup("/tmp/egov-root-XXXXXX");
        assert_non_null(mkdtemp(folder));
        auto_str char *root = pki_file("trust", "root", ".pem"), *copy = xasprintf("cp %s %s/", root, folder);
        assert_int_equal(system(copy), 0);
        return folder;
}

GW_UNUSED static void remove_trust(const char *folder)
{
        auto_str char *command = xasprintf("rm -r %s", folder);
        assert_int_equal(system(command), 0);
}

/* A line of make_token()'s configuration: the issuing authority's certificate comes with the token. */
GW_UNUSED static char *with_issuer(void)
{
        auto_str char *issuer = pki_file("trust", "issuing", ".pem");
        return xasprintf("certs=%s", issuer);
}

/* The token inside a TimeStampResp. */
GW_UNUSED static struct span token_of(const struct buf *response)
{
        struct span in = buf_span(response), body, status;
        struct ber token;
        assert_true(ber_take(&in, DER_SEQUENCE, &body));
        assert_true(ber_take(&body, DER_SEQUENCE, &status));
        assert_true(ber_any(&body, &token));
        return token.whole;
}

/* CAdES-T of a DER CMS with one signer and no unsigned attributes: this token goes behind the signature. */
GW_UNUSED static void add_stamp(struct span cms, struct span token, struct buf *out)
{
        static const uint8_t attribute_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e};
        struct span info, oid, wrapped, data, part, signer;
        assert_true(ber_take(&cms, DER_SEQUENCE, &info) && ber_take(&info, DER_OID, &oid) && ber_take(&info, BER_CONTEXT_CONSTRUCTED(0), &wrapped) &&
                    ber_take(&wrapped, DER_SEQUENCE, &data));
        auto_buf struct buf attribute = BUF_INIT, attributes = BUF_INIT, signer_info = BUF_INIT, signed_data = BUF_INIT, content = BUF_INIT, all = BUF_INIT, infos = BUF_INIT;
        struct ber element;
        while (data.n > 0) {
                assert_true(ber_any(&data, &element));
                if (data.n > 0)
                        buf_add_span(&signed_data, element.whole);
        }
        part = element.content;
        assert_true(ber_take(&part, DER_SEQUENCE, &signer) && part.n == 0);
        der_put(&attribute, DER_OID, span_of(attribute_oid, sizeof attribute_oid));
        der_put(&attribute, BER_SET, token);
        der_put(&attributes, DER_SEQUENCE, buf_span(&attribute));
        buf_add_span(&signer_info, signer);
        der_put(&signer_info, BER_CONTEXT_CONSTRUCTED(1), buf_span(&attributes));
        der_put(&infos, DER_SEQUENCE, buf_span(&signer_info));
        der_put(&signed_data, BER_SET, buf_span(&infos));
        der_put(&content, DER_SEQUENCE, buf_span(&signed_data));
        der_put(&all, DER_OID, oid);
        der_put(&all, BER_CONTEXT_CONSTRUCTED(0), buf_span(&content));
        der_put(out, DER_SEQUENCE, buf_span(&all));
}

GW_UNUSED static void signature_of(struct span der, struct buf *out)
{
        struct why why = WHY_INIT;
        auto_cms struct cms *cms = NULL;
        struct cms_signer signer;
        assert_int_equal(cms_read(der, DATA_OID, &cms, &why), CMS_OK);
        cms_signer(cms, 0, &signer);
        buf_add_span(out, signer.signature);
}

#endif
