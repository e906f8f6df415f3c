/* Reads conf/staff.conf, and says who somebody is (gateway/provider/staff.h). */
#include "gateway/provider/staff.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/conf.h"
#include "gateway/base/text.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

#define PROVIDER_SIDE(roles) ((roles) & (1U << STAFF_CLERK | 1U << STAFF_HEAD | 1U << STAFF_EXECUTOR))

struct person {
        char *id, *iin, *organisation, *roles, *name_kk, *name_ru;
        bool right_to_sign, active;
};
struct file {
        struct person persons[STAFF_MAX];
        size_t person_count;
};
struct staff {
        _Atomic int references;
        const struct settings *settings;
        struct file file;
        unsigned roles[STAFF_MAX];  /* of each person */
        bool operators[STAFF_MAX];
        unsigned system_roles[SETTINGS_ORGANISATIONS_MAX + 1];
};

#define PERSON(member) offsetof(struct person, member)
static const struct conf_key person_keys[] = {
        {"iin", CONF_TEXT, PERSON(iin), NULL, 0, 0, NULL, "the person's IIN, as in the certificate"},
        {"organisation", CONF_TEXT, PERSON(organisation), NULL, 0, 0, NULL, "[organisation …] of gateway.conf; issuer = that of [issuer]"},
        {"roles", CONF_TEXT, PERSON(roles), "", 0, 0, NULL, "comma-separated: CLERK, HEAD, EXECUTOR and so on, as the kind of the organisation allows; OPERATOR for whoever runs the gateway"},
        {"name_kk", CONF_TEXT, PERSON(name_kk), NULL, 0, 0, NULL, "surname and initials as printed on papers, in Kazakh"},
        {"name_ru", CONF_TEXT, PERSON(name_ru), NULL, 0, 0, NULL, "the same in Russian"},
        {"right_to_sign", CONF_BOOL, PERSON(right_to_sign), "no", 0, 0, NULL, "may sign results; a head's or right-to-sign certificate says it by itself"},
        {"active", CONF_BOOL, PERSON(active), "yes", 0, 0, NULL, "no = shut out, and logged out"},
};
static const struct conf_section sections[] = {
        {"person", person_keys, GW_COUNT(person_keys), true, offsetof(struct file, persons), sizeof(struct person), STAFF_MAX, offsetof(struct file, person_count), PERSON(id)},
};

/* ---- reading ---- */

/* "CLERK, HEAD" → bits; ret_operator NULL: OPERATOR is none. NULL when all is well, else what is not. */
static const char *parse_roles(const char *list, unsigned allowed, unsigned *ret_roles, bool *ret_operator)
{
        for (const char *at = list ? list + strspn(list, " ,") : ""; *at; at += strspn(at, " ,")) {
                size_t n = strcspn(at, " ,");
                auto_str char *word = xstrndup(at, n);
                enum staff_role role = staff_role_of(word);
                at += n;
                if (ret_operator && str_eq(word, "OPERATOR")) {
                        *ret_operator = true;
                        continue;
                }
                if (role == STAFF_ROLE_COUNT)
                        return "there is no such role";
                if (!(allowed & 1U << role))
                        return "people of this kind of organisation do not have such a role";
                *ret_roles |= 1U << role;
        }
        return NULL;
}

static bool id_is_usable(const struct settings *settings, const char *id)
{
        size_t n = strlen(id);
        return n > 0 && n < 48 && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n && !str_eq(id, "gateway") && !settings_organisation(settings, id) &&
               !(n > 5 && str_eq(id + n - 5, ".head"));
}

static const char *person_problem(struct staff *s, size_t i)
{
        const struct person *p = &s->file.persons[i];
        const struct organisation_settings *o = settings_organisation(s->settings, p->organisation);
        if (!id_is_usable(s->settings, p->id))
                return "its id may have letters, digits, '.', '_' and '-', at most 47, and may not be an organisation's, \"gateway\", or end in \".head\"";
        if (!o)
                return "there is no such [organisation …]";
        if (!iin_valid(p->iin, s->settings->verify.iin_check_digit, NULL))
                return "iin is no IIN";
        if (strlen(p->name_kk) >= sizeof ((struct actor *)0)->name_kk || strlen(p->name_ru) >= sizeof ((struct actor *)0)->name_ru)
                return "a name is longer than 127 bytes";
        for (size_t k = 0; k < i; k++)
                if (str_eq(s->file.persons[k].iin, p->iin) && str_eq(s->file.persons[k].organisation, p->organisation))
                        return "another one has this iin in the same organisation";
        return parse_roles(p->roles, organisation_roles(organisation_kind_of(o)), &s->roles[i], &s->operators[i]);
}

