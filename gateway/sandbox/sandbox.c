/* The filters, and the way down from root. */
#include "gateway/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/reason.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

GW_DEFINE_AUTO(filter, void, seccomp_release)

enum { S = SANDBOX_SIGNER, T = SANDBOX_TOKENS, W = SANDBOX_WORKER, WIDE = T | W, ALL = S | T | W };

struct allowed {
        unsigned profiles;
        int call;
};

/* Named by SCMP_SYS: one that this architecture does not have (open, stat, poll on arm64) is a number that is skipped. */
static const struct allowed allowed[] = {
        /* descriptors that are there already, memory, sleeping, random bytes, time, the end */
        {ALL, SCMP_SYS(read)}, {ALL, SCMP_SYS(write)}, {ALL, SCMP_SYS(readv)}, {ALL, SCMP_SYS(writev)}, {ALL, SCMP_SYS(close)},
        {ALL, SCMP_SYS(recvfrom)}, {ALL, SCMP_SYS(sendto)}, {ALL, SCMP_SYS(poll)}, {ALL, SCMP_SYS(ppoll)},
        {ALL, SCMP_SYS(brk)}, {ALL, SCMP_SYS(munmap)}, {ALL, SCMP_SYS(mremap)}, {ALL, SCMP_SYS(madvise)}, {ALL, SCMP_SYS(munlock)},
        {ALL, SCMP_SYS(futex)}, {ALL, SCMP_SYS(sched_yield)}, {ALL, SCMP_SYS(restart_syscall)}, {ALL, SCMP_SYS(nanosleep)},
        {ALL, SCMP_SYS(clock_nanosleep)}, {ALL, SCMP_SYS(clock_gettime)}, {ALL, SCMP_SYS(gettimeofday)}, {ALL, SCMP_SYS(time)},
        {ALL, SCMP_SYS(getrandom)}, {ALL, SCMP_SYS(getpid)}, {ALL, SCMP_SYS(gettid)}, {ALL, SCMP_SYS(rt_sigreturn)},
        {ALL, SCMP_SYS(rt_sigprocmask)}, {ALL, SCMP_SYS(rt_sigaction)}, {ALL, SCMP_SYS(sigaltstack)}, {ALL, SCMP_SYS(exit)}, {ALL, SCMP_SYS(exit_group)},
        /* files */
        {WIDE, SCMP_SYS(open)}, {WIDE, SCMP_SYS(openat)}, {WIDE, SCMP_SYS(creat)}, {WIDE, SCMP_SYS(stat)}, {WIDE, SCMP_SYS(lstat)},
        {WIDE, SCMP_SYS(fstat)}, {WIDE, SCMP_SYS(newfstatat)}, {WIDE, SCMP_SYS(statx)}, {WIDE, SCMP_SYS(statfs)}, {WIDE, SCMP_SYS(fstatfs)},
        {WIDE, SCMP_SYS(access)}, {WIDE, SCMP_SYS(faccessat)}, {WIDE, SCMP_SYS(faccessat2)}, {WIDE, SCMP_SYS(lseek)},
        {WIDE, SCMP_SYS(pread64)}, {WIDE, SCMP_SYS(pwrite64)}, {WIDE, SCMP_SYS(preadv)}, {WIDE, SCMP_SYS(pwritev)}, {WIDE, SCMP_SYS(ftruncate)},
        {WIDE, SCMP_SYS(fallocate)}, {WIDE, SCMP_SYS(fadvise64)}, {WIDE, SCMP_SYS(fsync)}, {WIDE, SCMP_SYS(fdatasync)}, {WIDE, SCMP_SYS(sync_file_range)},
        {WIDE, SCMP_SYS(fcntl)}, {WIDE, SCMP_SYS(flock)}, {WIDE, SCMP_SYS(getdents)}, {WIDE, SCMP_SYS(getdents64)}, {WIDE, SCMP_SYS(readlink)},
        {WIDE, SCMP_SYS(readlinkat)}, {WIDE, SCMP_SYS(getcwd)}, {WIDE, SCMP_SYS(mkdir)}, {WIDE, SCMP_SYS(mkdirat)}, {WIDE, SCMP_SYS(rmdir)},
        {WIDE, SCMP_SYS(unlink)}, {WIDE, SCMP_SYS(unlinkat)}, {WIDE, SCMP_SYS(rename)}, {WIDE, SCMP_SYS(renameat)}, {WIDE, SCMP_SYS(renameat2)},
        {WIDE, SCMP_SYS(fchmod)}, {WIDE, SCMP_SYS(fchown)}, {WIDE, SCMP_SYS(umask)},
        {WIDE, SCMP_SYS(dup)}, {WIDE, SCMP_SYS(dup2)}, {WIDE, SCMP_SYS(dup3)}, {WIDE, SCMP_SYS(sendfile)}, {W, SCMP_SYS(inotify_init1)},
        {W, SCMP_SYS(inotify_add_watch)}, {W, SCMP_SYS(inotify_rm_watch)},
        /* sockets (their families below); listening sockets are handed in, listen() is not on the list */
        {WIDE, SCMP_SYS(connect)}, {WIDE, SCMP_SYS(bind)}, {WIDE, SCMP_SYS(socketpair)}, {WIDE, SCMP_SYS(getsockname)}, {WIDE, SCMP_SYS(getpeername)},
        {WIDE, SCMP_SYS(getsockopt)}, {WIDE, SCMP_SYS(setsockopt)}, {WIDE, SCMP_SYS(sendmsg)}, {WIDE, SCMP_SYS(recvmsg)}, {WIDE, SCMP_SYS(sendmmsg)},
        {WIDE, SCMP_SYS(recvmmsg)}, {WIDE, SCMP_SYS(shutdown)}, {W, SCMP_SYS(accept)}, {W, SCMP_SYS(accept4)},
        /* event loops and threads (clone below) */
        {W, SCMP_SYS(epoll_create)}, {W, SCMP_SYS(epoll_create1)}, {W, SCMP_SYS(epoll_ctl)}, {W, SCMP_SYS(epoll_wait)}, {W, SCMP_SYS(epoll_pwait)},
        {W, SCMP_SYS(timerfd_create)}, {W, SCMP_SYS(timerfd_settime)}, {WIDE, SCMP_SYS(eventfd2)}, {WIDE, SCMP_SYS(pipe)}, {WIDE, SCMP_SYS(pipe2)},
        {WIDE, SCMP_SYS(select)}, {WIDE, SCMP_SYS(pselect6)}, {WIDE, SCMP_SYS(set_robust_list)}, {WIDE, SCMP_SYS(rseq)}, {WIDE, SCMP_SYS(set_tid_address)},
        {WIDE, SCMP_SYS(membarrier)}, {WIDE, SCMP_SYS(sched_getaffinity)}, {WIDE, SCMP_SYS(sched_getparam)}, {WIDE, SCMP_SYS(sched_getscheduler)},
        {WIDE, SCMP_SYS(rt_sigtimedwait)}, {WIDE, SCMP_SYS(rt_sigpending)}, {WIDE, SCMP_SYS(mlock)},
        /* who am I, where am I */
        {WIDE, SCMP_SYS(getuid)}, {WIDE, SCMP_SYS(geteuid)}, {WIDE, SCMP_SYS(getgid)}, {WIDE, SCMP_SYS(getegid)}, {WIDE, SCMP_SYS(getppid)},
        {WIDE, SCMP_SYS(uname)}, {WIDE, SCMP_SYS(sysinfo)}, {WIDE, SCMP_SYS(getrusage)}, {WIDE, SCMP_SYS(times)}, {WIDE, SCMP_SYS(getcpu)},
        {WIDE, SCMP_SYS(clock_getres)}, {WIDE, SCMP_SYS(getrlimit)},
};

