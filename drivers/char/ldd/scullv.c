// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/scullv0 and its brothers - memory in vmalloc clusters
 *
 * Each cluster comes from vmalloc(), page by page, so a device of any order can be
 * mapped.
 * All else is in scull.c.
 *
 * See Documentation/driver-api/ldd/scull.rst.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/splice.h>
#include <linux/vmalloc.h>

#include "scull.h"

static struct scull_params params = SCULL_PARAMS_DEFAULT(4);
SCULL_MODULE_PARAMS;

static void *scullv_alloc(unsigned int order, gfp_t gfp)
{
	return __vmalloc(PAGE_SIZE << order, gfp);
}

static void scullv_free(void *cluster, unsigned int order)
{
	vfree(cluster);
	cond_resched();
}

static struct page *scullv_page(void *cluster, unsigned int index)
{
	return vmalloc_to_page(cluster + ((size_t)index << PAGE_SHIFT));
}

static const struct scull_memory scullv_memory = {
	.alloc		= scullv_alloc,
	.free		= scullv_free,
	.page		= scullv_page,
	.mmap_order_max	= MAX_PAGE_ORDER,
};

static const struct file_operations scullv_fops = {
	.owner		= THIS_MODULE,
	.open		= scull_open,
	.llseek		= scull_llseek,
	.read_iter	= scull_read_iter,
	.write_iter	= scull_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.mmap		= scull_mmap,
};

static struct scull_set *scullv;

static int __init scullv_init(void)
{
	/* Every cluster takes a guard page, and others need addresses, too. */
	if (!params.memory)
		params.memory = min(totalram_pages() / 4,
				    (VMALLOC_END - VMALLOC_START) / 8 / PAGE_SIZE);
	scullv = scull_register("scullv", &scullv_memory, &params, &scullv_fops);
	return PTR_ERR_OR_ZERO(scullv);
}
module_init(scullv_init);

static void __exit scullv_exit(void)
{
	scull_unregister(scullv);
}
module_exit(scullv_exit);

MODULE_DESCRIPTION("A sparse store of bytes on vmalloc clusters");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
