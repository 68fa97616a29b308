// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/scullp0 and its brothers - memory in page clusters
 *
 * Each cluster is 2^order contiguous pages, so only a device of order 0 can be mapped:
 * a page in the middle of a greater one is not counted by itself.
 * All else is in scull.c.
 *
 * See Documentation/driver-api/ldd/scull.rst.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/splice.h>

#include "scull.h"

static struct scull_params params = SCULL_PARAMS_DEFAULT(0);
SCULL_MODULE_PARAMS;

static void *scullp_alloc(unsigned int order, gfp_t gfp)
{
	/* Compound, so that whoever takes a page of it holds on to all. */
	return (void *)__get_free_pages(gfp | __GFP_COMP, order);
}

static void scullp_free(void *cluster, unsigned int order)
{
	free_pages((unsigned long)cluster, order);
	cond_resched();
}

static struct page *scullp_page(void *cluster, unsigned int index)
{
	return virt_to_page(cluster) + index;
}

static const struct scull_memory scullp_memory = {
	.alloc		= scullp_alloc,
	.free		= scullp_free,
	.page		= scullp_page,
};

static const struct file_operations scullp_fops = {
	.owner		= THIS_MODULE,
	.open		= scull_open,
	.llseek		= scull_llseek,
	.read_iter	= scull_read_iter,
	.write_iter	= scull_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.mmap		= scull_mmap,
};

static struct scull_set *scullp;

static int __init scullp_init(void)
{
	scullp = scull_register("scullp", &scullp_memory, &params, &scullp_fops);
	return PTR_ERR_OR_ZERO(scullp);
}
module_init(scullp_init);

static void __exit scullp_exit(void)
{
	scull_unregister(scullp);
}
module_exit(scullp_exit);

MODULE_DESCRIPTION("A sparse store of bytes on page clusters");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
