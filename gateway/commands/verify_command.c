/* `egov-gateway verify`: is this message or document genuine, who signed it, and if not, why not.
 *
 * No name of a person and no full IIN is printed, not even for machines (invariant I8): who needs them has the file. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/catalogue/catalogue.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/commands/verify_offline.h"
#include "gateway/print/barcode.h"
#include "gateway/print/pdf.h"
#include "gateway/report/report.h"
#include "gateway/soap/package.h"
#include "gateway/soap/shep.h"
#include "gateway/verify/cms_document.h"
#include "gateway/verify/verify.h"
#include "gateway/worker/policy_conf.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

#define SIGNATURES_MAX VERIFY_SIGNERS_MAX

struct verify_options {
        const char *trust, *at, *content, *policy, *crls[OPTIONS_REPEAT_MAX + 1], *ocsp[OPTIONS_REPEAT_MAX + 1];
        bool json, expired;
};

/* ---- what ---- */

/* "rsa-sha256" of the long URI; what the message claims, so said whether it is valid or not. */
static void put_algorithm(json_t *report, const xmlNode *signature)
{
        const xmlNode *info = xml_child(signature, DSIG_NS, "SignedInfo");
        auto_str char *uri = xml_attribute(xml_child(info, DSIG_NS, "SignatureMethod"), NULL, "Algorithm");
        const char *name = uri ? strrchr(uri, '#') : NULL;
        report_put(report, "algorithm", name ? name + 1 : uri);
}

/* A verification with the revocation that was told on the way. */
struct judged {
        struct verifier *verifier;
        struct wall_time at;
        struct revocation_record record;
};

static json_t *part_begin(struct judged *judged, struct verifier *verifier, const char *name, struct wall_time at)
{
        *judged = (struct judged){.verifier = verifier, .at = at};
        revocation_record_begin(&judged->record, false);
        json_t *report = report_new(verifier, at);
        report_put(report, "part", name);
        return report;
}

static void part_end(struct judged *judged, json_t *report, enum gw_rc rc, const struct why *why)
{
        revocation_record_end();
        report_verdict(report, rc, why);
        if (rc != GW_OK && judged->record.count > 0)
                json_object_set_new(report, "revocation", report_revocations(&judged->record, judged->at));
}

static json_t *signer_report(struct judged *judged, const struct certificate *certificate, const struct signature_facts *facts)
{
        json_t *report = report_certificate(judged->verifier, certificate, &judged->record);
        report_facts(report, facts);
        return report;
}

static json_t *verify_transport_part(struct verifier *verifier, const struct soap *soap, struct wall_time at)
{
        struct judged judged;
        struct why why = WHY_INIT;
        auto_certificate struct certificate *signer = NULL;
        json_t *report = part_begin(&judged, verifier, "transport", at);
        put_algorithm(report, xml_child(soap->security, DSIG_NS, "Signature"));
        enum gw_rc rc = verify_transport(verifier, soap, at, &signer, &why);
        part_end(&judged, report, rc, &why);
        if (rc == GW_OK) {
                struct signature_facts facts;
                verify_transport_facts(soap, &facts);
                report_put(report, "covered", facts.covered_count > 1 ? "the Body and the Timestamp of this envelope" : "the Body of this envelope");
                json_object_set_new(report, "signers", json_pack("[o]", signer_report(&judged, signer, &facts)));
                /* Who may sign for a sender is the gateway's register to say (verify_sender_allowed), so it is told and not judged. */
                if (!(signer->roles & ROLE_SYSTEM))
                        report_put(report, "note", "not a certificate of an information system: a gateway accepts it from no sender");
        }
        revocation_record_done(&judged.record);
        return report;
}

static json_t *verify_document_part(struct verifier *verifier, xmlDoc *doc, struct wall_time at)
{
        struct judged judged;
        struct why why = WHY_INIT;
        struct verified_document verified = {0};
        json_t *report = part_begin(&judged, verifier, "document", at), *signers = json_array();
        const xmlNode *last = xmlLastElementChild(xmlDocGetRootElement(doc));
        put_algorithm(report, xml_is(last, DSIG_NS, "Signature") ? last : NULL);
        enum gw_rc rc = verify_document(verifier, doc, at, &verified, &why);
        part_end(&judged, report, rc, &why);
        for (size_t i = 0; rc == GW_OK && i < verified.signer_count; i++)
                json_array_append_new(signers, signer_report(&judged, verified.signers[i], &verified.facts[i]));
        if (rc == GW_OK) {
                report_put(report, "covered", "the whole document");
                json_object_set(report, "signers", signers);
                verified_document_done(&verified);
        }
        json_decref(signers);
        revocation_record_done(&judged.record);
        return report;
}

