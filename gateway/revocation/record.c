/* What one verification was told about revocation, by thread. */
#include <stdio.h>
#include <string.h>

#include "gateway/revocation/record.h"

static _Thread_local struct revocation_record *recording;

void revocation_record_begin(struct revocation_record *record, bool defer)
{
        GW_ASSERT(!recording);
        *record = (struct revocation_record){.defer = defer};
        recording = record;
}

void revocation_record_end(void)
{
        recording = NULL;
}

void revocation_record_done(struct revocation_record *record)
{
        for (size_t i = 0; i < record->count; i++)
                for (size_t k = 0; k < GW_COUNT(record->notes[i].evidence); k++)
                        evidence_unref(record->notes[i].evidence[k]);
        *record = (struct revocation_record){0};
}

static struct revocation_note *note_of(struct revocation_record *record, const struct certificate *certificate)
{
        for (size_t i = 0; i < record->count; i++)
                if (span_eq(span_of(record->notes[i].certificate_sha256, 32), span_of(certificate->sha256, 32)))
                        return &record->notes[i];
        return record->count < REVOCATION_RECORD_MAX ? &record->notes[record->count++] : NULL;
}

void record_note(const struct certificate *certificate, struct revocation_evidence *const evidence[2], struct revocation_status *status)
{
        struct revocation_note *note = recording ? note_of(recording, certificate) : NULL;
        if (!note)
                return;
        for (size_t k = 0; k < GW_COUNT(note->evidence); k++) {
                evidence_unref(note->evidence[k]);
                note->evidence[k] = evidence_ref(evidence[k]);
        }
        memcpy(note->certificate_sha256, certificate->sha256, sizeof note->certificate_sha256);
        snprintf(note->serial, sizeof note->serial, "%s", certificate->serial);
        note->status = *status;
        if (status->answer != REVOCATION_UNKNOWN || !recording->defer)
                return;
        recording->unknown = true;
        status->answer = REVOCATION_NOT_ASKED;
}
