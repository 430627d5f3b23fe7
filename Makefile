# `make`: set up .venv from the lock file, run the default job, which says where the report is.  `make test`: run the tests.
# `make docs`: build the documentation into build/site.
# Both can be repeated at will: what is up to date is left alone.
PYTHON ?= python3

.PHONY: run test lint docs clean
run: .venv/complete
	.venv/bin/snakemake --cores all

test: .venv/docs
	.venv/bin/python -m pytest -n auto

lint: .venv/complete
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/snakefmt --check -l 120 Snakefile workflow
	.venv/bin/snakemake --lint

docs: .venv/docs
	.venv/bin/sphinx-build -W --keep-going -q -b html docs build/site
	@echo "the documentation is in build/site/index.html"

.venv/docs: .venv/complete docs/requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r docs/requirements.lock
	@touch $@

.venv/complete: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "danq needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

clean:
	rm -rf .venv results .snakemake
