/* The closed list of reason codes. */
#include "gateway/reason.h"

static const struct reason_info table[] = {
#define X(name, shep, http, kk, ru, en) {#name, shep, http, kk, ru, en},
#include "gateway/reason_list.h"
#undef X
};

enum advice {
#define X(name, kk, ru, en) ADVICE_##name,
#include "gateway/reason_advice_list.h"
#undef X
};
static const struct {
        const char *kk, *ru, *en;
} advices[] = {
#define X(name, kk, ru, en) {kk, ru, en},
#include "gateway/reason_advice_list.h"
#undef X
};
static const struct {
        enum reason_side side;
        enum advice advice;
} sides[] = {
#define X(name, side, advice) [REASON_##name] = {REASON_SIDE_##side, ADVICE_##advice},
#include "gateway/reason_side_list.h"
#undef X
};
/* One row each, in the same order: the list of sides counts along with the list of reasons. */
enum side_order {
#define X(name, side, advice) SIDE_OF_##name,
#include "gateway/reason_side_list.h"
#undef X
        SIDE_COUNT
};
#define X(name, shep, http, kk, ru, en) _Static_assert((int)SIDE_OF_##name == (int)REASON_##name, "reason_side_list.h has another order");
#include "gateway/reason_list.h"
#undef X
_Static_assert((int)SIDE_COUNT == (int)REASON_COUNT, "reason_side_list.h is not complete");

struct reason_advice reason_advice(int reason)
{
        static const char *const names[] = {"sender", "applicant", "peer", "gateway"};
        if (reason < 0 || reason >= REASON_COUNT)
                reason = REASON_INTERNAL;
        enum reason_side side = sides[reason].side;
        enum advice advice = sides[reason].advice;
        return (struct reason_advice){side, names[side], advices[advice].kk, advices[advice].ru, advices[advice].en};
}

const struct reason_info *reason_info(int reason)
{
        if (reason < 0 || reason >= REASON_COUNT)
                return &table[REASON_INTERNAL];
        return &table[reason];
}

int reason_by_name(const char *name)
{
        for (int i = 0; i < REASON_COUNT; i++)
                if (str_eq(table[i].name, name))
                        return i;
        return -1;
}

const char *reason_known_shep_code(const char *code)
{
        for (int i = 1; i < REASON_COUNT; i++)
                if (str_eq(table[i].shep_code, code))
                        return table[i].shep_code;
        return "?";
}
