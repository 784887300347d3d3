# Two commands are enough: `make serve` and `make test`. Everything is installed into .venv, nothing elsewhere.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
NPM := $(shell command -v npm)
NODE_MODULES := clients/js/node_modules/.package-lock.json

.PHONY: serve serve-gpu install install-training install-dev test test-js test-slow test-ops test-gpu test-container test-scale test-lowest \
  reference dist bench bench-overload bench-soak bench-report bench-scale lock pin-base wheelhouse pose-environment import-tf-environment \
  test-import-tf clean

serve: install  ## serve the default model on the CPU
	$(BIN)/jppnet serve --port $(PORT)

serve-gpu: .venv-gpu/done  ## the same on an NVIDIA GPU
	.venv-gpu/bin/jppnet serve --port $(PORT) --provider cuda

.venv-gpu/done: pyproject.toml requirements/gpu.txt
	$(PYTHON) -m venv .venv-gpu
	.venv-gpu/bin/pip install --quiet --require-hashes -r requirements/gpu.txt
	.venv-gpu/bin/pip install --quiet --no-deps --editable .
	touch $@

install: .venv/service.done  ## what the service needs, at locked versions

install-training: .venv/training.done  ## and what training and export need

install-dev: .venv/dev.done  ## and what the tests need

.venv/service.done: pyproject.toml requirements/cpu.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "jppnet needs Python 3.11 or newer: make PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/cpu.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

.venv/training.done: .venv/service.done
	$(BIN)/pip install --quiet --editable '.[cpu,training]'
	touch $@

.venv/dev.done: .venv/training.done
	$(BIN)/pip install --quiet --editable '.[cpu,training,synthetic,dev]'
	touch $@

# A process for each core, at most four, for many tests start servers and browsers. The tests of a file stay together, because
# they share those, and runs. In the order of tests/conftest.py: by the number of its tests, a long file would come last.
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: install-dev  ## lint, types and the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(SIDE_BY_SIDE)
	$(MAKE) test-js

test-js: install-dev $(if $(NPM),$(NODE_MODULES))  ## types and tests of the JavaScript client, where npm is
	$(if $(NPM),cd clients/js && PYTHON=$(abspath $(BIN)/python) npm test --silent,\
	  @echo "The JavaScript client is not tested: there is no npm here.")

test-slow: install-dev  ## the proofs that take minutes
	$(BIN)/pytest -m slow

reference: install-dev $(if $(NPM),$(NODE_MODULES))  ## the pages and types that are made from the service
	$(BIN)/python -m docs.reference
	$(if $(NPM),cd clients/js && npm run --silent types,\
	  @echo "The JavaScript client's types are not made: there is no npm here.")

$(NODE_MODULES): clients/js/package-lock.json
	cd clients/js && npm ci --silent

.venv-scale/done: pyproject.toml
	$(PYTHON) -m venv .venv-scale
	.venv-scale/bin/pip install --quiet --editable '.[cpu,ray,dev,dev-scale]'
	touch $@

test-scale: .venv-scale/done  ## the tests of service/scale, with Ray, in an environment of its own
	.venv-scale/bin/pytest tests/scale

bench-scale: .venv-scale/done  ## Ray against the same without it, on this machine: make bench-scale PHOTOS=folder
	.venv-scale/bin/python -m tests.scale.bench $(PHOTOS)

.venv-lowest/done: pyproject.toml
	uv venv --quiet --clear --python $(PYTHON) .venv-lowest
	uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable '.[cpu,otel,training,synthetic,dev]'
	touch $@

test-lowest: .venv-lowest/done  ## the tests with the lowest versions that pyproject.toml allows; needs uv
	.venv-lowest/bin/pytest $(SIDE_BY_SIDE)

test-ops: install-dev  ## dashboard, alerts and replicas; with Debian's packages prometheus and nginx-light
	$(BIN)/pytest -m ops -s tests/ops

# Without a GPU the tests say by name what they lack; its libraries are installed only where there is one.
GPU_BIN := $(if $(wildcard /dev/nvidia0),.venv-gpu/bin,$(BIN))

.venv-gpu/dev.done: .venv-gpu/done
	.venv-gpu/bin/pip install --quiet --editable '.[gpu,dev]' 'onnx>=1.23'
	touch $@

test-gpu: $(if $(wildcard /dev/nvidia0),.venv-gpu/dev.done,install-dev)  ## GPU against CPU, graphs, a broken device, compose; docs/gpu.md
	$(GPU_BIN)/pytest -m gpu -rs -s tests/gpu
	$(if $(wildcard /dev/nvidia0),$(MAKE) bench PROVIDER=cuda QUICK=1,@echo "bench: no NVIDIA GPU (/dev/nvidia0)")

test-container: install-dev  ## images built and run without Docker; as root, with buildah and debootstrap (Debian)
	$(BIN)/pytest -m container -s tests/container

include training/models.mk

# What drives the benchmarks; PROVIDER=cuda on a GPU host, PHOTOS=folder for photos of one's own, QUICK=1 for a look.
PROVIDER ?= cpu
BENCH_EXTRA := $(if $(filter cuda,$(PROVIDER)),gpu,cpu)
BENCH := .venv-bench/$(BENCH_EXTRA)
BENCH_PYTHON = PYTHONPATH=. $(BENCH)/peers/bin/python
BENCH_OPTIONS = --provider $(PROVIDER) --service-bin $(BENCH)/service/bin \
  $(if $(MODEL),--model $(MODEL)) $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(QUICK),--quick)

