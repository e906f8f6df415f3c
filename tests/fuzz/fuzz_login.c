/* The proof of a login: nothing but the one document that was given out logs in, and no id is a challenge that we did not give out. */
#include <string.h>

#include "gateway/provider/challenge.h"
#include "gateway/provider/login.h"
#include "gateway/xml/xml.h"
#include "tests/fuzz/fuzz.h"

static struct verifier *verifier;
static struct challenges *challenges;
static struct wall_time at;
static struct buf given_out = BUF_INIT;

static void setup(void)
{
        if (verifier)
                return;
        verifier = fuzz_verifier();
        challenges = challenges_new(&(struct challenge_options){.audience = "us", .life_ms = 120000, .used_max = 4});
        at = fuzz_instant();
        auto_str char *text = fuzz_material("application.xml"); /* what the corpora's signatures are over */
        auto_xmldoc xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        GW_ASSERT(xml_read(span_str(text), &xml_limits_default, &doc, &why) == GW_OK && xml_c14n(doc, &given_out));
}

static bool is_refusal_of_a_login(int reason)
{
        const char *name = reason_info(reason)->name;
        return str_starts(name, "LOGIN_") || str_starts(name, "XML_") || reason == REASON_CHALLENGE_UNKNOWN || reason == REASON_CMS_MALFORMED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        setup();
        struct why why = WHY_INIT;
        auto_buf struct buf xml = BUF_INIT;
        auto_str char *id = xstrndup((const char *)data, size);
        GW_ASSERT(challenge_write(challenges, id, at, &xml, &why) == GW_REJECT && why.reason == REASON_CHALLENGE_UNKNOWN);
        struct login_proof proof = {.challenge = buf_span(&given_out), .signature = span_of(data, size), .sign_certificates = true};
        auto_certificate struct certificate *certificate = NULL;
        if (login_verify(verifier, &proof, at, &certificate, &why) != GW_OK) {
                GW_ASSERT(!certificate && is_refusal_of_a_login(why.reason));
                return 0;
        }
        GW_ASSERT(certificate->for_signing || certificate->for_authentication);
        auto_certificate struct certificate *other = NULL;
        proof.challenge = span_str("<login></login>");
        GW_ASSERT(login_verify(verifier, &proof, at, &other, &why) == GW_REJECT && !other);
        return 0;
}
