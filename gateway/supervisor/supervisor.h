/* The supervisor: binds the listeners, drops privileges, starts signer and worker, and starts both again when one of them ends. It
 * parses nothing but the configuration.
 *
 * Signer and worker are one generation: new socketpairs, new processes, together. The listening sockets stay with the supervisor, so that
 * connections queue while a generation is replaced.
 * SIGTERM/SIGINT: the worker finishes what is in flight (drain_ms), then all end. SIGHUP: the configuration is read again; when it is right,
 * the generation is replaced by one that uses it (listener addresses and the number of loops stay until a restart); when no generation
 * starts with it, the previous one goes on. The children read a copy of the configuration that was found right, never the file: a
 * half-edited file and a crash do not meet. */
#ifndef GW_SUPERVISOR_SUPERVISOR_H
#define GW_SUPERVISOR_SUPERVISOR_H

#include "gateway/settings.h"

struct supervisor_conf {
        const char *path;             /* borrowed */
        int copy;                     /* of the file's bytes, in memory */
        struct settings *settings;
};
GW_MUST_CHECK enum gw_rc supervisor_conf_load(const char *path, struct supervisor_conf *ret_conf, struct why *why);
/* Exit status of the process. Takes over conf. */
int supervisor_run(const struct supervisor_conf *conf);

/* The signer's exit status when a token has refused the PIN: nothing is started again before a SIGHUP, so that its attempts are not used up. */
#define SUPERVISOR_EXIT_PIN 3
/* argv of the children: {program, SUPERVISOR_SIGNER | SUPERVISOR_WORKER, conf, conf's copy fd, ready fd, loops, fds…} */
#define SUPERVISOR_SIGNER "signer-process"
#define SUPERVISOR_WORKER "worker-process"
struct supervisor_child {
        const char *conf_path;
        int conf_copy, ready_fd;
        size_t loops, fd_count;
        int *fds;                     /* signer: one channel per loop; worker: listener_count × loops sockets, then one channel per loop */
};
/* Reads that argv; false when it is not one. */
GW_MUST_CHECK bool supervisor_child_parse(int argc, char **argv, struct supervisor_child *ret_child);

#endif
