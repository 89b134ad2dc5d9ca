# One place for every command of this project. `make` alone lists them.
#
# All paths below are relative, so that the project may live in a directory with spaces in its name.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
INSTALLED := .venv/.installed
PYTHON_VERSIONS := >=3.11,<3.14
QUICK_BABBLE := path=outputs/quickstart interactions=2000 interactions_per_episode=1 objects_per_episode=1 render=true
QUICK_TRAIN := phase=vision model=nsca_tiny hardware=cpu data=babbling effective_batch=64 trainer.max_steps=250 trainer.val_check_interval=50
QUICK_EVALUATE := $(addprefix benchmark.visible_quantities.,fit_frames=1500 test_frames=800 severities=[3] corrupted_frames=200)
GL_PACKAGES := libegl1 libgl1-mesa-dri libosmesa6

# Nothing from outside the environment gets in, and nothing goes out without being asked for.
export PYTHONNOUSERSITE := 1
export MPLBACKEND := Agg
export WANDB_MODE ?= offline
export HF_HUB_DISABLE_TELEMETRY := 1
unexport PYTHONPATH VIRTUAL_ENV

.PHONY: help setup gl quickstart demo test test-slow faults check gates bench bench-profiles lock clean

help: ## list these targets
	@echo 'usage: make <target>'
	@awk -F ':[^#]*## ' '/^[a-z%-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: $(INSTALLED) gl ## install everything into .venv (uv and the hashed lock); as root on Debian also the GL libraries

# uv is looked for on the path, in its usual place and in build/uv; else pip puts it into build/uv, which
# also works where pip may not touch the system's packages (PEP 668).
$(INSTALLED): requirements.lock pyproject.toml
	@set -eu; \
	uv=$$(command -v uv || true); \
	if [ -n "$$uv" ] && ! "$$uv" --version >/dev/null 2>&1; then uv=; fi; \
	for place in build/uv/bin/uv "$$HOME/.local/bin/uv" "$$HOME/.cargo/bin/uv"; do \
		if [ -z "$$uv" ] && [ -x "$$place" ]; then uv=$$place; fi; \
	done; \
	if [ -z "$$uv" ]; then \
		echo 'setup: uv is not here, installing it into build/uv'; \
		for python in python3 python3.13 python3.12 python3.11; do \
			if "$$python" -m pip --version >/dev/null 2>&1 && \
				"$$python" -m pip install --quiet --upgrade --target build/uv uv; then break; fi; \
			if "$$python" -m venv build/pip >/dev/null 2>&1 && \
				build/pip/bin/python -m pip install --quiet --upgrade --target build/uv uv; then break; fi; \
		done; \
		uv=build/uv/bin/uv; \
	fi; \
	if [ ! -x "$$uv" ]; then \
		echo 'error: neither uv nor a Python with pip or venv was found' >&2; \
		echo '  fix: install one of them: uv (https://docs.astral.sh/uv), or on Debian and Ubuntu: apt-get install python3-pip' >&2; \
		exit 1; \
	fi; \
	if ! found=$$("$$uv" python find --no-project '$(PYTHON_VERSIONS)' 2>/dev/null); then \
		echo 'setup: no Python 3.11 to 3.13 is here, uv fetches one'; \
		found='$(PYTHON_VERSIONS)'; \
	fi; \
	rm -f $(INSTALLED); \
	if ! { [ -x $(PYTHON) ] && $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; }; then \
		"$$uv" venv --quiet --no-project --clear --python "$$found" .venv || { \
			echo 'error: no Python 3.11, 3.12 or 3.13 was found, and uv could not fetch one' >&2; \
			echo '  fix: install one, for example: apt-get install python3.11, or: uv python install 3.11' >&2; \
			exit 1; }; \
	fi; \
	echo "setup: installing requirements.lock into .venv ($$($(PYTHON) --version))"; \
	"$$uv" pip sync --quiet --python $(PYTHON) --require-hashes requirements.lock; \
	"$$uv" pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .; \
	touch $(INSTALLED)

