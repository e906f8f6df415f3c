/* `egov-gateway serve`, and the two processes it starts. */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/log.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/commands/serve.h"
#include "gateway/supervisor/supervisor.h"
#include "gateway/worker/process.h"

static void open_log(const char *process, const struct settings *settings)
{
        enum log_level level = LOG_INFO;
        gw_ignore(!log_level_parse(settings->gateway.log_level, &level)); /* one of the choices: checked when it was read */
        log_open(process, level);
}

static int serve_run(int argc, char **argv)
{
        const char *conf = NULL;
        const struct option_row rows[] = {{"conf", "FILE", "the configuration (see conf/gateway.conf.example)", &conf, NULL, true}};
        const struct options options = {
                "serve", "",
                "Runs the gateway in the foreground: a supervisor, a signer that holds the keys, and a worker.\n"
                "SIGTERM stops it after finishing what is in flight; SIGHUP reads the configuration again.",
                "  egov-gateway serve --conf /etc/egov-gateway/gateway.conf\n", rows, GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first != argc)
                return options_mistake(&options, "takes no operands");
        struct supervisor_conf loaded;
        struct why why = WHY_INIT;
        if (supervisor_conf_load(conf, &loaded, &why) != GW_OK)
                return options_mistake(&options, "%s", why.detail);
        open_log("supervisor", loaded.settings);
        return supervisor_run(&loaded);
}

const struct command command_serve = {"serve", "run the gateway", serve_run};

struct signer_key_conf serve_signer_key(const struct key_settings *key)
{
        struct signer_key_conf conf = {
                .id = key->id,
                .key_path = key->key,
                .certificate_path = key->certificate,
                .password_path = key->password_file,
                .pin_path = key->pin_file,
                .module_path = key->module,
                .successor = key->successor,
        };
        gw_ignore(key->from && clock_parse_iso(key->from, &conf.from) != GW_OK); /* checked when it was read */
        return conf;
}

_Static_assert(SIGNER_EXIT_PIN == SUPERVISOR_EXIT_PIN, "said by the one, understood by the other");

static int signer_main(const struct settings *settings, const struct supervisor_child *child)
{
        struct signer_key_conf keys[SETTINGS_KEYS_MAX];
        for (size_t i = 0; i < settings->key_count; i++)
                keys[i] = serve_signer_key(&settings->keys[i]);
        struct signer_options options = {
                .keys = keys,
                .key_count = settings->key_count,
                .channels = child->fds,
                .channel_count = child->fd_count,
                .ready_fd = child->ready_fd,
                .account = settings->gateway.signer_user,
        };
        return signer_process_main(&options);
}

static int worker_main(const struct settings *settings, const struct supervisor_child *child, const struct adapter *const *adapters)
{
        size_t sockets = settings->listener_count * child->loops;
        if (child->fd_count != sockets + child->loops)
                return COMMAND_USAGE;
        struct worker_channels channels = {.listeners = child->fds, .signers = child->fds + sockets, .loops = child->loops, .ready_fd = child->ready_fd};
        return worker_process_main(settings, &channels, adapters);
}

bool serve_is_child(int argc, char **argv)
{
        return argc > 1 && (str_eq(argv[1], SUPERVISOR_SIGNER) || str_eq(argv[1], SUPERVISOR_WORKER));
}

int serve_child(int argc, char **argv, const struct adapter *const *adapters)
{
        struct supervisor_child child;
        if (!supervisor_child_parse(argc, argv, &child))
                return COMMAND_USAGE;
        auto_settings struct settings *settings = NULL;
        struct why why = WHY_INIT;
        FILE *copy = fdopen(child.conf_copy, "r");
        if (!copy)
                return COMMAND_USAGE;
        rewind(copy); /* the signer read it before the worker */
        enum gw_rc rc = settings_read(copy, child.conf_path, &settings, &why);
        fclose(copy);
        if (rc != GW_OK)
                return COMMAND_USAGE;
        bool signer = str_eq(argv[1], SUPERVISOR_SIGNER);
        open_log(signer ? "signer" : "worker", settings);
        int status = signer ? signer_main(settings, &child) : worker_main(settings, &child, adapters);
        free(child.fds);
        return status;
}
