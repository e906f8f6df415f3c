/* The tables of conf/gateway.conf. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/buf.h"
#include "gateway/base/conf.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/settings.h"

#define AT(member) offsetof(struct settings, member)
#define DAY_MS 86400000LL
#define SETTINGS_BYTES_MAX ((size_t)1 << 20)

static const struct conf_key gateway_keys[] = {
        {"run_folder", CONF_PATH, AT(gateway.run_folder), "run", 0, 0, NULL, "folder for the files `pid` and `listeners`"},
        {"user", CONF_TEXT, AT(gateway.user), "", 0, 0, NULL, "account to run as when started by root"},
        {"signer_user", CONF_TEXT, AT(gateway.signer_user), "", 0, 0, NULL, "another account, for the process that holds the keys (started by root)"},
        {"log_level", CONF_TEXT, AT(gateway.log_level), "info", 0, 0, "error|warn|info|debug", "least severe event that is logged"},
        {"services", CONF_PATH, AT(gateway.services), "services", 0, 0, NULL, "folder of the service catalogue"},
        {"calendar", CONF_PATH, AT(gateway.calendar), "calendar", 0, 0, NULL, "folder of working days and office hours, read again when its files change"},
        {"staff", CONF_PATH, AT(gateway.staff), "", 0, 0, NULL, "file of the people who work on requests, read again when it changes; empty = only heads, by their certificates"},
        {"trust", CONF_PATH, AT(gateway.trust), NULL, 0, 0, NULL, "folder of trusted CA certificates for signatures (PEM)"},
        {"sender_id", CONF_TEXT, AT(gateway.sender_id), NULL, 0, 0, NULL, "our senderId on SHEP"},
        {"system_key", CONF_TEXT, AT(gateway.system_key), "system", 0, 0, NULL, "[key …] that signs our envelopes"},
        {"tls_key", CONF_TEXT, AT(gateway.tls_key), "tls", 0, 0, NULL, "[key …] of the TLS listeners (EC P-256 or P-384)"},
        {"diagnose", CONF_BOOL, AT(gateway.diagnose), "no", 0, 0, NULL, "POST /api/v1/diagnose tells any caller why his message fails (test installations)"},
        {"loops", CONF_INT, AT(gateway.loops), "0", 0, 64, NULL, "event loops; 0 = one per core"},
        {"sync_wait_ms", CONF_INT, AT(gateway.sync_wait_ms), "15000", 100, 120000, NULL, "longest a synchronous request waits for its result"},
        {"drain_ms", CONF_INT, AT(gateway.drain_ms), "10000", 0, 600000, NULL, "longest a stop waits for what is in flight"},
        {"inflight_max", CONF_INT, AT(gateway.inflight_max), "1000", 1, 1000000, NULL, "requests worked on at once by one loop; beyond: 503"},
};
static const struct conf_key issuer_keys[] = {
        {"bin", CONF_TEXT, AT(issuer.bin), NULL, 0, 0, NULL, "BIN of the provider that issues results"},
        {"name_kk", CONF_TEXT, AT(issuer.name_kk), NULL, 0, 0, NULL, "its name in Kazakh"},
        {"name_ru", CONF_TEXT, AT(issuer.name_ru), NULL, 0, 0, NULL, "its name in Russian"},
        {"note_kk", CONF_TEXT, AT(issuer.note_kk), "", 0, 0, NULL, "a mark on every result, for instance of a test system, in Kazakh"},
        {"note_ru", CONF_TEXT, AT(issuer.note_ru), "", 0, 0, NULL, "the same in Russian"},
};
static const struct conf_key http_keys[] = {
        {"header_bytes", CONF_INT, AT(http.header_bytes), "16384", 1024, 262144, NULL, "request line and headers together"},
        {"body_bytes", CONF_INT, AT(http.body_bytes), "10485760", 1024, 104857600, NULL, "largest body"},
        {"handshake_ms", CONF_INT, AT(http.handshake_ms), "5000", 10, 600000, NULL, "time for the TLS handshake"},
        {"header_ms", CONF_INT, AT(http.header_ms), "10000", 10, 600000, NULL, "time for the headers, counted from their first byte"},
        {"body_ms", CONF_INT, AT(http.body_ms), "30000", 10, 600000, NULL, "time for the body"},
        {"idle_ms", CONF_INT, AT(http.idle_ms), "60000", 10, 3600000, NULL, "longest silence between requests of one connection"},
        {"connections", CONF_INT, AT(http.connections), "4000", 1, 100000, NULL, "connections of one loop"},
        {"connections_per_peer", CONF_INT, AT(http.connections_per_peer), "1000", 1, 100000, NULL, "connections of one address and loop"},
};
static const struct conf_key store_keys[] = {
        {"path", CONF_PATH, AT(store.path), NULL, 0, 0, NULL, "the SQLite file"},
        {"group", CONF_INT, AT(store.group), "256", 1, 4096, NULL, "pieces of work in one commit"},
        {"queue", CONF_INT, AT(store.queue), "10000", 1, 1000000, NULL, "pieces of work waiting; beyond: 503"},
};
static const struct conf_key verify_keys[] = {
        {"clock_skew_ms", CONF_INT, AT(verify.clock_skew_ms), "60000", 0, 3600000, NULL, "tolerance for certificate dates"},
        {"message_age_ms", CONF_INT, AT(verify.message_age_ms), "86400000", 1000, 30 * DAY_MS, NULL, "oldest messageDate accepted"},
        {"message_future_ms", CONF_INT, AT(verify.message_future_ms), "300000", 0, DAY_MS, NULL, "how far messageDate may lie ahead"},
        {"iin_check_digit", CONF_BOOL, AT(verify.iin_check_digit), "yes", 0, 0, NULL, "demand right check digits (the authority's own test people fail it)"},
        {"gost_2004", CONF_BOOL, AT(verify.gost_2004), "yes", 0, 0, NULL, "accept signatures of the generation before 2015 (GOST 34.310-2004)"},
        {"certificates", CONF_PATH, AT(verify.certificates), "", 0, 0, NULL, "folder of known parties' certificates, for signatures that only name theirs (issuer and serial number, key identifier, digest); empty = none"},
        {"certificate_policies", CONF_TEXT, AT(verify.certificate_policies), "", 0, 0, NULL, "OIDs of certificate policies that signers' certificates must have one of, comma-separated; empty = any"},
        {"time_stamp_required", CONF_BOOL, AT(verify.time_stamp_required), "no", 0, 0, NULL, "refuse an applicant's signature without a time stamp (CAdES-T, XAdES-T)"},
        {"time_stamp_policies", CONF_TEXT, AT(verify.time_stamp_policies), "", 0, 0, NULL, "OIDs of acceptable policies of time stamps, comma-separated; empty = any"},
        {"expired_with_time_stamp", CONF_BOOL, AT(verify.expired_with_time_stamp), "no", 0, 0, NULL, "accept a certificate that has expired since a trusted time stamp"},
        {"time_stamp_age_days", CONF_INT, AT(verify.time_stamp_age_days), "30", 0, 36500, NULL, "… when the time stamp is not older than this; 0 = any age"},
};
static const struct conf_key retry_keys[] = {
        {"first_ms", CONF_INT, AT(retry.first_ms), "5000", 10, DAY_MS, NULL, "first pause before a silent system is tried again"},
        {"longest_ms", CONF_INT, AT(retry.longest_ms), "600000", 10, DAY_MS, NULL, "longest pause"},
        {"park_after", CONF_INT, AT(retry.park_after), "200", 1, 1000000, NULL, "attempts after which a message that is answered, but not acknowledged, is parked for the operator"},
};
static const struct conf_key attachments_keys[] = {
        {"count", CONF_INT, AT(attachments.count), "16", 0, 32, NULL, "files that may come with an application; 0 = none"},
        {"file_bytes", CONF_INT, AT(attachments.file_bytes), "2097152", 1, 104857600, NULL, "largest file"},
        {"total_bytes", CONF_INT, AT(attachments.total_bytes), "6291456", 1, 104857600, NULL, "all files of an application together (base64 in the body is a third larger)"},
};
static const struct conf_key refusals_keys[] = {
        {"keep", CONF_BOOL, AT(refusals.keep), "yes", 0, 0, NULL, "refused messages of known senders are kept in the store"},
        {"days", CONF_INT, AT(refusals.days), "1825", 1, 36500, NULL, "for so long; those of the front office too"},
        {"rows", CONF_INT, AT(refusals.rows), "100000", 0, 100000000, NULL, "so many at most: beyond it a refused message leaves a line in the log alone"},
        {"message_bytes", CONF_INT, AT(refusals.message_bytes), "65536", 0, 10485760, NULL, "longest message that is kept with its refusal"},
};
static const struct conf_key revocation_keys[] = {
        {"mode", CONF_TEXT, AT(revocation.mode), "both", 0, 0, "off|crl|ocsp|both", "which sources are asked; both: OCSP first, CRLs as reserve"},
        {"unknown", CONF_TEXT, AT(revocation.unknown), "wait", 0, 0, "wait|refuse", "when nothing current is known about an applicant's certificate: register the request and go on later, or answer 503"},
        {"age_max_ms", CONF_INT, AT(revocation.age_max_ms), "86400000", 0, 400 * DAY_MS, NULL, "an answer is too old so long after its thisUpdate, or after its nextUpdate if that is earlier; 0: only nextUpdate counts, and must be there"},
        {"refresh_ms", CONF_INT, AT(revocation.refresh_ms), "3600000", 100, 30 * DAY_MS, NULL, "longest time until what is in use is fetched again; sooner, when half to three quarters of its life are over"},
        {"keep_ms", CONF_INT, AT(revocation.keep_ms), "7200000", 1000, 30 * DAY_MS, NULL, "a certificate that was not met for so long is no longer refreshed"},
        {"folder", CONF_PATH, AT(revocation.folder), "", 0, 0, NULL, "folder for answers across restarts; empty = `revocation` beside the store"},
        {"urls", CONF_TEXT, AT(revocation.urls), "configured", 0, 0, "configured|certificate", "configured: only URLs of [authority NAME] and, out of certificates, those of hosts; certificate: whatever a certificate of a good chain names"},
        {"hosts", CONF_TEXT, AT(revocation.hosts), "", 0, 0, NULL, "hosts whose URLs are taken out of certificates, comma-separated"},
        {"ca", CONF_PATH, AT(revocation.ca), "", 0, 0, NULL, "PEM of the CA of https responders; without it https URLs are not used"},
        {"timeout_ms", CONF_INT, AT(revocation.timeout_ms), "5000", 10, 600000, NULL, "longest one fetch takes; a start waits as long for first CRLs"},
        {"connect_timeout_ms", CONF_INT, AT(revocation.connect_timeout_ms), "2000", 10, 600000, NULL, "longest connecting takes"},
        {"retry_first_ms", CONF_INT, AT(revocation.retry_first_ms), "1000", 10, DAY_MS, NULL, "first pause after a failure"},
        {"retry_longest_ms", CONF_INT, AT(revocation.retry_longest_ms), "60000", 10, DAY_MS, NULL, "longest pause"},
        {"certificates", CONF_INT, AT(revocation.certificates), "20000", 1, 10000000, NULL, "certificates whose answers are held, in memory and in the folder"},
        {"crl_bytes", CONF_INT, AT(revocation.crl_bytes), "67108864", 1024, 1073741824, NULL, "largest CRL"},
        {"ocsp_per_second", CONF_INT, AT(revocation.ocsp_per_second), "50", 1, 100000, NULL, "OCSP questions in one second"},
};
#define AUTHORITY(member) offsetof(struct authority_settings, member)
static const struct conf_key authority_keys[] = {
        {"certificate", CONF_PATH, AUTHORITY(certificate), "", 0, 0, NULL, "its certificate, PEM or DER; or:"},
        {"key_id", CONF_TEXT, AUTHORITY(key_id), "", 0, 0, NULL, "its subject key identifier, hex"},
        {"ocsp", CONF_TEXT, AUTHORITY(ocsp), "", 0, 0, NULL, "URLs of its OCSP responders, comma-separated; empty = those of certificates, if allowed"},
        {"crl", CONF_TEXT, AUTHORITY(crl), "", 0, 0, NULL, "URLs of its CRL"},
        {"delta", CONF_TEXT, AUTHORITY(delta), "", 0, 0, NULL, "URLs of its delta CRL"},
        {"ocsp_sha1", CONF_BOOL, AUTHORITY(ocsp_sha1), "no", 0, 0, NULL, "its responder knows certificates by SHA-1 only"},
        {"nonce", CONF_TEXT, AUTHORITY(nonce), "optional", 0, 0, "required|optional", "take no OCSP answer without our nonce"},
};
static const struct conf_key tsa_keys[] = {
        {"url", CONF_TEXT, AT(tsa.url), "", 0, 0, NULL, "time-stamping authority (RFC 3161); with it results are signed as XAdES and stamped"},
        {"ca", CONF_PATH, AT(tsa.ca), "", 0, 0, NULL, "PEM of the CA of its TLS certificate (https)"},
        {"policy", CONF_TEXT, AT(tsa.policy), "", 0, 0, NULL, "OID of the policy to ask for; empty = its own"},
        {"digest", CONF_TEXT, AT(tsa.digest), "sha256", 0, 0, "sha256|sha384|sha512|gost2015", "digest of what is stamped"},
        {"required", CONF_BOOL, AT(tsa.required), "yes", 0, 0, NULL, "a result waits for its time stamp; no = it is delivered without one when there is none"},
        {"timeout_ms", CONF_INT, AT(tsa.timeout_ms), "3000", 10, 60000, NULL, "longest one call takes"},
        {"connect_timeout_ms", CONF_INT, AT(tsa.connect_timeout_ms), "1000", 10, 60000, NULL, "longest connecting takes"},
        {"concurrency", CONF_INT, AT(tsa.concurrency), "32", 1, 10000, NULL, "calls at once from one loop"},
        {"failures_max", CONF_INT, AT(tsa.failures_max), "5", 1, 10000, NULL, "failures in a row that open its breaker"},
        {"open_ms", CONF_INT, AT(tsa.open_ms), "1000", 10, DAY_MS, NULL, "first pause of an open breaker"},
        {"open_ms_max", CONF_INT, AT(tsa.open_ms_max), "60000", 10, DAY_MS, NULL, "longest pause of an open breaker"},
};
static const struct conf_key print_keys[] = {
        {"font", CONF_TEXT, AT(print.font), "DejaVu Sans", 0, 0, NULL, "font family of printed results (PDF); it must have the Kazakh letters"},
};
static const struct conf_key check_keys[] = {
        {"enabled", CONF_BOOL, AT(check.enabled), "no", 0, 0, NULL, "anybody may ask whether an issued document is genuine: /check/NUMBER and POST /api/v1/verify"},
        {"url", CONF_TEXT, AT(check.url), "", 0, 0, NULL, "public address of this gateway, such as https://gateway.example.kz, printed as a QR code; empty = none is printed"},
        {"per_minute", CONF_INT, AT(check.per_minute), "20", 1, 100000, NULL, "checks from one address in a minute; beyond: 429"},
};
static const struct conf_key console_keys[] = {
        {"enabled", CONF_BOOL, AT(console.enabled), "yes", 0, 0, NULL, "the pages for people who work on requests: /console/"},
        {"ncalayer", CONF_TEXT, AT(console.ncalayer), "wss://127.0.0.1:13579", 0, 0, NULL, "where its pages find NCALayer, on the computer of whoever looks at them"},
};
static const struct conf_key login_keys[] = {
        {"audience", CONF_TEXT, AT(login.audience), "", 0, 0, NULL, "name of this gateway in what people sign to log in; empty = sender_id"},
        {"sign_certificates", CONF_BOOL, AT(login.sign_certificates), "yes", 0, 0, NULL, "people may log in with the key they sign with (SIGN) too; no = only with the one for authentication (AUTH)"},
        {"challenge_s", CONF_INT, AT(login.challenge_s), "120", 10, 3600, NULL, "how long what is to be signed can be used, once"},
        {"idle_minutes", CONF_INT, AT(login.idle_minutes), "30", 1, 1440, NULL, "a session ends after so long a silence"},
        {"hours", CONF_INT, AT(login.hours), "8", 1, 24, NULL, "a session ends so long after its login, whatever happens"},
        {"secure", CONF_TEXT, AT(login.secure), "auto", 0, 0, "auto|always", "whether the cookie is for https only: auto = on a listener with TLS; always = behind a proxy with TLS, too"},
        {"sessions_max", CONF_INT, AT(login.sessions_max), "1000", 1, 10000, NULL, "sessions at a time; beyond, the one that has been silent longest ends"},
        {"failures_max", CONF_INT, AT(login.failures_max), "5", 1, 1000, NULL, "refused logins of one person, proven by the EDS, after which he must wait"},
        {"address_failures_max", CONF_INT, AT(login.address_failures_max), "20", 1, 100000, NULL, "refused logins of one address after which it must wait (an office may share one)"},
        {"challenges_per_minute", CONF_INT, AT(login.challenges_per_minute), "120", 1, 100000, NULL, "challenges given to one address in a minute; beyond: 429"},
        {"lock_s", CONF_INT, AT(login.lock_s), "30", 1, 86400, NULL, "first such pause; it doubles with every further refusal"},
        {"lock_longest_s", CONF_INT, AT(login.lock_longest_s), "3600", 1, 86400, NULL, "longest pause"},
};
#define ORGANISATION(member) offsetof(struct organisation_settings, member)
static const struct conf_key organisation_keys[] = {
        {"bin", CONF_TEXT, ORGANISATION(bin), NULL, 0, 0, NULL, "its BIN, as in its people's certificates"},
        {"kind", CONF_TEXT, ORGANISATION(kind), NULL, 0, 0, "PROVIDER|STATECORP|CENTER|AKIM|CSC|AUTH_BODY",
         "provider of services; branch of the State Corporation; employment centre; akim's office; community service centre; authorised body"},
        {"name_kk", CONF_TEXT, ORGANISATION(name_kk), NULL, 0, 0, NULL, "its name in Kazakh"},
        {"name_ru", CONF_TEXT, ORGANISATION(name_ru), NULL, 0, 0, NULL, "its name in Russian"},
        {"place_kk", CONF_TEXT, ORGANISATION(place_kk), "", 0, 0, NULL, "where it is, for papers, in Kazakh"},
        {"place_ru", CONF_TEXT, ORGANISATION(place_ru), "", 0, 0, NULL, "the same in Russian"},
        {"services", CONF_TEXT, ORGANISATION(services), "", 0, 0, NULL, "service codes it works on, comma-separated; empty = all"},
        {"kato", CONF_TEXT, ORGANISATION(kato), "", 0, 0, NULL, "KATO codes of the places it is there for, comma-separated; empty = all. Where it is, an akim's office takes no applications in its stead"},
        {"tls_sha256", CONF_TEXT, ORGANISATION(tls_sha256), "", 0, 0, NULL, "SHA-256 fingerprints of the TLS client certificates of its own system, comma-separated"},
        {"system_roles", CONF_TEXT, ORGANISATION(system_roles), "", 0, 0, NULL, "roles of that system, comma-separated"},
        {"push", CONF_TEXT, ORGANISATION(push), "off", 0, 0, "off|shep|webhook", "how its system is told of requests that come to it: SHEP sendMessage, or JSON with a CMS signature"},
        {"push_url", CONF_TEXT, ORGANISATION(push_url), "", 0, 0, NULL, "where to"},
        {"push_ca", CONF_PATH, ORGANISATION(push_ca), "", 0, 0, NULL, "PEM of the CA of its TLS certificate (https)"},
        {"push_service_id", CONF_TEXT, ORGANISATION(push_service_id), "", 0, 0, NULL, "serviceId of SHEP messages; empty = the service's code"},
        {"push_timeout_ms", CONF_INT, ORGANISATION(push_timeout_ms), "10000", 10, 600000, NULL, "longest one call takes"},
        {"push_connect_timeout_ms", CONF_INT, ORGANISATION(push_connect_timeout_ms), "3000", 10, 600000, NULL, "longest connecting takes"},
        {"push_concurrency", CONF_INT, ORGANISATION(push_concurrency), "8", 1, 10000, NULL, "calls at once"},
        {"push_failures_max", CONF_INT, ORGANISATION(push_failures_max), "5", 1, 10000, NULL, "failures in a row that open its breaker"},
        {"push_open_ms", CONF_INT, ORGANISATION(push_open_ms), "1000", 10, DAY_MS, NULL, "first pause of an open breaker"},
        {"push_open_ms_max", CONF_INT, ORGANISATION(push_open_ms_max), "60000", 10, DAY_MS, NULL, "longest pause of an open breaker"},
};
#define LISTENER(member) offsetof(struct listener_settings, member)
static const struct conf_key listener_keys[] = {
        {"address", CONF_TEXT, LISTENER(address), "127.0.0.1", 0, 0, NULL, "address to listen on"},
        {"port", CONF_INT, LISTENER(port), NULL, 0, 65535, NULL, "port; 0 = any free one"},
        {"tls", CONF_TEXT, LISTENER(tls), "off", 0, 0, "off|on", "TLS"},
        {"clients", CONF_TEXT, LISTENER(clients), "off", 0, 0, "off|optional|required", "client certificates"},
        {"certificate", CONF_PATH, LISTENER(certificate), "", 0, 0, NULL, "PEM chain of the TLS certificate"},
        {"client_ca", CONF_PATH, LISTENER(client_ca), "", 0, 0, NULL, "PEM of the CAs of client certificates"},
};
#define SENDER(member) offsetof(struct sender_settings, member)
static const struct conf_key sender_keys[] = {
        {"bin", CONF_TEXT, SENDER(bin), "", 0, 0, NULL, "BIN in the certificate that signs for this sender"},
        {"certificate_sha256", CONF_TEXT, SENDER(certificate_sha256), "", 0, 0, NULL, "SHA-256 fingerprints of its certificates, comma-separated"},
        {"services", CONF_TEXT, SENDER(services), "", 0, 0, NULL, "service codes it may use, comma-separated; empty = all"},
        {"tls_sha256", CONF_TEXT, SENDER(tls_sha256), "", 0, 0, NULL, "SHA-256 fingerprints of its TLS client certificates (REST)"},
};
#define KEY(member) offsetof(struct key_settings, member)
static const struct conf_key key_keys[] = {
        {"key", CONF_PATH_OR_URI, KEY(key), NULL, 0, 0, "pkcs11", "the private key: PEM or PKCS#12, mode 0600 or 0400; or pkcs11:token=…;object=… (RFC 7512)"},
        {"certificate", CONF_PATH, KEY(certificate), "", 0, 0, NULL, "PEM of its certificate; a PKCS#12 brings its own, and so can a token"},
        {"password_file", CONF_PATH, KEY(password_file), "", 0, 0, NULL, "its first line is the password of an encrypted PEM or PKCS#12; mode as for the key"},
        {"pin_file", CONF_PATH, KEY(pin_file), "", 0, 0, NULL, "its first line is the PIN of the token; mode as for the key"},
        {"module", CONF_PATH, KEY(module), "", 0, 0, NULL, "PKCS#11 library of the token, for instance /usr/lib/softhsm/libsofthsm2.so"},
        {"successor", CONF_TEXT, KEY(successor), "", 0, 0, NULL, "[key …] that takes over from this one: of both, the newest whose certificate is valid signs"},
        {"from", CONF_TEXT, KEY(from), "", 0, 0, NULL, "not used before this instant (2026-12-01T00:00:00+05:00), though its certificate may be valid"},
};
#define DESTINATION(member) offsetof(struct destination_settings, member)
static const struct conf_key destination_keys[] = {
        {"url", CONF_TEXT, DESTINATION(url), NULL, 0, 0, NULL, "its SHEP endpoint"},
        {"service_id", CONF_TEXT, DESTINATION(service_id), "", 0, 0, NULL, "serviceId there; empty = the adapter's own"},
        {"bin", CONF_TEXT, DESTINATION(bin), NULL, 0, 0, NULL, "BIN in the certificate that signs its answers"},
        {"ca", CONF_PATH, DESTINATION(ca), "", 0, 0, NULL, "PEM of the CA of its TLS certificate (https)"},
        {"timeout_ms", CONF_INT, DESTINATION(timeout_ms), "10000", 10, 600000, NULL, "longest one call takes"},
        {"connect_timeout_ms", CONF_INT, DESTINATION(connect_timeout_ms), "3000", 10, 600000, NULL, "longest connecting takes"},
        {"concurrency", CONF_INT, DESTINATION(concurrency), "32", 1, 10000, NULL, "calls at once from one loop"},
        {"failures_max", CONF_INT, DESTINATION(failures_max), "5", 1, 10000, NULL, "failures in a row that open its breaker"},
        {"open_ms", CONF_INT, DESTINATION(open_ms), "1000", 10, DAY_MS, NULL, "first pause of an open breaker"},
        {"open_ms_max", CONF_INT, DESTINATION(open_ms_max), "60000", 10, DAY_MS, NULL, "longest pause of an open breaker"},
};

#define SINGLE(text, keys) {text, keys, GW_COUNT(keys), false, 0, 0, 0, 0, 0}
#define REPEATED(text, keys, array, max, label) \
        {text, keys, GW_COUNT(keys), true, AT(array##s), sizeof(struct array##_settings), max, AT(array##_count), offsetof(struct array##_settings, label)}
static const struct conf_section sections[] = {
        SINGLE("gateway", gateway_keys),
        SINGLE("issuer", issuer_keys),
        SINGLE("http", http_keys),
        SINGLE("store", store_keys),
        SINGLE("verify", verify_keys),
        SINGLE("retry", retry_keys),
        SINGLE("attachments", attachments_keys),
        SINGLE("refusals", refusals_keys),
        SINGLE("revocation", revocation_keys),
        SINGLE("tsa", tsa_keys),
        SINGLE("print", print_keys),
        SINGLE("check", check_keys),
        SINGLE("console", console_keys),
        SINGLE("login", login_keys),
        REPEATED("listener", listener_keys, listener, SETTINGS_LISTENERS_MAX, name),
        REPEATED("sender", sender_keys, sender, SETTINGS_SENDERS_MAX, id),
        REPEATED("key", key_keys, key, SETTINGS_KEYS_MAX, id),
        REPEATED("destination", destination_keys, destination, SETTINGS_DESTINATIONS_MAX, name),
        REPEATED("organisation", organisation_keys, organisation, SETTINGS_ORGANISATIONS_MAX, id),
        {"authority", authority_keys, GW_COUNT(authority_keys), true, AT(authorities), sizeof(struct authority_settings), SETTINGS_AUTHORITIES_MAX, AT(authority_count), AUTHORITY(name)},
};

bool settings_has_key(const struct settings *settings, const char *id)
{
        for (size_t i = 0; i < settings->key_count; i++)
                if (str_eq(settings->keys[i].id, id))
                        return true;
        return false;
}

static bool urls_usable(const char *list, bool https)
{
        for (const char *p = list ? list : ""; *p;) {
                p += strspn(p, " ,");
                if (*p && !str_starts(p, "http://") && !(https && str_starts(p, "https://")))
                        return false;
                p += strcspn(p, " ,");
        }
        return true;
}

static enum gw_rc check_revocation(const struct settings *s, const char *path, struct why *why)
{
        for (size_t i = 0; i < s->authority_count; i++) {
                const struct authority_settings *a = &s->authorities[i];
                if (!a->certificate == !a->key_id)
                        return why_say(why, GW_REJECT, "%s: [authority %s] needs certificate or key_id, one of them", path, a->name);
                if (!urls_usable(a->ocsp, s->revocation.ca) || !urls_usable(a->crl, s->revocation.ca) || !urls_usable(a->delta, s->revocation.ca))
                        return why_say(why, GW_REJECT, "%s: [authority %s] needs http:// URLs, or https:// with ca in [revocation]", path, a->name);
        }
        bool none = !s->authority_count && !s->revocation.hosts && str_eq(s->revocation.urls, "configured");
        if (none && !str_eq(s->revocation.mode, "off"))
                return why_say(why, GW_REJECT, "%s: [revocation] knows nobody to ask: give an [authority NAME], hosts, urls = certificate, or mode = off", path);
        return GW_OK;
}

static const char *key_problem(const struct settings *s, const struct key_settings *key)
{
        struct wall_time from;
        bool token = str_starts(key->key, "pkcs11:");
        if (token != (key->module != NULL))
                return "a key pkcs11:… needs `module`, and only such a one has it";
        if (token ? key->password_file != NULL : key->pin_file != NULL)
                return "a token has a pin_file, a file a password_file";
        if (key->successor && (!settings_has_key(s, key->successor) || str_eq(key->successor, key->id)))
                return "its successor is not another [key …]";
        if (key->successor && str_eq(key->id, s->gateway.tls_key))
                return "the TLS key takes its successor by a new file and SIGHUP";
        return key->from && clock_parse_iso(key->from, &from) != GW_OK ? "`from` is no date and time like 2026-12-01T00:00:00+05:00" : NULL;
}

/* Letters, digits and "._-": ids stand in events, in addresses and in names of sections. */
static bool id_is_plain(const char *id)
{
        size_t n = strlen(id);
        return n > 0 && n < 48 && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

bool settings_pushes(const struct organisation_settings *organisation)
{
        return organisation->push && !str_eq(organisation->push, "off");
}

static const char *push_problem(const struct organisation_settings *o)
{
        if (!settings_pushes(o))
                return o->push_url ? "push_url says nothing while push = off" : NULL;
        if (!o->push_url || (!str_starts(o->push_url, "http://") && !(str_starts(o->push_url, "https://") && o->push_ca)))
                return "push needs push_url: http://, or https:// with push_ca";
        return strlen(o->id) > PUSH_ID_MAX ? "with push its id may have at most 26 letters" : NULL;
}

/* Comma-separated KATO codes, or nothing. */
static bool katos_are_valid(const char *list)
{
        for (const char *at = list; at && *at;) {
                at += strspn(at, ", ");
                size_t n = strcspn(at, ", ");
                auto_str char *code = xstrndup(at, n);
                if (n > 0 && !kato_valid(code, NULL))
                        return false;
                at += n;
        }
        return true;
}

static const char *organisation_problem(const struct settings *s, const struct organisation_settings *o)
{
        if (!id_is_plain(o->id))
                return "its id may have letters, digits, '.', '_' and '-', at most 47";
        if (str_eq(o->id, "gateway") || str_eq(o->id, "issuer"))
                return "this id is kept for the gateway's own use";
        if (!bin_valid(o->bin, s->verify.iin_check_digit, NULL))
                return "its bin is no BIN";
        if (settings_organisation_of_bin(s, o->bin) != o)
                return "another one has its bin";
        if (!katos_are_valid(o->kato))
                return "kato has something that is no KATO code";
        if (!o->tls_sha256 != !o->system_roles)
                return "tls_sha256 and system_roles go together";
        return push_problem(o);
}

static enum gw_rc check_organisations(const struct settings *s, const char *path, struct why *why)
{
        for (size_t i = 0; i < s->organisation_count; i++) {
                const char *problem = organisation_problem(s, &s->organisations[i]);
                if (problem)
                        return why_say(why, GW_REJECT, "%s: [organisation %s]: %s", path, s->organisations[i].id, problem);
        }
        return GW_OK;
}

/* Whoever issues certificates is a provider, also where nobody wrote a section about it. */
static void add_issuer(struct settings *s)
{
        if (settings_organisation_of_bin(s, s->issuer.bin))
                return;
        s->organisations[s->organisation_count++] = (struct organisation_settings){
                .id = xstrdup("issuer"),
                .bin = xstrdup(s->issuer.bin),
                .kind = xstrdup("PROVIDER"),
                .name_kk = xstrdup(s->issuer.name_kk),
                .name_ru = xstrdup(s->issuer.name_ru),
        };
}

/* It becomes part of the pages' Content-Security-Policy, so nothing else may stand in it. */
static bool is_local_websocket(const char *url)
{
        static const char *const hosts[] = {"wss://127.0.0.1:", "wss://localhost:"};
        uint64_t port = 0;
        for (size_t i = 0; url && i < GW_COUNT(hosts); i++)
                if (str_starts(url, hosts[i]) && text_to_u64(url + strlen(hosts[i]), 1, UINT16_MAX, &port))
                        return true;
        return false;
}

static enum gw_rc cross_check(const struct settings *s, const char *path, struct why *why)
{
        if (!s->listener_count)
                return why_say(why, GW_REJECT, "%s: there is no [listener …]", path);
        if (!settings_has_key(s, s->gateway.system_key))
                return why_say(why, GW_REJECT, "%s: system_key names [key %s], which does not exist", path, s->gateway.system_key);
        for (size_t i = 0; i < s->key_count; i++) {
                const char *problem = key_problem(s, &s->keys[i]);
                if (problem)
                        return why_say(why, GW_REJECT, "%s: [key %s]: %s", path, s->keys[i].id, problem);
        }
        if (s->gateway.signer_user && (!s->gateway.user || str_eq(s->gateway.user, s->gateway.signer_user)))
                return why_say(why, GW_REJECT, "%s: signer_user needs a `user` that is another account", path);
        for (size_t i = 0; i < s->listener_count; i++) {
                const struct listener_settings *l = &s->listeners[i];
                bool tls = str_eq(l->tls, "on");
                if (tls && !l->certificate)
                        return why_say(why, GW_REJECT, "%s: [listener %s] has TLS but no certificate", path, l->name);
                if (tls && !settings_has_key(s, s->gateway.tls_key))
                        return why_say(why, GW_REJECT, "%s: [listener %s] needs tls_key, and [key %s] does not exist", path, l->name, s->gateway.tls_key);
                if (!str_eq(l->clients, "off") && (!tls || !l->client_ca))
                        return why_say(why, GW_REJECT, "%s: [listener %s] asks for client certificates without tls = on and client_ca", path, l->name);
        }
        for (size_t i = 0; i < s->sender_count; i++)
                if (!s->senders[i].bin && !s->senders[i].certificate_sha256)
                        return why_say(why, GW_REJECT, "%s: [sender %s] needs bin or certificate_sha256", path, s->senders[i].id);
        for (size_t i = 0; i < s->destination_count; i++)
                if (!str_starts(s->destinations[i].url, "http://") && !(str_starts(s->destinations[i].url, "https://") && s->destinations[i].ca))
                        return why_say(why, GW_REJECT, "%s: [destination %s] needs an http:// url, or https:// with ca", path, s->destinations[i].name);
        if (s->tsa.url && !str_starts(s->tsa.url, "http://") && !(str_starts(s->tsa.url, "https://") && s->tsa.ca))
                return why_say(why, GW_REJECT, "%s: [tsa] needs an http:// url, or https:// with ca", path);
        if (!settings_destination(s, "cabinet"))
                return why_say(why, GW_REJECT, "%s: there is no [destination cabinet]", path);
        if (s->console.enabled && !is_local_websocket(s->console.ncalayer))
                return why_say(why, GW_REJECT, "%s: [console] ncalayer is wss://127.0.0.1:PORT or wss://localhost:PORT", path);
        enum gw_rc rc = check_organisations(s, path, why);
        return rc == GW_OK ? check_revocation(s, path, why) : rc;
}

enum gw_rc settings_read(FILE *in, const char *path, struct settings **ret_settings, struct why *why)
{
        why->reason = REASON_CONFIGURATION;
        auto_settings struct settings *s = xcalloc(1, sizeof *s);
        enum gw_rc rc = conf_read(in, path, sections, GW_COUNT(sections), s, why);
        if (rc == GW_OK)
                rc = cross_check(s, path, why);
        if (rc != GW_OK)
                return rc;
        add_issuer(s);
        *ret_settings = gw_take(&s);
        return GW_OK;
}

enum gw_rc settings_load(const char *path, struct settings **ret_settings, struct why *why)
{
        why->reason = REASON_CONFIGURATION;
        FILE *in = fopen(path, "re");
        if (!in)
                return why_say(why, GW_REJECT, "%s: cannot be read", path);
        enum gw_rc rc = settings_read(in, path, ret_settings, why);
        fclose(in);
        return rc;
}

/* The lines of one section; the others are left blank, so that a mistake is told with its line. */
static void keep_section(struct span text, const char *header, struct buf *out)
{
        bool inside = false;
        for (size_t at = 0; at < text.n;) {
                const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
                size_t n = end ? (size_t)(end - text.p) - at + 1 : text.n - at;
                if (text.p[at] == '[')
                        inside = n >= strlen(header) && strncmp((const char *)text.p + at, header, strlen(header)) == 0;
                if (inside)
                        buf_add_span(out, span_of(text.p + at, n));
                else
                        buf_add_char(out, '\n');
                at += n;
        }
}

enum gw_rc settings_load_verify(const char *path, struct settings **ret_settings, struct why *why)
{
        static const struct conf_section section = SINGLE("verify", verify_keys);
        why->reason = REASON_CONFIGURATION;
        auto_buf struct buf text = BUF_LIMIT(SETTINGS_BYTES_MAX), kept = BUF_INIT;
        if (!text_read_file(path, &text))
                return why_say(why, GW_REJECT, "%s: cannot be read", path);
        keep_section(buf_span(&text), "[verify]", &kept);
        FILE *in = kept.n ? fmemopen(kept.p, kept.n, "r") : NULL;
        if (!in)
                return why_say(why, GW_REJECT, "%s: is empty", path);
        auto_settings struct settings *s = xcalloc(1, sizeof *s);
        enum gw_rc rc = conf_read(in, path, &section, 1, s, why);
        fclose(in);
        if (rc != GW_OK)
                return rc;
        add_issuer(s);
        *ret_settings = gw_take(&s);
        return GW_OK;
}

void settings_free(struct settings *settings)
{
        if (!settings)
                return;
        conf_free(sections, GW_COUNT(sections), settings);
        free(settings);
}

void settings_describe(FILE *out)
{
        conf_describe(out, sections, GW_COUNT(sections));
}

const struct sender_settings *settings_sender(const struct settings *settings, const char *id)
{
        for (size_t i = 0; i < settings->sender_count; i++)
                if (str_eq(settings->senders[i].id, id))
                        return &settings->senders[i];
        return NULL;
}

const struct destination_settings *settings_destination(const struct settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->destination_count; i++)
                if (str_eq(settings->destinations[i].name, name))
                        return &settings->destinations[i];
        return NULL;
}

const struct organisation_settings *settings_organisation(const struct settings *settings, const char *id)
{
        for (size_t i = 0; i < settings->organisation_count; i++)
                if (str_eq(settings->organisations[i].id, id))
                        return &settings->organisations[i];
        return NULL;
}

const struct organisation_settings *settings_organisation_of_bin(const struct settings *settings, const char *bin)
{
        for (size_t i = 0; i < settings->organisation_count; i++)
                if (str_eq(settings->organisations[i].bin, bin))
                        return &settings->organisations[i];
        return NULL;
}

char *settings_revocation_folder(const struct settings *settings)
{
        if (settings->revocation.folder)
                return xstrdup(settings->revocation.folder);
        const char *slash = strrchr(settings->store.path, '/');
        return slash ? xasprintf("%.*s/revocation", (int)(slash - settings->store.path), settings->store.path) : xstrdup("revocation");
}

bool settings_list_has(const char *list, const char *word)
{
        size_t n = word ? strlen(word) : 0;
        for (const char *p = list ? list : ""; n && *p;) {
                p += strspn(p, " ,");
                size_t length = strcspn(p, " ,");
                if (length == n && strncasecmp(p, word, n) == 0)
                        return true;
                p += length;
        }
        return false;
}
