# Targets are one line each; the first use installs into .venv. Python 3.11 or newer is all they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export HF_HUB_OFFLINE := 1

.PHONY: serve ask test eval check lock install clean

serve: .venv/installed ; @$(BIN)/qa serve
ask: .venv/installed ; @$(BIN)/qa ingest --quiet && $(BIN)/qa ask "$(Q)"
test: .venv/tested ; $(BIN)/pytest -q
check: .venv/tested ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
install: .venv/installed
clean: ; rm -rf .venv index/chroma index/qa.sqlite3*
lock: ; rm -rf .venv && $(PYTHON) -m venv .venv && $(BIN)/pip install -e '.[test]' && $(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' > requirements.lock

.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[test]'
	touch $@
