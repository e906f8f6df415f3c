# egov-gateway. `make demo` and `make test` do everything on a fresh Debian 12; `make help` lists the rest.
B ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PKGS := libuv libcurl libxml-2.0 xmlsec1-openssl libssl libcrypto sqlite3 jansson inih nettle hogweed libseccomp fontconfig pangocairo qrcodegen libqpdf zlib p11-kit-1
# make V=1 shows the commands.
Q := $(if $(V),,@)
LLHTTP := /usr/share/llhttp
WARN := -Wall -Wextra -Werror -Wshadow -Wcast-qual -Wwrite-strings -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wswitch-enum -Wvla -Wno-format-truncation -Wno-unknown-warning-option
# gnu11 for the cleanup attribute and statement expressions; frame pointers so that a profile can be read.
CFLAGS_ALL := -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer -fPIE -fstack-protector-strong $(WARN) -I. $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g') -isystem /usr/share/include/llhttp
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now -pthread
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lgmp -lm
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
all: $B/egov-gateway $B/egov-simulators $B/certs/make-gost-pki

$B/egov-gateway: $B/gateway/main.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
$B/egov-simulators: $B/adapters/simulators/main.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
$B/certs/make-gost-pki: $B/certs/make-gost-pki.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libgateway.a $(LIBS)
$B/libgateway.a: $(GATEWAY_OBJ)
	@rm -f $@; ar rcs $@ $^
$B/libadapters.a: $(ADAPTER_OBJ)
	@rm -f $@; ar rcs $@ $^
$B/tests/unit/%: $B/tests/unit/%.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a -lcmocka $(LIBS)
$B/tests/crash/%: $B/tests/crash/%.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
$B/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -fPIE -w -DLLHTTP_STRICT_MODE=1 $(if $(SAN),-fsanitize=address,) -I/usr/share/include/llhttp -c -o $@ $<
$B/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(CFLAGS_ALL) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(shell find $B -name '*.d' 2>/dev/null)
# gcc's -MMD does not see .incbin.
$B/gateway/worker/openapi.o: gateway/worker/openapi.json
$B/gateway/soap/wsdl.o: $(wildcard gateway/soap/wsdl/*.wsdl)
$B/gateway/console/files.o: $(filter-out %.c %.h %.md,$(wildcard gateway/console/*))
$B/gateway/print/layouts.o: $(wildcard gateway/print/layout/*.xml)
.PRECIOUS: $B/%.o

# ---- what people call ----
PYTHON := /usr/bin/python3
JOBS := -j$(shell nproc)
.PHONY: help demo run test test-unit lint bench fuzz asan pki deps deps-test clean
help:
	@echo "make demo    the main job, from the portal's signed request to the delivered certificate"
	@echo "make run     the same parts, kept running for a person to try"
	@echo "make test    every test, in the release and in the sanitizer build"
	@echo "make bench   CPU per request against the crypto floor, stage by stage"
	@echo "make fuzz    the parsers under libFuzzer (FUZZ_SECONDS=60 each)"
	@echo "make test-browser  the console in Chromium, with pictures of every page in build/screens"
	@echo "make lint    house rules; every header compiled alone"
	@echo "make all     build/egov-gateway and build/egov-simulators"

deps:
	@tests/lab/install.sh build
deps-test:
	@tests/lab/install.sh test
# Sub-makes: pkg-config answers only after the packages are there.
MAKE_PKI := certs/make-pki.sh build/pki && build/certs/make-gost-pki build/pki
pki: deps
	@$(MAKE) --no-print-directory $(JOBS) build/certs/make-gost-pki
	@$(MAKE_PKI)
demo: deps
	@$(MAKE) --no-print-directory $(JOBS) all >build.log 2>&1 || { tail -30 build.log; exit 1; }; rm -f build.log
	@$(MAKE_PKI)
	@$(PYTHON) tests/lab/demo.py
run: deps
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE_PKI)
	@$(PYTHON) tests/lab/demo.py --keep
UNIT := $(patsubst tests/unit/%.c,$B/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,$B/tests/fuzz/replay_%,$(wildcard tests/fuzz/fuzz_*.c))
.PHONY: programs
# What the scripts of tests/ call.
HELPERS := $(patsubst %.c,$B/%,$(wildcard tests/lab/*.c tests/crash/*.c))
programs: all $(UNIT) $(FUZZERS) $B/tests/crash/journal_kill $(HELPERS)
test: deps-test
	@$(MAKE) --no-print-directory browser-modules || echo "the tests in a browser will be skipped"
	@$(MAKE) --no-print-directory $(JOBS) programs
	@$(MAKE) --no-print-directory $(JOBS) B=build/asan SAN=1 programs
	@$(MAKE_PKI)
	@$(PYTHON) tests/run.py
# The console in Chromium. playwright-core and axe-core come from npm's registry as npm is configured; no part of the product does.
.PHONY: test-browser browser-modules
browser-modules:
	@tests/lab/install.sh browser
	@mkdir -p build/browser && cp tests/browser/package.json build/browser/
	@[ -d build/browser/node_modules/playwright-core ] || npm install --prefix build/browser --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
test-browser: deps-test browser-modules
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE_PKI)
	@$(PYTHON) tests/browser/test_pages.py
test-unit: deps-test
	@$(MAKE) --no-print-directory $(JOBS) programs
	@$(MAKE_PKI)
	@$(PYTHON) tests/run.py unit --build build
asan:
	@$(MAKE) --no-print-directory $(JOBS) B=build/asan SAN=1 programs
BENCHES := $(patsubst %.c,$B/%,$(wildcard tests/bench/*.c))
bench: deps-test
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCHES)
	@$(MAKE_PKI) && certs/make-pki.sh build/pki bulk 3000
	@$(PYTHON) tests/bench/bench.py
lint:
	@tests/lint.sh
clean:
	rm -rf build build-*

$B/tests/bench/%: $B/tests/bench/%.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
$(HELPERS): $B/%: $B/%.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)

# A fuzz harness is a libFuzzer function; replay_* runs it over its corpus in every `make test`.
$(FUZZERS): $B/tests/fuzz/replay_%: $B/tests/fuzz/fuzz_%.o $B/tests/fuzz/replay.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $(filter %.o,$^) $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
FUZZ_SECONDS ?= 60
fuzz: deps-test
	@$(MAKE) --no-print-directory $(JOBS) B=build/fuzz CC=clang SAN=1 CFLAGS=-fsanitize=fuzzer-no-link FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz-run
FUZZ_BIN := $(patsubst tests/fuzz/fuzz_%.c,$B/tests/fuzz/fuzz_%,$(wildcard tests/fuzz/fuzz_*.c))
$(FUZZ_BIN): $B/tests/fuzz/fuzz_%: $B/tests/fuzz/fuzz_%.o $(ARCHIVES)
	@echo "ld $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $< $B/libadapters.a $B/libgateway.a $B/libadapters.a $(LIBS)
.PHONY: fuzz-run
fuzz-run: $(FUZZ_BIN)
	@for f in $(FUZZ_BIN); do n=$${f##*/fuzz_}; mkdir -p $B/corpus/$$n; echo "fuzz $$n"; \
	$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=16384 -verbosity=0 -artifact_prefix=$B/$$n- $B/corpus/$$n tests/fuzz/corpus/$$n \
	|| exit 1; done
.PHONY: print-flags
print-flags:
	@echo '$(CFLAGS_ALL)'
