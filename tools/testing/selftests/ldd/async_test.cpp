// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous I/O of scullp and scullv by aio and io_uring: each operation
 * completes later, once, with the right result, whatever becomes of those who
 * started it.
 */
#include <vector>

#include "async_fixture.hpp"
#include "module.hpp"

using namespace ldd;

namespace
{
/* Longer than any test may take, so nothing completes by itself. */
constexpr long long for_ever = 10000;

} /* namespace */

ASYNC_FIXTURE(async, 1);
ASYNC_ENGINES(async);

TEST_F(async, it_completes_later)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());
	char buf[5] = {};

	ASSERT_OK(dev.set("delay", 100));
	for (bool write : { true, false }) {
		Stopwatch watch;

		ASSERT_OK(write ? queue.start_write(fd, "hello", 5, 0)
				: queue.start_read(fd, buf, 5, 0));
		bool idle = queue.idle();
		long long flying = in_flight(dev), size = dev.size();
		/* With the processor gone meanwhile, nothing is to be seen. */
		if (watch.milliseconds() < 100) {
			EXPECT_TRUE(idle);
			EXPECT_EQ(1, flying);
			EXPECT_EQ(write ? 0 : 5, size);
		}
		EXPECT_VALUE(5, queue.wait());
		EXPECT_LE(100, watch.milliseconds());
		EXPECT_EQ(0, in_flight(dev));
		EXPECT_EQ(5, dev.size());
	}
	EXPECT_TEXT("hello", std::string(buf, 5));
}

/* The bytes move when it completes, not when it was started. */
TEST_F(async, the_data_is_that_of_completion)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());
	char in[] = "before", out[] = "------";

	HOLDER_OR_SKIP(holder, fd, 6);
	ASSERT_OK(queue.start_write(fd, in, 6, 0));
	EXPECT_TRUE(queue.idle());
	std::string("after!").copy(in, 6);
	EXPECT_VALUE(1, holder.release('\n'));
	EXPECT_VALUE(6, queue.wait());
	EXPECT_TEXT("after!\n", take_at(fd, 10, 0));

	HOLDER_OR_SKIP(second, fd, 2 * page_size);
	ASSERT_OK(queue.start_read(fd, out, 6, 2 * page_size - 5));
	EXPECT_TEXT("------", out);
	EXPECT_VALUE(1, second.release('x'));
	EXPECT_VALUE(6, queue.wait());
	EXPECT_TRUE(std::string(out, 6) == std::string(5, '\0') + "x");
}

TEST_F(async, without_a_delay_it_is_done_in_the_call)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());
	char buf[5] = {};

	ASSERT_OK(dev.set("delay", 0LL));
	EXPECT_VALUE(5, fd.pwrite("hello", 0));
	ASSERT_OK(queue.start_read(fd, buf, 5, 0));
	EXPECT_FALSE(queue.idle());
	EXPECT_VALUE(5, queue.wait());
	EXPECT_TEXT("hello", std::string(buf, 5));
	/* Into a hole, for which memory is needed: io_uring has others do that. */
	EXPECT_VALUE(5, queue.write(fd, "there", 5, 10 * page_size));
	EXPECT_TEXT("there", take_at(fd, 5, 10 * page_size));
}

TEST_F(async, a_synchronous_call_does_not_wait)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	Stopwatch watch;

	ASSERT_OK(dev.set("delay", for_ever));
	EXPECT_VALUE(5, fd.pwrite("hello", 0));
	EXPECT_TEXT("hello", take_at(fd, 5, 0));
	EXPECT_GT(for_ever, watch.milliseconds());
}

