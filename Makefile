# Everything one does with Prizewell is a target here. Needs: Python 3.11 or later, make, and git to get here.
# A line `target: ## text` is what `make help` prints; the lines under `#  ` say what the target relies on.

VENV := .venv
BIN  := $(VENV)/bin
#  The system's certificates, as pip and git use them: some networks have an authority of their own.
UV   := UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true $(BIN)/uv --quiet
SOURCES   := $(wildcard app tests benchmarks migrations wsgi.py)
TEMPLATES := $(wildcard templates)
PO := $(wildcard app/translations/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)
POT := app/translations/messages.pot
ENTRANTS_POT := app/translations/entrants.pot
STAFF_LANGUAGES := tr
# Cores for pytest; race and browser tests run one at a time whatever this says.
JOBS ?= 2
# Least branch coverage in percent: of the domain and the services, and of everything.
COVERED_CORE ?= 100
COVERED_ALL ?= 95

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: help run test check soak lint types style templates system bench format migration messages lock clean
.NOTPARALLEL:

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- Running ------------------------------------------------------------------------------------------------------

#  The second start finds every stamp in place and goes straight to the server: no installer, no network.
run: $(VENV)/.runtime $(MO) ## Install, migrate, seed a demo the first time, serve on HOST and PORT (127.0.0.1:8000)
	@exec $(BIN)/flask prizewell serve

# --- Checking -----------------------------------------------------------------------------------------------------

PYTEST := $(BIN)/python -m pytest -q
COVER  := --cov --cov-report=

#  Race tests want the machine for themselves, a browser brings its own processes: both run apart from the rest.
test: system lint $(MO) ## Everything: style, types, contracts, templates, tests on SQLite and PostgreSQL, races, browser
	@rm -f .coverage .coverage.*
	$(PYTEST) -n $(JOBS) -m "not race and not e2e" $(COVER)
	$(PYTEST) -m "race and not e2e" $(COVER) --cov-append
	$(PYTEST) -m e2e $(COVER) --cov-append
	$(BIN)/coverage report --include='app/domain/*,app/services/*' --fail-under=$(COVERED_CORE)
	$(BIN)/coverage report --fail-under=$(COVERED_ALL)

check: lint $(MO) ## The daily minute: style, types, contracts, templates, fast tests on SQLite
	$(PYTEST) -n $(JOBS) -m "not postgres and not race and not e2e and not stats"

#  The fault tests of `make test` with larger numbers: a thousand kills, a lock held for a minute, long games.
soak: system $(MO) ## The fault tests at length: half an hour or more, with what was done and seen
	PRIZEWELL_TEST_SOAK=1 $(PYTEST) --timeout=3600 -rP -p no:logging tests/faults

lint: style types templates ## Style, types, import contracts and templates, without tests

style: $(VENV)/.dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.dev
	$(BIN)/mypy $(SOURCES)

templates: $(VENV)/.dev
ifneq ($(TEMPLATES),)
	$(BIN)/djlint --check $(TEMPLATES)
	$(BIN)/djlint --lint $(TEMPLATES)
endif

bench: $(VENV)/.dev ## Entries per second, beside the floors measured in the same run
	@exec $(BIN)/python -m benchmarks

# --- Working ------------------------------------------------------------------------------------------------------

format: $(VENV)/.dev ## Put Python and templates into the house style
	$(BIN)/ruff check --fix --quiet $(SOURCES)
	$(BIN)/ruff format --quiet $(SOURCES)
ifneq ($(TEMPLATES),)
	-$(BIN)/djlint --quiet --reformat $(TEMPLATES)
endif

migration: $(VENV)/.dev ## The next numbered migration out of the models: make migration m="what changes"
	@test -n "$(m)" || { echo 'Say what changes: make migration m="what changes"' >&2; exit 1; }
	$(BIN)/flask db revision --autogenerate -m "$(m)"
	$(BIN)/ruff format --quiet migrations/versions

