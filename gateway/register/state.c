/* The states of a request, their labels (services.md B) and the one table of legal transitions (I5). */
#include "gateway/register/store.h"

static const struct request_state_info states[] = {
        [REQUEST_CHECKING] = {"CHECKING", "Тексерілуде", "На проверке", "Being checked", false},
        [REQUEST_REGISTERED] = {"REGISTERED", "Тіркелді", "Зарегистрировано", "Registered", false},
        [REQUEST_REJECTED_INTAKE] = {"REJECTED_INTAKE", "Қабылдаудан бас тартылды", "Отказано в приеме", "Not accepted", true},
        [REQUEST_AWAITING_DATA] = {"AWAITING_DATA", "Ақпараттық жүйелерден мәліметтер күтілуде", "Ожидание сведений из ИС",
                                   "Waiting for data of state information systems", false},
        [REQUEST_DECIDED] = {"DECIDED", "Шешім қабылданды", "Решение принято", "Decided", false},
        [REQUEST_RESULT_SENT] = {"RESULT_SENT", "Нәтиже жеке кабинетке жіберілді", "Результат направлен в личный кабинет",
                                 "Result sent to the personal cabinet", false},
        [REQUEST_RECEIVED] = {"RECEIVED", "Нәтиже алынды", "Результат получен", "Result received", true},
        [REQUEST_CANCELLED] = {"CANCELLED", "Өтініш беруші кері қайтарып алды", "Отозвано заявителем", "Withdrawn by the applicant", true},
        /* Never worded as a refusal: the request will be taken up again. */
        [REQUEST_FAILED_TECH] = {"FAILED_TECH", "Техникалық себептермен кідірді", "Задержано по техническим причинам",
                                 "Delayed for technical reasons", false},
};
_Static_assert(GW_COUNT(states) == REQUEST_STATE_COUNT, "every state has its row");
/* The numbers are stored in files: a new state goes at the end, and is a new schema version (ledger column). */
_Static_assert(REQUEST_REGISTERED == 1 && REQUEST_AWAITING_DATA == 3 && REQUEST_DECIDED == 4 && REQUEST_FAILED_TECH == 8 &&
               REQUEST_STATE_COUNT == 9, "stored numbers of the states never change");

#define TO(state) (1u << REQUEST_##state)
static const unsigned transitions[REQUEST_STATE_COUNT] = {
        [REQUEST_CHECKING] = TO(REGISTERED) | TO(REJECTED_INTAKE) | TO(CANCELLED),
        [REQUEST_REGISTERED] = TO(AWAITING_DATA) | TO(DECIDED) | TO(FAILED_TECH) | TO(CANCELLED),
        [REQUEST_AWAITING_DATA] = TO(DECIDED) | TO(FAILED_TECH),
        [REQUEST_FAILED_TECH] = TO(AWAITING_DATA) | TO(DECIDED),
        [REQUEST_DECIDED] = TO(RESULT_SENT),
        [REQUEST_RESULT_SENT] = TO(RECEIVED),
};
#undef TO

const struct request_state_info *request_state_info(enum request_state state)
{
        GW_ASSERT((unsigned)state < REQUEST_STATE_COUNT);
        return &states[state];
}

bool request_state_parse(const char *code, enum request_state *ret_state)
{
        for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++) {
                if (!str_eq(states[i].code, code))
                        continue;
                *ret_state = (enum request_state)i;
                return true;
        }
        return false;
}

bool request_transition_allowed(enum request_state from, enum request_state to)
{
        if ((unsigned)from >= REQUEST_STATE_COUNT || (unsigned)to >= REQUEST_STATE_COUNT)
                return false;
        return transitions[from] & (1u << to);
}
