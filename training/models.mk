# How the models that come with the project are made from their data. Included by ../Makefile, whose BIN it uses.

.PHONY: street-models models detector ablation

# The models of street photos, from which the shipped ones go on:
#   make street-models CCP=/path/to/clothing-co-parsing MATERIAL=/path/to/material MOVENET=/folder/of/movenet-thunder.json
# (docs/training.md says where they come from). A run that was stopped goes on where it was.
LABELLED := --data data/ccp
RENDERED := --data data/rendered
# A training step allocates and frees gigabytes; this keeps them, in pages of 2 MB (docs/training.md).
KEEP_MEMORY := GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184
# $(call stage,RECIPE,DATA,RUN,INITIAL WEIGHTS)
stage = $(KEEP_MEMORY) $(BIN)/python -m training.train $(1) $(2) --out runs/$(3) $(if $(wildcard runs/$(3)/last.pt),--resume,$(4))
# $(call pseudo_labels,TEACHER,FOLDER,OPTIONS)
pseudo_labels = $(KEEP_MEMORY) $(BIN)/python -m training.pseudo_label runs/$(1)/best.pt ccp --root $(CCP) --out data/$(2) $(3)
# $(call ensemble,RUN,ENSEMBLE): the larger model, from a run on MoveNet Thunder's trunk
ensemble = $(BIN)/python -m training.ensemble runs/$(1)/best.pt runs/lite-member/best.pt --pose-shares 0.75 0.25 --out runs/$(2)/best.pt
# $(call publish,RUN,MODEL): the model files, and the weights that users train on from
define publish
	$(BIN)/python -m training.calibrate runs/$(1)/best.pt $(LABELLED) $(RENDERED) \
	  --out runs/$(1)/calibration.json --write training/weights/$(2).safetensors
	$(BIN)/python -m export.onnx training/weights/$(2).safetensors service/models/$(2).onnx $(LABELLED) \
	  --half-weights --card-text export/cards/$(2).toml
	$(BIN)/python -m export.onnx training/weights/$(2).safetensors service/models/$(2).int8.onnx $(LABELLED) \
	  --precision int8 --card-text export/cards/$(2).toml
endef

street-models: install-training
	$(BIN)/python -m training.prepare ccp --root $(CCP) --out data/ccp
	$(BIN)/python -m training.synthesize --count 4000 --seed 1 --material $(MATERIAL) --backgrounds data/ccp --out data/rendered
	$(call stage,lite-rendered,$(LABELLED) $(RENDERED),lite-1)
	$(call pseudo_labels,lite-1,pseudo-1)
	$(call stage,lite-self-trained,$(LABELLED) --data data/pseudo-1 $(RENDERED),lite-2,--from runs/lite-1/best.pt)
	$(call pseudo_labels,lite-2,pseudo-2)
	$(call stage,lite-self-trained-again,$(LABELLED) --data data/pseudo-2 $(RENDERED),lite-3,--from runs/lite-2/best.pt)
	$(BIN)/python -m training.weight_average runs/lite-2/best.pt runs/lite-3/best.pt --share 0.75 --out runs/lite-23/best.pt
	$(call stage,base,$(LABELLED) --data data/pseudo-2 $(RENDERED),base-1,--pretrained $(MOVENET)/movenet-thunder.json)
	$(BIN)/python -m training.ensemble runs/base-1/best.pt runs/lite-23/best.pt --size 288x384 --out runs/teacher/best.pt
	$(call pseudo_labels,teacher,pseudo-3,--threshold 0.6 --views 2)
	$(call stage,base-self-trained,$(LABELLED) --data data/pseudo-3 $(RENDERED),base-2,--from runs/base-1/best.pt)
	$(call stage,lite-distilled,$(LABELLED) --data data/pseudo-3 $(RENDERED),lite-4,--from runs/lite-23/best.pt)
	$(BIN)/python -m training.weight_average runs/lite-23/best.pt runs/lite-4/best.pt --share 0.75 --out runs/lite-member/best.pt
	$(call ensemble,base-2,teachers)
	$(call pseudo_labels,teachers,pseudo-4,--threshold 0.6 --views 2)
	$(call stage,base-self-trained-again,$(LABELLED) --data data/pseudo-4 $(RENDERED),base-3,--from runs/base-2/best.pt)
	$(BIN)/python -m training.weight_average runs/lite-23/best.pt runs/lite-4/best.pt --share 0.5 --out runs/street-lite/best.pt
	$(call ensemble,base-3,street-base)

# Both models from the street models that "make street-models" made, and everyday photos (docs/everyday-photos.md says how
# data/people and data/nobody are prepared):
#   make models MATERIAL=/path/to/material
EVERYDAY := $(LABELLED) --data data/pseudo-4 --data data/people --data data/nobody $(RENDERED)
RELABELLED := $(LABELLED) --data data/people --data data/nobody $(RENDERED)

