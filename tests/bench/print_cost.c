/* What a printed result costs: drawn, made PDF/A, signed, in this process.
 *
 *   print_cost PKI SERVICES RESULT.xml [SERVICE]   prints "name value" lines: microseconds of CPU of this thread (mean over REPEAT, best of several rounds), bytes */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/base/text.h"
#include "gateway/print/print.h"
#include "gateway/verify/verify.h"

#define ROUNDS 5
#define REPEAT 40

static double cpu_us(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static _Noreturn void fail(const struct why *why)
{
        fprintf(stderr, "print_cost: %s\n", why->detail);
        exit(1);
}

/* Each round's mean of both steps, the least of all rounds. */
static void measure(const struct print_request *request, const struct signing_key *key)
{
        double drawn = 1e12, signed_ = 1e12;
        size_t bytes = 0;
        struct why why = WHY_INIT;
        for (int round = 0; round < ROUNDS; round++) {
                double draw = 0, sign = 0;
                for (int i = 0; i < REPEAT; i++) {
                        auto_buf struct buf pdf = BUF_INIT;
                        double start = cpu_us();
                        if (print_document(request, &pdf, &why) != GW_OK)
                                fail(&why);
                        double between = cpu_us();
                        if (pdf_sign(&pdf, key, &why) != GW_OK)
                                fail(&why);
                        draw += between - start;
                        sign += cpu_us() - between;
                        bytes = pdf.n;
                }
                drawn = draw / REPEAT < drawn ? draw / REPEAT : drawn;
                signed_ = sign / REPEAT < signed_ ? sign / REPEAT : signed_;
        }
        printf("draw %.1f\nsign %.1f\nbytes %zu\n", drawn, signed_, bytes);
}

int main(int argc, char **argv)
{
        if (argc != 4 && argc != 5)
                return 2;
        verify_init();
        struct why why = WHY_INIT;
        struct catalogue *catalogue = NULL;
        struct signing_key *key = NULL;
        auto_buf struct buf xml = BUF_INIT;
        auto_str char *key_path = xasprintf("%s/keys/head-160640900019.key", argv[1]), *certificate = xasprintf("%s/certs/head-160640900019.pem", argv[1]);
        if (catalogue_open(argv[2], &catalogue, &why) != GW_OK || local_key_open(key_path, certificate, &key, &why) != GW_OK)
                fail(&why);
        GW_ASSERT(text_read_file(argv[3], &xml));
        struct print_layouts *layouts = NULL;
        if (print_layouts_new(&layouts, &why) != GW_OK)
                fail(&why);
        struct print_request request = {
                .layouts = layouts,
                .service = catalogue_find(catalogue, argc == 5 ? argv[4] : "TSA_CERT", wall_now()),
                .document = buf_span(&xml),
                .fonts = page_fonts_new("DejaVu Sans"),
                .check_url = "https://gateway.example.kz",
                .at = wall_now(),
                .room_for_signature = true,
        };
        measure(&request, key);
        page_fonts_free(request.fonts);
        print_layouts_free(layouts);
        local_key_close(key);
        catalogue_close(catalogue);
        return 0;
}
