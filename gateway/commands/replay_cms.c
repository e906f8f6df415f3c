/* Applications with a CMS signature, and the ways in which a case may spoil it. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"
#include "gateway/gost/der.h"
#include "gateway/pki/ber.h"
#include "gateway/sign/cms_sign.h"

/* All names sign the same content, side by side. */
static enum gw_rc sign_all(const struct replay_context *context, const char *names, struct span content, bool detached, struct buf *out, struct why *why)
{
        struct signing_key *keys[CMS_SIGN_KEYS_MAX] = {NULL};
        const struct signing_key *borrowed[CMS_SIGN_KEYS_MAX];
        size_t count = 0;
        enum gw_rc rc = GW_OK;
        for (const char *at = names; rc == GW_OK && *at && count < GW_COUNT(keys);) {
                auto_str char *name = xstrndup(at, strcspn(at, ", "));
                rc = replay_key(context->pki, name, &keys[count], why);
                if (rc == GW_OK) {
                        borrowed[count] = keys[count];
                        count++;
                }
                at += strlen(name);
                at += strspn(at, ", ");
        }
        if (rc == GW_OK && count == 0)
                rc = why_say(why, GW_REJECT, "a CMS needs application_signer");
        if (rc == GW_OK)
                rc = cms_sign(borrowed, count, content, detached, wall_now(), out, why);
        for (size_t i = 0; i < count; i++)
                local_key_close(keys[i]);
        return rc;
}

/* The first signer's SignerInfo without its signed attributes. */
static bool drop_attributes(struct span infos, struct buf *out)
{
        struct ber info, part;
        auto_buf struct buf signer = BUF_INIT, set = BUF_INIT;
        if (!ber_any(&infos, &info))
                return false;
        while (info.content.n > 0) {
                if (!ber_any(&info.content, &part))
                        return false;
                if (part.tag != BER_CONTEXT_CONSTRUCTED(0))
                        buf_add_span(&signer, part.whole);
        }
        der_put(&set, DER_SEQUENCE, buf_span(&signer));
        buf_add_span(&set, infos);
        der_put(out, BER_SET, buf_span(&set));
        return true;
}

/* SignedData put together again without its certificates, or without signed attributes. */
static bool rebuild(struct buf *der, bool certificates, bool attributes)
{
        struct span in = buf_span(der), info, oid, wrapped, data;
        struct ber part;
        auto_buf struct buf made = BUF_INIT, content = BUF_INIT, all = BUF_INIT, out = BUF_INIT;
        if (!ber_take(&in, DER_SEQUENCE, &info) || !ber_take(&info, DER_OID, &oid) || !ber_take(&info, BER_CONTEXT_CONSTRUCTED(0), &wrapped) ||
            !ber_take(&wrapped, DER_SEQUENCE, &data))
                return false;
        while (data.n > 0) {
                if (!ber_any(&data, &part))
                        return false;
                if (data.n == 0 && !attributes) {
                        if (!drop_attributes(part.content, &made))
                                return false;
                } else if (part.tag != BER_CONTEXT_CONSTRUCTED(0) || certificates) {
                        buf_add_span(&made, part.whole);
                }
        }
        der_put(&content, DER_SEQUENCE, buf_span(&made));
        der_put(&all, DER_OID, oid);
        der_put(&all, BER_CONTEXT_CONSTRUCTED(0), buf_span(&content));
        der_put(&out, DER_SEQUENCE, buf_span(&all));
        replay_splice(der, 0, der->n, buf_span(&out));
        return true;
}

/* Changes the byte at `offset` behind the first or last place of these bytes. */
static bool change_byte(struct buf *der, struct span bytes, bool last, size_t offset, uint8_t to)
{
        uint8_t *found = NULL;
        for (uint8_t *at = der->p; (at = memmem(at, der->n - (size_t)(at - der->p), bytes.p, bytes.n)); at++) {
                found = at;
                if (!last)
                        break;
        }
        if (!found || (size_t)(found - der->p) + offset >= der->n)
                return false;
        found[offset] = to ? to : (uint8_t)(found[offset] ^ 1);
        return true;
}

static bool spoil(const char *change, struct buf *der)
{
        static const uint8_t certificate_id[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f}, rsa_sha256[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
        if (!change || str_eq(change, "none") || str_eq(change, "detached"))
                return true;
        if (str_eq(change, "content"))
                return change_byte(der, span_str("</requestNumber>"), false, 2, 0);
        if (str_eq(change, "certificate-id")) /* OID, SET, three SEQUENCEs, OCTET STRING: then the hash */
                return change_byte(der, span_of(certificate_id, sizeof certificate_id), false, sizeof certificate_id + 2 + 6 + 2, 0);
        if (str_eq(change, "sha1"))
                return change_byte(der, span_of(rsa_sha256, sizeof rsa_sha256), true, sizeof rsa_sha256 - 1, 0x05);
        if (str_eq(change, "value"))
                return der->n > 0 && (der->p[der->n - 1] ^= 1, true);
        return rebuild(der, !str_eq(change, "no-certificate"), !str_eq(change, "no-attributes"));
}

static void add_json(struct span document, struct span cms, struct buf *out)
{
        bool first = true;
        const struct { const char *key; struct span value; } parts[] = {
                {cms.p && !document.p ? "cms" : "signature", cms}, {"application", document},
        };
        buf_add_char(out, '{');
        for (size_t i = 0; i < GW_COUNT(parts); i++) {
                if (!parts[i].value.p)
                        continue;
                buf_printf(out, "%s\"%s\":\"", first ? "" : ",", parts[i].key);
                text_base64(out, parts[i].value);
                buf_add_char(out, '"');
                first = false;
        }
        buf_add_char(out, '}');
}

bool replay_form_is_cms(const struct replay_case *c)
{
        return c->application_form && (str_eq(c->application_form, "cms") || str_eq(c->application_form, "json-cms") || str_eq(c->application_form, "json-detached"));
}

enum gw_rc replay_put_form(const struct replay_case *c, const struct replay_context *context, const char *signers, struct buf *text, struct why *why)
{
        auto_buf struct buf der = BUF_INIT, out = BUF_INIT;
        struct span none = span_of(NULL, 0);
        if (!c->application_form || str_eq(c->application_form, "xml"))
                return GW_OK;
        bool beside = str_eq(c->application_form, "json-detached");
        if (replay_form_is_cms(c)) {
                enum gw_rc rc = sign_all(context, signers, buf_span(text), beside || str_eq(c->cms_change, "detached"), &der, why);
                if (rc != GW_OK)
                        return rc;
                if (!spoil(c->cms_change, &der))
                        return why_say(why, GW_REJECT, "cms_change finds nothing to change");
        }
        if (str_eq(c->application_form, "json-xml"))
                add_json(buf_span(text), none, &out);
        else if (!str_eq(c->application_form, "cms"))
                add_json(beside ? buf_span(text) : none, buf_span(&der), &out);
        else if (c->channel == REPLAY_REST || c->channel == REPLAY_FRONT)
                buf_add_span(&out, buf_span(&der));
        else
                text_base64(&out, buf_span(&der));
        replay_splice(text, 0, text->n, buf_span(&out));
        return GW_OK;
}
