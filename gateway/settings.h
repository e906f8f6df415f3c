/* What an operator can set (conf/gateway.conf). Read-only after loading; passed down as const. */
#ifndef GW_SETTINGS_H
#define GW_SETTINGS_H

#include <stdio.h>

#include "gateway/base/why.h"

#define SETTINGS_LISTENERS_MAX 8
#define SETTINGS_SENDERS_MAX 64
#define SETTINGS_KEYS_MAX 8
#define SETTINGS_DESTINATIONS_MAX 16
#define SETTINGS_AUTHORITIES_MAX 32
#define SETTINGS_ORGANISATIONS_MAX 64
#define PUSH_ID_MAX 26               /* bytes of the id of an organisation that is told: names of destinations and messages hold it */

struct listener_settings {
        char *name, *address;
        int64_t port;              /* 0 = any free one, told in the run folder's file `listeners` */
        char *tls;                 /* off | on */
        char *clients;             /* client certificates: off | optional | required */
        char *certificate, *client_ca;
};
struct sender_settings {
        char *id;                  /* senderId */
        char *bin;                 /* BIN in the certificate's OU; and/or: */
        char *certificate_sha256;  /* fingerprints, hex, comma-separated */
        char *services;            /* service codes, comma-separated; empty = all */
        char *tls_sha256;          /* fingerprints of TLS client certificates for REST */
};
struct key_settings {
        char *id, *key, *certificate, *password_file, *pin_file, *module, *successor, *from;
};
struct destination_settings {
        char *name, *url, *service_id, *bin, *ca;
        int64_t timeout_ms, connect_timeout_ms, concurrency, failures_max, open_ms, open_ms_max;
};
struct authority_settings {
        char *name;
        char *certificate, *key_id;
        char *ocsp, *crl, *delta;  /* URLs, comma-separated */
        bool ocsp_sha1;
        char *nonce;               /* required | optional */
};
struct organisation_settings { /* whose people and systems work on requests: gateway/provider/ */
        char *id;
        char *bin;                 /* in the OU of its people's certificates */
        char *kind;                /* PROVIDER … */
        char *name_kk, *name_ru, *place_kk, *place_ru;
        char *services;            /* service codes, comma-separated; empty = all */
        char *kato;                /* places it is there for, comma-separated; empty = all */
        char *tls_sha256;          /* fingerprints of TLS client certificates of its own system */
        char *system_roles;        /* what that system may do */
        char *push;                /* off | shep | webhook; NULL (the issuer without a section): off */
        char *push_url, *push_ca, *push_service_id;
        int64_t push_timeout_ms, push_connect_timeout_ms, push_concurrency, push_failures_max, push_open_ms, push_open_ms_max;
};
struct settings {
        struct {
                char *run_folder, *user, *signer_user, *log_level, *services, *calendar, *trust, *sender_id, *system_key, *tls_key;
                char *staff;       /* NULL: nobody can log in but heads by their certificates */
                bool diagnose;
                int64_t loops, sync_wait_ms, drain_ms, inflight_max;
        } gateway;
        struct {
                char *bin, *name_kk, *name_ru, *note_kk, *note_ru;
        } issuer;
        struct {
                int64_t header_bytes, body_bytes, handshake_ms, header_ms, body_ms, idle_ms, connections, connections_per_peer;
        } http;
        struct {
                char *path;
                int64_t group, queue;
        } store;
        struct {
                int64_t clock_skew_ms, message_age_ms, message_future_ms;
                char *certificates;
                bool iin_check_digit, gost_2004, time_stamp_required, expired_with_time_stamp;
                int64_t time_stamp_age_days;
                char *time_stamp_policies, *certificate_policies;
        } verify;
        struct {
                int64_t first_ms, longest_ms, park_after;
        } retry;
        struct {
                int64_t count, file_bytes, total_bytes;
        } attachments;
        struct {
                bool keep;
                int64_t days, rows, message_bytes;
        } refusals;
        struct {
                char *mode;        /* off | crl | ocsp | both */
                char *unknown;     /* wait | refuse */
                char *folder;      /* NULL: "revocation" beside the store; settings_revocation_folder() */
                char *urls;        /* configured | certificate */
                char *hosts, *ca;
                int64_t age_max_ms, refresh_ms, keep_ms, retry_first_ms, retry_longest_ms, timeout_ms, connect_timeout_ms, certificates, crl_bytes, ocsp_per_second;
        } revocation;
        struct { /* url NULL: results are signed without XAdES and without time stamps */
                char *url, *ca, *policy, *digest;
                int64_t timeout_ms, connect_timeout_ms, concurrency, failures_max, open_ms, open_ms_max;
                bool required;
        } tsa;
        struct {
                char *font;
        } print;
        struct {
                bool enabled;
                char *url;         /* public address, NULL: none */
                int64_t per_minute;
        } check;
        struct {
                bool enabled;
                char *ncalayer;
        } console;
        struct {
                char *audience;    /* NULL: sender_id */
                char *secure;      /* auto | always */
                bool sign_certificates;
                int64_t challenge_s, idle_minutes, hours, sessions_max, failures_max, address_failures_max, challenges_per_minute, lock_s, lock_longest_s;
        } login;
        struct listener_settings listeners[SETTINGS_LISTENERS_MAX];
        struct sender_settings senders[SETTINGS_SENDERS_MAX];
        struct key_settings keys[SETTINGS_KEYS_MAX];
        struct destination_settings destinations[SETTINGS_DESTINATIONS_MAX];
        struct authority_settings authorities[SETTINGS_AUTHORITIES_MAX];
        struct organisation_settings organisations[SETTINGS_ORGANISATIONS_MAX + 1]; /* and the issuer, when no section has its BIN */
        size_t listener_count, sender_count, key_count, destination_count, authority_count, organisation_count;
};

/* Loads and cross-checks (keys named exist, a TLS listener has a certificate, …). CONFIGURATION with "file:line: …". */
GW_MUST_CHECK enum gw_rc settings_load(const char *path, struct settings **ret_settings, struct why *why);
/* The same from an open file; path is for messages and relative paths. */
GW_MUST_CHECK enum gw_rc settings_read(FILE *in, const char *path, struct settings **ret_settings, struct why *why);
/* Of a configuration its section [verify] alone, or of a file that holds nothing else; all other settings are zero. For judging by a gateway's rules elsewhere. */
GW_MUST_CHECK enum gw_rc settings_load_verify(const char *path, struct settings **ret_settings, struct why *why);
void settings_free(struct settings *settings);
GW_DEFINE_AUTO(settings, struct settings, settings_free)
#define auto_settings gw_auto(settings)
void settings_describe(FILE *out);
const struct sender_settings *settings_sender(const struct settings *settings, const char *id);
const struct destination_settings *settings_destination(const struct settings *settings, const char *name);
const struct organisation_settings *settings_organisation(const struct settings *settings, const char *id);
const struct organisation_settings *settings_organisation_of_bin(const struct settings *settings, const char *bin);
/* Is its system told of requests? */
bool settings_pushes(const struct organisation_settings *organisation);
bool settings_has_key(const struct settings *settings, const char *id);
/* The folder of answers; the caller frees. */
char *settings_revocation_folder(const struct settings *settings);
/* True when a comma-separated list holds the word. */
bool settings_list_has(const char *list, const char *word);

#endif
