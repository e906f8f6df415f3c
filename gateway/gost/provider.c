/* The national algorithms as an OpenSSL provider (provider-keymgmt(7), provider-signature(7), provider-digest(7), provider-decoder(7)).
 *
 * OpenSSL finds an algorithm by the names of an object identifier, so the names are made first (OBJ_create) and the provider offers the
 * same ones. Three things of OpenSSL 3.0 still ask its older table of digests, by NID, and never a provider: what a certificate's
 * signature is worth (X509_get_signature_info, so the security level), ASN1_item_verify_ex (certificates, CRLs, OCSP), and which of several
 * running digests belongs to a CMS signer. For them both digests are also there in the older form. */
#define OPENSSL_SUPPRESS_DEPRECATED /* EVP_MD_meth_new: OpenSSL 3.0 has no other way into that table */
#include "gateway/gost/provider.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#define PROVIDER "kz-gost"
#define KEY_POINTER "kz-gost-public-key" /* a parameter of ours: the address of the key */
#define SPKI_MAX 512                     /* 175 bytes are the longest */

/* Interfaces 4.1. */
#define KEY_2004 "GOST-34.310-2004"
#define KEY_2015 "GOST-34.10-2015-512"
#define DIGEST_2004 "GOST-34.311-95"
#define DIGEST_2015 "GOST-34.11-2015-512"
#define KEY_2004_OID "1.2.398.3.10.1.1.1.1"
#define KEY_2015_OID "1.2.398.3.10.1.1.2.2"
#define DIGEST_2004_OID "1.2.398.3.10.1.3.1"
#define DIGEST_2015_OID "1.2.398.3.10.1.3.3"
static const struct names {
        const char *key, *key_oid, *digest, *digest_oid, *signature, *signature_oid;
} names[] = {
        [GOST_2004] = {KEY_2004, KEY_2004_OID, DIGEST_2004, DIGEST_2004_OID, KEY_2004 "-with-" DIGEST_2004, "1.2.398.3.10.1.1.1.2"},
        [GOST_2015] = {KEY_2015, KEY_2015_OID, DIGEST_2015, DIGEST_2015_OID, KEY_2015 "-with-" DIGEST_2015, "1.2.398.3.10.1.1.2.3.2"},
};

#define ENTRY(id, function) {id, (void (*)(void))(function)}
#define END {0, NULL}

/* ---- digests ----------------------------------------------------------------------------------------------------- */

static void *hash_new_2004(void *provider GW_UNUSED)
{
        struct gost_hash *hash = xcalloc(1, sizeof *hash);
        gost_hash_start(hash, GOST_2004);
        return hash;
}

static void *hash_new_2015(void *provider GW_UNUSED)
{
        struct gost_hash *hash = xcalloc(1, sizeof *hash);
        gost_hash_start(hash, GOST_2015);
        return hash;
}

static void hash_free(void *ctx)
{
        free(ctx);
}

static void *hash_copy(void *ctx)
{
        struct gost_hash *copy = xmalloc(sizeof *copy);
        *copy = *(const struct gost_hash *)ctx;
        return copy;
}

static int hash_start(void *ctx, const OSSL_PARAM params[] GW_UNUSED)
{
        struct gost_hash *hash = ctx;
        gost_hash_start(hash, hash->kind);
        return 1;
}

static int hash_add(void *ctx, const unsigned char *in, size_t n)
{
        gost_hash_add(ctx, span_of(in, n));
        return 1;
}

static int hash_end(void *ctx, unsigned char *out, size_t *ret_n, size_t room)
{
        struct gost_hash *hash = ctx;
        size_t n = gost_size(hash->kind);
        if (room < n)
                return 0;
        uint8_t digest[GOST_SIZE_MAX];
        gost_hash_end(hash, digest);
        memcpy(out, digest, n);
        *ret_n = n;
        return 1;
}

/* Zero when a number that was asked for cannot be told. */
static int tell_number(OSSL_PARAM params[], const char *key, size_t value)
{
        OSSL_PARAM *param = OSSL_PARAM_locate(params, key);
        return !param || OSSL_PARAM_set_size_t(param, value) == 1;
}

static const OSSL_PARAM *hash_facts(void *provider GW_UNUSED)
{
        static const OSSL_PARAM list[] = {OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_BLOCK_SIZE, NULL), OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_SIZE, NULL), OSSL_PARAM_END};
        return list;
}

