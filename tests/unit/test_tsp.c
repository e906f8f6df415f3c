/* Time stamps (RFC 3161): `openssl ts` is the authority and the judge of our requests. */
#include "gateway/pki/tsp.h"
#include "tests/unit/helper_cms.h"

#define STAMPED span_str("bytes to be stamped")

static void requests(void **state GW_UNUSED)
{
        static const struct { enum tsp_digest digest; const char *name; const char *policy; } cases[] = {
                {TSP_SHA256, "Hash Algorithm: sha256", "1.2.398.3.3.2.6.4"}, {TSP_SHA384, "Hash Algorithm: sha384", NULL}, {TSP_SHA512, "Hash Algorithm: sha512", NULL},
                {TSP_GOST_2015, ":1.2.398.3.10.1.3.3", NULL}, {TSP_GOST_2004, ":1.2.398.3.10.1.3.1", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf request = BUF_INIT, text = BUF_INIT, hex = BUF_INIT;
                assert_true(tsp_request(cases[i].digest, STAMPED, cases[i].policy, span_of("\x00\x91\x02", 3), &request));
                for (size_t k = 0; k < request.n; k++)
                        buf_printf(&hex, "\\x%02x", request.p[k]);
                auto_str char *command = xasprintf("/usr/bin/printf '%s' > $D/q; openssl ts -query -in $D/q -text > $D/out; openssl asn1parse -inform DER -in $D/q >> $D/out", buf_cstr(&hex));
                shell(command, &text);
                assert_non_null(strstr(buf_cstr(&text), cases[i].name));
                assert_non_null(strstr(buf_cstr(&text), "Nonce: 0x9102"));
                assert_non_null(strstr(buf_cstr(&text), "Certificate required: yes"));
                assert_int_equal(strstr(buf_cstr(&text), "1.2.398.3.3.2.6.4") != NULL, cases[i].policy != NULL);
        }
        auto_buf struct buf request = BUF_INIT;
        assert_false(tsp_request(TSP_SHA256, STAMPED, "no oid", span_of(NULL, 0), &request));
}

static enum cms_problem read_token(struct span token, struct tsp_facts *facts, bool *ret_covers, struct why *detail)
{
        auto_tsp_token struct tsp_token *read = NULL;
        enum cms_problem problem = tsp_read(token, &read, facts, detail);
        if (problem == CMS_OK)
                *ret_covers = tsp_covers(read, STAMPED);
        return problem;
}

static void tokens(void **state GW_UNUSED)
{
        static const struct { const char *query, *options; enum cms_problem want; bool covers; } cases[] = {
                {"-sha256", "", CMS_OK, true},
                {"-sha512 -no_nonce", "accuracy=secs:1,millisecs:500,microsecs:100", CMS_OK, true},
                {"-sha256", "ordering=yes", CMS_OK, true},
                {"-sha256", "tsa_name=yes", CMS_OK, true},
                {"-sha256", "ess_cert_id_alg=sha1", CMS_OK, true}, /* signingCertificate of RFC 2634 */
                {"-sha1", "", CMS_OK, false},
                {"-sha256", "signer_digest=sha1", CMS_ALGORITHM, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf response = BUF_INIT;
                make_token(STAMPED, cases[i].query, "tsa", cases[i].options, &response);
                struct tsp_facts facts;
                struct why why = WHY_INIT;
                bool covers = false;
                enum cms_problem got = read_token(token_of(&response), &facts, &covers, &why);
                if (got != cases[i].want || covers != cases[i].covers)
                        fail_msg("token %zu: got %d (%s), covers %d", i, got, why.detail, covers);
                if (got != CMS_OK)
                        continue;
                assert_string_equal(facts.policy, "1.2.398.3.3.2.6.4");
                assert_string_equal(facts.algorithm, "rsa-sha256");
                assert_int_equal(facts.gost, GOST_NONE);
                assert_int_equal(facts.accuracy_ms, i == 1 ? 1501 : 0);
                assert_true(wall_now().ms - facts.at.ms < 60000);
        }
}

/* TSTInfo's own parts, and every byte of the token. */
static void broken_tokens(void **state GW_UNUSED)
{
        auto_buf struct buf response = BUF_INIT, copy = BUF_INIT;
        make_token(STAMPED, "-sha256", "tsa", "", &response);
        buf_add_span(&copy, token_of(&response));
        unsigned passed = 0;
        for (size_t i = 0; i < copy.n; i++) {
                struct tsp_facts facts;
                struct why why = WHY_INIT;
                bool covers = false;
                copy.p[i] ^= 0x0b;
                if (read_token(buf_span(&copy), &facts, &covers, &why) == CMS_OK) {
                        passed++;
                        assert_true(covers);
                }
                copy.p[i] ^= 0x0b;
        }
        if (passed > 15) /* the list of digests that nobody signed */
                fail_msg("%u bytes may be changed", passed);
        for (size_t n = 0; n < copy.n; n += 11) {
                struct tsp_facts facts;
                struct why why = WHY_INIT;
                bool covers = false;
                assert_int_not_equal(read_token(span_of(copy.p, n), &facts, &covers, &why), CMS_OK);
        }
}

static enum gw_rc respond(const char *request_policy, struct span nonce, struct span asked, struct span imprinted, const char *options, struct why *why)
{
        auto_buf struct buf request = BUF_INIT, hex = BUF_INIT, response = BUF_INIT, token = BUF_INIT;
        assert_true(tsp_request(TSP_SHA256, imprinted, request_policy, nonce, &request));
        for (size_t k = 0; k < request.n; k++)
                buf_printf(&hex, "\\x%02x", request.p[k]);
        auto_str char *command = xasprintf("printf '01\\n' > $D/serial; printf '[tsa]\\nserial=%%s/serial\\ncrypto_device=builtin\\nsigner_digest=sha256\\ndefault_policy=1.2.398.3.3.2.6.4\\n"
                                           "digests=%s\\ness_cert_id_alg=sha256\\n' $D > $D/tsa.cnf; /usr/bin/printf '%s' > $D/q; "
                                           "openssl ts -reply -config $D/tsa.cnf -section tsa -queryfile $D/q -signer $PKI/certs/tsa.pem -inkey $PKI/keys/tsa.key -out $D/out",
                                           options, buf_cstr(&hex));
        shell(command, &response);
        auto_buf struct buf mine = BUF_INIT;
        assert_true(tsp_request(TSP_SHA256, asked, "1.2.398.3.3.2.6.4", span_of("\x91\x02", 2), &mine));
        enum gw_rc rc = tsp_response(buf_span(&response), buf_span(&mine), &token, why);
        assert_int_equal(token.n > 0, rc == GW_OK);
        return rc;
}

static void responses(void **state GW_UNUSED)
{
        const char *policy = "1.2.398.3.3.2.6.4";
        struct span nonce = span_of("\x91\x02", 2);
        struct why why = WHY_INIT;
        assert_int_equal(respond(policy, nonce, STAMPED, STAMPED, "sha256", &why), GW_OK);
        assert_int_equal(respond(policy, span_of("\x91\x03", 2), STAMPED, STAMPED, "sha256", &why), GW_REJECT);
        assert_non_null(strstr(why.detail, "nonce"));
        assert_int_equal(respond(policy, span_of(NULL, 0), STAMPED, STAMPED, "sha256", &why), GW_REJECT);
        assert_non_null(strstr(why.detail, "nonce"));
        assert_int_equal(respond(policy, nonce, span_str("other"), STAMPED, "sha256", &why), GW_REJECT);
        assert_non_null(strstr(why.detail, "something else"));
        assert_int_equal(respond(policy, nonce, STAMPED, STAMPED, "sha512", &why), GW_REJECT); /* the authority refuses: badAlg */
        assert_non_null(strstr(why.detail, "status 2"));
        assert_int_equal(respond("1.2.3.4", nonce, STAMPED, STAMPED, "sha256", &why), GW_REJECT); /* unacceptedPolicy */
        assert_non_null(strstr(why.detail, "status 2"));
}

/* Status alone, by hand: what may pass and what may not. */
static void statuses(void **state GW_UNUSED)
{
        static const struct { const char *name; struct span response; enum gw_rc want; } cases[] = {
                {"waiting", {(const uint8_t *)"\x30\x05\x30\x03\x02\x01\x03", 7}, GW_RETRY},
                {"rejection", {(const uint8_t *)"\x30\x05\x30\x03\x02\x01\x02", 7}, GW_REJECT},
                {"systemFailure", {(const uint8_t *)"\x30\x0b\x30\x09\x02\x01\x02\x03\x04\x06\x00\x00\x40", 13}, GW_REJECT},
                {"systemFailure, bit 25", {(const uint8_t *)"\x30\x0c\x30\x0a\x02\x01\x02\x03\x05\x06\x00\x00\x00\x40", 14}, GW_RETRY},
                {"timeNotAvailable", {(const uint8_t *)"\x30\x0a\x30\x08\x02\x01\x02\x03\x03\x01\x00\x02", 12}, GW_RETRY},
                {"granted without a token", {(const uint8_t *)"\x30\x05\x30\x03\x02\x01\x00", 7}, GW_REJECT},
                {"not a response", {(const uint8_t *)"<html>", 6}, GW_REJECT},
        };
        auto_buf struct buf request = BUF_INIT, token = BUF_INIT;
        assert_true(tsp_request(TSP_SHA256, STAMPED, NULL, span_of(NULL, 0), &request));
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                enum gw_rc got = tsp_response(cases[i].response, buf_span(&request), &token, &why);
                if (got != cases[i].want || why.reason != REASON_TIMESTAMP_UNAVAILABLE)
                        fail_msg("%s: got %d (%s)", cases[i].name, got, why.detail);
        }
}

static void national_vector(void **state GW_UNUSED)
{
        auto_str char *path = vector_path("ncanode-testdata/tsp/tsp_token.bin");
        if (!path)
                return;
        auto_buf struct buf token = BUF_INIT;
        assert_true(text_read_file(path, &token));
        struct tsp_facts facts;
        struct why why = WHY_INIT;
        bool covers = true;
        assert_int_equal(read_token(buf_span(&token), &facts, &covers, &why), CMS_OK);
        assert_false(covers); /* a SHA-1 imprint is never good */
        assert_string_equal(facts.policy, "1.2.398.3.3.2.6.1");
        assert_string_equal(facts.algorithm, "gost34310-2004");
        assert_int_equal(facts.gost, GOST_2004);
        assert_string_equal(facts.serial, "5e846dd75d861154db10f13c54dc1f8d33fe6adc");
        assert_int_equal(facts.at.ms, 1663507214000); /* Sep 18 13:20:14 2022 GMT */
        token.p[token.n - 1] ^= 1;
        assert_int_equal(read_token(buf_span(&token), &facts, &covers, &why), CMS_VALUE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(requests),  cmocka_unit_test(tokens),   cmocka_unit_test(broken_tokens),
                cmocka_unit_test(responses), cmocka_unit_test(statuses), cmocka_unit_test(national_vector),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
