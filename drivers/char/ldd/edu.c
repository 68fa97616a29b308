// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/edu0 - the PCI device that QEMU has to learn from
 *
 * read(2) and write(2) let the device copy between its buffer and the pages of the
 * caller, which are pinned and mapped for DMA. mmap(2) shows the registers, and a
 * coherent buffer. poll(2): POLLIN and POLLOUT when the device is free, POLLPRI
 * when an interrupt arrived that EDU_IOC_RAISE_IRQ asked for. The requests of
 * ioctl(2) are in <linux/ldd.h>.
 *
 * The device may go while files are open and mapped. What is left of it then
 * answers ENODEV and SIGBUS until the last of them is closed.
 *
 * See Documentation/driver-api/ldd/edu.rst.
 */
#include <linux/cache.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/kref.h>
#include <linux/ldd.h>
#include <linux/ldd/span.h>
#include <linux/ldd/window.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/poll.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <trace/events/ldd.h>

#include "core.h"
#include "mapping.h"

/* Registers take accesses of 4 bytes. */
#define EDU_REG_ID		0x00
#define EDU_REG_LIVENESS	0x04
#define EDU_REG_FACTORIAL	0x08
#define EDU_REG_STATUS		0x20
#define EDU_REG_IRQ_STATUS	0x24
#define EDU_REG_IRQ_RAISE	0x60
#define EDU_REG_IRQ_ACK		0x64
#define EDU_REG_DMA_SRC		0x80
#define EDU_REG_DMA_DST		0x88
#define EDU_REG_DMA_COUNT	0x90
#define EDU_REG_DMA_CMD		0x98

#define EDU_ID			0x010000ed
#define EDU_STATUS_COMPUTING	BIT(0)
#define EDU_STATUS_IRQ		BIT(7)
#define EDU_IRQ_FACTORIAL	BIT(0)
#define EDU_IRQ_DMA		BIT(8)
#define EDU_DMA_RUN		BIT(0)
#define EDU_DMA_FROM_DEVICE	BIT(1)
#define EDU_DMA_IRQ		BIT(2)

/* Where the device has its buffer, in its own eyes. */
#define EDU_DMA_BUFFER		0x40000
#define EDU_DMA_BITS		28

/* The most that one read(2) or write(2) pins. */
#define EDU_PAGES		32

static unsigned int edu_timeout = 1000;

/* 0 would be no time for an interrupt, and for ever where a register is polled. */
static int edu_set_timeout(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, INT_MAX);
}

static const struct kernel_param_ops edu_timeout_ops = {
	.set	= edu_set_timeout,
	.get	= param_get_uint,
};
module_param_cb(timeout, &edu_timeout_ops, &edu_timeout, 0644);
__MODULE_PARM_TYPE(timeout, "uint");
MODULE_PARM_DESC(timeout, "Milliseconds to wait for the device (default 1000)");

static bool edu_intx;
module_param_named(intx, edu_intx, bool, 0444);
MODULE_PARM_DESC(intx, "Use the interrupt line even where MSI is possible");

static DEFINE_IDA(edu_ids);

/**
 * struct edu - a device, or what is left of it
 * @ref: the driver has one, and each open file
 * @pdev: the PCI device; not to be touched when @gone
 * @regs: its registers
 * @base: their physical address
 * @size: of that region in bytes
 * @irq: number of the interrupt
 * @lock: held during a command: the device does one thing at a time. What needs
 *	the hardware looks at @gone with this held; a removal takes it, too, and so
 *	waits for the last command.
 * @cut_off: a command was given up and may still run, but cannot reach memory,
 *	nor raise an MSI; guarded by @lock
 * @map_lock: taken to enter pages and for @files; inside of mmap_lock
 * @files: those who have it open
 * @gone: the device is not there any more. Set with @map_lock and the lock of
 *	@wait held.
 * @wait: waits for interrupts and for the device to be free. Its lock guards
 *	@done and @pending.
 * @done: bits of EDU_IRQS_RESERVED that have arrived
 * @pending: other bits that have arrived, and that nobody has taken yet
 * @mappings: VMAs of the registers and of the coherent buffer
 * @coherent: memory that the device and the processor see alike
 * @coherent_dma: the same, as the device addresses it
 * @coherent_pfn: the same, for user mappings; guarded by @map_lock
 * @interrupts: of this device that came
 * @read: bytes that were read
 * @written: bytes that were written
 * @timeouts: commands that were given up because of the time they took
 * @debugfs: its directory
 * @misc: the device node
 * @id: its number
 * @name: its name
 */
