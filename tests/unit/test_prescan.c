/* The byte-level pre-scan: what it lets through, and each thing it refuses with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/reason.h"
#include "gateway/xml/xml.h"

struct bytes_case {
        const char *name, *bytes;
        size_t n; /* 0: up to the NUL */
        int want;
};

static void check(const struct bytes_case *c, const struct xml_limits *limits)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = xml_prescan(span_of(c->bytes, c->n ? c->n : strlen(c->bytes)), limits, &why);
        int got = rc == GW_OK ? REASON_NONE : why.reason;
        if (got != c->want)
                fail_msg("%s: got %s (%s), want %s", c->name, reason_info(got)->name, why.detail, reason_info(c->want)->name);
}

static void accepts(void **state GW_UNUSED)
{
        static const struct bytes_case cases[] = {
                {"smallest", "<a/>", 0, REASON_NONE},
                {"BOM", "\xef\xbb\xbf<a/>", 0, REASON_NONE},
                {"declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='no'?>\n<a/>\n", 0, REASON_NONE},
                {"declaration without encoding", "<?xml version='1.0'?><a/>", 0, REASON_NONE},
                {"BOM and declaration", "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8' ?><a/>", 0, REASON_NONE},
                {"comments around", "<!-- a <b> --><a><!----></a><!-- -x- -->", 0, REASON_NONE},
                {"CDATA with markup", "<a><![CDATA[<!DOCTYPE x><?pi?></a>]]]]></a>", 0, REASON_NONE},
                {"'>' in a value", "<a b='>' c=\"'>\"></a>", 0, REASON_NONE},
                {"the other quote in a value", "<a b='\"' c=\"'\"/>", 0, REASON_NONE},
                {"blanks in tags", "<a\n b = '1'\t></a >", 0, REASON_NONE},
                {"Kazakh text", "<a>\xd2\xb0\xd0\xbb\xd1\x82\xd1\x82\xd1\x8b\xd2\x9b</a>", 0, REASON_NONE},
                {"'>' in text", "<a>1 > 0</a>", 0, REASON_NONE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                check(&cases[i], &xml_limits_default);
}

static void refuses(void **state GW_UNUSED)
{
        static const struct bytes_case cases[] = {
                {"nothing", "", 0, REASON_XML_NOT_WELL_FORMED},
                {"blanks only", " \n", 0, REASON_XML_NOT_WELL_FORMED},
                {"a comment only", "<!-- -->", 0, REASON_XML_NOT_WELL_FORMED},
                {"text before", "x<a/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"text after", "<a/>x", 0, REASON_XML_NOT_WELL_FORMED},
                {"two roots", "<a/><b/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"cut in a tag", "<a", 0, REASON_XML_NOT_WELL_FORMED},
                {"cut after a tag", "<a>", 0, REASON_XML_NOT_WELL_FORMED},
                {"cut in a value", "<a b='", 0, REASON_XML_NOT_WELL_FORMED},
                {"cut in a comment", "<a><!-- </a>", 0, REASON_XML_NOT_WELL_FORMED},
                {"cut in CDATA", "<a><![CDATA[</a>", 0, REASON_XML_NOT_WELL_FORMED},
                {"CDATA outside", "<![CDATA[x]]><a/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"-- in a comment", "<a><!-- a -- b --></a>", 0, REASON_XML_NOT_WELL_FORMED},
                {"one end tag too many", "<a></a></a>", 0, REASON_XML_NOT_WELL_FORMED},
                {"attribute without quotes", "<a b=1/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"attribute without value", "<a b/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"no blank between attributes", "<a b='1'c='2'/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"'<' in a value", "<a b='<!DOCTYPE'/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"'/' in a tag", "<a/ b='1'>", 0, REASON_XML_NOT_WELL_FORMED},
                {"blank before the name", "< a/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"NUL byte", "<a>\0</a>", 8, REASON_XML_NOT_WELL_FORMED},
                {"control character", "<a>\x0b</a>", 0, REASON_XML_NOT_WELL_FORMED},
                {"version 1.1", "<?xml version='1.1'?><a/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"declaration without version", "<?xml encoding='utf-8'?><a/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"declaration in disorder", "<?xml encoding='utf-8' version='1.0'?><a/>", 0, REASON_XML_NOT_WELL_FORMED},
                {"declaration cut", "<?xml version='1.0'><a/>", 0, REASON_XML_NOT_WELL_FORMED},

                {"UTF-16 LE with BOM", "\xff\xfe<\0a\0/\0>\0", 10, REASON_XML_ENCODING},
                {"UTF-16 BE with BOM", "\xfe\xff\0<\0a\0/\0>", 10, REASON_XML_ENCODING},
                {"UTF-16 LE", "<\0a\0/\0>\0", 8, REASON_XML_ENCODING},
                {"UTF-16 BE", "\0<\0a\0/\0>", 8, REASON_XML_ENCODING},
                {"UTF-32 BE", "\0\0\xfe\xff\0\0\0<", 8, REASON_XML_ENCODING},
                {"EBCDIC", "\x4c\x6f\xa7\x94", 0, REASON_XML_ENCODING},
                {"declared UTF-16", "<?xml version='1.0' encoding='UTF-16'?><a/>", 0, REASON_XML_ENCODING},
                {"declared windows-1251", "<?xml version='1.0' encoding='windows-1251'?><a/>", 0, REASON_XML_ENCODING},
                {"declared UTF-7", "<?xml version='1.0' encoding='UTF-7'?><a/>", 0, REASON_XML_ENCODING},
                {"overlong '<'", "<a>\xc0\xbc</a>", 0, REASON_XML_ENCODING},
                {"surrogate", "<a>\xed\xa0\x80</a>", 0, REASON_XML_ENCODING},
                {"beyond U+10FFFF", "<a>\xf4\x90\x80\x80</a>", 0, REASON_XML_ENCODING},
                {"cut character", "<a/>\xd0", 0, REASON_XML_ENCODING},

                {"DOCTYPE", "<!DOCTYPE a><a/>", 0, REASON_XML_DOCTYPE},
                {"DOCTYPE with entities", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", 0, REASON_XML_DOCTYPE},
                {"DOCTYPE in lower case", "<!doctype a><a/>", 0, REASON_XML_DOCTYPE},
                {"DOCTYPE inside", "<a><!DOCTYPE b></a>", 0, REASON_XML_DOCTYPE},
                {"ENTITY alone", "<a><!ENTITY x 'y'></a>", 0, REASON_XML_DOCTYPE},
                {"DOCTYPE after a comment that ends early", "<!-- --><!DOCTYPE a><!-- --><a/>", 0, REASON_XML_DOCTYPE},
                {"DOCTYPE after CDATA that ends early", "<a><![CDATA[]]><!DOCTYPE b>]]></a>", 0, REASON_XML_DOCTYPE},

                {"instruction", "<?php x?><a/>", 0, REASON_XML_PROCESSING_INSTRUCTION},
                {"stylesheet", "<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>", 0, REASON_XML_PROCESSING_INSTRUCTION},
                {"stylesheet at the start", "<?xml-stylesheet href='x'?><a/>", 0, REASON_XML_PROCESSING_INSTRUCTION},
                {"declaration not at the start", " <?xml version='1.0'?><a/>", 0, REASON_XML_PROCESSING_INSTRUCTION},
                {"second declaration", "<?xml version='1.0'?><?xml version='1.0'?><a/>", 0, REASON_XML_PROCESSING_INSTRUCTION},
                {"instruction inside", "<a><?x?></a>", 0, REASON_XML_PROCESSING_INSTRUCTION},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                check(&cases[i], &xml_limits_default);
}

static void add_times(struct buf *out, const char *text, size_t times)
{
        for (size_t i = 0; i < times; i++)
                buf_add_str(out, text);
}

static int reason_of(struct buf *bytes, const struct xml_limits *limits)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = xml_prescan(buf_span(bytes), limits, &why);
        buf_done(bytes);
        return rc == GW_OK ? REASON_NONE : why.reason;
}

static int depth(size_t levels)
{
        struct buf b = BUF_INIT;
        add_times(&b, "<a>", levels);
        add_times(&b, "</a>", levels);
        return reason_of(&b, &xml_limits_default);
}

static int elements(size_t count)
{
        struct buf b = BUF_INIT;
        buf_add_str(&b, "<a>");
        add_times(&b, "<b/>", count - 1);
        buf_add_str(&b, "</a>");
        return reason_of(&b, &xml_limits_default);
}

static int attributes(size_t count)
{
        struct buf b = BUF_INIT;
        buf_add_str(&b, "<a");
        for (size_t i = 0; i < count; i++)
                buf_printf(&b, " a%zu=''", i);
        buf_add_str(&b, "/>");
        return reason_of(&b, &xml_limits_default);
}

/* Spread over elements: the limit is for the document, since canonicalisation suffers from their sum. */
static int namespaces(size_t count)
{
        struct buf b = BUF_INIT;
        buf_add_str(&b, "<a xmlns='urn:0'>");
        for (size_t i = 1; i < count; i++)
                buf_printf(&b, "<b xmlns:n%zu = 'urn:%zu'/>", i, i);
        buf_add_str(&b, "</a>");
        return reason_of(&b, &xml_limits_default);
}

static void limits(void **state GW_UNUSED)
{
        assert_int_equal(depth(64), REASON_NONE);
        assert_int_equal(depth(65), REASON_XML_TOO_DEEP);
        assert_int_equal(elements(5000), REASON_NONE);
        assert_int_equal(elements(5001), REASON_XML_TOO_COMPLEX);
        assert_int_equal(attributes(32), REASON_NONE);
        assert_int_equal(attributes(33), REASON_XML_TOO_COMPLEX);
        assert_int_equal(namespaces(24), REASON_NONE);
        assert_int_equal(namespaces(25), REASON_XML_TOO_COMPLEX);

        struct xml_limits small = xml_limits_default;
        small.bytes_max = 10;
        struct bytes_case ten = {"ten bytes", "<a>xxx</a>", 0, REASON_NONE}, eleven = {"eleven bytes", "<a>xxxx</a>", 0, REASON_XML_TOO_COMPLEX};
        check(&ten, &small);
        check(&eleven, &small);
}

/* Every prefix of a good document is refused, and read only within its bounds (the copy is exactly as long as the prefix). */
static void every_prefix(void **state GW_UNUSED)
{
        static const char whole[] = "<?xml version='1.0'?><a b='1'><!-- c --><![CDATA[d]]>\xd2\xb0</a>";
        for (size_t n = 1; n < sizeof whole - 1; n++) {
                uint8_t *copy = xmalloc(n);
                memcpy(copy, whole, n);
                struct why why = WHY_INIT;
                assert_int_equal(xml_prescan(span_of(copy, n), &xml_limits_default, &why), GW_REJECT);
                assert_int_not_equal(why.reason, REASON_NONE);
                free(copy);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts), cmocka_unit_test(refuses), cmocka_unit_test(limits), cmocka_unit_test(every_prefix),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
