// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O of scullp and scullv, by calls that wait, aio and io_uring: between
 * the device and any kind of buffer, and whatever becomes of it meanwhile. After
 * each test, no page is pinned any more.
 */
#include <vector>

#include "async_fixture.hpp"

using namespace ldd;

namespace
{
Result<Fd> open_direct(const Scull &dev, int flags = 0)
{
	return dev.open(O_RDWR | O_DIRECT | flags);
}

/* What a buffer of @mapping gets from the device, which is full of a pattern. */
std::string read_into(Queue &queue, const Scull &dev, const Mapping &mapping, size_t at,
		      size_t count)
{
	Result<Fd> fd = open_direct(dev);
	const std::string bytes = pattern(at + count);

	if (!fd.ok() || !fd.value().pwrite(bytes, 0).ok() ||
	    !queue.read(fd.value(), mapping.page(0) + at, count, at).ok())
		return "";
	return mapping.text(at + count).substr(at) == bytes.substr(at) ? "same" : "other";
}

} /* namespace */

ASYNC_FIXTURE(direct, 1);
ALL_ENGINES(direct);

TEST_F(direct, odd_vectors)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev)), buffered = ASSERT_OK(dev.open());
	std::string in = pattern(60000), out(60000, '-');
	std::vector<iovec> from, to;
	size_t total = 0;

	for (size_t length : { 1, 4095, 0, 4097, 3, 20000, 1, 1, 12288, 0 }) {
		from.push_back({ &in[total + from.size()], length });
		to.push_back({ &out[total + to.size()], length });
		total += length;
	}
	for (off_t offset : { 0, 1, 4095, 100001 }) {
		std::string want, got;

		ASSERT_VALUE(long(total),
			     queue.run(fd, { true, from.data(), int(from.size()), offset }));
		for (const iovec &vec : from)
			want.append(static_cast<char *>(vec.iov_base), vec.iov_len);
		EXPECT_TRUE(take_at(buffered, total, offset) == want);
		ASSERT_VALUE(long(total),
			     queue.run(fd, { false, to.data(), int(to.size()), offset }));
		for (const iovec &vec : to)
			got.append(static_cast<char *>(vec.iov_base), vec.iov_len);
		EXPECT_TRUE(got == want);
		/* Nothing between the vectors. */
		EXPECT_EQ('-', out[1]);
		out.assign(out.size(), '-');
	}
}

TEST_F(direct, every_alignment)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev));
	Mapping memory = ASSERT_OK(map_memory(4));

	ASSERT_OK(dev.set("delay", 0LL));
	for (size_t at : { size_t(0), size_t(1), page_size / 2, page_size - 1 }) {
		for (size_t count : { size_t(1), page_size - 1, page_size, page_size + 1,
				      2 * page_size, 3 * page_size }) {
			const std::string bytes = pattern(count, at);

			memory.put(bytes, at);
			ASSERT_VALUE(long(count), queue.write(fd, memory.page(0) + at, count, at));
			memory.put(std::string(memory.bytes(), '-'));
			ASSERT_VALUE(long(count), queue.read(fd, memory.page(0) + at, count, at));
			ASSERT_TRUE(memory.text().substr(at, count) == bytes);
			ASSERT_TRUE(at == 0 || memory[at - 1] == '-');
			ASSERT_EQ('-', memory[at + count]);
		}
	}
}

TEST_F(direct, a_buffer_that_ends_in_the_middle)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev));
	char *end = end_of_memory();
	const std::string bytes = pattern(page_size);
	char good[10] = {};
	iovec vecs[] = { { good, 10 }, { end, 10 }, { good, 10 } };

	EXPECT_ERRNO(EFAULT, queue.write(fd, end, 10, 0));
	EXPECT_EQ(0, dev.memory());
	bytes.copy(end - page_size, page_size);
	EXPECT_VALUE(long(page_size), queue.write(fd, end - page_size, 2 * page_size, 0));
	EXPECT_TRUE(take_at(fd, 2 * page_size, 0) == bytes);
	EXPECT_VALUE(7, queue.read(fd, end - 7, 100, 0));
	EXPECT_TRUE(std::string(end - 7, 7) == bytes.substr(0, 7));
	EXPECT_ERRNO(EFAULT, queue.read(fd, end, 10, 0));
	EXPECT_VALUE(10, queue.run(fd, { false, vecs, 3, 0 }));
	EXPECT_ERRNO(EFAULT, queue.run(fd, { false, vecs + 1, 2, 0 }));
}