static int hash_tell(OSSL_PARAM params[], enum gost_kind kind)
{
        size_t block = kind == GOST_2015 ? STREEBOG512_BLOCK_SIZE : GOSTHASH94_BLOCK_SIZE;
        return tell_number(params, OSSL_DIGEST_PARAM_BLOCK_SIZE, block) && tell_number(params, OSSL_DIGEST_PARAM_SIZE, gost_size(kind));
}

static int hash_tell_2004(OSSL_PARAM params[])
{
        return hash_tell(params, GOST_2004);
}

static int hash_tell_2015(OSSL_PARAM params[])
{
        return hash_tell(params, GOST_2015);
}

#define HASH_TABLE(new_ctx, tell)                                                                                                       \
        {                                                                                                                               \
                ENTRY(OSSL_FUNC_DIGEST_NEWCTX, new_ctx), ENTRY(OSSL_FUNC_DIGEST_FREECTX, hash_free), ENTRY(OSSL_FUNC_DIGEST_DUPCTX, hash_copy), \
                ENTRY(OSSL_FUNC_DIGEST_INIT, hash_start), ENTRY(OSSL_FUNC_DIGEST_UPDATE, hash_add), ENTRY(OSSL_FUNC_DIGEST_FINAL, hash_end), \
                ENTRY(OSSL_FUNC_DIGEST_GET_PARAMS, tell), ENTRY(OSSL_FUNC_DIGEST_GETTABLE_PARAMS, hash_facts), END                      \
        }
static const OSSL_DISPATCH hash_2004[] = HASH_TABLE(hash_new_2004, hash_tell_2004), hash_2015[] = HASH_TABLE(hash_new_2015, hash_tell_2015);

/* ---- keys: public only, counted references ----------------------------------------------------------------------- */

struct key {
        struct gost_public_key *public_key;
        _Atomic int references;
};

static struct key *key_ref(struct key *key)
{
        key->references++;
        return key;
}

static void key_free(void *data)
{
        struct key *key = data;
        if (!key || --key->references > 0)
                return;
        gost_public_free(key->public_key);
        free(key);
}

/* Takes over what the decoder made, and leaves NULL there. */
static void *key_load(const void *reference, size_t size)
{
        struct key **made = (struct key **)(uintptr_t)reference;
        return size == sizeof *made ? gw_take(made) : NULL;
}

static int key_has(const void *key, int selection)
{
        return key && !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY);
}

/* Parameters are those of the kind. */
static int key_match(const void *a, const void *b, int selection)
{
        const struct key *one = a, *other = b;
        if (gost_public_kind(one->public_key) != gost_public_kind(other->public_key) || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
                return 0;
        return !(selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) || gost_public_same(one->public_key, other->public_key);
}

static void *key_copy(const void *key, int selection GW_UNUSED)
{
        return key_ref((struct key *)(uintptr_t)key); /* it never changes */
}

static const OSSL_PARAM *key_facts(void *provider GW_UNUSED)
{
        static const OSSL_PARAM list[] = {
                OSSL_PARAM_size_t(OSSL_PKEY_PARAM_BITS, NULL),
                OSSL_PARAM_size_t(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
                OSSL_PARAM_size_t(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
                OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
                OSSL_PARAM_octet_ptr(KEY_POINTER, NULL, 0),
                OSSL_PARAM_END,
        };
        return list;
}

static int tell_text(OSSL_PARAM params[], const char *key, const char *value)
{
        OSSL_PARAM *param = OSSL_PARAM_locate(params, key);
        return !param || OSSL_PARAM_set_utf8_string(param, value) == 1;
}

/* Security: half of the bits of the group (RFC 5280 has no word on it; OpenSSL's levels count like this for elliptic curves). */
static int key_tell(void *data, OSSL_PARAM params[])
{
        const struct key *key = data;
        enum gost_kind kind = gost_public_kind(key->public_key);
        size_t size = gost_size(kind);
        OSSL_PARAM *pointer = OSSL_PARAM_locate(params, KEY_POINTER);
        if (pointer && OSSL_PARAM_set_octet_ptr(pointer, key->public_key, sizeof(void *)) != 1)
                return 0;
        return tell_number(params, OSSL_PKEY_PARAM_BITS, 8 * size) && tell_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, 4 * size) &&
               tell_number(params, OSSL_PKEY_PARAM_MAX_SIZE, 2 * size) && tell_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, names[kind].digest) &&
               tell_text(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST, names[kind].digest);
}

static const OSSL_DISPATCH keys[] = {
        ENTRY(OSSL_FUNC_KEYMGMT_LOAD, key_load),
        ENTRY(OSSL_FUNC_KEYMGMT_FREE, key_free),
        ENTRY(OSSL_FUNC_KEYMGMT_HAS, key_has),
        ENTRY(OSSL_FUNC_KEYMGMT_MATCH, key_match),
        ENTRY(OSSL_FUNC_KEYMGMT_DUP, key_copy),
        ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_tell),
        ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_facts),
        END,
};

