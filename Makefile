# The words a developer needs: demo, test, lint, bench, docs (and test-long, test-peers, test-llm, ui, clean).
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8400

.PHONY: demo test test-long test-peers lint bench docs ui model router llm-env test-llm test-browser setup clean

demo: setup ui model  ## build Riverside Tower, serve its devices, poll them, open the chat
	@$(BIN)/plantroom demo --port $(PORT) $(if $(ASK),--ask "$(ASK)")

test: setup ui model  ## every fast test; what cannot run here is skipped visibly
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not llm and not long"

test-long: setup router  ## thousands of generated examples for every parser, fuzzing, vllm-router beside our gateway
	@$(BIN)/python -m pytest -q -n 2 -m long --timeout 900

test-peers: setup  ## our filters beside those of haystack-core and rusty-haystack, installed for it
	@$(BIN)/python -m bench.ontology_peers.environments
	@$(BIN)/python -m pytest -q tests/ontology/test_filter_agreement.py

lint: setup  ## format, rules, types, who may import whom
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup model  ## what we claim, measured
	@$(BIN)/plantroom bench journeys --json
	@$(BIN)/plantroom bench ontology --quick --json
	@$(BIN)/plantroom bench faults --quick --json

docs: setup  ## write the generated reference pages; fails when they were out of date
	@$(BIN)/python -m services.reference docs
	@git diff --exit-code -- docs

setup: .venv/ready
.venv/ready: pyproject.toml constraints.txt infra/setup
	@PYTHON="$(PYTHON)" infra/setup

ui: setup  ## the web UI; without a usable node the server says so on a plain page
	@$(BIN)/python web/build.py

model: setup  ## the embedding model; without it documents are searched by words only
	@$(BIN)/python -m edge.build var/models/all-MiniLM-L6-v2 || true

router: .venv-router/ready  ## vllm-project's router, which the gateway is held against; without it those tests are skipped
.venv-router/ready:
	@"$(PYTHON)" -m venv .venv-router && .venv-router/bin/pip install --quiet --disable-pip-version-check vllm-router==0.1.17 \
		&& touch $@ || echo "no vllm-router: its tests will be skipped"

llm-env: .venv-llm/ready
.venv-llm/ready: infra/setup-llm infra/llm-requirements.txt
	@PYTHON="$(PYTHON)" infra/setup-llm

test-llm: setup llm-env  ## the agent in model mode against a real vLLM server on this CPU
	@$(BIN)/python -m pytest -q -m llm tests/llm

clean:
	rm -rf .venv .venv-llm .venv-router var build dist