/* Bug 14 */
TEST_F(async, results)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open()), append = ASSERT_OK(dev.open(O_RDWR | O_APPEND));
	const long page = page_size;
	const std::string bytes = pattern(3 * page);
	std::string buf(3 * page, '-');
	char *end = end_of_memory();

	ASSERT_OK(dev.set("limit", 2 * page + 10));
	EXPECT_VALUE(0, queue.read(fd, buf.data(), 10, 0));
	EXPECT_VALUE(2 * page + 10, queue.write(fd, bytes.data(), 3 * page, 0));
	EXPECT_ERRNO(ENOSPC, queue.write(fd, "x", 1, 2 * page + 10));
	EXPECT_VALUE(2 * page + 9, queue.read(fd, buf.data(), 3 * page, 1));
	EXPECT_TRUE(buf.compare(0, 2 * page + 9, bytes, 1, 2 * page + 9) == 0);
	EXPECT_VALUE(0, queue.read(fd, buf.data(), 10, 2 * page + 10));
	EXPECT_VALUE(0, queue.read(fd, buf.data(), 0, 0));
	EXPECT_VALUE(0, queue.write(fd, buf.data(), 0, 0));

	EXPECT_VALUE(30, queue.read(fd, end - 30, 100, 0));
	EXPECT_TRUE(std::string(end - 30, 30) == bytes.substr(0, 30));
	EXPECT_VALUE(30, queue.write(fd, end - 30, 100, page));
	EXPECT_ERRNO(EFAULT, queue.read(fd, end, 100, 0));
	EXPECT_ERRNO(EFAULT, queue.write(fd, end, 100, 0));

	ASSERT_OK(dev.set("limit", 3 * page));
	EXPECT_VALUE(4, queue.write(append, "tail", 4, 0));
	EXPECT_TEXT("tail", take_at(fd, 10, 2 * page + 10));
}

TEST_F(async, no_memory_is_left_behind_a_bad_buffer)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());

	EXPECT_ERRNO(EFAULT, queue.write(fd, end_of_memory(), 100, 0));
	EXPECT_EQ(0, dev.memory());
	EXPECT_EQ(0, in_flight(dev));
}

/* All of them wait for one; then each is there, once. */
TEST_F(async, a_thousand_at_once)
{
	constexpr unsigned long many = 1000, each = 64;
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine, many);
	Fd fd = ASSERT_OK(dev.open());
	std::string in = pattern(many * each), out(many * each, '-');

	for (bool write : { true, false }) {
		std::vector<int> seen(many);
		HOLDER_OR_SKIP(holder, fd, many * each + write * page_size);

		for (unsigned long i = 0; i < many; i++) {
			ASSERT_OK(write ? queue.start_write(fd, &in[i * each], each, i * each, i)
					: queue.start_read(fd, &out[i * each], each, i * each, i));
		}
		EXPECT_EQ(long(many), in_flight(dev));
		EXPECT_TRUE(queue.idle());
		EXPECT_VALUE(1, holder.release('x'));
		for (unsigned long i = 0; i < many; i++) {
			unsigned long tag = many;

			ASSERT_VALUE(long(each), queue.wait(&tag));
			ASSERT_GT(many, tag);
			ASSERT_EQ(0, seen[tag]++);
		}
		EXPECT_TRUE(queue.idle());
		EXPECT_EQ(0, in_flight(dev));
	}
	EXPECT_TRUE(take_at(fd, in.size(), 0) == in);
	EXPECT_TRUE(out == in);
}

/* Neither for the lock, nor for memory: who submits waits for nobody. */
TEST_F(async, nowait)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());

	HOLDER_OR_SKIP(holder, fd, 10 * page_size);
	ASSERT_OK(queue.start_write(fd, "hello", 5, 0, 0, RWF_NOWAIT));
	EXPECT_TRUE(queue.idle());
	EXPECT_VALUE(1, holder.release('x'));
	EXPECT_VALUE(5, queue.wait());
	EXPECT_TEXT("hello", take_at(fd, 5, 0));
}

TEST_F(async, the_file_is_closed_meanwhile)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());

	ASSERT_OK(dev.set("delay", 50));
	ASSERT_OK(queue.start_write(fd, "hello", 5, 0));
	fd.reset();
	EXPECT_VALUE(5, queue.wait());
	Fd again = ASSERT_OK(dev.open());
	EXPECT_TEXT("hello", take_at(again, 5, 0));
}