TEST_F(direct, a_buffer_that_may_only_be_read)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev));
	Mapping memory = ASSERT_OK(map_memory(2));

	memory.put("hello");
	ASSERT_OK(protect(memory, 0, 2, PROT_READ));
	EXPECT_VALUE(5, queue.write(fd, memory.page(0), 5, 0));
	EXPECT_TEXT("hello", take_at(fd, 5, 0));
	EXPECT_ERRNO(EFAULT, queue.read(fd, memory.page(0), 5, 0));
	ASSERT_OK(protect(memory, 0, 1, PROT_READ | PROT_WRITE));
	EXPECT_VALUE(5, fd.pwrite("there", page_size - 3));
	EXPECT_VALUE(3, queue.read(fd, memory.page(1) - 3, 5, page_size - 3));
	EXPECT_TRUE(memory.text().substr(page_size - 3, 5) == std::string("the\0\0", 5));
}

/* Memory that was never touched is all zeros, and one page for all. */
TEST_F(direct, a_buffer_that_was_never_touched)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev));
	Mapping memory = ASSERT_OK(map_memory(4));

	EXPECT_VALUE(long(memory.bytes()), queue.write(fd, memory.page(0), memory.bytes(), 0));
	EXPECT_TRUE(take_at(fd, memory.bytes(), 0) == std::string(memory.bytes(), '\0'));
	EXPECT_TRUE(read_into(queue, dev, memory, 10, 3 * page_size) == "same");
}

TEST_F(direct, a_buffer_that_is_a_file)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd file = ASSERT_OK(memory_file(std::string(4 * page_size, '-')));

	for (int flags : { MAP_PRIVATE, MAP_SHARED }) {
		Mapping mapping = ASSERT_OK(map(file, { .pages = 4, .flags = flags }));

		EXPECT_TRUE(read_into(queue, dev, mapping, 10, 3 * page_size) == "same");
		EXPECT_TRUE((take_at(file, 4 * page_size, 0) == mapping.text()) ==
			    (flags == MAP_SHARED));
	}
}

