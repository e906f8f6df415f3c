/* SOAP envelopes: what passes, and siblings broken in one place each. */
#include "tests/unit/helper_sign.h"

#include "gateway/soap/soap.h"

#define E11 "<S:Envelope xmlns:S=\"" SOAP11_NS "\">"
#define E12 "<S:Envelope xmlns:S=\"" SOAP12_NS "\">"
#define END "</S:Envelope>"
#define BODY "<S:Body><a/></S:Body>"
#define SEC "<w:Security xmlns:w=\"" WSSE_NS "\""
#define NEXT11 "http://schemas.xmlsoap.org/soap/actor/next"
#define NEXT12 "http://www.w3.org/2003/05/soap-envelope/role/next"
#define ULTIMATE12 "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"

static const struct {
        const char *name, *xml;
        int version;
        bool header, security;
} good[] = {
        {"1.1", E11 BODY END, 11, false, false},
        {"1.2", E12 BODY END, 12, false, false},
        {"BOM and declaration", "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" E11 BODY END "\n", 11, false, false},
        {"blanks and comments", E11 "\n <!-- h --> <S:Header> \n</S:Header>\n<S:Body>\n<!-- c --> <a/>\n</S:Body> " END "<!-- e -->", 11,
         true, false},
        {"two prefixes", "<S:Envelope xmlns:S=\"" SOAP11_NS "\" xmlns:E=\"" SOAP11_NS "\"><E:Header/>" BODY END, 11, true, false},
        {"default namespace", "<Envelope xmlns=\"" SOAP12_NS "\"><Header/><Body><a xmlns=\"\"/></Body></Envelope>", 12, true, false},
        {"payload of any name", E11 "<S:Body><S:Fault/></S:Body>" END, 11, false, false},
        {"security", E11 "<S:Header>" SEC " S:mustUnderstand=\"1\"/></S:Header>" BODY END, 11, true, true},
        {"security, not mandatory", E12 "<S:Header>" SEC " S:mustUnderstand=\"false\"/></S:Header>" BODY END, 12, true, true},
        {"security for the last", E12 "<S:Header>" SEC " S:role=\"" ULTIMATE12 "\" S:mustUnderstand=\"true\"/></S:Header>" BODY END, 12,
         true, true},
        {"security for the next", E11 "<S:Header>" SEC " S:actor=\"" NEXT11 "\"/></S:Header>" BODY END, 11, true, true},
        {"security with an empty actor", E11 "<S:Header>" SEC " S:actor=\"\"/></S:Header>" BODY END, 11, true, true},
        {"security for another", E11 "<S:Header>" SEC " S:actor=\"urn:x\" S:mustUnderstand=\"1\"/></S:Header>" BODY END, 11, true, false},
        {"security for us and another", E11 "<S:Header>" SEC " S:actor=\"urn:x\"/>" SEC "/></S:Header>" BODY END, 11, true, true},
        {"unknown block", E11 "<S:Header><x xmlns=\"urn:x\"/><y xmlns=\"urn:y\" S:mustUnderstand=\"0\"/></S:Header>" BODY END, 11, true,
         false},
        {"unknown mandatory block for another",
         E12 "<S:Header><x xmlns=\"urn:x\" S:role=\"urn:r\" S:mustUnderstand=\"1\"/></S:Header>" BODY END, 12, true, false},
        {"mustUnderstand of the other SOAP", E12 "<S:Header><x xmlns:o=\"" SOAP11_NS "\" o:mustUnderstand=\"1\"/></S:Header>" BODY END, 12,
         true, false},
};

static void good_envelopes_are_read(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(good); i++) {
                auto_soap struct soap *soap = NULL;
                struct why why = WHY_INIT;
                assert_reason(good[i].name, soap_parse(span_str(good[i].xml), &xml_limits_default, &soap, &why), &why, GW_OK, REASON_NONE);
                assert_int_equal(soap->version, good[i].version);
                assert_true((soap->header != NULL) == good[i].header);
                assert_true((soap->security != NULL) == good[i].security);
                assert_true(soap->payload->parent == soap->body && soap->body->parent == xmlDocGetRootElement(soap->doc));
        }
}