struct edu {
	struct kref ref;
	struct pci_dev *pdev;
	void __iomem *regs;
	phys_addr_t base;
	resource_size_t size;
	int irq;
	struct mutex lock;	/* one command at a time */
	bool cut_off;
	struct mutex map_lock;	/* guards files, keeps faults and removal apart */
	struct list_head files;
	bool gone;
	wait_queue_head_t wait;
	u32 done;
	u32 pending;
	struct ldd_mappings mappings;
	void *coherent;
	dma_addr_t coherent_dma;
	unsigned long coherent_pfn;
	atomic_long_t interrupts;
	atomic_long_t read;
	atomic_long_t written;
	atomic_long_t timeouts;
	struct dentry *debugfs;
	struct miscdevice misc;
	int id;
	char name[16];
};

/**
 * struct edu_file - an open file
 * @node: in &edu.files
 * @edu: the device
 * @file: the file, for a removal to find its mappings
 */
struct edu_file {
	struct list_head node;
	struct edu *edu;
	struct file *file;
};

/**
 * struct edu_request - the memory of one read(2) or write(2)
 * @pages: that it lies in
 * @sgl: which bytes of them
 * @nents: how many entries @pages and @sgl have
 * @bytes: of all of them
 * @pinned: the pages are to be unpinned
 */
struct edu_request {
	struct page *pages[EDU_PAGES];
	struct scatterlist sgl[EDU_PAGES];
	unsigned int nents;
	size_t bytes;
	bool pinned;
};

static struct edu *edu_of(const struct file *file)
{
	/* Set by edu_open(). */
	return ((struct edu_file *)file->private_data)->edu;
}

static void edu_free(struct kref *ref)
{
	struct edu *edu = container_of(ref, struct edu, ref);

	mutex_destroy(&edu->lock);
	mutex_destroy(&edu->map_lock);
	kfree(edu);
}

/* The driver does not need it any more; its number can be given to another. */
static void edu_put(void *data)
{
	struct edu *edu = data;

	ida_free(&edu_ids, edu->id);
	kref_put(&edu->ref, edu_free);
}

static u32 edu_get(const struct edu *edu, unsigned int reg)
{
	return readl(edu->regs + reg);
}

static void edu_set(const struct edu *edu, unsigned int reg, u32 value)
{
	writel(value, edu->regs + reg);
}

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 bits = edu_get(edu, EDU_REG_IRQ_STATUS);

	/* The line is shared; and a device that was pulled says all ones to all. */
	if (!bits || (bits == U32_MAX && edu_get(edu, EDU_REG_ID) == U32_MAX))
		return IRQ_NONE;
	edu_set(edu, EDU_REG_IRQ_ACK, bits);
	atomic_long_inc(&edu->interrupts);
	spin_lock(&edu->wait.lock);
	edu->done |= bits & EDU_IRQS_RESERVED;
	edu->pending |= bits & ~EDU_IRQS_RESERVED;
	wake_up_locked_poll(&edu->wait, EPOLLPRI);
	spin_unlock(&edu->wait.lock);
	return IRQ_HANDLED;
}

/* Is there nobody any more for whom to wait? */
static int edu_wait_is_over(const struct edu *edu)
{
	if (READ_ONCE(edu->gone))
		return -ENODEV;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* Wait until the bits of a register are clear that say that the device is at work. */
static int edu_wait_clear(const struct edu *edu, unsigned int reg, u32 bits)
{
	u32 value;
	int ret;

	ret = readl_poll_timeout(edu->regs + reg, value,
				 !(value & bits) || edu_wait_is_over(edu), 1000,
				 1000ULL * READ_ONCE(edu_timeout));
	if (!(value & bits))
		return 0;
	return ret ?: edu_wait_is_over(edu);
}

/*
 * Nothing of a DMA that was given up may happen any more when the memory of the
 * next one is mapped. So the device gets its access back only when that has ended.
 */
static int edu_settle(struct edu *edu)
{
	int ret;

	if (!edu->cut_off)
		return 0;
	ret = edu_wait_clear(edu, EDU_REG_DMA_CMD, EDU_DMA_RUN);
	if (ret)
		return ret;
	pci_set_master(edu->pdev);
	edu->cut_off = false;
	return 0;
}

/* The device cannot be told to stop; but it can be kept from all memory. */
static void edu_cut_off(struct edu *edu)
{
	pci_clear_master(edu->pdev);
	edu->cut_off = true;
}

static void edu_unlock(struct edu *edu)
{
	mutex_unlock(&edu->lock);
	wake_up_interruptible_poll(&edu->wait, EPOLLIN | EPOLLRDNORM |
				   EPOLLOUT | EPOLLWRNORM);
}

/* Get the device for a command. */
static int edu_lock(struct edu *edu, bool nonblock)
{
	int ret = 0;

	if (READ_ONCE(edu->gone))
		return -ENODEV;
	if (nonblock) {
		if (!mutex_trylock(&edu->lock))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&edu->lock)) {
		return -ERESTARTSYS;
	}
	ret = READ_ONCE(edu->gone) ? -ENODEV : edu_settle(edu);
	if (ret)
		edu_unlock(edu);
	return ret;
}

