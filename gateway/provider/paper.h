/* Papers that are handed over (services.md A.4): coupon, receipts, transfer register, with exactly the fields that the catalogue lists, in Kazakh and Russian.
 *
 * A paper is an XML document, <paper xmlns="urn:egov-gateway:paper:1">, by conf/services/paper.xsd, in canonical form; gateway/print makes a page of it. It is no
 * result and carries no signature of the gateway: whoever hands it over signs it by hand. Results (notification, certificate, reasoned refusal) are signed
 * documents of their own, urn:egov-gateway:result:1. */
#ifndef GW_PROVIDER_PAPER_H
#define GW_PROVIDER_PAPER_H

#include "gateway/provider/completeness.h"

struct paper_side { const char *bin, *kk, *ru, *place_kk, *place_ru; };
/* One row of a transfer register. */
struct paper_application {
        const char *number;           /* registration number */
        struct wall_time registered_at;
        const char *applicant_iin, *service_kk, *service_ru;
        size_t documents;             /* how many go along */
};
/* What fields are filled from; all borrowed. What the fields of one paper do not ask for may be left out. */
struct paper_facts {
        const struct service *service;
        const char *number;           /* of the paper, 14 digits */
        const char *request_number;   /* registration number; NULL: there is none */
        struct wall_time at;          /* when it is made */
        struct wall_time registered_at, due_at; /* due_at: when the service is received */
        struct paper_side organisation, receiver;
        const char *staff_kk, *staff_ru; /* who hands it over: "Surname Name Patronymic", or with initials already */
        const char *applicant_name, *applicant_iin;
        const struct service_document *const *documents;
        size_t document_count;
        const struct completeness *completeness; /* of a refusal */
        const char *paragraph;        /* of the act, for this route; NULL: that of the paper */
        const struct document_given *given;      /* … for the days until which documents were valid */
        size_t given_count;
        const struct paper_application *applications;
        size_t application_count;
        const char *note_kk, *note_ru; /* test mark, or NULL */
};
/* The paper of that id; NULL: the service has none. */
const struct service_paper *paper_find(const struct service *service, const char *id);
/* Appends. GW_FAULT INTERNAL when a field lacks its facts: a paper with a hole is not handed over. */
GW_MUST_CHECK enum gw_rc paper_write(const struct service_paper *paper, const struct paper_facts *facts, struct buf *out, struct why *why);
/* "Ахметов Ерлан Серікұлы" → "Ахметов Е. С."; a name that has initials already stays. Appends. */
void paper_initials(const char *name, struct buf *out);

#endif
