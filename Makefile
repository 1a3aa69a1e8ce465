# Everything a newcomer types. `make help` lists the targets.
PYTHON ?= python3.11
JOBS := .venv/jobs
AIRFLOW := .venv/airflow
BI := .venv/bi
LINKAGE := .venv/linkage
ORACLES := .venv/oracles
RELEASE := .venv/release
PIP := pip install --quiet --disable-pip-version-check
PINS := requirements/constraints
RUN := TZ=UTC $(JOBS)/bin

.DEFAULT_GOAL := help
.PHONY: help needs install demo test trials trials-nightly cluster-demo lint format airflow airflow-test bi linkage oracles dictionary wheel pins sbom audit clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

needs: ## check that Python 3.11, Java 17 and Maven are here
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: apt-get install python3.11 python3.11-venv"; exit 2; }
	@command -v java >/dev/null || { echo "Java 17 is missing: apt-get install openjdk-17-jre-headless"; exit 2; }
	@java -version 2>&1 | grep -q 'version "17' || { echo "Java 17 is needed, found: $$(java -version 2>&1 | head -1): apt-get install openjdk-17-jre-headless"; exit 2; }
	@command -v mvn >/dev/null || { echo "Maven is missing: apt-get install maven"; exit 2; }

$(JOBS)/.installed: requirements/jobs.txt requirements/dev.txt $(PINS)/jobs.txt requirements/jars.sha256 setup.py pom.xml
	@$(MAKE) --no-print-directory needs
	$(PYTHON) -m venv $(JOBS)
	$(JOBS)/bin/$(PIP) -r requirements/dev.txt -c $(PINS)/jobs.txt
	rm -rf .venv/jars
	mvn --quiet --batch-mode --strict-checksums dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/.venv/jars
	$(JOBS)/bin/python requirements/digests.py .venv/jars requirements/jars.sha256
	cp .venv/jars/*.jar $$($(JOBS)/bin/python -c 'import os, pyspark; print(os.path.join(os.path.dirname(pyspark.__file__), "jars"))')
	$(JOBS)/bin/$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

install: $(JOBS)/.installed ## create the environment and bring the JARs

demo: install ## the whole way on generated data: files to recommendations
	$(RUN)/reclake demo

test: install ## all tests but the trials: most of an hour on 2 cores; ends with the slowest 40 and the seconds of each file
	$(RUN)/pytest tests -m "not trial" -n 2 --dist loadfile --no-loadscope-reorder --durations=40 --seconds-per-file

trials: install $(AIRFLOW)/.installed $(BI)/.installed ## hurt the system on purpose
	$(RUN)/pytest tests -m trial -rs --nothing-skipped -n 2 --dist loadfile --no-loadscope-reorder

trials-nightly: install $(AIRFLOW)/.installed $(BI)/.installed ## the larger figures of the trials that have some: hours; goes on where it was stopped
	$(RUN)/python tests/nightly.py

cluster-demo: install ## a master and two workers on loopback: the same tables as on this machine
	PYTHONPATH=tests TZ=UTC $(JOBS)/bin/python tests/cluster_demo.py

wheel: install ## build the wheel for --py-files
	rm -rf build dist/*.whl
	$(JOBS)/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lint: install ## ruff and mypy
	$(JOBS)/bin/ruff format --check .
	$(JOBS)/bin/ruff check .
	$(JOBS)/bin/mypy

format: install ## format and mend what ruff can
	$(JOBS)/bin/ruff format .
	$(JOBS)/bin/ruff check --fix .

dictionary: install ## write docs/data_dictionary.md from the declarations
	$(JOBS)/bin/python -m reclake.run.dictionary docs/data_dictionary.md

$(AIRFLOW)/.installed: requirements/airflow.txt $(PINS)/airflow.txt
	$(PYTHON) -m venv $(AIRFLOW)
	$(AIRFLOW)/bin/$(PIP) -r requirements/airflow.txt -c $(PINS)/airflow.txt
	@touch $@

airflow: install $(AIRFLOW)/.installed ## set a local Airflow up and start it on loopback; Ctrl-C stops it
	conf/airflow/start.sh

$(BI)/.installed: requirements/bi.txt $(PINS)/bi.txt requirements/bi-jars.sha256
	$(PYTHON) -m venv $(BI)
	$(BI)/bin/$(PIP) -r requirements/bi.txt -c $(PINS)/bi.txt
	mvn --quiet --batch-mode --strict-checksums dependency:copy -Dartifact=com.unboundid:unboundid-ldapsdk:7.0.3 -DoutputDirectory=$(CURDIR)/$(BI)/jars
	$(BI)/bin/python requirements/digests.py $(BI)/jars requirements/bi-jars.sha256
	@touch $@

bi: $(BI)/.installed ## create the environment of the BI readers: DuckDB, delta-rs, PyHive, a directory to log in with

$(LINKAGE)/.installed: requirements/linkage.txt $(PINS)/linkage.txt
	$(PYTHON) -m venv $(LINKAGE)
	$(LINKAGE)/bin/$(PIP) -r requirements/linkage.txt -c $(PINS)/linkage.txt
	@touch $@

linkage: $(LINKAGE)/.installed ## create the environment of what linkage is measured by: the FEBRL sets, Splink

$(ORACLES)/.installed: requirements/oracles.txt $(PINS)/oracles.txt
	$(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/bin/$(PIP) -r requirements/oracles.txt -c $(PINS)/oracles.txt
	@touch $@

oracles: $(ORACLES)/.installed ## create the environment whose data and results ours are compared with: lifetimes

airflow-test: install $(AIRFLOW)/.installed ## the DAGs in Airflow's environment; their trials, by real spark-submit, are in make trials
	PYTHONPATH=lib $(AIRFLOW)/bin/python -m pytest tests/dags -m "not trial" --confcutdir=tests/dags -c /dev/null --rootdir=. -p no:cacheprovider -q -n 2 --dist loadfile

pins: ## write requirements/constraints/ anew: what packages bring along, at its newest
	rm -rf .venv/pins
	for environment in jobs:dev airflow:airflow bi:bi linkage:linkage oracles:oracles release:release; do \
		$(PYTHON) -m venv --clear .venv/pins && .venv/pins/bin/$(PIP) -r requirements/$${environment#*:}.txt && \
		.venv/pins/bin/pip freeze --disable-pip-version-check > $(PINS)/$${environment%:*}.txt || exit 1; \
	done
	rm -rf .venv/pins

$(RELEASE)/.installed: requirements/release.txt $(PINS)/release.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/$(PIP) -r requirements/release.txt -c $(PINS)/release.txt
	@touch $@

sbom: install $(AIRFLOW)/.installed $(BI)/.installed $(RELEASE)/.installed ## what is installed, as CycloneDX files in dist/sbom/
	mkdir -p dist/sbom
	for environment in jobs airflow bi; do \
		$(RELEASE)/bin/cyclonedx-py environment .venv/$$environment --output-reproducible --output-file dist/sbom/$$environment.cdx.json || exit 1; \
	done
	$(RELEASE)/bin/python requirements/jars.py "$$($(JOBS)/bin/python -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')/jars" dist/sbom/spark-jars.cdx.json
	$(RELEASE)/bin/python requirements/jars.py $(BI)/jars dist/sbom/bi-jars.cdx.json

audit: $(RELEASE)/.installed ## before a release: known weaknesses of the pinned packages, asked of a service in the network
	for environment in jobs airflow bi; do $(RELEASE)/bin/pip-audit --strict --no-deps --disable-pip -r $(PINS)/$$environment.txt || exit 1; done

clean: ## remove the demo's lake, landing files, models and keys
	rm -rf .reclake