TEST_F(direct, a_buffer_of_huge_pages)
{
	constexpr size_t huge = 2UL << 20;
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Result<ssize_t> reserved = write_text("/proc/sys/vm/nr_hugepages", "4");
	void *mem = mmap(nullptr, huge, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (!reserved.ok() || mem == MAP_FAILED)
		SKIP(return, "no huge pages: %s", strerror(errno));
	{
		Mapping memory(mem, huge);

		Fd fd = ASSERT_OK(open_direct(dev));
		auto *page = memory.page(0);
		/* Some meet in the huge page, some do not. */
		iovec vecs[] = { { page + 10, 4 * page_size - 10 },
				 { page + 4 * page_size, 3 * page_size },
				 { page + 7 * page_size, 5 },
				 { page + 7 * page_size + 5, page_size },
				 { page + 4 * page_size, page_size } };
		std::string want;

		EXPECT_TRUE(read_into(queue, dev, memory, 1000, huge - 1000) == "same");
		for (const iovec &vec : vecs)
			want.append(static_cast<char *>(vec.iov_base), vec.iov_len);
		EXPECT_VALUE(long(want.size()), queue.run(fd, { true, vecs, 5, 1 }));
		EXPECT_TRUE(take_at(fd, want.size(), 1) == want);
		EXPECT_VALUE(long(huge - 1), queue.write(fd, page + 1, huge - 1, 0));
		EXPECT_TRUE(take_at(fd, huge - 1, 0) == memory.text().substr(1));
	}
	EXPECT_OK(write_text("/proc/sys/vm/nr_hugepages", "0"));
}

/* A mapping of page numbers has no pages that could be held. */
TEST_F(direct, a_buffer_without_pages)
{
	const Scull dev(variant->device);
	const char *why = why_not("simple", "/dev/simpler", "/sys/kernel/debug/ldd/simpler/state");
	QUEUE_OR_SKIP(queue, variant->engine);

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(open_direct(dev)), simple = ASSERT_OK(open_device("simpler"));
	Mapping mapping = ASSERT_OK(map(simple, {}));
	EXPECT_ERRNO(EFAULT, queue.write(fd, mapping.page(0), 10, 0));
	EXPECT_EQ(0, dev.memory());
}

/* Its pages are faulted in before the device is locked. */
TEST_F(direct, a_buffer_that_is_the_device)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev));
	const std::string bytes = pattern(8 * page_size);

	{
		EXPECT_VALUE(long(bytes.size()), fd.pwrite(bytes, 0));
		Mapping mapping = ASSERT_OK(map(fd, { .pages = 16 }));

		/* From the first half behind the end, and back into the first. */
		EXPECT_VALUE(long(bytes.size()),
			     queue.write(fd, mapping.page(0), bytes.size(), bytes.size()));
		EXPECT_TRUE(mapping.text() == bytes + bytes);
		EXPECT_VALUE(long(4 * page_size),
			     queue.read(fd, mapping.page(0), 4 * page_size, 12 * page_size));
		EXPECT_TRUE(mapping.text(4 * page_size) == bytes.substr(4 * page_size));
		/* Each page onto itself. */
		EXPECT_VALUE(long(page_size),
			     queue.read(fd, mapping.page(5), page_size, off_t(5 * page_size)));
	}
	/* Held by a transfer, and given back by the device, a page stays what it is. */
	Mapping mapping = ASSERT_OK(map(fd, {}));
	const Scull other(std::string(variant->module) + "1");
	Fd to = ASSERT_OK(open_direct(other, O_TRUNC)), buffered = ASSERT_OK(other.open());
	const std::string first = mapping.text();
	HOLDER_OR_SKIP(holder, buffered, off_t(page_size));
	Task writer([&, start = mapping.page(0)] {
		auto own = make_queue(variant->engine);

		return own->write(to, start, page_size, 0);
	});
	wait_until([&] { return in_flight(other) == 1; });
	mapping.reset();
	ASSERT_OK(dev.empty());
	EXPECT_EQ(0, dev.memory());
	EXPECT_VALUE(1, holder.release('x'));
	EXPECT_VALUE(long(page_size), writer.join());
	EXPECT_TRUE(take_at(to, page_size, 0) == first);
	ASSERT_OK(other.empty());
}

/* The child has a copy of its own of what the parent's transfer is to fill. */
TEST_F(direct, a_fork_meanwhile)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(open_direct(dev)), buffered = ASSERT_OK(dev.open());
	Mapping memory = ASSERT_OK(map_memory(1));
	Pipe pipe = ASSERT_OK(Pipe::make());

	EXPECT_VALUE(5, buffered.pwrite("hello", 0));
	memory.put("-----");
	HOLDER_OR_SKIP(holder, buffered, off_t(page_size));
	Task reader([&] {
		auto queue = make_queue(variant->engine);

		return queue->read(fd, memory.page(0), 5, 0);
	});
	wait_until([&] { return in_flight(dev) == 1; });
	Child child = ASSERT_OK(Child::fork_to(
		[&] { return take(pipe.rd, 1) == "x" && memory.text(5) == "-----" ? 0 : 1; }));
	memory[5] = '!';
	EXPECT_VALUE(1, holder.release('x'));
	EXPECT_VALUE(5, reader.join());
	EXPECT_TEXT("hello!", memory.text(6));
	EXPECT_VALUE(1, pipe.wr.write("x"));
	EXPECT_VALUE(0, child.wait());
}

/* It is unmapped while the transfer waits; the file behind it gets the bytes. */
TEST_F(direct, the_buffer_is_unmapped_meanwhile)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(open_direct(dev)), buffered = ASSERT_OK(dev.open());
	Fd file = ASSERT_OK(memory_file(std::string(2 * page_size, '-')));
	Mapping mapping = ASSERT_OK(map(file, { .pages = 2 }));

	EXPECT_VALUE(9, buffered.pwrite("out there", 0));
	HOLDER_OR_SKIP(holder, buffered, off_t(2 * page_size));
	Task reader([&, start = mapping.page(0)] {
		auto queue = make_queue(variant->engine);

		return queue->read(fd, start + 10, 2 * page_size - 10, 0);
	});
	wait_until([&] { return in_flight(dev) == 1; });
	mapping.reset();
	EXPECT_VALUE(1, holder.release('x'));
	EXPECT_VALUE(long(2 * page_size - 10), reader.join());
	EXPECT_TEXT("-out there", take_at(file, 10, 9));
}

