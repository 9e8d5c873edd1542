#!/usr/bin/env bash
# Writes the digests that the registry has now for the tags in docker-compose.yml and the Dockerfile into these files.
set -euo pipefail
cd "$(dirname "$0")/.."
files=(docker-compose.yml Dockerfile)

for image in $(grep -hoE '[a-z]+:[^ @]+@sha256:[0-9a-f]{64}' "${files[@]}" | sort -u); do
    tag=${image%@*}
    digest=$(docker buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}')
    if [[ ! $digest =~ ^sha256:[0-9a-f]{64}$ ]]; then
        echo "error: the registry gives no digest of $tag: nothing is changed from there on" >&2
        exit 1
    fi
    sed -i "s|$image|$tag@$digest|" "${files[@]}"
    echo "$tag@$digest"
done
