// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/sleepy: who sleeps, who is woken, and that no wake-up gets lost.
 */
#include <sys/epoll.h>
#include <sys/select.h>
#include <vector>

#include "device.hpp"
#include "harness.hpp"
#include "race.hpp"

using namespace ldd;

namespace
{
Task<Result<ssize_t>> sleeper(const Fd &fd)
{
	return Task([&fd] {
		char c;

		return fd.read(&c, 1);
	});
}

/* Started one by one, so that they sleep in the order of the vector. */
std::vector<Task<Result<ssize_t>>> sleepers(const Fd &fd, int count)
{
	int already = sleepy::sleepers();
	std::vector<Task<Result<ssize_t>>> tasks;

	for (int i = 1; i <= count; i++) {
		tasks.push_back(sleeper(fd));
		sleepy::wait_for_sleepers(already + i);
	}
	return tasks;
}

Result<ssize_t> read_now(const Fd &nonblock)
{
	char c;

	return nonblock.read(&c, 1);
}

} /* namespace */

FIXTURE(sleepy)
{
	int unused;
};

FIXTURE_SETUP(sleepy)
{
	const char *why = why_not("sleepy", sleepy::path, sleepy::state);

	if (why)
		SKIP(return, "%s", why);
	/* Whatever was remembered is not ours. */
	Fd fd = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	static_cast<void>(read_now(fd));
	ASSERT_ERRNO(EAGAIN, read_now(fd));
}

FIXTURE_TEARDOWN(sleepy)
{
	EXPECT_EQ(0, sleepy::sleepers());
}

TEST_F(sleepy, read_sleeps_until_a_write)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Task reader = sleeper(fd);

	sleepy::wait_for_sleepers(1);
	EXPECT_FALSE(reader.done());
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(0, reader.join());
}

/* Bug 1: one flag for all, so that zero or many wake for one write */
TEST_F(sleepy, each_write_wakes_the_one_that_slept_longest)
{
	const int count = 6, writes = 4;
	Fd fd = ASSERT_OK(sleepy::open());
	std::vector readers = sleepers(fd, count);

	for (int i = 0; i < writes; i++)
		EXPECT_VALUE(1, fd.write("x"));
	EXPECT_EQ(count - writes, sleepy::sleepers());
	for (int i = 0; i < writes; i++)
		EXPECT_VALUE(0, readers[i].join());
	EXPECT_EQ(count - writes, sleepy::sleepers());
	for (int i = writes; i < count; i++) {
		EXPECT_FALSE(readers[i].woken());
		EXPECT_VALUE(1, fd.write("x"));
		EXPECT_VALUE(0, readers[i].join());
	}
}

TEST_F(sleepy, as_many_writes_as_sleepers_leave_nothing_behind)
{
	const int count = 8;
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDONLY | O_NONBLOCK));
	std::vector readers = sleepers(fd, count);

	for (int i = 0; i < count; i++)
		EXPECT_VALUE(1, fd.write("x"));
	/* All are chosen by now, even those that did not run yet. */
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
	for (Task<Result<ssize_t>> &reader : readers)
		EXPECT_VALUE(0, reader.join());
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
}

TEST_F(sleepy, a_write_is_remembered_once)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDONLY | O_NONBLOCK));
	char c;

	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, fd.read(&c, 1));
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));

	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, fd.read(&c, 1));
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
	Task reader = sleeper(fd);
	sleepy::wait_for_sleepers(1);
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
}

TEST_F(sleepy, write_takes_any_count)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	std::string large(1 << 20, 'x');
	iovec iov[] = { { large.data(), 3 }, { large.data(), 4 } };

	for (size_t count : { size_t(1), size_t(4096), large.size() }) {
		EXPECT_VALUE(ssize_t(count), fd.write(large.data(), count));
		EXPECT_VALUE(0, read_now(nonblock));
		EXPECT_ERRNO(EAGAIN, read_now(nonblock));
	}
	EXPECT_VALUE(7, fd.writev(iov, 2));
	EXPECT_VALUE(0, read_now(nonblock));
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
}

TEST_F(sleepy, an_empty_write_wakes)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Task reader = sleeper(fd);

	sleepy::wait_for_sleepers(1);
	EXPECT_VALUE(0, fd.write(""));
	EXPECT_VALUE(0, reader.join());
}

/* Bug 7 */
TEST_F(sleepy, an_empty_read_returns_at_once_and_takes_nothing)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDONLY | O_NONBLOCK));
	char c;

	EXPECT_VALUE(0, fd.read(&c, 0));
	EXPECT_VALUE(0, nonblock.read(&c, 0));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, fd.read(&c, 0));
	EXPECT_VALUE(0, read_now(nonblock));
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
}

TEST_F(sleepy, nonblocking)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	char c;
	iovec iov = { &c, 1 };

	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
	EXPECT_ERRNO(EAGAIN, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_EQ(0, sleepy::sleepers());
	EXPECT_VALUE(1, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(0, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, nonblock.write("x"));
	EXPECT_VALUE(0, read_now(nonblock));
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
}

/* One that gives up because it must not sleep is not to be chosen later. */
TEST_F(sleepy, eagain_leaves_the_queue)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	Task reader = sleeper(fd);

	sleepy::wait_for_sleepers(1);
	for (int i = 0; i < 10; i++)
		EXPECT_ERRNO(EAGAIN, read_now(nonblock));
	EXPECT_EQ(1, sleepy::sleepers());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
}

TEST_F(sleepy, it_is_a_stream_without_requests)
{
	Fd fd = ASSERT_OK(sleepy::open());
	char c;

	EXPECT_ERRNO(ESPIPE, result_of(lseek(fd.get(), 0, SEEK_SET), { "lseek", fd.path() }));
	EXPECT_ERRNO(ESPIPE, result_of(pread(fd.get(), &c, 1, 0), { "pread", fd.path() }));
	EXPECT_ERRNO(ENOTTY, fd.ioctl(GFIFO_IOC_CLEAR));
	EXPECT_ERRNO(ENOTTY, fd.ioctl(1));
}

TEST_F(sleepy, poll_tells_what_a_read_would_do)
{
	const short in = POLLIN | POLLRDNORM, out = POLLOUT | POLLWRNORM;
	Fd fd = ASSERT_OK(sleepy::open());
	char c;

	EXPECT_VALUE(out, fd.poll(in | out, 0));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(in | out, fd.poll(in | out, 0));
	EXPECT_VALUE(in, fd.poll(in, -1));
	EXPECT_VALUE(0, fd.read(&c, 1));
	EXPECT_VALUE(0, fd.poll(in, 0));
}

TEST_F(sleepy, poll_waits)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	Task poller([&] { return fd.poll(POLLIN, -1); });

	sleepy::wait_for_poll();
	EXPECT_FALSE(poller.done());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(POLLIN, poller.join());
	EXPECT_VALUE(0, read_now(nonblock));
}

/* A write goes to the sleeper; there is nothing left to poll for. */
TEST_F(sleepy, a_sleeper_comes_before_a_poller)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	Task poller([&] { return fd.poll(POLLIN, -1); });

	sleepy::wait_for_poll();
	Task reader = sleeper(fd);
	sleepy::wait_for_sleepers(1);
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
	EXPECT_FALSE(poller.done());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(POLLIN, poller.join());
	EXPECT_VALUE(0, read_now(nonblock));
}

TEST_F(sleepy, select_and_epoll)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	Fd ep(epoll_create1(EPOLL_CLOEXEC), "epoll");
	epoll_event event = { .events = EPOLLIN | EPOLLET, .data = {} };

	ASSERT_EQ(0, epoll_ctl(ep.get(), EPOLL_CTL_ADD, fd.get(), &event));
	Task selecter([&] {
		fd_set in;

		FD_ZERO(&in);
		FD_SET(fd.get(), &in);
		return select(fd.get() + 1, &in, nullptr, nullptr, nullptr);
	});
	sleepy::wait_for_poll();
	EXPECT_EQ(0, epoll_wait(ep.get(), &event, 1, 0));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_EQ(1, selecter.join());
	EXPECT_EQ(1, epoll_wait(ep.get(), &event, 1, -1));
	EXPECT_EQ(0, epoll_wait(ep.get(), &event, 1, 0));
	EXPECT_VALUE(0, read_now(nonblock));
	EXPECT_EQ(0, epoll_wait(ep.get(), &event, 1, 0));
}

