// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of the textbooks. Two processes: one waits on /dev/gfifo in one of
 * the ways there are, the other writes a line, and the first one has it. One writes
 * into /dev/gmemp and the other has it mapped. And one asks /dev/my_demo_dev for its
 * size, maps it, and compares what it scribbled with what it reads.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <string>

#include "gfifo_fixture.hpp"

using namespace ldd;

namespace
{
const char line[] = "Hello, global gfifo\n";

/* Each returns when @fd can be read, but for the first: that leaves it to read(2). */
bool wait_by_blocking(int)
{
	return true;
}

bool wait_by_select(int fd)
{
	fd_set rd;

	FD_ZERO(&rd);
	FD_SET(fd, &rd);
	return select(fd + 1, &rd, nullptr, nullptr, nullptr) == 1 && FD_ISSET(fd, &rd);
}

bool wait_by_poll(int fd)
{
	pollfd pfd = { .fd = fd, .events = POLLIN, .revents = 0 };

	return poll(&pfd, 1, -1) == 1 && pfd.revents == POLLIN;
}

bool wait_by_epoll(int fd)
{
	epoll_event event = { .events = EPOLLIN | EPOLLPRI, .data = { .fd = fd } };
	int ep = epoll_create1(0);
	bool ok = !epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) && epoll_wait(ep, &event, 1, -1) == 1 &&
		  event.events == EPOLLIN && event.data.fd == fd;

	close(ep);
	return ok;
}

volatile sig_atomic_t input_signals;

bool wait_by_signal(int fd)
{
	sigset_t blocked, old;

	signal(SIGIO, [](int) { input_signals = input_signals + 1; });
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGIO);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | FASYNC);
	while (!input_signals)
		sigsuspend(&old);
	return true;
}

bool is_reader(pid_t, int)
{
	return gfifo::sleeping_readers() == 1;
}

bool is_poller(pid_t, int)
{
	return field_of(gfifo::state, "polled to read") == 1;
}

bool is_owner(pid_t pid, int fd)
{
	std::string info = "/proc/" + std::to_string(pid) + "/fdinfo/" + std::to_string(fd);
	std::string text = read_text(info);
	size_t flags = text.find("flags:");

	return flags != std::string::npos &&
	       (strtol(text.c_str() + flags + sizeof("flags:"), nullptr, 8) & O_ASYNC);
}

} /* namespace */

FIXTURE_VARIANT(gfifo)
{
	bool (*wait)(int fd);
	bool (*is_waiting)(pid_t pid, int fd);
};

FIXTURE_VARIANT_ADD(gfifo, block) {
	.wait = wait_by_blocking,
	.is_waiting = is_reader,
};

FIXTURE_VARIANT_ADD(gfifo, select) {
	.wait = wait_by_select,
	.is_waiting = is_poller,
};

FIXTURE_VARIANT_ADD(gfifo, poll) {
	.wait = wait_by_poll,
	.is_waiting = is_poller,
};

FIXTURE_VARIANT_ADD(gfifo, epoll) {
	.wait = wait_by_epoll,
	.is_waiting = is_poller,
};

FIXTURE_VARIANT_ADD(gfifo, async) {
	.wait = wait_by_signal,
	.is_waiting = is_owner,
};

TEST_F(gfifo, one_waits_and_one_writes)
{
	Fd rd = ASSERT_OK(gfifo::open(O_RDONLY)), wr = ASSERT_OK(gfifo::open(O_WRONLY));
	Child child = ASSERT_OK(Child::fork_to([&] {
		char buf[100] = {};

		if (!variant->wait(rd.get()))
			return 2;
		return read(rd.get(), buf, sizeof(buf)) == sizeof(line) - 1 && !strcmp(buf, line)
			       ? 0
			       : 1;
	}));

	wait_until([&] { return variant->is_waiting(child.pid(), rd.get()); });
	EXPECT_VALUE(ssize_t(sizeof(line) - 1), wr.write(line));
	EXPECT_VALUE(0, child.wait());
	EXPECT_VALUE(0, gfifo::queued(rd));
}

/*
 * What follows uses the bare calls, and the numbers instead of names, as the
 * programs do that were written for the classic drivers.
 */
TEST(one_writes_to_gmemp_and_one_has_it_mapped)
{
	const char text[] = "Hello, global memory\n";
	const char *why = why_not("gmemp", "/dev/gmemp", "/sys/kernel/debug/ldd/gmemp/state");
	char buf[sizeof(text)] = {};

	if (why)
		SKIP(return, "%s", why);
	int fd = open("/dev/gmemp", O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, 0x1));
	char *mem = static_cast<char *>(
		mmap(nullptr, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, mem[0]);
	Child child = ASSERT_OK(Child::fork_to([&] {
		int own = open("/dev/gmemp", O_WRONLY);

		return write(own, text, sizeof(text)) != sizeof(text) || close(own);
	}));
	EXPECT_VALUE(0, child.wait());
	EXPECT_STREQ(text, mem);
	mem[0] = 'h';
	EXPECT_EQ(ssize_t(sizeof(buf)), read(fd, buf, sizeof(buf)));
	EXPECT_STREQ("hello, global memory\n", buf);
	EXPECT_EQ(0, ioctl(fd, 0x1));
	EXPECT_EQ(0, mem[0]);
	EXPECT_EQ(0, munmap(mem, getpagesize()));
	EXPECT_EQ(0, close(fd));
}

TEST(one_scribbles_in_my_demo_dev_and_compares)
{
	const char *why = why_not("my_demo_dev", "/dev/my_demo_dev",
				  "/sys/kernel/debug/ldd/my_demo_dev/state");
	unsigned long size = 0;

	if (why)
		SKIP(return, "%s", why);
	int fd = open("/dev/my_demo_dev", O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, 1, &size));
	ASSERT_EQ(10UL * getpagesize(), size);
	char *mem = static_cast<char *>(
		mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED, fd, 0));
	ASSERT_NE(MAP_FAILED, mem);
	for (unsigned long i = 0; i < size; i++)
		mem[i] = char(i % 251);
	std::string buf(size, '\0');
	EXPECT_EQ(ssize_t(size), read(fd, buf.data(), size));
	EXPECT_EQ(0, memcmp(mem, buf.data(), size));
	EXPECT_EQ(0, read(fd, buf.data(), size));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	memset(buf.data(), 0, size);
	EXPECT_EQ(ssize_t(size), write(fd, buf.data(), size));
	EXPECT_EQ(0, memcmp(mem, buf.data(), size));
	EXPECT_EQ(0, munmap(mem, size));
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN
