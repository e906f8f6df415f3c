/* Parses one request: own strict scan of the head, llhttp for header lines and body framing, then RFC 9112's further rules. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/accept/http_parse.h"
#include "gateway/accept/http_path.h"
#include "gateway/base/text.h"

enum {
        METHOD_BYTES_MAX = 32,
        EXTENSION_BYTES_MAX = 4096,       /* chunk extensions of one request; nobody we know sends any */
        FRAMING_BYTES_FREE = 16 << 10,    /* chunk framing may be this long, plus … */
        FRAMING_PER_BODY_BYTE = 16,       /* … this much per byte of body (a one-byte chunk takes 5) */
        KEPT_BUFFER_MAX = 64 << 10,
};

static struct http_parser *parser_of(llhttp_t *llhttp)
{
        return llhttp->data;
}

static void refuse(struct http_parser *p, int status)
{
        if (p->state == HTTP_PARSE_REFUSED)
                return;
        p->state = HTTP_PARSE_REFUSED;
        p->refused = status;
}

/* Data callbacks may only answer 0 or -1; the status travels in the parser. */
static int refuse_in_callback(llhttp_t *llhttp, int status)
{
        refuse(parser_of(llhttp), status);
        return -1;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = parser_of(llhttp);
        if (p->head_done || n == 0) /* trailer fields: nothing we speak uses them, and they smuggle headers past checks */
                return refuse_in_callback(llhttp, 400);
        if (p->header_count == p->limits->header_count_max)
                return refuse_in_callback(llhttp, 431);
        p->headers[p->header_count++] = (struct http_header){.name = at, .value = at + n};
        return 0;
}

/* The head is fed in one piece, so each name and value comes whole. */
static int on_header_value(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = parser_of(llhttp);
        (void)n; /* it ends before CR LF, which terminate_headers() finds again */
        if (p->head_done || p->header_count == 0)
                return refuse_in_callback(llhttp, 400);
        p->headers[p->header_count - 1].value = at;
        return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
        parser_of(llhttp)->head_done = true;
        /* We never switch protocols (RFC 9110 7.8 lets a server ignore Upgrade; Java's client offers h2c on every plain POST). */
        llhttp->upgrade = 0;
        return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = parser_of(llhttp);
        buf_add(&p->body, at, n);
        return buf_failed(&p->body) ? refuse_in_callback(llhttp, 413) : 0;
}

static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = parser_of(llhttp);
        (void)at;
        p->extension_bytes += n + 1;
        return p->extension_bytes > EXTENSION_BYTES_MAX ? refuse_in_callback(llhttp, 400) : 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
        parser_of(llhttp)->complete = true;
        return HPE_PAUSED; /* what follows is the next request */
}

static const llhttp_settings_t settings = {
        .on_header_field = on_header_field,
        .on_header_value = on_header_value,
        .on_headers_complete = on_headers_complete,
        .on_body = on_body,
        .on_chunk_extension_name = on_chunk_extension,
        .on_chunk_extension_value = on_chunk_extension,
        .on_message_complete = on_message_complete,
};

void http_parser_init(struct http_parser *p, const struct http_limits *limits)
{
        *p = (struct http_parser){.limits = limits};
        p->head = p->target = (struct buf)BUF_LIMIT(limits->header_bytes_max);
        p->target.max += 2; /* its two NULs */
        p->body = (struct buf)BUF_LIMIT(limits->body_max);
        p->headers = xcalloc(limits->header_count_max ? limits->header_count_max : 1, sizeof(*p->headers));
}

void http_parser_done(struct http_parser *p)
{
        buf_done(&p->head);
        buf_done(&p->target);
        buf_done(&p->body);
        free(p->headers);
        p->headers = NULL;
}

void http_parser_reset(struct http_parser *p)
{
        struct http_parser old = *p;
        *p = (struct http_parser){.limits = old.limits, .head = old.head, .target = old.target, .body = old.body, .headers = old.headers};
        buf_reset(&p->head);
        buf_reset(&p->target);
        buf_reset(&p->body);
        if (p->body.cap > KEPT_BUFFER_MAX)
                buf_done(&p->body);
}

enum scan { SCAN_ON, SCAN_BLANK_LINE, SCAN_BAD };

/* Lines end in CR LF and nothing else; no control character, no folded line (RFC 9112 2.2, 5.2). */
static enum scan scan_byte(struct http_parser *p, uint8_t c)
{
        uint8_t last = p->last;
        p->last = c;
        if ((last == '\r') != (c == '\n'))
                return SCAN_BAD;
        if (c == '\r')
                return SCAN_ON;
        if (c == '\n') {
                bool blank = p->line_bytes == 0;
                p->line_bytes = 0;
                p->lines += !blank;
                return blank ? SCAN_BLANK_LINE : SCAN_ON;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f)
                return SCAN_BAD;
        if (p->line_bytes++ == 0 && (c == ' ' || c == '\t'))
                return SCAN_BAD;
        return SCAN_ON;
}

