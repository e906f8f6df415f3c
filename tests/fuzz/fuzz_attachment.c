/* From bytes to the files beside an application: as SHEP's data and as REST's JSON bring them, and what each of them is taken for. */
#include <stdlib.h>
#include <string.h>

#include "gateway/reason.h"
#include "gateway/soap/package.h"
#include "gateway/worker/submission.h"
#include "gateway/xml/xml.h"
#include "tests/fuzz/fuzz.h"

static const struct attachment_limits limits = {.count = 8, .bytes = 4096, .total_bytes = 16384};

/* What the applicant would have signed of these very files. */
static void list_of(const struct attachment *files, size_t count, struct attachment_listed listed[ATTACHMENTS_MAX])
{
        for (size_t i = 0; i < count; i++) {
                listed[i] = (struct attachment_listed){.name = xstrdup(files[i].name), .document = xstrdup("D1"), .size = files[i].bytes.n};
                text_sha256(buf_span(&files[i].bytes), listed[i].sha256);
        }
}

/* Accepted files are each what their name says, within the limits, each once. */
static void check_match(const struct attachment *files, size_t count)
{
        struct attachment_listed listed[ATTACHMENTS_MAX] = {0};
        size_t order[ATTACHMENTS_MAX], total = 0;
        bool used[ATTACHMENTS_MAX] = {false};
        struct why why = WHY_INIT;
        list_of(files, count, listed);
        enum gw_rc rc = attachments_match(listed, count, files, count, &limits, order, &why);
        GW_ASSERT(rc == GW_OK || (rc == GW_REJECT && str_starts(reason_info(why.reason)->name, "ATTACHMENT_")));
        for (size_t i = 0; rc == GW_OK && i < count; i++) {
                const struct attachment *file = &files[order[i]];
                const char *type = attachment_type(buf_span(&file->bytes));
                GW_ASSERT(!used[order[i]] && type && attachment_name_usable(file->name) && attachment_name_fits(file->name, type));
                GW_ASSERT(file->bytes.n <= limits.bytes && (total += file->bytes.n) <= limits.total_bytes);
                used[order[i]] = true;
        }
        GW_ASSERT(rc != GW_OK || count <= limits.count);
        if (count) { /* one byte more than was signed */
                listed[0].sha256[0] ^= 1;
                why = (struct why)WHY_INIT;
                GW_ASSERT(attachments_match(listed, count, files, count, &limits, order, &why) == GW_REJECT);
        }
        for (size_t i = 0; i < count; i++)
                attachment_listed_done(&listed[i]);
}

static void files_done(struct attachment *files, size_t count)
{
        for (size_t i = 0; i < count; i++)
                attachment_done(&files[i]);
        free(files);
}

static void try_package(struct span bytes)
{
        auto_xmldoc xmlDoc *document = NULL;
        struct why why = WHY_INIT;
        if (xml_read(bytes, &xml_limits_default, &document, &why) != GW_OK)
                return;
        const xmlNode *application = NULL;
        struct attachment *files = NULL;
        size_t count = 0;
        enum gw_rc rc = package_read(xmlDocGetRootElement(document), &application, &files, &count, &why);
        GW_ASSERT(count <= ATTACHMENTS_MAX && (rc == GW_OK ? application != NULL : rc == GW_REJECT && why.reason == REASON_DATA_FORM));
        if (rc == GW_OK)
                check_match(files, count);
        files_done(files, count);
}

static void try_submission(struct span bytes)
{
        struct submission submission;
        struct why why = WHY_INIT;
        enum gw_rc rc = submission_read(SUBMISSION_JSON, bytes, &submission, &why);
        GW_ASSERT(submission.file_count <= ATTACHMENTS_MAX && (rc == GW_OK || (rc == GW_REJECT && why.reason != REASON_NONE && text_is_utf8(span_str(why.detail)))));
        if (rc == GW_OK) {
                GW_ASSERT((submission.xml.p != NULL) != (submission.cms.p != NULL));
                check_match(submission.files, submission.file_count);
        }
        submission_done(&submission);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct span bytes = span_of(data, size);
        xml_init();
        attachment_type(bytes);
        if (size && data[0] == '{')
                try_submission(bytes);
        else
                try_package(bytes);
        return 0;
}