/* Bug 2: it is not the end of the file */
TEST_F(sleepy, a_signal_interrupts)
{
	Fd fd = ASSERT_OK(sleepy::open());

	install_counter(SIGUSR1, 0);
	Task reader = sleeper(fd);
	sleepy::wait_for_sleepers(1);
	reader.signal(SIGUSR1);
	EXPECT_ERRNO(EINTR, reader.join());
	EXPECT_EQ(1, handled_signals.load());
	EXPECT_EQ(0, sleepy::sleepers());
}

/* Bug 2 */
TEST_F(sleepy, a_restarted_read_sleeps_on)
{
	Fd fd = ASSERT_OK(sleepy::open());

	install_counter(SIGUSR1, SA_RESTART);
	Task reader = sleeper(fd);
	for (int i = 1; i <= 3; i++) {
		sleepy::wait_for_sleepers(1);
		reader.signal(SIGUSR1);
		wait_until([=] { return handled_signals == i; });
	}
	sleepy::wait_for_sleepers(1);
	EXPECT_FALSE(reader.done());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
}

/* The one with the signal is chosen, for it is still in the queue, or passed over. */
TEST_F(sleepy, a_wake_up_that_follows_a_signal_goes_to_the_next)
{
	Fd fd = ASSERT_OK(sleepy::open());

	install_counter(SIGUSR1, 0);
	for (Budget budget(30, 20); budget.more();) {
		std::vector readers = sleepers(fd, 2);

		readers[0].signal(SIGUSR1);
		ASSERT_VALUE(1, fd.write("x"));
		ASSERT_ERRNO(EINTR, readers[0].join());
		ASSERT_VALUE(0, readers[1].join());
	}
}

/* Either of the two may have it, but never both, and never none. */
TEST_F(sleepy, a_signal_that_follows_a_wake_up_does_not_lose_it)
{
	Fd fd = ASSERT_OK(sleepy::open());

	install_counter(SIGUSR1, 0);
	for (Budget budget(30, 20); budget.more();) {
		std::vector readers = sleepers(fd, 2);

		ASSERT_VALUE(1, fd.write("x"));
		readers[0].signal(SIGUSR1);
		Result<ssize_t> first = readers[0].join();
		if (first.ok()) {
			ASSERT_EQ(1, sleepy::sleepers());
			ASSERT_VALUE(1, fd.write("x"));
		} else {
			ASSERT_ERRNO(EINTR, first);
		}
		ASSERT_VALUE(0, readers[1].join());
	}
}

/* With nobody else asleep the wake-up that was passed on is remembered. */
TEST_F(sleepy, a_wake_up_without_a_taker_is_remembered)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));

	install_counter(SIGUSR1, 0);
	for (Budget budget(30, 20); budget.more();) {
		Task reader = sleeper(fd);

		sleepy::wait_for_sleepers(1);
		reader.signal(SIGUSR1);
		ASSERT_VALUE(1, fd.write("x"));
		ASSERT_ERRNO(EINTR, reader.join());
		ASSERT_VALUE(0, read_now(nonblock));
		ASSERT_ERRNO(EAGAIN, read_now(nonblock));
	}
}

TEST_F(sleepy, a_killed_sleeper_passes_its_wake_up_on)
{
	Fd fd = ASSERT_OK(sleepy::open());

	for (Budget budget(30, 10); budget.more();) {
		Child victim = ASSERT_OK(Child::fork_to([&] {
			char c;

			return fd.read(&c, 1).ok();
		}));
		sleepy::wait_for_sleepers(1);
		std::vector readers = sleepers(fd, 1);

		victim.kill(SIGKILL);
		ASSERT_VALUE(1, fd.write("x"));
		ASSERT_VALUE(128 + SIGKILL, victim.wait());
		ASSERT_VALUE(0, readers[0].join());
	}
}

TEST_F(sleepy, a_child_sleeps_on_what_it_inherited)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Child child = ASSERT_OK(Child::fork_to([&] {
		char c;
		Result<ssize_t> ret = fd.read(&c, 1);

		return ret.ok() && ret.value() == 0 ? 42 : 1;
	}));

	sleepy::wait_for_sleepers(1);
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(42, child.wait());
}

