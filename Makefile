# Two commands are enough: `make serve` and `make test`. Everything is installed into .venv, nothing elsewhere.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
NPM := $(shell command -v npm)
NODE_MODULES := clients/js/node_modules/.package-lock.json

.PHONY: serve install install-training install-dev test test-js test-slow test-ops test-container test-scale test-lowest \
  reference dist models ablation bench bench-overload bench-soak bench-report bench-scale lock pose-environment clean

serve: install  ## serve the default model on the CPU
	$(BIN)/jppnet serve --port $(PORT)

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

test: install-dev  ## lint, types and the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest
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
	.venv-lowest/bin/pytest

test-ops: install-dev  ## dashboard, alerts and replicas; with Debian's packages prometheus and nginx-light
	$(BIN)/pytest -m ops -s tests/ops

test-container: install-dev  ## images built and run without Docker; as root, with buildah and debootstrap (Debian)
	$(BIN)/pytest -m container -s tests/container

# Both models from their data:
#   make models CCP=/path/to/clothing-co-parsing MATERIAL=/path/to/material MOVENET=/folder/of/movenet-thunder.json
# (docs/training.md says where they come from). What was stopped goes on where it was.
LABELLED := --data data/ccp
RENDERED := --data data/rendered
# A step allocates and frees gigabytes; this keeps them, in pages of 2 MB (docs/training.md).
KEEP_MEMORY := GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184
# $(call stage,RECIPE,DATA,RUN,HOW TO BEGIN)
stage = $(KEEP_MEMORY) $(BIN)/python -m training.train $(1) $(2) --out runs/$(3) $(if $(wildcard runs/$(3)/last.pt),--resume,$(4))
# $(call pseudo_labels,TEACHER,FOLDER,OPTIONS)
pseudo_labels = $(KEEP_MEMORY) $(BIN)/python -m training.pseudo_label runs/$(1)/best.pt ccp --root $(CCP) --out data/$(2) $(3)
# $(call together,RUN,WHOLE): the larger model, from a run on MoveNet Thunder's trunk
together = $(BIN)/python -m training.ensemble runs/$(1)/best.pt runs/lite-member/best.pt --pose-shares 0.75 0.25 --out runs/$(2)/best.pt
# $(call ship,RUN,MODEL): what is served, and the weights that people go on from
define ship
	$(BIN)/python -m training.calibrate runs/$(1)/best.pt $(LABELLED) $(RENDERED) \
	  --out runs/$(1)/calibration.json --write training/weights/$(2).safetensors
	$(BIN)/python -m export.onnx training/weights/$(2).safetensors service/models/$(2).onnx $(LABELLED) --half-weights
	$(BIN)/python -m export.onnx training/weights/$(2).safetensors service/models/$(2).int8.onnx $(LABELLED) --precision int8
endef

models: install-training
	$(BIN)/python -m training.prepare ccp --root $(CCP) --out data/ccp
	$(BIN)/python -m training.synthesize --count 4000 --seed 1 --material $(MATERIAL) --backgrounds data/ccp --out data/rendered
	$(call stage,lite-rendered,$(LABELLED) $(RENDERED),lite-1)
	$(call pseudo_labels,lite-1,pseudo-1)
	$(call stage,lite-self-trained,$(LABELLED) --data data/pseudo-1 $(RENDERED),lite-2,--from runs/lite-1/best.pt)
	$(call pseudo_labels,lite-2,pseudo-2)
	$(call stage,lite-self-trained-again,$(LABELLED) --data data/pseudo-2 $(RENDERED),lite-3,--from runs/lite-2/best.pt)
	$(BIN)/python -m training.average runs/lite-2/best.pt runs/lite-3/best.pt --share 0.75 --out runs/lite-23/best.pt
	$(call stage,base,$(LABELLED) --data data/pseudo-2 $(RENDERED),base-1,--pretrained $(MOVENET)/movenet-thunder.json)
	$(BIN)/python -m training.ensemble runs/base-1/best.pt runs/lite-23/best.pt --size 384 288 --out runs/teacher/best.pt
	$(call pseudo_labels,teacher,pseudo-3,--threshold 0.6 --looks 2)
	$(call stage,base-self-trained,$(LABELLED) --data data/pseudo-3 $(RENDERED),base-2,--from runs/base-1/best.pt)
	$(call stage,lite-distilled,$(LABELLED) --data data/pseudo-3 $(RENDERED),lite-4,--from runs/lite-23/best.pt)
	$(BIN)/python -m training.average runs/lite-23/best.pt runs/lite-4/best.pt --share 0.75 --out runs/lite-member/best.pt
	$(call together,base-2,teachers)
	$(call pseudo_labels,teachers,pseudo-4,--threshold 0.6 --looks 2)
	$(call stage,base-self-trained-again,$(LABELLED) --data data/pseudo-4 $(RENDERED),base-3,--from runs/base-2/best.pt)
	$(BIN)/python -m training.average runs/lite-23/best.pt runs/lite-4/best.pt --share 0.5 --out runs/lite/best.pt
	$(call together,base-3,base)
	for run in lite base; do \
	  $(BIN)/python -m training.evaluate runs/$$run/best.pt $(LABELLED) --write runs/$$run/best.pt || exit; \
	done
	$(call ship,lite,jppnet-lite)
	$(call ship,base,jppnet-base)
	$(BIN)/python -m export.measure service/models/*.onnx $(LABELLED)
	$(BIN)/python -m training.synthesize --count 200 --seed 7 --material $(MATERIAL) --out data/shown
	$(MAKE) ablation
	$(BIN)/python -m training.report runs/lite runs/base-3 runs/base --rendered data/shown --ablation $(ABLATION:%=runs/ablation/%) --out docs

# $(call varied,RUN,WHAT IS CHANGED,DATA)
define varied
	mkdir -p runs/ablation
	sed '$(2)' training/presets/ablation.toml > runs/ablation/$(1).toml
	$(call stage,runs/ablation/$(1).toml,$(3),ablation/$(1))
endef
ABLATION := two-refinements two-refinements-again one-refinement no-refinement labels-alone joints-alone self-trained

# Equal, small runs (docs/model.md), once make models has made data/ccp and data/pseudo-4: an epoch of both has 2.36 times the photos.
ablation: install-training  ## what refinement, learning both tasks together and self-training bring
	$(call varied,two-refinements,,$(LABELLED))
	$(call varied,two-refinements-again,,$(LABELLED))
	$(call varied,one-refinement,s/^refinements = 2/refinements = 1/,$(LABELLED))
	$(call varied,no-refinement,s/^refinements = 2/refinements = 0/,$(LABELLED))
	$(call varied,labels-alone,s/^pose = 1.0/pose = 0.0/,$(LABELLED))
	$(call varied,joints-alone,s/^parsing = 1.0/parsing = 0.0/,$(LABELLED))
	$(call varied,self-trained,s/^epochs = 5/epochs = 2/,$(LABELLED) --data data/pseudo-4)

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
	.venv-dist/tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
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
	for extra in cpu gpu; do \
	  uv pip compile pyproject.toml --extra $$extra --extra otel $(LOCK) requirements/$$extra.txt; \
	done
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
	  | uv pip compile - $(LOCK) requirements/build.txt

pose-environment:  ## MediaPipe, in an environment of its own (training/data/mediapipe_pose.py)
	$(PYTHON) -m venv .venv-pose
	.venv-pose/bin/pip install --quiet mediapipe==0.10.14 tqdm

clean:
	rm -rf .venv .venv-bench .venv-dist .venv-lowest .venv-pose .venv-scale clients/js/node_modules
