/* Tries the usual mistakes until one gives the DigestValue. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/diagnose/digest_search.h"

enum coding { CODING_PLAIN, CODING_HEX, CODING_REVERSED, CODING_COUNT };

struct guess {
        enum form_tree tree;
        enum form_text text;
        enum form_hash hash;
        enum coding coding;
        unsigned wrongs;   /* in how many ways it departs from what is declared */
        struct buf bytes;
};

/* DigestValue in every way in which people have written it. */
struct value {
        struct buf bytes;  /* base64 undone */
        char hex[2 * FORM_DIGEST_MAX + 1]; /* lower case, when it is hexadecimal text or base64 of it */
};

static void read_hex(struct span text, char hex[2 * FORM_DIGEST_MAX + 1])
{
        size_t n = 0;
        for (size_t i = 0; i < text.n && n < 2 * (size_t)FORM_DIGEST_MAX; i++) {
                char c = (char)text.p[i];
                if (strchr(" \t\r\n", c))
                        continue;
                if (!strchr("0123456789abcdefABCDEF", c)) {
                        n = 0;
                        break;
                }
                hex[n++] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        }
        hex[n] = '\0';
}

static void read_value(const char *text, struct value *value)
{
        *value = (struct value){.bytes = BUF_LIMIT(4096)};
        if (!text_unbase64(&value->bytes, span_str(text)))
                buf_reset(&value->bytes);
        read_hex(span_str(text), value->hex);
        if (!*value->hex)
                read_hex(buf_span(&value->bytes), value->hex);
}

static enum coding coding_of(const struct value *value, const uint8_t *digest, size_t n)
{
        if (n == 0)
                return CODING_COUNT;
        if (span_eq(buf_span(&value->bytes), span_of(digest, n)))
                return CODING_PLAIN;
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(digest, n));
        if (*value->hex && strcasecmp(value->hex, buf_cstr(&hex)) == 0)
                return CODING_HEX;
        bool reversed = value->bytes.n == n;
        for (size_t i = 0; reversed && i < n; i++)
                reversed = value->bytes.p[i] == digest[n - 1 - i];
        return reversed ? CODING_REVERSED : CODING_COUNT;
}

static void try_hashes(const struct digest_claim *claim, const struct value *value, enum form_tree tree, enum form_text text, const struct buf *bytes, struct guess *best)
{
        for (unsigned h = 0; h < HASH_COUNT; h++) {
                uint8_t digest[FORM_DIGEST_MAX];
                enum form_hash hash = (enum form_hash)h;
                enum coding coding = coding_of(value, digest, form_hash_make(hash, buf_span(bytes), digest));
                unsigned wrongs = (tree != TREE_AS_IS) + (text != claim->text) + (hash != claim->hash) + (coding != CODING_PLAIN);
                if (coding == CODING_COUNT || wrongs >= best->wrongs)
                        continue;
                best->tree = tree;
                best->text = text;
                best->hash = hash;
                best->coding = coding;
                best->wrongs = wrongs;
                buf_reset(&best->bytes);
                buf_add_span(&best->bytes, buf_span(bytes));
        }
}

static void try_tree(const struct digest_claim *claim, const struct value *value, enum form_tree tree, struct guess *best)
{
        xmlNode *node = NULL;
        auto_xmldoc xmlDoc *doc = form_tree_make(&claim->source, tree, &node);
        for (unsigned t = 0; doc && t < TEXT_COUNT; t++) {
                auto_buf struct buf bytes = BUF_INIT;
                if (form_text_make(doc, node, (enum form_text)t, claim->source.prefixes, &bytes))
                        try_hashes(claim, value, tree, (enum form_text)t, &bytes, best);
        }
}

