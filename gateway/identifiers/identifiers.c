/* IIN, BIN, KATO, IBAN, telephone. */
#include "gateway/identifiers/identifiers.h"

#include <stdio.h>
#include <string.h>

static bool is_digits(const char *text, size_t n)
{
        return text && strlen(text) == n && strspn(text, "0123456789") == n;
}

static int digit(const char *number, int i)
{
        return number[i] - '0';
}

static int two_digits(const char *number, int i)
{
        return digit(number, i) * 10 + digit(number, i + 1);
}

/* C.1: two rows of weights over the first eleven digits; -1 when both give 10: the number was never assigned. */
static int check_digit_of(const char *number)
{
        for (int shift = 0; shift <= 2; shift += 2) {
                int sum = 0;
                for (int i = 0; i < 11; i++)
                        sum += digit(number, i) * ((i + shift) % 11 + 1);
                if (sum % 11 < 10)
                        return sum % 11;
        }
        return -1;
}

static bool check_digit_right(const char *number)
{
        return check_digit_of(number) == digit(number, 11);
}

bool iin_complete(char iin[13])
{
        int check = check_digit_of(iin);
        if (check < 0)
                return false;
        iin[11] = (char)('0' + check);
        iin[12] = '\0';
        return true;
}

static int month_days(int year, int month)
{
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return days[month - 1] + (month == 2 && leap);
}

bool iin_valid(const char *iin, bool check_digit, struct iin_facts *ret_facts)
{
        if (!is_digits(iin, 12))
                return false;
        int century = digit(iin, 6);
        if (century < 1 || century > 6)
                return false;
        struct iin_facts facts = {1800 + (century - 1) / 2 * 100 + two_digits(iin, 0), two_digits(iin, 2), two_digits(iin, 4), century % 2 == 1 ? SEX_MALE : SEX_FEMALE};
        if (facts.month < 1 || facts.month > 12 || facts.day < 1 || facts.day > month_days(facts.year, facts.month))
                return false;
        if (check_digit && !check_digit_right(iin))
                return false;
        if (ret_facts)
                *ret_facts = facts;
        return true;
}

int iin_age_months(const struct iin_facts *facts, struct wall_time at)
{
        struct clock_fields now = clock_fields_of(at);
        int months = (now.year - facts->year) * 12 + now.month - facts->month - (now.day < facts->day);
        return months < 0 ? -1 : months;
}

int iin_age(const struct iin_facts *facts, struct wall_time at)
{
        int months = iin_age_months(facts, at);
        return months < 0 ? -1 : months / 12;
}

bool bin_valid(const char *bin, bool check_digit, struct bin_facts *ret_facts)
{
        if (!is_digits(bin, 12))
                return false;
        int month = two_digits(bin, 2), type = digit(bin, 4), feature = digit(bin, 5);
        if (month < 1 || month > 12 || type < BIN_RESIDENT || type > BIN_JOINT_ENTREPRENEURS || feature > BIN_FARM)
                return false;
        if (check_digit && !check_digit_right(bin))
                return false;
        if (ret_facts)
                *ret_facts = (struct bin_facts){2000 + two_digits(bin, 0), month, (enum bin_type)type, (enum bin_feature)feature};
        return true;
}

/* Where the digits of each level end. */
static const size_t kato_ends[] = {2, 4, 6, 9};

static size_t kato_significant(const char *kato)
{
        size_t n = 9;
        while (n > 0 && kato[n - 1] == '0')
                n--;
        for (size_t i = 0; i < GW_COUNT(kato_ends); i++)
                if (n <= kato_ends[i])
                        return kato_ends[i];
        return 9;
}

bool kato_valid(const char *kato, enum kato_level *ret_level)
{
        if (!is_digits(kato, 9) || kato[0] == '0')
                return false;
        size_t end = kato_significant(kato), level = 0;
        if (end > 2 && strncmp(kato + 2, "00", 2) == 0)
                return false;
        while (kato_ends[level] < end)
                level++;
        if (ret_level)
                *ret_level = (enum kato_level)level;
        return true;
}

bool kato_within(const char *kato, const char *place)
{
        return kato_valid(kato, NULL) && kato_valid(place, NULL) && strncmp(kato, place, kato_significant(place)) == 0;
}

/* ISO 7064 mod 97-10 over the text with its first four characters at the end, letters as 10 to 35. */
static int iban_remainder(const char *iban)
{
        int remainder = 0;
        size_t n = strlen(iban);
        for (size_t i = 0; i < n; i++) {
                char c = iban[(i + 4) % n];
                int value = c >= 'A' ? c - 'A' + 10 : c - '0';
                remainder = (remainder * (value >= 10 ? 100 : 10) + value) % 97;
        }
        return remainder;
}

bool iban_valid(const char *iban)
{
        return iban && strlen(iban) == 20 && strncmp(iban, "KZ", 2) == 0 && strspn(iban + 2, "0123456789") >= 5 &&
               strspn(iban, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 20 && iban_remainder(iban) == 1;
}

bool iban_fold(const char *text, char ret_iban[35])
{
        size_t n = 0;
        for (; *text; text++) {
                char c = *text;
                if (c == ' ')
                        continue;
                if (c >= 'a' && c <= 'z')
                        c = (char)(c - 'a' + 'A');
                if (n == 34 || !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')))
                        return false;
                ret_iban[n++] = c;
        }
        ret_iban[n] = '\0';
        return n > 0;
}

char *iban_mask(const char *iban, char out[40])
{
        size_t n = strlen(iban);
        if (n < 8)
                memcpy(out, "****", 5);
        else
                snprintf(out, 40, "%.4s **** %s", iban, iban + n - 4);
        return out;
}

bool phone_fold(const char *text, char ret_phone[13])
{
        char digits[16];
        size_t n = 0;
        bool plus = false;
        for (; *text; text++) {
                if (*text == '+' && n == 0 && !plus)
                        plus = true;
                else if (*text >= '0' && *text <= '9' && n < sizeof digits - 1)
                        digits[n++] = *text;
                else if (!strchr(" ()-.", *text))
                        return false;
        }
        digits[n] = '\0';
        const char *national = digits;
        if (n == 11 && (digits[0] == '7' || (digits[0] == '8' && !plus))) /* 8 is the trunk prefix */
                national++;
        else if (n != 10 || plus)
                return false;
        if (national[0] != '7') /* Kazakhstan's codes are 7xx: 701 … mobile, 71x and 72x landlines */
                return false;
        snprintf(ret_phone, 13, "+7%s", national);
        return true;
}