/* What was to be written is written, into what is there then. */
TEST_F(async, the_device_is_emptied_meanwhile)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());
	Stopwatch watch;
	char buf[9];

	EXPECT_VALUE(9, fd.pwrite("long gone", 0));
	ASSERT_OK(dev.set("delay", 100));
	ASSERT_OK(queue.start_read(fd, buf, 9, 0, 1));
	ASSERT_OK(queue.start_write(fd, "x", 1, 3, 2));
	ASSERT_OK(dev.open(O_WRONLY));
	bool early = watch.milliseconds() < 100;
	for (int i = 0; i < 2; i++) {
		unsigned long tag = 0;
		Result<long> result = queue.wait(&tag);

		if (tag == 2) {
			EXPECT_VALUE(1, result);
		} else if (early) {
			/* Before or after the other one. */
			ASSERT_OK(result);
			EXPECT_NE(9, result.value());
		}
	}
	if (early) {
		EXPECT_TRUE(take_at(fd, 10, 0) == std::string(3, '\0') + "x");
	}
}

/* Whoever has started them gives up the queue, and comes away at once. */
TEST_F(async, the_queue_is_destroyed_meanwhile)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	static char buf[100];
	Stopwatch watch;

	/* aio cancels what is in flight; io_uring waits for it, elsewhere. */
	ASSERT_OK(dev.set("delay", variant->engine == Engine::aio ? for_ever : 50));
	{
		QUEUE_OR_SKIP(queue, variant->engine, 100);
		for (int i = 0; i < 100; i++)
			ASSERT_OK(i % 2 ? queue.start_read(fd, &buf[i], 1, i)
					: queue.start_write(fd, &buf[i], 1, i));
	}
	wait_for_none(dev);
	EXPECT_GT(for_ever, watch.milliseconds());
	EXPECT_VALUE(3, fd.pwrite("end", 0));
}

TEST_F(async, the_process_is_killed_meanwhile)
{
	const Scull dev(variant->device);
	Pipe pipe = ASSERT_OK(Pipe::make());
	Stopwatch watch;

	ASSERT_OK(dev.set("delay", variant->engine == Engine::aio ? for_ever : 200));
	Child child = ASSERT_OK(Child::fork_to([&] {
		auto queue = make_queue(variant->engine, 100);
		Result<Fd> fd = dev.open();
		std::string buf(100, 'k');

		for (int i = 0; i < 100; i++)
			static_cast<void>(i % 2 ? queue->start_read(fd.value(), &buf[i], 1, i)
						: queue->start_write(fd.value(), &buf[i], 1, i));
		static_cast<void>(pipe.wr.write("x"));
		pause();
		return 0;
	}));
	EXPECT_EQ(1UL, take(pipe.rd, 1).size());
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	wait_for_none(dev);
	EXPECT_GT(for_ever, watch.milliseconds());
}

/* The child has a copy of its own of the page that the parent reads into. */
TEST_F(async, a_fork_meanwhile)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());
	Mapping memory = ASSERT_OK(map_memory(1));
	Pipe pipe = ASSERT_OK(Pipe::make());

	memory.put("-----");
	HOLDER_OR_SKIP(holder, fd, 4);
	ASSERT_OK(queue.start_read(fd, memory.page(0), 5, 0));
	Child child = ASSERT_OK(Child::fork_to(
		[&] { return take(pipe.rd, 1) == "x" && memory.text(5) == "-----" ? 0 : 1; }));
	/* This would be the moment at which they part, and who has the page? */
	memory[5] = 'p';
	EXPECT_VALUE(1, holder.release('x'));
	EXPECT_VALUE(5, queue.wait());
	EXPECT_TRUE(memory.text(6) == std::string(4, '\0') + "xp");
	EXPECT_VALUE(1, pipe.wr.write("x"));
	EXPECT_VALUE(0, child.wait());
}

