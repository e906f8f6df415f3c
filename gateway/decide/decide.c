/* Asks the service's rules in order. */
#include "gateway/catalogue/xpath.h"
#include "gateway/decide/decide.h"
#include "gateway/reason.h"

static const char *const names[] = {
        [OUTCOME_POSITIVE] = "POSITIVE",
        [OUTCOME_NEGATIVE] = "NEGATIVE",
        [OUTCOME_REFUSED] = "REFUSED",
        [OUTCOME_WAIT] = "WAIT",
};

const char *outcome_name(enum outcome outcome)
{
        GW_ASSERT((size_t)outcome < GW_COUNT(names));
        return names[outcome];
}

static enum outcome outcome_of(const struct service_rule *rule)
{
        size_t outcome = 0;
        while (outcome < GW_COUNT(names) && !str_eq(names[outcome], rule->outcome))
                outcome++;
        GW_ASSERT(outcome < GW_COUNT(names)); /* catalogue.xsd allows no other */
        return (enum outcome)outcome;
}

/* I4: "no assignment" must never be read out of a silence. */
static enum gw_rc check_answers(const struct service *service, xmlDoc *case_doc, struct why *why)
{
        const xmlNode *root = xmlDocGetRootElement(case_doc);
        for (size_t i = 0; i < service->system_count; i++)
                if (!xml_child(root, NULL, service->systems[i]))
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "%s has not answered: nothing may be decided", service->systems[i]);
        return GW_OK;
}

enum gw_rc decide(const struct service *service, xmlDoc *case_doc, struct decision *ret_decision, struct why *why)
{
        enum gw_rc rc = check_answers(service, case_doc, why);
        if (rc != GW_OK)
                return rc;
        gw_auto(xpath_context) xmlXPathContext *xpath = xpath_context_new(case_doc);
        if (!xpath)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        for (size_t i = 0; i < service->rule_count; i++) {
                const struct service_rule *rule = &service->rules[i];
                int truth = xmlXPathCompiledEvalToBoolean(rule->test, xpath);
                if (truth < 0)
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "rule %s of %s cannot be evaluated", rule->id, service->code);
                if (truth == 0)
                        continue;
                *ret_decision = (struct decision){.outcome = outcome_of(rule), .rule = rule};
                return GW_OK;
        }
        return why_set(why, GW_FAULT, REASON_INTERNAL, "no rule of %s decides this case", service->code);
}
