// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kmalloc_map - a kmalloc'ed buffer mapped page by page
 *
 * The same as /dev/my_demo_dev on memory from kmalloc(), and mmap(2) enters each
 * page by a call of its own. Memory that is contiguous only in the kernel's
 * mapping would be mapped the same way.
 *
 * See Documentation/driver-api/ldd/kmalloc_map.rst.
 */
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/splice.h>

#include "membuf.h"

static char *kmalloc_map_cache;
module_param_named(cache, kmalloc_map_cache, charp, 0);
MODULE_PARM_DESC(cache, "How the buffer is cached: wb, wc or uc (default uc where that can be done)");

static int kmalloc_map_enter(const struct ldd_membuf *b,
			     struct vm_area_struct *vma)
{
	void *mem = b->mem + (vma->vm_pgoff << PAGE_SHIFT);
	unsigned long address;
	int ret;

	for (address = vma->vm_start; address < vma->vm_end;
	     address += PAGE_SIZE, mem += PAGE_SIZE) {
		ret = remap_pfn_range(vma, address, PHYS_PFN(virt_to_phys(mem)),
				      PAGE_SIZE, vma->vm_page_prot);
		if (ret)
			return ret;
	}
	return 0;
}

static int kmalloc_map_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ldd_membuf *b = ldd_membuf_of(file);
	int ret = ldd_membuf_prepare_whole_vma(b, vma);

	if (!ret)
		ret = kmalloc_map_enter(b, vma);
	if (ret)
		return ret;
	ldd_mappings_add(&b->mappings, vma, &ldd_membuf_vm_ops);
	return 0;
}

static const struct file_operations kmalloc_map_fops = {
	.owner		= THIS_MODULE,
	.open		= ldd_membuf_open,
	.llseek		= ldd_membuf_llseek,
	.read_iter	= ldd_membuf_read_iter,
	.write_iter	= ldd_membuf_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.mmap		= kmalloc_map_mmap,
	.unlocked_ioctl	= ldd_membuf_ioctl,
	.compat_ioctl	= ldd_membuf_compat_ioctl,
};

static struct ldd_membuf kmalloc_map = {
	.misc = {
		.name	= "kmalloc_map",
		.mode	= 0666,
		.fops	= &kmalloc_map_fops,
	},
	.size		= 10 * PAGE_SIZE,
};

static int __init kmalloc_map_init(void)
{
	int ret;

	/* More than a slab holds, so it comes in whole pages. */
	kmalloc_map.mem = kzalloc(kmalloc_map.size, GFP_KERNEL_ACCOUNT);
	if (!kmalloc_map.mem)
		return -ENOMEM;
	ret = ldd_membuf_register(&kmalloc_map, kmalloc_map_cache);
	if (ret)
		kfree(kmalloc_map.mem);
	return ret;
}
module_init(kmalloc_map_init);

static void __exit kmalloc_map_exit(void)
{
	ldd_membuf_unregister(&kmalloc_map);
	kfree(kmalloc_map.mem);
}
module_exit(kmalloc_map_exit);

MODULE_DESCRIPTION("A kmalloc'ed buffer mapped page by page");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
