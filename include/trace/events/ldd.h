/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ldd

#if !defined(_TRACE_LDD_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_LDD_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(ldd_wait_class,
		    TP_PROTO(const char *dev, bool write),
		    TP_ARGS(dev, write),
		    TP_STRUCT__entry(__string(dev, dev)
				     __field(bool, write)
		    ),
		    TP_fast_assign(__assign_str(dev);
				   __entry->write = write;
		    ),
		    TP_printk("dev=%s op=%s", __get_str(dev),
			      __entry->write ? "write" : "read")
);

/* The current task is about to sleep in a read or a write of @dev. */
DEFINE_EVENT(ldd_wait_class, ldd_sleep,
	     TP_PROTO(const char *dev, bool write),
	     TP_ARGS(dev, write)
);

/* The current task slept in a read or a write of @dev and runs again. */
DEFINE_EVENT(ldd_wait_class, ldd_resume,
	     TP_PROTO(const char *dev, bool write),
	     TP_ARGS(dev, write)
);

/* The current task wakes one who sleeps in a read or a write of @dev. */
DEFINE_EVENT(ldd_wait_class, ldd_wake,
	     TP_PROTO(const char *dev, bool write),
	     TP_ARGS(dev, write)
);

/* A fault at page @pgoff of @dev entered @pages; none: the task gets SIGBUS. */
TRACE_EVENT(ldd_fault,
	    TP_PROTO(const char *dev, unsigned long pgoff, unsigned long pages),
	    TP_ARGS(dev, pgoff, pages),
	    TP_STRUCT__entry(__string(dev, dev)
			     __field(unsigned long, pgoff)
			     __field(unsigned long, pages)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->pgoff = pgoff;
			   __entry->pages = pages;
	    ),
	    TP_printk("dev=%s pgoff=%lu pages=%lu", __get_str(dev),
		      __entry->pgoff, __entry->pages)
);

DECLARE_EVENT_CLASS(ldd_vma_class,
		    TP_PROTO(const char *dev, int mappings),
		    TP_ARGS(dev, mappings),
		    TP_STRUCT__entry(__string(dev, dev)
				     __field(int, mappings)
		    ),
		    TP_fast_assign(__assign_str(dev);
				   __entry->mappings = mappings;
		    ),
		    TP_printk("dev=%s mappings=%d", __get_str(dev),
			      __entry->mappings)
);

/* @dev is mapped once more: by mmap, fork, mremap or a partial munmap. */
DEFINE_EVENT(ldd_vma_class, ldd_vma_open,
	     TP_PROTO(const char *dev, int mappings),
	     TP_ARGS(dev, mappings)
);

/* A mapping of @dev is gone; @mappings are left. */
DEFINE_EVENT(ldd_vma_class, ldd_vma_close,
	     TP_PROTO(const char *dev, int mappings),
	     TP_ARGS(dev, mappings)
);

/* Transfer @number of @dev is handed to a worker. */
TRACE_EVENT(ldd_async_submit,
	    TP_PROTO(const char *dev, unsigned long number, bool write,
		     loff_t pos, size_t count),
	    TP_ARGS(dev, number, write, pos, count),
	    TP_STRUCT__entry(__string(dev, dev)
			     __field(unsigned long, number)
			     __field(bool, write)
			     __field(loff_t, pos)
			     __field(size_t, count)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->number = number;
			   __entry->write = write;
			   __entry->pos = pos;
			   __entry->count = count;
	    ),
	    TP_printk("dev=%s number=%lu op=%s pos=%lld count=%zu",
		      __get_str(dev), __entry->number,
		      __entry->write ? "write" : "read", __entry->pos,
		      __entry->count)
);

/* Transfer @number of @dev has come to @ret: bytes, or an error. */
TRACE_EVENT(ldd_async_complete,
	    TP_PROTO(const char *dev, unsigned long number, bool write,
		     ssize_t ret),
	    TP_ARGS(dev, number, write, ret),
	    TP_STRUCT__entry(__string(dev, dev)
			     __field(unsigned long, number)
			     __field(bool, write)
			     __field(ssize_t, ret)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->number = number;
			   __entry->write = write;
			   __entry->ret = ret;
	    ),
	    TP_printk("dev=%s number=%lu op=%s ret=%zd", __get_str(dev),
		      __entry->number, __entry->write ? "write" : "read",
		      __entry->ret)
);

/* @dev starts to move @bytes: out of its buffer for a read, into it for a write. */
TRACE_EVENT(ldd_dma_start,
	    TP_PROTO(const char *dev, bool write, unsigned int offset,
		     unsigned int bytes),
	    TP_ARGS(dev, write, offset, bytes),
	    TP_STRUCT__entry(__string(dev, dev)
			     __field(bool, write)
			     __field(unsigned int, offset)
			     __field(unsigned int, bytes)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->write = write;
			   __entry->offset = offset;
			   __entry->bytes = bytes;
	    ),
	    TP_printk("dev=%s op=%s offset=%u bytes=%u", __get_str(dev),
		      __entry->write ? "write" : "read", __entry->offset,
		      __entry->bytes)
);

/* What @dev started has come to an end: @error is 0, or why it was given up. */
TRACE_EVENT(ldd_dma_end,
	    TP_PROTO(const char *dev, bool write, int error),
	    TP_ARGS(dev, write, error),
	    TP_STRUCT__entry(__string(dev, dev)
			     __field(bool, write)
			     __field(int, error)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->write = write;
			   __entry->error = error;
	    ),
	    TP_printk("dev=%s op=%s error=%d", __get_str(dev),
		      __entry->write ? "write" : "read", __entry->error)
);

#endif /* _TRACE_LDD_H */

#include <trace/define_trace.h>
