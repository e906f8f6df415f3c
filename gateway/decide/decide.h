/* Decides by the rules of the service, over the collected answers. Pure: no clock, no store, no network.
 *
 * The case document the rules see:
 *   <case today="2026-11-22" now="…iso…" number="registration number" quarter="4" quarterStart="2026-10-01" quarterEnd="2026-12-31">
 *     <application> … without namespaces … </application>
 *     <gbdfl> … facts as the adapter wrote them … </gbdfl>
 *     <socialaid> … </socialaid>
 *     <data> … tables of the service file … </data>
 *   </case>
 * A silent system has no element here, and no rule may be asked before all have answered (I4). */
#ifndef GW_DECIDE_DECIDE_H
#define GW_DECIDE_DECIDE_H

#include "gateway/catalogue/catalogue.h"

struct case_fact { const char *system; struct span facts; /* canonical XML element named after the system */ };
struct case_input {
        const xmlNode *application;   /* the verified root */
        const char *number;
        struct wall_time now;
        xmlNode *data;                /* the service's tables, or NULL */
        const struct case_fact *facts;
        size_t fact_count;
};
/* GW_FAULT when a fact is not XML. The document is the caller's. */
GW_MUST_CHECK enum gw_rc case_build(const struct case_input *input, xmlDoc **ret_case, struct why *why);

enum outcome { OUTCOME_POSITIVE, OUTCOME_NEGATIVE, OUTCOME_REFUSED, OUTCOME_WAIT };
const char *outcome_name(enum outcome outcome);
struct decision {
        enum outcome outcome;
        const struct service_rule *rule;  /* borrowed from the service */
};
/* First true rule; none true: GW_FAULT (the catalogue check demands a last rule test="true()"). */
GW_MUST_CHECK enum gw_rc decide(const struct service *service, xmlDoc *case_doc, struct decision *ret_decision, struct why *why);

#endif
