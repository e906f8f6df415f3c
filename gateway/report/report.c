/* Reports of verdicts. */
#include "gateway/report/report.h"

#include <string.h>

#include "gateway/base/text.h"

void report_put(json_t *report, const char *name, const char *value)
{
        if (!value || !*value)
                return;
        json_t *text = json_string(value);
        json_object_set_new(report, name, text ? text : json_string("?"));
}

static void put_time(json_t *report, const char *name, struct wall_time t)
{
        char text[CLOCK_TEXT_MAX];
        if (t.ms != 0)
                report_put(report, name, clock_iso(t, text));
}

static void put_hex(json_t *report, const char *name, struct span bytes)
{
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, bytes);
        report_put(report, name, buf_cstr(&hex));
}

json_t *report_new(struct verifier *verifier, struct wall_time at)
{
        char policy[VERIFY_POLICY_ID_MAX];
        json_t *report = json_object();
        verifier_policy_id(verifier, policy);
        put_time(report, "at", at);
        report_put(report, "policy", policy);
        return report;
}

void report_verdict(json_t *report, enum gw_rc rc, const struct why *why)
{
        json_object_set_new(report, "valid", json_boolean(rc == GW_OK));
        report_put(report, "code", rc == GW_OK ? "OK" : reason_info(why->reason)->name);
        if (rc == GW_OK)
                return;
        struct reason_advice advice = reason_advice(why->reason);
        report_put(report, "explanation", reason_info(why->reason)->en);
        report_put(report, "detail", why->detail);
        report_put(report, "side", advice.side_name);
        report_put(report, "advice", advice.en);
}

/* ---- certificates ---- */

static json_t *role_list(unsigned roles)
{
        static const struct {
                unsigned bit;
                const char *name;
        } names[] = {
                {ROLE_INDIVIDUAL, "individual"}, {ROLE_LEGAL, "legal entity"}, {ROLE_HEAD, "head"},         {ROLE_SIGN_RIGHT, "right to sign"},
                {ROLE_FINANCE, "financial documents"}, {ROLE_HR, "personnel"}, {ROLE_EMPLOYEE, "employee"}, {ROLE_SYSTEM, "information system"},
        };
        json_t *list = json_array();
        for (size_t i = 0; i < GW_COUNT(names); i++)
                if (roles & names[i].bit)
                        json_array_append_new(list, json_string(names[i].name));
        return list;
}

static json_t *authority_report(X509 *x509)
{
        json_t *report = json_object();
        char subject[256] = "";
        uint8_t digest[32];
        unsigned n = 0;
        struct tm tm;
        X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, subject, sizeof subject);
        report_put(report, "subject", subject);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
        put_hex(report, "serial", span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
        if (X509_digest(x509, EVP_sha256(), digest, &n) == 1)
                put_hex(report, "sha256", span_of(digest, n));
        if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) == 1)
                put_time(report, "notAfter", (struct wall_time){(int64_t)timegm(&tm) * 1000});
        return report;
}

/* Leaf's issuer first, anchor last. */
static json_t *chain_report(struct verifier *verifier, const struct certificate *certificate)
{
        gw_auto(certificate_chain) struct certificate_chain *chain = verifier_chain(verifier, certificate);
        json_t *list = json_array();
        for (size_t i = 0; chain && i < chain->count; i++)
                json_array_append_new(list, authority_report(chain->issuers[i]));
        return list;
}

static const struct revocation_note *note_of(const struct revocation_record *record, const struct certificate *c)
{
        for (size_t i = 0; record && i < record->count; i++)
                if (span_eq(span_of(record->notes[i].certificate_sha256, 32), span_of(c->sha256, 32)))
                        return &record->notes[i];
        return NULL;
}

json_t *report_certificate(struct verifier *verifier, const struct certificate *c, const struct revocation_record *record)
{
        char masked[16];
        json_t *report = json_pack("{s:o}", "roles", role_list(c->roles));
        report_put(report, "iin", *c->iin ? text_mask_iin(c->iin, masked) : "");
        report_put(report, "bin", c->bin);
        report_put(report, "organisation", c->organisation);
        report_put(report, "system", c->roles & ROLE_SYSTEM ? c->common_name : "");
        report_put(report, "serial", c->serial);
        put_hex(report, "sha256", span_of(c->sha256, sizeof c->sha256));
        put_time(report, "notBefore", c->not_before);
        put_time(report, "notAfter", c->not_after);
        json_object_set_new(report, "keyBits", json_integer((json_int_t)c->key_bits));
        json_object_set_new(report, "chain", chain_report(verifier, c));
        const struct revocation_note *note = note_of(record, c);
        if (note)
                json_object_set_new(report, "revocation", report_revocation(note, wall_now()));
        return report;
}

void report_facts(json_t *signer, const struct signature_facts *facts)
{
        report_put(signer, "level", facts->level);
        report_put(signer, "algorithm", facts->algorithm);
        json_t *covered = json_array();
        for (size_t i = 0; i < facts->covered_count; i++)
                json_array_append_new(covered, json_pack("{s:s, s:s, s:s}", "what", facts->covered[i].what, "hash", facts->covered[i].hash, "digest", facts->covered[i].digest));
        json_object_set_new(signer, "covered", covered);
        put_time(signer, "claimedSigningTime", facts->signing_time);
        if (facts->stamped_at.ms == 0)
                return;
        json_t *stamp = json_object();
        put_time(stamp, "time", facts->stamped_at);
        report_put(stamp, "authority", facts->stamp_authority);
        report_put(stamp, "policy", facts->stamp_policy);
        json_object_set_new(signer, "timeStamp", stamp);
}

/* ---- revocation ---- */

json_t *report_revocation(const struct revocation_note *note, struct wall_time at)
{
        static const char *const answers[] = {"UNKNOWN", "GOOD", "BAD", "NOT_ASKED"}, *const sources[] = {"none", "OCSP", "CRL"};
        const struct revocation_status *s = &note->status;
        json_t *report = json_object(), *evidence = json_array();
        report_put(report, "answer", answers[s->answer]);
        report_put(report, "source", sources[s->source]);
        put_time(report, "thisUpdate", s->this_update);
        put_time(report, "nextUpdate", s->next_update);
        put_time(report, "producedAt", s->produced_at);
        put_time(report, "revokedAt", s->revoked_at);
        if (s->this_update.ms != 0)
                json_object_set_new(report, "ageSeconds", json_integer((at.ms - s->this_update.ms) / 1000));
        for (size_t i = 0; i < GW_COUNT(note->evidence) && note->evidence[i]; i++) {
                auto_buf struct buf hex = BUF_INIT;
                text_hex(&hex, span_of(note->evidence[i]->sha256, sizeof note->evidence[i]->sha256));
                json_array_append_new(evidence, json_string(buf_cstr(&hex)));
        }
        json_object_set_new(report, "evidence", evidence);
        return report;
}

json_t *report_revocations(const struct revocation_record *record, struct wall_time at)
{
        json_t *list = json_array();
        for (size_t i = 0; i < record->count; i++) {
                json_t *one = json_object();
                put_hex(one, "sha256", span_of(record->notes[i].certificate_sha256, 32));
                report_put(one, "serial", record->notes[i].serial);
                json_object_set_new(one, "revocation", report_revocation(&record->notes[i], at));
                json_array_append_new(list, one);
        }
        return list;
}
