#!/bin/bash
# Installs what is missing from Debian's packages; without root it prints the one line that does, and stops.
# usage: install.sh build|test|browser, each with those before it
set -euo pipefail

want=${1:?build, test or browser}
list=$(dirname "$0")/packages

missing=()
while read -r for package command; do
    [[ -z $for || $for == \#* ]] && continue
    [[ $want == build && $for != build || $want == test && $for == browser ]] && continue
    [[ -n ${command:-} ]] && command -v "$command" >/dev/null && continue
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
done <"$list"

((${#missing[@]})) || exit 0
if ((EUID)); then
    echo "These Debian packages are missing. Install them, then try again:" >&2
    echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -20 "$log" >&2
    exit 1
fi
