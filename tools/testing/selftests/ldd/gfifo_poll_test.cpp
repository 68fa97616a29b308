// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo: poll, select and epoll.
 */
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <vector>

#include "gfifo_fixture.hpp"
#include "race.hpp"

using namespace ldd;

namespace
{
const short in = POLLIN | POLLRDNORM, out = POLLOUT | POLLWRNORM;

class Epoll {
public:
	Epoll() : fd_(epoll_create1(EPOLL_CLOEXEC), "epoll") {}

	Result<int> add(const Fd &fd, unsigned int events)
	{
		epoll_event event = { .events = events, .data = {} };

		return result_of(epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd.get(), &event),
				 { "epoll_ctl", fd.path(), long(events) });
	}

	/* The events there are; 0 when @timeout (ms, -1: none) ran out. */
	Result<int> wait(int timeout) const
	{
		epoll_event event = {};
		int ret = epoll_wait(fd_.get(), &event, 1, timeout);

		return result_of(ret > 0 ? int(event.events) : ret, { "epoll_wait", "" });
	}

private:
	Fd fd_;
};

/* Which of reading and writing is possible, in that order: "r", "rw", ... */
std::string select_now(const Fd &fd, timeval *timeout)
{
	fd_set rd, wr;
	int ret;

	FD_ZERO(&rd);
	FD_ZERO(&wr);
	FD_SET(fd.get(), &rd);
	FD_SET(fd.get(), &wr);
	ret = select(fd.get() + 1, &rd, &wr, nullptr, timeout);
	if (ret < 0)
		return "error";
	return std::string(FD_ISSET(fd.get(), &rd) ? "r" : "") +
	       (FD_ISSET(fd.get(), &wr) ? "w" : "");
}

} /* namespace */

TEST_F(gfifo, poll_tells_what_would_not_block)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(out, fd.poll(in | out, 0));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(in | out, fd.poll(in | out, 0));
	EXPECT_VALUE(self->size - 1, gfifo::fill(fd));
	EXPECT_VALUE(in, fd.poll(in | out, 0));
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(in | out, fd.poll(in | out, 0));
	EXPECT_EQ(size_t(self->size - 1), take(fd, self->size).size());
	EXPECT_VALUE(out, fd.poll(in | out, 0));
}

/* Both directions, whatever the mode: the classic select(2) program opens O_RDONLY. */
TEST_F(gfifo, poll_whatever_the_mode)
{
	Fd rd = ASSERT_OK(gfifo::open(O_RDONLY | O_NONBLOCK));
	Fd wr = ASSERT_OK(gfifo::open(O_WRONLY));

	EXPECT_VALUE(out, rd.poll(in | out, 0));
	EXPECT_VALUE(1, wr.write("x"));
	EXPECT_VALUE(in | out, rd.poll(in | out, 0));
	EXPECT_VALUE(in | out, wr.poll(in | out, 0));
}

TEST_F(gfifo, poll_waits_for_bytes)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Task poller([&] { return fd.poll(in, -1); });

	gfifo::wait_for_read_poll();
	EXPECT_FALSE(poller.done());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(in, poller.join());
}

TEST_F(gfifo, poll_waits_for_room)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	Task poller([&] { return fd.poll(out, -1); });
	gfifo::wait_for_write_poll();
	EXPECT_FALSE(poller.done());
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(out, poller.join());
}

/* poll(2) takes nothing, so everybody is told. */
TEST_F(gfifo, all_who_poll_are_woken)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::vector<Task<Result<int>>> pollers;

	for (int i = 0; i < 4; i++) {
		pollers.emplace_back([&fd] { return fd.poll(in, -1); });
		wait_until([&] { return state_of(pollers.back().tid()) == 'S'; });
	}
	gfifo::wait_for_read_poll();
	EXPECT_VALUE(1, fd.write("x"));
	for (Task<Result<int>> &poller : pollers)
		EXPECT_VALUE(in, poller.join());
}

