/* egov-simulators: TEST stand-ins for the state systems, the personal cabinet and the certification authority. Wiring only. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "adapters/simulators/simulator.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define FAULT_OPTIONS_MAX 16

static const char usage[] =
        "egov-simulators: TEST simulators of the state systems, on real sockets, with real signatures\n"
        "\n"
        "usage: egov-simulators --pki DIR --people DIR [--out FILE] [option]...\n"
        "\n"
        "  --pki DIR            test PKI made by certs/make-pki.sh\n"
        "  --people DIR         who the registers know (fixtures/people)\n"
        "  --out FILE           the URLs, one line per system, written when everything listens (default: standard output)\n"
        "  --same-ports FILE    listen where that FILE of an earlier run says\n"
        "  --tls                the systems listen with TLS (the control listener never does)\n"
        "  --fault SYSTEM=KIND[,ms=N][,count=N][,percent=N]\n"
        "                       SYSTEM: gbdfl, socialaid, zags, guardianship, cbdi, education, iban, payments, cabinet,\n"
        "                       provider;\n"
        "                       KIND: none, delay, timeout, http500, soapfault, cut, refuse, garbage, wrong-signature,\n"
        "                       unsigned, wrong-iin, busy, huge, slow\n"
        "                       or ocsp, crl, delta, tsa (of one authority: ocsp/gost) with the kinds in adapters/README.md\n"
        "                       or ncalayer: none, cancelled, cancelled-silent, wrong-key, slow, cut, garbage, old\n"
        "  --seed N             of the dice behind percent (default 1)\n"
        "  --generate           invent a person for every valid IIN that no file speaks of (load tests)\n"
        "  --no-verify          do not verify what comes in (load tests)\n"
        "  --sender ID          demand this senderId\n"
        "  --cabinet-dir DIR    also write delivered documents and notices to DIR/IIN/NUMBER.xml, .notices.txt\n"
        "  --receipts URL       the applicant opens each result: tell the gateway's /shep/async\n"
        "  --receipt-delay-ms N how long after delivery (default 200)\n"
        "  --ncalayer-port N    where NCALayer listens (default: any free one; the real one: 13579)\n"
        "  --help\n"
        "\n"
        "Control listener: GET /state, POST /fault?system=gbdfl&kind=delay&ms=500&count=10&percent=50,\n"
        "GET /cabinet/state?correlationId=ID, GET /cabinet/document?number=N,\n"
        "POST /provider/work?inbox=URL&script=positive, GET /provider/state (more in adapters/README.md). SIGTERM stops.\n";

struct arguments {
        struct options options;
        const char *faults[FAULT_OPTIONS_MAX];
        size_t fault_count;
        bool help;
};

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
        return text_to_u64(text, 0, max, ret_number);
}

static bool parse_option(struct arguments *a, int option)
{
        struct options *o = &a->options;
        uint64_t n = 0;
        switch (option) {
        case 'p': o->pki = optarg; return true;
        case 'P': o->people = optarg; return true;
        case 'o': o->out = optarg; return true;
        case 't': o->tls = true; return true;
        case 'S': o->same_ports = optarg; return true;
        case 'g': o->generate = true; return true;
        case 'n': o->verify = false; return true;
        case 'e': o->sender = optarg; return true;
        case 'c': o->cabinet_dir = optarg; return true;
        case 'r': o->receipts = optarg; return true;
        case 's': return parse_number(optarg, UINT64_MAX, &o->seed);
        case 'd':
                if (!parse_number(optarg, 3600000, &n))
                        return false;
                o->receipt_delay_ms = (int)n;
                return true;
        case 'N':
                if (!parse_number(optarg, 65535, &n))
                        return false;
                o->ncalayer_port = (int)n;
                return true;
        case 'f':
                if (a->fault_count == FAULT_OPTIONS_MAX)
                        return false;
                a->faults[a->fault_count++] = optarg;
                return true;
        case 'h': a->help = true; return true;
        default: return false;
        }
}

static bool parse_arguments(int argc, char **argv, struct arguments *a)
{
        static const struct option table[] = {
                {"pki", required_argument, NULL, 'p'},      {"people", required_argument, NULL, 'P'},
                {"out", required_argument, NULL, 'o'},      {"tls", no_argument, NULL, 't'},
                {"fault", required_argument, NULL, 'f'},    {"seed", required_argument, NULL, 's'},
                {"generate", no_argument, NULL, 'g'},       {"no-verify", no_argument, NULL, 'n'},
                {"sender", required_argument, NULL, 'e'},   {"cabinet-dir", required_argument, NULL, 'c'},
                {"receipts", required_argument, NULL, 'r'}, {"receipt-delay-ms", required_argument, NULL, 'd'},
                {"help", no_argument, NULL, 'h'},           {"same-ports", required_argument, NULL, 'S'},
                {"ncalayer-port", required_argument, NULL, 'N'},
                {NULL, 0, NULL, 0},
        };
        *a = (struct arguments){.options = {.verify = true, .seed = 1, .receipt_delay_ms = 200}};
        for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
                if (!parse_option(a, option)) {
                        if (option != '?')
                                fprintf(stderr, "egov-simulators: this value cannot be used: %s\n", optarg ? optarg : "");
                        return false;
                }
        }
        if (a->help)
                return true;
        if (optind < argc || !a->options.pki || !a->options.people) {
                fprintf(stderr, "egov-simulators: %s\n", optind < argc ? "there is an argument too many" : "--pki and --people are needed");
                return false;
        }
        return true;
}

static enum gw_rc set_faults(struct simulation *s, const struct arguments *a, struct why *why)
{
        for (size_t i = 0; i < a->fault_count; i++) {
                const char *equals = strchr(a->faults[i], '=');
                auto_str char *name = equals ? xstrndup(a->faults[i], (size_t)(equals - a->faults[i])) : NULL;
                struct fault *faults[PKI_FAULTS_MAX];
                size_t n = name ? simulation_faults(s, name, faults) : 0;
                if (n == 0)
                        return why_say(why, GW_REJECT, "--fault %.60s: wants SYSTEM=…, a system of --help", a->faults[i]);
                for (size_t k = 0; k < n; k++)
                        if (fault_parse(equals + 1, faults[k], why) != GW_OK)
                                return GW_REJECT;
                if ((str_eq(name, "cabinet") || str_eq(name, "provider")) && faults[0]->kind == FAULT_WRONG_IIN)
                        return why_say(why, GW_REJECT, "only registers have wrong-iin");
        }
        return GW_OK;
}

int main(int argc, char **argv)
{
        struct arguments arguments;
        if (!parse_arguments(argc, argv, &arguments)) {
                fputs("egov-simulators --help says more\n", stderr);
                return 2;
        }
        if (arguments.help) {
                fputs(usage, stdout);
                return 0;
        }
        struct simulation simulation;
        struct why why = WHY_INIT;
        simulation_init(&simulation, &arguments.options);
        if (set_faults(&simulation, &arguments, &why) != GW_OK) {
                fprintf(stderr, "egov-simulators: %s\n", why.detail);
                return 2;
        }
        signal(SIGPIPE, SIG_IGN);
        log_open("egov-simulators", LOG_INFO);
        verify_init();
        return simulation_run(&simulation);
}