bench: $(BENCH)/done  ## the service beside its peers and the machine's ceiling; needs wrk
	$(BENCH_PYTHON) -m tests.benchmarks.compare $(BENCH_OPTIONS)

bench-overload: $(BENCH)/done  ## four times as much as it can do, for a minute
	$(BENCH_PYTHON) -m tests.benchmarks.overload $(BENCH_OPTIONS)

bench-soak: $(BENCH)/done  ## an hour of photos of all sizes, and of clients that hang up; REQUESTS=100000 at most
	$(BENCH_PYTHON) -m tests.benchmarks.soak $(BENCH_OPTIONS) $(if $(REQUESTS),--requests $(REQUESTS))

bench-report: $(BENCH)/done  ## docs/benchmarks.md from what the last runs measured
	$(BENCH_PYTHON) -m tests.benchmarks.report runs/bench docs/benchmarks.md

# The service in an environment that holds only what its users install, the peers in another.
$(BENCH)/done: requirements/$(BENCH_EXTRA).txt tests/benchmarks/requirements.txt
	$(PYTHON) -m venv --clear $(BENCH)/service
	$(BENCH)/service/bin/pip install --quiet --require-hashes -r $<
	$(BENCH)/service/bin/pip install --quiet --no-deps --editable .
	$(PYTHON) -m venv --clear $(BENCH)/peers
	$(BENCH)/peers/bin/pip install --quiet --require-hashes -r $<
	$(BENCH)/peers/bin/pip install --quiet -r tests/benchmarks/requirements.txt
	touch $@

# What a release publishes: the wheel, the JavaScript package, and for both locked installs a CycloneDX SBOM of all packages.
dist: $(NODE_MODULES)  ## wheel, JavaScript package and SBOMs, in dist/; needs npm
	rm -rf dist .venv-dist
	$(PYTHON) -m venv .venv-dist/tools
	.venv-dist/tools/bin/pip install --quiet --require-hashes -r requirements/build.txt
	.venv-dist/tools/bin/pip install --quiet cyclonedx-bom==7.5.0
	.venv-dist/tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . ./clients/python
	cd clients/js && npm pack --silent --pack-destination ../../dist
	for extra in cpu gpu; do \
	  $(PYTHON) -m venv --without-pip .venv-dist/$$extra && \
	  .venv-dist/tools/bin/pip --python .venv-dist/$$extra install --quiet --require-hashes -r requirements/$$extra.txt && \
	  .venv-dist/tools/bin/pip --python .venv-dist/$$extra install --quiet --no-deps --no-index --find-links dist jppnet && \
	  .venv-dist/tools/bin/cyclonedx-py environment --output-reproducible --output-file dist/jppnet-$$extra.cdx.json .venv-dist/$$extra \
	    || exit; \
	done

LOCK := --generate-hashes --universal --python-version 3.11 --no-header --upgrade -o

lock:  ## new locks for the service's installs; needs uv
	for extra in cpu gpu gpu-cuda12; do \
	  uv pip compile pyproject.toml --extra $$extra --extra otel $(LOCK) requirements/$$extra.txt; \
	done
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
	  | uv pip compile - $(LOCK) requirements/build.txt

EXTRA ?= cpu

wheelhouse: install  ## the locked wheels and the service's own, to install without a network: dist/wheelhouse; EXTRA=gpu
	rm -rf dist/wheelhouse
	$(BIN)/pip download --quiet --require-hashes --dest dist/wheelhouse -r requirements/$(EXTRA).txt
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist/wheelhouse .
	cp requirements/$(EXTRA).txt dist/wheelhouse/requirements.txt

IMAGE_BASE := python:3.12-slim-bookworm

pin-base:  ## names the images' base by its digest of today in the Dockerfile; needs docker and the registry
	digest=$$(docker buildx imagetools inspect $(IMAGE_BASE) --format '{{.Manifest.Digest}}') \
	  && sed -i "s|^ARG BASE=.*|ARG BASE=$(IMAGE_BASE)@$$digest|" Dockerfile

pose-environment:  ## MediaPipe, in an environment of its own (training/mediapipe_pose.py)
	$(PYTHON) -m venv .venv-pose
	.venv-pose/bin/pip install --quiet mediapipe==0.10.14 tqdm

import-tf-environment:  ## TensorFlow beside a CPU build of PyTorch, whose CUDA builds it clashes with; needs uv
	uv venv --quiet --clear --python $(PYTHON) .venv-tf
	uv pip install --quiet --python .venv-tf --torch-backend cpu --editable '.[cpu,training,import-tf]'

test-import-tf: import-tf-environment  ## the import of a checkpoint that TensorFlow writes, and its resizing
	uv pip install --quiet --python .venv-tf pytest hypothesis
	.venv-tf/bin/python -m pytest -m "slow or not slow" tests/training/test_import_tf.py tests/training/test_tf1_resize.py

clean:
	rm -rf .venv .venv-bench .venv-dist .venv-gpu .venv-lowest .venv-pose .venv-scale .venv-tf clients/js/node_modules