/* What the parent has there in the end is what is written. */
TEST_F(async, a_fork_during_a_write)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(dev.open());
	Mapping memory = ASSERT_OK(map_memory(1));

	memory.put("-----");
	HOLDER_OR_SKIP(holder, fd, 5);
	ASSERT_OK(queue.start_write(fd, memory.page(0), 5, 0));
	Child child = ASSERT_OK(Child::fork_to([&] {
		memory.put("child");
		return 0;
	}));
	EXPECT_VALUE(0, child.wait());
	memory.put("paren");
	EXPECT_VALUE(1, holder.release('t'));
	EXPECT_VALUE(5, queue.wait());
	EXPECT_TEXT("parent", take_at(fd, 6, 0));
}

TEST_F(async, no_unload_meanwhile)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);

	if (!is_module(variant->module))
		SKIP(return, "the driver is built into the kernel");
	Fd fd = ASSERT_OK(dev.open());
	ASSERT_OK(dev.set("delay", 100));
	Stopwatch watch;
	ASSERT_OK(queue.start_write(fd, "hello", 5, 0));
	fd.reset();
	Result<long> early = unload(variant->module);
	if (watch.milliseconds() < 100) {
		EXPECT_ERRNO(EWOULDBLOCK, early);
	}
	EXPECT_VALUE(5, queue.wait());
	if (!early.ok()) {
		ASSERT_OK(unload_between(variant->module));
	}
	EXPECT_VALUE(0, modprobe({ variant->module }));
}

TEST_F(async, delays)
{
	const Scull dev(variant->device);

	for (const char *bad : { "-1", "10001", "x", "4294967296" }) {
		EXPECT_TRUE(!dev.set("delay", bad).ok());
	}
	EXPECT_EQ(1, dev.get("delay"));
	EXPECT_OK(dev.set("delay", "10000"));
	EXPECT_EQ(10000, dev.get("delay"));
}

/* What only aio has. */
ASYNC_FIXTURE(aio, for_ever);
ASYNC_VARIANT(aio, scullp, aio);
ASYNC_VARIANT(aio, scullv, aio);

TEST_F(aio, cancel)
{
	const Scull dev(variant->device);
	AioQueue queue(8);
	Fd fd = ASSERT_OK(dev.open());
	Stopwatch watch;

	ASSERT_EQ(0, queue.error());
	ASSERT_OK(queue.start_write(fd, "hello", 5, 0));
	EXPECT_ERRNO(EINPROGRESS, queue.cancel());
	EXPECT_ERRNO(ECANCELED, queue.wait());
	EXPECT_ERRNO(EINVAL, queue.cancel());
	EXPECT_TRUE(queue.idle());
	EXPECT_EQ(0, dev.size());
	EXPECT_GT(for_ever, watch.milliseconds());
}

/* Another one has the lock, for which the worker waits already. */
TEST_F(aio, cancel_too_late)
{
	const Scull dev(variant->device);
	AioQueue queue(8);
	Fd fd = ASSERT_OK(dev.open(O_RDWR | O_DIRECT)), buffered = ASSERT_OK(dev.open());

	ASSERT_EQ(0, queue.error());
	ASSERT_OK(dev.set("delay", 0LL));
	HOLDER_OR_SKIP(holder, buffered, page_size);
	ASSERT_OK(queue.start_write(fd, "hello", 5, 0));
	/* It is off the queue soon after. */
	Result<long> ret = queue.cancel();
	EXPECT_TRUE(ret.error() == EAGAIN || ret.error() == EINPROGRESS);
	EXPECT_VALUE(1, holder.release('x'));
	if (ret.error() == EAGAIN) {
		EXPECT_VALUE(5, queue.wait());
	} else {
		EXPECT_ERRNO(ECANCELED, queue.wait());
	}
	EXPECT_TRUE(queue.idle());
}

