/* Signs a result as the provider's head does, or, by script, as he must not. */
#include <string.h>

#include "adapters/provider/provider.h"
#include "gateway/base/text.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/xml/xml.h"

#define HEAD "head-160640900019"
#define HEAD_OF_ANOTHER "head-130140900016"

static enum gw_rc open_key(const char *pki, const char *name, struct signing_key **ret_key, struct why *why)
{
        auto_str char *key = xasprintf("%s/keys/%s.key", pki, name), *certificate = xasprintf("%s/certs/%s.pem", pki, name);
        return local_key_open(key, certificate, ret_key, why);
}

/* The last digit of the first element of that name is another one. */
static void spoil_number(struct buf *text, const char *element)
{
        auto_str char *open = xasprintf("<%s>", element);
        uint8_t *at = text->n ? memmem(text->p, text->n, open, strlen(open)) : NULL;
        uint8_t *end = at ? memchr(at + strlen(open), '<', text->n - (size_t)(at - text->p) - strlen(open)) : NULL;
        if (end && end[-1] >= '0' && end[-1] <= '9')
                end[-1] = end[-1] == '9' ? '0' : (uint8_t)(end[-1] + 1);
}

static void spoil_signature(struct buf *out)
{
        static const char mark[] = "SignatureValue>";
        uint8_t *at = out->n ? memmem(out->p, out->n, mark, strlen(mark)) : NULL;
        GW_ASSERT(at && (size_t)(at - out->p) + strlen(mark) + 40 < out->n);
        at += strlen(mark) + 20;
        *at = *at == 'A' ? 'B' : 'A';
}

enum gw_rc result_sign(const char *pki, enum provider_script script, struct span draft, struct buf *out, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf canonical = BUF_INIT;
        struct signing_key *key = NULL;
        enum gw_rc rc = xml_read(draft, &xml_limits_default, &doc, why);
        if (rc == GW_OK && !xml_c14n(doc, &canonical))
                rc = why_say(why, GW_REJECT, "the draft cannot be written");
        if (rc == GW_OK)
                rc = open_key(pki, script == SCRIPT_wrong_bin ? HEAD_OF_ANOTHER : HEAD, &key, why);
        if (rc != GW_OK)
                return rc;
        if (script == SCRIPT_wrong_number)
                spoil_number(&canonical, "requestNumber");
        rc = xml_sign_enveloped(key, buf_span(&canonical), out, why);
        if (rc == GW_OK && script == SCRIPT_wrong_signature)
                spoil_signature(out);
        local_key_close(key);
        return rc;
}
