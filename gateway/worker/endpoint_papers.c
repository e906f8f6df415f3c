/* Papers and results read back, as XML or as a page, by those who work on the request, and which path of the front office means what. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/register/casework.h"
#include "gateway/register/refusals.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/office.h"

#define FRONT "/api/v1/front-office/"
#define REGISTERS "/api/v1/registers"
#define SERVICES "/api/v1/services"
#define INBOX "/api/v1/inbox/"
#define PAPERS "/papers/"
#define LIMIT_MAX 100

/* ---- in general ---- */

static enum gw_rc not_found(struct why *why)
{
        return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such number");
}

struct office_page office_page_of(const char *query)
{
        struct office_page page = {.limit = LIMIT_MAX / 2};
        for (const char *at = query; *at; at += strcspn(at, "&"), at += *at == '&') {
                auto_str char *pair = xstrndup(at, strcspn(at, "&"));
                uint64_t value = 0;
                if (str_starts(pair, "before=") && text_to_u64(pair + strlen("before="), 1, INT64_MAX, &value))
                        page.before = (int64_t)value;
                if (str_starts(pair, "limit=") && text_to_u64(pair + strlen("limit="), 1, LIMIT_MAX, &value))
                        page.limit = (unsigned)value;
        }
        return page;
}

static json_t *links_json(const char *number, int64_t id)
{
        auto_str char *xml = xasprintf(INBOX "%s" PAPERS "%lld.xml", number, (long long)id), *pdf = xasprintf(INBOX "%s" PAPERS "%lld.pdf", number, (long long)id);
        return json_pack("{s:s, s:s}", "xml", xml, "pdf", pdf);
}

json_t *office_paper_json(const char *number, int64_t id, const struct service_paper *paper, struct wall_time at)
{
        char when[CLOCK_TEXT_MAX], printed[20];
        return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o}", "id", (json_int_t)id, "number", paper_number(PAPER_NUMBER_PREFIX, id, printed), "kind", paper_kind_names[paper->kind], "nameKk",
                         paper->name.kk, "nameRu", paper->name.ru, "at", clock_iso(at, when), "links", links_json(number, id));
}

json_t *office_paper_view_json(const struct paper_view *view)
{
        char when[CLOCK_TEXT_MAX], printed[20], number[20];
        store_request_number(view->request_id, number);
        return json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)view->id, "number", paper_number(PAPER_NUMBER_PREFIX, view->id, printed), "kind", view->kind, "at", clock_iso(view->at, when),
                         "links", links_json(number, view->id));
}

enum office_form office_form_of(const char *text, int64_t *ret_id)
{
        const char *dot = strchr(text, '.');
        uint64_t id = 0;
        auto_str char *digits = dot ? xstrndup(text, (size_t)(dot - text)) : NULL;
        if (!digits || !text_to_u64(digits, 1, INT64_MAX, &id))
                return OFFICE_NEITHER;
        *ret_id = (int64_t)id;
        return str_eq(dot, ".xml") ? OFFICE_XML : str_eq(dot, ".pdf") ? OFFICE_PDF : OFFICE_NEITHER;
}

void office_show(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const char *service_code, struct wall_time at, struct buf *document, enum office_form form)
{
        if (form == OFFICE_PDF) {
                endpoint_print_paper(loop, exchange, correlation_id, service_code, at, document);
                return;
        }
        answer_text(exchange, 200, "application/xml; charset=utf-8", buf_span(document));
        buf_done(document);
}

/* ---- papers of a request ---- */

struct reading {
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX], actor[160], detail[64], service[41];
        int64_t request_id;
        struct wall_time registered_at;
        struct buf content;
        enum office_form form;
        bool result;                  /* and no paper */
};

static enum gw_rc note_work(struct store *store, void *arg, struct why *why)
{
        const struct reading *r = arg;
        return casework_note(store, r->request_id, r->actor, r->detail, wall_now(), why);
}