/*
 * Before a command that ends with the interrupt @bit: one of an earlier command
 * that was given up may be under way. Once acknowledged, it is not taken for ours.
 */
static void edu_expect(struct edu *edu, u32 bit)
{
	lockdep_assert_held(&edu->lock);
	edu_set(edu, EDU_REG_IRQ_ACK, bit);
	synchronize_irq(edu->irq);
	spin_lock_irq(&edu->wait.lock);
	edu->done &= ~bit;
	spin_unlock_irq(&edu->wait.lock);
}

/*
 * Wait for the interrupt @bit of a command. That may still be one of an earlier
 * command: the device computes, says that it is done, and then raises it. So what
 * counts is that the bits @busy of @reg are clear.
 */
static int edu_wait_done(struct edu *edu, u32 bit, unsigned int reg, u32 busy)
{
	int ret = -ETIMEDOUT;
	long left;

	left = wait_event_killable_timeout(edu->wait,
					   READ_ONCE(edu->done) & bit ||
					   READ_ONCE(edu->gone),
					   msecs_to_jiffies(READ_ONCE(edu_timeout)));
	if (READ_ONCE(edu->done) & bit)
		ret = edu_wait_clear(edu, reg, busy);
	else if (left)
		ret = left < 0 ? left : -ENODEV;
	if (ret == -ETIMEDOUT)
		atomic_long_inc(&edu->timeouts);
	return ret;
}

static int edu_factorial(struct edu *edu, u32 *value)
{
	int ret = edu_wait_clear(edu, EDU_REG_STATUS, EDU_STATUS_COMPUTING);

	if (ret)
		return ret;
	edu_expect(edu, EDU_IRQ_FACTORIAL);
	edu_set(edu, EDU_REG_STATUS, EDU_STATUS_IRQ);
	edu_set(edu, EDU_REG_FACTORIAL, *value);
	ret = edu_wait_done(edu, EDU_IRQ_FACTORIAL, EDU_REG_STATUS,
			    EDU_STATUS_COMPUTING);
	if (!ret)
		*value = edu_get(edu, EDU_REG_FACTORIAL);
	return ret;
}

/*
 * Copy between the device and memory that is mapped for it. When this has failed,
 * the memory may be unmapped: the device cannot get at it any more.
 */
static int edu_dma(struct edu *edu, const struct ldd_window_piece *piece,
		   bool write)
{
	unsigned int memory = write ? EDU_REG_DMA_SRC : EDU_REG_DMA_DST;
	unsigned int buffer = write ? EDU_REG_DMA_DST : EDU_REG_DMA_SRC;
	int ret;

	trace_ldd_dma_start(edu->name, write, piece->offset, piece->len);
	edu_expect(edu, EDU_IRQ_DMA);
	/* An address of 28 bits fits. */
	edu_set(edu, memory, piece->addr);
	edu_set(edu, buffer, EDU_DMA_BUFFER + piece->offset);
	edu_set(edu, EDU_REG_DMA_COUNT, piece->len);
	edu_set(edu, EDU_REG_DMA_CMD, EDU_DMA_RUN | EDU_DMA_IRQ |
		(write ? 0 : EDU_DMA_FROM_DEVICE));
	ret = edu_wait_done(edu, EDU_IRQ_DMA, EDU_REG_DMA_CMD, EDU_DMA_RUN);
	if (ret)
		edu_cut_off(edu);
	trace_ldd_dma_end(edu->name, write, ret);
	return ret;
}

