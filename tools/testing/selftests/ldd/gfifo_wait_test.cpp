// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo: who sleeps in a read or a write, who is woken, and by what.
 */
#include <string>
#include <vector>

#include "gfifo_fixture.hpp"

using namespace ldd;

namespace
{
using Io = Task<Result<ssize_t>>;

Io byte_reader(const Fd &fd)
{
	return Io([&fd] {
		char c;

		return fd.read(&c, 1);
	});
}

Io byte_writer(const Fd &fd)
{
	return Io([&fd] { return fd.write("x"); });
}

/* Started one by one, each after the one before it is in the queue. */
std::vector<Io> readers_of(const Fd &fd, int count)
{
	std::vector<Io> tasks;

	for (int i = 1; i <= count; i++) {
		tasks.push_back(byte_reader(fd));
		gfifo::wait_for_readers(i);
	}
	return tasks;
}

std::vector<Io> writers_of(const Fd &fd, int count)
{
	std::vector<Io> tasks;

	for (int i = 1; i <= count; i++) {
		tasks.push_back(byte_writer(fd));
		gfifo::wait_for_writers(i);
	}
	return tasks;
}

/* All that a task runs on its way to sleep is in memory after this. */
void warm_up()
{
	Result<Fd> nonblock = gfifo::open(O_RDWR | O_NONBLOCK);
	char c;

	if (nonblock.ok() && nonblock.value().read(&c, 0).ok())
		static_cast<void>(nonblock.value().write(&c, 0));
}

void wait_until_asleep(const std::vector<Io> &tasks)
{
	for (const Io &task : tasks)
		wait_until([&] { return task.slept_once(); });
}

int count_asleep(const std::vector<Io> &tasks)
{
	int count = 0;

	for (const Io &task : tasks)
		count += task.slept_once();
	return count;
}

} /* namespace */

TEST_F(gfifo, read_sleeps_until_there_are_bytes)
{
	Fd fd = ASSERT_OK(gfifo::open());
	char buf[10] = {};
	Task reader([&] { return fd.read(buf, sizeof(buf)); });

	gfifo::wait_for_readers(1);
	EXPECT_FALSE(reader.done());
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(5, reader.join());
	EXPECT_STREQ("hello", buf);
}

TEST_F(gfifo, write_sleeps_until_there_is_room)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	Task writer([&] { return fd.write("12345"); });
	gfifo::wait_for_writers(1);
	EXPECT_FALSE(writer.done());
	EXPECT_EQ(3UL, take(fd, 3).size());
	EXPECT_VALUE(3, writer.join());
	EXPECT_EQ(size_t(self->size - 3), take(fd, self->size - 3).size());
	EXPECT_TEXT("123", take(fd, 10));
}

TEST_F(gfifo, vectors_sleep_too)
{
	Fd fd = ASSERT_OK(gfifo::open());
	char buf[6] = {};
	iovec in[] = { { buf, 2 }, { buf + 2, 3 } };
	Task reader([&] { return fd.readv(in, 2); });

	gfifo::wait_for_readers(1);
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(5, reader.join());
	EXPECT_STREQ("hello", buf);

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	Task writer([&] { return fd.writev(in, 2); });
	gfifo::wait_for_writers(1);
	EXPECT_EQ(size_t(self->size), take(fd, self->size).size());
	EXPECT_VALUE(5, writer.join());
	EXPECT_TEXT("hello", take(fd, 10));
}

/* Bug 2: a signal is not the end of the file */
TEST_F(gfifo, a_signal_interrupts_a_reader)
{
	Fd fd = ASSERT_OK(gfifo::open());

	install_counter(SIGUSR1, 0);
	Io reader = byte_reader(fd);
	gfifo::wait_for_readers(1);
	reader.signal(SIGUSR1);
	EXPECT_ERRNO(EINTR, reader.join());
	EXPECT_EQ(1, handled_signals.load());
	EXPECT_EQ(0, gfifo::sleeping_readers());
}

/* Bug 2 */
TEST_F(gfifo, a_signal_interrupts_a_writer)
{
	Fd fd = ASSERT_OK(gfifo::open());

	install_counter(SIGUSR1, 0);
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	Io writer = byte_writer(fd);
	gfifo::wait_for_writers(1);
	writer.signal(SIGUSR1);
	EXPECT_ERRNO(EINTR, writer.join());
	EXPECT_EQ(1, handled_signals.load());
	EXPECT_VALUE(int(self->size), gfifo::queued(fd));
}

/* Bug 2 */
TEST_F(gfifo, a_restarted_reader_sleeps_on)
{
	Fd fd = ASSERT_OK(gfifo::open());

	install_counter(SIGUSR1, SA_RESTART);
	Io reader = byte_reader(fd);
	for (int i = 1; i <= 3; i++) {
		gfifo::wait_for_readers(1);
		reader.signal(SIGUSR1);
		wait_until([=] { return handled_signals == i; });
	}
	gfifo::wait_for_readers(1);
	EXPECT_FALSE(reader.done());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, reader.join());
}

