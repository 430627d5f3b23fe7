# `make`: set up .venv from the lock file, run the default job, which says where the report is.  `make test`: run the tests.
# `make docs`: build the documentation into build/site.  `make notebooks`: open the notebooks in JupyterLab.
# All can be repeated at will: what is up to date is left alone.
PYTHON ?= python3
INSTALL = .venv/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test lint docs notebooks clean
run: .venv/complete
	.venv/bin/snakemake --cores all

test: .venv/dev
	.venv/bin/python -m pytest -n auto --durations=15

lint: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/snakefmt --check -l 120 Snakefile workflow
	.venv/bin/snakemake --lint

docs: .venv/dev
	.venv/bin/sphinx-build -W --keep-going -q -b html docs build/site
	@echo "the documentation is in build/site/index.html"

notebooks: .venv/dev
	.venv/bin/jupyter lab notebooks

.venv/complete: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "danq needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 2; }
	@echo "Setting up .venv: PyTorch, Snakemake and what else a run needs. This is done once."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -r requirements.lock
	@$(INSTALL) --no-deps --editable .
	@du -sh .venv | awk '{print ".venv is set up, " $$1 "B"}'
	@touch $@

.venv/dev: .venv/complete requirements-dev.lock
	@echo "Adding to .venv what tests, documentation and notebooks need. This is done once."
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .venv results .snakemake
