// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gmemp - one page of memory, three ways in
 *
 * read(2) and write(2) copy from and to the page, mmap(2) shows the page itself,
 * which the fault handler enters when it is touched first. So what comes in one
 * way is seen through the others at once. A mapping may be longer than the
 * device, as that of a file may be: the rest answers with SIGBUS. The request of
 * ioctl(2) is in <linux/ldd.h>.
 *
 * See Documentation/driver-api/ldd/gmemp.rst.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/ldd.h>
#include <linux/ldd/span.h>
#include <linux/module.h>
#include <linux/splice.h>
#include <linux/string.h>

#include "membuf.h"

static unsigned int gmemp_pages(struct ldd_mappings *m, unsigned long pgoff,
				struct page **pages, unsigned int max)
{
	struct ldd_membuf *b = container_of(m, struct ldd_membuf, mappings);

	if (!ldd_span_holds_page(b->size, pgoff))
		return 0;
	pages[0] = virt_to_page(b->mem);
	return 1;
}

static int gmemp_mmap(struct file *file, struct vm_area_struct *vma)
{
	ldd_mappings_add_faulting(&ldd_membuf_of(file)->mappings, vma);
	return 0;
}

static long gmemp_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ldd_membuf *b = ldd_membuf_of(file);

	switch (cmd) {
	case GMEMP_IOC_CLEAR:
	case GMEMP_IOC_CLEAR_LEGACY:
		memset(b->mem, 0, b->size);
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations gmemp_fops = {
	.owner		= THIS_MODULE,
	.open		= ldd_membuf_open,
	.llseek		= ldd_membuf_llseek,
	.read_iter	= ldd_membuf_read_iter,
	.write_iter	= ldd_membuf_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.mmap		= gmemp_mmap,
	.unlocked_ioctl	= gmemp_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct ldd_membuf gmemp = {
	.misc = {
		.name	= "gmemp",
		.mode	= 0666,
		.fops	= &gmemp_fops,
	},
	.mappings.pages	= gmemp_pages,
	.size		= PAGE_SIZE,
};

static int __init gmemp_init(void)
{
	int ret;

	gmemp.mem = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!gmemp.mem)
		return -ENOMEM;
	ret = ldd_membuf_register(&gmemp, "wb");
	if (ret)
		free_page((unsigned long)gmemp.mem);
	return ret;
}
module_init(gmemp_init);

static void __exit gmemp_exit(void)
{
	ldd_membuf_unregister(&gmemp);
	free_page((unsigned long)gmemp.mem);
}
module_exit(gmemp_exit);

MODULE_DESCRIPTION("One page of memory, three ways in");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
