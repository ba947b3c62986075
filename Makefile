# `make setup` builds .venv from nothing but Python 3.11+; every other target needs only make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Where it is set, every process would compile the whole project and its libraries anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup setup-cloud setup-judges demo cloud-demo test acceptance soak lint types fix docs site sdk shots bench clean

help:
	@echo "make setup | setup-cloud | setup-judges | demo | cloud-demo | test | acceptance | lint | types | fix | docs | site | sdk | bench | soak | clean"

# Two stamps: the demo needs no development tools.
$(VENV)/.runtime: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Reprise needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.11" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --editable '.[dev]'
	@# Compiles all that is tested, once; each of the workers would do it for itself.
	@$(BIN)/pytest --collect-only -qq >/dev/null || true
	@touch $@

setup: $(VENV)/.dev

# The runtime of simulated Workers: 45 MB from the npm registry, once.
setup-cloud: $(VENV)/.runtime
	$(BIN)/python -m sandbox.cloud.binary

# Cloudflare's own tools, which judge the simulated Cloudflare: 450 MB, for one soak test.
setup-judges: $(VENV)/.dev
	$(BIN)/python -m tests.cloud.judges.setting_up

demo: $(VENV)/.runtime
	$(BIN)/reprise demo $(ARGS)

# A scheduled post goes out while the daemon is off: simulated Instagram, simulated Cloudflare.
cloud-demo: setup-cloud
	$(BIN)/reprise demo --cloud $(ARGS)

# Five workers for two cores: half of the time they wait, for processes and for answers.
ALL_AT_ONCE := $(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder --durations 25

# Each room and each promise, in minutes. CI runs the acceptance tests too (.ci/run).
test: $(VENV)/.dev
	$(ALL_AT_ONCE) -m 'not soak and not acceptance' $(ARGS)

# As people and programs meet it: browsers, packages, clients, whole days, kills at many steps.
acceptance: $(VENV)/.dev
	$(ALL_AT_ONCE) -m 'acceptance and not soak' $(ARGS)

# Whole sweeps, of which the others try one of each kind, and long runs with many seeds.
soak: $(VENV)/.dev
	$(BIN)/pytest -m soak --timeout 3600 $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev
	$(BIN)/python -m tools.http_reference
	$(BIN)/python -m install.units
	$(BIN)/python -m tools.command_reference
	$(BIN)/python -m tools.session_reference
	$(BIN)/python -m tools.sdk

# Both clients as they are published: a wheel and a source archive, and what npm installs.
sdk: $(VENV)/.dev
	cd sdk/python && $(abspath $(BIN))/hatchling build -d ../dist
	cd sdk/typescript && npm ci --ignore-scripts --no-audit --no-fund && npm pack --pack-destination ../dist

# Works without a network once .venv is there; -W: a link that leads nowhere is an error.
site: $(VENV)/.dev
	$(BIN)/sphinx-build -W --keep-going -n -q -E -b html docs site
	@echo "Open site/index.html"

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/pip install --quiet --editable '.[bench]'
	@touch $@

# A picture of every screen of the page, in every size and colours; a person looks.
shots: $(VENV)/.dev
	$(BIN)/python -m tests.web.shots $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/python -m bench $(ARGS)

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache demo-output site
