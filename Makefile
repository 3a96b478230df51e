PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --disable-pip-version-check --progress-bar off
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home

.PHONY: demo test fuzz bench bench-engines bench-inputs install ui up down logs password test-bench test-transformer test-spark test-live test-deploy docs lint format lock clean

demo: $(VENV)/.installed ## sample exports, scored and shown
	$(BIN)/healthscore demo

test: $(VENV)/.installed-dev ## every test but those of a deployment
	$(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term

fuzz: $(VENV)/.installed-dev ## 10,000 broken exports: each is taken in or refused, none is lost
	$(BIN)/python tests/fuzz_intake.py

SIZES := S M L
ROUNDS := 5
GOALS := full
BENCH := $(if $(filter command line,$(origin SIZES)), SIZES="$(SIZES)")$(if $(filter command line,$(origin ROUNDS)), ROUNDS=$(ROUNDS))$(if $(filter command line,$(origin GOALS)), GOALS=$(GOALS))

bench: $(VENV)/.installed-bench ## the graph beside hand-written scripts, hours: writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks --sizes $(SIZES) --rounds $(ROUNDS) --goals $(GOALS) --command 'make bench$(BENCH)'

bench-engines: $(VENV)/.installed-bench $(VENV)/.installed-spark ## two months of each size by DuckDB and by Spark: writes benchmarks/ENGINES.md
	$(BIN)/python -m benchmarks.engines --command 'make bench-engines'

bench-inputs: $(VENV)/.installed-dev ## one export of 5 million rows, feeds of 100,000 clients: time and memory
	$(BIN)/python -m benchmarks.inputs.large_file
	$(BIN)/python -m benchmarks.inputs.feeds

install: $(VENV)/.installed ## the healthscore command in .venv/bin

ui: $(VENV)/.installed ## the graph, its runs and checks in the browser
	$(BIN)/python -m healthscore_assets.orchestration.instance
	PYTHONWARNINGS='ignore:Function `dev_command` is superseded' $(BIN)/dagster dev -w workspace.yaml

up: ## the deployment of docker-compose.yml: builds it, starts it, waits until it is healthy
	deploy/up

down: ## stops the deployment; its volumes stay
	deploy/compose down

logs: ## what the services of the deployment say
	deploy/compose logs --follow --tail 100

password: ## asks for a password, prints the line for deploy/.env
	@deploy/password

test-transformer: $(VENV)/.installed-transformer ## sentiment by a transformer, with torch: a minute
	$(BIN)/python -m pytest tests/transformer -v

test-spark: $(VENV)/.installed-spark ## the graph on Apache Spark, which needs Java 17: many minutes
	$(BIN)/python -m pytest tests/spark -v

test-bench: $(VENV)/.installed-bench ## every program of the benchmarks on the smallest sizes: minutes
	$(BIN)/python -m pytest tests/benchmarks -n auto --dist loadfile

test-live: $(VENV)/.installed-dev ## daemon, code server and Postgres as processes, killed: most of an hour
	$(BIN)/python -m pytest tests/live -v -s

test-deploy: $(VENV)/.installed-dev ## the whole deployment on a Docker engine: 10 minutes or so
	$(BIN)/python -m pytest tests/deploy -v

docs: $(VENV)/.installed ## documents that are written from the code
	$(BIN)/python -m healthscore_assets.contracts.dictionary > docs/data-dictionary.md
	$(BIN)/python -m healthscore_assets.pendo.headers.reference docs/exports.md
	$(BIN)/python -m healthscore_assets.signals.reference docs/feeds.md

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.installed-dev ## renew the exact versions
	$(BIN)/uv pip compile pyproject.toml --extra build $(LOCKED) -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra build --extra dev --extra postgres -c requirements.txt $(LOCKED) -o requirements-dev.txt
	$(BIN)/uv pip compile pyproject.toml --extra build --extra postgres -c requirements-dev.txt $(LOCKED) -o requirements-deploy.txt
	# torch pins what it needs of CUDA by itself; its builds for the CPU need none
	$(BIN)/uv pip compile pyproject.toml --extra transformer -c requirements-dev.txt $(LOCKED) | grep -vE '^(cuda|nvidia|triton)' > requirements-transformer.txt
	$(BIN)/uv pip compile pyproject.toml --extra spark -c requirements-dev.txt $(LOCKED) -o requirements-spark.txt
	$(BIN)/uv pip compile pyproject.toml --extra bench -c requirements-dev.txt $(LOCKED) -o requirements-bench.txt

LOCKED := --upgrade --universal --python-version 3.11 --no-annotate --no-header --quiet

clean: ## everything that can be made again, but no exports and no lake
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV); this takes a minute or two."
	$(PIP) -r requirements.txt
	$(PIP) --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what the tests need."
	$(PIP) -r requirements-dev.txt
	touch $@

$(VENV)/.installed-transformer: requirements-transformer.txt $(VENV)/.installed-dev
	@echo "Installing torch and transformers."
	$(PIP) -r requirements-transformer.txt
	touch $@

$(VENV)/.installed-spark: requirements-spark.txt $(VENV)/.installed-dev
	@echo "Installing pyspark."
	$(PIP) -r requirements-spark.txt
	touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed-dev
	@echo "Installing polars."
	$(PIP) -r requirements-bench.txt
	touch $@
