/* The request parser: a request is the same however its bytes are cut into pieces. */
#include "gateway/accept/http_parse.h"
#include "tests/fuzz/fuzz.h"

static const struct http_limits limits = {.header_bytes_max = 1024, .header_count_max = 8, .body_max = 512, .buffered_max = 4096};

/* Feeds pieces of `piece` bytes (0: of 1, 2, 3 … bytes) until the request is whole or refused; appends what it is to out. */
static void parse(struct span in, size_t piece, struct buf *out)
{
        struct http_parser parser;
        size_t used = 0;
        http_parser_init(&parser, &limits);
        for (size_t turn = 1; used < in.n && parser.state != HTTP_PARSE_DONE && parser.state != HTTP_PARSE_REFUSED; turn++) {
                size_t n = piece ? piece : turn, rest = in.n - used;
                n = n < rest ? n : rest;
                /* A copy of its own size: reading behind it is an error that the sanitizer sees. */
                auto_str char *copy = span_dup(span_of(in.p + used, n));
                size_t took = http_parser_feed(&parser, span_of(copy, n));
                GW_ASSERT(took <= n && (took == n || parser.state == HTTP_PARSE_DONE || parser.state == HTTP_PARSE_REFUSED));
                used += took;
        }
        buf_printf(out, "%d %d %d|", (int)parser.state, parser.refused, parser.keep_alive && parser.state == HTTP_PARSE_DONE);
        if (parser.state == HTTP_PARSE_DONE) {
                struct http_request r;
                http_parser_request(&parser, &r);
                buf_printf(out, "%zu|%s|%s|%s|%zu|", used, r.method, r.path, r.query, r.body.n);
                for (size_t i = 0; i < r.header_count; i++)
                        buf_printf(out, "%s:%s|", r.headers[i].name, r.headers[i].value);
                buf_add_span(out, r.body);
                GW_ASSERT(r.path[0] == '/' && r.body.n <= limits.body_max && r.header_count <= limits.header_count_max);
        }
        http_parser_done(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const size_t pieces[] = {1, 2, 7, 0};
        auto_buf struct buf whole = BUF_INIT;
        parse(span_of(data, size), size ? size : 1, &whole);
        for (size_t i = 0; i < GW_COUNT(pieces); i++) {
                auto_buf struct buf cut = BUF_INIT;
                parse(span_of(data, size), pieces[i], &cut);
                GW_ASSERT(span_eq(buf_span(&whole), buf_span(&cut)));
        }
        return 0;
}
