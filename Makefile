# One command for each thing that people and CI do. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
RUN = $(VENV)/bin/python -m
# Bytecode is kept, whatever the environment says: the tests start the service hundreds of times.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(VENV)/installed  ## start the demonstration on an embedded database, at http://127.0.0.1:8000/
	@exec $(VENV)/bin/soap-service demo $(ARGS)

# What failed beside the others is run once more when they have ended: CONTRIBUTING.md says what to do with it.
test: $(VENV)/tested browser check  ## run every check and test
	$(RUN) pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -r fEs --durations=10 $(ARGS) || \
	{ [ $$? -eq 1 ] && echo "== once more, one at a time: a name that passes now leans on time, and is to be mended" && \
	$(RUN) pytest --last-failed --last-failed-no-failures none --exitfirst -r fEp $(ARGS); }

check: $(VENV)/tested  ## lint of code and scripts, formatting, types, direction of imports
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(VENV)/bin/oxlint --config oxlint.json --deny-warnings --quiet soap_service/static
	$(VENV)/bin/lint-imports

PROOFS = two_nodes workers streams half_open restarts standby patroni parallel_posts take_overs random_kills kill_points shared_commits migrations upgrades backups erasures clocks

# patroni needs Debian's patroni, etcd-server and postgresql; it says so where one is missing.
resilience: $(VENV)/tested  ## the heavy proofs: kills, cuts, failovers, races, backups, clocks; 25 to 45 minutes
	@set -e; for proof in $(PROOFS); do echo "== $$proof"; timeout 900 $(VENV)/bin/python -W ignore -m tests.resilience.$$proof; done

# What people may ask, and what must survive: imports and purges killed, look-ups recorded, erasures, upgrades of 0.1.0.
RIGHTS = tests/store/test_imports.py tests/store/test_erasing.py tests/store/test_retention.py tests/store/test_audit.py \
	tests/screens/test_audit.py tests/screens/test_people.py tests/screens/test_roles.py tests/screens/test_need_to_know.py

rights: $(VENV)/tested  ## imports, audit, roles, retention, erasure: their tests, then their proofs; 10 minutes
	$(RUN) pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -q $(RIGHTS)
	@$(MAKE) --no-print-directory resilience PROOFS="erasures upgrades migrations"

mutants: $(VENV)/tested  ## small changes to the code, each of which a test must notice: hours; ARGS="soap_service/rules" for a part
	nice $(RUN) tests.mutants $(ARGS)

wsdl: $(VENV)/installed  ## write the golden copy of the WSDL
	$(VENV)/bin/soap-service wsdl --public-url http://127.0.0.1:8000 > wsdl/telefonia.wsdl

bench: $(VENV)/tested  ## the service beside its peers on both databases, two workers, 2,000 event streams: 25 minutes (installs wrk and peers: Debian, root)
	command -v wrk >/dev/null || apt-get install -y -qq wrk
	BENCH_CACHE=$(CURDIR)/var/bench PYTHON=$(CURDIR)/$(VENV)/bin/python bench/peers/install.sh
	$(RUN) bench var/bench
	$(RUN) bench.workers var/bench
	$(RUN) bench.postgresql var/bench
	$(RUN) bench.streams var/bench

bench-screens: $(VENV)/tested  ## what every page and search takes with 1,000,000 requests, on both databases: at most 50 ms
	$(RUN) bench.screens var/bench $(ARGS)

bench-imports: $(VENV)/tested  ## what 100,000 requesters and 1,000,000 requests take, and who calls meanwhile: an hour
	$(RUN) bench.imports var/bench $(ARGS)

bench-check: $(VENV)/tested  ## instructions of reads and of an announcement, on both databases, against the kept figures (valgrind)
	command -v valgrind >/dev/null || apt-get install -y -qq valgrind
	$(RUN) bench.instructions

