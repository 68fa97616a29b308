/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_PINNED_H
#define _LDD_PINNED_H

#include <linux/bvec.h>
#include <linux/types.h>

struct iov_iter;

/**
 * struct ldd_pinned - the pages behind a buffer, for use without its address space
 * @bytes: how many of the buffer they hold
 * @count: number of @vecs that are in use
 * @pinned: they are pinned; else whoever gave the buffer keeps them, as with the
 *	registered buffers of io_uring
 * @vecs: a page or a part of one each, or several that follow one another in a folio
 */
struct ldd_pinned {
	size_t bytes;
	unsigned int count;
	bool pinned;
	struct bio_vec vecs[];
};

int ldd_pin(struct ldd_pinned *pinned, struct iov_iter *iter, unsigned int max);
void ldd_unpin(struct ldd_pinned *pinned, size_t written);

#endif /* _LDD_PINNED_H */
