/* The processes behind `serve`: main() asks first whether it is one of them. */
#ifndef GW_COMMANDS_SERVE_H
#define GW_COMMANDS_SERVE_H

#include "gateway/collect/adapter.h"

bool serve_is_child(int argc, char **argv);
int serve_child(int argc, char **argv, const struct adapter *const *adapters);

#endif
