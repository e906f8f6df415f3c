/* `egov-gateway version`: what this binary is and which libraries it runs with. */
#include <curl/curl.h>
#include <jansson.h>
#include <nettle/version.h>
#include <libxml/parser.h>
#include <llhttp.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <xmlsec/version.h>

#include "gateway/commands/command.h"
#include "gateway/commands/options.h"

#ifndef GW_VERSION
#define GW_VERSION "0.1.0"
#endif
#ifdef __SANITIZE_ADDRESS__
#define BUILD_KIND "sanitizers"
#else
#define BUILD_KIND "release"
#endif
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)
#define LLHTTP_VERSION TEXT_OF(LLHTTP_VERSION_MAJOR) "." TEXT_OF(LLHTTP_VERSION_MINOR) "." TEXT_OF(LLHTTP_VERSION_PATCH)

struct library { const char *name, *version; };

/* "20914-…" as 2.9.14 */
static void libxml2_version(char out[32])
{
        unsigned long number = strtoul(xmlParserVersion, NULL, 10);
        snprintf(out, 32, "%lu.%lu.%lu", number / 10000, number / 100 % 100, number % 100);
}

/* What is loaded now, where the library can tell, not what the headers said at build time. */
static size_t list_libraries(struct library *out, char libxml2[32], char nettle[32])
{
        libxml2_version(libxml2);
        snprintf(nettle, 32, "%d.%d", nettle_version_major(), nettle_version_minor());
        const struct library libraries[] = {
                {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
                {"nettle", nettle},
                {"libxml2", libxml2},
                {"xmlsec", XMLSEC_VERSION},
                {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
                {"libuv", uv_version_string()},
                {"llhttp", LLHTTP_VERSION},
                {"SQLite", sqlite3_libversion()},
                {"jansson", jansson_version_str()},
        };
        for (size_t i = 0; i < GW_COUNT(libraries); i++)
                out[i] = libraries[i];
        return GW_COUNT(libraries);
}

static void print_json(const struct library *libraries, size_t count)
{
        json_t *versions = json_object();
        for (size_t i = 0; i < count; i++)
                json_object_set_new(versions, libraries[i].name, json_string(libraries[i].version));
        json_t *root = json_pack("{s:s, s:s, s:s, s:o}", "version", GW_VERSION, "compiler", __VERSION__, "build", BUILD_KIND, "libraries",
                                 versions);
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(root);
}

static int version_run(int argc, char **argv)
{
        bool json = false;
        const struct option_row rows[] = {{"json", NULL, "for machines", NULL, &json, false}};
        const struct options options = {"version", "",
                                        "Prints the version of the gateway, how it was built, and the libraries it runs with.", NULL, rows,
                                        GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first != argc)
                return options_mistake(&options, "takes no operands");
        struct library libraries[16];
        char libxml2[32], nettle[32];
        size_t count = list_libraries(libraries, libxml2, nettle);
        if (json) {
                print_json(libraries, count);
                return COMMAND_YES;
        }
        printf("egov-gateway %s (%s build, compiler %s)\n", GW_VERSION, BUILD_KIND, __VERSION__);
        for (size_t i = 0; i < count; i++)
                printf("  %-8s %s\n", libraries[i].name, libraries[i].version);
        return COMMAND_YES;
}

const struct command command_version = {"version", "the version, and the libraries it runs with", version_run};
