/* Who does what on a route. People will be let in by these words, so that a slip in a file must not hand a step to the wrong side. */
#include "gateway/catalogue/service_parts.h"

/* Which roles belong to which kind of route, beside the provider's. */
static bool is_front_of(enum staff_role role, enum route_kind kind)
{
        switch (kind) {
        case ROUTE_STATECORP:
                return role == STAFF_STATECORP_WORKER;
        case ROUTE_CENTER:
                return role == STAFF_CENTER_WORKER;
        case ROUTE_AKIM:
                return role == STAFF_AKIM_WORKER || role == STAFF_AKIM || role == STAFF_AKIM_EXECUTOR;
        case ROUTE_CSC:
                return role == STAFF_CSC_INSPECTOR || role == STAFF_CSC_ACCUMULATOR || role == STAFF_CSC_ISSUER;
        case ROUTE_OFFICE:
        case ROUTE_PORTAL:
        case ROUTE_AUTH_BODY:
        case ROUTE_KIND_COUNT:
                return false;
        }
        return false;
}

bool route_kind_has_front(enum route_kind kind)
{
        return kind == ROUTE_STATECORP || kind == ROUTE_CENTER || kind == ROUTE_AKIM || kind == ROUTE_CSC;
}

/* Whose side an act is on: that of whoever takes applications in and hands results out, or that of whoever decides. */
static bool side_fits(const struct route_step *step, enum route_kind kind)
{
        bool front = route_kind_has_front(kind);
        switch (step->act) {
        case ACT_CHECK:
        case ACT_REFUSE_INTAKE:
        case ACT_REGISTER:
        case ACT_TRANSFER:
        case ACT_ISSUE:
                return front ? is_front_of(step->by, kind) : staff_role_is_provider(step->by);
        case ACT_ACCEPT:
                return is_front_of(step->by, kind) || staff_role_is_provider(step->by);
        case ACT_RESOLVE:
                return step->by == STAFF_HEAD || (kind == ROUTE_AKIM && step->by == STAFF_AKIM);
        case ACT_SIGN:
                return step->by == STAFF_HEAD;
        case ACT_PREPARE:
        case ACT_DECIDE:
        case ACT_RECORD:
                return staff_role_is_provider(step->by);
        case ACT_PORTAL:
                return kind == ROUTE_PORTAL && (step->by == STAFF_RECIPIENT || step->by == STAFF_GATEWAY);
        case STEP_ACT_COUNT:
                return false;
        }
        return false;
}

static enum gw_rc check_step(const xmlNode *node, const struct route *route, const struct route_step *step, const struct place *place)
{
        long line = xmlGetLineNo(node);
        if ((step->act == ACT_PORTAL) != (route->kind == ROUTE_PORTAL) || !side_fits(step, route->kind))
                return place_fail(place, line, "act %s is not for %s on the route %s", step_act_names[step->act], staff_role_names[step->by], route_kind_names[route->kind]);
        if ((step->act == ACT_REFUSE_INTAKE) != (step->branch == STEP_REFUSE_INTAKE))
                return place_fail(place, line, "the act REFUSE_INTAKE and the branch of that name go together");
        if (step->branch == STEP_CAP && step->act != ACT_RECORD)
                return place_fail(place, line, "a CAP step does no more than RECORD");
        if (step->through != ROUTE_NONE && step->act != ACT_DECIDE)
                return place_fail(place, line, "through is for the act DECIDE");
        return GW_OK;
}

/* Number (from 1) of the only step of that act; 0: none, or several. */
static size_t only_step(const struct route *route, enum step_act act)
{
        size_t found = 0, count = 0;
        for (size_t i = 0; i < route->step_count; i++)
                if (route->steps[i].act == act) {
                        found = i + 1;
                        count++;
                }
        return count == 1 ? found : 0;
}

static bool has_act(const struct route *route, enum step_act act)
{
        for (size_t i = 0; i < route->step_count; i++)
                if (route->steps[i].act == act)
                        return true;
        return false;
}

/* One by one in this order: checked and refused, registered, …, prepared, signed, …, issued as the last. */
static enum gw_rc check_order(const xmlNode *node, const struct route *route, const struct place *place)
{
        long line = xmlGetLineNo(node);
        size_t registered = only_step(route, ACT_REGISTER), prepared = only_step(route, ACT_PREPARE), signed_at = only_step(route, ACT_SIGN), decided = only_step(route, ACT_DECIDE);
        if (!registered)
                return place_fail(place, line, "one step of the route has the act REGISTER, and no more");
        for (size_t i = 0; i < route->step_count; i++) {
                enum step_act act = route->steps[i].act;
                if (i + 1 < registered && act != ACT_CHECK && act != ACT_REFUSE_INTAKE)
                        return place_fail(place, line, "step %zu: %s comes before REGISTER", i + 1, step_act_names[act]);
                if (i + 1 > registered && act == ACT_CHECK)
                        return place_fail(place, line, "step %zu: CHECK comes after REGISTER", i + 1);
        }
        bool two = prepared && signed_at > prepared && !has_act(route, ACT_DECIDE);
        bool one = decided && !has_act(route, ACT_PREPARE) && !has_act(route, ACT_SIGN);
        if (!two && !one)
                return place_fail(place, line, "a result is prepared and then signed, or decided, once");
        if (only_step(route, ACT_ISSUE) != route->step_count)
                return place_fail(place, line, "the last step, and no other, is ISSUE");
        return GW_OK;
}

enum gw_rc service_check_acts(const xmlNode *node, const struct route *route, const struct place *place)
{
        size_t index = 0;
        each_element(step, node, "step") {
                enum gw_rc rc = check_step(step, route, &route->steps[index++], place);
                if (rc != GW_OK)
                        return rc;
        }
        return route->kind == ROUTE_PORTAL ? GW_OK : check_order(node, route, place);
}
