/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LDD_WINDOW_H
#define _LINUX_LDD_WINDOW_H

#include <linux/types.h>

struct scatterlist;

/**
 * struct ldd_window_piece - what one command of a device transfers
 * @addr: the memory, as the device addresses it
 * @offset: of the first byte in the window
 * @len: bytes, never 0
 */
struct ldd_window_piece {
	dma_addr_t addr;
	unsigned int offset;
	unsigned int len;
};

/**
 * struct ldd_window - how far a scatter list has gone through a window
 * @sg: the entry that is next, or that has been split
 * @left: entries from that one on
 * @done: bytes of that one that have been handed out
 * @offset: where in the window the next piece goes
 * @size: of the window in bytes
 */
struct ldd_window {
	struct scatterlist *sg;
	unsigned int left;
	unsigned int done;
	unsigned int offset;
	unsigned int size;
};

void ldd_window_start(struct ldd_window *window, struct scatterlist *sg,
		      unsigned int nents, unsigned int offset,
		      unsigned int size);
bool ldd_window_next(struct ldd_window *window, struct ldd_window_piece *piece);
unsigned int ldd_window_apart(struct scatterlist *sg, unsigned int nents,
			      unsigned int line);

#endif /* _LINUX_LDD_WINDOW_H */