/* Pages that are mapped together, from @pos of the device's buffer on. */
static ssize_t edu_transfer_batch(struct edu *edu, struct scatterlist *sg,
				  unsigned int nents, bool write, loff_t pos)
{
	enum dma_data_direction dir = write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	struct ldd_window_piece piece;
	struct ldd_window window;
	ssize_t done = 0;
	int mapped, ret = 0;

	mapped = dma_map_sg(&edu->pdev->dev, sg, nents, dir);
	if (!mapped)
		return -EIO;
	ldd_window_start(&window, sg, mapped, pos, EDU_BUFFER_SIZE);
	while (!ret && ldd_window_next(&window, &piece)) {
		ret = edu_dma(edu, &piece, write);
		if (!ret)
			done += piece.len;
	}
	dma_unmap_sg(&edu->pdev->dev, sg, nents, dir);
	return done ?: ret;
}

static ssize_t edu_transfer(struct edu *edu, struct edu_request *req,
			    bool write, loff_t pos)
{
	/* Where caches follow the device by themselves, the former is 1. */
	unsigned int line = max(dma_get_cache_alignment(), L1_CACHE_BYTES);
	unsigned int first = 0, n;
	size_t done = 0, wanted;
	ssize_t ret = 0;

	for (; first < req->nents; first += n) {
		n = req->nents - first;
		if (!write)
			n = ldd_window_apart(&req->sgl[first], n, line);
		wanted = 0;
		for (unsigned int i = first; i < first + n; i++)
			wanted += req->sgl[i].length;
		ret = edu_transfer_batch(edu, &req->sgl[first], n, write,
					 pos + done);
		if (ret > 0)
			done += ret;
		if (ret < (ssize_t)wanted)
			break;
	}
	return done ?: ret;
}

/* Of the pages from @nents on, of which the first has its bytes at @offset. */
static void edu_add_pages(struct edu_request *req, size_t bytes, size_t offset)
{
	size_t len;

	req->bytes += bytes;
	for (; bytes; bytes -= len, offset = 0, req->nents++) {
		len = min(bytes, PAGE_SIZE - offset);
		sg_set_page(&req->sgl[req->nents], req->pages[req->nents], len,
			    offset);
	}
}

/*
 * Pin memory for @count bytes, or for as many as there is memory for: what comes
 * in front of a bad address counts.
 */
static int edu_pin(struct edu_request *req, struct iov_iter *iter, size_t count)
{
	struct page **pages;
	size_t offset;
	ssize_t got = 0;

	sg_init_table(req->sgl, EDU_PAGES);
	req->pinned = iov_iter_extract_will_pin(iter);
	while (req->bytes < count && req->nents < EDU_PAGES) {
		pages = &req->pages[req->nents];
		got = iov_iter_extract_pages(iter, &pages, count - req->bytes,
					     EDU_PAGES - req->nents, 0, &offset);
		if (got <= 0)
			break;
		edu_add_pages(req, got, offset);
	}
	return req->bytes ? 0 : got ?: -EFAULT;
}

static void edu_unpin(struct edu_request *req, bool dirty)
{
	if (req->pinned)
		unpin_user_pages_dirty_lock(req->pages, req->nents, dirty);
}

static ssize_t edu_copy_user(struct edu *edu, struct file *file,
			     struct iov_iter *iter, loff_t pos, size_t count,
			     bool write)
{
	struct edu_request *req = kzalloc(sizeof(*req), GFP_KERNEL);
	bool dirty = false;
	ssize_t ret;

	if (!req)
		return -ENOMEM;
	/* Before the device is taken: a fault may take as long as it likes. */
	ret = edu_pin(req, iter, count);
	if (ret)
		goto free_request;
	ret = edu_lock(edu, file->f_flags & O_NONBLOCK);
	if (ret)
		goto unpin;
	ret = edu_transfer(edu, req, write, pos);
	edu_unlock(edu);
	/* Even one that was given up may have come to its end just before. */
	dirty = !write;
unpin:
	edu_unpin(req, dirty);
	iov_iter_revert(iter, req->bytes - max(ret, 0));
free_request:
	kfree(req);
	return ret;
}

static ssize_t edu_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct edu *edu = edu_of(iocb->ki_filp);
	size_t count = ldd_span_clamp(EDU_BUFFER_SIZE, iocb->ki_pos,
				      iov_iter_count(to));
	ssize_t ret;

	if (READ_ONCE(edu->gone))
		return -ENODEV;
	if (!count)
		return 0;
	ret = edu_copy_user(edu, iocb->ki_filp, to, iocb->ki_pos, count, false);
	if (ret > 0) {
		iocb->ki_pos += ret;
		atomic_long_add(ret, &edu->read);
	}
	return ret;
}

