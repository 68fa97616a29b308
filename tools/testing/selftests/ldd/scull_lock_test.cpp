// SPDX-License-Identifier: GPL-2.0
/*
 * scullp and scullv with several tasks at a device: each call is seen whole or
 * not at all, no byte is lost, and nobody who waits for another cannot be killed.
 */
#include <vector>

#include "bytes.hpp"
#include "scull_fixture.hpp"
#include "userfault.hpp"

using namespace ldd;

namespace
{
/* In a call on the device, where it waits for one who holds the lock. */
bool waits_for_lock(const std::string &task)
{
	return read_text("/proc/" + task + "/status").find("State:\tD") != std::string::npos;
}

/*
 * A process that says it starts, and does one @call. It is forked before anybody
 * faults: what it touches afterwards is its own.
 */
template <typename F> Result<Child> caller(std::atomic<bool> *started, F call)
{
	return Child::fork_to([=] {
		*started = true;
		return call();
	});
}

} /* namespace */

/* A writer stands still in the middle of its call; what do others see? */
TEST_F(scull, a_write_is_seen_whole)
{
	USERFAULT_OR_SKIP(fault);
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open()), nonblock = ASSERT_OK(dev.open());
	const size_t page = fault.page();
	const std::string first(page, 'a'), second(page, 'b'), old(2 * page, '-');
	char c;
	iovec iov = { &c, 1 };

	ASSERT_OK(fd.pwrite(old, self->cluster - page));
	first.copy(fault.edge() - page, page);
	Task writer([&] { return fd.pwrite(fault.edge() - page, 2 * page, self->cluster - page); });
	ASSERT_OK(fault.wait());
	Task reader([&] { return take_at(fd, 2 * page, self->cluster - page); });
	Task other([&] { return fd.pwrite("other", 3 * self->cluster); });
	for (pid_t tid : { reader.tid(), other.tid() })
		wait_until([=] { return waits_for_lock("self/task/" + std::to_string(tid)); });
	EXPECT_ERRNO(EAGAIN, nonblock.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, nonblock.writev(&iov, 1, RWF_NOWAIT));
	ASSERT_OK(fault.resolve(second));
	EXPECT_VALUE(ssize_t(2 * page), writer.join());
	EXPECT_TRUE(reader.join() == first + second);
	EXPECT_VALUE(5, other.join());
}

/* A reader stands still: others may read, but nobody writes under its hands. */
TEST_F(scull, a_read_sees_one_state)
{
	USERFAULT_OR_SKIP(fault);
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const size_t page = fault.page();
	const std::string old(2 * page, 'o'), fresh(2 * page, 'n');

	ASSERT_OK(fd.pwrite(old, self->cluster - page));
	Task reader([&] { return fd.pread(fault.edge() - page, 2 * page, self->cluster - page); });
	ASSERT_OK(fault.wait());
	EXPECT_TRUE(take_at(fd, 2 * page, self->cluster - page) == old);
	Task writer([&] { return fd.pwrite(fresh, self->cluster - page); });
	wait_until([&] { return waits_for_lock("self/task/" + std::to_string(writer.tid())); });
	ASSERT_OK(fault.resolve(""));
	EXPECT_VALUE(ssize_t(2 * page), reader.join());
	EXPECT_TRUE(std::string(fault.edge() - page, 2 * page) == old);
	EXPECT_VALUE(ssize_t(2 * page), writer.join());
	EXPECT_TRUE(take_at(fd, 2 * page, self->cluster - page) == fresh);
}

/* One whose buffer never comes holds up the others, but these can be killed. */
TEST_F(scull, who_waits_can_be_killed)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	std::atomic<bool> *started = shared_memory<std::atomic<bool>>();
	const int raw = fd.get();
	USERFAULT_OR_SKIP(fault);
	Task writer([&] { return fd.pwrite(fault.edge(), 1, 0); });

	ASSERT_OK(fault.wait());
	for (int what = 0; what < 5; what++) {
		*started = false;
		Child child = ASSERT_OK(caller(started, [&]() -> int {
			static char c;

			switch (what) {
			case 0:
				return pread(raw, &c, 1, 0) == 1;
			case 1:
				return pwrite(raw, &c, 1, 0) == 1;
			case 2:
				return dev.open(O_WRONLY).ok();
			case 3:
				return dev.get("size") == 0;
			default:
				return lseek(raw, 0, SEEK_END) == 0;
			}
		}));

		wait_until([&] { return *started && waits_for_lock(std::to_string(child.pid())); });
		child.kill(SIGKILL);
		EXPECT_VALUE(128 + SIGKILL, child.wait());
	}
	ASSERT_OK(fault.resolve("x"));
	EXPECT_VALUE(1, writer.join());
	EXPECT_TEXT("x", take_at(fd, 10, 0));
}

