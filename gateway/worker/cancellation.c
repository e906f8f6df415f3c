/* Cancelling: verified like an application, then one transition with its notice. */
#include "gateway/worker/cancellation.h"

#include <stdlib.h>

#include "gateway/base/log.h"
#include "gateway/reason.h"
#include "gateway/register/casework.h"
#include "gateway/verify/cms_document.h"
#include "gateway/worker/outgoing.h"

struct cancellation {
        struct loop *loop;
        struct request_work work;
        struct casework_row row;      /* of what people work on */
        struct outgoing out;
        struct delivery *delivery;
        struct wall_time at;
        cancellation_done done;
        void *arg;
};

static void cancellation_free(struct cancellation *c)
{
        if (!c)
                return;
        outgoing_done(&c->out);
        request_work_done(&c->work);
        free(c);
}
GW_DEFINE_AUTO(cancellation, struct cancellation, cancellation_free)

/* ---- verify ---- */

struct signers { const struct certificate *certificates[VERIFY_SIGNERS_MAX]; size_t count; };

/* The signer of the application must be among them. */
static enum gw_rc check_signers(struct loop *loop, const struct signers *signers, const char *applicant_iin, struct why *why)
{
        enum gw_rc rc = GW_REJECT;
        for (size_t i = 0; rc != GW_OK && i < signers->count; i++)
                rc = verify_applicant_allowed(loop->shared->verifier, signers->certificates[i], applicant_iin, NULL, why);
        return rc;
}

/* What it says, and of whom: the request is read into work. */
static enum gw_rc read_cancellation(struct cancellation *c, const xmlNode *root, const struct signers *signers, const char *sender_id, const char *path_number, struct why *why)
{
        auto_str char *number = xml_child_text(root, APPLICATION_NS, "number"), *date = xml_child_text(root, APPLICATION_NS, "requestDate");
        struct wall_time written = {0};
        if (!xml_is(root, APPLICATION_NS, "cancellation") || !number || !date || clock_parse_iso(date, &written) != GW_OK)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "not a cancellation with number and requestDate");
        if (path_number && !str_eq(path_number, number))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "number: not the request of the address");
        enum gw_rc rc = verify_fresh(&c->loop->shared->policy, written, c->at, why);
        if (rc == GW_OK)
                rc = store_work_view(c->loop->reader, number, &c->work, why);
        if (rc == GW_OK && !str_eq(c->work.sender_id, sender_id))
                rc = why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such number");
        return rc == GW_OK ? check_signers(c->loop, signers, c->work.applicant_iin, why) : rc;
}

static enum gw_rc verify_xml(struct cancellation *c, struct span xml, const char *sender_id, const char *number, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_document verified = {0};
        enum gw_rc rc = xml_read(xml, &xml_limits_default, &doc, why);
        if (rc == GW_OK)
                rc = verify_document(c->loop->shared->verifier, doc, c->at, &verified, why);
        if (rc != GW_OK)
                return rc;
        struct signers signers = {.count = verified.signer_count};
        for (size_t i = 0; i < verified.signer_count; i++)
                signers.certificates[i] = verified.signers[i];
        rc = read_cancellation(c, verified.root, &signers, sender_id, number, why);
        verified_document_done(&verified);
        return rc;
}

static enum gw_rc verify_in_cms(struct cancellation *c, const struct cancellation_form *form, const char *sender_id, const char *number, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_cms verified = {.signer_count = 0};
        enum gw_rc rc = verify_cms(c->loop->shared->verifier, form->cms, form->detached, c->at, &verified, why);
        if (rc != GW_OK)
                return rc;
        rc = xml_read(verified.content, &xml_limits_default, &doc, why);
        struct signers signers = {.count = verified.signer_count};
        for (size_t i = 0; i < verified.signer_count; i++)
                signers.certificates[i] = verified.signers[i].certificate;
        if (rc == GW_OK)
                rc = read_cancellation(c, xmlDocGetRootElement(doc), &signers, sender_id, number, why);
        verified_cms_done(&verified);
        return rc;
}

/* ---- may it still be? ---- */

static void note_begun(void *arg, const struct casework_entry *entry)
{
        bool *begun = arg;
        *begun = *begun || !str_eq(entry->staff, "gateway");
}

