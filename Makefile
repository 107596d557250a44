# The three commands one needs: make verdict, make test, make check. They set up all they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ENGAGEMENT ?= insurer
OUT ?= out
MEASURE ?= --measure

.PHONY: help verdict test check engine profile format lab clean

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt -e '.[lab,profile,test]'
	touch $(STAMP)

verdict: $(STAMP)  ## measure this machine and write the verdict of ENGAGEMENT (default: the example insurer)
	$(BIN)/kit verdict $(ENGAGEMENT) --out $(OUT) $(MEASURE)

check: $(STAMP)  ## the fast checks: format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## all checks and all tests, those that measure time one after the other
	$(BIN)/python -m pytest -m 'not clock' --numprocesses auto --dist loadfile
	$(BIN)/python -m pytest -m clock

engine:  ## install vLLM for this machine into .venv-vllm (CUDA build with an NVIDIA GPU, else CPU)
	PYTHON=$(PYTHON) tools/engine.sh

profile: $(STAMP)  ## measure this machine's NVIDIA GPUs with the models that fit; MINUTES each (default: 20)
	VENV=$(VENV) tools/profile_gpu.sh

format: $(STAMP)  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lab: $(STAMP)  ## open the notebooks in JupyterLab
	$(BIN)/kit explore --lab --out $(OUT)

clean:  ## remove what was made, but not the audits in out/
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
