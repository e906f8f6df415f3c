/* Reading, lookups, canonical forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/reason.h"
#include "gateway/xml/xml.h"

static xmlDoc *read_text(const char *text)
{
        xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        enum gw_rc rc = xml_read(span_str(text), &xml_limits_default, &doc, &why);
        if (rc != GW_OK)
                fail_msg("%s: %s", text, why.detail);
        return doc;
}

static void reads(void **state GW_UNUSED)
{
        static const char *const good[] = {
                "<a/>",
                "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8' standalone='yes'?><a xmlns='urn:x' xmlns:y='http://y/'><y:b y:c='1' c='2'/></a>",
                "<a>&amp;&lt;&gt;&quot;&apos;&#13;&#x4B0;</a>",
                "<a xmlns='urn:x'><b xmlns=''/></a>",
                "<a xml:lang='kk' xml:space='preserve'/>",
                "<?xml version='1.0' encoding='us-ascii'?><a/>",
        };
        for (size_t i = 0; i < GW_COUNT(good); i++) {
                auto_xmldoc xmlDoc *doc = read_text(good[i]);
                assert_non_null(xmlDocGetRootElement(doc));
        }
}

static void refuses(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *text, *want_detail;
                int want;
        } cases[] = {
                {"undeclared prefix", "<x:a/>", "undeclared prefix", REASON_XML_NAMESPACE},
                {"undeclared prefix of an attribute", "<a x:b=''/>", "undeclared prefix", REASON_XML_NAMESPACE},
                {"relative namespace URI", "<a xmlns='x'/>", "relative namespace URI", REASON_XML_NAMESPACE},
                {"relative namespace URI of a prefix", "<a><b xmlns:y='../y'/></a>", "relative namespace URI", REASON_XML_NAMESPACE},
                {"a reference in a namespace URI, which libxml2 would leave as it is", "<a xmlns:y='urn:y?a&amp;b'/>", "a reference", REASON_XML_NAMESPACE},
                {"a letter of a namespace URI in disguise", "<a xmlns='urn:&#x79;'/>", "a reference", REASON_XML_NAMESPACE},
                {"ill-formed namespace URI", "<a xmlns:y='http://[y'/>", "ill-formed namespace URI", REASON_XML_NAMESPACE},
                {"prefix undeclared again", "<a xmlns:y='urn:y'><b xmlns:y=''/></a>", "", REASON_XML_NAMESPACE},
                {"duplicate attribute", "<a b='1' b='2'/>", "duplicate attribute", REASON_XML_NOT_WELL_FORMED},
                {"duplicate by namespace", "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>", "duplicate attribute", REASON_XML_NAMESPACE},
                {"two colons", "<a:b:c xmlns:a='urn:a'/>", "", REASON_XML_NAMESPACE},
                {"undeclared entity", "<a>&x;</a>", "undeclared entity", REASON_XML_NOT_WELL_FORMED},
                {"bare ampersand", "<a>&</a>", "", REASON_XML_NOT_WELL_FORMED},
                {"forbidden character reference", "<a>&#0;</a>", "", REASON_XML_NOT_WELL_FORMED},
                {"mismatched tags", "<a><b></a></b>", "mismatched tags", REASON_XML_NOT_WELL_FORMED},
                {"]]> in text", "<a>]]></a>", "", REASON_XML_NOT_WELL_FORMED},
                {"a digit begins a name", "<1a/>", "", REASON_XML_NOT_WELL_FORMED},
                {"U+FFFF", "<a>\xef\xbf\xbf</a>", "", REASON_XML_NOT_WELL_FORMED},
                {"wrong binding of xml", "<a xmlns:xml='urn:x'/>", "", REASON_XML_NAMESPACE},
                {"xmlns bound", "<a xmlns:xmlns='urn:x'/>", "", REASON_XML_NAMESPACE},
                {"xml's namespace under another prefix", "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>", "", REASON_XML_NAMESPACE},
                {"xml's namespace as the default", "<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "", REASON_XML_NAMESPACE},
                {"xmlns's namespace as the default", "<a xmlns='http://www.w3.org/2000/xmlns/'/>", "", REASON_XML_NAMESPACE},
                {"xmlns's namespace under a prefix", "<a xmlns:x='http://www.w3.org/2000/xmlns/'/>", "", REASON_XML_NAMESPACE},
                {"xmlns as a prefix", "<xmlns:a/>", "undeclared prefix", REASON_XML_NAMESPACE},
                {"a name begins with a colon", "<:a/>", "", REASON_XML_NAMESPACE},
                {"a name ends with a colon", "<a:/>", "", REASON_XML_NAMESPACE},
                {"an attribute begins with a colon", "<a :b=''/>", "", REASON_XML_NAMESPACE},
                {"an empty prefix is declared", "<a xmlns:='urn:x'/>", "", REASON_XML_NAMESPACE},
                {"a prefix that is no name", "<a xmlns:1='urn:x'/>", "", REASON_XML_NAMESPACE},
                {"a local name that is no name", "<x:1 xmlns:x='urn:x'/>", "", REASON_XML_NAMESPACE},
                {"namespace with a blank", "<a xmlns='a b'/>", "ill-formed namespace URI", REASON_XML_NAMESPACE},
                {"namespace of a fragment", "<a xmlns='#x'/>", "relative namespace URI", REASON_XML_NAMESPACE},
                {"namespace without a scheme", "<a xmlns='//x/y'/>", "relative namespace URI", REASON_XML_NAMESPACE},
                {"default namespace twice", "<a xmlns='urn:x' xmlns='urn:y'/>", "duplicate attribute", REASON_XML_NOT_WELL_FORMED},
                {"xml:id twice", "<a xml:id='i'><b xml:id='i'/></a>", "xml:id is repeated", REASON_XML_NOT_WELL_FORMED},
                {"xml:id is a number", "<a xml:id='1'/>", "xml:id is not a name", REASON_XML_NOT_WELL_FORMED},
                {"reference to a surrogate", "<a>&#xD800;</a>", "", REASON_XML_NOT_WELL_FORMED},
                {"reference beyond Unicode", "<a>&#x110000;</a>", "", REASON_XML_NOT_WELL_FORMED},
                {"reference that overflows to a letter", "<a>&#4294967361;</a>", "", REASON_XML_NOT_WELL_FORMED},
                {"DOCTYPE", "<!DOCTYPE a><a/>", "", REASON_XML_DOCTYPE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                xmlDoc *doc = NULL;
                struct why why = WHY_INIT;
                enum gw_rc rc = xml_read(span_str(cases[i].text), &xml_limits_default, &doc, &why);
                if (rc != GW_REJECT || why.reason != cases[i].want || !strstr(why.detail, cases[i].want_detail))
                        fail_msg("%s: got %d %s (%s)", cases[i].name, rc, reason_info(why.reason)->name, why.detail);
                assert_null(doc);
        }
}

/* What libxml2 says quotes the message; our detail must not (I8). */
static void detail_quotes_nothing(void **state GW_UNUSED)
{
        xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        gw_ignore(xml_read(span_str("<a><i850412390011:b/></a>"), &xml_limits_default, &doc, &why));
        assert_null(strstr(why.detail, "8504"));
}

