/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_CORE_H
#define _LDD_CORE_H

struct dentry;

/* The debugfs directory "ldd": each driver keeps a directory of its own in it. */
extern struct dentry *ldd_debugfs_root;

#endif /* _LDD_CORE_H */
