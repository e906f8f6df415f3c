# egov-gateway. `make demo` and `make test` do everything on a fresh Debian 12; `make help` lists the rest.
B ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PKGS := libuv libcurl libxml-2.0 xmlsec1-openssl libssl libcrypto sqlite3 jansson inih
# make V=1 shows the commands.
Q := $(if $(V),,@)
LLHTTP := /usr/share/llhttp
WARN := -Wall -Wextra -Werror -Wshadow -Wcast-qual -Wwrite-strings -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wswitch-enum -Wvla -Wno-format-truncation -Wno-unknown-warning-option
# gnu11 for the cleanup attribute and statement expressions; frame pointers so that a profile can be read.
CFLAGS_ALL := -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer -fPIE -fstack-protector-strong $(WARN) -I. $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g') -isystem /usr/share/include/llhttp
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now -pthread
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
ifdef SAN
CFLAGS_ALL += -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS_ALL += -fsanitize=address,undefined
else
CFLAGS_ALL += -D_FORTIFY_SOURCE=2
endif

.DEFAULT_GOAL := all
GATEWAY_SRC := $(filter-out gateway/main.c,$(wildcard gateway/*.c gateway/*/*.c))
ADAPTER_SRC := $(filter-out adapters/simulators/main.c,$(wildcard adapters/*.c adapters/*/*.c))
GATEWAY_OBJ := $(GATEWAY_SRC:%.c=$B/%.o) $B/llhttp/llhttp.o $B/llhttp/api.o $B/llhttp/http.o
ADAPTER_OBJ := $(ADAPTER_SRC:%.c=$B/%.o)
UNIT_TESTS := $(patsubst %.c,$B/%,$(wildcard tests/unit/test_*.c))
ARCHIVES := $B/libadapters.a $B/libgateway.a

.PHONY: all
all: $B/egov-gateway $B/egov-simulators

$B/egov-gateway: $B/gateway/main.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
$B/egov-simulators: $B/adapters/simulators/main.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
$B/libgateway.a: $(GATEWAY_OBJ)
	@rm -f $@; ar rcs $@ $^
$B/libadapters.a: $(ADAPTER_OBJ)
	@rm -f $@; ar rcs $@ $^
$B/tests/unit/%: $B/tests/unit/%.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a -lcmocka $(LIBS)
$B/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -fPIE -w -DLLHTTP_STRICT_MODE=1 $(if $(SAN),-fsanitize=address,) -I/usr/share/include/llhttp -c -o $@ $<
$B/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(CFLAGS_ALL) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(shell find $B -name '*.d' 2>/dev/null)
.PRECIOUS: $B/%.o
