/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Three ways to have a transfer made, behind one face: by a call that waits, by
 * the system calls of aio, and by io_uring.
 */
#ifndef _LDD_QUEUE_HPP
#define _LDD_QUEUE_HPP

#include <deque>
#include <linux/aio_abi.h>
#include <memory>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.hpp"
#include "result.hpp"
#include "ring.hpp"

namespace ldd
{
/* @vecs need not outlive the start; what they point to must, until it completes. */
struct Transfer {
	bool write;
	const iovec *vecs;
	int count;
	off_t offset;
	unsigned long tag = 0;
	int flags = 0;
};

class Queue {
public:
	virtual ~Queue() = default;

	/* Why it cannot be used here, or 0. */
	virtual int error() const = 0;
	virtual Result<long> start(const Fd &fd, const Transfer &transfer) = 0;
	/* What the next one to complete came to. */
	virtual Result<long> wait(unsigned long *tag = nullptr) = 0;
	/* Has nothing completed? */
	virtual bool idle() = 0;

	Result<long> start_read(const Fd &fd, void *buf, size_t count, off_t offset,
				unsigned long tag = 0, int flags = 0)
	{
		iovec vec = { buf, count };

		return start(fd, { false, &vec, 1, offset, tag, flags });
	}

	Result<long> start_write(const Fd &fd, const void *buf, size_t count, off_t offset,
				 unsigned long tag = 0, int flags = 0)
	{
		iovec vec = { const_cast<void *>(buf), count };

		return start(fd, { true, &vec, 1, offset, tag, flags });
	}

	/* Start and wait. A bad buffer may be refused at the start. */
	Result<long> run(const Fd &fd, const Transfer &transfer)
	{
		Result<long> started = start(fd, transfer);

		return started.ok() ? wait() : std::move(started);
	}

	Result<long> read(const Fd &fd, void *buf, size_t count, off_t offset, int flags = 0)
	{
		iovec vec = { buf, count };

		return run(fd, { false, &vec, 1, offset, 0, flags });
	}

	Result<long> write(const Fd &fd, const void *buf, size_t count, off_t offset, int flags = 0)
	{
		iovec vec = { const_cast<void *>(buf), count };

		return run(fd, { true, &vec, 1, offset, 0, flags });
	}

protected:
	static Result<long> outcome(long ret, const char *name)
	{
		Call call = { name, "" };

		return ret < 0 ? Result<long>::failure(int(-ret), std::move(call))
			       : Result<long>(ret, std::move(call));
	}
};

class CallQueue : public Queue {
public:
	int error() const override { return 0; }

	Result<long> start(const Fd &fd, const Transfer &t) override
	{
		auto call = t.write ? pwritev2 : preadv2;
		long ret = call(fd.get(), t.vecs, t.count, t.offset, t.flags);

		results_.push_back({ t.tag, ret < 0 ? -errno : ret });
		return outcome(1, "start");
	}

	Result<long> wait(unsigned long *tag = nullptr) override
	{
		auto [of, ret] = results_.front();

		results_.pop_front();
		if (tag)
			*tag = of;
		return outcome(ret, "the call");
	}

	bool idle() override { return results_.empty(); }

private:
	std::deque<std::pair<unsigned long, long>> results_;
};

class AioQueue : public Queue {
public:
	explicit AioQueue(unsigned int depth)
		: error_(syscall(SYS_io_setup, depth, &context_) ? errno : 0)
	{}
	~AioQueue() override
	{
		if (!error_)
			syscall(SYS_io_destroy, context_);
	}

	int error() const override { return error_; }

	Result<long> start(const Fd &fd, const Transfer &t) override
	{
		iocb &iocb = iocbs_.emplace_back();
		struct iocb *list = &iocb;

		iocb.aio_data = t.tag;
		iocb.aio_lio_opcode = t.write ? IOCB_CMD_PWRITEV : IOCB_CMD_PREADV;
		iocb.aio_fildes = fd.get();
		iocb.aio_buf = reinterpret_cast<__u64>(t.vecs);
		iocb.aio_nbytes = t.count;
		iocb.aio_offset = t.offset;
		iocb.aio_rw_flags = t.flags;
		return result_of<long>(syscall(SYS_io_submit, context_, 1, &list),
				       { "io_submit", fd.path() });
	}

	Result<long> wait(unsigned long *tag = nullptr) override
	{
		io_event event = {};
		long got = syscall(SYS_io_getevents, context_, 1, 1, &event, nullptr);

		if (got != 1)
			return Result<long>::failure(errno, { "io_getevents", "" });
		if (tag)
			*tag = event.data;
		return outcome(event.res, "aio completion");
	}

	bool idle() override
	{
		/* What has completed is in the ring that the context points to. */
		const auto *ring = reinterpret_cast<const volatile unsigned int *>(context_);

		return ring[2] == ring[3];
	}

	/* The last one that was started. */
	Result<long> cancel()
	{
		io_event event = {};

		return result_of<long>(syscall(SYS_io_cancel, context_, &iocbs_.back(), &event),
				       { "io_cancel", "" });
	}

private:
	aio_context_t context_ = 0;
	std::deque<iocb> iocbs_;
	int error_;
};

class RingQueue : public Queue {
public:
	explicit RingQueue(unsigned int depth) : ring_(depth) {}

	int error() const override { return ring_.error(); }
	Ring &ring() { return ring_; }

	Result<long> start(const Fd &fd, const Transfer &t) override
	{
		auto prepare = t.write ? io_uring_prep_writev : io_uring_prep_readv;

		return longer(ring_.start(t.tag, [&](io_uring_sqe *sqe) {
			prepare(sqe, fd.get(), t.vecs, t.count, t.offset);
			sqe->rw_flags = t.flags;
		}));
	}

	Result<long> wait(unsigned long *tag = nullptr) override { return longer(ring_.wait(tag)); }

	bool idle() override { return ring_.idle(); }

private:
	static Result<long> longer(const Result<int> &result)
	{
		return outcome(result.ok() ? result.value() : -result.error(), "io_uring");
	}

	Ring ring_;
};

enum class Engine { call, aio, ring };

inline std::unique_ptr<Queue> make_queue(Engine engine, unsigned int depth = 8)
{
	switch (engine) {
	case Engine::aio:
		return std::make_unique<AioQueue>(depth);
	case Engine::ring:
		return std::make_unique<RingQueue>(depth);
	default:
		return std::make_unique<CallQueue>();
	}
}

} /* namespace ldd */

#define QUEUE_OR_SKIP(queue, engine, ...)                                  \
	auto queue##_made = make_queue(engine __VA_OPT__(, ) __VA_ARGS__); \
	Queue &queue = *queue##_made;                                      \
	if (queue.error())                                                 \
	SKIP(return, "cannot queue: %s", strerror(queue.error()))

#endif /* _LDD_QUEUE_HPP */