/* Moves bytes into p->head up to and including the blank line. */
static size_t gather_head(struct http_parser *p, struct span in, bool *ret_whole)
{
        size_t room = p->limits->header_bytes_max - p->head.n;
        size_t start = 0, i = 0;
        enum scan scan = SCAN_ON;
        while (i < in.n && i - start < room && scan == SCAN_ON) {
                scan = scan_byte(p, in.p[i++]);
                if (scan == SCAN_BLANK_LINE && p->lines == 0) { /* RFC 9112 2.2: one empty line before a request is forgiven */
                        scan = p->blank_lines++ == 0 ? SCAN_ON : SCAN_BAD;
                        buf_reset(&p->head);
                        room = p->limits->header_bytes_max;
                        start = i;
                }
        }
        buf_add(&p->head, in.p + start, i - start);
        *ret_whole = scan == SCAN_BLANK_LINE;
        if (scan == SCAN_BAD)
                refuse(p, 400);
        else if (!*ret_whole && p->head.n == p->limits->header_bytes_max)
                refuse(p, 431);
        return i;
}

static bool is_token(const uint8_t *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!isalnum(s[i]) && !strchr("!#$%&'*+-.^_`|~", s[i]))
                        return false;
        return n > 0;
}

/* method SP target SP "HTTP/1." ("0" | "1") CR LF, single spaces (RFC 9112 3). Returns its length, 0 when refused. */
static size_t parse_request_line(struct http_parser *p)
{
        uint8_t *line = p->head.p;
        uint8_t *end = memchr(line, '\r', p->head.n);
        uint8_t *first = memchr(line, ' ', (size_t)(end - line));
        uint8_t *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
        if (!second || first - line > METHOD_BYTES_MAX || !is_token(line, (size_t)(first - line)) || end - second != 9 ||
            memcmp(second + 1, "HTTP/", 5) != 0 || !isdigit(second[6]) || second[7] != '.' || !isdigit(second[8])) {
                refuse(p, 400);
                return 0;
        }
        if (second[6] != '1' || second[8] > '1') {
                refuse(p, 505);
                return 0;
        }
        if (!http_target_parse(span_of(first + 1, (size_t)(second - first - 1)), &p->target, &p->query_at)) {
                refuse(p, 400);
                return 0;
        }
        p->http_1_0 = second[8] == '0';
        p->method_n = (size_t)(first - line);
        p->head_method = span_eq_str(span_of(line, p->method_n), "HEAD");
        return (size_t)(end - line) + 2;
}

/* Turns the header lines, in place, into NUL-terminated lower-case names and values without outer blanks. */
static void terminate_headers(struct http_parser *p)
{
        uint8_t *head = p->head.p;
        for (size_t i = 0; i < p->header_count; i++) {
                struct http_header *h = &p->headers[i];
                uint8_t *name = head + ((const uint8_t *)h->name - head);
                uint8_t *colon = memchr(name, ':', (size_t)(head + p->head.n - name));
                uint8_t *value = head + ((const uint8_t *)h->value - head);
                uint8_t *end = memchr(colon, '\r', (size_t)(head + p->head.n - colon));
                if (value <= colon || value > end)
                        value = colon + 1;
                while (value < end && (*value == ' ' || *value == '\t'))
                        value++;
                while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                        end--;
                *colon = *end = '\0';
                for (uint8_t *c = name; c < colon; c++)
                        *c = (uint8_t)tolower(*c);
                h->value = (const char *)value;
        }
        head[p->method_n] = '\0';
}

/* Lets llhttp judge the header lines. Its request line is a constant: ours is already judged. */
static bool parse_header_lines(struct http_parser *p, size_t request_line_n)
{
        static const char line[2][18] = {"POST / HTTP/1.1\r\n", "POST / HTTP/1.0\r\n"};
        llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
        p->llhttp.data = p;
        llhttp_errno_t error = llhttp_execute(&p->llhttp, line[p->http_1_0], 17);
        if (error == HPE_OK)
                error = llhttp_execute(&p->llhttp, (const char *)p->head.p + request_line_n, p->head.n - request_line_n);
        if ((error != HPE_OK && error != HPE_PAUSED) || !p->head_done)
                refuse(p, 400);
        return p->state != HTTP_PARSE_REFUSED;
}

/* uri-host [":" port], nothing that a proxy in front could have read as another host (RFC 9112 3.2). */
static bool is_host(const char *value)
{
        size_t n = strlen(value);
        return n > 0 && n <= 261 && strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == n &&
               value[0] != ':';
}

static bool has_token(const char *list, const char *token)
{
        size_t n = strlen(token);
        for (const char *s = list; *s;) {
                s += strspn(s, ", \t");
                size_t length = strcspn(s, ", \t");
                if (length == n && strncasecmp(s, token, n) == 0)
                        return true;
                s += length;
        }
        return false;
}

struct framing { unsigned hosts, lengths, encodings, expects, types, keys; uint64_t length; };

