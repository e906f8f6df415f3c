/* What a document may cost that is made to cost: reading and canonicalising it, per byte, against a plain one; and twice the size is twice the
 * cost, not four times. What is over the limits costs the pre-scan alone. (The same through the whole gateway: tests/system/test_xml_attacks.py.) */
#include <sys/resource.h>

#include "tests/unit/helper_sign.h"

#define BIG ((size_t)1 << 19)
#define TIMES_PLAIN 20     /* cost per byte of the worst document within the limits, in plain documents' */
#define TIMES_PLAIN_SMALL_US 2000

typedef void build_fn(struct buf *out, size_t bytes);

static void plain(struct buf *out, size_t bytes)
{
        while (out->n < bytes)
                buf_add_str(out, "<messageId>the text of an ordinary element, as long as most are in the messages that come</messageId>\n");
}

static void long_text(struct buf *out, size_t bytes)
{
        while (out->n < bytes)
                buf_add_str(out, "0123456789abcdef");
}

static void comments(struct buf *out, size_t bytes)
{
        while (out->n < bytes)
                buf_add_str(out, "<!---->");
}

static void sections(struct buf *out, size_t bytes)
{
        while (out->n < bytes)
                buf_add_str(out, "<![CDATA[x]]>");
}

static void references(struct buf *out, size_t bytes)
{
        while (out->n < bytes)
                buf_add_str(out, "&#13;");
}

static void names(struct buf *out, size_t bytes)
{
        for (unsigned i = 0; out->n < bytes; i++) {
                buf_printf(out, "<e%u", i);
                for (unsigned k = 0; k < 4; k++)
                        buf_printf(out, " a%040ub%u=''", i, k);
                buf_add_str(out, "/>");
        }
}

/* In the order that is worst for sorting by insertion. */
static void attributes(struct buf *out, size_t bytes)
{
        while (out->n < bytes) {
                buf_add_str(out, "<e");
                for (unsigned k = 31; k > 0; k--)
                        buf_printf(out, " a%03u='%040u'", k, k);
                buf_add_str(out, "/>");
        }
}

static void declarations(struct buf *out, size_t bytes)
{
        buf_add_str(out, "<g");
        for (unsigned i = 0; i < 20; i++)
                buf_printf(out, " xmlns:p%u='urn:p%u'", i, i);
        buf_add_str(out, ">");
        for (unsigned i = 0; out->n + 8 < bytes; i++)
                buf_printf(out, "<p%u:e%0200u/>", i % 20, i);
        buf_add_str(out, "</g>");
}

/* CPU of reading and canonicalising, the least of five and of `known`. */
static double cost_us(build_fn *build, size_t bytes, double known)
{
        auto_buf struct buf text = BUF_INIT;
        buf_add_str(&text, "<r>");
        build(&text, bytes);
        buf_add_str(&text, "</r>");
        const struct xml_limits limits = {10 << 20, 64, 6000, 32, 24};
        double least = known;
        for (int i = 0; i < 5; i++) {
                double before = cpu_us();
                auto_xmldoc xmlDoc *doc = NULL;
                auto_buf struct buf canonical = BUF_INIT;
                struct why why = WHY_INIT;
                if (xml_read(buf_span(&text), &limits, &doc, &why) != GW_OK)
                        fail_msg("%s", why.detail);
                assert_true(xml_c14n(doc, &canonical));
                double spent = cpu_us() - before;
                least = spent < least ? spent : least;
        }
        return least;
}

static const struct {
        const char *name;
        build_fn *build;
} within[] = {
        {"long text", long_text}, {"comments", comments}, {"CDATA sections", sections}, {"references", references},
        {"names", names},         {"attributes", attributes}, {"declarations", declarations},
};

#define UNKNOWN_US 1e12
#define ROUNDS 12 /* what is too dear in one round was perhaps the machine's doing: only what is so in every round is the document's */

static void linear_and_bounded(void **state GW_UNUSED)
{
        double ordinary = cost_us(plain, BIG, UNKNOWN_US);
        for (size_t i = 0; i < GW_COUNT(within); i++) {
                double eighth = cost_us(within[i].build, BIG / 8, UNKNOWN_US), whole = UNKNOWN_US;
                bool dear = true, steep = true;
                for (int round = 0; round < ROUNDS && (dear || steep); round++) {
                        whole = cost_us(within[i].build, BIG, whole);
                        dear = whole > TIMES_PLAIN * ordinary;
                        /* Eight times the size is eight times the work, and 64 times what is quadratic: halfway between. */
                        steep = whole > 24 * eighth + TIMES_PLAIN_SMALL_US;
                }
                print_message("%s: %.1f times a plain document\n", within[i].name, whole / ordinary);
                if (dear)
                        fail_msg("%s: %.0f us, a plain document %.0f us", within[i].name, whole, ordinary);
                if (steep)
                        fail_msg("%s: grows faster than its size: %.0f us, an eighth of it %.0f us", within[i].name, whole, eighth);
        }
}

/* Refused on the bytes: cheaper than a plain document of that size is to read, and nothing of it stays in memory. */
static void over_the_limits(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *before, *each;
                int want;
        } cases[] = {
                {"billion laughs", "<!DOCTYPE r [<!ENTITY a \"ha\">", "<!ENTITY b \"&a;&a;&a;&a;\">", REASON_XML_DOCTYPE},
                {"external entity", "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///dev/zero\">]><r>", "&e;", REASON_XML_DOCTYPE},
                {"parameter entities", "<!DOCTYPE r [<!ENTITY % p SYSTEM \"http://127.0.0.1:9/\">", "%p;", REASON_XML_DOCTYPE},
                {"deep nesting", "<r>", "<a>", REASON_XML_TOO_DEEP},
                {"elements", "<r>", "<a/>", REASON_XML_TOO_COMPLEX},
                {"attributes", "<r", " a=''", REASON_XML_TOO_COMPLEX},
                {"namespaces", "<r>", "<a xmlns:x='urn:x'/>", REASON_XML_TOO_COMPLEX},
                {"'<'", "<r>", "<", REASON_XML_NOT_WELL_FORMED},
                {"an open comment", "<r><!--", "- ", REASON_XML_NOT_WELL_FORMED},
                {"an open value", "<r a='", "x", REASON_XML_NOT_WELL_FORMED},
        };
        double ordinary = cost_us(plain, BIG, UNKNOWN_US);
        struct rusage start, end;
        getrusage(RUSAGE_SELF, &start);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf text = BUF_INIT;
                buf_add_str(&text, cases[i].before);
                while (text.n < BIG)
                        buf_add_str(&text, cases[i].each);
                double spent = UNKNOWN_US;
                for (int round = 0; round < ROUNDS && spent > 2 * ordinary + TIMES_PLAIN_SMALL_US; round++) {
                        struct why why = WHY_INIT;
                        xmlDoc *doc = NULL;
                        double before = cpu_us();
                        enum gw_rc rc = xml_read(buf_span(&text), &xml_limits_default, &doc, &why);
                        spent = cpu_us() - before;
                        assert_reason(cases[i].name, rc, &why, GW_REJECT, cases[i].want);
                }
                if (spent > 2 * ordinary + TIMES_PLAIN_SMALL_US)
                        fail_msg("%s: %.0f us, a plain document %.0f us", cases[i].name, spent, ordinary);
        }
        getrusage(RUSAGE_SELF, &end);
        assert_true(end.ru_maxrss - start.ru_maxrss < 64 * 1024); /* KiB */
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(linear_and_bounded), cmocka_unit_test(over_the_limits)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
