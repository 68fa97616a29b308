// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a buffer, held so that somebody else can use them later: when the
 * call that brought the buffer has returned, and whatever became of its process.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/uio.h>

#include "pinned.h"

/* Pages that are asked for together. */
#define LDD_PIN_BATCH 64U

/* Does @page begin where @vec ends, in the same folio? */
static bool ldd_vec_meets(const struct bio_vec *vec, struct page *page)
{
	size_t end = (size_t)vec->bv_offset + vec->bv_len;

	return PAGE_ALIGNED(end) && page == vec->bv_page + (end >> PAGE_SHIFT) &&
	       page_folio(page) == page_folio(vec->bv_page);
}

/* What follows on in a folio is one vec: it can be let go by one call. */
static void ldd_pinned_add(struct ldd_pinned *pinned, struct page **pages,
			   size_t bytes, size_t offset)
{
	struct bio_vec *next = &pinned->vecs[pinned->count];
	size_t len;

	for (pinned->bytes += bytes; bytes; bytes -= len, pages++) {
		len = min(bytes, PAGE_SIZE - offset);
		if (!offset && next > pinned->vecs && ldd_vec_meets(next - 1, *pages))
			next[-1].bv_len += len;
		else
			bvec_set_page(next++, *pages, len, offset);
		offset = 0;
	}
	pinned->count = next - pinned->vecs;
}

/**
 * ldd_pin - get hold of the pages of a buffer
 * @pinned: zeroed, with room for @max vecs
 * @iter: the buffer, of any kind that has pages; goes on by what was got
 * @max: iov_iter_npages() of @iter
 *
 * What can be had counts, up to the first page that cannot.
 *
 * Context: process context; may fault, so no lock that a fault handler takes is
 * held.
 * Return: 0, and ldd_unpin() is to be called; -EFAULT when not even the first
 * page is there, or may not be written if @iter is a destination; -EINTR when the
 * task is being killed.
 */
int ldd_pin(struct ldd_pinned *pinned, struct iov_iter *iter, unsigned int max)
{
	struct page *batch[LDD_PIN_BATCH], **pages = batch;
	ssize_t got = 0;
	size_t offset;

	pinned->pinned = iov_iter_extract_will_pin(iter);
	while (iov_iter_count(iter)) {
		got = iov_iter_extract_pages(iter, &pages, MAX_RW_COUNT,
					     min(LDD_PIN_BATCH, max - pinned->count),
					     0, &offset);
		if (got <= 0)
			break;
		ldd_pinned_add(pinned, pages, got, offset);
	}
	return pinned->bytes ? 0 : got ?: -EFAULT;
}
EXPORT_SYMBOL_GPL(ldd_pin);

static unsigned long ldd_vec_pages(const struct bio_vec *vec)
{
	return DIV_ROUND_UP((size_t)vec->bv_offset + vec->bv_len, PAGE_SIZE);
}

/**
 * ldd_unpin - let go of the pages of a buffer
 * @pinned: from ldd_pin()
 * @written: bytes that were stored, from the start of the buffer on
 *
 * What was written to counts as dirty before it is let go: until then the page may
 * have been cleaned, and a clean page is one that can be thrown away.
 *
 * Context: process context, may sleep.
 */
void ldd_unpin(struct ldd_pinned *pinned, size_t written)
{
	if (!pinned->pinned)
		return;
	for (unsigned int i = 0; i < pinned->count; i++) {
		struct bio_vec *vec = &pinned->vecs[i];

		unpin_user_page_range_dirty_lock(vec->bv_page, ldd_vec_pages(vec),
						 written > 0);
		written -= min_t(size_t, written, vec->bv_len);
	}
}
EXPORT_SYMBOL_GPL(ldd_unpin);