static const struct {
        const char *name, *xml;
        int reason;
        const char *detail; /* a part of it */
} bad[] = {
        {"nothing", "", REASON_XML_NOT_WELL_FORMED, ""},
        {"not XML", "POST", REASON_XML_NOT_WELL_FORMED, ""},
        {"cut", E11 "<S:Body><a/>", REASON_XML_NOT_WELL_FORMED, ""},
        {"DOCTYPE", "<!DOCTYPE a>" E11 BODY END, REASON_XML_DOCTYPE, ""},
        {"instruction", E11 "<?x y?>" BODY END, REASON_XML_PROCESSING_INSTRUCTION, ""},
        {"UTF-16 declared", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" E11 BODY END, REASON_XML_ENCODING, ""},
        {"another root", "<a/>", REASON_SOAP_NOT_ENVELOPE, ""},
        {"Envelope without a namespace", "<Envelope><Body><a/></Body></Envelope>", REASON_SOAP_NOT_ENVELOPE, ""},
        {"Envelope of another namespace", "<S:Envelope xmlns:S=\"urn:s\">" BODY END, REASON_SOAP_NOT_ENVELOPE, ""},
        {"Body as root", "<S:Body xmlns:S=\"" SOAP11_NS "\"><a/></S:Body>", REASON_SOAP_NOT_ENVELOPE, ""},
        {"empty Envelope", E11 END, REASON_SOAP_STRUCTURE, "neither"},
        {"no Body", E11 "<S:Header/>" END, REASON_SOAP_STRUCTURE, "follow Header"},
        {"Header twice", E11 "<S:Header/><S:Header/>" BODY END, REASON_SOAP_STRUCTURE, "follow Header"},
        {"Header after Body", E11 BODY "<S:Header/>" END, REASON_SOAP_STRUCTURE, "follows Body"},
        {"Body twice", E11 BODY BODY END, REASON_SOAP_STRUCTURE, "follows Body"},
        {"element after Body", E11 BODY "<x/>" END, REASON_SOAP_STRUCTURE, "follows Body"},
        {"element before Body", E11 "<x/>" BODY END, REASON_SOAP_STRUCTURE, "neither"},
        {"Body of the other SOAP", E11 "<Body xmlns=\"" SOAP12_NS "\"><a/></Body>" END, REASON_SOAP_STRUCTURE, "neither"},
        {"Header of the other SOAP", E11 "<Header xmlns=\"" SOAP12_NS "\"/>" BODY END, REASON_SOAP_STRUCTURE, "neither"},
        {"empty Body", E11 "<S:Body> </S:Body>" END, REASON_SOAP_STRUCTURE, "empty"},
        {"two payloads", E11 "<S:Body><a/><b/></S:Body>" END, REASON_SOAP_STRUCTURE, "more than one"},
        {"text in Body", E11 "<S:Body>x<a/></S:Body>" END, REASON_SOAP_STRUCTURE, "Body holds text"},
        {"CDATA in Body", E11 "<S:Body><a/><![CDATA[x]]></S:Body>" END, REASON_SOAP_STRUCTURE, "Body holds text"},
        {"text in Envelope", E11 BODY "x" END, REASON_SOAP_STRUCTURE, "Envelope holds text"},
        {"text in Header", E11 "<S:Header>x</S:Header>" BODY END, REASON_SOAP_STRUCTURE, "Header holds text"},
        {"two security headers", E11 "<S:Header>" SEC "/>" SEC "/></S:Header>" BODY END, REASON_TRANSPORT_SIGNATURE_SEVERAL, "Security"},
        {"two, one for the next", E12 "<S:Header>" SEC "/>" SEC " S:role=\"" NEXT12 "\"/></S:Header>" BODY END, REASON_TRANSPORT_SIGNATURE_SEVERAL,
         "Security"},
        {"mustUnderstand of no kind", E11 "<S:Header>" SEC " S:mustUnderstand=\"yes\"/></S:Header>" BODY END, REASON_SOAP_STRUCTURE,
         "boolean"},
        {"unknown mandatory block", E11 "<S:Header><x S:mustUnderstand=\"1\"/></S:Header>" BODY END, REASON_SOAP_MUST_UNDERSTAND, ""},
        {"unknown mandatory block, 1.2", E12 "<S:Header><x S:mustUnderstand=\"true\"/></S:Header>" BODY END, REASON_SOAP_MUST_UNDERSTAND,
         ""},
        {"Security of another namespace", E12 "<S:Header><Security xmlns=\"urn:w\" S:mustUnderstand=\"1\"/></S:Header>" BODY END,
         REASON_SOAP_MUST_UNDERSTAND, ""},
};

static void broken_envelopes_are_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(bad); i++) {
                struct soap *soap = NULL;
                struct why why = WHY_INIT;
                assert_reason(bad[i].name, soap_parse(span_str(bad[i].xml), &xml_limits_default, &soap, &why), &why, GW_REJECT,
                              bad[i].reason);
                assert_null(soap);
                if (!strstr(why.detail, bad[i].detail))
                        fail_msg("%s: detail '%s' does not say '%s'", bad[i].name, why.detail, bad[i].detail);
        }
}

static void a_refused_document_stays_the_callers(void **state)
{
        (void)state;
        auto_xmldoc xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(xml_read(span_str("<a/>"), &xml_limits_default, &doc, &why), GW_OK);
        struct soap *soap = NULL;
        assert_reason("not an envelope", soap_of_doc(doc, &soap, &why), &why, GW_REJECT, REASON_SOAP_NOT_ENVELOPE);
        assert_non_null(xmlDocGetRootElement(doc)); /* ours to free: ASan would tell */
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_envelopes_are_read),
                cmocka_unit_test(broken_envelopes_are_refused),
                cmocka_unit_test(a_refused_document_stays_the_callers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