static ssize_t edu_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct edu *edu = edu_of(iocb->ki_filp);
	size_t count;
	ssize_t ret;

	if (READ_ONCE(edu->gone))
		return -ENODEV;
	if (!iov_iter_count(from))
		return 0;
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = EDU_BUFFER_SIZE;
	count = ldd_span_clamp(EDU_BUFFER_SIZE, iocb->ki_pos, iov_iter_count(from));
	if (!count)
		return -ENOSPC;
	ret = edu_copy_user(edu, iocb->ki_filp, from, iocb->ki_pos, count, true);
	if (ret > 0) {
		iocb->ki_pos += ret;
		atomic_long_add(ret, &edu->written);
	}
	return ret;
}

static loff_t edu_llseek(struct file *file, loff_t offset, int whence)
{
	if (READ_ONCE(edu_of(file)->gone))
		return -ENODEV;
	return fixed_size_llseek(file, offset, whence, EDU_BUFFER_SIZE);
}

static __poll_t edu_poll(struct file *file, poll_table *pt)
{
	struct edu *edu = edu_of(file);
	__poll_t mask = 0;

	/* Who changes the state after this wakes us; so what is read now is new. */
	poll_wait(file, &edu->wait, pt);
	if (READ_ONCE(edu->gone))
		return EPOLLHUP | EPOLLERR;
	if (!mutex_is_locked(&edu->lock))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
	if (READ_ONCE(edu->pending))
		mask |= EPOLLPRI;
	return mask;
}

static int edu_do_value(struct edu *edu, unsigned int cmd, u32 *value)
{
	switch (cmd) {
	case EDU_IOC_GET_ID:
		*value = edu_get(edu, EDU_REG_ID);
		return 0;
	case EDU_IOC_LIVENESS:
		edu_set(edu, EDU_REG_LIVENESS, *value);
		*value = edu_get(edu, EDU_REG_LIVENESS);
		return 0;
	case EDU_IOC_FACTORIAL:
		return edu_factorial(edu, value);
	default:
		edu_set(edu, EDU_REG_IRQ_RAISE, *value);
		return 0;
	}
}

/* A request that gives the device a number, or gets one, or both. */
static int edu_ioctl_value(struct edu *edu, unsigned int cmd, u32 __user *argp,
			   bool nonblock)
{
	u32 value = 0;
	int ret;

	if (_IOC_DIR(cmd) & _IOC_WRITE && get_user(value, argp))
		return -EFAULT;
	if (cmd == EDU_IOC_RAISE_IRQ && (!value || value & EDU_IRQS_RESERVED))
		return -EINVAL;
	ret = edu_lock(edu, nonblock);
	if (ret)
		return ret;
	ret = edu_do_value(edu, cmd, &value);
	edu_unlock(edu);
	if (!ret && _IOC_DIR(cmd) & _IOC_READ)
		ret = put_user(value, argp);
	return ret;
}

static int edu_ioctl_take_irqs(struct edu *edu, u32 __user *argp, bool nonblock)
{
	u32 bits = 0;
	int ret = 0;

	spin_lock_irq(&edu->wait.lock);
	if (!nonblock)
		ret = wait_event_interruptible_locked_irq(edu->wait,
							  edu->pending || edu->gone);
	else if (!edu->pending)
		ret = -EAGAIN;
	if (edu->gone)
		ret = -ENODEV;
	if (!ret)
		swap(bits, edu->pending);
	spin_unlock_irq(&edu->wait.lock);
	if (ret || !put_user(bits, argp))
		return ret;

	spin_lock_irq(&edu->wait.lock);
	edu->pending |= bits;
	wake_up_locked_poll(&edu->wait, EPOLLPRI);
	spin_unlock_irq(&edu->wait.lock);
	return -EFAULT;
}