TEST_F(sleepy, closing_the_file_does_not_disturb_a_sleeper)
{
	Fd fd = ASSERT_OK(sleepy::open());
	int raw = fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
	Task reader([=] {
		char c;

		return result_of(read(raw, &c, 1), { "read", sleepy::path });
	});

	sleepy::wait_for_sleepers(1);
	ASSERT_EQ(0, close(raw));
	EXPECT_EQ(1, sleepy::sleepers());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
}

namespace
{
/*
 * Readers of which some are hit by signals all the time. With two more asleep
 * than there can be signalled ones, each write must come back as one return,
 * whoever passes it on to whom.
 */
class Crowd {
public:
	static constexpr int steady = 3, signalled = 2;

	explicit Crowd(const Fd &fd)
	{
		for (int i = 0; i < steady + signalled; i++)
			tasks_.emplace_back([this, &fd] { return read_on(fd); });
	}

	/* A moment when at least two are asleep that no signal can take away. */
	void wait_for_room()
	{
		wait_until([] { return sleepy::sleepers() >= signalled + 2; });
	}

	void signal_some(unsigned int seed) { tasks_[seed % signalled].signal(SIGUSR1); }

	long returns() const { return returns_; }
	long failures() const { return failures_; }

	/* No more signals may come, or one could be hit before it stops. */
	void stop(const Fd &fd)
	{
		stop_ = true;
		for (Task<int> &task : tasks_) {
			while (!task.done()) {
				static_cast<void>(fd.write("x"));
				sched_yield();
			}
		}
	}

private:
	int read_on(const Fd &fd)
	{
		char c;

		while (!stop_) {
			Result<ssize_t> ret = fd.read(&c, 1);

			if (ret.ok() && ret.value() == 0)
				returns_++;
			else if (ret.error() != EINTR)
				failures_++;
		}
		return 0;
	}

	std::atomic<bool> stop_ = false;
	std::atomic<long> returns_ = 0, failures_ = 0;
	std::vector<Task<int>> tasks_;
};

} /* namespace */

TEST_F(sleepy, signals_and_writes_that_race_are_counted_exactly)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	unsigned int round = 0;
	long writes = 0;

	install_counter(SIGUSR1, 0);
	Crowd crowd(fd);
	for (Budget budget(150, 100); budget.more(); round++) {
		crowd.wait_for_room();
		if (round & 1)
			crowd.signal_some(round / 2);
		ASSERT_VALUE(1, fd.write("x"));
		writes++;
		if (round & 2)
			crowd.signal_some(round / 4);
	}
	wait_until([&] { return crowd.returns() >= writes; });
	wait_until([] { return sleepy::sleepers() == Crowd::steady + Crowd::signalled; });
	EXPECT_EQ(writes, crowd.returns());
	EXPECT_EQ(0, crowd.failures());
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
	crowd.stop(fd);
	static_cast<void>(read_now(nonblock));
}

/* Bug 3: a write that hits a reader just as it goes to sleep */
TEST_F(sleepy, no_wake_up_is_lost_on_the_way_to_sleep)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDONLY | O_NONBLOCK));
	char c;

	EXPECT_EQ(0, Race::run([&] { return fd.read(&c, 1).ok(); },
			       [&] { return fd.write("x").ok(); }));
	EXPECT_ERRNO(EAGAIN, read_now(nonblock));
}

TEST_F(sleepy, attributes_count)
{
	const std::string wakeups = std::string(sleepy::sysfs) + "wakeups";
	Fd fd = ASSERT_OK(sleepy::open());
	long long before = attribute(wakeups);
	char c;

	ASSERT_LE(0, before);
	EXPECT_EQ(0, field_of(sleepy::state, "remembered"));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_EQ(1, field_of(sleepy::state, "remembered"));
	EXPECT_EQ(before + 2, attribute(wakeups));
	EXPECT_EQ(before + 2, field_of(sleepy::state, "wakeups"));
	EXPECT_VALUE(0, fd.read(&c, 1));
	EXPECT_EQ(0, field_of(sleepy::state, "remembered"));
	EXPECT_EQ(0, field_of(sleepy::state, "polled"));

	Task reader = sleeper(fd);
	sleepy::wait_for_sleepers(1);
	EXPECT_EQ(1, field_of(sleepy::state, "sleepers"));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
	EXPECT_EQ(0, sleepy::sleepers());
}

TEST_HARNESS_MAIN
