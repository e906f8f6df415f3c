#include <stdlib.h>

#include "gateway/worker/revocation_conf.h"

bool revocation_is_asked(const struct settings *settings)
{
        return !str_eq(settings->revocation.mode, "off");
}

void revocation_settings_read(const struct settings *settings, struct revocation_settings *ret)
{
        const __typeof__(settings->revocation) *s = &settings->revocation;
        *ret = (struct revocation_settings){.folder = settings_revocation_folder(settings)};
        for (size_t i = 0; i < settings->authority_count; i++) {
                const struct authority_settings *a = &settings->authorities[i];
                ret->authorities[i] = (struct revocation_authority_conf){
                        .name = a->name,
                        .certificate = a->certificate,
                        .key_id = a->key_id,
                        .ocsp = a->ocsp,
                        .crl = a->crl,
                        .delta = a->delta,
                        .ocsp_sha1 = a->ocsp_sha1,
                        .nonce_required = str_eq(a->nonce, "required"),
                };
        }
        ret->conf = (struct revocation_conf){
                .ocsp = !str_eq(s->mode, "crl"),
                .crl = !str_eq(s->mode, "ocsp"),
                .folder = ret->folder,
                .age_max_ms = s->age_max_ms,
                .skew_ms = settings->verify.clock_skew_ms,
                .refresh_ms = s->refresh_ms,
                .keep_ms = s->keep_ms,
                .retry_first_ms = s->retry_first_ms,
                .retry_longest_ms = s->retry_longest_ms,
                .timeout_ms = (int)s->timeout_ms,
                .connect_timeout_ms = (int)s->connect_timeout_ms,
                .certificates_max = (size_t)s->certificates,
                .crl_bytes_max = (size_t)s->crl_bytes,
                .ocsp_per_second = (unsigned)s->ocsp_per_second,
                .urls_of_certificates = str_eq(s->urls, "certificate"),
                .hosts = s->hosts,
                .ca_file = s->ca,
                .authorities = ret->authorities,
                .authority_count = settings->authority_count,
        };
}

void revocation_settings_done(struct revocation_settings *settings)
{
        free(gw_take(&settings->folder));
}