/* detached: {NULL, 0} when the content is inside. */
static json_t *verify_cms_part(struct verifier *verifier, struct span cms, struct span detached, struct wall_time at)
{
        struct judged judged;
        struct why why = WHY_INIT;
        struct verified_cms verified = {.signer_count = 0};
        json_t *report = part_begin(&judged, verifier, "CMS", at), *signers = json_array();
        enum gw_rc rc = verify_cms(verifier, cms, detached, at, &verified, &why);
        part_end(&judged, report, rc, &why);
        for (size_t i = 0; rc == GW_OK && i < verified.signer_count; i++) {
                struct signature_facts facts;
                verified_cms_facts(&verified, i, &facts);
                json_array_append_new(signers, signer_report(&judged, verified.signers[i].certificate, &facts));
        }
        if (rc == GW_OK) {
                report_put(report, "covered", detached.p ? "the whole of the given content" : "the whole content inside");
                json_object_set_new(report, "coveredBytes", json_integer((json_int_t)verified.content.n));
                report_put(report, "algorithm", verified.signers[0].algorithm);
                json_object_set(report, "signers", signers);
                verified_cms_done(&verified);
        }
        json_decref(signers);
        revocation_record_done(&judged.record);
        return report;
}

/* An application must be signed; any other document in data may be, and is judged when it is. */
static bool document_counts(const xmlDoc *doc)
{
        const xmlNode *root = xmlDocGetRootElement(doc);
        return xml_is(root, APPLICATION_NS, "application") || xml_child(root, DSIG_NS, "Signature");
}

static void verify_soap_parts(struct verifier *verifier, const struct soap *soap, struct wall_time at, json_t *parts)
{
        struct why why = WHY_INIT;
        auto_shep_message struct shep_message *message = NULL;
        auto_xmldoc xmlDoc *data = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        json_array_append_new(parts, verify_transport_part(verifier, soap, at));
        if (shep_read(soap, &message, &why) != GW_OK || !message->data)
                return;
        const xmlNode *carrier = package_application(message->data);
        auto_buf struct buf text = BUF_LIMIT(xml_limits_default.bytes_max);
        if (!carrier)
                return;
        if (shep_data_other_text(carrier, &text) && cms_looks_like(buf_span(&text)))
                json_array_append_new(parts, verify_cms_part(verifier, buf_span(&text), span_of(NULL, 0), at));
        else if (shep_data_document(carrier, &xml_limits_default, &data, &bytes, &why) == GW_OK && document_counts(data))
                json_array_append_new(parts, verify_document_part(verifier, data, at));
}

/* ---- files ---- */

static int refused_file(json_t *report, const struct why *why, int status)
{
        report_verdict(report, GW_REJECT, why);
        return status;
}

static int put_parts_verdict(json_t *report, const json_t *parts)
{
        size_t i;
        json_t *part;
        const char *code = "OK";
        json_array_foreach(parts, i, part)
                if (!json_is_true(json_object_get(part, "valid")) && str_eq(code, "OK"))
                        code = json_string_value(json_object_get(part, "code"));
        json_object_set_new(report, "valid", json_boolean(str_eq(code, "OK")));
        report_put(report, "code", code);
        return str_eq(code, "OK") ? COMMAND_YES : COMMAND_NO;
}

static int verify_parts(struct verifier *verifier, xmlDoc *doc, struct wall_time at, json_t *report)
{
        json_t *parts = json_array();
        const xmlNode *root = xmlDocGetRootElement(doc);
        bool is_soap = xml_is(root, SOAP11_NS, "Envelope") || xml_is(root, SOAP12_NS, "Envelope");
        report_put(report, "kind", is_soap ? "SOAP message" : "XML document");
        json_object_set_new(report, "parts", parts);
        if (is_soap) {
                struct why why = WHY_INIT;
                auto_xmldoc xmlDoc *copy = xmlCopyDoc(doc, 1); /* soap_of_doc takes it over */
                auto_soap struct soap *soap = NULL;
                if (!copy || soap_of_doc(copy, &soap, &why) != GW_OK)
                        return refused_file(report, &why, COMMAND_NO);
                gw_ignore(gw_take(&copy)); /* it is the soap's now */
                verify_soap_parts(verifier, soap, at, parts);
        } else {
                json_array_append_new(parts, verify_document_part(verifier, doc, at));
        }
        return put_parts_verdict(report, parts);
}