/* ---- from SubjectPublicKeyInfo ----------------------------------------------------------------------------------- */

struct provider {
        OSSL_FUNC_BIO_read_ex_fn *read;
};

static void *decoder_new(void *provider)
{
        return provider;
}

static void decoder_free(void *ctx GW_UNUSED)
{
}

static int decoder_selects(void *provider GW_UNUSED, int selection)
{
        return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
}

/* All that is there, up to SPKI_MAX; more cannot be such a key. */
static size_t read_all(const struct provider *provider, OSSL_CORE_BIO *in, uint8_t out[SPKI_MAX])
{
        size_t n = 0, got = 0;
        while (n < SPKI_MAX && provider->read(in, out + n, SPKI_MAX - n, &got) == 1 && got > 0)
                n += got;
        return n;
}

/* Returns 0 only when the receiver fails: what is no key of ours is left to other decoders. */
static int decode(void *ctx, OSSL_CORE_BIO *in, int selection GW_UNUSED, OSSL_CALLBACK *give, void *give_ctx, OSSL_PASSPHRASE_CALLBACK *ask GW_UNUSED,
                  void *ask_ctx GW_UNUSED)
{
        uint8_t spki[SPKI_MAX];
        struct gost_public_key *public_key = NULL;
        ERR_set_mark();
        size_t n = read_all(ctx, in, spki);
        ERR_pop_to_mark();
        if (!gost_public_read(span_of(spki, n), &public_key))
                return 1;
        struct key *key = xcalloc(1, sizeof *key);
        *key = (struct key){public_key, 1};
        int type = OSSL_OBJECT_PKEY;
        const char *name = names[gost_public_kind(public_key)].key;
        OSSL_PARAM object[] = {
                OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
                OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)(uintptr_t)name, 0),
                OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof key),
                OSSL_PARAM_construct_end(),
        };
        int given = give(object, give_ctx);
        key_free(key); /* NULL by now when key_load() took it */
        return given;
}

static const OSSL_DISPATCH decoder[] = {
        ENTRY(OSSL_FUNC_DECODER_NEWCTX, decoder_new),
        ENTRY(OSSL_FUNC_DECODER_FREECTX, decoder_free),
        ENTRY(OSSL_FUNC_DECODER_DOES_SELECTION, decoder_selects),
        ENTRY(OSSL_FUNC_DECODER_DECODE, decode),
        END,
};

/* ---- signatures: verification only ------------------------------------------------------------------------------- */

struct check {
        struct key *key; /* a reference */
        struct gost_hash hash;
};

static void *check_new(void *provider GW_UNUSED, const char *properties GW_UNUSED)
{
        return xcalloc(1, sizeof(struct check));
}

static void check_free(void *ctx)
{
        struct check *check = ctx;
        if (check)
                key_free(check->key);
        free(check);
}

static void *check_copy(void *ctx)
{
        struct check *copy = xmalloc(sizeof *copy);
        *copy = *(const struct check *)ctx;
        if (copy->key)
                key_ref(copy->key);
        return copy;
}

/* A digest may be named; it must then be the one that belongs to the key. By OID, too, as OpenSSL may not have canonicalised it. */
static bool own_digest(const struct check *check, const char *name)
{
        const struct names *own = &names[gost_public_kind(check->key->public_key)];
        return !name || !*name || OPENSSL_strcasecmp(name, own->digest) == 0 || str_eq(name, own->digest_oid);
}