TEST_F(gfifo, a_signal_interrupts_poll)
{
	Fd fd = ASSERT_OK(gfifo::open());

	install_counter(SIGUSR1, 0);
	Task poller([&] { return fd.poll(in, -1); });
	gfifo::wait_for_read_poll();
	poller.signal(SIGUSR1);
	EXPECT_ERRNO(EINTR, poller.join());
	EXPECT_EQ(0, field_of(gfifo::state, "polled to read"));
}

TEST_F(gfifo, select_tells_and_waits)
{
	Fd fd = ASSERT_OK(gfifo::open());
	timeval at_once = {};

	EXPECT_TEXT("w", select_now(fd, &at_once));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_TEXT("rw", select_now(fd, &at_once));
	EXPECT_VALUE(self->size - 1, gfifo::fill(fd));
	EXPECT_TEXT("r", select_now(fd, &at_once));
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));

	Task selecter([&] {
		fd_set rd;

		FD_ZERO(&rd);
		FD_SET(fd.get(), &rd);
		return select(fd.get() + 1, &rd, nullptr, nullptr, nullptr);
	});
	gfifo::wait_for_read_poll();
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_EQ(1, selecter.join());
}

TEST_F(gfifo, epoll_level_triggered)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll ep;

	ASSERT_OK(ep.add(fd, EPOLLIN));
	EXPECT_VALUE(0, ep.wait(0));
	EXPECT_VALUE(2, fd.write("xy"));
	EXPECT_VALUE(EPOLLIN, ep.wait(-1));
	EXPECT_VALUE(EPOLLIN, ep.wait(0));
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(EPOLLIN, ep.wait(0));
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(0, ep.wait(0));
}

TEST_F(gfifo, epoll_edge_triggered_to_read)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll ep;

	ASSERT_OK(ep.add(fd, EPOLLIN | EPOLLET));
	EXPECT_VALUE(0, ep.wait(0));
	EXPECT_VALUE(2, fd.write("xy"));
	EXPECT_VALUE(EPOLLIN, ep.wait(-1));
	EXPECT_VALUE(0, ep.wait(0));
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(0, ep.wait(0));
	/* More bytes are a new edge even if there were some left. */
	EXPECT_VALUE(1, fd.write("z"));
	EXPECT_VALUE(EPOLLIN, ep.wait(0));
	EXPECT_VALUE(0, ep.wait(0));
}

TEST_F(gfifo, epoll_edge_triggered_to_write)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll ep;

	ASSERT_OK(ep.add(fd, EPOLLOUT | EPOLLET));
	EXPECT_VALUE(EPOLLOUT, ep.wait(0));
	EXPECT_VALUE(0, ep.wait(0));
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	EXPECT_VALUE(0, ep.wait(0));
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(EPOLLOUT, ep.wait(-1));
	EXPECT_VALUE(0, ep.wait(0));
	EXPECT_VALUE(0, fd.ioctl(GFIFO_IOC_CLEAR));
	EXPECT_VALUE(EPOLLOUT, ep.wait(0));
}

TEST_F(gfifo, epoll_waits)
{
	Fd fd = ASSERT_OK(gfifo::open());

	for (unsigned int mode : { 0U, unsigned(EPOLLET), unsigned(EPOLLEXCLUSIVE) }) {
		Epoll ep;

		ASSERT_OK(ep.add(fd, EPOLLIN | mode));
		Task waiter([&] { return ep.wait(-1); });
		wait_until([&] { return state_of(waiter.tid()) == 'S'; });
		EXPECT_FALSE(waiter.done());
		EXPECT_VALUE(1, fd.write("x"));
		EXPECT_VALUE(EPOLLIN, waiter.join());
		EXPECT_EQ(1UL, take(fd, 1).size());
	}
}

/* Both directions in one: what happens on one side is no event of the other. */
TEST_F(gfifo, epoll_tells_the_directions_apart)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll rd, wr;

	ASSERT_OK(rd.add(fd, EPOLLIN | EPOLLET));
	ASSERT_OK(wr.add(fd, EPOLLOUT | EPOLLET));
	EXPECT_VALUE(EPOLLOUT, wr.wait(0));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(EPOLLIN, rd.wait(0));
	EXPECT_VALUE(0, wr.wait(0));
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(EPOLLOUT, wr.wait(0));
	EXPECT_VALUE(0, rd.wait(0));
}

