// SPDX-License-Identifier: GPL-2.0
/*
 * What all ldd drivers have in common: their tracepoints and their directory in
 * debugfs.
 */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "core.h"

#define CREATE_TRACE_POINTS
#include <trace/events/ldd.h>

EXPORT_TRACEPOINT_SYMBOL_GPL(ldd_sleep);
EXPORT_TRACEPOINT_SYMBOL_GPL(ldd_resume);
EXPORT_TRACEPOINT_SYMBOL_GPL(ldd_wake);
EXPORT_TRACEPOINT_SYMBOL_GPL(ldd_fault);
EXPORT_TRACEPOINT_SYMBOL_GPL(ldd_dma_start);
EXPORT_TRACEPOINT_SYMBOL_GPL(ldd_dma_end);

struct dentry *ldd_debugfs_root;
EXPORT_SYMBOL_GPL(ldd_debugfs_root);

static int __init ldd_core_init(void)
{
	ldd_debugfs_root = debugfs_create_dir("ldd", NULL);
	return 0;
}
module_init(ldd_core_init);

static void __exit ldd_core_exit(void)
{
	debugfs_remove(ldd_debugfs_root);
}
module_exit(ldd_core_exit);

MODULE_DESCRIPTION("Tracepoints and debugfs directory of the ldd drivers");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