static int edu_ioctl_copy(struct edu *edu, struct edu_copy __user *argp,
			  bool nonblock)
{
	struct ldd_window_piece piece;
	struct edu_copy copy;
	int ret;

	if (copy_from_user(&copy, argp, sizeof(copy)))
		return -EFAULT;
	if (copy.flags & ~EDU_COPY_FROM_DEVICE ||
	    ldd_span_clamp(EDU_COHERENT_SIZE, copy.coherent, copy.count) < copy.count ||
	    ldd_span_clamp(EDU_BUFFER_SIZE, copy.device, copy.count) < copy.count)
		return -EINVAL;
	if (!copy.count)
		return 0;
	ret = edu_lock(edu, nonblock);
	if (ret)
		return ret;
	piece.addr = edu->coherent_dma + copy.coherent;
	piece.offset = copy.device;
	piece.len = copy.count;
	ret = edu_dma(edu, &piece, !(copy.flags & EDU_COPY_FROM_DEVICE));
	edu_unlock(edu);
	return ret;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	bool nonblock = file->f_flags & O_NONBLOCK;
	struct edu *edu = edu_of(file);

	if (READ_ONCE(edu->gone))
		return -ENODEV;
	switch (cmd) {
	case EDU_IOC_GET_ID:
	case EDU_IOC_LIVENESS:
	case EDU_IOC_FACTORIAL:
	case EDU_IOC_RAISE_IRQ:
		return edu_ioctl_value(edu, cmd, argp, nonblock);
	case EDU_IOC_TAKE_IRQS:
		return edu_ioctl_take_irqs(edu, argp, nonblock);
	case EDU_IOC_COPY:
		return edu_ioctl_copy(edu, argp, nonblock);
	default:
		return -ENOTTY;
	}
}

/* Every page is entered here, so that none is after the device has gone. */
static vm_fault_t edu_fault(struct vm_fault *vmf)
{
	const unsigned long coherent = PHYS_PFN(EDU_MMAP_COHERENT);
	struct edu *edu = container_of(vmf->vma->vm_private_data, struct edu,
				       mappings);
	vm_fault_t ret = VM_FAULT_SIGBUS;
	unsigned long pfn = 0;

	mutex_lock(&edu->map_lock);
	if (ldd_span_holds_page(edu->size, vmf->pgoff))
		pfn = PHYS_PFN(edu->base) + vmf->pgoff;
	else if (vmf->pgoff == coherent)
		pfn = edu->coherent_pfn;
	if (pfn && !edu->gone)
		ret = vmf_insert_pfn(vmf->vma, vmf->address, pfn);
	mutex_unlock(&edu->map_lock);
	trace_ldd_fault(edu->name, vmf->pgoff, ret == VM_FAULT_NOPAGE);
	return ret;
}

static const struct vm_operations_struct edu_vm_ops = {
	.open	= ldd_vma_open,
	.close	= ldd_vma_close,
	.fault	= edu_fault,
};

static int edu_mmap_registers(struct edu *edu, struct vm_area_struct *vma)
{
	if (!ldd_span_holds_vma(edu->size, vma->vm_pgoff, vma->vm_start,
				vma->vm_end))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return 0;
}

/*
 * dma_mmap_coherent() knows which page it is and how to cache it. But what it
 * enters, a removal would miss: it looks for mappings that are complete, and this
 * is not one before mmap_region() is through. So the page is taken out again, and
 * entered when it is touched.
 */
static int edu_mmap_coherent(struct edu *edu, struct vm_area_struct *vma)
{
	struct follow_pfnmap_args args = {
		.vma = vma,
		.address = vma->vm_start,
	};
	unsigned long pgoff = vma->vm_pgoff;
	int ret;

	lockdep_assert_held(&edu->map_lock);
	vma->vm_pgoff -= PHYS_PFN(EDU_MMAP_COHERENT);
	ret = dma_mmap_coherent(&edu->pdev->dev, vma, edu->coherent,
				edu->coherent_dma, EDU_COHERENT_SIZE);
	vma->vm_pgoff = pgoff;
	/* Beyond the buffer. */
	if (ret == -ENXIO)
		ret = -EINVAL;
	if (ret)
		return ret;
	ret = follow_pfnmap_start(&args);
	if (ret)
		return ret;
	edu->coherent_pfn = args.pfn;
	follow_pfnmap_end(&args);
	zap_vma_ptes(vma, vma->vm_start, vma->vm_end - vma->vm_start);
	return 0;
}

static int edu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct edu *edu = edu_of(file);
	int ret;

	/* There is nothing to copy on write: these are no pages. */
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;
	mutex_lock(&edu->map_lock);
	if (edu->gone)
		ret = -ENODEV;
	else if (vma->vm_pgoff < PHYS_PFN(EDU_MMAP_COHERENT))
		ret = edu_mmap_registers(edu, vma);
	else
		ret = edu_mmap_coherent(edu, vma);
	if (!ret)
		ldd_mappings_add(&edu->mappings, vma, &edu_vm_ops);
	mutex_unlock(&edu->map_lock);
	return ret;
}