/* The picture of a result is signed, that of a paper is not. */
static void print_result(struct reading *r)
{
        struct request_view view = {.registered_at = r->registered_at, .document = r->content};
        r->content = (struct buf)BUF_INIT;
        snprintf(view.service_code, sizeof view.service_code, "%s", r->service);
        endpoint_print(r->loop, r->exchange, r->id, &view);
        request_view_done(&view);
}

static void on_noted(void *arg, enum gw_rc rc, const struct why *why)
{
        struct reading *r = arg;
        if (rc == GW_OK && r->result && r->form == OFFICE_PDF)
                print_result(r);
        else if (rc == GW_OK)
                office_show(r->loop, r->exchange, r->id, r->service, r->registered_at, &r->content, r->form);
        else
                office_refuse(r->exchange, r->id, "paper.refused", why);
        buf_done(&r->content);
        r->loop->calls--;
        free(r);
}

static const char *front_role(const struct actor *actor)
{
        for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                if (actor->roles & 1U << role)
                        return staff_role_names[role];
        return actor->is_operator ? "OPERATOR" : "NOBODY";
}

static enum gw_rc read_paper(struct reading *r, const char *rest, struct why *why)
{
        struct paper_view view;
        int64_t id = 0;
        r->form = office_form_of(rest, &id);
        enum gw_rc rc = r->form == OFFICE_NEITHER ? not_found(why) : papers_view(r->loop->reader, r->request_id, id, &view, &r->content, why);
        if (rc == GW_OK)
                snprintf(r->detail, sizeof r->detail, "read paper %lld %s", (long long)id, view.kind);
        return rc;
}

/* For whoever hands it out. */
static enum gw_rc read_result(struct reading *r, enum office_form form, struct why *why)
{
        struct request_view view = {.document = BUF_INIT};
        r->result = true;
        r->form = form;
        enum gw_rc rc = store_view_by_id(r->loop->reader, r->request_id, true, &view, why);
        if (rc == GW_OK && !view.document.n)
                rc = why_set(why, GW_REJECT, REASON_RESULT_NOT_READY, "state %s", request_state_info(view.state)->code);
        if (rc == GW_OK) {
                r->content = view.document;
                view.document = (struct buf)BUF_INIT;
                snprintf(r->detail, sizeof r->detail, "read the result");
        }
        request_view_done(&view);
        return rc;
}

void endpoint_paper(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *number, const char *rest)
{
        struct why why = WHY_INIT;
        struct casework_row row;
        struct reading *r = xcalloc(1, sizeof *r);
        *r = (struct reading){.loop = loop, .exchange = exchange, .content = BUF_INIT};
        snprintf(r->id, sizeof r->id, "%s", correlation_id);
        snprintf(r->actor, sizeof r->actor, "staff:%s %s", actor->id, front_role(actor));
        enum gw_rc rc = casework_view(loop->reader, number, actor->bin, &row, &why);
        if (rc == GW_OK) {
                r->request_id = row.request_id;
                r->registered_at = row.registered_at;
                snprintf(r->service, sizeof r->service, "%s", row.service);
                rc = str_starts(rest, "papers/") ? read_paper(r, rest + strlen("papers/"), &why) : read_result(r, str_eq(rest, "result.pdf") ? OFFICE_PDF : OFFICE_XML, &why);
        }
        loop->calls++;
        if (rc == GW_OK)
                journal_submit(loop->journal, note_work, on_noted, r);
        else
                on_noted(r, rc, &why);
}

void office_refusal_paper(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *rest)
{
        struct why why = WHY_INIT;
        struct refusal_view view;
        uint64_t id = 0;
        const char *slash = strchr(rest, '/');
        auto_str char *digits = slash ? xstrndup(rest, (size_t)(slash - rest)) : NULL;
        enum office_form form = str_eq(slash, "/paper.xml") ? OFFICE_XML : str_eq(slash, "/paper.pdf") ? OFFICE_PDF : OFFICE_NEITHER;
        enum gw_rc rc = form != OFFICE_NEITHER && text_to_u64(digits, 1, INT64_MAX, &id) ? refusals_view(loop->reader, (int64_t)id, actor->bin, &view, &why) : not_found(&why);
        if (rc != GW_OK) {
                office_refuse(exchange, correlation_id, "paper.refused", &why);
                return;
        }
        log_event(LOG_INFO, correlation_id, "refusal.read", "refusal=%lld staff=%s organisation=%s", (long long)id, actor->id, actor->organisation);
        office_show(loop, exchange, correlation_id, view.service_code, view.at, &view.paper, form);
}