/* Only who has taken the process over does one of these. */
static const int deadly[] = {
        SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
        SCMP_SYS(pidfd_getfd), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
        SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
        SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
        SCMP_SYS(userfaultfd), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(reboot),
        SCMP_SYS(open_by_handle_at), SCMP_SYS(seccomp),
};

/* glibc 2.36's pthread_create, without CLONE_DETACHED; a fork has none of these, a container's has CLONE_NEW…. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static int add_memory(scmp_filter_ctx filter)
{
        int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        return rc ? rc : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* abort() and raise(): to ourselves only. */
static int add_own_signals(scmp_filter_ctx filter)
{
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

static int add_threads(scmp_filter_ctx filter)
{
        int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, THREAD_FLAGS, THREAD_FLAGS));
        if (rc == 0)
                rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
        /* Its flags are behind a pointer; "not there" sends glibc to clone(). */
        if (rc == 0)
                rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if (rc == 0)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
        /* prlimit64 with a new limit is not needed; without one it is getrlimit. */
        return rc ? rc : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0, 0));
}

static int add_sockets(scmp_filter_ctx filter)
{
        static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK /* getaddrinfo: which addresses have we? */};
        static const unsigned long controls[] = {FIONBIO, FIONREAD, FIOCLEX};
        int rc = 0;
        for (size_t i = 0; rc == 0 && i < GW_COUNT(families); i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
        for (size_t i = 0; rc == 0 && i < GW_COUNT(controls); i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, controls[i], 0));
        return rc;
}