/* Looks at one header that means something to the transport; false = 400. */
static bool note_header(struct http_parser *p, const struct http_header *h, struct framing *f)
{
        if (str_eq(h->name, "host"))
                return ++f->hosts == 1 && is_host(h->value);
        if (str_eq(h->name, "content-length"))
                return ++f->lengths == 1 && text_to_u64(h->value, 0, UINT64_MAX, &f->length);
        if (str_eq(h->name, "transfer-encoding"))
                return ++f->encodings == 1 && !p->http_1_0 && strcasecmp(h->value, "chunked") == 0;
        /* One value each (RFC 9110 8.3, 5.3): of two, a proxy in front may have believed the other. */
        if (str_eq(h->name, "content-type"))
                return ++f->types == 1;
        if (str_eq(h->name, "idempotency-key"))
                return ++f->keys == 1;
        if (str_eq(h->name, "connection") && has_token(h->value, "close"))
                p->keep_alive = false;
        if (str_eq(h->name, "expect") && !p->http_1_0) { /* RFC 9110 10.1.1: from HTTP/1.0 it is ignored */
                p->continue_expected = strcasecmp(h->value, "100-continue") == 0;
                f->expects += !p->continue_expected;
        }
        return true;
}

/* What llhttp leaves open. Its own refusals are repeated here, so that a change of parser changes nothing. */
static void judge_head(struct http_parser *p)
{
        struct framing f = {0};
        p->keep_alive = !p->http_1_0; /* HTTP/1.0 keep-alive was never specified well enough to be safe behind proxies */
        for (size_t i = 0; i < p->header_count; i++)
                if (!note_header(p, &p->headers[i], &f)) {
                        refuse(p, 400);
                        return;
                }
        if ((f.lengths && f.encodings) || (f.hosts == 0 && !p->http_1_0))
                refuse(p, 400);
        else if (f.expects)
                refuse(p, 417);
        else if (f.length > p->limits->body_max)
                refuse(p, 413);
        p->chunked = f.encodings == 1;
        p->continue_expected = p->continue_expected && !p->complete && p->state != HTTP_PARSE_REFUSED;
}

static void finish_head(struct http_parser *p)
{
        size_t request_line_n = parse_request_line(p);
        if (request_line_n == 0 || !parse_header_lines(p, request_line_n))
                return;
        terminate_headers(p);
        judge_head(p);
        if (p->state != HTTP_PARSE_REFUSED)
                p->state = p->complete ? HTTP_PARSE_DONE : HTTP_PARSE_BODY;
}

/* llhttp, even strict, ends a chunked body at "0 CR LF LF"; with trailers refused it must end in CR LF CR LF. */
static void note_tail(struct http_parser *p, struct span taken)
{
        for (size_t i = taken.n > 4 ? taken.n - 4 : 0; i < taken.n; i++) {
                memmove(p->tail, p->tail + 1, 3);
                p->tail[3] = taken.p[i];
        }
}

static bool framing_is_sane(const struct http_parser *p)
{
        return p->framed_bytes - p->body.n <= FRAMING_BYTES_FREE + FRAMING_PER_BODY_BYTE * p->body.n &&
               (!p->complete || memcmp(p->tail, "\r\n\r\n", 4) == 0);
}

static size_t feed_body(struct http_parser *p, struct span in)
{
        llhttp_errno_t error = llhttp_execute(&p->llhttp, (const char *)in.p, in.n);
        if (error != HPE_OK && error != HPE_PAUSED) {
                refuse(p, 400);
                return in.n;
        }
        size_t taken = error == HPE_PAUSED ? (size_t)(llhttp_get_error_pos(&p->llhttp) - (const char *)in.p) : in.n;
        p->framed_bytes += taken;
        if (p->chunked) {
                note_tail(p, span_of(in.p, taken));
                if (!framing_is_sane(p))
                        refuse(p, 400);
        }
        if (p->complete && p->state == HTTP_PARSE_BODY)
                p->state = HTTP_PARSE_DONE;
        return taken;
}

size_t http_parser_feed(struct http_parser *p, struct span in)
{
        size_t taken = 0;
        if (in.n == 0)
                return 0;
        if (p->state == HTTP_PARSE_IDLE)
                p->state = HTTP_PARSE_HEAD;
        if (p->state == HTTP_PARSE_HEAD) {
                bool whole = false;
                taken = gather_head(p, in, &whole);
                if (whole)
                        finish_head(p);
                else if (p->state == HTTP_PARSE_HEAD && p->head.n == 0 && p->last == '\n')
                        p->state = HTTP_PARSE_IDLE; /* the forgiven empty line starts no request (and no deadline) */
        }
        if (p->state == HTTP_PARSE_BODY && taken < in.n)
                taken += feed_body(p, span_of(in.p + taken, in.n - taken));
        return taken;
}

void http_parser_request(struct http_parser *p, struct http_request *ret_request)
{
        GW_ASSERT(p->state == HTTP_PARSE_DONE);
        *ret_request = (struct http_request){
                .method = (const char *)p->head.p,
                .path = (const char *)p->target.p,
                .query = (const char *)p->target.p + p->query_at,
                .headers = p->headers,
                .header_count = p->header_count,
                .body = buf_span(&p->body),
        };
}