/* ---- paths ---- */

/* Of an inbox path the part after "NUMBER/", when it is a paper or the result; NULL: it is another. */
static const char *paper_of(const char *path, char number[15])
{
        if (!str_starts(path, INBOX) || strspn(path + strlen(INBOX), "0123456789") != 14 || path[strlen(INBOX) + 14] != '/')
                return NULL;
        const char *rest = path + strlen(INBOX) + 14 + 1;
        if (!str_starts(rest, "papers/") && !str_eq(rest, "result.pdf") && !str_eq(rest, "result.xml"))
                return NULL;
        memcpy(number, path + strlen(INBOX), 14);
        number[14] = '\0';
        return rest;
}

bool office_path(const char *path)
{
        char number[15];
        return str_eq(path, SERVICES) || str_starts(path, FRONT) || str_eq(path, REGISTERS) || str_starts(path, REGISTERS "/") || paper_of(path, number);
}

static void no_such(struct http_exchange *exchange, const char *id, bool get)
{
        struct http_header allow = {"allow", get ? "POST" : "GET, HEAD"};
        answer_carrier(exchange, id, REASON_HTTP_METHOD, "use another method", &allow);
}

static void read_paths(struct loop *loop, struct http_exchange *x, const char *id, const struct actor *actor)
{
        const char *path = http_exchange_request(x)->path;
        char number[15];
        const char *paper = paper_of(path, number);
        if (paper)
                endpoint_paper(loop, x, id, actor, number, paper);
        else if (str_eq(path, SERVICES))
                office_services(loop, x);
        else if (str_eq(path, REGISTERS))
                office_registers(loop, x, id, actor);
        else if (str_starts(path, REGISTERS "/"))
                office_register_read(loop, x, id, actor, path + strlen(REGISTERS "/"));
        else if (str_eq(path, FRONT "refusals"))
                office_refusals(loop, x, id, actor);
        else if (str_starts(path, FRONT "refusals/"))
                office_refusal_paper(loop, x, id, actor, path + strlen(FRONT "refusals/"));
        else
                no_such(x, id, true);
}

static void write_paths(struct loop *loop, struct http_exchange *x, const char *id, const struct actor *actor)
{
        const char *path = http_exchange_request(x)->path;
        if (str_eq(path, FRONT "check"))
                office_check(loop, x, id, actor);
        else if (str_eq(path, FRONT "applications"))
                office_submit(loop, x, id, actor, ACT_REGISTER);
        else if (str_eq(path, FRONT "refusals"))
                office_submit(loop, x, id, actor, ACT_REFUSE_INTAKE);
        else if (str_eq(path, REGISTERS))
                office_register_new(loop, x, id, actor);
        else if (str_starts(path, REGISTERS "/"))
                office_register_accept(loop, x, id, actor, path + strlen(REGISTERS "/"));
        else
                no_such(x, id, false);
}

void endpoint_office(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        bool get = str_eq(request->method, "GET") || str_eq(request->method, "HEAD");
        struct actor actor;
        struct why why = WHY_INIT;
        if (!get && !str_eq(request->method, "POST")) {
                struct http_header allow = {"allow", "GET, HEAD, POST"};
                answer_carrier(exchange, correlation_id, REASON_HTTP_METHOD, "use another method", &allow);
        } else if (session_actor(loop->shared->sessions, request, &actor, &why) != GW_OK ||
                   (!str_eq(request->path, SERVICES) && session_need_work(&actor, &why) != GW_OK)) {
                office_refuse(exchange, correlation_id, "office.refused", &why);
        } else if (get) {
                read_paths(loop, exchange, correlation_id, &actor);
        } else {
                write_paths(loop, exchange, correlation_id, &actor);
        }
}