static void lookups(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *doc = read_text("<r xmlns:n='urn:n'> <!-- c --><a>1</a><n:a>2</n:a><a>3</a><e><f/></e>"
                                            "<t n:k='N' k='P'> x<!-- y --><![CDATA[<]]>&#13; </t><z/></r>");
        const xmlNode *root = xmlDocGetRootElement(doc);
        unsigned count = 0;
        assert_true(xml_is(root, NULL, "r"));
        assert_false(xml_is(root, "urn:n", "r"));
        assert_false(xml_is(NULL, NULL, "r"));
        assert_ptr_equal(xml_child(root, NULL, "a"), xml_first_element(root));
        assert_true(xml_is(xml_child(root, "urn:n", "a"), "urn:n", "a"));
        assert_ptr_equal(xml_next_element(xml_first_element(root)), xml_child(root, "urn:n", "a"));
        assert_non_null(xml_child_counted(root, NULL, "a", &count));
        assert_int_equal(count, 2);
        assert_null(xml_child_counted(root, NULL, "none", &count));
        assert_int_equal(count, 0);
        auto_str char *two = xml_child_text(root, "urn:n", "a"), *none = xml_child_text(root, NULL, "none");
        auto_str char *elements = xml_child_text(root, NULL, "e"), *text = xml_child_text(root, NULL, "t"), *empty = xml_child_text(root, NULL, "z");
        assert_string_equal(two, "2");
        assert_null(none);
        assert_null(elements);
        assert_string_equal(text, "x<");
        assert_string_equal(empty, "");
        auto_str char *plain = xml_attribute(xml_child(root, NULL, "t"), NULL, "k"), *spaced = xml_attribute(xml_child(root, NULL, "t"), "urn:n", "k");
        auto_str char *missing = xml_attribute(xml_child(root, NULL, "t"), "urn:other", "k");
        assert_string_equal(plain, "P");
        assert_string_equal(spaced, "N");
        assert_null(missing);
}

static const xmlNode *find(const xmlNode *node, const char *name)
{
        if (str_eq((const char *)node->name, name))
                return node;
        for (const xmlNode *child = xml_first_element(node); child; child = xml_next_element(child)) {
                const xmlNode *found = find(child, name);
                if (found)
                        return found;
        }
        return NULL;
}

