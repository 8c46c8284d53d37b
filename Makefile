# make chat: the newspaper in a browser.  make test: the tests.  make check: ruff and mypy.  Each sets up .venv first.
PYTHON ?= python3
CORPUS ?= corpus
INDEX ?= $(if $(filter corpus,$(CORPUS)),index,index-$(subst /,-,$(CORPUS)))
PIP_ARGS ?=
PORT ?= 7860
TAG ?= $(if $(filter corpus,$(CORPUS)),--tag)
BIN := .venv/bin
PIP := $(BIN)/pip install --disable-pip-version-check $(PIP_ARGS) --constraint constraints.txt

.PHONY: chat test test-all check setup setup-test clean

chat: setup
	@$(BIN)/assistant refresh --corpus "$(CORPUS)" --index "$(INDEX)" $(TAG) || [ $$? -eq 1 ]
	@$(BIN)/assistant chat --index "$(INDEX)" --port $(PORT)

test: setup-test
	$(BIN)/python -m pytest -m "not slow"

test-all: setup-test
	$(BIN)/python -m pytest

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/mypy

setup: .venv/installed

setup-test: .venv/installed-test

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新的版本：make $(MAKECMDGOALS) PYTHON=python3.11。 Python 3.11 or newer is needed."; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "缺少 venv 模块，请先安装它（Debian/Ubuntu：apt install python3-venv）。 The venv module is missing: install python3-venv."; exit 2; }
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/installed-test: .venv/installed
	$(PIP) --editable ".[test]"
	@touch $@

clean:
	rm -rf .venv index evaluation
