/* The catalogue, applications and facts that test_catalogue, test_decide and test_issue share. Synthetic people only (services.md C). */
#ifndef TESTS_UNIT_SERVICE_FIXTURE_H
#define TESTS_UNIT_SERVICE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/decide/decide.h"
#include "gateway/reason.h"

#define SERVICES "conf/services"
#define ERLAN "850412390011"
#define AIGUL "870930490018"
#define NURLAN "120229590018"
#define NOW "2026-11-22T19:30:37.123+05:00"

#define APPLICATION_HEAD                                                                                            \
        "<application xmlns=\"" APPLICATION_NS "\"><requestNumber>10100000000001</requestNumber>"                  \
        "<serviceCode>TSA_CERT</serviceCode><requestDate>" NOW "</requestDate><language>kk</language>"             \
        "<providerBin>160640900019</providerBin>"
#define APPLICATION                                                                                                 \
        APPLICATION_HEAD "<declarantId>" ERLAN "</declarantId><consent>true</consent>"                             \
                         "<form><purpose>Мектепке ұсыну үшін</purpose></form></application>"
#define APPLICATION_CHILD                                                                                           \
        APPLICATION_HEAD "<declarantId>" NURLAN "</declarantId><representative><iin>" ERLAN                        \
                         "</iin><basis>PARENT</basis></representative><consent>true</consent><form></form></application>"

#define PERSON(iin, name, more)                                                                                     \
        "<gbdfl found=\"true\"><iin>" iin "</iin><surname>АХМЕТОВ</surname><name>" name                            \
        "</name><patronymic>СЕРІКҰЛЫ</patronymic><birthDate>1985-04-12</birthDate><gender>M</gender>"              \
        "<citizenship>KAZ</citizenship><lifeStatus>ALIVE</lifeStatus><address><region>Қостанай облысы</region>"    \
        "<district>Қостанай ауданы</district><settlement>Тобыл қ.</settlement><street>Абай көшесі</street>"        \
        "<building>23</building><flat></flat></address>" more "</gbdfl>"
#define GBDFL PERSON(ERLAN, "ЕРЛАН", "")
#define GBDFL_NONE "<gbdfl found=\"false\"></gbdfl>"
#define GBDFL_DEAD PERSON(ERLAN, "ЕРЛАН", "<deathDate>2026-01-05</deathDate>")
#define GBDFL_CHILD(representative)                                                                                 \
        PERSON(NURLAN, "НҰРЛАН", "<representative><iin>" representative "</iin><basis>PARENT</basis></representative>")

#define MEMBER(iin, name, relationship)                                                                             \
        "<member><iin>" iin "</iin><fullName>" name "</fullName><relationship>" relationship "</relationship></member>"
#define ASSIGNMENT(from, to)                                                                                        \
        "<assignment><number>39-000123</number><from>" from "</from><to>" to "</to><applicantIin>" AIGUL           \
        "</applicantIin>" MEMBER(AIGUL, "СЕРІКОВА АЙГҮЛ МАРАТҚЫЗЫ", "SELF")                                        \
        MEMBER(ERLAN, "АХМЕТОВ ЕРЛАН СЕРІКҰЛЫ", "SPOUSE") MEMBER(NURLAN, "АХМЕТОВ НҰРЛАН ЕРЛАНҰЛЫ", "CHILD") "</assignment>"
#define AID(assignments) "<socialaid found=\"true\">" assignments "</socialaid>"
#define AID_NOW AID(ASSIGNMENT("2026-10-01", "2026-12-31"))
#define AID_NONE "<socialaid found=\"false\"></socialaid>"

/* The text with the first `from` replaced; fails the test when it is not there. Freed by the caller. */
static inline char *replaced(const char *text, const char *from, const char *to)
{
        const char *at = strstr(text, from);
        if (!at)
                fail_msg("fixture no longer holds: %s", from);
        struct buf out = BUF_INIT;
        buf_add(&out, text, (size_t)(at - text));
        buf_add_str(&out, to);
        buf_add_str(&out, at + strlen(from));
        return buf_take_str(&out);
}

static inline xmlDoc *parsed(const char *text)
{
        struct why why = WHY_INIT;
        xmlDoc *doc = NULL;
        if (xml_read(span_str(text), &xml_limits_default, &doc, &why) != GW_OK)
                fail_msg("fixture is not XML: %s", why.detail);
        return doc;
}

static inline struct wall_time at(const char *iso)
{
        struct wall_time time = {0};
        if (clock_parse_iso(iso, &time) != GW_OK)
                fail_msg("no time: %s", iso);
        return time;
}

static inline struct catalogue *opened(const char *folder)
{
        struct why why = WHY_INIT;
        struct catalogue *catalogue = NULL;
        if (catalogue_open(folder, &catalogue, &why) != GW_OK)
                fail_msg("catalogue: %s", why.detail);
        return catalogue;
}

/* The case of that application and those two answers; NULL leaves the system silent. */
static inline xmlDoc *case_of(const char *application, const char *gbdfl, const char *socialaid, struct wall_time now)
{
        auto_xmldoc xmlDoc *doc = parsed(application);
        struct case_fact facts[2];
        size_t count = 0;
        if (gbdfl)
                facts[count++] = (struct case_fact){"gbdfl", span_str(gbdfl)};
        if (socialaid)
                facts[count++] = (struct case_fact){"socialaid", span_str(socialaid)};
        const struct case_input input = {
                .application = xmlDocGetRootElement(doc), .number = "2026-000001", .now = now, .facts = facts, .fact_count = count};
        struct why why = WHY_INIT;
        xmlDoc *case_doc = NULL;
        if (case_build(&input, &case_doc, &why) != GW_OK)
                fail_msg("case: %s", why.detail);
        return case_doc;
}

#endif
