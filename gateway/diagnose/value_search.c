/* Tries the usual mistakes until a key of the message verifies the SignatureValue. */
#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "gateway/diagnose/value_search.h"

enum coding { VALUE_PLAIN, VALUE_DER, VALUE_REVERSED, VALUE_SWAPPED };

struct guess {
        enum form_tree tree;
        enum form_text text;
        enum form_hash hash;
        enum coding coding;
        bool twice, content;
        size_t key;
        unsigned wrongs;
        struct buf bytes;
};

GW_DEFINE_AUTO(pkey_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
GW_DEFINE_AUTO(ecdsa_sig, ECDSA_SIG, ECDSA_SIG_free)

/* ---- does this key verify this value over this digest ---- */

static bool verify_evp(EVP_PKEY *key, enum form_hash hash, struct span digest, struct span value)
{
        gw_auto(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
        bool good = ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(form_hash_name(hash))) == 1 &&
                    EVP_PKEY_verify(ctx, value.p, value.n, digest.p, digest.n) == 1;
        ERR_clear_error();
        return good;
}

/* r and s of fixed length, as XML-DSig has them, to what EVP wants. */
static bool verify_ecdsa(EVP_PKEY *key, enum form_hash hash, struct span digest, struct span value, enum coding *ret_coding)
{
        *ret_coding = VALUE_DER;
        if (verify_evp(key, hash, digest, value))
                return true;
        *ret_coding = VALUE_PLAIN;
        gw_auto(ecdsa_sig) ECDSA_SIG *sig = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(value.p, (int)(value.n / 2), NULL), *s = BN_bin2bn(value.p + value.n / 2, (int)(value.n / 2), NULL);
        if (value.n % 2 != 0 || !sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
                BN_free(r);
                BN_free(s);
                return false;
        }
        unsigned char *der = NULL;
        int n = i2d_ECDSA_SIG(sig, &der);
        bool good = n > 0 && verify_evp(key, hash, digest, span_of(der, (size_t)n));
        OPENSSL_free(der);
        return good;
}

static bool verify_gost(const struct gost_public_key *key, struct span digest, struct span value, enum coding *ret_coding)
{
        uint8_t other[2 * GOST_SIZE_MAX];
        *ret_coding = VALUE_PLAIN;
        if (gost_verify(key, digest, value))
                return true;
        if (value.n == 0 || value.n > sizeof other || value.n % 2 != 0)
                return false;
        for (size_t i = 0; i < value.n; i++)
                other[i] = value.p[value.n - 1 - i];
        *ret_coding = VALUE_REVERSED;
        if (gost_verify(key, digest, span_of(other, value.n)))
                return true;
        memcpy(other, value.p + value.n / 2, value.n / 2);
        memcpy(other + value.n / 2, value.p, value.n / 2);
        *ret_coding = VALUE_SWAPPED;
        return gost_verify(key, digest, span_of(other, value.n));
}

static bool verify(const struct certificate *key, enum form_hash hash, struct span digest, struct span value, enum coding *ret_coding)
{
        *ret_coding = VALUE_PLAIN;
        bool gost_hash = hash == HASH_GOST_2015 || hash == HASH_GOST_2004;
        if (key->gost)
                return gost_hash && verify_gost(key->gost, digest, value, ret_coding);
        if (gost_hash || !key->key)
                return false;
        return EVP_PKEY_is_a(key->key, "EC") ? verify_ecdsa(key->key, hash, digest, value, ret_coding) : verify_evp(key->key, hash, digest, value);
}

/* An RSA value opens to padding that only the right key gives, whatever was signed. */
static bool opens(const struct certificate *key, struct span value)
{
        if (!key->key || !EVP_PKEY_is_a(key->key, "RSA"))
                return false;
        gw_auto(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->key, NULL);
        size_t n = 0;
        bool good = ctx && EVP_PKEY_verify_recover_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_verify_recover(ctx, NULL, &n, value.p, value.n) == 1;
        auto_buf struct buf room = BUF_INIT;
        uint8_t *out = good ? buf_room(&room, n) : NULL;
        good = out && EVP_PKEY_verify_recover(ctx, out, &n, value.p, value.n) == 1;
        ERR_clear_error();
        return good;
}

/* ---- guesses ---- */

static void try_key(const struct value_claim *claim, struct guess *tried, struct span bytes, struct span digest, struct guess *best)
{
        for (size_t k = 0; k < claim->key_count; k++) {
                unsigned other = k > 0 || !claim->named;
                unsigned wrongs = (tried->tree != TREE_AS_IS) + (tried->text != claim->text) + (tried->hash != claim->hash) + tried->twice + tried->content + other;
                enum coding coding = VALUE_PLAIN;
                if (wrongs >= best->wrongs || !verify(claim->keys[k], tried->hash, digest, claim->value, &coding) || wrongs + (coding != VALUE_PLAIN) >= best->wrongs)
                        continue;
                struct buf kept = best->bytes;
                *best = *tried;
                best->bytes = kept;
                best->key = k;
                best->coding = coding;
                best->wrongs = wrongs + (coding != VALUE_PLAIN);
                buf_reset(&best->bytes);
                buf_add_span(&best->bytes, bytes);
        }
}

static void try_bytes(const struct value_claim *claim, struct guess *tried, struct span bytes, struct guess *best)
{
        for (unsigned h = 0; h < HASH_COUNT; h++) {
                uint8_t digest[FORM_DIGEST_MAX], again[FORM_DIGEST_MAX];
                tried->hash = (enum form_hash)h;
                size_t n = form_hash_make(tried->hash, bytes, digest);
                tried->twice = false;
                try_key(claim, tried, bytes, span_of(digest, n), best);
                tried->twice = true;
                try_key(claim, tried, bytes, span_of(again, form_hash_make(tried->hash, span_of(digest, n), again)), best);
        }
}

static void try_node(const struct value_claim *claim, xmlNode *node, bool content, struct guess *best)
{
        static const enum form_tree trees[] = {TREE_AS_IS, TREE_NO_BLANKS, TREE_CRLF, TREE_ALONE};
        const struct form_source source = {.doc = node->doc, .node = node, .prefixes = claim->prefixes};
        for (size_t i = 0; i < GW_COUNT(trees) && best->wrongs > (i > 0); i++) { /* any tree but the first is one wrong already */
                xmlNode *there = NULL;
                auto_xmldoc xmlDoc *doc = form_tree_make(&source, trees[i], &there);
                for (unsigned t = 0; doc && t < TEXT_RAW_DECLARATION; t++) {
                        auto_buf struct buf bytes = BUF_INIT;
                        struct guess tried = {.tree = trees[i], .text = (enum form_text)t, .content = content};
                        if (form_text_make(doc, there, tried.text, claim->prefixes, &bytes))
                                try_bytes(claim, &tried, buf_span(&bytes), best);
                }
        }
}

/* ---- words ---- */

static void tell(struct notes *notes, const struct value_claim *claim, const struct guess *best, struct span received)
{
        static const enum finding trees[TREE_COUNT] = {
                [TREE_NO_BLANKS] = FINDING_VALUE_BLANKS_ADDED, [TREE_CRLF] = FINDING_VALUE_LINE_ENDS, [TREE_ALONE] = FINDING_VALUE_ALONE,
        };
        json_t *first = NULL, *found = NULL;
        if (best->content)
                notes_add(notes, FINDING_VALUE_NOT_SIGNED_INFO, claim->content);
        if (best->tree != TREE_AS_IS)
                first = notes_add(notes, trees[best->tree], claim->signed_info);
        if (best->text != claim->text) {
                found = notes_add(notes, FINDING_VALUE_OTHER_C14N, claim->signed_info);
                notes_put(found, "expected", form_text_name(claim->text));
                notes_put(found, "found", form_text_name(best->text));
                first = first ? first : found;
        }
        if (best->hash != claim->hash) {
                found = notes_add(notes, FINDING_VALUE_OTHER_HASH, claim->signed_info);
                notes_put(found, "expected", form_hash_name(claim->hash));
                notes_put(found, "found", form_hash_name(best->hash));
        }
        if (best->twice)
                notes_add(notes, FINDING_VALUE_HASHED_TWICE, claim->signed_info);
        if (best->coding != VALUE_PLAIN)
                notes_add(notes, best->coding == VALUE_DER ? FINDING_VALUE_DER : FINDING_VALUE_BYTE_ORDER, claim->signed_info);
        if (best->key > 0 || !claim->named) {
                found = notes_add(notes, FINDING_VALUE_OTHER_CERTIFICATE, claim->signed_info);
                notes_put(found, "serial", claim->keys[best->key]->serial);
        }
        if (first && !best->content && !span_eq(buf_span(&best->bytes), received))
                notes_put_difference(first, buf_span(&best->bytes), received);
}

bool value_search(struct notes *notes, const struct value_claim *claim)
{
        struct guess best = {.wrongs = 3, .bytes = BUF_INIT};
        auto_buf struct buf received = BUF_INIT;
        bool made = form_text_make(claim->signed_info->doc, claim->signed_info, claim->text, claim->prefixes, &received);
        if (made)
                try_node(claim, claim->signed_info, false, &best);
        if (made && best.wrongs > 0 && claim->content)
                try_node(claim, claim->content, true, &best);
        bool good = made && best.wrongs == 0;
        if (good)
                notes_add(notes, FINDING_VALUE_GOOD, claim->signed_info);
        else if (best.wrongs < 3)
                tell(notes, claim, &best, buf_span(&received));
        else if (claim->named && opens(claim->keys[0], claim->value))
                notes_add(notes, FINDING_VALUE_CHANGED, claim->signed_info);
        else
                notes_add(notes, FINDING_VALUE_UNEXPLAINED, claim->signed_info);
        buf_done(&best.bytes);
        return good;
}
