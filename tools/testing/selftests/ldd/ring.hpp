/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An io_uring of one task.
 */
#ifndef _LDD_RING_HPP
#define _LDD_RING_HPP

#include <cstring>
#include <liburing.h>

#include "file.hpp"
#include "result.hpp"

namespace ldd
{
class Ring {
public:
	explicit Ring(unsigned int entries = 8, unsigned int flags = 0)
		: error_(-io_uring_queue_init(entries, &ring_, flags))
	{}
	Ring(const Ring &) = delete;
	Ring &operator=(const Ring &) = delete;
	~Ring()
	{
		if (!error_)
			io_uring_queue_exit(&ring_);
	}

	int error() const { return error_; }
	io_uring *get() { return &ring_; }

	/* Start what @prepare makes of an empty entry, and remember it as @tag. */
	template <typename F> Result<int> start(unsigned long tag, F prepare)
	{
		io_uring_sqe *sqe = io_uring_get_sqe(&ring_);

		prepare(sqe);
		io_uring_sqe_set_data64(sqe, tag);
		return outcome(io_uring_submit(&ring_), "io_uring_submit");
	}

	Result<int> start_read(const Fd &fd, void *buf, size_t count, int flags = 0,
			       __u64 offset = 0)
	{
		return start(1, [&](io_uring_sqe *sqe) {
			io_uring_prep_read(sqe, fd.get(), buf, count, offset);
			sqe->rw_flags = flags;
		});
	}

	Result<int> start_write(const Fd &fd, const void *buf, size_t count, int flags = 0,
				__u64 offset = 0)
	{
		return start(1, [&](io_uring_sqe *sqe) {
			io_uring_prep_write(sqe, fd.get(), buf, count, offset);
			sqe->rw_flags = flags;
		});
	}

	Result<int> start_poll(const Fd &fd, unsigned int events)
	{
		return start(1, [&](io_uring_sqe *sqe) {
			io_uring_prep_poll_add(sqe, fd.get(), events);
		});
	}

	/* Has nothing completed? Looking also runs what completes in this task. */
	bool idle()
	{
		io_uring_cqe *cqe;

		return io_uring_get_events(&ring_) >= 0 && io_uring_peek_cqe(&ring_, &cqe);
	}

	/* What the next one to complete came to. */
	Result<int> wait(unsigned long *tag = nullptr)
	{
		io_uring_cqe *cqe;
		int ret = io_uring_wait_cqe(&ring_, &cqe);

		if (ret)
			return outcome(ret, "io_uring_wait_cqe");
		ret = cqe->res;
		if (tag)
			*tag = cqe->user_data;
		io_uring_cqe_seen(&ring_, cqe);
		return outcome(ret, "io_uring completion");
	}

private:
	static Result<int> outcome(int ret, const char *name)
	{
		Call call = { name, "" };

		return ret < 0 ? Result<int>::failure(-ret, std::move(call))
			       : Result<int>(ret, std::move(call));
	}

	io_uring ring_ = {};
	int error_;
};

} /* namespace ldd */

#define RING_OR_SKIP(ring) \
	Ring ring;         \
	if (ring.error())  \
	SKIP(return, "io_uring_queue_init: %s", strerror(ring.error()))

#endif /* _LDD_RING_HPP */
