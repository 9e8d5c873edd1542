#!/usr/bin/env bash
# Writes the lock files: for each package that requirements*.txt bring, a version and the hashes of its files.
# requirements.lock has torch for the CPU, requirements-cuda.lock torch as PyPI has it, with its CUDA libraries;
# requirements-dev.lock is for either of them, and leaves torch out.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND="make lock"
compile=(.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade)
compile+=(--annotation-style line)
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

grep '^torch==' requirements.txt > "$folder/torch.txt"
"${compile[@]}" "$folder/torch.txt" | grep -oE '^(cuda|nvidia|triton)[a-z0-9-]*' > "$folder/cuda.txt"
without_cuda=(--excludes "$folder/cuda.txt" --no-emit-package torch)

"${compile[@]}" requirements-dev.txt "${without_cuda[@]}" --output-file requirements-dev.lock
runtime=("${compile[@]}" requirements.txt --constraints requirements-dev.lock)
without_constraints=(sed -e "s/, -c requirements-dev.lock//" -e "s/-c requirements-dev.lock, //")
"${runtime[@]}" | "${without_constraints[@]}" > requirements-cuda.lock
# torch stands first: where the index does not have it, pip finds that out before it loads anything else.
"${runtime[@]}" "${without_cuda[@]}" | "${without_constraints[@]}" \
    | sed -e "/^# The following packages were excluded/,\$d" -e "2r deploy/torch-cpu.txt" > requirements.lock