/* Called by misc_open(), which has a removal wait. */
static int edu_open(struct inode *inode, struct file *file)
{
	struct edu *edu = container_of(file->private_data, struct edu, misc);
	struct edu_file *ef = kzalloc(sizeof(*ef), GFP_KERNEL);
	int ret;

	if (!ef)
		return -ENOMEM;
	ret = pm_runtime_resume_and_get(&edu->pdev->dev);
	if (ret) {
		kfree(ef);
		return ret;
	}
	kref_get(&edu->ref);
	ef->edu = edu;
	ef->file = file;
	file->private_data = ef;
	mutex_lock(&edu->map_lock);
	list_add(&ef->node, &edu->files);
	mutex_unlock(&edu->map_lock);
	return 0;
}

static int edu_release(struct inode *inode, struct file *file)
{
	struct edu_file *ef = file->private_data;
	struct edu *edu = ef->edu;

	mutex_lock(&edu->map_lock);
	list_del(&ef->node);
	if (!edu->gone)
		pm_runtime_put(&edu->pdev->dev);
	mutex_unlock(&edu->map_lock);
	kfree(ef);
	kref_put(&edu->ref, edu_free);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner		= THIS_MODULE,
	.open		= edu_open,
	.release	= edu_release,
	.llseek		= edu_llseek,
	.read_iter	= edu_read_iter,
	.write_iter	= edu_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.poll		= edu_poll,
	.unlocked_ioctl	= edu_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= edu_mmap,
};

static struct edu *edu_of_dev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct edu, misc);
}

static ssize_t interrupts_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%ld\n",
			  atomic_long_read(&edu_of_dev(dev)->interrupts));
}
static DEVICE_ATTR_RO(interrupts);

static ssize_t bytes_read_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&edu_of_dev(dev)->read));
}
static DEVICE_ATTR_RO(bytes_read);

static ssize_t bytes_written_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%ld\n",
			  atomic_long_read(&edu_of_dev(dev)->written));
}
static DEVICE_ATTR_RO(bytes_written);

static ssize_t timeouts_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%ld\n",
			  atomic_long_read(&edu_of_dev(dev)->timeouts));
}
static DEVICE_ATTR_RO(timeouts);

static ssize_t mappings_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  ldd_mappings_count(&edu_of_dev(dev)->mappings));
}
static DEVICE_ATTR_RO(mappings);

static struct attribute *edu_attrs[] = {
	&dev_attr_interrupts.attr,
	&dev_attr_bytes_read.attr,
	&dev_attr_bytes_written.attr,
	&dev_attr_timeouts.attr,
	&dev_attr_mappings.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu);

