// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo: SIGIO, to whom and what for.
 *
 * The call that causes a signal has queued it before it returns, so a signal
 * that is not there after the call does not come.
 */
#include <string>

#include "gfifo_fixture.hpp"

using namespace ldd;

namespace
{
/* What the kernel makes of POLL_IN and POLL_OUT. */
const short in = POLLIN | POLLRDNORM, out = POLLOUT | POLLWRNORM | POLLWRBAND;
const int queued_signal = 40; /* a real-time one: none is merged with another */

Result<int> set_async(const Fd &fd, bool on)
{
	int flags = fcntl(fd.get(), F_GETFL);

	return fd.fcntl(F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
}

/* Send @sig to this process when something happens to @fd. */
Result<int> notify(const Fd &fd, int sig)
{
	Result<int> ret = fd.fcntl(F_SETOWN, getpid());

	if (ret.ok())
		ret = fd.fcntl(F_SETSIG, sig);
	return ret.ok() ? set_async(fd, true) : std::move(ret);
}

/* Of all signals that are pending, how many there are for each reason. */
struct Signals {
	int in = 0, out = 0, bad = 0;

	static Signals take(const Fd &fd, int sig = queued_signal)
	{
		Signals got;

		for (;;) {
			Result<siginfo_t> result = take_signal(sig);

			if (!result.ok())
				return got;
			const siginfo_t &info = result.value();
			bool ours = info.si_fd == fd.get();
			if (ours && info.si_code == POLL_IN && info.si_band == ::in)
				got.in++;
			else if (ours && info.si_code == POLL_OUT && info.si_band == ::out)
				got.out++;
			else
				got.bad++;
		}
	}
};

} /* namespace */

#define EXPECT_SIGNALS(ins, outs, fd)             \
	do {                                      \
		Signals got_ = Signals::take(fd); \
		EXPECT_EQ(ins, got_.in);          \
		EXPECT_EQ(outs, got_.out);        \
		EXPECT_EQ(0, got_.bad);           \
	} while (0)

FIXTURE(async)
{
	long size;
};

FIXTURE_SETUP(async)
{
	const char *why = why_not("gfifo", gfifo::path, gfifo::state);

	if (why)
		SKIP(return, "%s", why);
	block_signal(SIGIO);
	block_signal(SIGUSR1);
	block_signal(queued_signal);
	Fd fd = ASSERT_OK(gfifo::open());
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	self->size = ASSERT_OK(gfifo::size(fd));
}

FIXTURE_TEARDOWN(async)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	EXPECT_VALUE(self->size, gfifo::size(fd));
}

TEST_F(async, sigio_when_bytes_arrive)
{
	Fd fd = ASSERT_OK(gfifo::open(O_RDONLY)), other = ASSERT_OK(gfifo::open());

	ASSERT_OK(fd.fcntl(F_SETOWN, getpid()));
	ASSERT_OK(set_async(fd, true));
	EXPECT_ERRNO(EAGAIN, take_signal(SIGIO));
	EXPECT_VALUE(1, other.write("x"));
	EXPECT_EQ(SI_KERNEL, ASSERT_OK(take_signal(SIGIO)).si_code);
	EXPECT_ERRNO(EAGAIN, take_signal(SIGIO));
}

/* Bug 8 */
TEST_F(async, sigio_when_room_appears)
{
	Fd fd = ASSERT_OK(gfifo::open(O_WRONLY)), other = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(other));
	ASSERT_OK(fd.fcntl(F_SETOWN, getpid()));
	ASSERT_OK(set_async(fd, true));
	EXPECT_ERRNO(EAGAIN, take_signal(SIGIO));
	EXPECT_EQ(1UL, take(other, 1).size());
	ASSERT_OK(take_signal(SIGIO));
	EXPECT_ERRNO(EAGAIN, take_signal(SIGIO));
}

/* Bug 8 */
TEST_F(async, the_signal_says_what_happened)
{
	Fd fd = ASSERT_OK(gfifo::open()), other = ASSERT_OK(gfifo::open());

	ASSERT_OK(notify(fd, queued_signal));
	EXPECT_SIGNALS(0, 0, fd);
	EXPECT_VALUE(1, other.write("x"));
	EXPECT_SIGNALS(1, 0, fd);
	EXPECT_EQ(1UL, take(other, 1).size());
	EXPECT_SIGNALS(0, 1, fd);
	EXPECT_VALUE(0, other.write(""));
	EXPECT_SIGNALS(0, 0, fd);
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	EXPECT_EQ(size_t(self->size), take(fd, self->size).size());
	EXPECT_SIGNALS(1, 1, fd);
}

/* Bugs 4 and 8 */
TEST_F(async, room_that_clear_makes)
{
	Fd fd = ASSERT_OK(gfifo::open()), other = ASSERT_OK(gfifo::open());

	ASSERT_OK(notify(fd, queued_signal));
	for (unsigned long request : { (unsigned long)GFIFO_IOC_CLEAR, 0x1UL }) {
		ASSERT_VALUE(self->size, gfifo::fill(other));
		EXPECT_SIGNALS(1, 0, fd);
		EXPECT_VALUE(0, other.ioctl(request));
		EXPECT_SIGNALS(0, 1, fd);
	}
}