/* Whoever waits for the device, one that is cancelled does not wait behind them. */
TEST_F(aio, cancel_while_all_workers_wait)
{
	const Scull dev(variant->device);
	AioQueue queue(crowd + 1);
	Fd direct = ASSERT_OK(dev.open(O_RDWR | O_DIRECT)), fd = ASSERT_OK(dev.open());

	ASSERT_EQ(0, queue.error());
	HOLDER_OR_SKIP(holder, fd, 0);
	ASSERT_OK(dev.set("delay", 0LL));
	ASSERT_TRUE(occupy_workers(queue, direct));
	ASSERT_OK(dev.set("delay", for_ever));
	ASSERT_OK(queue.start_write(fd, "hello", 5, 0, crowd));
	EXPECT_ERRNO(EINPROGRESS, queue.cancel());
	EXPECT_ERRNO(ECANCELED, queue.wait());
	EXPECT_EQ(long(crowd), in_flight(dev));
	EXPECT_VALUE(1, holder.release('x'));
	for (unsigned int i = 0; i < crowd; i++) {
		ASSERT_VALUE(1, queue.wait());
	}
}

/* Over and over, as close to the completion as it gets. */
TEST_F(aio, cancel_at_any_moment)
{
	constexpr unsigned long many = 200;
	const Scull dev(variant->device);
	AioQueue queue(many);
	Fd fd = ASSERT_OK(dev.open());

	ASSERT_EQ(0, queue.error());
	ASSERT_OK(dev.set("delay", 1));
	for (unsigned long i = 0; i < many; i++) {
		Stopwatch watch;

		ASSERT_OK(queue.start_write(fd, "x", 1, 0, i));
		while (i % 2 && queue.idle() && watch.milliseconds() < long(i % 24))
			;
		int error = queue.cancel().error();
		unsigned long tag = many;
		Result<long> ret = queue.wait(&tag);
		ASSERT_EQ(i, tag);
		if (error == EINPROGRESS) {
			ASSERT_ERRNO(ECANCELED, ret);
		} else {
			ASSERT_VALUE(1, ret);
		}
		ASSERT_TRUE(queue.idle());
	}
}

/* What only io_uring has. */
ASYNC_FIXTURE(uring, 20);
ASYNC_VARIANT(uring, scullp, ring);
ASYNC_VARIANT(uring, scullv, ring);

TEST_F(uring, linked)
{
	const Scull dev(variant->device);
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(dev.open());
	char buf[5] = {};
	unsigned long tag = 0;

	io_uring_sqe *sqe = io_uring_get_sqe(ring.get());
	io_uring_prep_write(sqe, fd.get(), "hello", 5, 0);
	io_uring_sqe_set_data64(sqe, 1);
	sqe->flags |= IOSQE_IO_LINK;
	ASSERT_OK(ring.start(2, [&](io_uring_sqe *sqe) {
		io_uring_prep_read(sqe, fd.get(), buf, 5, 0);
	}));
	EXPECT_VALUE(5, ring.wait(&tag));
	EXPECT_EQ(1UL, tag);
	EXPECT_VALUE(5, ring.wait(&tag));
	EXPECT_EQ(2UL, tag);
	EXPECT_TEXT("hello", std::string(buf, 5));
}

TEST_F(uring, registered_buffers)
{
	const Scull dev(variant->device);
	RING_OR_SKIP(ring);
	alignas(4096) static char buf[3 * 4096];
	iovec iov = { buf, sizeof(buf) };
	int ret = io_uring_register_buffers(ring.get(), &iov, 1);

	if (ret)
		SKIP(return, "io_uring_register_buffers: %s", strerror(-ret));
	const std::string bytes = pattern(5000);
	bytes.copy(buf + 1, 5000);
	for (int flags : { O_RDWR, O_RDWR | O_DIRECT }) {
		Fd fd = ASSERT_OK(dev.open(flags));

		ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
			io_uring_prep_write_fixed(sqe, fd.get(), buf + 1, 5000, 7, 0);
		}));
		EXPECT_VALUE(5000, ring.wait());
		ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
			io_uring_prep_read_fixed(sqe, fd.get(), buf + 6001, 6000, 7, 0);
		}));
		EXPECT_VALUE(5000, ring.wait());
		EXPECT_TRUE(std::string(buf + 6001, 5000) == bytes);
	}
	EXPECT_EQ(0, io_uring_unregister_buffers(ring.get()));
}