static int verify_cms_file(struct verifier *verifier, struct span cms, struct span detached, struct wall_time at, json_t *report)
{
        json_t *parts = json_pack("[o]", verify_cms_part(verifier, cms, detached, at));
        report_put(report, "kind", "CMS");
        json_object_set_new(report, "parts", parts);
        return put_parts_verdict(report, parts);
}

static int judge_xml(struct verifier *verifier, struct span xml, struct wall_time at, json_t *report)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        if (xml_read(xml, &xml_limits_default, &doc, &why) != GW_OK)
                return refused_file(report, &why, why.reason == REASON_XML_NOT_WELL_FORMED || why.reason == REASON_XML_ENCODING
                                    ? COMMAND_USAGE : COMMAND_NO);
        return verify_parts(verifier, doc, at, report);
}

/* The file's own signature first: only a PDF that somebody trusted has signed is taken apart. */
static int verify_pdf_file(struct verifier *verifier, struct span pdf, struct wall_time at, json_t *report)
{
        struct why why = WHY_INIT;
        auto_buf struct buf cms = BUF_INIT, covered = BUF_INIT, xml = BUF_LIMIT(xml_limits_default.bytes_max);
        auto_xmldoc xmlDoc *doc = NULL;
        report_put(report, "kind", "PDF");
        if (pdf_signature(pdf, &cms, &covered, &why) != GW_OK)
                return refused_file(report, &why, COMMAND_NO);
        json_t *parts = json_array(), *file = verify_cms_part(verifier, buf_span(&cms), buf_span(&covered), at);
        json_object_set_new(report, "parts", parts);
        report_put(file, "part", "PDF");
        if (json_object_get(file, "covered"))
                report_put(file, "covered", "the whole file");
        json_array_append_new(parts, file);
        if (!json_is_true(json_object_get(file, "valid")))
                return put_parts_verdict(report, parts);
        if (pdf_attachment(pdf, &xml, &why) != GW_OK || xml_read(buf_span(&xml), &xml_limits_default, &doc, &why) != GW_OK)
                return refused_file(report, &why, COMMAND_NO);
        json_array_append_new(parts, verify_document_part(verifier, doc, at));
        return put_parts_verdict(report, parts);
}

static int verify_codes_file(struct verifier *verifier, struct span payloads, struct wall_time at, json_t *report)
{
        struct why why = WHY_INIT;
        auto_buf struct buf xml = BUF_INIT;
        if (barcodes_join(payloads, &xml, &why) != GW_OK)
                return refused_file(report, &why, COMMAND_NO);
        int status = judge_xml(verifier, buf_span(&xml), at, report);
        report_put(report, "kind", "QR codes");
        return status;
}

/* detached: the content of a detached CMS, or {NULL, 0} */
static int verify_file(struct verifier *verifier, const char *path, struct span detached, struct wall_time at, json_t *report)
{
        struct why why = WHY_INIT;
        auto_buf struct buf in = BUF_LIMIT(xml_limits_default.bytes_max);
        json_t *name = json_string(path);
        json_object_set_new(report, "file", name ? name : json_string("?"));
        if (!text_read_file(path, &in)) {
                why_set(&why, GW_REJECT, REASON_NONE, "the file cannot be read, or is larger than %zu MiB",
                        xml_limits_default.bytes_max >> 20);
                json_object_set_new(report, "valid", json_false());
                report_put(report, "code", "UNREADABLE");
                report_put(report, "detail", why.detail);
                return COMMAND_USAGE;
        }
        if (detached.p || cms_looks_like(buf_span(&in)))
                return verify_cms_file(verifier, buf_span(&in), detached, at, report);
        if (pdf_looks_like(buf_span(&in)))
                return verify_pdf_file(verifier, buf_span(&in), at, report);
        if (barcode_looks_like(buf_span(&in)))
                return verify_codes_file(verifier, buf_span(&in), at, report);
        return judge_xml(verifier, buf_span(&in), at, report);
}

/* ---- plain words ---- */

static const char *text_of(const json_t *object, const char *name)
{
        return json_string_value(json_object_get(object, name));
}

static void print_revocation(const json_t *revocation)
{
        if (!revocation)
                return;
        printf("    revocation: %s", text_of(revocation, "answer"));
        if (text_of(revocation, "thisUpdate"))
                printf(", by %s of %s (%lld s old)", text_of(revocation, "source"), text_of(revocation, "thisUpdate"), (long long)json_integer_value(json_object_get(revocation, "ageSeconds")));
        printf("\n");
}

