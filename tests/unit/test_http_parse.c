/* The request parser: every case is fed whole, byte by byte and in odd pieces, and must give the same verdict each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/accept/http_parse.h"

#define HOST "Host: gateway.test\r\n"
#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static const struct http_limits limits = {.header_bytes_max = 1024, .header_count_max = 8, .body_max = 64, .buffered_max = 4096};

struct good { const char *name, *in, *method, *path, *body, *rest; bool keep_alive, waits; };
static const struct good good[] = {
        {"plain get", "GET /a?b HTTP/1.1\r\n" HOST "\r\n", "GET", "/a", "", "", true, false},
        {"length", "POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "POST", "/a", "abc", "", true, false},
        {"length and more", "POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET", "POST", "/a", "abc", "GET", true, false},
        {"length zero", "POST /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\nX", "POST", "/a", "", "X", true, false},
        {"length with zeros before", "POST /a HTTP/1.1\r\n" HOST "Content-Length: 003\r\n\r\nabc", "POST", "/a", "abc", "", true, false},
        {"largest body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 64\r\n\r\n"
                         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "POST", "/",
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "", true, false},
        {"body on get", "GET /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "GET", "/a", "abc", "", true, false},
        {"chunked", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "POST", "/", "abcde", "", true, false},
        {"chunked, capitals", "POST / HTTP/1.1\r\n" HOST "TRANSFER-ENCODING: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\nX", "POST", "/",
         "0123456789", "X", true, false},
        {"chunked, empty", CHUNKED "0\r\n\r\nGET", "POST", "/", "", "GET", true, false},
        {"chunked, zeros before", CHUNKED "0003\r\nabc\r\n00\r\n\r\n", "POST", "/", "abc", "", true, false},
        {"chunk extension", CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n", "POST", "/", "abc", "", true, false},
        {"close", "GET / HTTP/1.1\r\n" HOST "Connection: Close\r\n\r\nGET", "GET", "/", "", "GET", false, false},
        {"close in a list", "GET / HTTP/1.1\r\n" HOST "Connection: te,close ,x\r\n\r\n", "GET", "/", "", "", false, false},
        {"not quite close", "GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", "GET", "/", "", "", true, false},
        {"1.0", "GET / HTTP/1.0\r\n\r\n", "GET", "/", "", "", false, false},
        {"1.0 asking to stay", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", "", "", false, false},
        {"1.0 with length", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "POST", "/", "x", "", false, false},
        {"1.0 with unknown expectation", "POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx", "POST", "/", "x", "", false, false},
        {"expect", "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", "POST", "/", "x", "", true, true},
        {"expect chunked", "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST", "/",
         "",
         "", true, true},
        {"expect without body", "GET / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n", "GET", "/", "", "", true, false},
        {"unknown method", "BREW /pot HTTP/1.1\r\n" HOST "\r\n", "BREW", "/pot", "", "", true, false},
        {"lower-case method is another method", "get / HTTP/1.1\r\n" HOST "\r\n", "get", "/", "", "", true, false},
        {"absolute form", "GET http://other.test/x?y HTTP/1.1\r\n" HOST "\r\n", "GET", "/x", "", "", true, false},
        {"connect to a path", "CONNECT /x HTTP/1.1\r\n" HOST "\r\nabc", "CONNECT", "/x", "", "abc", true, false},
        {"upgrade ignored", "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
         "GET", "/", "", "", true, false},
        {"upgrade ignored, body", "POST / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nabX", "POST",
         "/",
         "ab", "X", true, false},
        {"empty line before", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "GET", "/", "", "", true, false},
        {"host with port", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET", "/", "", "", true, false},
        {"blanks around a value", "GET / HTTP/1.1\r\nHost:\t gateway.test \t\r\nX-Empty:\r\nX-Blank:   \r\n\r\n", "GET", "/", "", "", true,
         false},
        {"bytes over 127 in a value", "GET / HTTP/1.1\r\n" HOST "X: \xd2\x9a\r\n\r\n", "GET", "/", "", "", true, false},
};

struct bad { const char *name, *in; int status; };
static const struct bad bad[] = {
        /* lines */
        {"bare lf", "GET / HTTP/1.1\n" HOST "\r\n", 400},
        {"bare lf in headers", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        {"bare lf at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        {"bare cr in a value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
        {"bare cr before the end", "GET / HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n", 400},
        {"cr alone as line end", "GET / HTTP/1.1\r" HOST "\r\r", 400},
        {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"folded by blank", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400},
        {"folded by tab", "GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", 400},
        {"folded first line", "GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n", 400},
        {"blank before request line", " GET / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"escape in a value", "GET / HTTP/1.1\r\n" HOST "X: \x1b[0m\r\n\r\n", 400},
        {"delete in a value", "GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 400},
        {"tls hello", "\x16\x03\x01\x02\x01\x01\x03\x03", 400},
        /* request line */
        {"no version", "GET /\r\n" HOST "\r\n", 400},
        {"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"two blanks before version", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400},
        {"tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
        {"blank in target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"blank after version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
        {"version 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"http/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"version 1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
        {"version 0.9", "GET / HTTP/0.9\r\n\r\n", 505},
        {"version 1.10", "GET / HTTP/1.10\r\n" HOST "\r\n", 400},
        {"version in small letters", "GET / http/1.1\r\n" HOST "\r\n", 400},
        {"other protocol", "GET / RTSP/1.1\r\n" HOST "\r\n", 400},
        {"method with colon", "GE:T / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"method of 33", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"no method", " / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"asterisk form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400},
        {"authority form", "CONNECT gateway.test:443 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"ftp target", "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 400},
        {"dot segments", "GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"encoded slash", "GET /a%2fb HTTP/1.1\r\n" HOST "\r\n", 400},
        /* header names */
        {"blank before colon", "GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400},
        {"tab before colon", "GET / HTTP/1.1\r\n" HOST "X\t: a\r\n\r\n", 400},
        {"blank in name", "GET / HTTP/1.1\r\n" HOST "X y: a\r\n\r\n", 400},
        {"no colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400},
        {"no name", "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400},
        {"name over 127", "GET / HTTP/1.1\r\n" HOST "\xd2\x9a: a\r\n\r\n", 400},
        {"name with parenthesis", "GET / HTTP/1.1\r\n" HOST "X(y): a\r\n\r\n", 400},
        {"length name with blank", "POST / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc", 400},
        /* host */
        {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"two hosts in 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
        {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"blank host", "GET / HTTP/1.1\r\nHost:  \r\n\r\n", 400},
        {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
        {"hosts in a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        /* length */
        {"two lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        {"two equal lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        {"list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3,3\r\n\r\nabc", 400},
        {"empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
        {"signed length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400},
        {"negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc", 400},
        {"hexadecimal length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc", 400},
        {"fractional length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3.0\r\n\r\nabc", 400},
        {"two numbers as length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3 4\r\n\r\nabc", 400},
        {"length over 64 bits", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551619\r\n\r\nabc", 400},
        {"too long", "POST / HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n", 413},
        {"much too long", "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999999999\r\n\r\n", 413},
        {"too long and expecting", "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 65\r\n\r\n", 413},
        /* transfer coding */
        {"length and chunked", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"chunked and length", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        {"gzip", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 400},
        {"gzip, chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
        {"chunked, gzip", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
        {"chunked twice", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
        {"chunked in two headers", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"identity", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 400},
        {"xchunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        {"quoted chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
        {"chunked with parameter", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400},
        {"empty coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n", 400},
        {"chunked in 1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        /* chunks */
        {"no size", CHUNKED "\r\nabc\r\n0\r\n\r\n", 400},
        {"size not hex", CHUNKED "g\r\nabc\r\n0\r\n\r\n", 400},
        {"size 0x", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", 400},
        {"negative size", CHUNKED "-3\r\nabc\r\n0\r\n\r\n", 400},
        {"signed size", CHUNKED "+3\r\nabc\r\n0\r\n\r\n", 400},
        {"blank before size", CHUNKED " 3\r\nabc\r\n0\r\n\r\n", 400},
        {"blank after size", CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 400},
        {"size over 64 bits", CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n", 400},
        {"lf after size", CHUNKED "3\nabc\r\n0\r\n\r\n", 400},
        {"cr and no lf after size", CHUNKED "3\rXabc\r\n0\r\n\r\n", 400},
        {"lf after data", CHUNKED "3\r\nabc\n0\r\n\r\n", 400},
        {"cr and no lf after data", CHUNKED "3\r\nabc\rX0\r\n\r\n", 400},
        {"nothing after data", CHUNKED "3\r\nabc0\r\n\r\n", 400},
        {"data longer than said", CHUNKED "3\r\nabcd\r\n0\r\n\r\n", 400},
        {"lf after last size", CHUNKED "3\r\nabc\r\n0\n\r\n", 400},
        {"lf at the very end", CHUNKED "3\r\nabc\r\n0\r\n\nGET", 400},
        {"lf in extension", CHUNKED "3;a\nb\r\nabc\r\n0\r\n\r\n", 400},
        {"lf in quoted extension", CHUNKED "3;a=\"\nb\"\r\nabc\r\n0\r\n\r\n", 400},
        {"trailer", CHUNKED "3\r\nabc\r\n0\r\nX: y\r\n\r\n", 400},
        {"length in trailer", CHUNKED "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n", 400},
        {"chunk over the limit", CHUNKED "41\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefX", 413},
        {"chunks over the limit", CHUNKED "20\r\n0123456789abcdef0123456789abcdef\r\n21\r\n0123456789abcdef0123456789abcdefX", 413},
        /* expectation */
        {"other expectation", "POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", 417},
        {"Content-Type twice", "POST / HTTP/1.1\r\n" HOST "Content-Type: text/xml\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\nx", 400},
        {"Idempotency-Key twice", "POST / HTTP/1.1\r\n" HOST "Idempotency-Key: a\r\nIdempotency-Key: a\r\nContent-Length: 1\r\n\r\nx", 400},
        {"expectation twice", "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\nx", 417},
        /* amounts */
        {"nine headers", "GET / HTTP/1.1\r\n" HOST "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nF: 1\r\nG: 1\r\nH: 1\r\n\r\n", 431},
};

/* Feeds in pieces of `step` bytes; the parser must take all of each piece until it is whole or refused. Returns what it took. */
static size_t feed(struct http_parser *p, struct span in, size_t step, bool *ret_waited)
{
        size_t at = 0;
        *ret_waited = false;
        while (at < in.n && p->state != HTTP_PARSE_DONE && p->state != HTTP_PARSE_REFUSED) {
                size_t n = in.n - at < step ? in.n - at : step;
                at += http_parser_feed(p, span_of(in.p + at, n));
                *ret_waited = *ret_waited || p->continue_expected;
        }
        return at;
}

static const size_t steps[] = {1, 2, 7, 100, 100000};

static void accepts(void **state)
{
        (void)state;
        struct http_parser p;
        http_parser_init(&p, &limits);
        for (size_t k = 0; k < GW_COUNT(good) * GW_COUNT(steps); k++) {
                const struct good *c = &good[k / GW_COUNT(steps)];
                bool waited = false;
                size_t taken = feed(&p, span_str(c->in), steps[k % GW_COUNT(steps)], &waited);
                if (p.state != HTTP_PARSE_DONE)
                        fail_msg("%s: not whole, state %d status %d", c->name, (int)p.state, p.refused);
                struct http_request request;
                http_parser_request(&p, &request);
                assert_string_equal(request.method, c->method);
                assert_string_equal(request.path, c->path);
                if (!span_eq_str(request.body, c->body) || p.keep_alive != c->keep_alive || waited != c->waits)
                        fail_msg("%s: body, keep-alive or expectation", c->name);
                assert_string_equal(c->in + taken, c->rest);
                http_parser_reset(&p); /* the next case is the connection's next request */
        }
        http_parser_done(&p);
}

static void refuses(void **state)
{
        (void)state;
        for (size_t k = 0; k < GW_COUNT(bad) * GW_COUNT(steps); k++) {
                const struct bad *c = &bad[k / GW_COUNT(steps)];
                struct http_parser p;
                bool waited = false;
                http_parser_init(&p, &limits);
                feed(&p, span_str(c->in), steps[k % GW_COUNT(steps)], &waited);
                if (p.state != HTTP_PARSE_REFUSED || p.refused != c->status)
                        fail_msg("%s (pieces of %zu): state %d, status %d, wanted %d", c->name, steps[k % GW_COUNT(steps)], (int)p.state,
                                 p.refused, c->status);
                if (waited)
                        fail_msg("%s: asked for the body of a refused request", c->name);
                http_parser_done(&p);
        }
}

static void gives_headers_in_lower_case_without_blanks(void **state)
{
        (void)state;
        struct http_parser p;
        struct http_request request;
        bool waited;
        http_parser_init(&p, &limits);
        feed(&p, span_str("POST /x?a=%20 HTTP/1.1\r\nHOST:gateway.test\r\nX-One:  a  b \t\r\nx-two:\r\nX-One: second\r\n\r\n"), 1000,
                &waited);
        http_parser_request(&p, &request);
        assert_string_equal(request.query, "a=%20");
        assert_int_equal(request.header_count, 4);
        assert_string_equal(http_request_header(&request, "host"), "gateway.test");
        assert_string_equal(http_request_header(&request, "x-one"), "a  b");
        assert_string_equal(http_request_header(&request, "x-two"), "");
        assert_null(http_request_header(&request, "x-three"));
        http_parser_done(&p);
}

/* NUL cannot stand in the tables of strings. */
static void refuses_nul(void **state)
{
        (void)state;
        static const char in[] = "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n";
        struct http_parser p;
        bool waited;
        http_parser_init(&p, &limits);
        feed(&p, span_of(in, sizeof(in) - 1), 3, &waited);
        assert_int_equal(p.refused, 400);
        http_parser_done(&p);
}

static void limits_the_head(void **state)
{
        (void)state;
        for (size_t n = 1020; n <= 1030; n++) {
                struct http_parser p;
                auto_buf struct buf in = BUF_INIT;
                bool waited;
                buf_add_str(&in, "GET / HTTP/1.1\r\n" HOST "X: ");
                while (in.n < n - 4)
                        buf_add_char(&in, 'a');
                buf_add_str(&in, "\r\n\r\n");
                http_parser_init(&p, &limits);
                feed(&p, buf_span(&in), n % 2 ? 1 : 4096, &waited);
                assert_int_equal(p.state, n <= 1024 ? HTTP_PARSE_DONE : HTTP_PARSE_REFUSED);
                assert_int_equal(p.refused, n <= 1024 ? 0 : 431);
                http_parser_done(&p);
        }
}

/* Framing that costs far more than it carries. */
static void limits_chunk_framing(void **state)
{
        (void)state;
        static const struct { const char *unit; unsigned count; } cases[] = {{";a", 5000}, {";a=\"b\"", 5000}, {"0", 100000}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct http_parser p;
                auto_buf struct buf in = BUF_INIT;
                bool waited;
                buf_add_str(&in, CHUNKED);
                buf_add_char(&in, cases[i].unit[0] == ';' ? '3' : '0');
                for (unsigned k = 0; k < cases[i].count; k++)
                        buf_add_str(&in, cases[i].unit);
                http_parser_init(&p, &limits);
                feed(&p, buf_span(&in), 512, &waited);
                assert_int_equal(p.refused, 400);
                http_parser_done(&p);
        }
}

static void an_empty_line_starts_nothing(void **state)
{
        (void)state;
        struct http_parser p;
        http_parser_init(&p, &limits);
        assert_int_equal(http_parser_feed(&p, span_str("\r\n")), 2);
        assert_int_equal(p.state, HTTP_PARSE_IDLE);
        http_parser_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts),
                cmocka_unit_test(refuses),
                cmocka_unit_test(gives_headers_in_lower_case_without_blanks),
                cmocka_unit_test(refuses_nul),
                cmocka_unit_test(limits_the_head),
                cmocka_unit_test(limits_chunk_framing),
                cmocka_unit_test(an_empty_line_starts_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
