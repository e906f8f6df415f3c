/* What an applicant brings, and what is handed to him. */
#ifndef GW_CATALOGUE_DOCUMENTS_H
#define GW_CATALOGUE_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/clock.h"
#include "gateway/catalogue/texts.h"

/* Always, or only of whom, or only when the applicant has it (IF_ANY), or when the state systems know nothing (NO_DATA). */
#define DOCUMENT_CONDITIONS X(ALWAYS) X(ADULT) X(MINOR_OR_INCAPABLE) X(NOT_ELDERLY) X(PENSION_AGE) X(VETERAN) X(REPRESENTATIVE) X(IF_ANY) X(NO_DATA)
enum document_condition {
#define X(name) DOCUMENT_##name,
        DOCUMENT_CONDITIONS
#undef X
        DOCUMENT_CONDITION_COUNT
};
extern const char *const document_condition_names[DOCUMENT_CONDITION_COUNT + 1];
#define SERVICE_DOCUMENTS_MAX 64
struct service_document {
        char *id, *paragraph;
        struct text3 name;
        enum document_condition condition;
        unsigned routes;     /* bits 1 << enum route_kind; 0: all */
        enum basis basis;
};

/* The age of pension from that day on, in months. */
struct pension_age { struct wall_time from; int men, women; };

/* Documents that people get: what is handed over on paper (conf/services/paper.xsd), and a result that a person has signed (result.xsd). */
#define PAPER_NS "urn:egov-gateway:paper:1"
#define RESULT_NS "urn:egov-gateway:result:1"

#define PAPER_KINDS X(COUPON) X(ACCEPTANCE_RECEIPT) X(REFUSAL_RECEIPT) X(TRANSFER_REGISTER) X(CERTIFICATE) X(NOTIFICATION) X(REASONED_REFUSAL)
enum paper_kind {
#define X(name) PAPER_##name,
        PAPER_KINDS
#undef X
        PAPER_KIND_COUNT
};
extern const char *const paper_kind_names[PAPER_KIND_COUNT + 1];
struct paper_field { char *id; struct text3 name; enum basis basis; }; /* id: one of those that gateway/provider/paper.c fills */
struct service_paper {
        char *id, *form, *paragraph; /* form: number of its form, or NULL */
        enum paper_kind kind;
        struct text3 name;
        struct paper_field *fields;  /* exactly those that the act lists; where it lists none, what is usual (basis) */
        size_t field_count;
        enum basis basis;
};

/* A field of the service's own form, for making a page. */
struct form_field {
        char *path;          /* "family/member/iin" */
        struct text3 label;
        char *type;          /* of the schema, without its prefix; NULL: a group of fields */
        bool required, repeated;
        char **values;       /* of a closed list, NULL-terminated; NULL: any value of the type */
        struct text3 *value_labels;
};

#endif
