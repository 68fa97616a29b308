/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_COPY_H
#define _LDD_COPY_H

#include <linux/fault-inject-usercopy.h>
#include <linux/instrumented.h>
#include <linux/iov_iter.h>
#include <linux/thread_info.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

static __always_inline size_t ldd_step_to(void __user *to, size_t progress,
					  size_t len, void *from, void *priv)
{
	return copy_to_user(to, from + progress, len);
}

/*
 * Not copy_from_user(): behind what it could copy that writes zeros, and this is
 * memory that others see.
 */
static __always_inline size_t ldd_step_from(void __user *from, size_t progress,
					    size_t len, void *to, void *priv)
{
	size_t left = len;

	to += progress;
	might_fault();
	if (!should_fail_usercopy() && access_ok(from, len)) {
		check_object_size(to, len, false);
		instrument_copy_from_user_before(to, from, len);
		left = raw_copy_from_user(to, from, len);
		instrument_copy_from_user_after(to, from, len, left);
	}
	return left;
}

/*
 * copy_to_iter() and copy_from_iter(), with the one kind of iterator that
 * read(2) and write(2) have inlined: it is what a small transfer spends most on.
 */
static __always_inline size_t ldd_copy_to_iter(void *from, size_t len,
					       struct iov_iter *to)
{
	if (likely(iter_is_ubuf(to)))
		return iterate_ubuf(to, len, from, NULL, ldd_step_to);
	return copy_to_iter(from, len, to);
}

static __always_inline size_t ldd_copy_from_iter(void *to, size_t len,
						 struct iov_iter *from)
{
	if (likely(iter_is_ubuf(from)))
		return iterate_ubuf(from, len, to, NULL, ldd_step_from);
	return copy_from_iter(to, len, from);
}

#endif /* _LDD_COPY_H */
