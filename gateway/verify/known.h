/* Certificates of known parties, from a folder of the operator: what a KeyInfo that only names a certificate (issuer and serial number,
 * key identifier, digest) is looked up in. A name finds a certificate and proves nothing: the signature must verify with its key, and
 * its chain is checked like any other's. Internal to verify/. */
#ifndef GW_VERIFY_KNOWN_H
#define GW_VERIFY_KNOWN_H

#include "gateway/base/why.h"
#include "gateway/pki/certificate.h"

struct known_certificates;

/* Every PEM and DER certificate of the folder (NULL: none at all). One that cannot be read, or no folder: GW_FAULT. */
GW_MUST_CHECK enum gw_rc known_open(const char *folder, struct known_certificates **ret_known, struct why *why);
/* Reads the folder again; on GW_FAULT what was known stays. Any thread may be looking up meanwhile. */
GW_MUST_CHECK enum gw_rc known_reload(struct known_certificates *known, struct why *why);
void known_close(struct known_certificates *known);

enum known_by { KNOWN_BY_ISSUER_SERIAL, KNOWN_BY_KEY_IDENTIFIER, KNOWN_BY_SHA1, KNOWN_BY_SHA256, KNOWN_BY_SHA384, KNOWN_BY_SHA512 };
struct known_name {
        enum known_by by;
        const char *issuer; /* a distinguished name as RFC 4514, RFC 2253, .NET or OpenSSL write it, in either order */
        const char *serial; /* decimal */
        struct span bytes;  /* of the others */
};
/* How many certificates have that name (0 also when it cannot be read); with exactly one, *ret_certificate is the caller's. */
GW_MUST_CHECK size_t known_find(struct known_certificates *known, const struct known_name *name, struct certificate **ret_certificate);

#endif
