# SPDX-License-Identifier: GPL-2.0
"""What each scenario shows, and what its trace must say for the picture to be true."""

from typing import Callable, NamedTuple

from events import pid_of

PAGES = 64		# that the scenario `fault` maps


class Bar(NamedTuple):
	"""Something that takes its time in a device; from low to high of its row."""
	start: int
	end: int
	text: str
	low: float = 0
	high: float = 1


class Scenario(NamedTuple):
	title: str
	tasks: list		# their names, from top to bottom
	verify: Callable
	device: str = None
	bars: Callable = None
	bars_are: str = None	# in the legend
	after: float = 0.2	# how much to show after the last event, of all that is shown


class Untrue(Exception):
	"""The trace does not show what the picture is to show."""


def insist(condition, text):
	if not condition:
		raise Untrue(text)


def times(events, name, comm=None):
	return [event.time for event in events
		if event.name == name and comm in (None, event.comm)]


def once(events, name, comm=None):
	found = times(events, name, comm)
	insist(len(found) == 1, f'{comm or "somebody"}: {len(found)} {name}, and not one')
	return found[0]


def woken_in_order(events, sleepers, waker):
	"""Each sleeps once, and the waker wakes them one by one, the longest sleeper first."""
	slept = [once(events, 'ldd_sleep', name) for name in sleepers]
	resumed = [once(events, 'ldd_resume', name) for name in sleepers]
	woken = times(events, 'ldd_wake', waker)
	insist(len(woken) == len(sleepers), f'{len(woken)} ldd_wake for {len(sleepers)} sleepers')
	insist(slept == sorted(slept), 'they do not sleep in order')
	insist(max(slept) < woken[0], 'one is woken before all sleep')
	insist(all(wake < resume for wake, resume in zip(woken, resumed)),
	       'one resumes before it is woken')
	pids = [pid_of(events, name) for name in sleepers]
	chosen = [event.number('pid') for event in events if event.name == 'sched_waking'
		  and event.comm == waker and event.number('pid') in pids
		  and woken[0] <= event.time < resumed[pids.index(event.number('pid'))]]
	insist(chosen == pids, f'woken are {chosen}, and not {pids}')


def sigio(events):
	"""The reader does not sleep in the driver. The writer's bytes, and the room that
	the reader makes by taking them, each send it one SIGIO."""
	sent = [event for event in events if event.name == 'signal_generate'
		and event.fields['comm'] == 'reader' and event.fields['sig'] == '29']
	insist([event.comm for event in sent] == ['writer', 'reader'],
	       'SIGIO is not sent once by the writer and once by the reader')
	insist(not times(events, 'ldd_sleep'), 'somebody sleeps in the driver')


def fault(events):
	"""In few faults, each page is entered once."""
	faults = [event for event in events if event.name == 'ldd_fault']
	page = 0
	for event in faults:
		insist(event.number('pgoff') == page, f'page {page} is not the one that is missing')
		page += event.number('pages')
	insist(page == PAGES, f'{page} pages are entered, and not {PAGES}')
	insist(len(faults) <= PAGES / 8, f'{len(faults)} faults are too many')


def fault_bars(events):
	"""Pages, from when they are entered."""
	gone = once(events, 'ldd_vma_close')
	for event in events:
		if event.name == 'ldd_fault':
			first, count = event.number('pgoff'), event.number('pages')
			last = first + count - 1
			yield Bar(event.time, gone, f'pages {first} to {last}',
				  first / PAGES, (first + count) / PAGES)


def asynchronous(events):
	"""The reader runs while the transfer is in flight, and a worker completes it."""
	submit = once(events, 'ldd_async_submit', 'reader')
	complete = once(events, 'ldd_async_complete')
	insist(not times(events, 'ldd_async_complete', 'reader'), 'the reader completes it')
	insist(complete - submit >= 10_000_000, 'it completes within less than 10 ms')


def async_bars(events):
	yield Bar(once(events, 'ldd_async_submit'), once(events, 'ldd_async_complete'),
		  'transfer 1')


def dma_interrupts(events):
	return [event.time for event in events if event.name == 'irq_handler_entry'
		and event.fields['name'] == 'edu0']


def dma(events):
	"""The writer sleeps through each DMA, and an interrupt of the device wakes it."""
	start, end = times(events, 'ldd_dma_start', 'writer'), times(events, 'ldd_dma_end', 'writer')
	interrupts = dma_interrupts(events)
	insist(len(start) == len(end) == len(interrupts) == 2,
	       f'{len(start)} dma_start, {len(interrupts)} interrupts, {len(end)} dma_end: not two')
	insist(all(s < i < e for s, i, e in zip(start, interrupts, end)),
	       'not each DMA ends with an interrupt')


def dma_bars(events):
	"""The device is busy until it says that it is not."""
	for n, (start, end) in enumerate(zip(times(events, 'ldd_dma_start'),
					     dma_interrupts(events)), 1):
		yield Bar(start, end, f'DMA {n}')


READERS = ['reader-1', 'reader-2', 'reader-3']

SCENARIOS = {
	'sleepy': Scenario('/dev/sleepy: three readers sleep, and each write wakes the one '
			   'that has slept longest', [*READERS, 'writer'],
			   lambda events: woken_in_order(events, READERS, 'writer')),
	'gfifo-full': Scenario('/dev/gfifo: a writer finds the FIFO full, and a reader makes room',
			       ['writer', 'reader'],
			       lambda events: woken_in_order(events, ['writer'], 'reader')),
	'gfifo-empty': Scenario('/dev/gfifo: two readers find the FIFO empty, and each write '
				'wakes one', [*READERS[:2], 'writer'],
				lambda events: woken_in_order(events, READERS[:2], 'writer')),
	'sigio': Scenario('/dev/gfifo: SIGIO tells a reader that sleeps elsewhere',
			  ['reader', 'writer'], sigio, after=1.6),
	'fault': Scenario('/dev/scullp0: a program reads 64 pages that it has mapped',
			  ['mapper'], fault, 'scullp0', fault_bars, 'entered in the page table'),
	# The worker is whoever completes.
	'async': Scenario('/dev/scullp0: an asynchronous read completes after the call has '
			  'returned', ['reader', None], asynchronous, 'scullp0', async_bars,
			  'in flight'),
	'dma': Scenario('/dev/edu0: two writes, each by DMA, each ended by an interrupt',
			['writer'], dma, 'edu0', dma_bars, 'under way'),
}
