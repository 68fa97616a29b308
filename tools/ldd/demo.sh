#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh [DIR]: show the drivers and the programs at work. DIR has the programs that the
# Makefile here builds; the drivers must be loaded. Reads like a session at a
# terminal. The exit status is not 0 if a step did not show what it should.

set -u

dir=${1:-$(dirname "$0")}
PATH=$(cd "$dir" && pwd):$PATH
patience=20		# seconds before something that does not happen is a failure
failed=0

title()
{
	printf '\n# %s\n' "$*"
}

prompt()
{
	printf '$ %s\n' "$*"
}

fail()
{
	printf '*** FAILED: %s\n' "$*"
	failed=$((failed + 1))
}

# expect WHAT: the output of the last step, in $output, must contain it.
expect()
{
	[[ $output == *"$1"* ]] || fail "the output does not say: $1"
}

# run COMMAND: type it, run it, show what it says, and keep that in $output.
run()
{
	prompt "$1"
	output=$(timeout "$patience" bash -c "$1" 2>&1)
	local status=$?
	[ -z "$output" ] || printf '%s\n' "$output"
	[ $status = 0 ] || fail "exit status $status"
}

# until_is FILE VALUE: wait until the driver says so in FILE.
until_is()
{
	local end=$((SECONDS + patience))

	until [ "$(<"$1")" = "$2" ]; do
		if [ $SECONDS -ge $end ]; then
			fail "$1 does not become $2"
			return 1
		fi
	done
}

sleepers=/sys/class/misc/sleepy/sleepers
for name in gfifo-demo async-demo async_stdin gmemp-demo mapper mapcmp lddpages; do
	command -v $name >/dev/null || { echo "demo.sh: no $name in $dir" >&2; exit 2; }
done
devices=(/dev/sleepy /dev/gfifo /dev/gmemp /dev/my_demo_dev /dev/kmalloc_map /dev/scullp0 \
	/dev/scullv0)
for file in "${devices[@]}" $sleepers; do
	[ -e "$file" ] || { echo "demo.sh: no $file: are the drivers loaded?" >&2; exit 2; }
done

title 'sleepy: a read sleeps until somebody writes'
prompt 'cat /dev/sleepy &'
timeout "$patience" cat /dev/sleepy &
cat=$!
until_is $sleepers 1
run "cat $sleepers"
expect 1
run 'echo wake >/dev/sleepy'
prompt 'wait; echo "cat ended: $?"'
wait $cat
output="cat ended: $?"
echo "$output"
expect 'cat ended: 0'

title 'sleepy: with nobody asleep one wake-up is remembered, and only one'
run 'echo >/dev/sleepy; echo >/dev/sleepy'
run 'cat /dev/sleepy && echo the first read returns at once'
expect 'returns at once'
run 'dd if=/dev/sleepy iflag=nonblock bs=1 count=1 2>&1 | head -n 1'
expect 'Resource temporarily unavailable'

title 'gfifo: bytes come out as they went in'
run 'echo one >/dev/gfifo; echo two >/dev/gfifo; cat /sys/class/misc/gfifo/queued'
expect 8
run 'head -c 8 /dev/gfifo'
expect $'one\ntwo'

for mode in block select poll epoll async; do
	title "gfifo: one process waits by $mode, the other writes a second later"
	run "gfifo-demo $mode"
	expect 'Hello, global gfifo'
done

title 'async_stdin: SIGIO announces each line'
prompt 'async_stdin </dev/gfifo &'
coproc timeout "$patience" async_stdin </dev/gfifo
follower=$COPROC_PID		# gone from the shell once the process is
exec {lines}<&"${COPROC[0]}"
for word in first second third; do
	prompt "echo the $word line >/dev/gfifo"
	echo "the $word line" >/dev/gfifo
	output=
	read -r -t "$patience" -u "$lines" output
	echo "$output"
	expect "the $word line"
done
prompt 'kill %1'
kill "$follower"
wait
exec {lines}<&-
run "printf 'from\na\npipe\n' | async_stdin"
expect $'from\na\npipe'

title 'async-demo: a read that completes after the call has returned'
run 'head -c 4096 /dev/zero >/dev/scullp0; async-demo'
expect 'the read completes: 4096 bytes'

title 'gmemp: two processes, one page of memory'
run 'gmemp-demo'
for line in 'second  reads: "Hello, other process"' \
	'first   sees in its mapping: only zeros' \
	'first   touches the page past the end: SIGBUS'; do
	expect "$line"
done

title 'mapper: what was written comes out of the mapping'
export page
page=$(getconf PAGESIZE)
run 'echo "in by write, out by mmap" >/dev/gmemp; mapper /dev/gmemp 13 12'
expect 'out by mmap'
run "mapper /dev/gmemp \$page 1; echo \"mapper ended: \$?\""
expect "no memory behind the page at offset $page"
expect 'mapper ended: 1'

title 'mapcmp: ten pages mapped at once, and ten entered one by one'
run "yes ldd | head -c \$((10 * page)) | tee /dev/my_demo_dev >/dev/kmalloc_map"
run "mapcmp /dev/my_demo_dev /dev/kmalloc_map 0 \$((10 * page)) && echo equal"
expect equal
run 'echo x | dd of=/dev/kmalloc_map bs=1 count=1 seek=30000 conv=notrunc status=none'
run "mapcmp /dev/my_demo_dev /dev/kmalloc_map 0 \$((10 * page)); echo \"mapcmp ended: \$?\""
expect 'differ: byte 30001'
expect 'mapcmp ended: 1'

title 'lddpages: what is behind each page'
run "lddpages --device /dev/gmemp 0 \$((2 * page))"
expect 'present,file'
expect 'not present: SIGBUS'
run "lddpages --device /dev/my_demo_dev 0 \$((3 * page))"
expect 'pfnmap: the kernel shows nobody the frames'
run "yes ldd | head -c \$((3 * page)) >/dev/scullv0"
run "lddpages --device /dev/scullv0 0 \$((4 * page))"
expect 'present,file'
expect 'not present: SIGBUS'

if [ $failed != 0 ]; then
	printf '\n%d steps did not show what they should.\n' $failed
	exit 1
fi
printf '\nEverything was as it should be.\n'
