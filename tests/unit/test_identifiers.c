/* Identifiers: the cases of services.md C, and properties over generated values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/identifiers/identifiers.h"

static void iin(void **state GW_UNUSED)
{
        /* services.md C.1 */
        static const char *const good[] = {"850412390011", "850412390021", "870930490018", "790321490015", "850412390201", "120229590018", "151107690019",
                                           "190601590012", "480509390010", "410115490012", "991231190016", "000101590017"};
        static const char *const wrong_check_digit[] = {"850412390012", "850412390010", "790321490014", "850412391000", "850412392910", "850412393720"};
        static const char *const wrong[] = {
                "", "85041239001", "8504123900111", "85041239001x", " 50412390011", "+50412390011", "851312390011", "850012390011", "850432390011",
                "850400390011", "850412090011", "850412790011", "850229390011", "130229590018", "000229190017", "123456789012", "160640900019",
        };
        for (size_t i = 0; i < GW_COUNT(good); i++)
                assert_true(iin_valid(good[i], true, NULL) && iin_valid(good[i], false, NULL));
        for (size_t i = 0; i < GW_COUNT(wrong_check_digit); i++)
                assert_true(!iin_valid(wrong_check_digit[i], true, NULL) && iin_valid(wrong_check_digit[i], false, NULL));
        for (size_t i = 0; i < GW_COUNT(wrong); i++)
                if (iin_valid(wrong[i], false, NULL))
                        fail_msg("%s", wrong[i]);
        assert_false(iin_valid(NULL, false, NULL));
}

static void bin(void **state GW_UNUSED)
{
        static const char *const good[] = {"160640900019", "130140900016", "160441900018", "091240900012", "180250900013", "180760900016"};
        static const char *const wrong[] = {"160640900018", "161340900019", "850412390011", "160649900019", "", "16064090001"};
        for (size_t i = 0; i < GW_COUNT(good); i++)
                assert_true(bin_valid(good[i], true, NULL));
        for (size_t i = 0; i < GW_COUNT(wrong); i++)
                assert_false(bin_valid(wrong[i], true, NULL));
        assert_true(bin_valid("160640900018", false, NULL));
        assert_false(bin_valid(NULL, false, NULL));
}


static uint64_t state_of_random = 42;
static unsigned random_below(unsigned n)
{
        state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(state_of_random >> 33) % n;
}

/* The check digit by the definition, written another way than the product has it. */
static int reference_check_digit(const char *number)
{
        static const int rows[2][11] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}};
        for (int row = 0; row < 2; row++) {
                int sum = 0;
                for (int i = 0; i < 11; i++)
                        sum += (number[i] - '0') * rows[row][i];
                if (sum % 11 != 10)
                        return sum % 11;
        }
        return -1;
}

/* A million: exactly one check digit fits (or none), any other last digit is refused, and the facts are those that were put in. */
static void a_million_numbers(void **state GW_UNUSED)
{
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        unsigned second_row = 0, unassigned = 0;
        for (int i = 0; i < 1000000; i++) {
                char number[16];
                int century = 1 + (int)random_below(6), yy = (int)random_below(100), month = 1 + (int)random_below(12);
                int year = 1800 + (century - 1) / 2 * 100 + yy;
                bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
                int day = 1 + (int)random_below((unsigned)(days[month - 1] + (month == 2 && leap)));
                snprintf(number, sizeof number, "%02d%02d%02d%d%04u0", yy, month, day, century, random_below(10000));
                int want = reference_check_digit(number);
                unassigned += want < 0;
                number[11] = (char)('0' + (want < 0 ? (int)random_below(10) : want));
                struct iin_facts facts;
                if (iin_valid(number, true, &facts) != (want >= 0))
                        fail_msg("%s", number);
                if (want < 0)
                        continue;
                assert_true(facts.year == year && facts.month == month && facts.day == day && (facts.sex == SEX_MALE) == (century % 2 == 1));
                int sum = 0;
                for (int k = 0; k < 11; k++)
                        sum += (number[k] - '0') * (k + 1);
                second_row += sum % 11 == 10;
                number[11] = (char)('0' + (want + 1 + (int)random_below(9)) % 10);
                assert_true(!iin_valid(number, true, NULL) && iin_valid(number, false, NULL));
        }
        assert_true(second_row > 50000 && unassigned > 5000); /* both branches were met */
}