static int edu_state_show(struct seq_file *m, void *unused)
{
	struct edu *edu = m->private;

	seq_printf(m, "interrupt: %s\n",
		   edu->pdev->msi_enabled ? "MSI" : "INTx");
	seq_printf(m, "busy:      %d\n", mutex_is_locked(&edu->lock));
	seq_printf(m, "cut off:   %d\n", READ_ONCE(edu->cut_off));
	seq_printf(m, "pending:   %#x\n", READ_ONCE(edu->pending));
	seq_printf(m, "open:      %u\n", kref_read(&edu->ref) - 1);
	seq_printf(m, "mappings:  %d\n", ldd_mappings_count(&edu->mappings));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(edu_state);

static struct edu *edu_alloc(struct pci_dev *pdev)
{
	struct edu *edu = kzalloc(sizeof(*edu), GFP_KERNEL);

	if (!edu)
		return NULL;
	edu->id = ida_alloc(&edu_ids, GFP_KERNEL);
	if (edu->id < 0) {
		kfree(edu);
		return NULL;
	}
	snprintf(edu->name, sizeof(edu->name), "edu%d", edu->id);
	kref_init(&edu->ref);
	mutex_init(&edu->lock);
	mutex_init(&edu->map_lock);
	INIT_LIST_HEAD(&edu->files);
	init_waitqueue_head(&edu->wait);
	edu->mappings.name = edu->name;
	edu->pdev = pdev;
	/* Whoever had the device before us may have left it at work. */
	edu->cut_off = true;
	return edu;
}

static int edu_map_registers(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	u32 id;
	int ret;

	ret = pcim_request_region(pdev, 0, edu->name);
	if (ret)
		return ret;
	edu->base = pci_resource_start(pdev, 0);
	edu->size = pci_resource_len(pdev, 0);
	edu->regs = pcim_iomap(pdev, 0, 0);
	if (!edu->regs)
		return -ENOMEM;
	id = edu_get(edu, EDU_REG_ID);
	if (id != EDU_ID)
		return dev_err_probe(&pdev->dev, -ENODEV, "unknown id %#x\n", id);
	return 0;
}

static int edu_request_irq(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, 1, 1, edu_intx ? PCI_IRQ_INTX :
				    PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (ret < 0)
		return ret;
	edu->irq = pci_irq_vector(pdev, 0);
	edu_set(edu, EDU_REG_IRQ_ACK, edu_get(edu, EDU_REG_IRQ_STATUS));
	return devm_request_irq(&pdev->dev, edu->irq, edu_interrupt, IRQF_SHARED,
				edu->name, edu);
}

static int edu_register(struct edu *edu)
{
	int ret;

	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = edu->name;
	edu->misc.mode = 0600;
	edu->misc.fops = &edu_fops;
	edu->misc.groups = edu_groups;
	edu->misc.parent = &edu->pdev->dev;
	ret = misc_register(&edu->misc);
	if (ret)
		return ret;
	edu->debugfs = debugfs_create_dir(edu->name, ldd_debugfs_root);
	debugfs_create_file("state", 0400, edu->debugfs, edu, &edu_state_fops);
	/* From here on the device may sleep while nobody has it open. */
	pm_runtime_put_noidle(&edu->pdev->dev);
	return 0;
}

/* What is acquired here is given back in reverse order after edu_remove(). */
static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = edu_alloc(pdev);
	int ret;

	if (!edu)
		return -ENOMEM;
	ret = devm_add_action_or_reset(&pdev->dev, edu_put, edu);
	if (ret)
		return ret;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_DMA_BITS));
	if (ret)
		return ret;
	ret = edu_map_registers(edu);
	if (ret)
		return ret;
	/* With pages behind an IOMMU it would be no mapping of page numbers. */
	edu->coherent = dmam_alloc_attrs(&pdev->dev, EDU_COHERENT_SIZE,
					 &edu->coherent_dma, GFP_KERNEL,
					 DMA_ATTR_FORCE_CONTIGUOUS);
	if (!edu->coherent)
		return -ENOMEM;
	ret = edu_request_irq(edu);
	if (ret)
		return ret;
	ret = edu_settle(edu);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, edu);
	return edu_register(edu);
}

/*
 * Those who sleep or poll are woken, and find out; what is mapped goes, and no
 * fault brings it back; the last command ends. All else of the device is given
 * back after that, but for what open files need to say that it has gone.
 */
static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	struct edu_file *ef;

	pm_runtime_get_noresume(&pdev->dev);
	debugfs_remove(edu->debugfs);
	misc_deregister(&edu->misc);

	mutex_lock(&edu->map_lock);
	spin_lock_irq(&edu->wait.lock);
	WRITE_ONCE(edu->gone, true);
	wake_up_all_locked(&edu->wait);
	spin_unlock_irq(&edu->wait.lock);
	list_for_each_entry(ef, &edu->files, node) {
		unmap_mapping_range(ef->file->f_mapping, 0, 0, 1);
		pm_runtime_put_noidle(&pdev->dev);
	}
	mutex_unlock(&edu->map_lock);

	mutex_lock(&edu->lock);
	edu_cut_off(edu);
	mutex_unlock(&edu->lock);
}

static int edu_suspend(struct device *dev)
{
	struct edu *edu = dev_get_drvdata(dev);

	/* The command that is under way ends before this. */
	mutex_lock(&edu->lock);
	edu_cut_off(edu);
	edu_unlock(edu);
	return 0;
}

static int edu_resume(struct device *dev)
{
	struct edu *edu = dev_get_drvdata(dev);

	mutex_lock(&edu->lock);
	/* If it does not yet, the next command tries again: this is no failure. */
	edu_settle(edu);
	edu_unlock(edu);
	return 0;
}

static DEFINE_RUNTIME_DEV_PM_OPS(edu_pm_ops, edu_suspend, edu_resume, NULL);

static const struct pci_device_id edu_table[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_table);

static struct pci_driver edu_driver = {
	.name		= "edu",
	.id_table	= edu_table,
	.probe		= edu_probe,
	.remove		= edu_remove,
	.driver.pm	= pm_ptr(&edu_pm_ops),
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("The PCI device that QEMU has to learn from: /dev/edu0");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
