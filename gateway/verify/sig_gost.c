/* GOST for xmlsec: two digests, two signature methods, one kind of key, over gateway/gost. They only verify: what we sign is composed
 * as text (gateway/sign). xmlsec's conventions: 0 is success, a verdict is a transform's status. */
#include "gateway/verify/sig_gost.h"

#include <openssl/crypto.h>

#include <xmlsec/buffer.h>
#include <xmlsec/keys.h>
#include <xmlsec/keysdata.h>

#include "gateway/gost/gost.h"
#include "gateway/verify/sig.h"

#define X(text) ((const xmlChar *)(text))

/* ---- keys -------------------------------------------------------------------------------------------------------- */

struct gost_key_data {
        xmlSecKeyData base;
        const struct gost_public_key *key; /* borrowed from the certificate */
};

static xmlSecKeyDataType key_type(xmlSecKeyDataPtr data)
{
        return ((struct gost_key_data *)data)->key ? xmlSecKeyDataTypePublic : xmlSecKeyDataTypeUnknown;
}

static xmlSecSize key_size(xmlSecKeyDataPtr data)
{
        const struct gost_key_data *gost = (struct gost_key_data *)data;
        return gost->key ? (xmlSecSize)gost_size(gost_public_kind(gost->key)) * 8 : 0;
}

/* No way to read one out of a KeyInfo: keys come from certificates, through us. */
static const struct _xmlSecKeyDataKlass key_klass = {
        .klassSize = sizeof(struct _xmlSecKeyDataKlass),
        .objSize = sizeof(struct gost_key_data),
        .name = X("gost-key"),
        .usage = xmlSecKeyDataUsageUnknown,
        .getType = key_type,
        .getSize = key_size,
};

xmlSecKeyPtr sig_gost_key_new(const struct gost_public_key *key)
{
        xmlSecKeyData *data = xmlSecKeyDataCreate(&key_klass);
        if (!data)
                return NULL;
        ((struct gost_key_data *)data)->key = key;
        xmlSecKey *made = xmlSecKeyCreate();
        if (made && xmlSecKeySetValue(made, data) == 0)
                return made;
        xmlSecKeyDataDestroy(data);
        if (made)
                xmlSecKeyDestroy(made);
        return NULL;
}

/* ---- transforms -------------------------------------------------------------------------------------------------- */

struct gost_transform {
        xmlSecTransform base;
        struct gost_hash hash;
        uint8_t digest[GOST_SIZE_MAX];
        const struct gost_public_key *key; /* of a method; borrowed from the key that the context was lent */
};

static struct gost_transform *of(xmlSecTransformPtr transform)
{
        return (struct gost_transform *)transform;
}

static enum gost_kind kind_of(const xmlSecTransform *transform)
{
        bool is_2015 = transform->id == sig_gost_2015_digest() || transform->id == sig_gost_2015_method();
        return is_2015 ? GOST_2015 : GOST_2004;
}

static int start(xmlSecTransformPtr transform)
{
        gost_hash_start(&of(transform)->hash, kind_of(transform));
        return 0;
}

/* Digests whatever comes in; gives nothing out. */
static int digest_input(xmlSecTransformPtr transform, int last, xmlSecTransformCtxPtr ctx)
{
        (void)ctx;
        if (transform->operation != xmlSecTransformOperationVerify)
                return -1;
        if (transform->status == xmlSecTransformStatusNone)
                transform->status = xmlSecTransformStatusWorking;
        xmlSecSize n = xmlSecBufferGetSize(&transform->inBuf);
        if (transform->status == xmlSecTransformStatusFinished)
                return n == 0 ? 0 : -1;
        if (transform->status != xmlSecTransformStatusWorking)
                return -1;
        gost_hash_add(&of(transform)->hash, span_of(xmlSecBufferGetData(&transform->inBuf), n));
        if (n > 0 && xmlSecBufferRemoveHead(&transform->inBuf, n) < 0)
                return -1;
        if (last) {
                gost_hash_end(&of(transform)->hash, of(transform)->digest);
                transform->status = xmlSecTransformStatusFinished;
        }
        return 0;
}