static void bins_by_the_thousand(void **state GW_UNUSED)
{
        for (int i = 0; i < 200000; i++) {
                char number[16];
                unsigned yy = random_below(100), month = 1 + random_below(12), type = 4 + random_below(3), feature = random_below(4);
                snprintf(number, sizeof number, "%02u%02u%u%u%05u0", yy, month, type, feature, random_below(100000));
                int want = reference_check_digit(number);
                if (want < 0)
                        continue;
                number[11] = (char)('0' + want);
                struct bin_facts facts;
                assert_true(bin_valid(number, true, &facts));
                assert_true(facts.year == 2000 + (int)yy && facts.month == (int)month && facts.type == type && facts.feature == feature);
                assert_false(iin_valid(number, false, NULL)); /* the fifth digit separates them (C.2) */
        }
}

static void ages(void **state GW_UNUSED)
{
        struct iin_facts leap = {2012, 2, 29, SEX_MALE}, other = {1985, 4, 12, SEX_MALE};
        static const struct { int year, month, day, leap, other; } rows[] = {
                {2026, 2, 28, 13, 40}, {2026, 3, 1, 14, 40}, {2028, 2, 29, 16, 42}, {2028, 2, 28, 15, 42}, {2026, 4, 11, 14, 40}, {2026, 4, 12, 14, 41}, {2012, 2, 28, -1, 26}, {2012, 2, 29, 0, 26},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                struct wall_time at = clock_from_fields(rows[i].year, rows[i].month, rows[i].day, 100);
                assert_int_equal(iin_age(&leap, at), rows[i].leap);
                assert_int_equal(iin_age(&other, at), rows[i].other);
        }
}

static void places(void **state GW_UNUSED)
{
        static const struct { const char *kato; enum kato_level level; } good[] = {
                {"390000000", KATO_REGION}, {"391000000", KATO_DISTRICT}, {"391010000", KATO_RURAL_DISTRICT}, {"623830100", KATO_SETTLEMENT}, {"393200000", KATO_DISTRICT}, {"100000000", KATO_REGION},
        };
        static const char *const wrong[] = {"", "39000000", "3900000000", "39000000x", "090000000", "390010000", "390000100", " 90000000"};
        enum kato_level level;
        for (size_t i = 0; i < GW_COUNT(good); i++) {
                assert_true(kato_valid(good[i].kato, &level));
                assert_int_equal(level, good[i].level);
                assert_true(kato_within(good[i].kato, good[i].kato));
        }
        for (size_t i = 0; i < GW_COUNT(wrong); i++)
                assert_false(kato_valid(wrong[i], NULL));
        assert_false(kato_valid(NULL, NULL));
        assert_true(kato_within("623830100", "623800000") && kato_within("623830100", "620000000") && kato_within("391010000", "390000000"));
        assert_false(kato_within("623800000", "623830100"));
        assert_false(kato_within("391010000", "392010000"));
        assert_false(kato_within("nonsense", "390000000"));
}

/* The remainder by long division over the whole decimal text. */
static int reference_mod97(const char *iban)
{
        char digits[128];
        size_t n = 0;
        for (size_t i = 0; i < 20; i++) {
                char c = iban[(i + 4) % 20];
                n += (size_t)snprintf(digits + n, sizeof digits - n, "%d", c >= 'A' ? c - 'A' + 10 : c - '0');
        }
        int r = 0;
        for (size_t i = 0; i < n; i++)
                r = (r * 10 + digits[i] - '0') % 97;
        return r;
}

static void accounts(void **state GW_UNUSED)
{
        for (int i = 0; i < 1000000; i++) {
                char iban[21] = "KZ00";
                for (int k = 4; k < 20; k++)
                        iban[k] = k < 7 || random_below(3) ? (char)('0' + random_below(10)) : (char)('A' + random_below(26));
                int check = 98 - reference_mod97(iban);
                iban[2] = (char)('0' + check / 10);
                iban[3] = (char)('0' + check % 10);
                assert_true(iban_valid(iban));
                int place = 7 + (int)random_below(13);
                char kept = iban[place];
                iban[place] = kept >= 'A' ? (kept == 'Q' ? 'R' : 'Q') : kept == '7' ? '8' : '7'; /* mod 97 finds every wrong digit, every wrong letter … */
                assert_false(iban_valid(iban));
                iban[place] = kept;
                int pair = 7 + (int)random_below(12); /* and every exchange of neighbours that are digits */
                if (iban[pair] != iban[pair + 1] && iban[pair] <= '9' && iban[pair + 1] <= '9') {
                        kept = iban[pair];
                        iban[pair] = iban[pair + 1];
                        iban[pair + 1] = kept;
                        assert_false(iban_valid(iban));
                }
        }
        static const char *const wrong[] = {"", "KZ", "DE89370400440532013000", "kz000000000000000000", "KZ00000000000000000A", "KZ86 125K ZT50 0410 0100", "KZ00ABC0000000000000"};
        for (size_t i = 0; i < GW_COUNT(wrong); i++)
                assert_false(iban_valid(wrong[i]));
        char folded[35], masked[40];
        assert_true(iban_fold("kz86 125k zt50 0410 0100", folded));
        assert_string_equal(folded, "KZ86125KZT5004100100");
        assert_true(iban_valid(folded));
        assert_string_equal(iban_mask(folded, masked), "KZ86 **** 0100");
        assert_string_equal(iban_mask("KZ", masked), "****");
        assert_false(iban_fold("KZ86-125", folded));
        assert_false(iban_fold("", folded));
        assert_false(iban_fold("00000000000000000000000000000000000", folded));
}

