/* The closed list of reason codes. */
#include "gateway/reason.h"

static const struct reason_info table[] = {
#define X(name, shep, http, kk, ru, en) {#name, shep, http, kk, ru, en},
#include "gateway/reason_list.h"
#undef X
};

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