static void print_signer(const json_t *signer)
{
        size_t i;
        json_t *role;
        printf("    signed by:");
        json_array_foreach(json_object_get(signer, "roles"), i, role)
                printf("%s %s", i > 0 ? "," : "", json_string_value(role));
        static const struct { const char *name, *label; } rows[] = {{"system", ""}, {"organisation", ""}, {"bin", "BIN "}, {"iin", "IIN "}};
        for (size_t r = 0; r < GW_COUNT(rows); r++)
                if (text_of(signer, rows[r].name))
                        printf("; %s%s", rows[r].label, text_of(signer, rows[r].name));
        if (text_of(signer, "level"))
                printf("\n    level: %s", text_of(signer, "level"));
        if (text_of(signer, "claimedSigningTime"))
                printf("; signed, as the signer says, at %s", text_of(signer, "claimedSigningTime"));
        const json_t *stamp = json_object_get(signer, "timeStamp");
        if (stamp)
                printf("\n    time stamp: %s, by %s, policy %s", text_of(stamp, "time"), text_of(stamp, "authority"), text_of(stamp, "policy"));
        printf("\n    certificate: serial %s, valid %.10s to %.10s\n", text_of(signer, "serial"), text_of(signer, "notBefore"),
               text_of(signer, "notAfter"));
        json_t *row;
        json_array_foreach(json_object_get(signer, "chain"), i, row)
                printf("    issued by: %s, serial %s, valid to %.10s\n", text_of(row, "subject"), text_of(row, "serial"), text_of(row, "notAfter"));
        print_revocation(json_object_get(signer, "revocation"));
        json_array_foreach(json_object_get(signer, "covered"), i, row)
                printf("    digest: %s, %s %s\n", text_of(row, "what"), text_of(row, "hash"), text_of(row, "digest"));
}

static void print_part(const json_t *part)
{
        size_t i;
        json_t *signer;
        bool valid = json_is_true(json_object_get(part, "valid"));
        printf("  %s signature: %s%s\n", text_of(part, "part"), valid ? "valid" : "NOT VALID, ", valid ? "" : text_of(part, "code"));
        if (!valid)
                printf("    why: %s (%s)\n    what to do (%s): %s\n", text_of(part, "explanation"), text_of(part, "detail"), text_of(part, "side"), text_of(part, "advice"));
        if (text_of(part, "covered"))
                printf("    covers: %s\n", text_of(part, "covered"));
        if (text_of(part, "note"))
                printf("    note: %s\n", text_of(part, "note"));
        if (text_of(part, "algorithm"))
                printf("    algorithm: %s\n", text_of(part, "algorithm"));
        json_array_foreach(json_object_get(part, "signers"), i, signer)
                print_signer(signer);
}

static void print_report(const json_t *report)
{
        size_t i;
        json_t *part;
        bool valid = json_is_true(json_object_get(report, "valid"));
        printf("%s: %s", text_of(report, "file"), valid ? "valid" : "NOT VALID");
        printf(valid ? " (%s)\n" : ", %s\n", valid ? text_of(report, "kind") : text_of(report, "code"));
        const char *explanation = text_of(report, "explanation");
        if (!valid && text_of(report, "detail"))
                printf("  why: %s%s%s\n", explanation ? explanation : "", explanation ? " " : "", text_of(report, "detail"));
        json_array_foreach(json_object_get(report, "parts"), i, part)
                print_part(part);
}

static int verify_files(struct verifier *verifier, const struct verify_options *given, struct wall_time at, char **files, size_t count)
{
        auto_buf struct buf content = BUF_LIMIT(xml_limits_default.bytes_max);
        if (given->content && !text_read_file(given->content, &content)) {
                fprintf(stderr, "egov-gateway verify: %s cannot be read\n", given->content);
                return COMMAND_USAGE;
        }
        struct span detached = !given->content ? span_of(NULL, 0) : content.n > 0 ? buf_span(&content) : span_str("");
        gw_auto(json) json_t *reports = json_array();
        int worst = COMMAND_YES;
        for (size_t i = 0; i < count; i++) {
                json_t *report = json_object();
                int status = verify_file(verifier, files[i], detached, at, report);
                worst = status > worst ? status : worst;
                json_array_append_new(reports, report);
                if (!given->json)
                        print_report(report);
        }
        if (given->json) {
                json_dumpf(reports, stdout, JSON_INDENT(2));
                putchar('\n');
        }
        return worst;
}

/* A verifier by the policy of a file, or by the usual one. */
struct judging {
        struct settings *settings;
        struct policy_settings rules;
        struct verifier *verifier;
};