TEST_F(gfifo, epoll_exclusive_wakes_one)
{
	const int count = 5;
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll eps[count];
	std::vector<Task<Result<int>>> waiters;
	auto count_woken = [&] {
		int woken = 0;

		for (const Task<Result<int>> &waiter : waiters)
			woken += waiter.woken();
		return woken;
	};

	for (Epoll &ep : eps) {
		ASSERT_OK(ep.add(fd, EPOLLIN | EPOLLEXCLUSIVE));
		waiters.emplace_back([&ep] { return ep.wait(-1); });
		wait_until([&] { return state_of(waiters.back().tid()) == 'S'; });
	}
	for (int woken = 1; woken <= count; woken++) {
		ASSERT_VALUE(1, fd.write("x"));
		ASSERT_EQ(woken, count_woken());
		wait_until([&] {
			int done = 0;

			for (const Task<Result<int>> &waiter : waiters)
				done += waiter.done();
			return done == woken;
		});
		ASSERT_EQ(woken, count_woken());
	}
	for (Task<Result<int>> &waiter : waiters)
		EXPECT_VALUE(EPOLLIN, waiter.join());
}

/* Of two bytes the one who is told takes one; the other must not sleep on. */
TEST_F(gfifo, an_exclusive_epoll_passes_on_what_it_leaves)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll one, two;

	ASSERT_OK(one.add(fd, EPOLLIN | EPOLLEXCLUSIVE));
	ASSERT_OK(two.add(fd, EPOLLIN | EPOLLEXCLUSIVE));
	auto wait_and_take = [&](Epoll &ep) { return ep.wait(-1).ok() ? take(fd, 1) : ""; };
	Task first([&] { return wait_and_take(one); });
	Task second([&] { return wait_and_take(two); });
	wait_until([&] { return state_of(first.tid()) == 'S'; });
	wait_until([&] { return state_of(second.tid()) == 'S'; });
	EXPECT_VALUE(2, fd.write("xy"));
	EXPECT_EQ(1UL, first.join().size());
	EXPECT_EQ(1UL, second.join().size());
}

/* One who is told and does nothing about it must not take a reader's wake-up. */
TEST_F(gfifo, an_idle_exclusive_epoll_starves_no_reader)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll ep;

	ASSERT_OK(ep.add(fd, EPOLLIN | EPOLLEXCLUSIVE));
	Task waiter([&] { return ep.wait(-1); });
	wait_until([&] { return state_of(waiter.tid()) == 'S'; });
	Task reader([&] { return take(fd, 1); });
	gfifo::wait_for_readers(1);
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_TEXT("x", reader.join());
	EXPECT_VALUE(1, fd.write("y"));
	EXPECT_VALUE(EPOLLIN, waiter.join());
}

TEST_F(gfifo, an_idle_exclusive_epoll_starves_no_writer)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Epoll ep;

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	ASSERT_OK(ep.add(fd, EPOLLOUT | EPOLLEXCLUSIVE));
	Task waiter([&] { return ep.wait(-1); });
	wait_until([&] { return state_of(waiter.tid()) == 'S'; });
	Task writer([&] { return fd.write("x"); });
	gfifo::wait_for_writers(1);
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(1, writer.join());
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(EPOLLOUT, waiter.join());
}

/* Bug 3, for poll: register first, then look */
TEST_F(gfifo, poll_misses_nothing_on_the_way_to_sleep)
{
	/* poll() has room for nine queues; on the way into the tenth it takes a page. */
	constexpr int others = 9;
	Fd fd = ASSERT_OK(gfifo::open());
	Fd idle(eventfd(0, EFD_CLOEXEC), "eventfd");
	std::vector<pollfd> fds(others, { .fd = idle.get(), .events = POLLIN, .revents = 0 });

	fds.push_back({ .fd = fd.get(), .events = in, .revents = 0 });
	EXPECT_EQ(0, Race::run(
			     [&] {
				     return poll(fds.data(), fds.size(), -1) == 1 &&
					    fds.back().revents == in && take(fd, 1) == "x";
			     },
			     [&] { return fd.write("x").ok(); }));
}

TEST_HARNESS_MAIN
