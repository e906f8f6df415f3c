#!/bin/bash
# House rules as greps, and every header compiled alone. Ends with `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit 2

passed=0 failed=0
verdict() { # NAME OUTPUT: passes when there is no output
    if [[ -z $2 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL %s\n%s\n' "$1" "$2" | head -12
    fi
}
ban() { # NAME REGEX [EXCEPT-REGEX]: in our C sources
    local hits
    hits=$(grep -nE "$2" $(git ls-files '*.c' '*.h' | grep -E '^(gateway|adapters)/') /dev/null | grep -vE "${3:-^\$}")
    verdict "$1" "$hits"
}

ban "no unbounded string functions" '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\('
ban "no atoi (text_to_u64 checks)" '\b(atoi|atol|atoll)\('
ban "no entity or DTD loading" 'XML_PARSE_(NOENT|DTDLOAD|DTDATTR|DTDVALID|XINCLUDE|HUGE)' 'gateway/xml/read.c.*without|^[^:]*:[0-9]+: \*|/\*'
ban "xmlsec stays in verify/" 'xmlSec[A-Z]' '^gateway/verify/|^gateway/commands/version.c|/\*|^[^:]*:[0-9]+: \*'
ban "no goto" '^\s*goto '
ban "curl handles are made in one place" 'curl_easy_init' '^gateway/net/http_client|^gateway/commands/replay'
ban "no memcmp of secrets: memcmp only in base and where listed" '\bmemcmp\(' '^gateway/(base|xml|soap|sign|accept|verify|register|commands|deliver|net|catalogue|issue|pki)/|^adapters/'
ban "nothing is left open" '\b(TODO|FIXME|XXX|HACK)\b'
ban "base includes nothing else of ours" '^\s*#include "(gateway/[^b]|gateway/b[^a]|adapters)' '^gateway/[^b]|^gateway/b[^a]|^adapters'
ban "stages do not include the worker" '#include "gateway/(worker|supervisor|commands)/' '^gateway/(worker|supervisor|commands|main\.c)'
verdict "no merge was left half done" "$(git grep -nE '^(<<<<<<<|>>>>>>>) ' -- . | head -5)"
verdict "shell scripts parse" "$(for f in $(git ls-files '*.sh'); do bash -n "$f" 2>&1; done)"
verdict "python files parse" "$(for f in $(git ls-files '*.py'); do /usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$f" 2>&1 | tail -1; done)"

flags=$(make -s print-flags)
alone() {
    printf '#include "%s"\n' "$1" | gcc $flags -x c -fsyntax-only - 2>&1 | head -3
}
for header in $(git ls-files 'gateway/*.h' 'adapters/*.h' | grep -v '_list.h'); do
    verdict "$header stands alone" "$(alone "$header")"
done

echo "$passed passed, $failed failed"
((failed == 0))
