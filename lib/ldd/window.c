// SPDX-License-Identifier: GPL-2.0
/*
 * How the memory of a transfer goes through a device that has a small buffer:
 * its window.
 */
#include <linux/export.h>
#include <linux/ldd/window.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>

/**
 * ldd_window_start - prepare to walk over a scatter list
 * @window: set up by this
 * @sg: the list, mapped for DMA
 * @nents: entries that dma_map_sg() made of it
 * @offset: where in the window the first byte goes; any value
 * @size: of the window in bytes
 *
 * Context: any.
 */
void ldd_window_start(struct ldd_window *window, struct scatterlist *sg,
		      unsigned int nents, unsigned int offset, unsigned int size)
{
	*window = (struct ldd_window){
		.sg = sg,
		.left = nents,
		.offset = offset,
		.size = size,
	};
}
EXPORT_SYMBOL_GPL(ldd_window_start);

/**
 * ldd_window_next - find what to transfer next
 * @window: from ldd_window_start(); goes on by what is handed out
 * @piece: set when there is any
 *
 * The pieces are one behind the other in the window, in the order of the list.
 * None reaches beyond an entry of the list or the end of the window.
 *
 * Context: any.
 * Return: true, or false when the list or the window has come to its end.
 */
bool ldd_window_next(struct ldd_window *window, struct ldd_window_piece *piece)
{
	while (window->left && window->done == sg_dma_len(window->sg)) {
		window->sg = sg_next(window->sg);
		window->left--;
		window->done = 0;
	}
	if (!window->left || window->offset >= window->size)
		return false;
	piece->addr = sg_dma_address(window->sg) + window->done;
	piece->offset = window->offset;
	piece->len = min(sg_dma_len(window->sg) - window->done,
			 window->size - window->offset);
	window->done += piece->len;
	window->offset += piece->len;
	return true;
}
EXPORT_SYMBOL_GPL(ldd_window_next);

static bool ldd_window_meet(struct scatterlist *a, struct scatterlist *b,
			    unsigned int line)
{
	phys_addr_t mask = ~((phys_addr_t)line - 1);

	return (sg_phys(a) & mask) <= ((sg_phys(b) + b->length - 1) & mask) &&
	       (sg_phys(b) & mask) <= ((sg_phys(a) + a->length - 1) & mask);
}

/**
 * ldd_window_apart - how much of a scatter list can be mapped at a time
 * @sg: the list, not mapped yet; no entry is empty
 * @nents: its entries, at least 1
 * @line: size of a cache line, a power of two
 *
 * Memory that a device is to write must not share a cache line with anything
 * else that is mapped: to hand one over to the processor could undo the other.
 * Entries that do must be mapped one after the other.
 *
 * Context: any.
 * Return: how many entries, from the first on and at least that one, have no line
 * in common.
 */
unsigned int ldd_window_apart(struct scatterlist *sg, unsigned int nents,
			      unsigned int line)
{
	struct scatterlist *last = sg, *other;
	unsigned int n, i;

	for (n = 1; n < nents; n++) {
		last = sg_next(last);
		for_each_sg(sg, other, n, i)
			if (ldd_window_meet(other, last, line))
				return n;
	}
	return n;
}
EXPORT_SYMBOL_GPL(ldd_window_apart);
