# Everything sets itself up: only Python 3.11 or newer, make and git are needed.
SHELL := bash
PYTHON ?= python3
RUN := .venv/bin/python
INSTALL := -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary=:all: -r
export PIP_ROOT_USER_ACTION := ignore
export SAM_CLI_TELEMETRY := 0

.PHONY: setup environments demo test up down replay redrive reconcile sweep connect export erase lint format types unit simulation simulate planted integration e2e hunt build chaos scale crashes campaigns console bench validate audit openapi locks certify client
.DEFAULT_GOAL := test

# ---- set-up: several virtual environments, since the pins of the SAM CLI and of the embedded AWS clash with each other
setup:
	@$(MAKE) --no-print-directory --jobs 2 environments
environments: .venv-sam/.ready .venv/.ready .venv-aws/.ready
	@:

.venv/.ready: requirements/dev.txt
	$(call create,.venv,tests and tools)
.venv-aws/.ready: requirements/aws.txt
	$(call create,.venv-aws,embedded AWS)
.venv-sam/.ready: requirements/sam.txt
	$(call create,.venv-sam,SAM CLI)
# What only the tests of the console need: a Chromium of its own. CHROMIUM=<path> names another one to them.
.venv-browser/.ready: requirements/browser.txt requirements/browser/package-lock.json requirements/browser/unpack.mjs
	$(call create,.venv-browser,browser,cp $(<:.txt=)/package*.json .venv-browser/ && PATH="$(CURDIR)/.venv-browser/bin:$$PATH" npm ci \
		--prefix .venv-browser --ignore-scripts --no-audit --no-fund --loglevel=error && .venv-browser/bin/node $(<:.txt=)/unpack.mjs .venv-browser)
.venv-bench/.ready: requirements/bench.txt
	$(call create,.venv-bench,the build that the bench compares with)

define create
@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Placard needs Python 3.11 or newer with its venv module; '$(PYTHON)' is not one. Name another: make PYTHON=python3.12 …" >&2; exit 1; }
@echo "… $(1) ($(2))"
@rm -rf $(1) && $(PYTHON) -m venv $(1) && $(1)/bin/python $(INSTALL) $< && $(or $(3),true) && touch $@
@echo "✓ $(1)"
endef

# ---- the hub on this machine
demo: setup
	@$(RUN) -m sandbox with sandbox.demo
up: setup
	@$(RUN) -m sandbox up
down: .venv/.ready
	@$(RUN) -m sandbox down
console: .venv/.ready
	@$(RUN) -m sandbox console

# ---- for whoever runs it; each says how it is used when called without values
GIVEN = $(foreach name,$(1) STACK ENDPOINTS,$(if $(filter command,$(firstword $(origin $(name)))),'$(name)=$(subst ','\'',$($(name)))'))
replay: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops replay $(call GIVEN,CLASSIFIED UNTIL)
redrive: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops redrive $(call GIVEN,QUEUE PROVIDER CUSTOMER CODE SINCE UNTIL APPLY REASON)
reconcile: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops reconcile $(call GIVEN,PLAN APPLY CUSTOMER CHANNEL RELEASE)
sweep: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops sweep $(call GIVEN,OPEN FULL RELEASE)
connect: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops connect $(call GIVEN,PORTAL CUSTOMER ACCOUNT APP ROTATE CHECK)
export: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops export $(call GIVEN,CUSTOMER TO)
erase: .venv/.ready
	@PYTHONPATH=layers/placard $(RUN) -m ops erase $(call GIVEN,CUSTOMER APPLY REASON ABANDON)

# ---- checks, quickest first
test: setup .venv-browser/.ready
	@for step in lint types validate unit simulation integration e2e campaigns; do echo "── $$step"; $(MAKE) --no-print-directory $$step || exit 1; done
lint: .venv/.ready
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
format: .venv/.ready
	@.venv/bin/ruff check --fix-only . && .venv/bin/ruff format .
types: .venv/.ready
	@.venv/bin/mypy
# What shares nothing but the machine runs on two of its cores.
SIDE_BY_SIDE := -n 2 --dist worksteal
unit simulation: .venv/.ready
	@$(RUN) -m pytest $(SIDE_BY_SIDE) tests/$@
simulate: .venv/.ready  # all use cases in memory, with every fault there is: SEEDS=n FIRST=s JOBS=j, or SEED=s for one with its trace
	@PYTHONPATH=layers/placard $(RUN) -m simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),2000) --first $(or $(FIRST),0) --jobs $(or $(JOBS),1))
