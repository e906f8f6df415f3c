/* What a process of the gateway gives up before it serves: a filter of system calls (seccomp, through libseccomp), core dumps, being
 * traced, new privileges, its account.
 *
 * SANDBOX_SIGNER   keys are in memory: it reads and writes on descriptors it has, sleeps, allocates, asks for random bytes and the time.
 *                  Any other call ends the process (SIGSYS).
 * SANDBOX_TOKENS   a PKCS#11 module works in the signer: files, threads and client sockets as well, because modules read their token's
 *                  files, talk to pcscd or to a network HSM.
 * SANDBOX_WORKER   files, sockets, threads. The filter cannot see paths: that a file is not for the worker is up to its account.
 *
 * In the two wider ones, calls that only an intruder makes (execve, fork, ptrace, another account, mount, modules …) end the process; what
 * is merely not on the list fails with EPERM, so that a new version of a library meets an error and not an outage. Memory cannot be made
 * executable, and there is no way to write a new program into it.
 * Programs built with a sanitizer have no filter: its run-time makes calls that are none of ours. */
#ifndef GW_SANDBOX_SANDBOX_H
#define GW_SANDBOX_SANDBOX_H

#include <sys/types.h>

#include "gateway/base/why.h"

enum sandbox_profile { SANDBOX_SIGNER = 1, SANDBOX_TOKENS = 2, SANDBOX_WORKER = 4 };

/* Every thread of the process from now on, and for ever. GW_FAULT when the kernel does not do it. */
GW_MUST_CHECK enum gw_rc sandbox_enter(enum sandbox_profile profile, struct why *why);
/* False in a sanitizer's build: sandbox_enter() then does nothing and says GW_OK. */
bool sandbox_filters(void);

/* No core dump (RLIMIT_CORE 0; PR_SET_DUMPABLE 0, which also counts when dumps go to a program, and closes /proc/PID and ptrace to
 * the same account), no new privileges. False when one of them fails. */
GW_MUST_CHECK bool sandbox_harden(void);

/* root becomes that account for good: groups, ids and with them all capabilities, and proves that there is no way back. GW_FAULT. */
struct sandbox_account {
        const char *name;
        uid_t uid;
        gid_t gid;
};
/* GW_REJECT when there is none of that name, or it is root. name is borrowed. */
GW_MUST_CHECK enum gw_rc sandbox_account(const char *name, struct sandbox_account *ret_account, struct why *why);
GW_MUST_CHECK enum gw_rc sandbox_become(const struct sandbox_account *account, struct why *why);

/* root stays, to start processes under several accounts, with no more than that takes: CAP_SETUID, CAP_SETGID, CAP_KILL and, for a
 * child that reads keys, CAP_DAC_READ_SEARCH. Files are opened and made with the rights of `files`, as after sandbox_become(). */
GW_MUST_CHECK enum gw_rc sandbox_keep_root(const struct sandbox_account *files, struct why *why);
/* In a child of such a process: files as root again. */
void sandbox_root_files(void);

#endif