/* The one whose buffer never comes can be killed, too, and takes nothing along. */
TEST_F(scull, who_faults_for_ever_can_be_killed)
{
	USERFAULT_OR_SKIP(fault);
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	std::atomic<bool> *started = shared_memory<std::atomic<bool>>();
	Pipe done = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(caller(started, [&] {
		/* A child has no fault handler but what it makes itself. */
		Userfault own;
		Task writer([&] { return fd.pwrite(own.edge(), 1, 0); });

		if (own.error() || !own.wait().ok() || !done.wr.write("x").ok())
			return 1;
		return int(writer.join().ok());
	}));

	EXPECT_TEXT("x", take(done.rd, 1));
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	EXPECT_EQ(0, dev.size());
	EXPECT_EQ(0, dev.memory());
	EXPECT_VALUE(1, fd.pwrite("x", 0));
}

/* Each record once and whole, in the order of its writer. */
TEST_F(scull, many_append)
{
	const Scull dev(variant->device);
	const int writers = 4, records = 200;
	const size_t record = 1009;
	Fd fd = ASSERT_OK(dev.open());
	std::vector<Task<int>> tasks;
	std::vector<int> next(writers);

	for (int id = 0; id < writers; id++)
		tasks.emplace_back([&, id] {
			Result<Fd> own = dev.open(O_RDWR | O_APPEND);
			int bad = !own.ok();

			for (int i = 0; i < records && !bad; i++) {
				std::string bytes(record, char('a' + id));

				bytes.replace(1, sizeof(i), reinterpret_cast<char *>(&i),
					      sizeof(i));
				Result<ssize_t> put = own.value().write(bytes);
				bad += !put.ok() || put.value() != ssize_t(record);
			}
			return bad;
		});
	for (Task<int> &task : tasks)
		EXPECT_EQ(0, task.join());
	ASSERT_EQ(ssize_t(record) * writers * records, dev.size());
	for (int i = 0; i < writers * records; i++) {
		std::string bytes = take(fd, record);
		int id = bytes[0] - 'a', number;

		ASSERT_TRUE(id >= 0 && id < writers);
		bytes.copy(reinterpret_cast<char *>(&number), sizeof(number), 1);
		ASSERT_EQ(next[id]++, number);
		ASSERT_EQ(std::string::npos, bytes.find_first_not_of(bytes[0], 1 + sizeof(number)));
	}
}

/* All bytes of a read are of the same write. */
TEST_F(scull, readers_and_writers_at_once)
{
	const Scull dev(variant->device);
	const size_t count = 2 * self->cluster + 100;
	const off_t at = self->cluster - 50;
	std::atomic<bool> over = false;
	std::vector<Task<long>> tasks;
	long reads = 0;

	Fd fd = ASSERT_OK(dev.open());
	ASSERT_OK(fd.pwrite(std::string(count, 'z'), at));
	for (char c : { 'a', 'b' })
		tasks.emplace_back([&, c] {
			const std::string bytes(count, c);
			long bad = 0;

			while (!over) {
				Result<ssize_t> put = fd.pwrite(bytes, at);
				bad += !put.ok() || put.value() != ssize_t(count);
			}
			return bad;
		});
	for (Budget budget(100, 100); budget.more(); reads++) {
		std::string bytes = take_at(fd, count, at);

		ASSERT_EQ(count, bytes.size());
		ASSERT_EQ(std::string::npos, bytes.find_first_not_of(bytes[0]));
	}
	over = true;
	for (Task<long> &task : tasks)
		EXPECT_EQ(0, task.join());
	EXPECT_EQ(dev.memory(), (long long)((count - 50 + self->cluster - 1) / self->cluster + 1) *
					self->cluster);
}

/* What is left is what was written last, or nothing; and so is the memory. */
TEST_F(scull, emptied_under_way)
{
	const Scull dev(variant->device);
	const std::string bytes = pattern(2 * self->cluster);
	std::atomic<bool> over = false;
	std::vector<Task<long>> tasks;
	Fd fd = ASSERT_OK(dev.open());

	for (int i = 0; i < 2; i++)
		tasks.emplace_back([&] {
			long bad = 0;

			while (!over)
				bad += !fd.pwrite(bytes, 0).ok();
			return bad;
		});
	tasks.emplace_back([&] {
		long bad = 0;

		while (!over) {
			Result<Fd> emptied = dev.open(O_WRONLY);
			bad += !emptied.ok();
		}
		return bad;
	});
	for (Budget budget(100, 100); budget.more();) {
		std::string got = take_at(fd, bytes.size(), 0);

		ASSERT_TRUE(got.empty() || got == bytes);
	}
	over = true;
	for (Task<long> &task : tasks)
		EXPECT_EQ(0, task.join());
	ASSERT_OK(dev.empty());
	EXPECT_EQ(0, dev.memory());
}

TEST_HARNESS_MAIN
