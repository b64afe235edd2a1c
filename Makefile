# 书箱 Shuxiang. `make run` and `make test` do all the set-up themselves; see README.md.
.DEFAULT_GOAL := help
BIN := .venv/bin
PORT ?= 8080
DATA ?= .data
COLLECTION ?=
export PORT DATA COLLECTION

.PHONY: help run test check bench image image-smoke lock clean

help: ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/: *##/  /'

run: ## build the sample bundle (or COLLECTION=path), sign it, plug it in, serve on PORT, state in DATA
	@tools/setup.sh run
	@tools/run.sh

test: ## the whole test suite (browser included)
	@tools/setup.sh test
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --durations 25 --durations-min 5 $(TESTS)

check: ## style, types, structure
	@tools/setup.sh check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@tools/check-tree.sh

bench: ## every benchmark; COLLECTION=path names the records
	@tools/setup.sh bench
	@for b in benchmarks/*.py; do echo "== $$b"; SHUXIANG_COLLECTION="$(COLLECTION)" $(BIN)/python $$b || exit 1; done
	@for b in $(notdir $(patsubst %/__main__.py,%,$(wildcard benchmarks/*/__main__.py))); do echo "== benchmarks/$$b"; \
		SHUXIANG_COLLECTION="$(COLLECTION)" PYTHONPATH=benchmarks $(BIN)/python -m $$b || exit 1; done

image: ## the bootable image, build/image/shuxiang.img; TRUST=folder names what it trusts, OFFLINE=1 fetches nothing
	@tools/setup.sh run
	@image/tools.sh build
	@$(BIN)/python -m image.builder $(if $(TRUST),--trust $(TRUST)) $(if $(OFFLINE),--offline)

image-smoke: ## boot the image of `make image` in QEMU and look at it from outside; report in docs/image-smoke.md
	@image/tools.sh smoke
	@$(BIN)/python -m image.smoke --report docs/image-smoke.md --note

lock: ## make the requirement files anew from requirements/*.in
	@tools/lock.sh

clean: ## remove what was built here (not DATA)
	rm -rf .venv build dist appliance/web/static/vendor appliance/web/frontend/node_modules
