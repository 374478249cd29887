# Targets for people are documented by a "##" after their name; `make` alone lists them.

PYTHON ?= python3
ARCH ?= xtensawin

BIN := .venv/bin
VENV := .venv/.made
CHINESE := tools/locale/zh_CN/LC_MESSAGES/onenet.po
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
BOARDS := esp32 esp8266
# What is compiled is kept, whatever a container says: each of a thousand processes would compile it anew.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/sbin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: capacity cluster coverage lane mutants misfortunes soak fuzz test-power test-sleep test-update test-on test-unit test-micropython test-board test-port test-console test-e2e test-deploy test-long
.PHONY: help setup mosquitto rabbitmq chromium tshark micropython32 test lint format mpy demo console pictures load board chip image bench size docs wheel clean distclean
.PHONY: words compliance lint-style lint-format lint-esp32 lint-esp8266 lint-host lint-program

help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

# Setting up

# $(call apt,PACKAGES): installs them where apt-get is and may be used; else fails, having said what is missing.
apt = if [ "$$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		echo "Installing $(1) with apt-get"; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null; \
	else \
		echo "Missing: $(1). Install with your system's package manager, on Debian or Ubuntu: sudo apt-get install $(1)" >&2; \
		false; \
	fi

setup: $(VENV) ## what everything below needs from PyPI, into .venv; the others do it by themselves

$(VENV): .venv/.packages $(CHINESE)
	@$(BIN)/python -c 'from onenet_tools.words.catalogue import compile_words; compile_words()'
	@touch $@

.venv/.packages: pyproject.toml setup.py requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed; name one: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call apt,python3-venv); }
	@echo "Setting up .venv with the packages of requirements/dev.txt: once, a minute or two"
	@$(PYTHON) -m venv .venv
	@$(PIP) install -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

mosquitto: # the tests that need it say so themselves if it can't be had
	@command -v mosquitto >/dev/null || { $(call apt,mosquitto mosquitto-clients); } || true

rabbitmq: # for the cluster; the test that needs it says so itself if it is not there
	@ls /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server >/dev/null 2>&1 || { $(call apt,rabbitmq-server); }

chromium: # for the console's page in tests and in the demo's picture
	@command -v chromium >/dev/null || { $(call apt,chromium); } || true

tshark: # the second opinion on packets
	@command -v tshark >/dev/null || { $(call apt,tshark); } || true

micropython32: $(VENV) # for the virtual ESP8266; the tests that need it say so themselves if it can't be had
	@$(BIN)/python -c 'import sys; from onenet_tools.board.small_heap import main; sys.exit(main())' || true

# Tests, fast ones first, in two lanes for a computer with two cores: what waits for networks and boards runs beside what
# computes. A stage that fails does not keep the next from running.

test: $(VENV) mosquitto chromium tshark micropython32 ## the tests: on CPython, on MicroPython, on the virtual board, with the console; but for the long ones
	@rm -rf build/test && mkdir -p build/test
	@echo "Beside what is shown now run the stages $(BESIDE); they are shown at the end"; \
	$(MAKE) --no-print-directory lane STAGES="$(BESIDE)" >build/test/beside.log 2>&1 & beside=$$!; \
	trap "kill $$beside 2>/dev/null" EXIT; \
	$(MAKE) --no-print-directory lane STAGES="unit console"; wait $$beside; cat build/test/beside.log; \
	$(table)

BESIDE := micropython board port e2e

test-long: $(VENV) mosquitto micropython32 ## the tests that make test leaves out for the time they take: repetitions, and what waits by the clock
	@rm -rf build/test && mkdir -p build/test
	@$(MAKE) --no-print-directory lane STAGES="unit board port console e2e" ONLY=long; \
	$(table)

lane: # the stages STAGES, one after the other
	@for stage in $(STAGES); do \
		$(MAKE) --no-print-directory test-$$stage || [ -f build/test/$$stage.status ] || echo 2 >build/test/$$stage.status; \
	done

# What is marked so: see pyproject.toml, and of twins one: see tests/conftest.py.
ONLY ?= not long

