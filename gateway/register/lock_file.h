/* The lock that keeps two processes from writing the same store: flock on PATH.lock, which holds the owner's process id.
 * The kernel gives it back when the owner dies, however it dies. */
#ifndef GW_REGISTER_LOCK_FILE_H
#define GW_REGISTER_LOCK_FILE_H

#include "gateway/base/why.h"

/* Waits up to wait_ms for another owner to go; then GW_FAULT naming its process id. Closing *ret_fd gives the lock back. */
GW_MUST_CHECK enum gw_rc lock_file_take(const char *store_path, int wait_ms, int *ret_fd, struct why *why);

#endif