/* Bug 2 */
TEST_F(gfifo, a_restarted_writer_sleeps_on)
{
	Fd fd = ASSERT_OK(gfifo::open());

	install_counter(SIGUSR1, SA_RESTART);
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	Io writer = byte_writer(fd);
	for (int i = 1; i <= 3; i++) {
		gfifo::wait_for_writers(1);
		writer.signal(SIGUSR1);
		wait_until([=] { return handled_signals == i; });
	}
	gfifo::wait_for_writers(1);
	EXPECT_FALSE(writer.done());
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(1, writer.join());
	EXPECT_VALUE(int(self->size), gfifo::queued(fd));
}

/* Of two readers, the one with the signal may have the byte, or the other. */
TEST_F(gfifo, a_signal_loses_no_wake_up)
{
	Fd fd = ASSERT_OK(gfifo::open());
	int round = 0;

	install_counter(SIGUSR1, 0);
	for (Budget budget(60, 20); budget.more(); round++) {
		std::vector<Io> readers = readers_of(fd, 2);

		if (round & 1)
			readers[0].signal(SIGUSR1);
		ASSERT_VALUE(1, fd.write("x"));
		if (!(round & 1))
			readers[0].signal(SIGUSR1);
		Result<ssize_t> first = readers[0].join();
		if (first.ok()) {
			ASSERT_VALUE(1, first);
			ASSERT_FALSE(readers[1].done());
			ASSERT_VALUE(1, fd.write("y"));
		} else {
			ASSERT_ERRNO(EINTR, first);
		}
		ASSERT_VALUE(1, readers[1].join());
	}
}

TEST_F(gfifo, a_killed_reader_takes_no_wake_up_along)
{
	Fd fd = ASSERT_OK(gfifo::open());

	for (Budget budget(50, 10); budget.more();) {
		Child victim = ASSERT_OK(Child::fork_to([&] { return take(fd, 1).empty(); }));

		gfifo::wait_for_readers(1);
		Io reader = byte_reader(fd);
		gfifo::wait_for_readers(2);
		/* The victim is the first in the queue, so it is the one chosen. */
		ASSERT_VALUE(1, fd.write("x"));
		victim.kill(SIGKILL);
		ASSERT_OK(victim.wait());
		/* If it was not quick enough to take the byte, the reader gets it. */
		wait_until([&] { return ASSERT_OK(fd.poll(POLLIN, 0)) == 0; });
		/* If it was, the reader still sleeps. */
		ASSERT_VALUE(1, fd.write("y"));
		ASSERT_VALUE(1, reader.join());
		ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	}
}

namespace
{
/* From now on all run on one processor. */
void share_one_processor()
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* When woken, wait for the processor until whoever has it gives it up. */
void step_back()
{
	sched_param none = {};

	sched_setscheduler(0, SCHED_BATCH, &none);
}

} /* namespace */

/*
 * Bug 3: one who was woken looks again. Another one may have been quicker,
 * and then there is nothing for it to return.
 */
TEST_F(gfifo, a_reader_whose_byte_was_stolen_sleeps_on)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));

	share_one_processor();
	for (Budget budget(50, 10); budget.more();) {
		Io reader([&] {
			char c;

			step_back();
			return fd.read(&c, 1);
		});

		gfifo::wait_for_readers(1);
		ASSERT_VALUE(1, fd.write("x"));
		if (take(nonblock, 1) == "x") {
			gfifo::wait_for_readers(1);
			ASSERT_VALUE(1, fd.write("y"));
		}
		ASSERT_VALUE(1, reader.join());
	}
}

/* Bug 3 */
TEST_F(gfifo, a_writer_whose_room_was_stolen_sleeps_on)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));

	share_one_processor();
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	for (Budget budget(50, 10); budget.more();) {
		Io writer([&] {
			step_back();
			return fd.write("x");
		});

		gfifo::wait_for_writers(1);
		ASSERT_EQ(1UL, take(fd, 1).size());
		if (nonblock.write("x").ok()) {
			gfifo::wait_for_writers(1);
			ASSERT_EQ(1UL, take(fd, 1).size());
		}
		ASSERT_VALUE(1, writer.join());
	}
}

/* No thundering herd: the others do not even get to look. */
TEST_F(gfifo, one_write_wakes_one_reader)
{
	const int count = 6;
	Fd fd = ASSERT_OK(gfifo::open());

	warm_up();
	std::vector<Io> readers = readers_of(fd, count);
	wait_until_asleep(readers);
	for (int left = count - 1; left >= 0; left--) {
		ASSERT_VALUE(1, fd.write("x"));
		ASSERT_VALUE(1, readers[count - 1 - left].join());
		/* Only now: until it has returned, the woken one may look asleep. */
		EXPECT_EQ(left, count_asleep(readers));
		EXPECT_EQ(left, gfifo::sleeping_readers());
	}
}

