/* Words of a service file; strings owned, NULL where the file has none. */
#ifndef GW_CATALOGUE_TEXTS_H
#define GW_CATALOGUE_TEXTS_H

struct text2 { char *kk, *ru; };      /* the languages of the acts */
struct text3 { char *kk, *ru, *en; };
/* Where a statement comes from: the act, another public source, or what is usual. */
enum basis { BASIS_REGULATION, BASIS_SOURCE, BASIS_ASSUMED };
extern const char *const basis_names[4]; /* NULL-terminated, as all lists of names here */

#endif