static int check_set(void *ctx, const OSSL_PARAM params[])
{
        const struct check *check = ctx;
        const OSSL_PARAM *param = params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST) : NULL;
        const char *name = NULL;
        if (!param)
                return 1;
        return check->key && OSSL_PARAM_get_utf8_string_ptr(param, &name) == 1 && own_digest(check, name);
}

static const OSSL_PARAM *check_settable(void *ctx GW_UNUSED, void *provider GW_UNUSED)
{
        static const OSSL_PARAM list[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0), OSSL_PARAM_END};
        return list;
}

/* A NULL key means the one from before. */
static int check_start(void *ctx, void *key, const OSSL_PARAM params[])
{
        struct check *check = ctx;
        if (key) {
                key_free(check->key);
                check->key = key_ref(key);
        }
        if (!check->key)
                return 0;
        gost_hash_start(&check->hash, gost_public_kind(check->key->public_key));
        return check_set(check, params);
}

static int check_digest(void *ctx, const unsigned char *signature, size_t signature_n, const unsigned char *digest, size_t digest_n)
{
        const struct check *check = ctx;
        return check->key && gost_verify(check->key->public_key, span_of(digest, digest_n), span_of(signature, signature_n));
}

static int check_stream_start(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
        return check_start(ctx, key, params) && own_digest(ctx, digest);
}

static int check_stream_add(void *ctx, const unsigned char *data, size_t n)
{
        struct check *check = ctx;
        if (!check->key)
                return 0;
        gost_hash_add(&check->hash, span_of(data, n));
        return 1;
}

static int check_stream_end(void *ctx, const unsigned char *signature, size_t n)
{
        struct check *check = ctx;
        if (!check->key)
                return 0;
        uint8_t digest[GOST_SIZE_MAX];
        gost_hash_end(&check->hash, digest);
        return check_digest(check, signature, n, digest, gost_size(check->hash.kind));
}

static int check_once(void *ctx, const unsigned char *signature, size_t n, const unsigned char *data, size_t data_n)
{
        return check_stream_add(ctx, data, data_n) && check_stream_end(ctx, signature, n);
}

static const OSSL_DISPATCH checks[] = {
        ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, check_new),
        ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, check_free),
        ENTRY(OSSL_FUNC_SIGNATURE_DUPCTX, check_copy),
        ENTRY(OSSL_FUNC_SIGNATURE_VERIFY_INIT, check_start),
        ENTRY(OSSL_FUNC_SIGNATURE_VERIFY, check_digest),
        ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, check_stream_start),
        ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, check_stream_add),
        ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, check_stream_end),
        ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, check_once),
        ENTRY(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, check_set),
        ENTRY(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, check_settable),
        END,
};

/* ---- the provider ------------------------------------------------------------------------------------------------ */

