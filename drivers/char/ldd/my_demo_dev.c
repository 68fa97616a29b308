// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/my_demo_dev - ten contiguous pages mapped at once
 *
 * read(2), write(2) and lseek(2) as on any piece of memory. mmap(2) enters all
 * pages of the mapping at once, by their numbers, cached the way the parameter
 * "cache" says. The request of ioctl(2) is in <linux/ldd.h>.
 *
 * See Documentation/driver-api/ldd/my_demo_dev.rst.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/splice.h>

#include "membuf.h"

static char *my_demo_cache;
module_param_named(cache, my_demo_cache, charp, 0);
MODULE_PARM_DESC(cache, "How the buffer is cached: wb, wc or uc (default uc where that can be done)");

static int my_demo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ldd_membuf *b = ldd_membuf_of(file);
	int ret = ldd_membuf_prepare_whole_vma(b, vma);

	if (ret)
		return ret;
	ret = remap_pfn_range(vma, vma->vm_start,
			      PHYS_PFN(virt_to_phys(b->mem)) + vma->vm_pgoff,
			      vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		return ret;
	ldd_mappings_add(&b->mappings, vma, &ldd_membuf_vm_ops);
	return 0;
}

static const struct file_operations my_demo_fops = {
	.owner		= THIS_MODULE,
	.open		= ldd_membuf_open,
	.llseek		= ldd_membuf_llseek,
	.read_iter	= ldd_membuf_read_iter,
	.write_iter	= ldd_membuf_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.mmap		= my_demo_mmap,
	.unlocked_ioctl	= ldd_membuf_ioctl,
	.compat_ioctl	= ldd_membuf_compat_ioctl,
};

static struct ldd_membuf my_demo = {
	.misc = {
		.name	= "my_demo_dev",
		.mode	= 0666,
		.fops	= &my_demo_fops,
	},
	.size		= 10 * PAGE_SIZE,
};

static int __init my_demo_init(void)
{
	int ret;

	my_demo.mem = alloc_pages_exact(my_demo.size,
					GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!my_demo.mem)
		return -ENOMEM;
	ret = ldd_membuf_register(&my_demo, my_demo_cache);
	if (ret)
		free_pages_exact(my_demo.mem, my_demo.size);
	return ret;
}
module_init(my_demo_init);

static void __exit my_demo_exit(void)
{
	ldd_membuf_unregister(&my_demo);
	free_pages_exact(my_demo.mem, my_demo.size);
}
module_exit(my_demo_exit);

MODULE_DESCRIPTION("Ten contiguous pages mapped at once");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
