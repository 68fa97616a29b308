# SPDX-License-Identifier: GPL-2.0
#
# The front door. Every target is one script; read that for what it does.

# The scripts take the clone's lock anyway.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# For the scripts. They do not see MAKEFLAGS: see vm/lib.sh.
export TARGETS TESTS VM APPEND KSRC KUNIT_ARGS TIMEOUT

.PHONY: help prepare kselftest kunit check mutants shell demo trace bench plot tools clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo '  KSRC=DIR          a kernel tree to use instead of the package linux-source-6.12:'
	@echo '                    copied (anew if it changed), and used until make clean'
	@echo '  VM=uml|qemu|debug the kernel for kselftest, shell, demo and trace (default uml)'
	@echo '  TESTS=REGEX       run only the selftests whose names match'
	@echo '  APPEND=ARGS       more kernel arguments for kselftest'
	@echo '  SCENARIO=...      for trace: sleepy gfifo-full gfifo-empty sigio fault async dma, or'
	@echo '                    all of them; DOCS=1 puts the pictures into Documentation/'
	@echo '  vm/run -- COMMAND runs any command in a guest: see vm/run --help'

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

demo: tools ## show the tools and the drivers at work, in a guest
	@vm/build $(or $(VM),uml)
	@vm/run --kernel $(or $(VM),uml) -- tools/ldd/demo.sh build/tools build/tools

trace: ## SCENARIO=sleepy: record it in a guest, and draw who wakes whom and when
	@trace/run $(if $(DOCS),--docs) $(SCENARIO)

bench: ## measure the drivers against pipe, eventfd and their like
	@bench/run

plot: ## draw the figure of Documentation/ anew, from the result of make bench
	@bench/plot --direct build/bench/bench.json Documentation/driver-api/ldd/scull-direct.svg

tools: ## build the user programs in build/tools
	@vm/tools

clean: ## remove build/
	@rm -rf build