# The last line of each stage that has run, and failure where one has failed.
table = echo; failed=; for stage in "unit CPython" "micropython MicroPython" "board virtual board" "port serial port" \
		"console console" "e2e end to end"; do \
		[ -f "build/test/$${stage%% *}.status" ] || continue; \
		printf '%-14s %s\n' "$${stage\#* }" "$$(tail -n 1 "build/test/$${stage%% *}.log" 2>/dev/null)"; \
		[ "$$(cat "build/test/$${stage%% *}.status")" = 0 ] || failed="$$failed $${stage%% *}"; \
	done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

# $(call stage,NAME,TITLE,COMMAND): runs it, shows and keeps what it prints, and ends with its exit status.
stage = @echo; echo "== $(2)"; mkdir -p build/test; \
	{ status=0; $(3) || status=$$?; echo $$status >build/test/$(1).status; } 2>&1 | tee build/test/$(1).log; \
	exit "$$(cat build/test/$(1).status)"

# Some more than one for each of a small computer's cores, and many where they wait much more than they compute.
PYTEST := $(BIN)/python tests/stage.py

test-unit: $(VENV) mosquitto tshark ## tests of libraries and tools on CPython
	$(call stage,unit,CPython,$(PYTEST) 4 -m "$(ONLY)" tests/unit tests/property tests/packets tests/tools tests/docs)

test-micropython: $(VENV) mosquitto ## the unit tests on MicroPython, another one with MICROPYTHON=
	$(call stage,micropython,MicroPython,$(BIN)/python tests/on_micropython.py $(if $(MICROPYTHON),--micropython $(MICROPYTHON)))

test-on: $(VENV) ## the unit tests of lib/ on a board, in its own memory: PORT=; BROKER=host:port, SSID= and ONENET_WIFI_PASSWORD, TESTS=test_packet
	@$(BIN)/python tests/on_board.py $(PORT) $(TESTS) $(if $(BROKER),--broker $(BROKER)) $(if $(SSID),--ssid $(SSID))

test-board: $(VENV) micropython32 ## tests of the virtual board
	$(call stage,board,virtual board,$(PYTEST) 3 -m "$(ONLY)" tests/board)

test-port: $(VENV) mosquitto micropython32 ## flash, config, deploy and monitor, over emulated and virtual boards' serial ports
	$(call stage,port,serial port,$(PYTEST) 6 -m "$(ONLY)" tests/port)

test-console: $(VENV) chromium ## the console: broker, HTTP API and, in Chromium, its web page
	$(call stage,console,console,$(PYTEST) 4 -m "$(ONLY)" tests/console tests/api)

test-deploy: $(VENV) micropython32 ## 100 deploys interrupted at random points, with a tally; CHIP=esp8266, COUNT=20, SEED=7
	@$(BIN)/python tests/port/interruptions.py $(or $(COUNT),100) $(if $(SEED),--seed $(SEED)) $(if $(CHIP),--chip $(CHIP))

test-power: $(VENV) mosquitto micropython32 ## boards whose outbox is in flash lose their power, 300 times on each chip; CHIP=esp8266, CUTS=20, SEED=7
	@$(BIN)/python tests/e2e/power_cuts.py $(or $(CUTS),300) $(if $(SEED),--seed $(SEED)) $(if $(CHIP),--chip $(CHIP))

test-sleep: $(VENV) mosquitto micropython32 ## boards that sleep between measurements, through outages: 1,000 wakes on each chip; CHIP=esp8266, WAKES=50, SEED=7, LIVELY=1
	@$(BIN)/python tests/e2e/wakes.py $(or $(WAKES),1000) $(if $(SEED),--seed $(SEED)) $(if $(CHIP),--chip $(CHIP)) $(if $(LIVELY),--lively)

.venv/.coverage: requirements/coverage.txt | $(VENV)
	@echo "Adding the packages of $< to .venv, for make coverage"
	@$(PIP) install -r $< && touch $@

coverage: $(VENV) .venv/.coverage mosquitto ## which lines and branches of lib/ and firmware/ the unit tests reach, on CPython and MicroPython; fails below 97 % of the branches; TESTS=test_packet, LEAST=0
	@$(BIN)/python tests/coverage/run.py --least $(or $(LEAST),97) $(TESTS)

.venv/.mutants: requirements/mutants.txt | $(VENV)
	@echo "Adding the packages of $< to .venv, for make mutants"
	@$(PIP) install -r $< && touch $@

