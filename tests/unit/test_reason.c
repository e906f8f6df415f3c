/* The closed list of reason codes is complete, unique, and parallel where other code relies on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/verify/problem.h"

static void names_are_unique_and_found(void **state GW_UNUSED)
{
        for (int i = 0; i < REASON_COUNT; i++) {
                const char *name = reason_info(i)->name;
                assert_true(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name) && *name);
                if (reason_by_name(name) != i)
                        fail_msg("%s is there twice", name);
        }
        assert_int_equal(reason_by_name("NO_SUCH_REASON"), -1);
        assert_int_equal(reason_by_name("xml_doctype"), -1);
        assert_int_equal(reason_by_name(""), -1);
        assert_int_equal(reason_by_name(NULL), -1);
}

static void unknown_numbers_are_internal(void **state GW_UNUSED)
{
        static const int numbers[] = {-1, REASON_COUNT, REASON_COUNT + 1, INT32_MAX, INT32_MIN};
        for (size_t i = 0; i < GW_COUNT(numbers); i++)
                assert_ptr_equal(reason_info(numbers[i]), reason_info(REASON_INTERNAL));
        assert_int_equal(REASON_NONE, 0);
}

static bool has_letters(const char *text, const char *letters)
{
        for (; *letters; letters += 2) /* two bytes of UTF-8 each */
                if (strstr(text, (char[]){letters[0], letters[1], '\0'}))
                        return true;
        return false;
}

static void every_row_has_advice(void **state GW_UNUSED)
{
        for (int i = 0; i < REASON_COUNT; i++) {
                struct reason_advice advice = reason_advice(i);
                assert_true(strlen(advice.side_name) >= 4 && strlen(advice.kk) > 10 && strlen(advice.ru) > 10 && strlen(advice.en) > 10);
                /* Whom a status blames is whom the advice is for: 5xx is never the sender's or applicant's fault. */
                if (reason_info(i)->http_status >= 500 && advice.side < REASON_SIDE_PEER)
                        fail_msg("%s: %s is asked to mend a %d", reason_info(i)->name, advice.side_name, reason_info(i)->http_status);
        }
        assert_string_equal(reason_advice(REASON_COUNT).en, reason_advice(REASON_INTERNAL).en);
        assert_string_equal(reason_advice(-1).en, reason_advice(REASON_INTERNAL).en);
}

static void every_row_speaks_three_languages(void **state GW_UNUSED)
{
        for (int i = 1; i < REASON_COUNT; i++) {
                const struct reason_info *r = reason_info(i);
                const char *const texts[] = {r->kk, r->ru, r->en};
                for (size_t k = 0; k < GW_COUNT(texts); k++) {
                        size_t n = strlen(texts[k]);
                        if (n < 10 || texts[k][n - 1] != '.' || !text_is_utf8(span_str(texts[k])) || strpbrk(texts[k], "<>&\"\n\r\t"))
                                fail_msg("%s: \"%s\"", r->name, texts[k]);
                }
                for (const char *p = r->en; *p; p++)
                        if ((unsigned char)*p > 126)
                                fail_msg("%s: the English sentence is not ASCII", r->name);
                if (has_letters(r->ru, "әғқңөұүіӘҒҚҢӨҰҮІ"))
                        fail_msg("%s: Kazakh letters in the Russian sentence", r->name);
                /* ы э ё щ are shared; these four letters are in every Kazakh sentence we have written but one. */
                if (!has_letters(r->kk, "әғқңөұүіӘҒҚҢӨҰҮІ") && !has_letters(r->kk, "ЖСНБ") && i != REASON_APPLICANT_CERTIFICATE_ROLE)
                        fail_msg("%s: is \"%s\" Kazakh?", r->name, r->kk);
                assert_string_not_equal(r->kk, r->ru);
        }
}

static void shep_codes_are_known(void **state GW_UNUSED)
{
        static const char *const known[] = {"SCE001", "SCE004", "SCE005", "SCE006", "SCE007", "SCE015", "SCE016", "SCE017", "SCE909"};
        for (int i = 1; i < REASON_COUNT; i++) {
                bool found = false;
                for (size_t k = 0; k < GW_COUNT(known); k++)
                        found = found || str_eq(known[k], reason_info(i)->shep_code);
                if (!found)
                        fail_msg("%s: %s is no code of interfaces 1.6", reason_info(i)->name, reason_info(i)->shep_code);
        }
}

static void only_known_codes_are_repeated(void **state GW_UNUSED)
{
        static const char *const known[] = {"SCE001", "SCE004", "SCE005", "SCE006", "SCE007", "SCE015", "SCE016", "SCE017", "SCE909"};
        static const char *const others[] = {"", "sce001", "SCE001 ", "SCE0011", "SCE999", "850412390011", NULL};
        for (size_t i = 0; i < GW_COUNT(known); i++)
                assert_string_equal(reason_known_shep_code(known[i]), known[i]);
        for (size_t i = 0; i < GW_COUNT(others); i++)
                assert_string_equal(reason_known_shep_code(others[i]), "?");
}