TEST_F(async, room_that_a_growth_makes)
{
	Fd fd = ASSERT_OK(gfifo::open()), other = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(other));
	ASSERT_OK(notify(fd, queued_signal));
	EXPECT_VALUE(0, gfifo::set_size(other, 2 * self->size));
	EXPECT_SIGNALS(0, 1, fd);
	ASSERT_OK(other.ioctl(GFIFO_IOC_CLEAR));
	EXPECT_VALUE(0, gfifo::set_size(other, self->size));
}

/* Every owner is told of both, however it opened the file. */
TEST_F(async, whatever_the_mode)
{
	for (int mode : { O_RDONLY, O_WRONLY }) {
		Fd fd = ASSERT_OK(gfifo::open(mode)), other = ASSERT_OK(gfifo::open());

		ASSERT_OK(notify(fd, queued_signal));
		EXPECT_VALUE(1, other.write("x"));
		EXPECT_SIGNALS(1, 0, fd);
		EXPECT_EQ(1UL, take(other, 1).size());
		EXPECT_SIGNALS(0, 1, fd);
	}
}

TEST_F(async, everybody_who_asked_is_told)
{
	Fd one = ASSERT_OK(gfifo::open()), two = ASSERT_OK(gfifo::open());

	ASSERT_OK(notify(one, queued_signal));
	ASSERT_OK(notify(two, queued_signal + 1));
	block_signal(queued_signal + 1);
	EXPECT_VALUE(1, one.write("x"));
	EXPECT_EQ(1, Signals::take(one, queued_signal).in);
	EXPECT_EQ(1, Signals::take(two, queued_signal + 1).in);
}

/* Bug 20 */
TEST_F(async, none_after_close)
{
	Fd fd = ASSERT_OK(gfifo::open()), other = ASSERT_OK(gfifo::open());

	ASSERT_OK(fd.fcntl(F_SETOWN, getpid()));
	ASSERT_OK(set_async(fd, true));
	fd.reset();
	EXPECT_VALUE(1, other.write("x"));
	EXPECT_EQ(1UL, take(other, 1).size());
	EXPECT_ERRNO(EAGAIN, take_signal(SIGIO));
}

/* Bug 20: what is left of a closed file may belong to somebody else */
TEST_F(async, many_files_leave_nothing_behind)
{
	Fd other = ASSERT_OK(gfifo::open());

	for (int mode : { O_RDONLY, O_WRONLY, O_RDWR }) {
		std::vector<Fd> fds;

		for (int i = 0; i < 20; i++) {
			fds.push_back(ASSERT_OK(gfifo::open(mode)));
			ASSERT_OK(notify(fds.back(), queued_signal));
		}
		fds.clear();
		for (int i = 0; i < 20; i++)
			fds.push_back(ASSERT_OK(gfifo::open(mode)));
		EXPECT_VALUE(1, other.write("x"));
		EXPECT_EQ(1UL, take(other, 1).size());
		EXPECT_ERRNO(EAGAIN, take_signal(queued_signal));
	}
}

TEST_F(async, until_the_last_duplicate_is_closed)
{
	Fd fd = ASSERT_OK(gfifo::open()), other = ASSERT_OK(gfifo::open());

	ASSERT_OK(notify(fd, queued_signal));
	int copy = ASSERT_OK(fd.fcntl(F_DUPFD_CLOEXEC));
	int number = fd.get();
	fd.reset();
	EXPECT_VALUE(1, other.write("x"));
	siginfo_t info = ASSERT_OK(take_signal(queued_signal));
	EXPECT_EQ(number, info.si_fd);
	close(copy);
	EXPECT_EQ(1UL, take(other, 1).size());
	EXPECT_ERRNO(EAGAIN, take_signal(queued_signal));
}

TEST_F(async, it_can_be_turned_off)
{
	Fd fd = ASSERT_OK(gfifo::open());

	for (int i = 0; i < 3; i++) {
		ASSERT_OK(notify(fd, queued_signal));
		EXPECT_VALUE(1, fd.write("x"));
		EXPECT_EQ(1UL, take(fd, 1).size());
		EXPECT_SIGNALS(1, 1, fd);
		ASSERT_OK(set_async(fd, false));
		EXPECT_VALUE(1, fd.write("x"));
		EXPECT_EQ(1UL, take(fd, 1).size());
		EXPECT_SIGNALS(0, 0, fd);
	}
}

TEST_F(async, one_thread_can_be_the_owner)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Pipe go = ASSERT_OK(Pipe::make());
	Task owner([&] {
		static_cast<void>(take(go.rd, 1));
		return Signals::take(fd);
	});
	f_owner_ex ex = { F_OWNER_TID, owner.tid() };

	ASSERT_OK(notify(fd, queued_signal));
	ASSERT_OK(fd.fcntl(F_SETOWN_EX, &ex));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_SIGNALS(0, 0, fd);
	EXPECT_VALUE(1, go.wr.write("x"));
	EXPECT_EQ(1, owner.join().in);
}

TEST_F(async, a_process_group_can_be_the_owner)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Pipe ready = ASSERT_OK(Pipe::make()), go = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		go.wr.reset();
		setpgid(0, 0);
		static_cast<void>(ready.wr.write("x"));
		static_cast<void>(take(go.rd, 1));
		return Signals::take(fd).in;
	}));

	EXPECT_EQ(1UL, take(ready.rd, 1).size());
	ASSERT_OK(notify(fd, queued_signal));
	ASSERT_OK(fd.fcntl(F_SETOWN, -child.pid()));
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_SIGNALS(0, 0, fd);
	EXPECT_VALUE(1, go.wr.write("x"));
	EXPECT_VALUE(1, child.wait());
}

TEST_HARNESS_MAIN