mutants: $(VENV) .venv/.mutants mosquitto ## would a test fail if a line of lib/ were wrong? a sample of the places: COUNT=20, SEED=7, LEAST=70 per cent; half a minute each
	@$(BIN)/python tests/mutants/run.py $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(LEAST),--least $(LEAST))

.venv/.fuzz: requirements/fuzz.txt | $(VENV)
	@echo "Adding the packages of $< to .venv, for make fuzz"
	@$(PIP) install --only-binary :all: -r $< && touch $@ || true

soak: $(VENV) .venv/.bench mosquitto micropython32 ## a board at 50 times the normal rate while everything fails: is all there, and the heap flat? MINUTES=3, SEED=7, CHIP=esp8266
	@$(BIN)/python tests/soak/run.py $(or $(MINUTES),3) $(if $(SEED),--seed $(SEED)) $(if $(CHIP),--chip $(CHIP))

fuzz: $(VENV) .venv/.fuzz ## what takes in bytes from outside is given ever stranger ones; SECONDS=60, TARGET=parser, INPUT=file to run one again, KEEP=1
	@$(BIN)/python tests/fuzz/run.py $(SECONDS) $(if $(TARGET),--target $(TARGET)) $(if $(INPUT),--input $(INPUT)) $(if $(KEEP),--keep)

test-update: $(VENV) micropython32 ## updates over the air that go wrong, with 100 power losses on each chip, and changes of config.json with 20; CHIP=esp8266, CUTS=20, CHANGES=100, SEED=7
	@$(BIN)/python tests/e2e/update_cuts.py $(or $(CUTS),100) $(if $(CHANGES),--changes $(CHANGES)) $(if $(SEED),--seed $(SEED)) $(if $(CHIP),--chip $(CHIP))

capacity: $(VENV) micropython32 ## what a board bears: the pace of a tenth of a second, how many streams, bursts, and points in a message
	@$(BIN)/python -m onenet_tools.measure.capacity

misfortunes: $(VENV) ## what boards meet in the field, on virtual ones: a table of how long until online, and what was lost; CHIP=
	@$(BIN)/python -m onenet_tools.misfortunes $(if $(CHIP),--chip $(CHIP)) $(NAMES)

cluster: $(VENV) rabbitmq ## a node of a RabbitMQ cluster is killed under 200 boards: does everything arrive? NODES=2, BOARDS=200, SECONDS=60
	@$(BIN)/python -m onenet_tools.cluster $(if $(NODES),--nodes $(NODES)) $(if $(BOARDS),--boards $(BOARDS)) $(if $(SECONDS),--seconds $(SECONDS))

test-e2e: $(VENV) mosquitto micropython32 ## the firmware on the virtual board against real brokers; CHIP=esp8266 for another chip's port
	$(call stage,e2e,end to end,$(PYTEST) 8 -m "$(ONLY)" tests/e2e)

# Checks

lint: $(VENV) ## style, and types against the ESP32's, the ESP8266's and the host's modules
	@$(MAKE) --no-print-directory --keep-going lint-style lint-format lint-esp32 lint-esp8266 lint-host lint-program

lint-style: $(VENV)
	$(BIN)/ruff check

lint-format: $(VENV)
	$(BIN)/ruff format --check

lint-esp32 lint-esp8266: lint-%: $(VENV) build/stubs/%/.made
	MYPYPATH=build/stubs/$*:lib:. $(BIN)/mypy --config-file typings/board.ini \
		--custom-typeshed-dir build/stubs/$* --cache-dir .mypy_cache/$* $(wildcard lib firmware boot.py main.py)

lint-host: $(VENV)
	$(BIN)/mypy tools
	$(BIN)/mypy --config-file typings/host.ini --cache-dir .mypy_cache/host lib/mqtt/host.py lib/mqtt/server.py

lint-program: $(VENV)
	$(BIN)/python tests/stubs.py

$(BOARDS:%=build/stubs/%/.made): build/stubs/%/.made: requirements/%.txt | $(VENV)
	@echo "Installing the types of MicroPython on $* into build/stubs/$*"
	@rm -rf build/stubs/$*
	@$(PIP) install --no-deps --target build/stubs/$* -r $<
	@touch $@

format: $(VENV) ## lays the code out as lint wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

