#!/usr/bin/env bash
# install.sh PYTHON LOCK... REQUIREMENTS: installs the first of the lock files that the package index has the files of.
# Where it has those of none, it says so and installs REQUIREMENTS without hashes; EMOTRACE_LOCKED=1 forbids that.
set -euo pipefail
pip=("$1" -m pip install --disable-pip-version-check --quiet)
locks=("${@:2:$#-2}")
requirements=${!#}
log=$(mktemp)
trap 'rm "$log"' EXIT

for lock in "${locks[@]}"; do
    "${pip[@]}" --require-hashes --requirement "$lock" 2> "$log" && exit
    if grep -q "DO NOT MATCH THE HASHES" "$log"; then
        cat "$log" >&2
        echo "error: the package index has a file that is not the one of $lock: nothing is installed" >&2
        exit 1
    fi
done
reason=$(grep "^ERROR" "$log" | tail -1 || true)
if [ "${EMOTRACE_LOCKED:-}" = 1 ]; then
    echo "error: ${locks[*]} cannot be installed here (${reason#ERROR: })" >&2
    exit 1
fi
echo "warning: the package index does not offer what ${locks[*]} names (${reason#ERROR: }):" \
    "$requirements is installed without hashes" >&2
"${pip[@]}" --requirement "$requirements"
