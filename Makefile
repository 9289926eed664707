# Everything starts here; `make` tells what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK_TESTS ?= tests/glue_jobs/spark

.DEFAULT_GOAL := help
STACK ?= contact-lake
ARGS ?=

.PHONY: help setup package deploy destroy check-infra demo test test-trino test-browser test-dynamodb test-spark trino check format tables lock bench prove mutants clean

help: ## what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## a virtual environment in .venv with the program `lake`

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## the main job, from nothing, on the embedded default
	$(BIN)/lake demo

test: setup ## the tests, in minutes
	$(BIN)/pytest -m "not heavy and not trino and not emulators and not spark and not browser" -n 2 --dist loadfile

test-trino: setup ## the SQL on a real Trino (needs Maven and Java 24 or newer)
	$(BIN)/pytest -m trino tests/trino

test-spark: setup ## builds on Spark 3.5 beside the embedded engine's (needs Java 17)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	$(BIN)/pytest -m spark $(SPARK_TESTS)

test-browser: setup ## the report in a real Chromium (Debian's package `chromium`, or on the PATH)
	$(BIN)/pytest -m browser tests/glue_jobs --durations=3

test-dynamodb: setup ## the routing tables on DynamoDB Local; its licence asks for an AWS account
	$(BIN)/pytest -m emulators tests/dynamodb_local

trino: setup ## serve the lake in LAKE or ./lake on a real Trino, on loopback
	$(BIN)/python -m tests.trino.server

check: setup ## lint, types, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tests/infra/audited.py requirements.lock requirements-glue.lock

format: setup ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## speed and memory beside what a user would pick instead
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade \
	  --target $(VENV)/apart -r requirements-ciw.lock
	$(BIN)/python -m tests.bench

bench-growth: setup ## how time and memory grow with the records
	$(BIN)/python -m tests.bench growth

bench-update: setup ## what one updated contact costs in a lake of a year
	$(BIN)/python -m tests.bench_update

prove: setup ## every test, with the full counts
	PROVE=1 $(BIN)/pytest -m "not trino and not emulators and not spark" -n 2 --dist loadfile \
	  --ignore tests/faults/test_fault_matrix.py
	PROVE=1 $(BIN)/pytest -n 2 --dist load tests/faults/test_fault_matrix.py
	PROVE=1 $(BIN)/pytest -m trino tests/trino
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	PROVE=1 $(BIN)/pytest -m spark tests/glue_jobs/spark

mutants: setup ## seeded defects, each of which a test must notice
	$(BIN)/python -m tests.mutants

package: setup ## what AWS runs, into build/
	$(BIN)/python -m infra.package --out build

deploy: setup ## the stack on AWS; ARGS='--dry-run' or ARGS='--set RawDays=30'
	$(BIN)/python -m infra.deploy deploy --stack $(STACK) $(ARGS)

destroy: setup ## remove the stack; what holds data stays; ARGS='--dry-run'
	$(BIN)/python -m infra.deploy destroy --stack $(STACK) $(ARGS)

check-infra: package ## lint the stack: cfn-lint, sam, checkov, parliament, house rules, states
	$(BIN)/cfn-lint build/template.json
	$(call apart,infra) tests/infra/linted.py build/template.json
	$(call apart,sam) -c 'import os; from samcli.cli.main import cli; cli()' validate --lint -t build/template.json
	$(call apart,checkov) -m checkov.main -f build/template.json --config-file infra/checkov.yaml
	sed 's/$${AWS::Partition}/aws/g' infra/pipeline.asl.json > build/pipeline.json
	if command -v npx > /dev/null; then npx --yes asl-validator@4.0.0 --json-path build/pipeline.json; fi

# A linter's own Python: their pins exclude each other's and ours. A lock is whole, so nothing is
# resolved: pip before 23.3 holds an extra of a pinned package for an unpinned one.
define apart
test -x $(VENV)/$(1)/bin/python || $(PYTHON) -m venv $(VENV)/$(1) && \
	  $(VENV)/$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-$(1).lock && \
	  SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(VENV)/$(1)/bin/python
endef

tables: setup ## TABLES.md from the table definitions
	$(BIN)/python -m transforms.dictionary > TABLES.md

lock: ## pin the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra local --group dev pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra local --group dev --group bench pyproject.toml \
	  --constraint requirements.lock -o requirements-bench.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header pyproject.toml --constraint requirements.lock -o requirements-glue.lock

clean: ## remove what was made here
	rm -rf $(VENV) .demo lake .pytest_cache .mypy_cache .ruff_cache .hypothesis