static enum gw_rc check_systems(struct staff *s, struct why *why)
{
        for (size_t i = 0; i < s->settings->organisation_count; i++) {
                const struct organisation_settings *o = &s->settings->organisations[i];
                const char *problem = parse_roles(o->system_roles, organisation_roles(organisation_kind_of(o)), &s->system_roles[i], NULL);
                if (problem)
                        return why_set(why, GW_REJECT, REASON_CONFIGURATION, "[organisation %s] system_roles: %s", o->id, problem);
        }
        return GW_OK;
}

static enum gw_rc check(struct staff *s, const char *path, struct why *why)
{
        for (size_t i = 0; i < s->file.person_count; i++) {
                const char *problem = person_problem(s, i);
                if (problem)
                        return why_set(why, GW_REJECT, REASON_CONFIGURATION, "%s: [person %s]: %s", path, s->file.persons[i].id, problem);
        }
        return check_systems(s, why);
}

static struct staff *staff_new(const struct settings *settings)
{
        struct staff *s = xcalloc(1, sizeof *s);
        s->references = 1;
        s->settings = settings;
        return s;
}

enum gw_rc staff_read(const struct settings *settings, FILE *in, const char *path, struct staff **ret_staff, struct why *why)
{
        why->reason = REASON_CONFIGURATION;
        auto_staff struct staff *s = staff_new(settings);
        enum gw_rc rc = conf_read(in, path, sections, GW_COUNT(sections), &s->file, why);
        if (rc == GW_OK)
                rc = check(s, path, why);
        if (rc == GW_OK)
                *ret_staff = gw_take(&s);
        return rc;
}

enum gw_rc staff_load(const struct settings *settings, struct staff **ret_staff, struct why *why)
{
        const char *path = settings->gateway.staff;
        FILE *in = path ? fopen(path, "re") : NULL;
        if (path && !in)
                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "%s: cannot be read", path);
        if (in) {
                enum gw_rc rc = staff_read(settings, in, path, ret_staff, why);
                fclose(in);
                return rc;
        }
        auto_staff struct staff *s = staff_new(settings);
        enum gw_rc rc = check_systems(s, why);
        if (rc == GW_OK)
                *ret_staff = gw_take(&s);
        return rc;
}

struct staff *staff_ref(struct staff *staff)
{
        staff->references++;
        return staff;
}

void staff_unref(struct staff *staff)
{
        if (!staff || --staff->references > 0)
                return;
        conf_free(sections, GW_COUNT(sections), &staff->file);
        free(staff);
}

void staff_describe(FILE *out)
{
        conf_describe(out, sections, GW_COUNT(sections));
}

/* ---- who is who ---- */

bool actor_has_role(const struct actor *actor, enum staff_role role)
{
        return actor->roles & 1U << role || (role == STAFF_PROVIDER && PROVIDER_SIDE(actor->roles));
}

size_t staff_count(const struct staff *staff)
{
        return staff->file.person_count;
}

static struct actor actor_of_organisation(const struct organisation_settings *o)
{
        struct actor actor = {.kind = organisation_kind_of(o)};
        snprintf(actor.organisation, sizeof actor.organisation, "%s", o->id);
        snprintf(actor.bin, sizeof actor.bin, "%s", o->bin);
        return actor;
}

static void set_names(struct actor *actor, const char *kk, const char *ru)
{
        snprintf(actor->name_kk, sizeof actor->name_kk, "%s", kk);
        snprintf(actor->name_ru, sizeof actor->name_ru, "%s", ru);
}

