# Everything a newcomer and CI need. Each target makes its own environment first; nothing is installed outside this folder.
.DEFAULT_GOAL := help
.PHONY: help run test soak drill check bench faults cluster rolling lock released
MAKEFLAGS += --no-print-directory
PYTHON_IN := .venv/bin/python
# One worker more than cores: tests wait for disks and clocks.
PYTEST := $(PYTHON_IN) -m pytest -n $(shell expr $$(nproc) + 1) --dist worksteal
SOAK := tests/benchmarks tests/faults tests/image tests/machines tests/simulate tests/hostile/test_schemathesis.py
EACH_FIELD := tests/hostile/test_bodies.py::test_every_field_refuses_what_is_not_its_kind \
	tests/hostile/test_bodies.py::test_strange_but_whole_texts_never_break_anything

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 17

run: ## start the whole shop: database, cache, demo data, server and jobs (PORT, FADED_SKIES_DATA)
	@sh scripts/bootstrap.sh run && exec .venv/bin/faded-skies up

test: check ## all checks, then the tests (ARGS="-k orders" picks some)
	@sh scripts/bootstrap.sh peers
	@sh scripts/bootstrap.sh tools
	@exec $(PYTEST) $(SOAK:%=--ignore=%) $(EACH_FIELD:%=--deselect=%) $(ARGS)

soak: ## the long tests: kill -9, lost engines, drawn steps, made-up requests, simulated days (half an hour)
	@sh scripts/bootstrap.sh dev
	@sh scripts/bootstrap.sh peers
	@sh scripts/bootstrap.sh tools
	@sh scripts/unpack_rabbitmq.sh
	@exec $(PYTEST) $(SOAK) $(EACH_FIELD) $(ARGS)

drill: ## save a shop while it sells, restore it on another engine, and print the figures
	@sh scripts/bootstrap.sh dev
	@exec $(PYTHON_IN) -m pytest -q -k another_machine_opens tests/faults/test_restore_drill.py $(ARGS)

check: ## format, lint, types and the architecture's import contracts
	@sh scripts/bootstrap.sh dev
	$(PYTHON_IN) -m ruff format --check
	$(PYTHON_IN) -m ruff check
	$(PYTHON_IN) -m mypy
	.venv/bin/lint-imports

bench: ## measure the server's speed on pinned cores (ARGS="--help" for more)
	@sh scripts/bootstrap.sh dev
	@exec $(PYTHON_IN) -m benchmarks $(ARGS)

faults: ## order while processes die and answers get lost, then check every cent (ARGS="--help" for more)
	@sh scripts/bootstrap.sh dev
	@sh scripts/bootstrap.sh tools
	@exec $(PYTHON_IN) -m faults $(ARGS)

cluster: ## the demo shop as it is deployed: 3 servers and 2 workers behind nginx (PORT, FADED_SKIES_DATA, ARGS="--help")
	@sh scripts/bootstrap.sh dev
	@sh scripts/bootstrap.sh tools
	@exec $(PYTHON_IN) -m cluster $(ARGS)

rolling: ## renew servers and workers one after the other under load, and count what failed (ARGS="--help")
	@sh scripts/bootstrap.sh dev
	@sh scripts/bootstrap.sh tools
	@exec $(PYTHON_IN) -m cluster.rolling $(ARGS)

released: ## when a release is made: write its SQL down, for the next one's migrations to keep it working
	@sh scripts/bootstrap.sh dev
	@exec $(PYTHON_IN) -m dev.statements

lock: ## resolve the dependencies in pyproject.toml again (ARGS="--upgrade" for the newest)
	@sh scripts/bootstrap.sh lock $(ARGS)
