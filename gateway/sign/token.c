/* PKCS#11, as little of it as a signature takes. */
#include "gateway/sign/token.h"

#include <openssl/crypto.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/reason.h"

#define SLOTS_MAX 64
#define ID_MAX 256
#define CERTIFICATE_MAX 4096
#define SIGNATURE_MAX 1024
#define PAUSE_FIRST_MS 100
#define PAUSE_LONGEST_MS 10000

/* One per library, for as long as a key uses it. */
struct token_module {
        char *path;
        CK_FUNCTION_LIST *list;
        pthread_rwlock_t lock; /* written to while it is started anew: nobody is in it then */
        unsigned epoch;        /* sessions of an earlier one are gone */
        unsigned users;
        struct token_module *next;
};
static struct {
        pthread_mutex_t mutex;
        struct token_module *first;
} modules = {PTHREAD_MUTEX_INITIALIZER, NULL};

struct token_key {
        char *module_path;
        P11KitUri *uri;
        char *pin; /* secure heap */
        pthread_mutex_t mutex;
        struct token_module *module; /* NULL: not loaded */
        CK_FUNCTION_LIST *list;      /* its */
        CK_SESSION_HANDLE session;
        CK_OBJECT_HANDLE object;
        unsigned epoch;              /* of the session */
        bool open, pin_refused;
        int64_t pause_ms;
        struct mono_time next_try;
};
GW_DEFINE_AUTO(uri, P11KitUri, p11_kit_uri_free)

static enum gw_rc refuse(struct why *why, const char *what)
{
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "token: %s", what);
}

enum gw_rc token_key_new(const char *uri, const char *module_path, const char *pin, struct token_key **ret_key, struct why *why)
{
        gw_auto(uri) P11KitUri *parsed = p11_kit_uri_new();
        if (!parsed || p11_kit_uri_parse(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, parsed) != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(parsed))
                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "token: the key is no PKCS#11 URI of an object (RFC 7512)");
        if (p11_kit_uri_get_pin_value(parsed) || p11_kit_uri_get_pin_source(parsed) || p11_kit_uri_get_module_path(parsed))
                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "token: PIN and module do not belong in the URI: see pin_file and module");
        struct token_key *key = xcalloc(1, sizeof *key);
        *key = (struct token_key){.module_path = xstrdup(module_path), .uri = gw_take(&parsed), .pin = pin ? OPENSSL_secure_malloc(strlen(pin) + 1) : NULL};
        if (key->pin)
                memcpy(key->pin, pin, strlen(pin) + 1);
        GW_ASSERT(pthread_mutex_init(&key->mutex, NULL) == 0 && (!pin || key->pin));
        *ret_key = key;
        return GW_OK;
}

static void close_session(struct token_key *key)
{
        if (key->open && key->epoch == key->module->epoch) /* else the handle may be another's by now */
                key->list->C_CloseSession(key->session);
        key->open = false;
}

static void leave_module(struct token_module *module)
{
        pthread_mutex_lock(&modules.mutex);
        if (--module->users == 0) {
                struct token_module **at = &modules.first;
                while (*at != module)
                        at = &(*at)->next;
                *at = module->next;
                module->list->C_Finalize(NULL);
                p11_kit_module_release(module->list);
                pthread_rwlock_destroy(&module->lock);
                free(module->path);
                free(module);
        }
        pthread_mutex_unlock(&modules.mutex);
}

void token_key_free(struct token_key *key)
{
        if (!key)
                return;
        close_session(key);
        if (key->module)
                leave_module(key->module);
        OPENSSL_secure_clear_free(key->pin, key->pin ? strlen(key->pin) + 1 : 0);
        pthread_mutex_destroy(&key->mutex);
        p11_kit_uri_free(key->uri);
        free(key->module_path);
        free(key);
}

/* ---- opening ---- */

static bool start_module(CK_FUNCTION_LIST *list)
{
        CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
        CK_RV rv = list->C_Initialize(&args);
        return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED;
}

/* With modules.mutex held; NULL when it cannot be had. */
static struct token_module *find_module(const char *path)
{
        struct token_module *module = modules.first;
        while (module && !str_eq(module->path, path))
                module = module->next;
        if (module)
                return module;
        CK_FUNCTION_LIST *list = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
        if (!list || !start_module(list)) {
                if (list)
                        p11_kit_module_release(list);
                return NULL;
        }
        module = xcalloc(1, sizeof *module);
        module->path = xstrdup(path);
        module->list = list;
        GW_ASSERT(pthread_rwlock_init(&module->lock, NULL) == 0);
        module->next = modules.first;
        modules.first = module;
        return module;
}