static enum gw_rc too_late(const struct cancellation *c, struct why *why)
{
        return why_set(why, GW_REJECT, REASON_CANCEL_TOO_LATE, "state %s%s", request_state_info(c->work.state)->code, c->work.by_people ? ", and work on it has begun" : "");
}

static enum gw_rc check_state(struct cancellation *c, struct why *why)
{
        if (c->work.state == REQUEST_CHECKING || c->work.state == REQUEST_CANCELLED)
                return GW_OK;
        if (c->work.state != REQUEST_REGISTERED || !c->work.by_people)
                return too_late(c, why);
        bool begun = false;
        enum gw_rc rc = casework_view(c->loop->reader, c->work.number, c->work.provider_bin, &c->row, why);
        if (rc == GW_OK)
                rc = casework_history(c->loop->reader, c->work.id, note_begun, &begun, why);
        return rc == GW_OK && begun ? too_late(c, why) : rc;
}

/* ---- done ---- */

static enum gw_rc close_casework(struct store *store, const struct cancellation *c, struct why *why)
{
        const struct casework_place nowhere = {.step = 0, .role = "", .executor = "", .from = c->at, .near = {WALL_NEVER_MS}, .due = {WALL_NEVER_MS}};
        const struct casework_act act = {
                .request_id = c->work.id,
                .step = c->row.step,
                .entry = {.step = c->row.step, .act = "CANCEL", .role = staff_role_names[STAFF_RECIPIENT], .staff = "gateway", .comment = "", .at = c->at, .from = c->row.step_from, .due = c->row.step_due},
                .next = &nowhere,
                .detail = "cancelled by the applicant",
        };
        bool repeated = false;
        return casework_act(store, &act, &repeated, why);
}

static enum gw_rc cancel_work(struct store *store, void *arg, struct why *why)
{
        struct cancellation *c = arg;
        enum gw_rc rc = c->work.by_people && c->work.state == REQUEST_REGISTERED ? close_casework(store, c, why) : GW_OK;
        if (rc == GW_OK)
                rc = store_transition(store, c->work.id, c->work.state, REQUEST_CANCELLED, "applicant", "signed cancellation", c->at, why);
        return rc == GW_OK ? outgoing_write(store, &c->out, why) : rc;
}

static void on_delivered(void *arg)
{
        struct cancellation *c = arg;
        c->loop->flows--;
        cancellation_free(c);
}

/* Somebody was faster (the check has ended, a step was taken): told as too late. */
static void on_cancelled(void *arg, enum gw_rc rc, const struct why *why)
{
        struct cancellation *c = arg;
        struct why late = {REASON_CANCEL_TOO_LATE, "the request has moved on"};
        if (rc == GW_OK) {
                log_event(LOG_INFO, c->work.number, "request.cancelled", "service=%s", c->work.service_code);
                outgoing_push(&c->out);
        }
        c->done(c->arg, rc, rc == GW_REJECT ? &late : why, c->work.number);
        delivery_finish(c->delivery, on_delivered, c);
}

enum gw_rc cancellation_start(struct loop *loop, const char *sender_id, const char *number, const struct cancellation_form *form, struct wall_time at,
                              cancellation_done done, void *arg, struct why *why)
{
        gw_auto(cancellation) struct cancellation *c = xcalloc(1, sizeof *c);
        *c = (struct cancellation){.loop = loop, .at = at, .done = done, .arg = arg};
        enum gw_rc rc = form->xml.p ? verify_xml(c, form->xml, sender_id, number, why) : verify_in_cms(c, form, sender_id, number, why);
        if (rc == GW_OK)
                rc = check_state(c, why);
        if (rc != GW_OK)
                return rc;
        if (c->work.state == REQUEST_CANCELLED) {
                done(arg, GW_OK, why, c->work.number);
                return GW_OK;
        }
        c->delivery = delivery_new(&loop->delivery, c->work.id, c->work.number);
        if (c->work.outbox_open)
                delivery_hold(c->delivery);
        c->out = (struct outgoing){.loop = loop, .delivery = c->delivery, .work = &c->work};
        struct cancellation *kept = gw_take(&c);
        loop->flows++;
        rc = outgoing_compose(&kept->out, REQUEST_CANCELLED, &(struct outgoing_about){.outcome = NULL}, at, why);
        if (rc == GW_OK)
                journal_submit(loop->journal, cancel_work, on_cancelled, kept);
        else
                delivery_finish(kept->delivery, on_delivered, kept);
        return rc;
}