# Rendering needs GL. Tests and state-only generation do without; the quickstart does not.
gl: $(INSTALLED)
	@if ! $(PYTHON) -m nsca.doctor --gl --quiet; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo 'setup: installing $(GL_PACKAGES), which off-screen rendering needs'; \
			(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes \
				--no-install-recommends $(GL_PACKAGES)) >/dev/null || true; \
		fi; \
		$(PYTHON) -m nsca.doctor --gl || true; \
	fi

quickstart: setup ## from nothing to a report: a small world's data, a tiny encoder trained on it, judged on new objects
	@set -euo pipefail; \
	start=$$SECONDS; \
	$(PYTHON) -m nsca.doctor --gl --quiet || { $(PYTHON) -m nsca.doctor --gl; exit 1; }; \
	last() { tee >(cat >&2) | tail -n 1; }; \
	echo '== 1 of 4: a hand strikes, pushes and drops things (babble)'; \
	data=$$($(PYTHON) -m nsca.babble $(QUICK_BABBLE) | last); \
	echo '== 2 of 4: an encoder learns from what it saw (train)'; \
	run=$$($(PYTHON) -m nsca.train $(QUICK_TRAIN) data.path="'$$data'" | last); \
	echo '== 3 of 4: it is judged on objects that it never met (evaluate)'; \
	$(PYTHON) -m nsca.evaluate run="'$$run'" $(QUICK_EVALUATE) | last >/dev/null; \
	echo '== 4 of 4: the report'; \
	report=$$($(PYTHON) -m nsca.report run="'$$run'" | last); \
	echo; \
	echo "done in $$((SECONDS - start)) s, installation aside. Open this in a browser: $$PWD/$$report/report.html"

demo: setup ## gates, data, phases and their judgement in small, one report: 11 minutes on 2 cores
	@$(PYTHON) -m nsca.doctor --gl --quiet || { $(PYTHON) -m nsca.doctor --gl; exit 1; }
	@$(PYTHON) -m nsca.pipeline pipeline=demo force=true steps_at_once=2

test: setup ## the tests, without network, about 10 minutes on 2 cores
	@OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -n 2 --dist worksteal

test-slow: setup ## the slower tests alone, which `make test` leaves out
	@OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -n 2 --dist worksteal -m slow

faults: setup ## the fault campaign: kills, broken files, simultaneous launches
	@OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -m faults

check: $(INSTALLED) ## style, types, import layers, layout and lock, in under 30 s
	@failed=; \
	run() { "$$@" || failed="$$failed $$1"; }; \
	ruff() { $(PYTHON) -m ruff check --quiet . ; }; \
	format() { $(PYTHON) -m ruff format --quiet --check . || { echo 'fix: .venv/bin/python -m ruff format .'; false; }; }; \
	types() { $(PYTHON) -m ty check --output-format concise --python .venv; }; \
	layers() { $(PYTHON) -c 'import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=False))'; }; \
	layout() { $(PYTHON) -m pytest -q -p no:cacheprovider tests/test_layout.py tests/test_lock.py; }; \
	run ruff; run format; run types; run layers; run layout; \
	if [ -n "$$failed" ]; then echo "check: failed:$$failed" >&2; exit 1; fi; \
	echo 'check: style, types, import layers, layout and lock are in order'

gate-%: setup ## ask one gate, for example gate-balloon (quick=1: a smoke run, which never passes)
	@$(PYTHON) -m nsca.gate gate=$* $(if $(quick),quick=true)

gates: $(patsubst conf/gate/%.yaml,gate-%,$(wildcard conf/gate/*.yaml)) ## all gates, one after another; `make -k gates` goes on after one that fails

bench: setup ## speed against plain loops, into outputs/bench.json
	@$(PYTHON) -m nsca.bench

bench-profiles: setup ## phases on hardware profiles: memory, speed, GPU share; into outputs/profiles.csv
	@$(PYTHON) -m nsca.bench --profiles

lock: $(INSTALLED) ## resolve the dependencies again and write requirements.lock
	@PATH="build/uv/bin:$$PATH" uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --group dev --all-extras --python-version 3.11 pyproject.toml -o requirements.lock

clean: ## remove .venv, caches and build leftovers; outputs/ stays
	@rm -rf .venv build dist .pytest_cache .ruff_cache .import_linter_cache
	@find nsca tests -name __pycache__ -type d -prune -exec rm -rf {} +