TEST_F(gfifo, one_read_wakes_one_writer)
{
	const int count = 6;
	Fd fd = ASSERT_OK(gfifo::open());

	warm_up();
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	std::vector<Io> writers = writers_of(fd, count);
	wait_until_asleep(writers);
	for (int left = count - 1; left >= 0; left--) {
		ASSERT_EQ(1UL, take(fd, 1).size());
		ASSERT_VALUE(1, writers[count - 1 - left].join());
		/* Only now: until it has returned, the woken one may look asleep. */
		EXPECT_EQ(left, count_asleep(writers));
		EXPECT_EQ(left, gfifo::sleeping_writers());
	}
}

/* There is enough for many: each one that is woken wakes the next. */
TEST_F(gfifo, as_many_readers_return_as_there_are_bytes)
{
	const int count = 8, bytes = 5;
	Fd fd = ASSERT_OK(gfifo::open());
	std::vector<Io> readers = readers_of(fd, count);

	ASSERT_VALUE(bytes, fd.write("12345"));
	for (int i = 0; i < bytes; i++)
		ASSERT_VALUE(1, readers[i].join());
	EXPECT_EQ(count - bytes, gfifo::sleeping_readers());
	EXPECT_VALUE(0, gfifo::queued(fd));
	ASSERT_VALUE(count - bytes, fd.write("678"));
	for (int i = bytes; i < count; i++)
		ASSERT_VALUE(1, readers[i].join());
}

TEST_F(gfifo, as_many_writers_return_as_there_is_room)
{
	const int count = 8, room = 5;
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	std::vector<Io> writers = writers_of(fd, count);
	ASSERT_EQ(size_t(room), take(fd, room).size());
	for (int i = 0; i < room; i++)
		ASSERT_VALUE(1, writers[i].join());
	EXPECT_EQ(count - room, gfifo::sleeping_writers());
	ASSERT_EQ(size_t(count - room), take(fd, count - room).size());
	for (int i = room; i < count; i++)
		ASSERT_VALUE(1, writers[i].join());
	EXPECT_VALUE(int(self->size), gfifo::queued(fd));
}

/* Readers that are woken one after the other, while writers are, too. */
TEST_F(gfifo, bytes_for_readers_are_room_for_writers)
{
	const int count = 4;
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	std::vector<Io> writers = writers_of(fd, count);
	std::vector<Io> readers;
	for (int i = 0; i < count; i++)
		readers.push_back(byte_reader(fd));
	for (int i = 0; i < count; i++) {
		EXPECT_VALUE(1, readers[i].join());
		EXPECT_VALUE(1, writers[i].join());
	}
	EXPECT_VALUE(int(self->size), gfifo::queued(fd));
}

TEST_F(gfifo, an_empty_call_does_not_disturb_a_sleeper)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Io reader = byte_reader(fd);

	gfifo::wait_for_readers(1);
	EXPECT_VALUE(0, fd.write(""));
	EXPECT_VALUE(0, fd.ioctl(GFIFO_IOC_CLEAR));
	EXPECT_VALUE(0, gfifo::set_size(fd, 2 * self->size));
	EXPECT_EQ(1, gfifo::sleeping_readers());
	EXPECT_FALSE(reader.done());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, reader.join());
}

TEST_F(gfifo, closing_the_file_does_not_disturb_a_sleeper)
{
	Fd fd = ASSERT_OK(gfifo::open());
	int raw = fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
	Task reader([=] {
		char c;

		return result_of(read(raw, &c, 1), { "read", gfifo::path });
	});

	gfifo::wait_for_readers(1);
	ASSERT_EQ(0, close(raw));
	EXPECT_EQ(1, gfifo::sleeping_readers());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, reader.join());
}

TEST_F(gfifo, others_close_while_one_sleeps)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Io reader = byte_reader(fd);

	gfifo::wait_for_readers(1);
	for (int i = 0; i < 10; i++)
		ASSERT_OK(gfifo::open());
	EXPECT_EQ(1, gfifo::sleeping_readers());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, reader.join());
}

TEST_F(gfifo, a_child_shares_what_it_inherited)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Child child = ASSERT_OK(Child::fork_to([&] {
		std::string got = take(fd, 5);

		return got == "hello" && fd.write("world").ok() ? 42 : 1;
	}));

	gfifo::wait_for_readers(1);
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(42, child.wait());
	EXPECT_TEXT("world", take(fd, 10));
}

TEST_F(gfifo, splice_waits)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Pipe out = ASSERT_OK(Pipe::make());
	Task splicer([&] {
		return result_of(splice(fd.get(), nullptr, out.wr.get(), nullptr, 100, 0),
				 { "splice", fd.path() });
	});

	gfifo::wait_for_readers(1);
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(5, splicer.join());
	EXPECT_TEXT("hello", take(out.rd, 10));
}

TEST_HARNESS_MAIN
