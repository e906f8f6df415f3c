/* Names, settings and dice of the faults. */
#include <string.h>

#include "adapters/simulators/faults.h"
#include "gateway/base/text.h"

#define MS_MAX 3600000

static const char *const names[FAULT_KIND_COUNT] = {
        [FAULT_NONE] = "none",
        [FAULT_DELAY] = "delay",
        [FAULT_TIMEOUT] = "timeout",
        [FAULT_HTTP500] = "http500",
        [FAULT_SOAPFAULT] = "soapfault",
        [FAULT_CUT] = "cut",
        [FAULT_REFUSE] = "refuse",
        [FAULT_GARBAGE] = "garbage",
        [FAULT_WRONG_SIGNATURE] = "wrong-signature",
        [FAULT_UNSIGNED] = "unsigned",
        [FAULT_WRONG_IIN] = "wrong-iin",
        [FAULT_BUSY] = "busy",
        [FAULT_HUGE] = "huge",
        [FAULT_SLOW] = "slow",
};

static const struct fault_kinds system_kinds = {names, GW_COUNT(names)};

const char *fault_name(const struct fault *fault)
{
        GW_ASSERT(fault->kind < fault->of->count);
        return fault->of->names[fault->kind];
}

bool fault_is_before_work(enum fault_kind kind)
{
        return kind == FAULT_HTTP500 || kind == FAULT_SOAPFAULT || kind == FAULT_REFUSE;
}

struct fault fault_none_of(const struct fault_kinds *kinds)
{
        return (struct fault){.of = kinds, .ms = 1000, .left = UINT64_MAX, .percent = 100};
}

struct fault fault_none(void)
{
        return fault_none_of(&system_kinds);
}

static enum gw_rc set_kind(struct fault *fault, const char *value, struct why *why)
{
        for (unsigned kind = 0; kind < fault->of->count; kind++) {
                if (str_eq(value, fault->of->names[kind])) {
                        fault->kind = kind;
                        return GW_OK;
                }
        }
        return why_say(why, GW_REJECT, "there is no fault of that kind");
}

enum gw_rc fault_set(struct fault *fault, const char *key, const char *value, struct why *why)
{
        uint64_t number = 0;
        if (str_eq(key, "kind"))
                return set_kind(fault, value, why);
        if (str_eq(key, "ms")) {
                if (!text_to_u64(value, 0, MS_MAX, &number))
                        return why_say(why, GW_REJECT, "ms is 0 to %d", MS_MAX);
                fault->ms = (int)number;
                return GW_OK;
        }
        if (str_eq(key, "count")) {
                if (!text_to_u64(value, 1, UINT64_MAX - 1, &number))
                        return why_say(why, GW_REJECT, "count is a number from 1");
                fault->left = number;
                return GW_OK;
        }
        if (!str_eq(key, "percent"))
                return why_say(why, GW_REJECT, "%.40s: there is no such setting of a fault", key);
        if (!text_to_u64(value, 1, 100, &number))
                return why_say(why, GW_REJECT, "percent is 1 to 100");
        fault->percent = (unsigned)number;
        return GW_OK;
}

enum gw_rc fault_parse(const char *text, struct fault *fault, struct why *why)
{
        struct fault made = fault_none_of(fault->of ? fault->of : &system_kinds);
        auto_str char *copy = xstrdup(text);
        char *rest = copy;
        const char *kind = strsep(&rest, ",");
        enum gw_rc rc = fault_set(&made, "kind", kind, why);
        while (rc == GW_OK && rest) {
                char *key = strsep(&rest, ","), *value = strchr(key, '=');
                if (!value)
                        return why_say(why, GW_REJECT, "%.40s: a setting is KEY=VALUE", key);
                *value++ = '\0';
                rc = fault_set(&made, key, value, why);
        }
        if (rc == GW_OK)
                *fault = made;
        return rc;
}

/* splitmix64 (Vigna): small, and enough for dice. */
static uint64_t next_random(uint64_t *state)
{
        uint64_t z = (*state += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}

unsigned fault_next(struct fault *fault, uint64_t *random)
{
        if (fault->kind == FAULT_NONE || fault->left == 0)
                return FAULT_NONE;
        if (fault->percent < 100 && next_random(random) % 100 >= fault->percent)
                return FAULT_NONE;
        if (fault->left != UINT64_MAX)
                fault->left--;
        fault->hits++;
        return fault->kind;
}
