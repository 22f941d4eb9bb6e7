# Two commands do all the set-up: `make demo` and `make test`. Nothing is installed outside .venv and .bench.

.DEFAULT_GOAL := help
.PHONY: help demo test check browser bench reference docs clean FORCE

VENV := .venv
PEERS := .bench
PYTHON ?=

# The stamp holds the folder it was made in: an environment that was moved, or whose Python has gone, is made anew.
stamp = $(shell test -x $(1)/bin/python && cat $(1)/installed 2>/dev/null)
stale = $(if $(filter-out $(CURDIR),$(or $(call stamp,$(1)),none)),FORCE)

# $(call install,ENVIRONMENT,WHAT): make the environment where it is missing or broken, and let pip install WHAT.
define install
	@echo "setting up $(1); the first time takes some minutes"
	@case "$(call stamp,$(1))" in ""|"$(CURDIR)") $(1)/bin/python -m pip --version ;; *) false ;; esac >/dev/null 2>&1 || { \
		for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
			$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done; \
		test -n "$$python" || { echo "error: no Python 3.11 or later found; name one: make PYTHON=/path/to/python3" >&2; exit 2; }; \
		$$python -m venv --clear $(1); }
	@$(1)/bin/python -m pip install --quiet $(2)
	@printf '%s' "$(CURDIR)" > $(1)/installed
endef

help:
	@echo "make demo    set up, train on the embedded digits, print the accuracy and the report's path"
	@echo "make test    set up, check, run the tests"
	@echo "make check   formatting, lint, types, who imports whom"
	@echo "make browser the tests that click through pages, where Chromium is installed"
	@echo "make bench   run the questions in benchmarks/, an hour; accuracy.py and lineage.py, which take hours, are run by hand"
	@echo "make reference  the tests that compare with torchvision and timm, in the benchmarks' environment"
	@echo "make docs    write the generated pages of docs/ anew"
	@echo "make clean   remove the environments and caches"

demo: $(VENV)/installed
	$(VENV)/bin/python -m striate train digits --out runs/demo

test: check
	$(VENV)/bin/python -m pytest

check: $(VENV)/installed
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m mypy --strict
	$(VENV)/bin/lint-imports

browser: $(VENV)/installed
	$(VENV)/bin/python -m pytest -m browser

# A question is a file that can be run; the others in benchmarks/ are what the questions share.
bench: $(PEERS)/installed
	@failed=; for question in $(filter-out $(addprefix benchmarks/,accuracy.py lineage.py),$(wildcard benchmarks/*.py)); do \
		grep -q __main__ $$question || continue; \
		echo "== $$question"; OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=10000 $(PEERS)/bin/python $$question || failed="$$failed $$question"; done; \
		test -z "$$failed" || { echo "error: these broke off:$$failed" >&2; exit 1; }

reference: $(PEERS)/installed
	$(PEERS)/bin/python -m pytest -m reference

docs: $(VENV)/installed
	$(VENV)/bin/python -m striate.cli.reference docs/cli.md
	$(VENV)/bin/python -m striate.report.models_page docs/models.md

clean:
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/installed: pyproject.toml $(call stale,$(VENV))
	$(call install,$(VENV),--editable '.[dev]')

$(PEERS)/installed: pyproject.toml benchmarks/peers.txt $(call stale,$(PEERS))
	$(call install,$(PEERS),--editable . --requirement benchmarks/peers.txt)