messages: $(VENV)/tested  ## gather the sentences to translate
	$(VENV)/bin/pybabel -q extract -F babel.cfg -k _ --no-location --sort-output --omit-header \
		-o soap_service/locale/soap_service.pot soap_service
	for language in en es; do $(VENV)/bin/pybabel -q update -D soap_service -d soap_service/locale -l $$language \
		-i soap_service/locale/soap_service.pot --no-fuzzy-matching --ignore-obsolete --omit-header; done

screenshots: $(VENV)/tested browser  ## pictures of every page in var/screenshots, and all of them in docs/screens.png
	VENV=$(VENV) $(RUN) tests.browser.screenshots var/screenshots docs/screens.png

firefox: $(VENV)/tested  ## the main flow of the screens in a real Firefox (installs it: Debian, root, npm)
	command -v firefox-esr >/dev/null || apt-get install -y -qq firefox-esr
	cd tests/firefox && npm ci --silent --no-audit --no-fund
	$(RUN) tests.firefox var/firefox

browser: $(VENV)/tested  ## find or install the Chromium of the browser tests
	@VENV=$(VENV) sh tests/browser/find-chromium.sh > /dev/null

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "On Debian: apt-get install python3-venv"; exit 1; }

# What is installed is what the locks say, checked by its hash.
INSTALL = pip install -q --disable-pip-version-check
$(VENV)/installed: setup.cfg requirements/service.txt $(VENV)/bin/python
	$(RUN) $(INSTALL) --require-hashes -r requirements/service.txt
	$(RUN) $(INSTALL) --no-deps -e .
	@touch $@

$(VENV)/tested: setup.cfg requirements/development.txt $(VENV)/bin/python
	$(RUN) $(INSTALL) --require-hashes -r requirements/development.txt
	$(RUN) $(INSTALL) --no-deps -e .
	@touch $(VENV)/installed $@

TOOLS = var/release
$(TOOLS)/installed: requirements/release.txt $(VENV)/bin/python
	$(VENV)/bin/python -m venv $(TOOLS)
	$(TOOLS)/bin/python -m $(INSTALL) --require-hashes -r $<
	@touch $@

LOCK = uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"
lock:  ## write requirements/*.txt anew from setup.cfg: versions and hashes for every Python; ARGS="--upgrade" for newer ones
	test -x $(TOOLS)/bin/uv || { $(VENV)/bin/python -m venv $(TOOLS) && $(TOOLS)/bin/python -m $(INSTALL) uv; }
	$(TOOLS)/bin/$(LOCK) $(ARGS) setup.cfg -o requirements/service.txt
	$(TOOLS)/bin/$(LOCK) $(ARGS) setup.cfg --extra test --extra dev -c requirements/service.txt -o requirements/development.txt
	$(TOOLS)/bin/$(LOCK) $(ARGS) requirements/release.in -o requirements/release.txt

tools: $(TOOLS)/installed  ## what the next two need, in an environment of its own

audit: $(TOOLS)/installed  ## ask PyPI which locked versions have known weaknesses; fails where PyPI does not say
	for lock in service development release; do \
		$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/$$lock.txt || exit 1; done

release: $(TOOLS)/installed  ## the wheel of the last commit, reproducible, and its SBOM (CycloneDX), in dist/
	TOOLS=$(TOOLS) sh deploy/release.sh wheel HEAD dist
	TOOLS=$(TOOLS) sh deploy/release.sh sbom HEAD dist
	cd dist && sha256sum soap_service*

interop: $(VENV)/tested  ## every legacy client stack and kit against the real service (installs them: Debian, root)
	tests/interop/install.sh
	INTEROP_REQUIRED=1 INTEROP_REPORT=docs/interop.md $(RUN) pytest tests/interop tests/examples $(ARGS)

versions:  ## run the suite on Python 3.11, 3.12, 3.13 and 3.14, as far as they can be had here
	tests/versions.sh $(ARGS)

clean:  ## remove what the targets above made
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: help run test check lock tools audit release resilience rights mutants wsdl messages screenshots browser firefox interop versions bench bench-check bench-imports bench-screens clean
