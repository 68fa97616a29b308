// SPDX-License-Identifier: GPL-2.0
/*
 * User mappings of a device: how many there are, and how the fault handler
 * fills those that are filled page by page.
 */
#include <linux/export.h>
#include <linux/ldd/span.h>
#include <linux/mm.h>
#include <trace/events/ldd.h>

#include "mapping.h"

/* Pages that one fault enters at most: as many as the kernel's own fault-around. */
#define LDD_AROUND 16UL

/**
 * ldd_vma_open - a mapping came into being by fork, mremap or munmap
 * @vma: the mapping
 *
 * For &vm_operations_struct.open, when the count is not 0 yet: nobody takes the
 * device for unmapped meanwhile. For mmap(2), too: a driver to whom the first
 * mapping matters has a lock around that.
 */
void ldd_vma_open(struct vm_area_struct *vma)
{
	struct ldd_mappings *m = vma->vm_private_data;
	int count = atomic_inc_return(&m->count);

	trace_ldd_vma_open(m->name, count);
}
EXPORT_SYMBOL_GPL(ldd_vma_open);

/**
 * ldd_vma_close - a mapping is gone
 * @vma: the mapping; its pages are not mapped any more
 *
 * For &vm_operations_struct.close.
 */
void ldd_vma_close(struct vm_area_struct *vma)
{
	struct ldd_mappings *m = vma->vm_private_data;
	int count = atomic_dec_return(&m->count);

	trace_ldd_vma_close(m->name, count);
}
EXPORT_SYMBOL_GPL(ldd_vma_close);

/**
 * ldd_mappings_add - make @vma a mapping of the device
 * @mappings: of the device
 * @vma: the new mapping
 * @ops: its operations, with ldd_vma_open() and ldd_vma_close()
 *
 * Context: an mmap operation, which does not fail any more after this.
 */
void ldd_mappings_add(struct ldd_mappings *mappings, struct vm_area_struct *vma,
		      const struct vm_operations_struct *ops)
{
	vma->vm_private_data = mappings;
	vma->vm_ops = ops;
	ldd_vma_open(vma);
}
EXPORT_SYMBOL_GPL(ldd_mappings_add);

/*
 * Enter what there is of the pages [@pgoff, @end) of the device, within one page
 * table that exists. So nothing is allocated, and nothing sleeps.
 */
static vm_fault_t ldd_enter(struct vm_fault *vmf, unsigned long pgoff,
			    unsigned long end)
{
	struct ldd_mappings *m = vmf->vma->vm_private_data;
	unsigned long address, n, left, entered = 0;
	struct page *pages[LDD_AROUND];
	vm_fault_t ret = 0;

	for (; pgoff < end; pgoff += n) {
		n = m->pages(m, pgoff, pages, min(end - pgoff, LDD_AROUND));
		left = n;
		if (n) {
			address = vmf->vma->vm_start +
				  ((pgoff - vmf->vma->vm_pgoff) << PAGE_SHIFT);
			vm_insert_pages(vmf->vma, address, pages, &left);
			n -= left;
			entered += n;
			if (vmf->pgoff - pgoff < n)
				ret = VM_FAULT_NOPAGE;
			/* The one it stopped at has an entry: not by us. */
			n += !!left;
		} else {
			n = 1;
		}
	}
	if (entered)
		trace_ldd_fault(m->name, vmf->pgoff, entered);
	return ret;
}

/* Hand over the page; the core enters it, or a copy in a private mapping. */
static vm_fault_t ldd_fault(struct vm_fault *vmf)
{
	struct ldd_mappings *m = vmf->vma->vm_private_data;
	struct page *page;

	if (!m->pages(m, vmf->pgoff, &page, 1)) {
		trace_ldd_fault(m->name, vmf->pgoff, 0);
		return VM_FAULT_SIGBUS;
	}
	trace_ldd_fault(m->name, vmf->pgoff, 1);
	get_page(page);
	vmf->page = page;
	return 0;
}

/*
 * Enters nothing. That it is there tells the core that the handler above is happy
 * with the lock of the VMA: see vmf_can_call_fault(). Without it each fault
 * starts twice, and takes 1869 instructions instead of 1358.
 */
static vm_fault_t ldd_map_nothing(struct vm_fault *vmf, unsigned long start,
				  unsigned long last)
{
	return 0;
}

static const struct vm_operations_struct ldd_faulting_ops = {
	.open		= ldd_vma_open,
	.close		= ldd_vma_close,
	.fault		= ldd_fault,
	.map_pages	= ldd_map_nothing,
};

/**
 * ldd_mappings_add_faulting - make @vma a mapping that is filled page by page
 * @mappings: of the device, with a pages operation
 * @vma: the new mapping; any offset and any length will do, as with a file
 *
 * A private mapping copies on write.
 *
 * Context: an mmap operation, which does not fail any more after this.
 */
void ldd_mappings_add_faulting(struct ldd_mappings *mappings,
			       struct vm_area_struct *vma)
{
	ldd_mappings_add(mappings, vma, &ldd_faulting_ops);
}
EXPORT_SYMBOL_GPL(ldd_mappings_add_faulting);

/* For a read fault, before the other. Called under RCU: it may not sleep. */
static vm_fault_t ldd_map_around(struct vm_fault *vmf, unsigned long start,
				 unsigned long last)
{
	/* The first fault in a page table is left to the other, which may. */
	if (pmd_none(*vmf->pmd))
		return 0;
	return ldd_enter(vmf, start, last + 1);
}

static vm_fault_t ldd_fault_around(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct ldd_span_window window;
	vm_fault_t ret = 0;

	if (!pmd_none(*vmf->pmd) && (vma->vm_flags & VM_SHARED)) {
		window = ldd_span_around(vma->vm_start, vma->vm_end,
					 vma->vm_pgoff, vmf->address, LDD_AROUND);
		ret = ldd_enter(vmf, window.pgoff, window.pgoff + window.pages);
	}
	return ret ?: ldd_fault(vmf);
}

static const struct vm_operations_struct ldd_around_ops = {
	.open		= ldd_vma_open,
	.close		= ldd_vma_close,
	.fault		= ldd_fault_around,
	.map_pages	= ldd_map_around,
};

/**
 * ldd_mappings_add_around - as ldd_mappings_add_faulting(), for many pages
 * @mappings: of the device, with a pages operation
 * @vma: the new mapping; any offset and any length will do, as with a file
 *
 * Neighbours of a page that is touched are entered along with it. The price is
 * VM_MIXEDMAP: mremap(2) cannot grow such a mapping where it is.
 *
 * Context: an mmap operation, which does not fail any more after this.
 */
void ldd_mappings_add_around(struct ldd_mappings *mappings,
			     struct vm_area_struct *vma)
{
	/* vm_insert_pages() asks for it. */
	vm_flags_set(vma, VM_MIXEDMAP);
	ldd_mappings_add(mappings, vma, &ldd_around_ops);
}
EXPORT_SYMBOL_GPL(ldd_mappings_add_around);