static enum gw_rc judging_open(const struct verify_options *given, struct revocation *revocation, struct judging *ret, struct why *why)
{
        struct verify_policy *policy = &ret->rules.policy;
        enum gw_rc rc = GW_OK;
        *policy = (struct verify_policy){.clock_skew_ms = 60000, .message_age_max_ms = 24 * 3600 * 1000, .message_future_max_ms = 300000};
        if (given->policy)
                rc = settings_load_verify(given->policy, &ret->settings, why);
        if (rc == GW_OK && given->policy)
                rc = policy_settings_read(ret->settings, &ret->rules, why);
        if (rc != GW_OK)
                return rc;
        policy->expired_with_stamp |= given->expired;
        policy->revocation = revocation ? revocation_ask : NULL;
        policy->revocation_ctx = revocation;
        return verifier_open(given->trust, policy, &ret->verifier, why);
}

static void judging_done(struct judging *judging)
{
        verifier_close(judging->verifier);
        policy_settings_done(&judging->rules);
        settings_free(judging->settings);
}

static bool asks_for_certificate(int argc, char **argv)
{
        for (int i = 1; i < argc; i++)
                if (str_starts(argv[i], "--certificate"))
                        return true;
        return false;
}

static int verify_run(int argc, char **argv)
{
        if (asks_for_certificate(argc, argv))
                return verify_certificate_run(argc, argv);
        struct verify_options given = {0};
        const struct option_row rows[] = {
                {"trust", "DIR", "certificates of the authorities to trust, PEM or DER", &given.trust, NULL, true},
                {"crl", "FILE…", "CRLs and delta CRLs; revocation is then asked (repeatable; a folder too)", given.crls, NULL, false},
                {"ocsp", "FILE…", "OCSP answers; revocation is then asked (repeatable; a folder too)", given.ocsp, NULL, false},
                {"at", "TIME", "judge as of this time, e.g. 2026-11-22T19:30:00+05:00 (now)", &given.at, NULL, false},
                {"policy", "FILE", "the [verify] section of this configuration is the policy (of a gateway's own, or of a file with nothing else)", &given.policy, NULL, false},
                {"expired-with-stamp", NULL, "accept a certificate that has expired since a trusted time stamp", NULL, &given.expired, false},
                {"content", "FILE", "what a detached CMS was made over", &given.content, NULL, false},
                {"json", NULL, "a report for machines: a list with one object per file", NULL, &given.json, false},
        };
        const struct options options = {
                "verify", "FILE…",
                "Says whether the signatures of SOAP messages, signed XML documents and CMS are valid: what they cover, who signed,\n"
                "and if not valid, one reason code. Of a SOAP message both the transport signature and the signed document\n"
                "inside are checked; of a printed result (PDF) its own signature, which must cover the whole file, and the XML attached. The\n"
                "contents of its QR codes, as a reader gives them, are put together in one FILE: zbarimg -q --raw page.png >FILE.\n"
                "Revocation is asked of the files given by --crl and --ocsp alone, as of --at: an answer counts for\n"
                "a day after its thisUpdate, not beyond its nextUpdate, and for any instant before it. Without them it is not asked.\n"
                "With --certificate FILE only a certificate's path is judged: egov-gateway verify --certificate --help.\n"
                "Exit status: 0 all valid, 1 some not, 2 usage or unreadable.",
                "  egov-gateway verify --trust build/pki/trust certificate.xml\n"
                "  egov-gateway verify --trust build/pki/trust --json envelope.xml | jq '.[0].code'",
                rows, GW_COUNT(rows),
        };
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        struct wall_time at = wall_now();
        if (first == argc)
                return options_mistake(&options, "no FILE is given");
        if (given.at && clock_parse_iso(given.at, &at) != GW_OK)
                return options_mistake(&options, "--at is no date and time of ISO 8601");
        verify_init();
        struct why why = WHY_INIT;
        struct judging judging = {0}; /* outlives the verifier, as does: */
        auto_revocation struct revocation *revocation = NULL;
        enum gw_rc rc = verify_offline_open(given.crls, given.ocsp, &revocation, &why);
        if (rc == GW_OK)
                rc = judging_open(&given, revocation, &judging, &why);
        if (rc == GW_OK)
                status = verify_files(judging.verifier, &given, at, argv + first, (size_t)(argc - first));
        else
                fprintf(stderr, "egov-gateway verify: %s\n", why.detail);
        judging_done(&judging);
        return rc == GW_OK ? status : COMMAND_USAGE;
}

const struct command command_verify = {"verify", "check the signatures of messages and documents", verify_run};
