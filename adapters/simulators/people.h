/* The synthetic people the simulated registers know (the XML files of fixtures/people, all marked TEST).
 *
 * Dates that would age are written relative to today ("-30d", "+60d") or as a quarter ("current", "previous", "next") and become days
 * only when somebody asks, so a file stays true for ever. Read-only after loading. */
#ifndef EGOV_SIMULATORS_PEOPLE_H
#define EGOV_SIMULATORS_PEOPLE_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

#define PEOPLE_REPRESENTATIVES_MAX 4
#define PEOPLE_MEMBERS_MAX 16

struct text2 { char *kk, *ru; };
struct day { bool relative; int days; char fixed[11]; };
struct address {
        struct text2 region, district, settlement, street; /* in people's words: область, район */
        char *building, *flat;
};
struct representative { char iin[13], basis[12]; };
/* What other registers than that of persons know of somebody. */
enum record_kind { RECORD_BIRTH, RECORD_GUARDIANSHIP, RECORD_DISABILITY, RECORD_CONCLUSION, RECORD_ACCOUNT, RECORD_PAYMENT, RECORD_KIND_COUNT };
struct record {
        struct record *next;
        enum record_kind kind;
        char *number;                 /* of the record; of an account its IBAN */
        char word[24];                /* kind of guardianship or payment, group of disability, form of teaching */
        char iin[13], mother[13], father[13]; /* "" when not told */
        struct day from, to;
        bool ends;
        char *monthly;                /* of a payment: tenge a month; NULL: not told */
};
struct person {
        struct person *next;
        struct record *records;
        char iin[13];
        bool unknown;                 /* the registers do not know this number, whatever --generate says */
        struct text2 surname, name, patronymic; /* patronymic may be NULL */
        char birth_date[11];          /* from the IIN */
        bool female, dead, has_address;
        struct day death;
        struct address address;
        struct representative representatives[PEOPLE_REPRESENTATIVES_MAX];
        size_t representative_count;
};
struct member { char iin[13], relationship[8]; char *full_name; };
struct assignment {
        struct assignment *next;
        char *number;
        char applicant[13];
        bool quarterly;
        int quarter_shift;            /* 0 current, -1 previous, 1 next */
        struct day from, to;
        struct member members[PEOPLE_MEMBERS_MAX];
        size_t member_count;
};

struct people;
/* Every *.xml of the folder. A mistake (GW_FAULT CONFIGURATION) names file, line and what is wrong. */
GW_MUST_CHECK enum gw_rc people_load(const char *folder, struct people **ret_people, struct why *why);
void people_free(struct people *people);
GW_DEFINE_AUTO(people, struct people, people_free)
#define auto_people gw_auto(people)
size_t people_count(const struct people *people);

/* NULL when no file speaks of that IIN; look at `unknown` otherwise. */
const struct person *people_find(const struct people *people, const char *iin);
/* Assignments that name the IIN as applicant or member; `after` NULL for the first. */
const struct assignment *people_assignment(const struct people *people, const char *iin, const struct assignment *after);
/* In the order of the file; `after` NULL for the first. */
const struct record *record_next(const struct person *person, enum record_kind kind, const struct record *after);
/* Whose account it is; NULL: nobody's. */
const struct person *people_account(const struct people *people, const char *iban);

/* An invented person for any valid IIN (load tests); NULL when the number is not valid. The caller frees. */
struct person *person_generate(const char *iin);
void person_free(struct person *person);
GW_DEFINE_AUTO(person, struct person, person_free)
#define auto_person gw_auto(person)

#define DAY_TEXT_MAX CLOCK_TEXT_MAX
char *day_text(const struct day *day, struct wall_time now, char out[DAY_TEXT_MAX]);
void assignment_period(const struct assignment *assignment, struct wall_time now, char from[DAY_TEXT_MAX], char to[DAY_TEXT_MAX]);

#endif
