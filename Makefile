SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
UNIT := tests/inference tests/training tests/webapp tests/project
# Three processes on two cores, since tests of faults mostly wait; each has its own servers and computes in one thread.
# tests/conftest.py orders the files. Compiled modules are cached even where the environment forbids it.
TESTS := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 3 \
	--dist loadfile --no-loadscope-reorder
SUPPORTED := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12,$(shell \
	$(name) -c '$(SUPPORTED)' 2>/dev/null && echo $(name))))

# Node comes with playwright. Where npm is absent, the JavaScript checks are skipped, except in CI.
define javascript
@if command -v npm >/dev/null; then \
	export PATH="$$(echo $(CURDIR)/$(VENV)/lib/python3*/site-packages/playwright/driver):$$PATH"; \
	{ test node_modules/.package-lock.json -nt package-lock.json || npm ci --silent --no-audit --no-fund; } \
		&& npm run --silent $(1); \
elif [ "$$CI" = true ]; then echo "error: the JavaScript checks need npm" >&2; exit 1; \
else echo "Skipped the JavaScript checks (npm run $(1)): they need npm."; fi
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup models demo serve training unit test extended coverage fuzz faults lint format types bench load lock audit sbom images

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## create .venv with what the application needs

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUPPORTED)' 2>/dev/null \
		|| { echo "error: Python 3.11 or 3.12 is needed (name it with PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# librosa compiles its filters on first use, which takes seconds: done here, nobody waits for it later.
$(VENV)/.runtime: requirements.lock requirements-cuda.lock requirements.txt | $(BIN)/python
	deploy/install.sh $(BIN)/python requirements.lock requirements-cuda.lock requirements.txt
	$(BIN)/python -c 'import librosa, numpy; librosa.feature.mfcc(y=numpy.zeros(22050, dtype="float32"), sr=22050)'
	@touch $@

$(VENV)/.training: requirements-training.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --requirement requirements-training.txt
	@touch $@

$(VENV)/.dev: requirements-dev.lock requirements-dev.txt requirements-training.txt $(VENV)/.runtime
	deploy/install.sh $(BIN)/python requirements-dev.lock requirements-dev.txt
	@touch $@

# FACES, VOTES and SPEECH are the folders of FER-2013, FER+ and RAVDESS speech, CORPORA those of other speech: docs/training.md.
models: $(VENV)/.training ## fit the audio-visual networks that read a speech encoder, and the fusion, on FACES, VOTES, SPEECH and CORPORA
	@test -n "$(FACES)" -a -n "$(VOTES)" -a -n "$(SPEECH)" -a -n "$(CORPORA)" \
		|| { echo "error: make models FACES=... VOTES=... SPEECH=... CORPORA='...'" >&2; exit 1; }
	$(BIN)/python -m training fit training/configs/face-backbone-votes.yaml \
		--faces $(FACES) --votes $(VOTES) --out runs/face-votes
	for labels in 8 5; do \
		$(BIN)/python -m training fit training/configs/intermediate-attention-$$labels-encoder.yaml \
			--faces $(FACES) --votes $(VOTES) --speech $(SPEECH) --corpora $(CORPORA) \
			--backbone runs/face-votes/backbone.safetensors --out models_store || exit; \
	done
	$(BIN)/python -m training fit training/configs/intermediate-attention-8-recording-norm.yaml \
		--faces $(FACES) --votes $(VOTES) --speech $(SPEECH) --corpora $(CORPORA) \
		--backbone models_store/intermediate-attention-8/2/weights.safetensors --out models_store
	$(BIN)/python -m training fit training/configs/composed-trials-5-encoder.yaml \
		--faces $(FACES) --votes $(VOTES) --speech $(SPEECH) --out runs/trials-encoder
	$(BIN)/python -m training fit training/configs/fusion-cnn-5-encoder.yaml --out models_store

demo: setup ## analyse the sample through REST, with and without EEG, and print the timelines
	$(BIN)/python manage.py demo

serve: setup ## run the web application on http://127.0.0.1:8000 until Ctrl-C
	@exec $(BIN)/python manage.py serve

training: $(VENV)/.training ## install what `python -m training` needs

unit: $(VENV)/.dev ## run the fast tests that need no servers, in less than a minute
	$(call javascript,test)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 -m "not servers and not slow and not extended" $(UNIT)

test: $(VENV)/.dev ## run the tests with real servers, workers and a browser, all but the extended ones
	$(call javascript,test)
	$(TESTS) -m "not extended"

extended: $(VENV)/.dev ## run the tests that take long and seldom fail: injected faults, installations, backups
	$(TESTS) -m extended

coverage: $(VENV)/.dev ## run every test and report which lines none of them reaches
	$(TESTS) \
		--cov inference --cov training --cov webapp --cov-report term-missing:skip-covered --cov-report html:out/coverage

fuzz: $(VENV)/.dev ## check 10,000 recordings with mutated headers
	EMOTRACE_FUZZ=10000 $(BIN)/python -m pytest tests/hostile/test_mutations.py -s

# Runs of an earlier go count as long as out/faults.jsonl is there: remove it after a change to what is tested.
faults: $(VENV)/.dev ## kill workers, servers and disks 20 times each; writes docs/reliability.md
	EMOTRACE_FAULT_RUNS=$${EMOTRACE_FAULT_RUNS:-20} $(BIN)/python -m pytest tests/faults

lint: $(VENV)/.dev ## ruff, import-linter, eslint and prettier
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(call javascript,lint)

format: $(VENV)/.dev ## format the code and sort its imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .
	$(call javascript,format)

types: $(VENV)/.dev ## mypy, and tsc for JavaScript
	$(BIN)/mypy
	cd clients/python && ../../$(BIN)/mypy
	$(call javascript,types)

bench: $(VENV)/.dev ## measure speed and memory; writes docs/benchmarks/pipeline.md (BENCH=--short: CPU seconds alone)
	$(BIN)/python -m benchmarks $(BENCH)

load: $(VENV)/.dev ## fifty users browse and twenty upload; writes docs/reliability.md
	$(BIN)/python -m benchmarks.load

lock: $(VENV)/.dev ## write the lock files anew after a change to requirements*.txt
	deploy/lock.sh

audit: $(VENV)/.dev ## look up known vulnerabilities of the locked packages
	deploy/audit.sh $(BIN)/pip-audit requirements-cuda.lock requirements-dev.lock

sbom: $(VENV)/.dev ## list what an image is made of
	deploy/sbom.sh $(BIN)/cyclonedx-py out

images: ## pin the base images by digest
	deploy/pin_images.sh
