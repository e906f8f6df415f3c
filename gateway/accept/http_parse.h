/* One HTTP/1.x request out of bytes, no sockets involved: feed it, look at its state, take the request, reset it.
 *
 * The head (request line and header lines) is gathered whole and scanned byte by byte before llhttp sees it, because even strict
 * llhttp lets folded lines pass; the request line is ours altogether, so that any method reaches the handler (405) and
 * none (CONNECT, PRI) changes the parser's mode. Header lines and body framing are llhttp's, strict, no leniency.
 * Private to gateway/accept and its tests. */
#ifndef GW_ACCEPT_HTTP_PARSE_H
#define GW_ACCEPT_HTTP_PARSE_H

#include <llhttp.h>

#include "gateway/accept/http_server.h"

enum http_parse_state {
        HTTP_PARSE_IDLE,    /* no byte of a request yet */
        HTTP_PARSE_HEAD,
        HTTP_PARSE_BODY,
        HTTP_PARSE_DONE,    /* the request is whole */
        HTTP_PARSE_REFUSED, /* `refused` is the status to answer; nothing after it can be trusted */
};

struct http_parser {
        const struct http_limits *limits;
        enum http_parse_state state;
        int refused;
        bool keep_alive;
        bool continue_expected; /* set once by the head when the peer waits for "100 Continue"; the reader clears it */
        bool head_method;       /* HEAD: answered like GET, without the body */
        /* The request's parts; offsets into head and target until the request is taken. */
        struct buf head, target, body;
        size_t method_n, query_at;
        struct http_header *headers; /* header_count_max of them */
        size_t header_count;
        bool http_1_0;
        /* Scanner of the head. */
        uint8_t last;
        size_t line_bytes;
        unsigned lines, blank_lines;
        /* llhttp and what guards it. */
        llhttp_t llhttp;
        bool head_done, complete, chunked;
        uint8_t tail[4];
        size_t framed_bytes, extension_bytes;
};

void http_parser_init(struct http_parser *parser, const struct http_limits *limits); /* limits are borrowed */
void http_parser_done(struct http_parser *parser);
/* For the next request; large buffers are given back. */
void http_parser_reset(struct http_parser *parser);
/* Returns how many bytes it took: all of them unless the request got whole or was refused. */
size_t http_parser_feed(struct http_parser *parser, struct span in);
/* Valid until reset. Peer and time are the caller's. */
void http_parser_request(struct http_parser *parser, struct http_request *ret_request);

#endif