scale: .venv/.ready  # a Monday morning of 200,000 classifieds in simulated time: DOWN=olx|aviv|none HANGS=1 PARTS=n (n times smaller)
	@PYTHONPATH=layers/placard $(RUN) -m simulation.scale --parts $(or $(PARTS),1) --down $(or $(DOWN),aviv) $(if $(HANGS),--hangs)
planted: .venv/.ready  # faults planted on purpose: which seed of the simulation finds each
	@PYTHONPATH=layers/placard $(RUN) -m simulation.planted
chaos: setup  # a campaign of faults against the whole hub in a sandbox of its own: SEED=n, CLASSIFIEDS=300
	@$(RUN) -m chaos $(if $(SEED),--seed $(SEED)) $(if $(CLASSIFIEDS),--classifieds $(CLASSIFIEDS))
crashes: setup  # every function ended at every call to AWS, a portal or a CRM, on a hub of its own: WAYS=create,… POINTS=n
	@PYTHONPATH=layers/placard $(RUN) -m crashes $(if $(WAYS),--ways $(WAYS)) $(if $(POINTS),--points $(POINTS))
integration: setup .venv-browser/.ready
	@$(RUN) -m pytest $(SIDE_BY_SIDE) tests/$@
e2e: setup .venv-browser/.ready
	@$(RUN) -m pytest tests/$@
campaigns: setup  # the short forms of chaos and crashes, and a stack with every part switched on
	@$(RUN) -m pytest tests/$@
certify: .venv/.ready  # a CRM's receiver against every callback there is: CRM_URL=… CLASSIFIED=… ESTATE=… CUSTOMER=… LIMIT=10, secret in CRM_SECRET
	@PYTHONPATH=layers/placard $(RUN) -m certify $(if $(CRM_URL),'$(CRM_URL)' $(if $(CLASSIFIED),--classified '$(CLASSIFIED)') \
		$(if $(ESTATE),--estate '$(ESTATE)') $(if $(CUSTOMER),--customer '$(CUSTOMER)') $(if $(LIMIT),--limit '$(LIMIT)'))
hunt: .venv/.ready  # the properties with many other examples; what it finds becomes an @example
	@HYPOTHESIS_PROFILE=hunt $(RUN) -m pytest --timeout 0 $(or $(TESTS),tests/unit/domain/test_properties.py tests/unit/receivers/test_fuzz.py tests/unit/api/test_fuzz.py)
bench: setup .venv-bench/.ready  # what everything costs, beside a bare and a usual build; ROWS="cold_start cpu" for some of it
	@PYTHONPATH=layers/placard $(RUN) -m bench $(ROWS)
validate: .venv-sam/.ready
	@AWS_DEFAULT_REGION=eu-west-1 .venv-sam/bin/sam validate --lint

audit: .venv/.ready  # every pin: still there with its very bytes, and not withdrawn by its makers
	@$(RUN) requirements/audit.py layers/placard/requirements.txt requirements/*.txt

# ---- after a change of a route, a schema or one of the domain's tables
openapi: .venv/.ready  # the description, and docs/api.html for a browser
	@PYTHONPATH=layers/placard $(RUN) -m api > openapi.yaml
	@PYTHONPATH=layers/placard $(RUN) -m api.page
client: .venv/.ready  # the typed Python client, from openapi.yaml
	@PYTHONPATH=layers/placard $(RUN) -m api.client

# ---- the layer for AWS (PLACARD_PYTHON=3.13 PLACARD_ARCH=arm64 unless set otherwise)
build: setup
	@find functions -name __pycache__ -prune -exec rm -rf {} +
	@PYTHON=$(CURDIR)/.venv/bin/python .venv-sam/bin/sam build

# ---- after a change of a requirements/*.in: pins with hashes for every platform, naming no registry
locks: .venv/.ready .venv-browser/.ready
	@for file in layers/placard/requirements requirements/dev requirements/aws requirements/sam requirements/browser requirements/bench; do \
		.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
			--no-emit-index-url --no-emit-find-links --no-header -o $$file.txt $$file.in || exit 1; done
	@PATH="$(CURDIR)/.venv-browser/bin:$$PATH" npm install --prefix requirements/browser --package-lock-only --ignore-scripts \
		--omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
