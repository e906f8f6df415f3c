/* What anybody may show for checking: contents of QR codes, a ZIP in them, the outside of a PDF, a browser's form. What is read lies within the input; a PDF whose signature is
 * found is covered whole; nothing unpacks to more than it may. */
#include <string.h>

#include "gateway/check/form.h"
#include "gateway/print/barcode.h"
#include "gateway/print/pdf.h"
#include "gateway/print/zip.h"
#include "gateway/reason.h"
#include "tests/fuzz/fuzz.h"

#define UNPACKED_MAX ((size_t)1 << 16)

static void codes(struct span in)
{
        struct why why = WHY_INIT;
        auto_buf struct buf document = BUF_INIT, unpacked = BUF_LIMIT(UNPACKED_MAX);
        if (barcodes_join(in, &document, &why) != GW_OK)
                GW_ASSERT((why.reason == REASON_QR_MALFORMED || why.reason == REASON_QR_INCOMPLETE) && !document.n);
        GW_ASSERT(document.n <= BARCODE_DOCUMENT_MAX);
        gw_ignore(barcode_looks_like(in));
        if (zip_one_read(in, &unpacked))
                GW_ASSERT(unpacked.n <= UNPACKED_MAX);
}

static void pdf(struct span in)
{
        struct why why = WHY_INIT;
        auto_buf struct buf cms = BUF_INIT, covered = BUF_INIT;
        gw_ignore(pdf_looks_like(in));
        if (pdf_signature(in, &cms, &covered, &why) != GW_OK)
                GW_ASSERT(why.reason == REASON_PDF_NOT_SIGNED);
        else
                GW_ASSERT(cms.n > 0 && covered.n + 2 * cms.n + 2 <= in.n);
}

static void form(struct span in)
{
        char value[16];
        struct span part;
        if (form_value(in, "iin", value, sizeof value))
                GW_ASSERT(*value && strlen(value) < sizeof value);
        if (form_part(in, "multipart/form-data; boundary=b0", &part))
                GW_ASSERT(part.n > 0 && part.p >= in.p && part.p + part.n <= in.p + in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = span_of(data, size);
        codes(in);
        pdf(in);
        form(in);
        return 0;
}
