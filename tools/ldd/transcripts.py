#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Run the sessions that the documentation shows, and compare what they print.

Each `.. code-block:: console` is one session of a shell, which starts in an empty
directory, with the drivers freshly loaded. A line after `# ` is a command, one after
`> ` goes on with it, and what follows is what it prints; `...` stands for anything.
A block with `:class: qemu` needs what only an x86 machine with an edu device has.
"""
import argparse
import doctest
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

MODULES = ('sleepy gfifo gmemp my_demo_dev kmalloc_map simple scullp scullv'
           .split() + ['edu'])
MARK = os.urandom(16).hex()
# What the command said about its end is kept for the next one to ask.
PROLOGUE = f'_said() {{ local s=$?; printf %s {MARK}; return $s; }}\n'


def sessions(path):
    """Yield (line number, classes, [(command, output)...]) of each console block."""
    with open(path, encoding='utf-8') as f:
        lines = f.read().splitlines()
    for number, line in enumerate(lines):
        start = re.match(r'(\s*)\.\. code-block:: console$', line)
        if not start:
            continue
        depth = len(start[1].expandtabs())
        body = []
        for line in lines[number + 1:]:
            indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
            if line.strip() and indent <= depth:
                break
            body.append(line)
        block = textwrap.dedent('\n'.join(body)).strip('\n')
        options, _, text = block.partition('\n\n')
        if not options.startswith(':'):
            options, text = '', block
        yield number + 1, options.split(), commands(text)


def commands(text):
    found = []
    for line in text.splitlines():
        if line.startswith('# '):
            found.append([line[2:], ''])
        elif not found:
            raise ValueError(f'no command before: {line}')
        elif line.startswith('> ') and not found[-1][1]:
            found[-1][0] += '\n' + line[2:]
        else:
            found[-1][1] += line + '\n'
    return found


class Shell:
    def __init__(self, directory, timeout):
        script, self.script = os.pipe()
        self.deadline = time.monotonic() + timeout
        self.process = subprocess.Popen(
            ['bash', f'/dev/fd/{script}'], pass_fds=[script], cwd=directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        os.close(script)
        os.write(self.script, PROLOGUE.encode())

    def run(self, command):
        """Return what is printed until the command has ended."""
        os.write(self.script, f'{command}\n_said\n'.encode())
        said = b''
        while not said.endswith(MARK.encode()):
            left = self.deadline - time.monotonic()
            out = self.process.stdout
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise TimeoutError(said.decode(errors='replace'))
            part = os.read(out.fileno(), 65536)
            if not part:
                break
            said += part
        text = said.decode(errors='replace').removesuffix(MARK)
        return text if text.endswith('\n') or not text else text + '\n'

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.script)


def reload_modules():
    have = [m for m in MODULES
            if not subprocess.run(['modprobe', '-nq', m], check=False).returncode]
    # An unload waits for RCU several times.
    with open('/sys/kernel/rcu_expedited', 'w', encoding='ascii') as f:
        f.write('1')
    for options in ['-ar'], ['-a']:
        subprocess.run(['modprobe', *options, *have], check=True)


def replay(session, show, timeout):
    """Return what is wrong with a session, if anything is."""
    checker = doctest.OutputChecker()
    reload_modules()
    with tempfile.TemporaryDirectory() as directory:
        shell = Shell(directory, timeout)
        try:
            for command, want in session:
                if show:
                    print('#', command.replace('\n', '\n> '), flush=True)
                got = shell.run(command)
                if show:
                    print(got, end='', flush=True)
                if not checker.check_output(want, got, doctest.ELLIPSIS):
                    return f'# {command}\nExpected:\n{want}Got:\n{got}'
        except TimeoutError as e:
            return f'# {command}\nExpected:\n{want}No end after {timeout} s:\n{e}'
        finally:
            shell.end()
    return None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file', nargs='+')
    parser.add_argument('--show', action='store_true', help='print what is said')
    parser.add_argument('--qemu', action='store_true',
                        help='run the sessions with that class, and no others')
    parser.add_argument('--path', help='directory of the programs of tools/ldd')
    parser.add_argument('--timeout', type=int, default=60,
                        help='seconds for one session (default %(default)s)')
    args = parser.parse_args()
    if args.path:
        os.environ['PATH'] = f'{os.path.abspath(args.path)}:{os.environ["PATH"]}'
    os.environ['LC_ALL'] = 'C'

    passed = failed = 0
    for path in args.file:
        for line, options, session in sessions(path):
            if ('qemu' in options) != args.qemu:
                continue
            name = f'{os.path.basename(path)}:{line}'
            if args.show:
                print(f'\n--- {name}')
            wrong = replay(session, args.show, args.timeout)
            if wrong:
                failed += 1
                print(f'not ok {name}\n{textwrap.indent(wrong, "    ")}', flush=True)
            else:
                passed += 1
                print(f'ok {name}', flush=True)
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
