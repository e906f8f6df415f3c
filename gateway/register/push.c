/* Adds the outbox rows that tell an organisation's system what has come to it. */
#include <stdio.h>
#include <string.h>

#include "gateway/catalogue/roles.h"
#include "gateway/register/casework.h"
#include "gateway/register/store_priv.h"

/* Whose step it is; "" when no organisation's: the applicant's, the gateway's, or none. */
static const char *bin_of_role(const char *role, const struct push_sides *sides)
{
        enum staff_role r = staff_role_of(role);
        return staff_role_is_front(r) ? sides->front_bin : staff_role_is_provider(r) ? sides->provider_bin : "";
}

static const struct push_target *target_of(const struct store *store, const char *bin)
{
        for (size_t i = 0; i < store->pushes.count; i++)
                if (strcmp(store->pushes.list[i].bin, bin) == 0)
                        return &store->pushes.list[i];
        return NULL;
}

static enum gw_rc next_sequence(struct store *store, int64_t request_id, const char *destination, int *ret_sequence, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_PUSH_NEXT, "SELECT coalesce(max(sequence), 0) + 1 FROM outbox WHERE request_id = ? AND destination = ?");
        query_i64(&q, request_id);
        query_text(&q, destination);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_sequence = (int)query_column_i64(&q, 0);
        return rc;
}

enum gw_rc push_reached(struct store *store, int64_t request_id, const struct push_sides *sides, const char *from_role, const struct casework_place *place, struct wall_time at,
                        struct why *why)
{
        const char *bin = bin_of_role(place->role, sides);
        const struct push_target *target = *bin && place->step ? target_of(store, bin) : NULL;
        if (!target || (from_role && strcmp(bin_of_role(from_role, sides), bin) == 0))
                return GW_OK;
        int sequence = 0;
        enum gw_rc rc = next_sequence(store, request_id, target->destination, &sequence, why);
        if (rc != GW_OK)
                return rc;
        char number[20], message_id[64], step[24];
        number_write(NUMBER_PREFIX_REQUEST, request_id, number);
        snprintf(message_id, sizeof message_id, "push-%s-%d-%s", number, sequence, target->destination + strlen(PUSH_PREFIX));
        snprintf(step, sizeof step, "STEP_%d", place->step);
        struct outbox_new row = {
                .request_id = request_id, .sequence = sequence, .destination = target->destination, .kind = "REQUEST", .message_id = message_id, .state_code = step, .at = at,
        };
        int64_t id = 0;
        return store_outbox_add(store, &row, &id, why);
}

enum gw_rc push_moved(struct store *store, int64_t request_id, const struct casework_place *place, const char *act, struct wall_time at, struct why *why)
{
        if (store->pushes.count == 0)
                return GW_OK;
        struct push_sides sides;
        char from[24];
        {
                auto_query struct query q = db_query(&store->db, SQL_PUSH_FROM, "SELECT role, provider_bin, front_bin FROM casework WHERE request_id = ?");
                query_i64(&q, request_id);
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                query_column_text(&q, 0, from, sizeof from);
                query_column_text(&q, 1, sides.provider_bin, sizeof sides.provider_bin);
                query_column_text(&q, 2, sides.front_bin, sizeof sides.front_bin);
        }
        bool returned = act && strcmp(act, "RETURN") == 0; /* also within one organisation: its system has taken the step for done */
        return push_reached(store, request_id, &sides, returned ? NULL : from, place, at, why);
}
