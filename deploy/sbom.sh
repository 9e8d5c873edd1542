#!/usr/bin/env bash
# sbom.sh CYCLONEDX-PY FOLDER: writes what each image's Python packages are, as CycloneDX: sbom.json, sbom-cuda.json.
set -euo pipefail
program=$1
folder=$2
here=$(dirname "$0")/..
mkdir -p "$folder"
for image in "" -cuda; do
    "$program" requirements --pyproject "$here/pyproject.toml" --output-reproducible \
        --output-file "$folder/sbom$image.json" "$here/requirements$image.lock"
done