/* One finding for each way in which the guess departs from what is declared; the first carries the difference. */
static void tell(struct notes *notes, const struct digest_claim *claim, const struct guess *best, struct span received)
{
        static const enum finding trees[TREE_COUNT] = {
                [TREE_NO_BLANKS] = FINDING_DIGEST_BLANKS_ADDED, [TREE_INDENT_2] = FINDING_DIGEST_BLANKS_REMOVED, [TREE_INDENT_4] = FINDING_DIGEST_BLANKS_REMOVED,
                [TREE_INDENT_TAB] = FINDING_DIGEST_BLANKS_REMOVED, [TREE_CRLF] = FINDING_DIGEST_LINE_ENDS, [TREE_NO_ID] = FINDING_DIGEST_ID_ADDED, [TREE_ALONE] = FINDING_DIGEST_ALONE,
                [TREE_SIGNATURE_BLANKS] = FINDING_DIGEST_SIGNATURE_BLANKS, [TREE_WITH_SIGNATURE] = FINDING_DIGEST_WITH_SIGNATURE,
                [TREE_WITHOUT_SIGNATURES] = FINDING_DIGEST_WITHOUT_SIGNATURES, [TREE_CP1251] = FINDING_DIGEST_MISREAD_TEXT, [TREE_LATIN1] = FINDING_DIGEST_MISREAD_TEXT,
        };
        json_t *found = NULL, *first = NULL;
        if (best->tree != TREE_AS_IS)
                first = notes_add(notes, trees[best->tree], claim->source.node);
        if (best->text != claim->text) {
                found = notes_add(notes, best->text >= TEXT_RAW ? FINDING_DIGEST_NOT_CANONICAL : FINDING_DIGEST_OTHER_C14N, claim->reference);
                notes_put(found, "expected", form_text_name(claim->text));
                notes_put(found, "found", form_text_name(best->text));
                first = first ? first : found;
        }
        if (best->hash != claim->hash) {
                found = notes_add(notes, FINDING_DIGEST_OTHER_HASH, claim->reference);
                notes_put(found, "expected", form_hash_name(claim->hash));
                notes_put(found, "found", form_hash_name(best->hash));
        }
        if (best->coding != CODING_PLAIN)
                notes_add(notes, best->coding == CODING_HEX ? FINDING_DIGEST_ENCODING : FINDING_DIGEST_BYTE_ORDER, claim->reference);
        if (first && !span_eq(buf_span(&best->bytes), received))
                notes_put_difference(first, buf_span(&best->bytes), received);
}

/* What we digested, for the integrator to lay beside his own. */
static void put_digest(json_t *finding, const struct digest_claim *claim, struct span received)
{
        uint8_t digest[FORM_DIGEST_MAX];
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, span_of(digest, form_hash_make(claim->hash, received, digest)));
        notes_put(finding, "expected", buf_cstr(&base64));
        notes_put(finding, "found", claim->value);
        notes_put(finding, "hash", form_hash_name(claim->hash));
        notes_put(finding, "canonicalisation", form_text_name(claim->text));
}

static void tell_unexplained(struct notes *notes, const struct digest_claim *claim, const struct value *value, struct span received)
{
        bool given = claim->signed_bytes.n > 0;
        uint8_t digest[FORM_DIGEST_MAX];
        size_t n = form_hash_make(claim->hash, claim->signed_bytes, digest);
        bool theirs = given && coding_of(value, digest, n) != CODING_COUNT;
        json_t *found = notes_add(notes, theirs ? FINDING_DIGEST_OWN_BYTES : given ? FINDING_DIGEST_OWN_BYTES_OTHER : FINDING_DIGEST_UNEXPLAINED, claim->source.node);
        put_digest(found, claim, received);
        if (given)
                notes_put_difference(found, claim->signed_bytes, received);
        json_t *canonical = json_stringn((const char *)received.p, received.n);
        if (canonical)
                json_object_set_new(found, "canonical", canonical);
}

bool digest_search(struct notes *notes, const struct digest_claim *claim)
{
        struct value value;
        struct guess best = {.wrongs = 3, .bytes = BUF_INIT}; /* three wrongs at once would be chance */
        auto_buf struct buf received = BUF_INIT;
        xmlNode *node = NULL;
        read_value(claim->value, &value);
        auto_xmldoc xmlDoc *as_is = form_tree_make(&claim->source, TREE_AS_IS, &node);
        bool made = as_is && form_text_make(as_is, node, claim->text, claim->source.prefixes, &received);
        for (unsigned tree = 0; made && best.wrongs > (tree > 0) && tree < TREE_COUNT; tree++) /* any tree but the first is one wrong already */
                try_tree(claim, &value, (enum form_tree)tree, &best);
        bool good = made && best.wrongs == 0;
        if (good) {
                json_t *found = notes_add(notes, FINDING_COVERED, claim->source.node);
                put_digest(found, claim, buf_span(&received));
        } else if (best.wrongs < 3) {
                tell(notes, claim, &best, buf_span(&received));
        } else {
                tell_unexplained(notes, claim, &value, buf_span(&received));
        }
        buf_done(&best.bytes);
        buf_done(&value.bytes);
        return good;
}