words: $(VENV) ## the catalogue of Chinese texts, with what is new in the code put in; says what has no Chinese yet
	@$(BIN)/python -m onenet_tools.words.catalogue

compliance: $(VENV) ## docs/compliance.md: where each clause of MQTT 3.1.1 is obeyed, and which test shows it; fails if one has none
	@$(BIN)/python -m onenet_tools.pages.compliance

# Use

mpy: $(VENV) ## compile lib/ and firmware/ to build/mpy/ARCH; ARCH=xtensa for ESP8266, xtensawin for ESP32, rv32imc for ESP32-C3
	@$(BIN)/onenet mpy --arch $(ARCH)

demo: $(VENV) $(if $(filter mqtt,$(PLATFORM)),mosquitto,chromium) ## a board comes online at a local OneNET, with a web page to watch; until Ctrl-C, or SECONDS=20; PLATFORM=studio, dp or mqtt; CHIP=esp8266; UPDATE=1 for updates over the air
	@$(BIN)/onenet demo $(if $(PLATFORM),--platform $(PLATFORM)) $(if $(UPDATE),--update) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(CHIP),--chip $(CHIP))

console: $(VENV) ## a local OneNET with a web page, on port 6002 and http://localhost:8080; LAN=1 lets the network in
	@$(BIN)/onenet console $(if $(LAN),--lan)

pictures: $(VENV) .venv/.bench chromium ## pictures of the console's pages in both languages, into docs/pictures
	@$(BIN)/python -m onenet_tools.console.pictures

load: $(VENV) ## many devices at a local OneNET, a data point a second each: figures, and what is lost; DEVICES=1000, MINUTES=5
	@$(BIN)/python -m onenet_tools.measure.load $(if $(DEVICES),--devices $(DEVICES)) $(if $(MINUTES),--minutes $(MINUTES))

board: $(VENV) ## start a virtual board, without a program, and say where its serial port is; CHIP=esp32, esp32c3 or esp8266
	@$(BIN)/onenet board $(if $(CHIP),--chip $(CHIP))

image: $(VENV) ## one file with MicroPython and this firmware, to flash at once: BOARD=ESP32_GENERIC or IMAGE=file; CONFIG=, OUT=, FLASH_SIZE=
	@$(BIN)/onenet image $(BOARD) $(if $(IMAGE),--image $(IMAGE)) $(if $(CONFIG),--config $(CONFIG)) \
		$(if $(OUT),--output $(OUT)) $(if $(FLASH_SIZE),--flash-size $(FLASH_SIZE))

chip: $(VENV) ## an emulated chip in download mode, to try onenet flash on: CHIP=ESP32, ESP8266 or ESP32-C3
	@$(BIN)/python tests/port/rom $(or $(CHIP),ESP32)

.venv/.bench: requirements/bench.txt | $(VENV)
	@echo "Adding the packages of $< to .venv, for the bench's picture"
	@$(PIP) install -r $<
	@touch $@

bench: $(VENV) .venv/.bench mosquitto ## measure this library beside the other MicroPython MQTT clients: minutes; QUICK=1 for one
	@$(BIN)/onenet bench $(if $(QUICK),--quick)

.venv/.docs: requirements/docs.txt | $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed for the pages: make distclean, then make docs PYTHON=python3.12")'
	@echo "Adding the packages of $< to .venv, for the pages"
	@$(PIP) install -r $<
	@touch $@

docs: .venv/.docs ## docs/ as web pages in both languages, into build/docs; fails at the first warning, as a link that leads nowhere
	@$(BIN)/python -m onenet_tools.pages
	@rm -rf build/docs build/doctrees
	@$(BIN)/sphinx-build -q -n -W --keep-going -d build/doctrees/english docs build/docs
	@$(BIN)/sphinx-build -q -n -W --keep-going -d build/doctrees/chinese -t chinese docs build/docs/zh-CN
	@echo "build/docs/index.html, and in Chinese build/docs/zh-CN/index.html"

size: $(VENV) ## what each of the board's modules costs: lines, .mpy bytes, heap; and what boards at work have left; needs node and npm
	@$(BIN)/onenet size

wheel: $(VENV) ## the package to install, into dist/
	@rm -rf build/lib build/bdist.* dist
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist

clean: ## remove what was made, but for .venv
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv
