// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is a buffer of fixed size: what gmemp, my_demo_dev, kmalloc_map
 * and simple have in common. How the buffer is allocated and how it gets into a
 * user mapping is what they differ in.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/compat.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/ldd.h>
#include <linux/ldd/span.h>
#include <linux/pgtable.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "copy.h"
#include "core.h"
#include "membuf.h"

/**
 * ldd_membuf_of - the buffer that a file was opened for
 * @file: of a node that ldd_membuf_register() made
 *
 * Return: the buffer.
 */
struct ldd_membuf *ldd_membuf_of(const struct file *file)
{
	/* Set by misc_open(). */
	return container_of(file->private_data, struct ldd_membuf, misc);
}
EXPORT_SYMBOL_GPL(ldd_membuf_of);

/* Memory is always ready. */
int ldd_membuf_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return 0;
}
EXPORT_SYMBOL_GPL(ldd_membuf_open);

/**
 * ldd_membuf_read - copy bytes out of the buffer
 * @b: the buffer
 * @to: where to
 * @pos: in the buffer; goes on by what was copied
 *
 * Context: process context, may sleep to fault in @to.
 * Return: number of bytes, 0 at the end or if none were asked for; -EFAULT when
 * not one byte could be copied.
 */
VISIBLE_IF_KUNIT ssize_t ldd_membuf_read(const struct ldd_membuf *b,
					 struct iov_iter *to, loff_t *pos)
{
	size_t count = ldd_span_clamp(b->size, *pos, iov_iter_count(to));
	size_t done;

	if (!count)
		return 0;
	done = ldd_copy_to_iter(b->mem + *pos, count, to);
	*pos += done;
	return done ?: -EFAULT;
}
EXPORT_SYMBOL_IF_KUNIT(ldd_membuf_read);

/**
 * ldd_membuf_write - copy bytes into the buffer
 * @b: the buffer
 * @from: where from
 * @pos: in the buffer; goes on by what was copied
 *
 * Context: process context, may sleep to fault in @from.
 * Return: number of bytes, 0 only if none were given; -ENOSPC at the end;
 * -EFAULT when not one byte could be copied.
 */
VISIBLE_IF_KUNIT ssize_t ldd_membuf_write(struct ldd_membuf *b,
					  struct iov_iter *from, loff_t *pos)
{
	size_t count = ldd_span_clamp(b->size, *pos, iov_iter_count(from));
	size_t done;

	if (!iov_iter_count(from))
		return 0;
	if (!count)
		return -ENOSPC;
	done = ldd_copy_from_iter(b->mem + *pos, count, from);
	*pos += done;
	return done ?: -EFAULT;
}
EXPORT_SYMBOL_IF_KUNIT(ldd_membuf_write);

ssize_t ldd_membuf_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return ldd_membuf_read(ldd_membuf_of(iocb->ki_filp), to, &iocb->ki_pos);
}
EXPORT_SYMBOL_GPL(ldd_membuf_read_iter);

ssize_t ldd_membuf_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct ldd_membuf *b = ldd_membuf_of(iocb->ki_filp);

	/* A device without an end to move has no room there either. */
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = b->size;
	return ldd_membuf_write(b, from, &iocb->ki_pos);
}
EXPORT_SYMBOL_GPL(ldd_membuf_write_iter);

loff_t ldd_membuf_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, ldd_membuf_of(file)->size);
}
EXPORT_SYMBOL_GPL(ldd_membuf_llseek);

static long ldd_membuf_get_size(const struct ldd_membuf *b, unsigned int cmd,
				void __user *argp, bool compat)
{
	if (cmd == LDD_BUFFER_IOC_GET_SIZE)
		return put_user((u64)b->size, (u64 __user *)argp);
	if (cmd != LDD_BUFFER_IOC_GET_SIZE_LEGACY)
		return -ENOTTY;
#ifdef CONFIG_COMPAT
	if (compat)
		return put_user((compat_ulong_t)b->size,
				(compat_ulong_t __user *)argp);
#endif
	return put_user((unsigned long)b->size, (unsigned long __user *)argp);
}

long ldd_membuf_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ldd_membuf_get_size(ldd_membuf_of(file), cmd, (void __user *)arg,
				   false);
}
EXPORT_SYMBOL_GPL(ldd_membuf_ioctl);

#ifdef CONFIG_COMPAT
/* An unsigned long of a 32-bit program has 32 bits. */
long ldd_membuf_compat_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	return ldd_membuf_get_size(ldd_membuf_of(file), cmd, compat_ptr(arg),
				   true);
}
EXPORT_SYMBOL_GPL(ldd_membuf_compat_ioctl);
#endif

/*
 * On x86 two mappings of a page that are cached in different ways are undefined,
 * so the kernel's own one is changed along. Where that cannot be done, both are
 * write-back.
 */
#ifdef CONFIG_X86
static int ldd_set_memory(const struct ldd_membuf *b, enum ldd_cache cache)
{
	unsigned long start = (unsigned long)b->mem;
	int pages = b->size >> PAGE_SHIFT;

	switch (cache) {
	case LDD_CACHE_WC:
		return set_memory_wc(start, pages);
	case LDD_CACHE_UC:
		return set_memory_uc(start, pages);
	default:
		return set_memory_wb(start, pages);
	}
}
#else
static int ldd_set_memory(const struct ldd_membuf *b, enum ldd_cache cache)
{
	return -EOPNOTSUPP;
}
#endif

static const char *const ldd_cache_names[] = {
	[LDD_CACHE_WB] = "wb",
	[LDD_CACHE_WC] = "wc",
	[LDD_CACHE_UC] = "uc",
};

/*
 * @name: "wb", "wc" or "uc"; NULL for uncached where that can be done, and
 * write-back elsewhere.
 */
static int ldd_membuf_set_cache(struct ldd_membuf *b, const char *name)
{
	int cache = LDD_CACHE_UC;
	int ret;

	if (name)
		cache = match_string(ldd_cache_names,
				     ARRAY_SIZE(ldd_cache_names), name);
	if (cache < 0) {
		pr_err("%s: cache=%s is none of wb, wc, uc\n", b->misc.name, name);
		return -EINVAL;
	}
	b->cache = LDD_CACHE_WB;
	if (cache == LDD_CACHE_WB)
		return 0;
	ret = ldd_set_memory(b, cache);
	if (!ret) {
		b->cache = cache;
		return 0;
	}
	/* Some pages may have been changed. */
	ldd_set_memory(b, LDD_CACHE_WB);
	if (!name && ret == -EOPNOTSUPP)
		return 0;
	pr_err("%s: cache=%s is not possible here\n", b->misc.name,
	       ldd_cache_names[cache]);
	return ret;
}

/*
 * Before the memory is freed: whoever gets it next counts on that. It does not
 * fail, as whatever had to be split in the kernel's mapping has been.
 */
static void ldd_membuf_reset_cache(struct ldd_membuf *b)
{
	if (b->mem && b->cache != LDD_CACHE_WB)
		WARN_ON(ldd_set_memory(b, LDD_CACHE_WB));
}

static pgprot_t ldd_membuf_prot(const struct ldd_membuf *b, pgprot_t prot)
{
	switch (b->cache) {
	case LDD_CACHE_WC:
		return pgprot_writecombine(prot);
	case LDD_CACHE_UC:
		return pgprot_noncached(prot);
	default:
		return prot;
	}
}

/**
 * ldd_membuf_prepare_vma - make a mapping ready for pages by their numbers
 * @b: the buffer
 * @vma: the new mapping, which gets the cache attribute of the buffer
 *
 * Return: 0, or -EINVAL for a private mapping. Of some of these the core cannot
 * tell a copy from a page, and of the others it keeps the physical address where
 * /proc/PID/maps shows it to everybody.
 */
int ldd_membuf_prepare_vma(const struct ldd_membuf *b,
			   struct vm_area_struct *vma)
{
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;
	vma->vm_page_prot = ldd_membuf_prot(b, vma->vm_page_prot);
	return 0;
}
EXPORT_SYMBOL_GPL(ldd_membuf_prepare_vma);

/**
 * ldd_membuf_prepare_whole_vma - the same for one whose pages are entered at once
 * @b: the buffer
 * @vma: the new mapping
 *
 * Return: as ldd_membuf_prepare_vma(); also -EINVAL when any of it would lie
 * outside of the buffer.
 */
int ldd_membuf_prepare_whole_vma(const struct ldd_membuf *b,
				 struct vm_area_struct *vma)
{
	if (!ldd_span_holds_vma(b->size, vma->vm_pgoff, vma->vm_start,
				vma->vm_end))
		return -EINVAL;
	return ldd_membuf_prepare_vma(b, vma);
}
EXPORT_SYMBOL_GPL(ldd_membuf_prepare_whole_vma);

/*
 * For a debugger, which cannot get at pages that are mapped by their numbers. The
 * core leaves it to us that nobody writes through a mapping for reading.
 */
static int ldd_membuf_access(struct vm_area_struct *vma, unsigned long addr,
			     void *buf, int len, int write)
{
	struct ldd_mappings *m = vma->vm_private_data;
	struct ldd_membuf *b = container_of(m, struct ldd_membuf, mappings);
	loff_t pos = addr - vma->vm_start + ((loff_t)vma->vm_pgoff << PAGE_SHIFT);
	size_t count = ldd_span_clamp(b->size, pos, len);

	if (!b->mem)
		return -EINVAL;
	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;
	if (write)
		memcpy(b->mem + pos, buf, count);
	else
		memcpy(buf, b->mem + pos, count);
	return count;
}

/* Of a mapping whose pages are all entered by mmap(2). */
const struct vm_operations_struct ldd_membuf_vm_ops = {
	.open	= ldd_vma_open,
	.close	= ldd_vma_close,
	.access	= ldd_membuf_access,
};
EXPORT_SYMBOL_GPL(ldd_membuf_vm_ops);

static struct ldd_membuf *ldd_membuf_of_dev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct ldd_membuf, misc);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%zu\n", ldd_membuf_of_dev(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t mappings_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  ldd_mappings_count(&ldd_membuf_of_dev(dev)->mappings));
}
static DEVICE_ATTR_RO(mappings);

static ssize_t cache_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  ldd_cache_names[ldd_membuf_of_dev(dev)->cache]);
}
static DEVICE_ATTR_RO(cache);

static struct attribute *ldd_membuf_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_mappings.attr,
	&dev_attr_cache.attr,
	NULL
};
ATTRIBUTE_GROUPS(ldd_membuf);

static int ldd_membuf_state_show(struct seq_file *m, void *unused)
{
	struct ldd_membuf *b = m->private;

	seq_printf(m, "size:     %zu\n", b->size);
	seq_printf(m, "mappings: %d\n", ldd_mappings_count(&b->mappings));
	seq_printf(m, "cache:    %s\n", ldd_cache_names[b->cache]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ldd_membuf_state);

/**
 * ldd_membuf_register - show the device to user space
 * @b: the buffer, ready for use; &miscdevice.name and .fops are set. Without
 *	memory of its own &ldd_membuf.cache is the driver's to set, too.
 * @cache: how to cache the memory, "wb", "wc" or "uc", in every mapping; NULL:
 *	not at all where that can be done, and write-back elsewhere
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL for another @cache; -EOPNOTSUPP for one that needs the
 * kernel's own mapping changed, on an architecture that cannot do that; other
 * errors of set_memory_uc(), set_memory_wc() and misc_register().
 */
int ldd_membuf_register(struct ldd_membuf *b, const char *cache)
{
	int ret = 0;

	if (b->mem)
		ret = ldd_membuf_set_cache(b, cache);
	if (ret)
		return ret;
	b->mappings.name = b->misc.name;
	b->misc.minor = MISC_DYNAMIC_MINOR;
	b->misc.groups = ldd_membuf_groups;
	ret = misc_register(&b->misc);
	if (ret) {
		ldd_membuf_reset_cache(b);
		return ret;
	}
	b->debugfs = debugfs_create_dir(b->misc.name, ldd_debugfs_root);
	debugfs_create_file("state", 0400, b->debugfs, b, &ldd_membuf_state_fops);
	return 0;
}
EXPORT_SYMBOL_GPL(ldd_membuf_register);

/**
 * ldd_membuf_unregister - take the device away from user space
 * @b: the buffer, whose memory may be freed after this
 *
 * Context: process context, may sleep.
 */
void ldd_membuf_unregister(struct ldd_membuf *b)
{
	debugfs_remove(b->debugfs);
	misc_deregister(&b->misc);
	ldd_membuf_reset_cache(b);
}
EXPORT_SYMBOL_GPL(ldd_membuf_unregister);
