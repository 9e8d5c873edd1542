# The only commands to remember: make setup demo serve test fuzz faults lint types bench load images lock audit sbom
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
SUPPORTED := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12,$(shell \
	$(name) -c '$(SUPPORTED)' 2>/dev/null && echo $(name))))

.PHONY: setup demo serve test fuzz faults lint types bench load images lock audit sbom
.DELETE_ON_ERROR:

setup: $(VENV)/.runtime

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUPPORTED)' 2>/dev/null \
		|| { echo "error: Python 3.11 or 3.12 is needed (say which with PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# librosa compiles its filters on first use, which takes seconds: done here, nobody waits for it later.
$(VENV)/.runtime: requirements.lock requirements-cuda.lock requirements.txt | $(BIN)/python
	deploy/install.sh $(BIN)/python requirements.lock requirements-cuda.lock requirements.txt
	$(BIN)/python -c 'import librosa, numpy; librosa.feature.mfcc(y=numpy.zeros(22050, dtype="float32"), sr=22050)'
	@touch $@

$(VENV)/.dev: requirements-dev.lock requirements-dev.txt $(VENV)/.runtime
	deploy/install.sh $(BIN)/python requirements-dev.lock requirements-dev.txt
	@touch $@

demo: setup
	$(BIN)/python manage.py demo

serve: setup
	@exec $(BIN)/python manage.py serve

# Two processes, each with servers of its own; what computes in them keeps to one core.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

fuzz: $(VENV)/.dev
	EMOTRACE_FUZZ=10000 $(BIN)/python -m pytest tests/hostile/test_mutations.py -s

# Runs of an earlier go count as long as out/faults.jsonl is there: remove it after a change to what is tested.
faults: $(VENV)/.dev
	EMOTRACE_FAULT_RUNS=$${EMOTRACE_FAULT_RUNS:-20} $(BIN)/python -m pytest tests/faults

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy
	cd clients/python && ../../$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

load: $(VENV)/.dev
	$(BIN)/python -m benchmarks.load

lock: $(VENV)/.dev
	deploy/lock.sh

audit: $(VENV)/.dev
	deploy/audit.sh $(BIN)/pip-audit requirements-cuda.lock requirements-dev.lock

sbom: $(VENV)/.dev
	deploy/sbom.sh $(BIN)/cyclonedx-py out

images:
	deploy/pin_images.sh