static void telephones(void **state GW_UNUSED)
{
        static const struct { const char *text, *want; } rows[] = {
                {"8 (71035) 21212", "+77103521212"}, {"+7 701 000-00-00", "+77010000000"}, {"77010000000", "+77010000000"}, {"87010000000", "+77010000000"}, {"7010000000", "+77010000000"},
                {"701.000.00.00", "+77010000000"}, {"+87010000000", NULL}, {"", NULL}, {"+7 701", NULL}, {"+1 212 000 0000", NULL}, {"8 495 000 0000", NULL}, {"7010000000x", NULL},
                {"7+010000000", NULL}, {"77010000000000000000000", NULL}, {"+7010000000", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                char phone[13] = "";
                if (phone_fold(rows[i].text, phone) != (rows[i].want != NULL))
                        fail_msg("%s", rows[i].text);
                if (rows[i].want)
                        assert_string_equal(phone, rows[i].want);
        }
}

static void names(void **state GW_UNUSED)
{
        static const struct { const char *a, *b; bool same; } rows[] = {
                {"Серікова Айгүл", "СЕРИКОВА АЙГУЛЬ", true}, {"Қасымова Дана", "Касымова  Дана", true}, {"Әбдіғали", "абдигали", true}, {"Ұзынкөл", "Узункол", false},
                {"Ғұмар Һадиша", "Гумар Хадиша", true}, {"Семёнов-Петров", "СЕМЕНОВ ПЕТРОВ", true}, {"Ахметов Ерлан", "Ахметов Ерлан ", true}, {"Ахметов", "Ахметова", false},
                {"Маратқызы", "Маратовна", false}, {"Ahmetov", "Ахметов", false}, {"", "", false}, {"Ахметов1", "Ахметов1", false}, {"О'Нил", "Онил", true},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++)
                if (name_same(rows[i].a, rows[i].b) != rows[i].same || name_same(rows[i].b, rows[i].a) != rows[i].same)
                        fail_msg("%s / %s", rows[i].a, rows[i].b);
        static const char *const wrong[] = {"", " ", "-", "\xff", "\xd0", "Ахметов<", "\xe2\x82\xac", "Ахметов\n", "ь"};
        for (size_t i = 0; i < GW_COUNT(wrong); i++) {
                char *folded = NULL;
                assert_false(name_fold(wrong[i], &folded));
                assert_null(folded);
        }
        char big[300];
        memset(big, 'A', sizeof big);
        big[299] = '\0';
        assert_false(name_same(big, big));
}

/* Folding twice is folding once, over random Cyrillic. */
static void folding_is_idempotent(void **state GW_UNUSED)
{
        static const char *const letters[] = {"а", "Ә", "б", "Ғ", "і", "І", "қ", "Ң", "ө", "Ұ", "ү", "Һ", "ё", "Ё", "ь", "-", " ", "Я", "щ", "й"};
        for (int i = 0; i < 100000; i++) {
                char name[64] = "";
                size_t n = 0;
                for (unsigned k = 1 + random_below(20); k > 0; k--)
                        n += (size_t)snprintf(name + n, sizeof name - n, "%s", letters[random_below(GW_COUNT(letters))]);
                char *once = NULL, *twice = NULL;
                if (!name_fold(name, &once))
                        continue;
                assert_true(name_fold(once, &twice));
                assert_string_equal(once, twice);
                assert_true(name_same(name, once));
                free(once);
                free(twice);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(iin),    cmocka_unit_test(bin),      cmocka_unit_test(a_million_numbers), cmocka_unit_test(bins_by_the_thousand), cmocka_unit_test(ages),
                cmocka_unit_test(places), cmocka_unit_test(accounts), cmocka_unit_test(telephones),        cmocka_unit_test(names),               cmocka_unit_test(folding_is_idempotent),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