#  The console's languages have every text, the others those that entrants can meet (app/translations/entrants.toml).
#  `make messages language=fr` begins a new language.
EXTRACT := $(BIN)/pybabel -q extract --project Prizewell --no-location --sort-output
messages: $(VENV)/.dev ## Collect the texts, bring every language file up to date, compile them
	@mkdir -p app/translations
	$(EXTRACT) -F pyproject.toml -o $(POT) .
	$(EXTRACT) -F app/translations/entrants.toml -o $(ENTRANTS_POT) .
ifneq ($(language),)
	@test -e app/translations/$(language) || $(BIN)/pybabel -q init -i $(ENTRANTS_POT) -d app/translations -l $(language)
endif
	@for folder in app/translations/*/; do \
	    test -d $$folder || continue; language=$$(basename $$folder); \
	    case " $(STAFF_LANGUAGES) " in *" $$language "*) texts=$(POT) ;; *) texts=$(ENTRANTS_POT) ;; esac; \
	    $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 110 \
	        -i $$texts -d app/translations -l $$language || exit 1; \
	    $(BIN)/pybabel compile -d app/translations -l $$language || exit 1; \
	done

%.mo: %.po | $(VENV)/.runtime
	@$(BIN)/pybabel -q compile -i $< -o $@

#  No registry address and no path of the machine that ran this may end up in the lock files.
lock: $(VENV)/.uv ## Resolve requirements/*.in anew; `make lock upgrade=--upgrade` also takes newer versions
	cd requirements && for name in uv runtime dev; do \
	    UV_PYTHON_DOWNLOADS=never ../$(BIN)/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --custom-compile-command "make lock" $(upgrade) $$name.in -o $$name.txt >/dev/null || exit 1; \
	done

clean: ## Remove what was installed or generated; instance/ (the data) stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results htmlcov \
	    .coverage .coverage.* $(MO)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Installing ---------------------------------------------------------------------------------------------------
# A stamp newer than its lock file means: installed.

$(VENV)/.runtime: requirements/runtime.txt $(VENV)/.uv
	@echo "Installing what Prizewell runs on"
	@$(UV) pip install --python $(BIN)/python --require-hashes --compile-bytecode -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing what testing needs"
	@$(UV) pip install --python $(BIN)/python --require-hashes --compile-bytecode -r $<
	@touch $@

$(VENV)/.uv: requirements/uv.txt | $(BIN)/python
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

APT := DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0

#  Debian splits `venv` off Python; root can put that right, anyone else is told how.
$(BIN)/python:
	@for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python=$$name && break; \
	done; \
	[ -n "$$python" ] || { echo "Prizewell needs Python 3.11 or later." >&2; exit 1; }; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing python3-venv"; \
	        $(APT) update && $(APT) install -y --no-install-recommends python3-venv >/dev/null || exit 1; \
	    else \
	        echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; \
	    fi; \
	fi; \
	echo "Making $(VENV)"; $$python -m venv --clear $(VENV)

#  Only the programs are wanted, the tests run servers of their own: no cluster is made and no service started.
system: $(VENV)/.dev
	@missing=$$($(BIN)/python -m tests.support.parts) || exit 1; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing $$missing"; \
	    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then \
	        mkdir -p /etc/postgresql-common; \
	        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf; \
	    fi; \
	    if [ ! -e /usr/sbin/policy-rc.d ]; then \
	        trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
	        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; \
	    fi; \
	    export UCF_FORCE_CONFFOLD=1; \
	    $(APT) update && $(APT) install -y --no-install-recommends $$missing >/dev/null || exit 1; \
	elif [ "$$CI" = true ]; then \
	    echo "Missing, and CI=true skips nothing: $$missing" >&2; exit 1; \
	else \
	    echo "Missing, the tests that need it are skipped (Debian's names): $$missing"; \
	fi