static int add_rules(scmp_filter_ctx filter, enum sandbox_profile profile)
{
        int rc = 0;
        for (size_t i = 0; rc == 0 && i < GW_COUNT(allowed); i++)
                if ((allowed[i].profiles & profile) && allowed[i].call >= 0)
                        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i].call, 0);
        if (rc == 0)
                rc = add_memory(filter);
        if (rc == 0)
                rc = add_own_signals(filter);
        if (rc != 0 || profile == SANDBOX_SIGNER)
                return rc;
        for (size_t i = 0; rc == 0 && i < GW_COUNT(deadly); i++)
                if (deadly[i] >= 0)
                        rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
        if (rc == 0)
                rc = add_threads(filter);
        return rc ? rc : add_sockets(filter);
}

bool sandbox_filters(void)
{
        return !SANITIZED;
}

enum gw_rc sandbox_enter(enum sandbox_profile profile, struct why *why)
{
        if (!sandbox_filters())
                return GW_OK;
        gw_auto(filter) void *filter = seccomp_init(profile == SANDBOX_SIGNER ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
        int rc = filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;
        if (rc == 0) /* the threads that run already, too */
                rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
        if (rc == 0)
                rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: a dozen comparisons, not two hundred */
        if (rc == 0)
                rc = add_rules(filter, profile);
        if (rc == 0)
                rc = seccomp_load(filter);
        return rc == 0 ? GW_OK : why_set(why, GW_FAULT, REASON_INTERNAL, "the kernel takes no system call filter (seccomp): %s", strerror(-rc));
}

bool sandbox_harden(void)
{
        struct rlimit none = {0, 0};
        bool limited = setrlimit(RLIMIT_CORE, &none) == 0;
        bool closed = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limited && closed;
}

enum gw_rc sandbox_account(const char *name, struct sandbox_account *ret_account, struct why *why)
{
        const struct passwd *entry = getpwnam(name);
        if (!entry || entry->pw_uid == 0)
                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "account %s does not exist or is root", name);
        *ret_account = (struct sandbox_account){name, entry->pw_uid, entry->pw_gid};
        return GW_OK;
}

enum gw_rc sandbox_become(const struct sandbox_account *account, struct why *why)
{
        uid_t uid = account->uid;
        gid_t gid = account->gid;
        bool is = initgroups(account->name, gid) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
        if (is && setuid(0) != 0 && geteuid() == uid && getegid() == gid)
                return GW_OK;
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "cannot become %s (errno %d)", account->name, errno);
}

enum gw_rc sandbox_keep_root(const struct sandbox_account *files, struct why *why)
{
        const uint32_t kept = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL | 1u << CAP_DAC_READ_SEARCH;
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct caps[2] = {{.effective = kept, .permitted = kept}};
        bool done = true;
        for (int cap = 0; done && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
                if (cap > 31 || !(kept & 1u << cap))
                        done = prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0;
        done = done && setgroups(0, NULL) == 0 && syscall(SYS_capset, &head, caps) == 0;
        setfsgid(files->gid);
        setfsuid(files->uid);
        /* They tell nothing of success: an impossible id changes nothing and gives the one in force. */
        if (done && setfsuid((uid_t)-1) == (int)files->uid && setfsgid((gid_t)-1) == (int)files->gid)
                return GW_OK;
        return why_set(why, GW_FAULT, REASON_INTERNAL, "root's rights cannot be limited (errno %d)", errno);
}

void sandbox_root_files(void)
{
        setfsuid(0);
        setfsgid(0);
}