/* The ring lets its buffers go only when nobody reads or writes there any more. */
TEST_F(uring, the_ring_is_closed_meanwhile)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open()), direct = ASSERT_OK(dev.open(O_RDWR | O_DIRECT));
	Mapping memory = ASSERT_OK(map_memory(1));
	iovec iov = { memory.page(0), page_size };

	memory.put("hello");
	HOLDER_OR_SKIP(holder, fd, 5);
	{
		RING_OR_SKIP(ring);
		int ret = io_uring_register_buffers(ring.get(), &iov, 1);

		if (ret)
			SKIP(return, "io_uring_register_buffers: %s", strerror(-ret));
		for (const Fd *file : { &fd, &direct })
			ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
				io_uring_prep_write_fixed(sqe, file->get(), memory.page(0), 5, 0,
							  0);
			}));
	}
	EXPECT_EQ(2, in_flight(dev));
	EXPECT_VALUE(1, holder.release('!'));
	wait_for_none(dev);
	EXPECT_TEXT("hello!", take_at(fd, 10, 0));
	/* The ring goes in its own time, too. */
	wait_until([] { return pinned_pages() == 0; });
}

TEST_F(uring, the_position_of_the_file_stays)
{
	const Scull dev(variant->device);
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(dev.open());
	char buf[3] = {};

	EXPECT_VALUE(5, fd.pwrite("hello", 0));
	EXPECT_VALUE(2, fd.seek(2));
	ASSERT_OK(ring.start_read(fd, buf, 3, 0, __u64(-1)));
	EXPECT_VALUE(3, ring.wait());
	EXPECT_TEXT("llo", std::string(buf, 3));
	EXPECT_TEXT("llo", take(fd, 3));
}

/* What failed takes those that were to follow with it. */
TEST_F(uring, linked_behind_one_that_fails)
{
	const Scull dev(variant->device);
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(dev.open());
	unsigned long tag = 0;

	ASSERT_OK(dev.set("limit", 10));
	io_uring_sqe *sqe = io_uring_get_sqe(ring.get());
	io_uring_prep_write(sqe, fd.get(), "hello", 5, 10);
	io_uring_sqe_set_data64(sqe, 1);
	sqe->flags |= IOSQE_IO_LINK;
	ASSERT_OK(ring.start(2, [&](io_uring_sqe *sqe) {
		io_uring_prep_write(sqe, fd.get(), "hello", 5, 0);
	}));
	for (int i = 0; i < 2; i++) {
		Result<int> result = ring.wait(&tag);

		EXPECT_ERRNO(tag == 1 ? ENOSPC : ECANCELED, result);
	}
	EXPECT_EQ(0, dev.size());
}

TEST_F(uring, polled_completion_is_refused)
{
	const Scull dev(variant->device);
	Ring ring(8, IORING_SETUP_IOPOLL);
	Fd fd = ASSERT_OK(dev.open(O_RDWR | O_DIRECT));
	char c;

	if (ring.error())
		SKIP(return, "io_uring_queue_init: %s", strerror(ring.error()));
	ASSERT_OK(ring.start_read(fd, &c, 1));
	EXPECT_ERRNO(EOPNOTSUPP, ring.wait());
	ASSERT_OK(ring.start_write(fd, &c, 1));
	EXPECT_ERRNO(EOPNOTSUPP, ring.wait());
	EXPECT_EQ(0, in_flight(dev));
}

/* It is not cancelled: it completes as it would have. */
TEST_F(uring, cancel)
{
	const Scull dev(variant->device);
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(dev.open());
	unsigned long tag = 0;

	ASSERT_OK(ring.start_write(fd, "hello", 5));
	ASSERT_OK(ring.start(2, [](io_uring_sqe *sqe) { io_uring_prep_cancel64(sqe, 1, 0); }));
	for (int i = 0; i < 2; i++) {
		Result<int> result = ring.wait(&tag);

		if (tag == 1) {
			EXPECT_VALUE(5, result);
		} else {
			EXPECT_TRUE(result.error() == ENOENT || result.error() == EALREADY);
		}
	}
	EXPECT_TRUE(ring.idle());
}

TEST_HARNESS_MAIN
