// SPDX-License-Identifier: GPL-2.0
/*
 * Where a position or a mapping falls in a device.
 *
 * Positions, sizes and page offsets come from user space and may have any value,
 * so nothing is added or shifted left before it is known to fit.
 */
#include <linux/export.h>
#include <linux/ldd/span.h>
#include <linux/overflow.h>
#include <linux/pfn.h>

/**
 * ldd_span_holds_vma - does a mapping lie wholly in the device?
 * @size: size of the device in bytes; the mapping may have all of its last page
 * @pgoff: page offset of the mapping in the device; any value
 * @start: first virtual address of the mapping; any value
 * @end: the address behind it; any value
 *
 * Context: any.
 * Return: true when each page of the mapping has a page in the device. False for
 * an empty mapping, or addresses that are not page-aligned.
 */
bool ldd_span_holds_vma(u64 size, unsigned long pgoff, unsigned long start,
			unsigned long end)
{
	unsigned long pages, behind;

	if (end <= start || offset_in_page(start | end))
		return false;
	pages = (end - start) >> PAGE_SHIFT;
	return !check_add_overflow(pgoff, pages, &behind) &&
	       behind <= ldd_span_pages(size);
}
EXPORT_SYMBOL_GPL(ldd_span_holds_vma);

/**
 * ldd_span_around - which pages to map for a fault on one of them
 * @start: first virtual address of the mapping, page-aligned
 * @end: the address behind it, page-aligned
 * @vm_pgoff: page offset of the mapping in the device
 * @address: where the fault was, from @start to @end - 1
 * @pages: pages wanted, a power of two
 *
 * The window starts at a multiple of its size, so up to PTRS_PER_PTE pages it
 * needs one page table only.
 *
 * Context: any.
 * Return: the naturally aligned window of @pages pages around @address, cut to the
 * mapping.
 */
struct ldd_span_window ldd_span_around(unsigned long start, unsigned long end,
				       unsigned long vm_pgoff,
				       unsigned long address, unsigned int pages)
{
	/* In pages: the end of the window in bytes could overflow. */
	unsigned long vm_first = PFN_DOWN(start);
	unsigned long aligned = round_down(PFN_DOWN(address), pages);
	unsigned long first = max(aligned, vm_first);
	unsigned long behind = min(aligned + pages, PFN_DOWN(end));

	return (struct ldd_span_window){
		.address = first << PAGE_SHIFT,
		.pgoff = vm_pgoff + (first - vm_first),
		.pages = behind - first,
	};
}
EXPORT_SYMBOL_GPL(ldd_span_around);
