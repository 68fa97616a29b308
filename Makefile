# SPDX-License-Identifier: GPL-2.0
#
# The front door. Every target is one script; read that for what it does.

# The scripts take the clone's lock anyway.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# For the scripts. They do not see MAKEFLAGS: see vm/lib.sh.
export TARGETS TESTS VM APPEND KSRC KDIR MENU KUNIT_ARGS TIMEOUT

.PHONY: help prepare kselftest kunit check mutants shell demo docs trace coverage bench plot \
	tools modules patches patches-check clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22
	@echo
	@echo '  KSRC=DIR            a kernel tree to use instead of the package linux-source-6.12:'
	@echo '                      copied (anew if it changed), and used until make clean'
	@echo '  VM=uml|qemu|debug   the kernel for kselftest, shell and trace (default uml)'
	@echo '  TESTS=REGEX         run only the selftests whose names match'
	@echo '  APPEND=ARGS         more kernel arguments for kselftest'
	@echo '  SCENARIO=...        for trace: sleepy gfifo-full gfifo-empty sigio fault async dma,'
	@echo '                      or all; DOCS=1 puts the pictures into Documentation/'
	@echo '  vm/run -- COMMAND   runs any command in a guest: see vm/run --help'

prepare: ## unpack the kernel source in build/linux, with our files laid over it
	@vm/prepare

kselftest: ## TARGETS=ldd: run the selftests in a guest, with the kernel's own runner
	@vm/kselftest

kunit: ## run the KUnit tests on UML (KUNIT_ARGS=... for kunit.py)
	@vm/kunit

check: ## all that must hold before a change lands
	@vm/check

mutants: ## put each known bug in and see that a test catches it
	@mutants/run

shell: ## an interactive guest with the drivers loaded
	@vm/build $(or $(VM),uml)
	@vm/run --kernel $(or $(VM),uml) --timeout 0 --tty -- bash

demo: tools ## run what the documentation shows, in a guest
	@vm/build uml
	@vm/run --uml -- tools/ldd/transcripts.py --show --path build/tools \
		Documentation/driver-api/ldd/*.rst

docs: ## build the documentation in build/docs, and check its links
	@vm/docs

trace: ## SCENARIO=sleepy: record it in a guest, and draw who wakes whom and when
	@trace/run $(if $(DOCS),--docs) $(SCENARIO)

coverage: ## how much of the drivers KUnit and the selftests run through, as HTML
	@vm/coverage

bench: ## measure the drivers against pipe, eventfd and their like
	@bench/run

plot: ## draw the figure of Documentation/ anew, from the result of make bench
	@bench/plot --direct build/bench/bench.json Documentation/driver-api/ldd/scull-direct.svg

tools: ## build the user programs in build/tools
	@vm/tools

patches: ## the patch set, ready to send, in build/patches
	@series/make

patches-check: ## see that each patch is good, and that all builds after each
	@series/check

modules: ## KDIR=DIR: build the modules for another kernel, from its tree or headers
	@vm/modules

clean: ## remove build/
	@rm -rf build