/*
 * Bug 15. Between submission and transfer the kernel is told that it may throw
 * the buffer away unless somebody writes to it again; then, that it should.
 */
TEST_F(direct, what_was_read_is_not_thrown_away)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(open_direct(dev)), buffered = ASSERT_OK(dev.open());
	const std::string bytes = pattern(page_size), old(2 * page_size, 'o');
	Mapping memory = ASSERT_OK(map_memory(2));
	cpu_set_t cpus;

	/* Pages on their way to a list, on another processor, would be passed over. */
	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpus), &cpus));
	EXPECT_VALUE(long(page_size), buffered.pwrite(bytes, 0));
	memory.put(old);
	HOLDER_OR_SKIP(holder, buffered, off_t(2 * page_size));
	Task reader([&] {
		auto queue = make_queue(variant->engine);

		return queue->read(fd, memory.page(0), page_size, 0);
	});
	wait_until([&] { return in_flight(dev) == 1; });
	ASSERT_OK(advise(memory, 2, MADV_FREE));
	EXPECT_VALUE(1, holder.release('x'));
	EXPECT_VALUE(long(page_size), reader.join());
	ASSERT_OK(advise(memory, 2, MADV_PAGEOUT));
	EXPECT_TRUE(memory.text(page_size) == bytes);
	/* The page that nobody wrote to shows that this can be seen here. */
	if (memory[page_size] == 'o')
		SKIP(return, "this kernel keeps what it may throw away");
}

TEST_F(direct, limits)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev)), append = ASSERT_OK(open_direct(dev, O_APPEND));
	std::string buf(100, 'x');

	ASSERT_OK(dev.set("limit", 150));
	EXPECT_VALUE(100, queue.write(fd, buf.data(), 100, 0));
	EXPECT_VALUE(50, queue.write(append, buf.data(), 100, 0));
	EXPECT_ERRNO(ENOSPC, queue.write(append, buf.data(), 100, 0));
	EXPECT_ERRNO(ENOSPC, queue.write(fd, buf.data(), 100, 150));
	EXPECT_VALUE(50, queue.read(fd, buf.data(), 100, 100));
	EXPECT_VALUE(0, queue.read(fd, buf.data(), 100, 150));
	EXPECT_VALUE(0, queue.read(fd, nullptr, 0, 0));
}

TEST_F(direct, many_pages)
{
	const Scull dev(variant->device);
	QUEUE_OR_SKIP(queue, variant->engine);
	Fd fd = ASSERT_OK(open_direct(dev));
	std::string in = pattern(5000001), out(in.size(), '\0');

	EXPECT_VALUE(long(in.size()), queue.write(fd, in.data(), in.size(), 1));
	EXPECT_VALUE(long(in.size()), queue.read(fd, out.data(), out.size(), 1));
	EXPECT_TRUE(in == out);
}

/* What only a call that waits has. */
ASYNC_FIXTURE(waiting, 0LL);
ASYNC_VARIANT(waiting, scullp, call);
ASYNC_VARIANT(waiting, scullv, call);

/* Who is killed leaves at once; what a worker has begun is made nevertheless. */
TEST_F(waiting, killed)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	Fd file = ASSERT_OK(memory_file(std::string(page_size, '-')));

	Pipe pipe = ASSERT_OK(Pipe::make());
	EXPECT_VALUE(5, fd.pwrite("hello", 0));
	Child child = ASSERT_OK(Child::fork_to([&] {
		Result<Fd> direct = open_direct(dev);
		Result<Mapping> mapping = map(file, {});

		static_cast<void>(take(pipe.rd, 1));
		return direct.value().pread(mapping.value().page(0), 5, 0).ok() ? 0 : 1;
	}));
	HOLDER_OR_SKIP(holder, fd, off_t(page_size));
	EXPECT_VALUE(1, pipe.wr.write("x"));
	wait_until([&] { return worker_has_begun(dev); });
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	EXPECT_EQ(1, in_flight(dev));
	EXPECT_EQ(1, pinned_pages());
	EXPECT_VALUE(1, holder.release('x'));
	wait_for_none(dev);
	EXPECT_TEXT("hello-", take_at(file, 6, 0));
}