#define OWN "provider=" PROVIDER
static const OSSL_ALGORITHM digest_list[] = {
        {DIGEST_2004 ":" DIGEST_2004_OID, OWN, hash_2004, NULL},
        {DIGEST_2015 ":" DIGEST_2015_OID, OWN, hash_2015, NULL},
        {NULL, NULL, NULL, NULL},
};
static const OSSL_ALGORITHM key_list[] = {
        {KEY_2004 ":" KEY_2004_OID, OWN, keys, NULL},
        {KEY_2015 ":" KEY_2015_OID, OWN, keys, NULL},
        {NULL, NULL, NULL, NULL},
};
static const OSSL_ALGORITHM signature_list[] = {
        {KEY_2004 ":" KEY_2004_OID, OWN, checks, NULL},
        {KEY_2015 ":" KEY_2015_OID, OWN, checks, NULL},
        {NULL, NULL, NULL, NULL},
};
static const OSSL_ALGORITHM decoder_list[] = {
        {KEY_2004 ":" KEY_2004_OID, OWN ",input=der,structure=SubjectPublicKeyInfo", decoder, NULL},
        {KEY_2015 ":" KEY_2015_OID, OWN ",input=der,structure=SubjectPublicKeyInfo", decoder, NULL},
        {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *offer(void *provider GW_UNUSED, int operation, int *ret_no_cache)
{
        *ret_no_cache = 0;
        switch (operation) {
        case OSSL_OP_DIGEST: return digest_list;
        case OSSL_OP_KEYMGMT: return key_list;
        case OSSL_OP_SIGNATURE: return signature_list;
        case OSSL_OP_DECODER: return decoder_list;
        default: return NULL;
        }
}

static void close_provider(void *provider)
{
        free(provider);
}

static int open_provider(const OSSL_CORE_HANDLE *core GW_UNUSED, const OSSL_DISPATCH *in, const OSSL_DISPATCH **ret_functions, void **ret_provider)
{
        static const OSSL_DISPATCH functions[] = {ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, offer), ENTRY(OSSL_FUNC_PROVIDER_TEARDOWN, close_provider), END};
        struct provider *provider = xcalloc(1, sizeof *provider);
        for (; in->function_id != 0; in++)
                if (in->function_id == OSSL_FUNC_BIO_READ_EX)
                        provider->read = OSSL_FUNC_BIO_read_ex(in);
        *ret_functions = functions;
        *ret_provider = provider;
        return provider->read != NULL;
}

/* ---- the older table of digests ---------------------------------------------------------------------------------- */

static int older_start_2004(EVP_MD_CTX *ctx)
{
        gost_hash_start(EVP_MD_CTX_get0_md_data(ctx), GOST_2004);
        return 1;
}

static int older_start_2015(EVP_MD_CTX *ctx)
{
        gost_hash_start(EVP_MD_CTX_get0_md_data(ctx), GOST_2015);
        return 1;
}

static int older_add(EVP_MD_CTX *ctx, const void *in, size_t n)
{
        return hash_add(EVP_MD_CTX_get0_md_data(ctx), in, n);
}

static int older_end(EVP_MD_CTX *ctx, unsigned char *out)
{
        size_t n = 0;
        return hash_end(EVP_MD_CTX_get0_md_data(ctx), out, &n, GOST_SIZE_MAX);
}

/* For the life of the process: OpenSSL's table only borrows the digests, and a provider that is let go would be closed. */
static EVP_MD *older_digests[GOST_2015 + 1];
static OSSL_PROVIDER *loaded[2];

static void add_older(enum gost_kind kind, int digest, int key)
{
        EVP_MD *made = EVP_MD_meth_new(digest, key);
        GW_ASSERT(made && EVP_MD_meth_set_result_size(made, (int)gost_size(kind)) == 1 &&
                  EVP_MD_meth_set_input_blocksize(made, kind == GOST_2015 ? STREEBOG512_BLOCK_SIZE : GOSTHASH94_BLOCK_SIZE) == 1 &&
                  EVP_MD_meth_set_app_datasize(made, sizeof(struct gost_hash)) == 1 &&
                  EVP_MD_meth_set_init(made, kind == GOST_2015 ? older_start_2015 : older_start_2004) == 1 && EVP_MD_meth_set_update(made, older_add) == 1 &&
                  EVP_MD_meth_set_final(made, older_end) == 1 && EVP_add_digest(made) == 1);
        older_digests[kind] = made;
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

/* The older digests come first: a provider's digest is given its NID when OpenSSL first makes it. */
void gost_provider_load(void)
{
        if (older_digests[GOST_2015])
                return;
        for (enum gost_kind kind = GOST_2004; kind <= GOST_2015; kind++) {
                const struct names *own = &names[kind];
                int key = OBJ_create(own->key_oid, own->key, own->key), digest = OBJ_create(own->digest_oid, own->digest, own->digest);
                int signature = OBJ_create(own->signature_oid, own->signature, own->signature);
                GW_ASSERT(key != NID_undef && digest != NID_undef && signature != NID_undef && OBJ_add_sigid(signature, digest, key) == 1);
                add_older(kind, digest, signature);
        }
        GW_ASSERT(OSSL_PROVIDER_add_builtin(NULL, PROVIDER, open_provider) == 1);
        loaded[0] = OSSL_PROVIDER_load(NULL, "default"); /* no longer by itself once another is loaded */
        loaded[1] = OSSL_PROVIDER_load(NULL, PROVIDER);
        GW_ASSERT(loaded[0] && loaded[1]);
}

const struct gost_public_key *gost_provider_key(const EVP_PKEY *key)
{
        const OSSL_PROVIDER *provider = key ? EVP_PKEY_get0_provider(key) : NULL;
        if (!provider || !str_eq(OSSL_PROVIDER_get0_name(provider), PROVIDER))
                return NULL;
        void *found = NULL;
        OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_ptr(KEY_POINTER, &found, 0), OSSL_PARAM_construct_end()};
        return EVP_PKEY_get_params(key, params) == 1 ? found : NULL;
}