static const char *load_module(struct token_key *key)
{
        if (key->module)
                return NULL;
        pthread_mutex_lock(&modules.mutex);
        struct token_module *module = find_module(key->module_path);
        if (module)
                module->users++;
        pthread_mutex_unlock(&modules.mutex);
        key->module = module;
        key->list = module ? module->list : NULL;
        return module ? NULL : "the module cannot be loaded, or does not start";
}

/* Some libraries (SoftHSM) see a token that comes back only when they are started anew. Every session of theirs ends. */
static void restart_module(struct token_key *key)
{
        struct token_module *module = key->module;
        pthread_rwlock_wrlock(&module->lock);
        module->list->C_Finalize(NULL);
        gw_ignore(!start_module(module->list)); /* the next call says so */
        module->epoch++;
        pthread_rwlock_unlock(&module->lock);
}

static const char *find_token(const struct token_key *key, CK_SLOT_ID *ret_slot, CK_TOKEN_INFO *ret_info)
{
        CK_SLOT_ID slots[SLOTS_MAX];
        CK_ULONG count = SLOTS_MAX;
        size_t found = 0;
        if (key->list->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
                return "the module lists no tokens, or too many";
        for (CK_ULONG i = 0; i < count; i++) {
                CK_TOKEN_INFO info;
                if (key->list->C_GetTokenInfo(slots[i], &info) != CKR_OK || !p11_kit_uri_match_token_info(key->uri, &info))
                        continue;
                *ret_slot = slots[i];
                *ret_info = info;
                found++;
        }
        return found == 1 ? NULL : found ? "more than one token fits the URI" : "no token fits the URI";
}

/* v2.40, 3.2: the three flags of a PIN that has been entered wrongly. Trying ours could use up the last attempt. */
static const char *log_in(struct token_key *key, const CK_TOKEN_INFO *info)
{
        if (!(info->flags & CKF_LOGIN_REQUIRED))
                return NULL;
        if (!key->pin)
                return "the token wants a PIN, and there is no pin_file";
        if (key->pin_refused || info->flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) {
                key->pin_refused = true;
                return "a wrong PIN has been entered at this token: ours is not tried until somebody has logged in with the right one";
        }
        CK_RV rv = key->list->C_Login(key->session, CKU_USER, (CK_UTF8CHAR *)key->pin, strlen(key->pin));
        if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
                return NULL;
        key->pin_refused = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_EXPIRED || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
        return key->pin_refused ? "the token refuses the PIN; it is not tried again" : "the token does not take the login";
}

/* The one object with these attributes. */
static const char *find_object(const struct token_key *key, CK_ATTRIBUTE *wanted, CK_ULONG count, CK_OBJECT_HANDLE *ret_object)
{
        CK_OBJECT_HANDLE found[2];
        CK_ULONG n = 0;
        if (key->list->C_FindObjectsInit(key->session, wanted, count) != CKR_OK)
                return "the token does not search";
        CK_RV rv = key->list->C_FindObjects(key->session, found, 2, &n);
        key->list->C_FindObjectsFinal(key->session);
        if (rv != CKR_OK || n != 1)
                return rv == CKR_OK && n ? "more than one object fits the URI" : "no object fits the URI";
        *ret_object = found[0];
        return NULL;
}

/* The URI's label and id, with the class we need (its own type= may be left out, or be cert). */
static const char *find_private_key(const struct token_key *key, CK_OBJECT_HANDLE *ret_object)
{
        CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
        CK_ATTRIBUTE wanted[3] = {{CKA_CLASS, &private_key, sizeof private_key}};
        CK_ULONG count = 1;
        static const CK_ATTRIBUTE_TYPE kinds[] = {CKA_LABEL, CKA_ID};
        for (size_t i = 0; i < GW_COUNT(kinds); i++) {
                const CK_ATTRIBUTE *given = p11_kit_uri_get_attribute(key->uri, kinds[i]);
                if (given)
                        wanted[count++] = *given;
        }
        return count == 1 ? "the URI names no object" : find_object(key, wanted, count, ret_object);
}

static const char *open_session(struct token_key *key)
{
        CK_SLOT_ID slot = 0;
        CK_TOKEN_INFO info;
        const char *problem = find_token(key, &slot, &info);
        if (problem)
                return problem;
        if (key->list->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &key->session) != CKR_OK)
                return "the token opens no session";
        key->open = true;
        key->epoch = key->module->epoch;
        problem = log_in(key, &info);
        if (!problem)
                problem = find_private_key(key, &key->object);
        if (problem)
                close_session(key);
        return problem;
}

static X509 *read_certificate(const struct token_key *key)
{
        uint8_t id[ID_MAX], der[CERTIFICATE_MAX];
        CK_OBJECT_CLASS class = CKO_CERTIFICATE;
        CK_OBJECT_HANDLE object;
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, sizeof id}}, value = {CKA_VALUE, der, sizeof der};
        if (key->list->C_GetAttributeValue(key->session, key->object, &wanted[1], 1) != CKR_OK || find_object(key, wanted, 2, &object) ||
            key->list->C_GetAttributeValue(key->session, object, &value, 1) != CKR_OK || value.ulValueLen > sizeof der)
                return NULL;
        const unsigned char *p = der;
        return d2i_X509(NULL, &p, (long)value.ulValueLen);
}