/* What no worker has begun is taken back: the dead keep no memory. */
TEST_F(waiting, killed_while_all_workers_wait)
{
	const Scull dev(variant->device);
	AioQueue queue(crowd);
	Fd fd = ASSERT_OK(dev.open()), direct = ASSERT_OK(open_direct(dev));
	Mapping memory = ASSERT_OK(map_memory(1));

	ASSERT_EQ(0, queue.error());
	HOLDER_OR_SKIP(holder, fd, 0);
	ASSERT_TRUE(occupy_workers(queue, direct));
	const long long pinned = pinned_pages();
	Child child = ASSERT_OK(
		Child::fork_to([&] { return direct.pwrite(memory.page(0), 5, 0).ok() ? 0 : 1; }));
	wait_until([&] { return in_flight(dev) == crowd + 1; });
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	EXPECT_EQ(long(crowd), in_flight(dev));
	EXPECT_EQ(pinned, pinned_pages());
	EXPECT_VALUE(1, holder.release('x'));
	for (unsigned int i = 0; i < crowd; i++) {
		ASSERT_VALUE(1, queue.wait());
	}
	EXPECT_EQ(1, dev.size());
}

/* The pages of a pipe are there for as long as the call is; that can be killed. */
TEST_F(waiting, splice_is_killed)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open()), direct = ASSERT_OK(open_direct(dev));
	Fd file = ASSERT_OK(memory_file("hello"));
	Pipe pipe = ASSERT_OK(Pipe::make());

	HOLDER_OR_SKIP(holder, fd, 0);
	Child child = ASSERT_OK(Child::fork_to([&] {
		static_cast<void>(pipe.wr.write("x"));
		return send_file(file, direct, 5).ok() ? 0 : 1;
	}));
	EXPECT_EQ(1UL, take(pipe.rd, 1).size());
	/* For the lock, it sleeps like one who waits for a disk. */
	wait_until([status = "/proc/" + std::to_string(child.pid()) + "/status"] {
		return read_text(status).find("State:\tD") != std::string::npos;
	});
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	EXPECT_VALUE(1, holder.release('x'));
}

TEST_F(waiting, nowait)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(open_direct(dev)), buffered = ASSERT_OK(dev.open());
	char bytes[] = "hello";
	iovec iov = { bytes, 5 };

	EXPECT_ERRNO(EAGAIN, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(5, fd.writev(&iov, 1));
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(5, fd.writev(&iov, 1, RWF_NOWAIT));
	HOLDER_OR_SKIP(holder, buffered, off_t(page_size));
	EXPECT_ERRNO(EAGAIN, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, fd.writev(&iov, 1, RWF_NOWAIT));
	/* Not for a worker either. */
	AioQueue queue(crowd);
	ASSERT_EQ(0, queue.error());
	ASSERT_TRUE(occupy_workers(queue, fd));
	EXPECT_ERRNO(EAGAIN, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, holder.release('x'));
	for (unsigned int i = 0; i < crowd; i++) {
		ASSERT_VALUE(1, queue.wait());
	}
}

TEST_F(waiting, read_and_write_move_on)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());

	/* Direct from now on. */
	ASSERT_OK(fd.fcntl(F_SETFL, O_DIRECT));
	for (int i = 0; i < 3; i++) {
		EXPECT_VALUE(5, fd.write("hello"));
	}
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_TEXT("hellohe", take(fd, 7));
	EXPECT_TEXT("llohello", take(fd, 10));
	EXPECT_TEXT("", take(fd, 10));
}

/* The pages of a pipe are no user's: they are there for as long as the call is. */
TEST_F(waiting, splice)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(open_direct(dev));
	const std::string bytes = pattern(30000);
	Fd file = ASSERT_OK(memory_file(bytes)), back = ASSERT_OK(memory_file(""));
	ssize_t sent = 0;

	while (sent < 30000)
		sent += ASSERT_OK(send_file(file, fd, 30000 - sent));
	EXPECT_VALUE(0, fd.seek(0));
	for (sent = 0; sent < 30000;)
		sent += ASSERT_OK(send_file(fd, back, 30000 - sent));
	EXPECT_TRUE(take_at(back, 40000, 0) == bytes);
}

TEST_HARNESS_MAIN