static void http_statuses_fit(void **state GW_UNUSED)
{
        for (int i = 1; i < REASON_COUNT; i++) {
                const struct reason_info *r = reason_info(i);
                bool ours = str_eq(r->shep_code, "SCE909");
                if (ours ? r->http_status < 500 || r->http_status > 503 : r->http_status < 400 || r->http_status > 431)
                        fail_msg("%s: %s with %d", r->name, r->shep_code, r->http_status);
        }
}

/* What the issue demands, by name (SCE005/6/7 for the sender's signature, SCE015/16/17 for the applicant's). */
static void demanded_codes(void **state GW_UNUSED)
{
        static const struct { int reason; const char *shep; int http; } rows[] = {
                {REASON_HTTP_MALFORMED, "SCE001", 400}, {REASON_HTTP_NOT_FOUND, "SCE004", 404}, {REASON_HTTP_METHOD, "SCE001", 405},
                {REASON_HTTP_TOO_LARGE, "SCE001", 413}, {REASON_HTTP_TYPE, "SCE001", 415}, {REASON_OVERLOADED, "SCE909", 503},
                {REASON_STORE_UNAVAILABLE, "SCE909", 503}, {REASON_XML_NOT_WELL_FORMED, "SCE001", 400}, {REASON_XML_DOCTYPE, "SCE001", 400},
                {REASON_XML_TOO_DEEP, "SCE001", 400}, {REASON_SERVICE_UNKNOWN, "SCE004", 404},
                {REASON_TRANSPORT_SIGNATURE_MISSING, "SCE007", 403}, {REASON_TRANSPORT_SIGNATURE_INVALID, "SCE006", 403},
                {REASON_TRANSPORT_CERTIFICATE_EXPIRED, "SCE005", 403}, {REASON_TRANSPORT_CERTIFICATE_REVOKED, "SCE005", 403},
                {REASON_APPLICANT_SIGNATURE_MISSING, "SCE017", 422}, {REASON_APPLICANT_SIGNATURE_INVALID, "SCE016", 422},
                {REASON_APPLICANT_CERTIFICATE_EXPIRED, "SCE015", 422}, {REASON_APPLICANT_CERTIFICATE_REVOKED, "SCE015", 422},
                {REASON_MESSAGE_ID_REUSED, "SCE001", 409}, {REASON_INTERNAL, "SCE909", 500},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                const struct reason_info *r = reason_info(rows[i].reason);
                if (!str_eq(r->shep_code, rows[i].shep) || r->http_status != rows[i].http)
                        fail_msg("%s: %s %d, want %s %d", r->name, r->shep_code, r->http_status, rows[i].shep, rows[i].http);
        }
}

/* verify/problem.c computes a reason as the first row of the party's group plus the number of the problem. */
static void the_two_signatures_are_parallel(void **state GW_UNUSED)
{
        int count = REASON_TRANSPORT_KEY_WEAK - REASON_TRANSPORT_SIGNATURE_MISSING;
        assert_int_equal(count, REASON_APPLICANT_KEY_WEAK - REASON_APPLICANT_SIGNATURE_MISSING);
        for (int i = 0; i <= count; i++) {
                const struct reason_info *t = reason_info(REASON_TRANSPORT_SIGNATURE_MISSING + i);
                const struct reason_info *a = reason_info(REASON_APPLICANT_SIGNATURE_MISSING + i);
                assert_true(str_starts(t->name, "TRANSPORT_") && str_starts(a->name, "APPLICANT_"));
                assert_string_equal(t->name + strlen("TRANSPORT_"), a->name + strlen("APPLICANT_"));
                assert_int_equal(t->http_status, 403);
                assert_int_equal(a->http_status, 422);
                /* SCE005..007 and SCE015..017: the same last digit */
                assert_string_equal(t->shep_code + 5, a->shep_code + 5);
                assert_true(str_starts(t->shep_code, "SCE00") && str_starts(a->shep_code, "SCE01"));
                /* 5: the certificate is not current; 7: no signature; 6: a wrong one. */
                static const char *const current[] = {"_EXPIRED", "_NOT_YET_VALID", "_UNTRUSTED", "_REVOKED"};
                char want = strstr(t->name, "SIGNATURE_MISSING") ? '7' : '6';
                for (size_t k = 0; k < GW_COUNT(current); k++)
                        want = strstr(t->name, current[k]) ? '5' : want;
                assert_int_equal(t->shep_code[5], want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_unique_and_found),
                cmocka_unit_test(unknown_numbers_are_internal),
                cmocka_unit_test(every_row_has_advice),
                cmocka_unit_test(every_row_speaks_three_languages),
                cmocka_unit_test(shep_codes_are_known),
                cmocka_unit_test(only_known_codes_are_repeated),
                cmocka_unit_test(http_statuses_fit),
                cmocka_unit_test(demanded_codes),
                cmocka_unit_test(the_two_signatures_are_parallel),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
