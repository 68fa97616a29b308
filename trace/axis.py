# SPDX-License-Identifier: GPL-2.0
"""The axis of time: to scale, but for long stretches in which nothing happens."""

import math

CUT_WIDTH = 20		# of a stretch that is left out, in points
TICK_GAP = 62		# between two whole steps, at least
TICK_ROOM = 40		# of the text below
FINEST = 0.1		# width that is drawn
AROUND = 0.08		# what is shown on both sides of that, of all that is shown

# For ticks: the first one that gives few enough.
STEPS = [factor * 10 ** power for power in range(2, 12) for factor in (1, 2, 5)]


class Piece:
	"""A stretch of time, and where it is drawn; left out if it has no event."""

	def __init__(self, start, end, event=None):
		self.start, self.end, self.event = start, end, event
		self.cut = event is None
		self.left = self.right = 0


def cut_where(gaps):
	"""
	Return the lengths that are left out: those that are much longer than all others,
	if that leaves some and makes much room for them.
	"""
	gaps = sorted(gaps, reverse=True)
	for n in range(1, len(gaps) - 1):
		if gaps[n - 1] > 5 * gaps[n] and sum(gaps[:n]) > 5 * sum(gaps[n:]):
			return gaps[:n]
	return []


class Axis:
	"""Time in ns to points. `times` are those that must be seen, sorted."""

	def __init__(self, times, after, left, right):
		self.zero = times[0]
		gaps = [b - a for a, b in zip(times, times[1:])]
		cuts = cut_where(gaps)
		shortest = min(cuts, default=math.inf)
		shown = times[-1] - times[0] - sum(cuts)
		pad = shown * AROUND

		self.pieces = [Piece(times[0] - pad, times[0], times[0])]
		for a, b in zip(times, times[1:]):
			if b - a < shortest:
				self.pieces[-1].end = b
				continue
			self.pieces[-1].end = a + pad
			self.pieces.append(Piece(a + pad, b - pad))
			self.pieces.append(Piece(b - pad, b, b))
		self.pieces[-1].end += after * shown
		self.place(left, right)
		self.choose_step()

	def place(self, left, right):
		room = right - left - CUT_WIDTH * sum(piece.cut for piece in self.pieces)
		self.scale = room / sum(p.end - p.start for p in self.pieces if not p.cut)
		for piece in self.pieces:
			piece.left = left
			left += CUT_WIDTH if piece.cut else (piece.end - piece.start) * self.scale
			piece.right = left

	def choose_step(self):
		self.step = next(step for step in STEPS if step * self.scale >= TICK_GAP)
		self.digits = max(0, 6 - int(math.log10(self.step)))

	def shows(self, time):
		return any(p.start <= time <= p.end for p in self.pieces if not p.cut)

	def x(self, time):
		for piece in self.pieces:
			if time <= piece.end:
				break
		part = (time - piece.start) / (piece.end - piece.start)
		return piece.left + min(max(part, 0), 1) * (piece.right - piece.left)

	def visible(self, start, end):
		"""Return where a stretch is drawn, as (x, width), or None if nobody would see it."""
		x = self.x(start)
		width = self.x(end) - x
		hidden = any(p.cut and p.start <= start and end <= p.end for p in self.pieces)
		return None if hidden or width < FINEST else (x, width)

	def cuts(self):
		"""Yield (x, width) of each stretch that is left out."""
		for piece in self.pieces:
			if piece.cut:
				yield piece.left, piece.right - piece.left

	def whole_steps(self, piece):
		first = math.ceil((piece.start - self.zero) / self.step)
		last = math.floor((piece.end - self.zero) / self.step)
		return [self.zero + n * self.step for n in range(first, last + 1)]

	def ticks(self):
		"""Yield (x, text). A piece without a whole step has one where its event is."""
		last = -math.inf
		for piece in self.pieces:
			if piece.cut:
				continue
			for time in self.whole_steps(piece) or [piece.event]:
				x = self.x(time)
				if x - last >= TICK_ROOM and x < self.pieces[-1].right - TICK_ROOM / 2:
					yield x, f'{(time - self.zero) / 1e6:.{self.digits}f}'
					last = x
