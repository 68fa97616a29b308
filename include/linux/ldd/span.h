/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LDD_SPAN_H
#define _LINUX_LDD_SPAN_H

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>

/**
 * struct ldd_span_place - where a position falls among clusters
 * @cluster: index of the cluster
 * @offset: bytes from the cluster's start to the position
 * @left: bytes from the position to the cluster's end, never 0
 */
struct ldd_span_place {
	unsigned long cluster;
	size_t offset;
	size_t left;
};

/**
 * struct ldd_span_window - the pages to map for one fault
 * @address: virtual address of the first
 * @pgoff: its page offset in the device
 * @pages: how many, never 0
 */
struct ldd_span_window {
	unsigned long address;
	unsigned long pgoff;
	unsigned int pages;
};

/**
 * ldd_span_clamp - how much of a transfer is inside the device?
 * @size: size of the device in bytes
 * @pos: where the transfer starts; any value
 * @count: bytes wanted; any value
 *
 * Context: any.
 * Return: how many of the @count bytes from @pos on lie in front of @size; 0 when
 * @pos is negative.
 */
static inline size_t ldd_span_clamp(u64 size, loff_t pos, size_t count)
{
	if (pos < 0 || (u64)pos >= size)
		return 0;
	return min_t(u64, count, size - pos);
}

/**
 * ldd_span_pages - number of pages that a device takes
 * @size: size of the device in bytes; any value
 *
 * Context: any.
 * Return: @size in pages, rounded up. Does not fit unsigned long on 32-bit when
 * @size is beyond MAX_LFS_FILESIZE.
 */
static inline u64 ldd_span_pages(u64 size)
{
	/* Adding PAGE_SIZE - 1 first could overflow. */
	return (size >> PAGE_SHIFT) + !!offset_in_page(size);
}

/**
 * ldd_span_holds_page - is there something of the device in this page?
 * @size: size of the device in bytes; any value
 * @pgoff: page offset in the device; any value
 *
 * What a fault handler asks before it looks for the page: no means SIGBUS.
 *
 * Context: any.
 * Return: true when at least the first byte of the page is in front of @size.
 */
static inline bool ldd_span_holds_page(u64 size, unsigned long pgoff)
{
	return pgoff < ldd_span_pages(size);
}

/**
 * ldd_span_locate - find the cluster that a position is in
 * @pos: position in the device, from 0 to MAX_LFS_FILESIZE. Beyond, which only
 *	 32-bit has, the index of the cluster does not fit unsigned long.
 * @order: a cluster has 2^@order pages, at most 2^MAX_PAGE_ORDER
 *
 * Context: any.
 * Return: the cluster, and where in it.
 */
static inline struct ldd_span_place ldd_span_locate(loff_t pos, unsigned int order)
{
	size_t bytes = PAGE_SIZE << order;
	size_t offset = pos & (bytes - 1);

	return (struct ldd_span_place){
		.cluster = pos >> (PAGE_SHIFT + order),
		.offset = offset,
		.left = bytes - offset,
	};
}

bool ldd_span_holds_vma(u64 size, unsigned long pgoff, unsigned long start,
			unsigned long end);
struct ldd_span_window ldd_span_around(unsigned long start, unsigned long end,
				       unsigned long vm_pgoff,
				       unsigned long address, unsigned int pages);

#endif /* _LINUX_LDD_SPAN_H */
