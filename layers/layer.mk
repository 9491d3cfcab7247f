# How `sam build` makes a layer: wheels for Lambda, pinned by hash, on any host. Included by each layer's Makefile.
#
# make sees ARTIFACTS_DIR, and runs in a copy of the layer's folder; this file is found beside the original.
# ARCHITECTURE is that of the functions (the stack's parameter), which SAM does not hand on.
# DARKROOM_BARE_LAYERS=1 leaves the wheels out, for an emulator that runs functions with our own virtual environment.

platform-x86_64 := x86_64-manylinux_2_28
platform-arm64 := aarch64-manylinux_2_28

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
LAYERS := $(dir $(lastword $(MAKEFILE_LIST)))
UV := $(firstword $(wildcard $(VIRTUAL_ENV)/bin/uv $(LAYERS)../.venv/bin/uv) uv)
PYTHON := $(firstword $(wildcard $(VIRTUAL_ENV)/bin/python $(LAYERS)../.venv/bin/python) python3.13)
SITE := $(ARTIFACTS_DIR)/python
ARCHITECTURE ?= x86_64
PLATFORM := $(or $(platform-$(ARCHITECTURE)),$(error ARCHITECTURE is x86_64 or arm64, not $(ARCHITECTURE)))

# The last line of each layer's recipe. Where Lambda unpacks the layers stands in tracebacks.
SLIM = "$(PYTHON)" -B "$(LAYERS)slim.py" "$(SITE)" /opt/python

.PHONY: wheels
wheels:
	mkdir -p "$(SITE)"
ifndef DARKROOM_BARE_LAYERS
	$(UV) pip install --quiet --python-platform $(PLATFORM) --python-version 3.13 --only-binary :all: \
		--require-hashes --no-deps --link-mode copy --target "$(SITE)" -r requirements.txt
	# Never read by what runs: tests, what only they need, compilers' input, type stubs, scripts, caches, lists of files,
	# and OpenCV's licences where they are twice: its dist-info keeps them.
	find "$(SITE)" -depth \( -type d \( -name tests -o -name __pycache__ -o -name include -o -path '*/numpy/f2py' \
		-o -path '$(SITE)/bin' \) -o -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.a' \
		-o -name '*.pyc' -o -name '.lock' -o -path '*.dist-info/RECORD' -o -path '*/numpy/_core/_simd.*' \
		-o -path '*/numpy/_core/_*_tests.*' -o -path '$(SITE)/cv2/LICENSE*' \) \) \
		-exec rm -rf {} +
endif
