/* The few words every file of the gateway shares: return codes, ownership helpers, allocation.
 *
 * Ownership idiom (no goto anywhere): declare with an auto_… attribute and `= NULL`, hand over with
 * gw_take(). Outputs are named ret_…, come last and are written only on success. */
#ifndef GW_BASE_BASE_H
#define GW_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorted by what the caller must do; SOAP fault side, HTTP status and next outbox state follow from it. */
enum gw_rc {
        GW_OK = 0,
        GW_REJECT, /* the peer's fault, final: the same bytes will never be accepted */
        GW_RETRY,  /* nobody's fault or not known yet: the same call may work later */
        GW_FAULT,  /* ours: an operator must look */
};

#define GW_MUST_CHECK __attribute__((warn_unused_result))
#define GW_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define GW_UNUSED __attribute__((unused))

/* Drops a result on purpose; say why beside it (gcc warns even through a (void) cast). */
#define gw_ignore(expr) do { if (expr) { } } while (0)

/* Takes the pointer out of *pp and leaves NULL there: the visible hand-over of ownership. */
#define gw_take(pp) ({ __typeof__(*(pp)) gw_taken_ = *(pp); *(pp) = NULL; gw_taken_; })

/* Defines auto_NAME: frees at scope end. FREE must accept NULL. */
#define GW_DEFINE_AUTO(name, type, free_fn)                     \
        static inline void gw_auto_free_##name(type **p)        \
        {                                                       \
                if (*p)                                         \
                        free_fn(*p);                            \
        }
#define gw_auto(name) __attribute__((cleanup(gw_auto_free_##name), unused))

/* A broken invariant aborts, in production too (the store makes a restart safe); bad input never does. */
#define GW_ASSERT(cond) do { if (!(cond)) gw_panic(__FILE__, __LINE__, #cond); } while (0)
_Noreturn void gw_panic(const char *file, int line, const char *what);

#define GW_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Small allocations bounded by us: abort when memory is out. Sizes given by a peer are checked against a limit first. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);          /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) GW_PRINTF(1, 2);

/* char * freed with free(): `auto_str char *x = NULL;` */
void gw_free_str(char **p);
#define auto_str __attribute__((cleanup(gw_free_str), unused))
/* Closes the fd at scope end when >= 0. */
void gw_close_fd(int *fd);
#define auto_fd __attribute__((cleanup(gw_close_fd), unused))

/* NULL-safe equality; never for secrets (use CRYPTO_memcmp). */
bool str_eq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);

#endif
