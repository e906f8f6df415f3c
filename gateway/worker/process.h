/* The worker process: everything that parses. It never holds a private key. */
#ifndef GW_WORKER_PROCESS_H
#define GW_WORKER_PROCESS_H

#include "gateway/collect/adapter.h"
#include "gateway/settings.h"

struct worker_channels {
        const int *listeners;         /* sockets: listener_count × loops, in the order of the settings */
        const int *signers;           /* one per loop */
        size_t loops;
        int ready_fd;                 /* gets "R" and is closed when every loop serves; gets a line of text when that fails */
};
/* Runs until SIGTERM or SIGINT; finishes what is in flight within drain_ms. Exit status of the process. */
int worker_process_main(const struct settings *settings, const struct worker_channels *channels, const struct adapter *const *adapters);

#endif