models: install-training
	$(call stage,lite-everyday,$(LABELLED) --data data/people --data data/nobody $(RENDERED),everyday-1,--from runs/street-lite/best.pt)
	$(call stage,lite-everyday-again,$(LABELLED) --data data/people --data data/nobody $(RENDERED),everyday-2,--from runs/everyday-1/best.pt)
	$(call stage,lite-everyday-self-trained,$(EVERYDAY),everyday-3,--from runs/everyday-2/best.pt)
	$(BIN)/python -m training.weight_average runs/everyday-2/best.pt runs/everyday-3/best.pt --share 0.6 --out runs/everyday-23/best.pt
	$(BIN)/python -m training.weight_average runs/street-lite/best.pt runs/everyday-23/best.pt --share 0.5 --out runs/lite/best.pt
	$(call stage,lite-everyday-relabelled,$(RELABELLED),everyday-4,--from runs/lite/best.pt)
	$(BIN)/python -m training.weight_average runs/lite/best.pt runs/everyday-4/best.pt --share 0.5 --out runs/lite-relabelled/best.pt
	$(call stage,base-everyday,$(EVERYDAY),base-everyday,--from runs/base-3/best.pt)
	$(call stage,base-everyday-relabelled,$(RELABELLED),base-everyday-2,--from runs/base-everyday/best.pt)
	$(call stage,base-everyday-relabelled schedule.seed=33 schedule.learning_rate=6e-4,$(RELABELLED),base-everyday-3,--from runs/base-everyday-2/best.pt)
	$(BIN)/python -m training.weight_average runs/base-everyday-2/best.pt runs/base-everyday-3/best.pt --share 0.6 --out runs/base-everyday-23/best.pt
	$(BIN)/python -m training.ensemble runs/base-everyday-23/best.pt runs/lite-relabelled/best.pt --size 288x384 --pose-shares 0.85 0.15 --out runs/base/best.pt
	for run in lite base; do \
	  $(BIN)/python -m training.evaluate runs/$$run/best.pt $(LABELLED) --write runs/$$run/best.pt || exit; \
	done
	$(call publish,lite,jppnet-lite)
	$(call publish,base,jppnet-base)
	$(BIN)/python -m export.photo_list data/people service/models/jppnet-lite.photos.txt
	$(BIN)/python -m export.photo_list data/people service/models/jppnet-base.photos.txt
	$(BIN)/python -m export.measure service/models/*.onnx $(LABELLED)
	$(BIN)/python -m training.synthesize --count 200 --seed 7 --material $(MATERIAL) --out data/shown
	$(BIN)/python -m training.report runs/lite runs/base --rendered data/shown --out docs

# The person detector, once make street-models has made data/rendered:
#   make detector CCP=… OPENIMAGES=/photos/of/people GARMENTS=/photos/of/nobody MOVENET=/folder/of/movenet-multipose.json
detector_stage = $(KEEP_MEMORY) $(BIN)/python -m training.train_detector $(1) --people $(OPENIMAGES) --nobody $(GARMENTS) --street $(CCP) \
  --rendered data/rendered --out runs/$(1) $(if $(wildcard runs/$(1)/last.pt),--resume,$(2))

detector: install-training
	$(call detector_stage,detector,--pretrained $(MOVENET)/movenet-multipose.json)
	$(call detector_stage,detector-again,--from runs/detector/best.pt)
	$(BIN)/python -m export.detector runs/detector-again/best.pt service/models/jppnet-detect.onnx --half-weights \
	  --people $(OPENIMAGES) --nobody $(GARMENTS) --card-text export/cards/jppnet-detect.toml
	$(BIN)/python -m export.detector runs/detector-again/best.pt service/models/jppnet-detect.int8.onnx --precision int8 \
	  --people $(OPENIMAGES) --nobody $(GARMENTS) --card-text export/cards/jppnet-detect.toml

# $(call ablation_run,RUN,SED SCRIPT FOR THE RECIPE,DATA)
define ablation_run
	mkdir -p runs/ablation
	sed '$(2)' training/presets/ablation.toml > runs/ablation/$(1).toml
	$(call stage,runs/ablation/$(1).toml,$(3),ablation/$(1))
endef
ABLATION := two-refinements two-refinements-again two-refinements-seed-2 two-refinements-seed-3 one-refinement no-refinement labels-alone joints-alone self-trained

# Equal, small runs (docs/model.md), once make street-models has made data/ccp and data/pseudo-4: an epoch of both has 2.36 times the photos.
ablation: install-training  ## what refinement, learning both tasks together and self-training bring
	$(call ablation_run,two-refinements,,$(LABELLED))
	$(call ablation_run,two-refinements-again,,$(LABELLED))
	$(call ablation_run,two-refinements-seed-2,s/^seed = 1/seed = 2/,$(LABELLED))
	$(call ablation_run,two-refinements-seed-3,s/^seed = 1/seed = 3/,$(LABELLED))
	$(call ablation_run,one-refinement,s/^refinements = 2/refinements = 1/,$(LABELLED))
	$(call ablation_run,no-refinement,s/^refinements = 2/refinements = 0/,$(LABELLED))
	$(call ablation_run,labels-alone,s/^pose = 1.0/pose = 0.0/,$(LABELLED))
	$(call ablation_run,joints-alone,s/^parsing = 1.0/parsing = 0.0/,$(LABELLED))
	$(call ablation_run,self-trained,s/^epochs = 5/epochs = 2/,$(LABELLED) --data data/pseudo-4)
