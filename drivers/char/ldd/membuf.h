/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_MEMBUF_H
#define _LDD_MEMBUF_H

#include <linux/miscdevice.h>
#include <linux/mm_types.h>

#include "mapping.h"

struct iov_iter;
struct kiocb;

/**
 * enum ldd_cache - how a mapping of memory is cached
 * @LDD_CACHE_WB: write-back, as all memory is
 * @LDD_CACHE_WC: write-combining: not cached, but writes are gathered
 * @LDD_CACHE_UC: not cached
 */
enum ldd_cache {
	LDD_CACHE_WB,
	LDD_CACHE_WC,
	LDD_CACHE_UC,
};

/**
 * struct ldd_membuf - a device that is a buffer of fixed size
 * @misc: the device node; its mode and fops are the driver's to set
 * @mappings: VMAs of the buffer
 * @mem: where the buffer lies; NULL if it can only be mapped
 * @size: in bytes, whole pages
 * @cache: how @mem and each user mapping are cached
 * @debugfs: its directory
 *
 * There is no lock: as in any memory that is shared, calls that overlap in time
 * and place mix their bytes.
 */
struct ldd_membuf {
	struct miscdevice misc;
	struct ldd_mappings mappings;
	void *mem;
	size_t size;
	enum ldd_cache cache;
	struct dentry *debugfs;
};

struct ldd_membuf *ldd_membuf_of(const struct file *file);
int ldd_membuf_register(struct ldd_membuf *b, const char *cache);
void ldd_membuf_unregister(struct ldd_membuf *b);

int ldd_membuf_open(struct inode *inode, struct file *file);
ssize_t ldd_membuf_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t ldd_membuf_write_iter(struct kiocb *iocb, struct iov_iter *from);
loff_t ldd_membuf_llseek(struct file *file, loff_t offset, int whence);
long ldd_membuf_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#ifdef CONFIG_COMPAT
long ldd_membuf_compat_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg);
#else
#define ldd_membuf_compat_ioctl NULL
#endif
int ldd_membuf_prepare_vma(const struct ldd_membuf *b,
			   struct vm_area_struct *vma);
int ldd_membuf_prepare_whole_vma(const struct ldd_membuf *b,
				 struct vm_area_struct *vma);

extern const struct vm_operations_struct ldd_membuf_vm_ops;

#if IS_ENABLED(CONFIG_KUNIT)
ssize_t ldd_membuf_read(const struct ldd_membuf *b, struct iov_iter *to,
			loff_t *pos);
ssize_t ldd_membuf_write(struct ldd_membuf *b, struct iov_iter *from,
			 loff_t *pos);
#endif

#endif /* _LDD_MEMBUF_H */
