# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # the sourcing script uses the variables
#
# Sourced by every script here: where things are, how progress is told, how a
# failure is shown, and the lock that keeps two builds of one clone apart.

set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$repo/build
log=$build/log
linux=$build/linux

# A variable of the caller's make or shell must not steer the kernel's make.
# TARGETS, VM and their like reach us through the environment, but the copy
# in MAKEFLAGS would override variables of the same name in there.
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL GNUMAKEFLAGS
unset ARCH SUBARCH CROSS_COMPILE LLVM O KBUILD_OUTPUT OUTPUT KCONFIG_CONFIG
export LC_ALL=C

say()
{
	printf '[%4ds] %s\n' $((EPOCHSECONDS - LDD_START)) "$*" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit "${2:-1}"
}

# Elapsed time is that of the outermost script.
export LDD_START=${LDD_START:-$EPOCHSECONDS}

# The few lines of a log that say what went wrong.
blame()
{
	grep -E -m 8 'error|Error|ERROR|undefined|No space left|not found|FAILED|fatal' "$1" |
		cut -c -200 >&2 || tail -n 5 "$1" >&2
	if grep -q 'No space left' "$1" ||
	   [ "$(df --output=avail "$build" | tail -n 1)" -lt 1024 ]; then
		printf 'The disk is full: make room, then run the same command again.\n' >&2
	fi
	printf 'The whole log: %s\n' "$1" >&2
}

# step WHAT LOG COMMAND...: run it with its output in build/log/LOG. Only the
# script itself holds the lock, or a forgotten child could keep it for ever.
# COMMAND may be a function; bash ignores errexit in it, so it chains by &&.
step()
{
	local what=$1 out=$log/$2
	shift 2

	say "$what ..."
	mkdir -p "$log"
	if ! "$@" >"$out" 2>&1 9>&- </dev/null; then
		say "$what: failed"
		blame "$out"
		return 1
	fi
}

# One run at a time in one clone. A script called by one that holds the lock
# is part of the same run.
lock()
{
	[ -z "${LDD_LOCKED:-}" ] || return 0

	mkdir -p "$build"
	exec 9>>"$build/.lock"
	if ! flock -n 9; then
		say "waiting for the run of process $(cat "$build/.lock.pid" 2>/dev/null) in this clone"
		flock 9
	fi
	echo $$ >"$build/.lock.pid"
	export LDD_LOCKED=$$
}

# need PACKAGE...: install those that are missing.
need()
{
	local missing=() have p

	have=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null) || :
	for p; do
		grep -qx "ii *$p" <<<"$have" || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
	if [ "$(id -u)" != 0 ]; then
		if ! sudo -n true 2>/dev/null; then
			die "missing packages; type: sudo apt-get install ${missing[*]}"
		fi
		apt=(sudo -n "${apt[@]}")
	fi
	step 'package lists' apt-update.log "${apt[@]}" update ||
		say 'going on with the lists that are there'
	step "install ${missing[*]}" apt.log \
		"${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
		die "cannot install packages; type: apt-get install ${missing[*]}"
}

# To build a kernel.
kernel_packages=(
	build-essential		# gcc, make, libc
	bc			# kernel/time/timeconst
	bison flex		# Kconfig's parser
	ccache			# the second build of anything
	kmod			# depmod, and modprobe in the guest
	libelf-dev		# objtool
	libssl-dev		# certs/extract-cert
	python3			# kunit.py
	rsync			# the overlay, selftests' install
	xz-utils		# the source package
)
qemu_packages=(
	qemu-system-x86
	seabios			# the BIOS that starts the guest
)
selftest_packages=(
	libcap-dev		# selftests that give up privileges
	liburing-dev		# io_uring
)
tools_packages=(
	build-essential
	libcli11-dev		# command lines
)
docs_packages=(
	graphviz		# kfigure warns without it
	linkchecker
	python3-sphinx
)
trace_packages=(
	python3-matplotlib	# draws
	trace-cmd		# records, in the guest, and reads
)
check_packages=(
	clang clang-format clang-tidy lld llvm	# LLVM=1, and C++
	codespell
	fio stress-ng				# real programs on the devices
	perl					# checkpatch, kernel-doc
	shellcheck
	sparse
)

# tree_sum REGEX: a sum over all files that we put into the tree, or patched in it,
# and whose path REGEX matches.
tree_sum()
{
	(cd "$build/overlay" && find . -type f -printf '%P\n' | grep -E "^$1" | sort |
		xargs -r sha256sum | sha256sum)
}

# check_release NAME RELEASE: is that kernel new enough for the drivers?
check_release()
{
	local major minor number since interface lacks=''

	IFS=.- read -r major minor _ <<<"$2"
	number=$((${major:-0} * 1000 + ${minor:-0}))
	[ $number -lt 6012 ] || return 0
	while read -r since interface; do
		[ $number -ge "$since" ] || lacks+=${lacks:+, }$interface
	done <<-'EOF'
		6003 vm_flags_set()
		6003 iov_iter_extract_pages()
		6005 copy_splice_read()
		6010 __assign_str() of one argument
	EOF
	die "$1 is Linux $2: 6.12 is the oldest that the drivers are for${lacks:+; it lacks $lacks}"
}

# The kernels that boot, and two that are only compiled in part, for warnings.
kernels='uml qemu debug bench coverage'

# Is there such a kernel to boot?
known()
{
	case " $kernels " in
	*" $1 "*) ;;
	*) die "no kernel '$1': there are $kernels" 2 ;;
	esac
}

arch_of()
{
	case $1 in
	uml) echo um ;;
	*) echo x86_64 ;;
	esac
}

llvm_of()
{
	case $1 in
	*-clang) echo 1 ;;
	esac
}

# What to boot, below build/NAME. An x86 vmlinux boots without being unpacked first, but
# KASAN's checks do not survive that way in: it starts without page tables of theirs.
image_of()
{
	case $1 in
	uml) echo linux ;;
	debug) echo arch/x86/boot/bzImage ;;
	lint*) ;;
	*) echo vmlinux ;;
	esac
}

fragments_of()
{
	case $1 in
	uml) echo common uml ;;
	qemu) echo common x86 qemu ;;
	debug) echo common x86 debug ;;
	bench) echo common x86 bench ;;
	coverage) echo common x86 qemu coverage ;;
	lint | lint-clang) echo common x86 lint ;;
	esac
}

# Time and place of the build are fixed: they would change every object, and ccache
# would never find one.
export CCACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/ldd
export CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=3G
export KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=ldd KBUILD_BUILD_HOST=ldd

# The kernel's make in build/NAME, on all CPUs.
kmake()
{
	local name=$1 llvm cc=gcc
	shift

	llvm=$(llvm_of "$name")
	[ -z "$llvm" ] || cc=clang
	# As GCOV_PROFILE := y in two Makefiles; their tests/ are directories of their own.
	# shellcheck disable=SC2016  # for make
	[ "$name" != coverage ] ||
		set -- 'GCOV_PROFILE=$(if $(filter lib/ldd drivers/char/ldd,$(obj)),y)' "$@"
	make -C "$linux" O="$build/$name" ARCH="$(arch_of "$name")" LLVM="$llvm" \
		CC="ccache $cc" HOSTCC="ccache $cc" -j"$(nproc)" "$@"
}