bool staff_at(const struct staff *staff, size_t i, struct actor *ret_actor)
{
        const struct person *p = &staff->file.persons[i];
        if (!p->active)
                return false;
        struct actor actor = actor_of_organisation(settings_organisation(staff->settings, p->organisation));
        snprintf(actor.id, sizeof actor.id, "%s", p->id);
        set_names(&actor, p->name_kk, p->name_ru);
        actor.roles = staff->roles[i];
        actor.is_operator = staff->operators[i];
        actor.may_sign = p->right_to_sign;
        *ret_actor = actor;
        return true;
}

bool staff_person(const struct staff *staff, const char *id, struct actor *ret_actor)
{
        for (size_t i = 0; i < staff->file.person_count; i++)
                if (str_eq(staff->file.persons[i].id, id))
                        return staff_at(staff, i, ret_actor);
        return false;
}

static void add_certificate_roles(struct actor *actor, unsigned certificate_roles)
{
        bool head = certificate_roles & ROLE_HEAD;
        actor->may_sign = actor->may_sign || head || certificate_roles & ROLE_SIGN_RIGHT;
        unsigned heads = 1U << STAFF_HEAD | (actor->kind == ORGANISATION_AKIM ? 1U << STAFF_AKIM : 0);
        actor->roles |= head ? heads & organisation_roles(actor->kind) : 0;
}

/* A head for whom nobody wrote a row. */
static enum gw_rc head_actor(const struct organisation_settings *o, const struct staff_holder *holder, struct actor *ret_actor, struct why *why)
{
        struct actor actor = actor_of_organisation(o);
        add_certificate_roles(&actor, holder->roles & ROLE_HEAD);
        if (!actor.roles)
                return why_set(why, GW_REJECT, REASON_LOGIN_REFUSED, "no row in the staff file, and no head's certificate of a provider or an akim's office");
        snprintf(actor.id, sizeof actor.id, "%s.head", o->id);
        set_names(&actor, holder->name, holder->name);
        *ret_actor = actor;
        return GW_OK;
}

enum gw_rc staff_holder_actor(const struct staff *staff, const struct staff_holder *holder, struct actor *ret_actor, struct why *why)
{
        if (!*holder->iin || !*holder->bin)
                return why_set(why, GW_REJECT, REASON_LOGIN_REFUSED, "the certificate names no person of an organisation");
        const struct organisation_settings *o = settings_organisation_of_bin(staff->settings, holder->bin);
        if (!o)
                return why_set(why, GW_REJECT, REASON_LOGIN_REFUSED, "the certificate is of an organisation that is not known");
        for (size_t i = 0; i < staff->file.person_count; i++) {
                const struct person *p = &staff->file.persons[i];
                struct actor actor;
                if (!str_eq(p->iin, holder->iin) || !str_eq(p->organisation, o->id))
                        continue;
                if (!staff_at(staff, i, &actor))
                        return why_set(why, GW_REJECT, REASON_LOGIN_REFUSED, "[person %s] is not active", p->id);
                add_certificate_roles(&actor, holder->roles);
                *ret_actor = actor;
                return GW_OK;
        }
        return head_actor(o, holder, ret_actor, why);
}

enum gw_rc staff_certificate_actor(const struct staff *staff, const struct certificate *certificate, struct actor *ret_actor, struct why *why)
{
        struct staff_holder holder = {.iin = certificate->iin, .bin = certificate->bin, .name = certificate->common_name, .roles = certificate->roles};
        return staff_holder_actor(staff, &holder, ret_actor, why);
}

bool staff_system(const struct staff *staff, X509 *certificate, struct actor *ret_actor)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        if (!certificate || X509_digest(certificate, EVP_sha256(), digest, &n) != 1)
                return false;
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(digest, n));
        for (size_t i = 0; i < staff->settings->organisation_count; i++) {
                const struct organisation_settings *o = &staff->settings->organisations[i];
                if (!settings_list_has(o->tls_sha256, buf_cstr(&hex)))
                        continue;
                struct actor actor = actor_of_organisation(o);
                snprintf(actor.id, sizeof actor.id, "%s", o->id);
                set_names(&actor, o->name_kk, o->name_ru);
                actor.roles = staff->system_roles[i];
                actor.machine = true;
                *ret_actor = actor;
                return true;
        }
        return false;
}
