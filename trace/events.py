# SPDX-License-Identifier: GPL-2.0
"""What a recorded file says: its events, and what a task does when."""

import re
import subprocess
from typing import NamedTuple

LINE = re.compile(r'\s*(?P<comm>.+)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+'
		  r'(?P<s>\d+)\.(?P<ns>\d{9}):\s+(?P<name>\w+):\s*(?P<text>.*)')
FIELD = re.compile(r'(\w+)=(\S+)')

# By the first letter of what sched_switch says of the one that leaves.
RUNNING, READY, SLEEPING, BLOCKED = 'running', 'ready', 'sleeping', 'blocked'
HANDLED = 'interrupt handler'
LEFT_AS = {'R': READY, 'S': SLEEPING, 'I': SLEEPING, 'T': SLEEPING, 'D': BLOCKED}


class Event(NamedTuple):
	time: int	# ns
	cpu: int
	comm: str
	pid: int
	name: str
	fields: dict

	def number(self, field):
		return int(self.fields[field])


class Span(NamedTuple):
	start: int
	end: int
	state: str


def read(path):
	"""Return the events of a file of trace-cmd, in order."""
	# Without plugins, each event is printed as the kernel would.
	report = subprocess.run(['trace-cmd', 'report', '-t', '-N', '-i', path], check=True,
				stdout=subprocess.PIPE, text=True).stdout
	events = []
	for line in report.splitlines():
		m = LINE.fullmatch(line)
		if m:
			events.append(Event(int(m['s']) * 10 ** 9 + int(m['ns']), int(m['cpu']),
					    m['comm'], int(m['pid']), m['name'],
					    dict(FIELD.findall(m['text']))))
	return events


def pid_of(events, comm):
	"""Return the process that has come to be called so."""
	pids = {event.pid for event in events if event.comm == comm}
	if len(pids) != 1:
		raise ValueError(f'{len(pids)} processes are called {comm}, and not one')
	return pids.pop()


def change(event, pid, state):
	"""Return in which state pid is after event; None: in none, it has ended."""
	if event.name == 'sched_switch' and event.number('next_pid') == pid:
		return RUNNING
	if event.name == 'sched_switch' and event.number('prev_pid') == pid:
		return LEFT_AS.get(event.fields['prev_state'][0])
	# One that is just going to sleep can be woken before it has left its processor.
	if event.name == 'sched_wakeup' and event.number('pid') == pid and state != RUNNING:
		return READY
	return state


def first_state(events, pid):
	"""One that is woken has slept. Any other may not have been there."""
	for event in events:
		if event.name == 'sched_wakeup' and event.number('pid') == pid:
			return SLEEPING
		if event.name == 'sched_switch' and event.number('next_pid') == pid:
			return None
	return None


def spans(events, pid):
	"""Return what pid did, as far as the events tell."""
	found = []
	since, state = events[0].time, first_state(events, pid)
	for event in events:
		new = change(event, pid, state)
		if new == state:
			continue
		if state:
			found.append(Span(since, event.time, state))
		since, state = event.time, new
	if state:
		found.append(Span(since, events[-1].time, state))
	return found


class Wakeup(NamedTuple):
	time: int
	by: int		# pid, or the name of an interrupt
	whom: int


def wakeups(events):
	"""Return who wakes whom, when."""
	found = []
	handler = {}	# on which processor
	for event in events:
		if event.name in ('irq_handler_entry', 'softirq_entry'):
			handler[event.cpu] = event.fields.get('name', 'softirq')
		elif event.name in ('irq_handler_exit', 'softirq_exit'):
			handler.pop(event.cpu, None)
		elif event.name == 'sched_waking':
			found.append(Wakeup(event.time, handler.get(event.cpu, event.pid),
					    event.number('pid')))
	return found


def handled(events, name):
	"""Return when the handler of that interrupt ran."""
	found = []
	entered = {}	# on which processor
	for event in events:
		if event.name == 'irq_handler_entry' and event.fields['name'] == name:
			entered[event.cpu] = event.time
		elif event.name == 'irq_handler_exit' and event.cpu in entered:
			found.append(Span(entered.pop(event.cpu), event.time, HANDLED))
	return found
