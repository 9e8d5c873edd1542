#!/usr/bin/env bash
# audit.sh PIP-AUDIT LOCK...: looks every package of the lock files up among the known vulnerabilities.
# Ends with 0 where none is known of any of them, 1 where there are some, 2 where not every package could be looked up.
set -euo pipefail
program=$1
shift
log=$(mktemp)
trap 'rm "$log"' EXIT

# Without --strict, what cannot be looked up counts as having no vulnerability.
if found=$("$program" --strict --disable-pip --require-hashes --progress-spinner off "${@/#/--requirement=}" 2> "$log"); then
    tail -1 "$log"
elif [ -n "$found" ]; then
    tail -1 "$log"
    echo "$found"
    exit 1
else
    tail -1 "$log" >&2
    echo "error: not audited: the vulnerability service cannot be reached from here, or does not know every package" >&2
    exit 2
fi
