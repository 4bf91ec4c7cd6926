# What CI runs, and what you run. `make` alone says what there is.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
VIDEO  ?=
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench bench-live bench-vlm bench-alerts bench-scale

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## set up .venv with what `vidette` needs

demo: $(VENV)/.installed  ## draw a scene, watch it, ask about it (or your own: make demo VIDEO=clip.mp4)
	@$(BIN)/vidette demo $(if $(VIDEO),--video "$(VIDEO)") $(ARGS)

test: $(VENV)/.installed-dev $(if $(shell command -v mvn),$(VENV)/.neo4j)  ## run the tests (more for pytest: make test ARGS="-x tests/vidette")
	@$(BIN)/pytest $(ARGS)

check: $(VENV)/.installed-dev  ## format, lint, types, import order, docs in step with the code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m app.reference --check

bench: $(VENV)/.installed-dev  ## speed, memory and accuracy beside ffmpeg and DVR-Scan, on this machine (an hour; needs ffmpeg; minutes: ARGS=--short)
	$(BIN)/python -m benchmarks $(ARGS)

bench-live: $(VENV)/.installed-dev  ## cameras: CPU, memory and delays beside ffmpeg (half an hour; needs GStreamer; minutes: ARGS=--short; ARGS="--soak 30")
	$(BIN)/python -m benchmarks.live $(ARGS)

bench-vlm: $(VENV)/.installed-dev  ## deep looks: calls, a busy server, cost over a bare model (ARGS=--short; on a GPU: ARGS=--gpu)
	$(BIN)/python -m benchmarks.vlm $(ARGS)

bench-scale: $(VENV)/.installed-dev $(if $(shell command -v mvn),$(VENV)/.neo4j)  ## many machines: Neo4j beside the embedded store, workers beside one process (40 minutes; ARGS=--short)
	$(BIN)/python -m benchmarks.scale $(ARGS)

bench-alerts: $(VENV)/.installed-dev  ## deliveries: 10,000 alerts to five endpoints, one slow, one down (ten minutes; ARGS=--short)
	$(BIN)/python -m benchmarks.alerts $(ARGS)

# Neo4j Community for the tests that need a server of it: a process of its own, never part of what is installed.
$(VENV)/.neo4j: tests/neo4j/pom.xml | $(BIN)/python
	@rm -rf $(VENV)/neo4j
	@mvn -q -B -f tests/neo4j/pom.xml dependency:copy-dependencies -DoutputDirectory="$(abspath $(VENV)/neo4j)"
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Vidette needs Python 3.11 or newer; try: make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

# A stamp file a kind of set-up: nothing is installed again until what it depends on changes.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed
