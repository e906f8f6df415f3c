/* The processes behind `serve`: main() asks first whether it is one of them. */
#ifndef GW_COMMANDS_SERVE_H
#define GW_COMMANDS_SERVE_H

#include "gateway/collect/adapter.h"
#include "gateway/settings.h"
#include "gateway/sign/signer.h"

bool serve_is_child(int argc, char **argv);
/* A [key …] as the signer takes it; borrows. */
struct signer_key_conf serve_signer_key(const struct key_settings *key);
int serve_child(int argc, char **argv, const struct adapter *const *adapters);

#endif