enum gw_rc token_key_open(struct token_key *key, X509 **ret_certificate, bool *ret_pin_refused, struct why *why)
{
        *ret_certificate = NULL;
        *ret_pin_refused = false;
        const char *problem = load_module(key);
        if (problem)
                return refuse(why, problem);
        pthread_mutex_lock(&key->mutex);
        problem = key->open ? NULL : open_session(key);
        *ret_pin_refused = key->pin_refused;
        *ret_certificate = problem ? NULL : read_certificate(key);
        pthread_mutex_unlock(&key->mutex);
        return problem ? refuse(why, problem) : GW_OK;
}

/* ---- signing: with the key's mutex held ---- */

static const char *try_session(struct token_key *key)
{
        pthread_rwlock_rdlock(&key->module->lock);
        const char *problem = open_session(key);
        pthread_rwlock_unlock(&key->module->lock);
        return problem;
}

/* After a loss: again at once, then with a growing pause; a refused PIN is for good. */
static bool reopen(struct token_key *key)
{
        if (key->open && key->epoch == key->module->epoch)
                return true;
        key->open = false;
        if (key->pin_refused || mono_now().ms < key->next_try.ms)
                return false;
        const char *problem = try_session(key);
        if (problem && !key->pin_refused) {
                restart_module(key);
                problem = try_session(key);
        }
        if (problem) {
                key->pause_ms = key->pause_ms ? key->pause_ms * 2 : PAUSE_FIRST_MS;
                if (key->pause_ms > PAUSE_LONGEST_MS)
                        key->pause_ms = PAUSE_LONGEST_MS;
                key->next_try = (struct mono_time){mono_now().ms + key->pause_ms};
                log_event(LOG_ERROR, NULL, "signer.token_away", "%s; next try in %lld ms", problem, (long long)key->pause_ms);
                return false;
        }
        log_event(LOG_INFO, NULL, "signer.token_back", "logged in");
        return true;
}

/* RFC 8017 9.2: DigestInfo of SHA-256; CKM_RSA_PKCS pads it. */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static bool sign_once(struct token_key *key, enum sign_algorithm algorithm, struct span digest, uint8_t *value, CK_ULONG *size)
{
        uint8_t input[sizeof sha256_info + 64];
        bool rsa = algorithm == SIGN_RSA_SHA256;
        size_t prefix = rsa ? sizeof sha256_info : 0;
        memcpy(input, sha256_info, prefix);
        memcpy(input + prefix, digest.p, digest.n);
        CK_MECHANISM mechanism = {.mechanism = rsa ? CKM_RSA_PKCS : CKM_ECDSA}; /* the latter's value is r||s, as XML-DSig has it */
        pthread_rwlock_rdlock(&key->module->lock);
        bool done = key->epoch == key->module->epoch && key->list->C_SignInit(key->session, &mechanism, key->object) == CKR_OK &&
                    key->list->C_Sign(key->session, input, prefix + digest.n, value, size) == CKR_OK;
        if (!done)
                close_session(key);
        pthread_rwlock_unlock(&key->module->lock);
        return done;
}

enum gw_rc token_key_sign(struct token_key *key, enum sign_algorithm algorithm, struct span digest, struct buf *out, struct why *why)
{
        uint8_t value[SIGNATURE_MAX];
        CK_ULONG size = sizeof value;
        GW_ASSERT(digest.n <= 64);
        pthread_mutex_lock(&key->mutex);
        bool done = false;
        /* Twice: the first failure may be a session that the token has forgotten. */
        for (int i = 0; i < 2 && !done && reopen(key); i++) {
                size = sizeof value;
                done = sign_once(key, algorithm, digest, value, &size);
        }
        if (done)
                key->pause_ms = 0;
        pthread_mutex_unlock(&key->mutex);
        if (!done)
                return why_set(why, GW_RETRY, REASON_SIGNER_UNAVAILABLE, "the token does not sign");
        buf_add(out, value, size);
        return buf_failed(out) ? why_set(why, GW_FAULT, REASON_INTERNAL, "no room for the signature value") : GW_OK;
}

bool token_key_usable(struct token_key *key)
{
        pthread_mutex_lock(&key->mutex);
        CK_SESSION_INFO info;
        pthread_rwlock_rdlock(&key->module->lock);
        if (key->open && key->list->C_GetSessionInfo(key->session, &info) != CKR_OK)
                close_session(key);
        pthread_rwlock_unlock(&key->module->lock);
        bool usable = reopen(key);
        pthread_mutex_unlock(&key->mutex);
        return usable;
}
