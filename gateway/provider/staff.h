/* Who works on requests: the people of conf/staff.conf and the heads whose certificates say so, each of one organisation and with its roles.
 *
 * A certificate's BIN must be the organisation's. An active row gives its roles; a first head's certificate (EKU) gives HEAD, of an akim's office AKIM
 * too, and the right to sign, with or without a row; a right-to-sign certificate gives that right. A row that is not active shuts its person out, head or not.
 * Names are as printed on papers: personal data, never for the log; ids are. */
#ifndef GW_PROVIDER_STAFF_H
#define GW_PROVIDER_STAFF_H

#include "gateway/pki/certificate.h"
#include "gateway/provider/organisation.h"

#define STAFF_MAX 2000
#define STAFF_ID_MAX 64

/* Who acts: a person, or an organisation's own system (machine). */
struct actor {
        char id[STAFF_ID_MAX]; /* staff id; "ORGANISATION.head" of a head without a row; "gateway"; the organisation's id of its system */
        char organisation[STAFF_ID_MAX];
        char bin[13];
        enum organisation_kind kind;
        unsigned roles;        /* bits, 1 << enum staff_role */
        bool may_sign;         /* results; the certificate that signs is judged again */
        bool is_operator, machine;
        char name_kk[128], name_ru[128];
};
/* STAFF_PROVIDER: whoever has one of the provider's roles. */
bool actor_has_role(const struct actor *actor, enum staff_role role);

/* One reading of the file; read-only, counted references. */
struct staff;
/* The file that settings (borrowed, must live as long) names; none: nobody but heads. Also checks the roles of organisations' systems. CONFIGURATION. */
GW_MUST_CHECK enum gw_rc staff_load(const struct settings *settings, struct staff **ret_staff, struct why *why);
/* The same from an open file, which stays open; path is for messages. */
GW_MUST_CHECK enum gw_rc staff_read(const struct settings *settings, FILE *in, const char *path, struct staff **ret_staff, struct why *why);
struct staff *staff_ref(struct staff *staff);
void staff_unref(struct staff *staff);
GW_DEFINE_AUTO(staff, struct staff, staff_unref)
#define auto_staff gw_auto(staff)
void staff_describe(FILE *out); /* every key with its meaning */
size_t staff_count(const struct staff *staff);
/* Fills ret_actor with the i-th row as a person; false when it is not active. */
bool staff_at(const struct staff *staff, size_t i, struct actor *ret_actor);
/* An active row by its id. */
GW_MUST_CHECK bool staff_person(const struct staff *staff, const char *id, struct actor *ret_actor);
/* Who holds a certificate with these facts, as it was verified. roles: enum certificate_role bits; name: for a head without a row. LOGIN_REFUSED, the same for
 * whoever is not known, not active, or of no known organisation; the detail (for the log) tells them apart. */
struct staff_holder {
        const char *iin, *bin, *name;
        unsigned roles;
};
GW_MUST_CHECK enum gw_rc staff_holder_actor(const struct staff *staff, const struct staff_holder *holder, struct actor *ret_actor, struct why *why);
GW_MUST_CHECK enum gw_rc staff_certificate_actor(const struct staff *staff, const struct certificate *certificate, struct actor *ret_actor, struct why *why);
/* The system that holds this TLS client certificate (verified by the listener; NULL: none was shown). */
GW_MUST_CHECK bool staff_system(const struct staff *staff, X509 *certificate, struct actor *ret_actor);

/* The file while the gateway runs. Any thread asks; loop 0 ticks. */
struct staff_watch;
GW_MUST_CHECK enum gw_rc staff_watch_open(const struct settings *settings, struct staff_watch **ret_watch, struct why *why);
void staff_watch_close(struct staff_watch *watch);
/* Every few seconds; a file that changed is read, and one with a mistake is told and changes nothing. */
void staff_watch_tick(struct staff_watch *watch);
/* What is in use; the caller's reference. */
struct staff *staff_watch_use(struct staff_watch *watch);

#endif