/* An application embedded as child XML comes out as the document it was, whatever was in scope around it. */
static void subtree_is_the_former_document(void **state GW_UNUSED)
{
        static const char *const alone[] = {
                "<app><iin>1</iin></app>",
                "<app xmlns=\"urn:a\"><iin xmlns=\"\">1</iin></app>",
                "<p:app xmlns:p=\"urn:p\" xmlns:unused=\"urn:u\" b=\"&lt;\"><p:iin p:x=\"1\">\xd2\xb0&amp;</p:iin></p:app>",
                "<app xmlns:soap=\"urn:mine\"><soap:x/></app>",
        };
        for (size_t i = 0; i < GW_COUNT(alone); i++) {
                auto_str char *embedded = xasprintf("<soap:E xmlns:soap='urn:soap' xmlns:o='urn:o'><soap:B o:k='1'><data>%s</data></soap:B></soap:E>", alone[i]);
                auto_xmldoc xmlDoc *doc = read_text(embedded);
                auto_xmldoc xmlDoc *taken = xml_subtree_doc(find(xmlDocGetRootElement(doc), "app"));
                auto_buf struct buf got = BUF_INIT, want = BUF_INIT;
                auto_xmldoc xmlDoc *once = read_text(alone[i]);
                assert_true(xml_c14n(taken, &got));
                assert_true(xml_c14n(once, &want));
                assert_string_equal(buf_cstr(&got), buf_cstr(&want));
        }
}

static void subtree_declares_what_it_uses(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *doc = read_text("<e xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q' xmlns:r='urn:r'><app><p:x q:y='1'/></app></e>");
        auto_xmldoc xmlDoc *taken = xml_subtree_doc(find(xmlDocGetRootElement(doc), "app"));
        auto_buf struct buf got = BUF_INIT;
        assert_true(xml_c14n(taken, &got));
        assert_string_equal(buf_cstr(&got), "<app xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><p:x q:y=\"1\"></p:x></app>");
}

static void canonical_forms(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *doc = read_text("<?xml version='1.0'?>\n<!--c--><n:r xmlns:n='urn:n' xmlns:m='urn:m'><b z='1' a=\"x&#9;\"/><!--d--><m:c>t&#13;</m:c></n:r>");
        auto_buf struct buf whole = BUF_INIT, exclusive = BUF_INIT, inclusive = BUF_INIT;
        assert_true(xml_c14n(doc, &whole));
        assert_string_equal(buf_cstr(&whole), "<!--c-->\n<n:r xmlns:m=\"urn:m\" xmlns:n=\"urn:n\"><b a=\"x&#x9;\" z=\"1\"></b><!--d-->"
                                              "<m:c>t&#xD;</m:c></n:r>");
        xmlNode *apex = xml_child(xmlDocGetRootElement(doc), "urn:m", "c");
        assert_true(xml_exc_c14n(apex, &exclusive));
        assert_string_equal(buf_cstr(&exclusive), "<m:c xmlns:m=\"urn:m\">t&#xD;</m:c>");
        assert_true(xml_inc_c14n(apex, &inclusive));
        assert_string_equal(buf_cstr(&inclusive), "<m:c xmlns:m=\"urn:m\" xmlns:n=\"urn:n\">t&#xD;</m:c>");
        struct buf small = BUF_LIMIT(8);
        assert_false(xml_c14n(doc, &small));
        buf_done(&small);
}

/* The text writers give exactly what canonicalisation gives back. */
static void writers_are_canonical(void **state GW_UNUSED)
{
        static const char nasty[] = "&<>\"'\r\n\t \xd2\xb0]]>";
        auto_buf struct buf made = BUF_INIT, again = BUF_INIT;
        buf_add_str(&made, "<a b=\"");
        canon_attribute_value(&made, span_str(nasty));
        buf_add_str(&made, "\">");
        canon_element(&made, "c", nasty);
        canon_element(&made, "d", NULL);
        canon_element(&made, "e", "");
        canon_text(&made, span_str(nasty));
        buf_add_str(&made, "</a>");
        auto_xmldoc xmlDoc *doc = read_text(buf_cstr(&made));
        assert_true(xml_c14n(doc, &again));
        assert_string_equal(buf_cstr(&made), buf_cstr(&again));
}

static int setup(void **state GW_UNUSED)
{
        xml_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads),
                cmocka_unit_test(refuses),
                cmocka_unit_test(detail_quotes_nothing),
                cmocka_unit_test(lookups),
                cmocka_unit_test(subtree_is_the_former_document),
                cmocka_unit_test(subtree_declares_what_it_uses),
                cmocka_unit_test(canonical_forms),
                cmocka_unit_test(writers_are_canonical),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
