// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/simpler and /dev/simplen - a window on a physical region
 *
 * Both map the same region, which is contiguous in physical memory: simpler
 * enters all of a mapping at once, simplen each page when it is touched. There
 * is no read(2) or write(2). The region is memory of the driver's own, or one of
 * a PCI card that has no driver.
 *
 * See Documentation/driver-api/ldd/simple.rst.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/ldd/span.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <trace/events/ldd.h>

#include "membuf.h"

#define SIMPLE_SIZE (16 * PAGE_SIZE)

static unsigned long long simple_base;
module_param_hw_named(base, simple_base, ullong, iomem, 0400);
MODULE_PARM_DESC(base, "Physical address in a BAR of a PCI card (default: memory of the driver's own)");

static unsigned long simple_size;
module_param_hw_named(size, simple_size, ulong, iomem, 0400);
MODULE_PARM_DESC(size, "Size of that region in bytes, whole pages");

/* The region in I/O memory; NULL when it is memory of our own. */
static struct resource *simple_region;

static unsigned long simple_pfn(const struct ldd_membuf *b, unsigned long pgoff)
{
	phys_addr_t base = simple_region ? simple_region->start :
					   virt_to_phys(b->mem);

	return PHYS_PFN(base) + pgoff;
}

static int simpler_enter(const struct ldd_membuf *b, struct vm_area_struct *vma)
{
	unsigned long pfn = simple_pfn(b, vma->vm_pgoff);
	unsigned long size = vma->vm_end - vma->vm_start;

	if (simple_region)
		return io_remap_pfn_range(vma, vma->vm_start, pfn, size,
					  vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, pfn, size, vma->vm_page_prot);
}

static int simpler_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ldd_membuf *b = ldd_membuf_of(file);
	int ret = ldd_membuf_prepare_whole_vma(b, vma);

	if (!ret)
		ret = simpler_enter(b, vma);
	if (ret)
		return ret;
	ldd_mappings_add(&b->mappings, vma, &ldd_membuf_vm_ops);
	return 0;
}

static unsigned int simplen_pages(struct ldd_mappings *m, unsigned long pgoff,
				  struct page **pages, unsigned int max)
{
	struct ldd_membuf *b = container_of(m, struct ldd_membuf, mappings);
	unsigned int n;

	for (n = 0; n < max && ldd_span_holds_page(b->size, pgoff + n); n++)
		pages[n] = pfn_to_page(simple_pfn(b, pgoff + n));
	return n;
}

/* I/O memory has no struct page, only a number that can be entered. */
static vm_fault_t simplen_io_fault(struct vm_fault *vmf)
{
	struct ldd_mappings *m = vmf->vma->vm_private_data;
	struct ldd_membuf *b = container_of(m, struct ldd_membuf, mappings);
	bool inside = ldd_span_holds_page(b->size, vmf->pgoff);

	trace_ldd_fault(m->name, vmf->pgoff, inside);
	if (!inside)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, simple_pfn(b, vmf->pgoff));
}

static const struct vm_operations_struct simplen_io_ops = {
	.open	= ldd_vma_open,
	.close	= ldd_vma_close,
	.fault	= simplen_io_fault,
};

static int simplen_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ldd_membuf *b = ldd_membuf_of(file);
	int ret;

	if (!simple_region) {
		ldd_mappings_add_faulting(&b->mappings, vma);
		return 0;
	}
	ret = ldd_membuf_prepare_vma(b, vma);
	if (ret)
		return ret;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	ldd_mappings_add(&b->mappings, vma, &simplen_io_ops);
	return 0;
}

static const struct file_operations simpler_fops = {
	.owner	= THIS_MODULE,
	.mmap	= simpler_mmap,
};

static const struct file_operations simplen_fops = {
	.owner	= THIS_MODULE,
	.mmap	= simplen_mmap,
};

static struct ldd_membuf simpler = {
	.misc = {
		.name	= "simpler",
		.mode	= 0600,
		.fops	= &simpler_fops,
	},
};

static struct ldd_membuf simplen = {
	.misc = {
		.name	= "simplen",
		.mode	= 0600,
		.fops	= &simplen_fops,
	},
	.mappings.pages	= simplen_pages,
};

/* A part of the memory of a PCI card: all else may be a hole, or a bus's window. */
static bool __init simple_is_of_card(const struct resource *region)
{
	struct pci_dev *card = NULL;

	for_each_pci_dev(card) {
		for (int bar = 0; bar <= PCI_STD_RESOURCE_END; bar++) {
			if (region->parent != &card->resource[bar])
				continue;
			pci_dev_put(card);
			return true;
		}
	}
	return false;
}

static int __init simple_refuse(int error, const char *why)
{
	pr_err("base=%#llx size=%#lx %s\n", simple_base, simple_size, why);
	return error;
}

static int __init simple_claim(phys_addr_t base, resource_size_t size)
{
	if (!size || !PAGE_ALIGNED(base) || !PAGE_ALIGNED(size) ||
	    base != simple_base || base + size - 1 < base)
		return simple_refuse(-EINVAL, "is no range of whole pages");
	if (region_intersects(base, size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return simple_refuse(-EINVAL, "is RAM");
	if (region_intersects(base, size, IORESOURCE_MEM,
			      IORES_DESC_RESERVED) != REGION_DISJOINT)
		return simple_refuse(-EINVAL, "is reserved by the firmware");
	if (base + size - 1 > iomem_resource.end)
		return simple_refuse(-ENODEV, "belongs to no PCI card, see /proc/iomem");
	simple_region = request_mem_region(base, size, KBUILD_MODNAME);
	if (!simple_region)
		return simple_refuse(-EBUSY, "is in use, see /proc/iomem");
	if (!simple_is_of_card(simple_region)) {
		release_mem_region(base, size);
		simple_region = NULL;
		return simple_refuse(-ENODEV, "belongs to no PCI card, see /proc/iomem");
	}
	return 0;
}

static int __init simple_get_region(void)
{
	void *mem = NULL;
	int ret;

	if (simple_base || simple_size) {
		ret = simple_claim(simple_base, simple_size);
		if (ret)
			return ret;
		simpler.cache = LDD_CACHE_UC;
	} else {
		simple_size = SIMPLE_SIZE;
		mem = alloc_pages_exact(SIMPLE_SIZE,
					GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!mem)
			return -ENOMEM;
	}
	simpler.mem = mem;
	simpler.size = simple_size;
	simplen.cache = simpler.cache;
	simplen.mem = mem;
	simplen.size = simple_size;
	return 0;
}

static void simple_put_region(void)
{
	if (simple_region)
		release_mem_region(simple_region->start,
				   resource_size(simple_region));
	else
		free_pages_exact(simpler.mem, simpler.size);
}

static int __init simple_init(void)
{
	int ret = simple_get_region();

	if (ret)
		return ret;
	ret = ldd_membuf_register(&simpler, "wb");
	if (ret)
		goto put_region;
	ret = ldd_membuf_register(&simplen, "wb");
	if (ret)
		goto unregister_simpler;
	return 0;

unregister_simpler:
	ldd_membuf_unregister(&simpler);
put_region:
	simple_put_region();
	return ret;
}
module_init(simple_init);

static void __exit simple_exit(void)
{
	ldd_membuf_unregister(&simplen);
	ldd_membuf_unregister(&simpler);
	simple_put_region();
}
module_exit(simple_exit);

MODULE_DESCRIPTION("A window on a physical region");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
