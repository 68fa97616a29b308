/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_MAPPING_H
#define _LDD_MAPPING_H

#include <linux/atomic.h>
#include <linux/mm.h>

/**
 * struct ldd_mappings - the user mappings of one device
 * @name: of the device, for tracepoints
 * @pages: stores the pages from an offset of the device on, in pages, up to the
 *	first that is not there, at least one and at most @max, and returns how
 *	many; 0 if an access is to be answered by SIGBUS. It may not sleep. What
 *	it stores must stay while anything is mapped. Not used by a device that
 *	enters its pages at once.
 * @count: VMAs there are
 *
 * &vm_area_struct.vm_private_data of each mapping points here.
 */
struct ldd_mappings {
	const char *name;
	unsigned int (*pages)(struct ldd_mappings *mappings, unsigned long pgoff,
			      struct page **pages, unsigned int max);
	atomic_t count;
};

/**
 * ldd_mappings_count - how many VMAs there are
 * @mappings: of the device
 *
 * Return: their number; a fork(2) or a partial munmap(2) makes two out of one.
 */
static inline int ldd_mappings_count(const struct ldd_mappings *mappings)
{
	return atomic_read(&mappings->count);
}

void ldd_mappings_add(struct ldd_mappings *mappings, struct vm_area_struct *vma,
		      const struct vm_operations_struct *ops);
void ldd_mappings_add_faulting(struct ldd_mappings *mappings,
			       struct vm_area_struct *vma);
void ldd_mappings_add_around(struct ldd_mappings *mappings,
			     struct vm_area_struct *vma);
void ldd_vma_open(struct vm_area_struct *vma);
void ldd_vma_close(struct vm_area_struct *vma);

#endif /* _LDD_MAPPING_H */
