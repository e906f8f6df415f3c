/* The numbers and names by which people, organisations, places and accounts are known (services.md C; E for IBAN). Syntax and check digits only: whether a number was
 * ever given out is a register's to say. */
#ifndef GW_IDENTIFIERS_IDENTIFIERS_H
#define GW_IDENTIFIERS_IDENTIFIERS_H

#include "gateway/base/base.h"
#include "gateway/base/clock.h"

/* ---- IIN: YYMMDD C NNNN K (C.1) ---- */
enum sex { SEX_MALE, SEX_FEMALE };
struct iin_facts {
        int year, month, day; /* of birth, a real date */
        enum sex sex;
};
/* 12 digits, a century and sex digit 1 to 6, a real date; and, when asked, the right check digit (the authority's own test people fail it). ret_facts may be NULL. */
bool iin_valid(const char *iin, bool check_digit, struct iin_facts *ret_facts);
/* Writes the check digit behind the first eleven; false: there is no such number (C.1). */
bool iin_complete(char iin[13]);
/* Whole years of age on the day of `at` (legal time); -1 when born after it. On 29 February's birthdays a year is full on 1 March of other years. */
int iin_age(const struct iin_facts *facts, struct wall_time at);
/* Whole months, for ages of half a year. */
int iin_age_months(const struct iin_facts *facts, struct wall_time at);

/* ---- BIN: YYMM T F NNNNN K (C.2) ---- */
enum bin_type { BIN_RESIDENT = 4, BIN_NON_RESIDENT = 5, BIN_JOINT_ENTREPRENEURS = 6 };
enum bin_feature { BIN_HEAD, BIN_BRANCH, BIN_REPRESENTATIVE_OFFICE, BIN_FARM };
struct bin_facts {
        int year, month; /* of registration; the century is not in the number: 2000-2099 */
        enum bin_type type;
        enum bin_feature feature;
};
bool bin_valid(const char *bin, bool check_digit, struct bin_facts *ret_facts);

/* ---- KATO: AB CD EF HIJ (C.3) ---- */
enum kato_level { KATO_REGION, KATO_DISTRICT, KATO_RURAL_DISTRICT, KATO_SETTLEMENT };
/* 9 digits, a region 10 and above, and nothing inside of a region that is in none of its districts. */
bool kato_valid(const char *kato, enum kato_level *ret_level);
/* Is `kato` the place itself or inside of it? Both must be valid. */
bool kato_within(const char *kato, const char *place);

/* ---- IBAN of Kazakhstan: KZ, 2 check digits, 3 digits of the bank, 13 letters or digits; mod 97 (ISO 13616) ---- */
/* Without blanks, upper case: iban_fold() makes it so. */
bool iban_valid(const char *iban);
/* Drops blanks, makes letters upper case; false when it would be longer than 34 characters or holds anything else but ASCII letters and digits. */
GW_MUST_CHECK bool iban_fold(const char *text, char ret_iban[35]);
/* "KZ86 **** … 0001" for papers and notices. */
char *iban_mask(const char *iban, char out[40]);

/* ---- telephone ---- */
/* Any usual way of writing a number of Kazakhstan ("8 (71035) 21212", "+7 701 000-00-00") as "+7" and 10 digits; of a landline with its local code. False: none. */
GW_MUST_CHECK bool phone_fold(const char *text, char ret_phone[13]);

/* ---- names (C.5) ---- */
/* For comparing names written in Kazakh and in Russian: upper case, ә→а ғ→г қ→к ң→н ө→о ұ→у ү→у һ→х і→и ё→е, й kept, hyphen and blanks one blank, ь and ъ dropped (Айгүл,
 * Айгуль). Kazakh or Russian letters, blanks, hyphens and apostrophes only; false when there is anything else, nothing, or more than 200 bytes. The caller's. */
GW_MUST_CHECK bool name_fold(const char *name, char **ret_folded);
/* Do two names agree once folded? What cannot be folded agrees with nothing. */
bool name_same(const char *a, const char *b);

#endif
