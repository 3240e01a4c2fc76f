# Two commands matter: `make demo` and `make test`. Each sets up what it needs, in .venv (or, with STACK=modern, .venv-modern).

PYTHON ?= python3
STACK  ?= pinned

VENV  := $(if $(filter modern,$(STACK)),.venv-modern,.venv)
BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints/$(STACK).txt
READY := $(VENV)/ready

.PHONY: demo test check docs bench clean

demo: $(READY)  ## score a shipped checkpoint; writes out/
	$(BIN)/birl score red-door-ppo-rho1-s0 --task red-door --json out/card.json --html out/card.html --figures out

test: check  ## lint, types, import contracts, tests
	$(BIN)/pytest -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo

docs: $(READY)  ## writes site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(READY)  ## speed figures, as ratios
	for script in benchmarks/*_speed.py benchmarks/planted_verdicts.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf .venv .venv-modern out

$(READY): pyproject.toml constraints/$(STACK).txt
	@echo "setting up $(VENV) (a few minutes the first time)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifeq ($(STACK),modern)
	@$(BIN)/python -m pip uninstall -qq --yes imitation seals  # pip would call their older wishes a conflict
	$(PIP) --editable ".[imitation-deps,contrib,minigrid,zoo,ray,dask,dev]"
	$(PIP) --no-deps imitation seals
else
	$(PIP) --editable ".[imitation,contrib,minigrid,zoo,ray,dask,dev]"
endif
	@touch $@