static int digest_verify(xmlSecTransformPtr transform, const xmlSecByte *data, xmlSecSize size, xmlSecTransformCtxPtr ctx)
{
        (void)ctx;
        if (transform->operation != xmlSecTransformOperationVerify || transform->status != xmlSecTransformStatusFinished)
                return -1;
        bool same = size == gost_size(kind_of(transform)) && CRYPTO_memcmp(data, of(transform)->digest, size) == 0;
        transform->status = same ? xmlSecTransformStatusOk : xmlSecTransformStatusFail;
        return 0;
}

static int method_requirements(xmlSecTransformPtr transform, xmlSecKeyReqPtr requirements)
{
        (void)transform;
        requirements->keyId = &key_klass;
        requirements->keyType = xmlSecKeyDataTypePublic;
        requirements->keyUsage = xmlSecKeyUsageVerify;
        return 0;
}

/* sig_check_key() has compared the kinds already; a wall more. */
static int method_set_key(xmlSecTransformPtr transform, xmlSecKeyPtr key)
{
        xmlSecKeyDataPtr data = xmlSecKeyGetValue(key);
        if (!data || data->id != &key_klass)
                return -1;
        const struct gost_public_key *gost = ((struct gost_key_data *)data)->key;
        if (!gost || gost_public_kind(gost) != kind_of(transform))
                return -1;
        of(transform)->key = gost;
        return 0;
}

static int method_verify(xmlSecTransformPtr transform, const xmlSecByte *data, xmlSecSize size, xmlSecTransformCtxPtr ctx)
{
        (void)ctx;
        struct gost_transform *method = of(transform);
        if (transform->operation != xmlSecTransformOperationVerify || transform->status != xmlSecTransformStatusFinished || !method->key)
                return -1;
        bool good = gost_verify(method->key, span_of(method->digest, gost_size(kind_of(transform))), span_of(data, size));
        transform->status = good ? xmlSecTransformStatusOk : xmlSecTransformStatusFail;
        return 0;
}

#define COMMON(uri, label)                                                                                  \
        .klassSize = sizeof(struct _xmlSecTransformKlass), .objSize = sizeof(struct gost_transform),        \
        .name = X(label), .href = X(uri), .initialize = start, .getDataType = xmlSecTransformDefaultGetDataType, \
        .pushBin = xmlSecTransformDefaultPushBin, .popBin = xmlSecTransformDefaultPopBin, .execute = digest_input
#define DIGEST(uri, label) {COMMON(uri, label), .usage = xmlSecTransformUsageDigestMethod, .verify = digest_verify}
#define METHOD(uri, label)                                                                       \
        {COMMON(uri, label), .usage = xmlSecTransformUsageSignatureMethod, .verify = method_verify, \
         .setKeyReq = method_requirements, .setKey = method_set_key}

static const struct _xmlSecTransformKlass digest_2004 = DIGEST(GOST_2004_DIGEST_URI, "gost34311");
static const struct _xmlSecTransformKlass digest_2015 = DIGEST(GOST_2015_DIGEST_URI, "gostr34112015-512");
static const struct _xmlSecTransformKlass method_2004 = METHOD(GOST_2004_METHOD_URI, "gost34310-gost34311");
static const struct _xmlSecTransformKlass method_2015 = METHOD(GOST_2015_METHOD_URI, "gostr34102015-gostr34112015-512");

xmlSecTransformId sig_gost_2004_digest(void)
{
        return &digest_2004;
}

xmlSecTransformId sig_gost_2015_digest(void)
{
        return &digest_2015;
}

xmlSecTransformId sig_gost_2004_method(void)
{
        return &method_2004;
}

xmlSecTransformId sig_gost_2015_method(void)
{
        return &method_2015;
}

bool sig_gost_register(void)
{
        return xmlSecTransformIdsRegister(&digest_2004) == 0 && xmlSecTransformIdsRegister(&digest_2015) == 0 &&
               xmlSecTransformIdsRegister(&method_2004) == 0 && xmlSecTransformIdsRegister(&method_2015) == 0;
}
