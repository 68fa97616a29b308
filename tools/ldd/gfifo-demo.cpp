// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * gfifo-demo - the classic demonstration of two processes on one device
 *
 * One process waits on /dev/gfifo in the way that the command line names, the
 * other writes a line a second later. Both say what they do and see, and when.
 */
#include <algorithm>
#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <string_view>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <time.h>

#include <linux/ldd.h>

#include "process.hpp"

using namespace std::literals;
using ldd::check;
using ldd::Fd;

namespace
{

constexpr auto message = "Hello, global gfifo\n"sv;

std::string device = "/dev/gfifo";

std::int64_t now_ms()
{
	timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * std::int64_t { 1000 } + ts.tv_nsec / 1000000;
}

const std::int64_t start_ms = now_ms();

/*
 * Say what a process does or sees. One line is one write(2), so the lines of
 * the two processes do not mix.
 */
[[gnu::format(printf, 2, 3)]] void say(const char *who, const char *format, ...)
{
	std::array<char, 200> text;
	std::int64_t ms = now_ms() - start_ms;
	va_list ap;

	va_start(ap, format);
	std::vsnprintf(text.data(), text.size(), format, ap);
	va_end(ap);
	dprintf(STDOUT_FILENO, "%2" PRId64 ".%03d s  %s: %s\n", ms / 1000,
		static_cast<int>(ms % 1000), who, text.data());
}

/* Read what is there and insist that it is what the writer wrote. */
void receive(int fd)
{
	std::array<char, 128> buf;
	ssize_t n = check(read(fd, buf.data(), buf.size()), "read", device);
	std::string_view got(buf.data(), n);

	if (got != message)
		throw std::runtime_error("read " + device + ": got " + std::to_string(n) +
					 " bytes that are not the message");
	say("reader", "read returns %zd bytes: %.*s", n, static_cast<int>(n - 1), buf.data());
}

/* Wait with nothing but read(2). */
void wait_block(int)
{
	say("reader", "calls read, which sleeps while there is nothing");
}

void wait_select(int fd)
{
	fd_set readable;

	FD_ZERO(&readable);
	FD_SET(fd, &readable);
	say("reader", "calls select");
	check(select(fd + 1, &readable, nullptr, nullptr, nullptr), "select", device);
	if (!FD_ISSET(fd, &readable))
		throw std::runtime_error("select " + device + ": returns, but not readable");
	say("reader", "select says readable");
}

void wait_poll(int fd)
{
	pollfd p = { .fd = fd, .events = POLLIN, .revents = 0 };

	say("reader", "calls poll");
	check(poll(&p, 1, -1), "poll", device);
	if (!(p.revents & POLLIN))
		throw std::runtime_error("poll " + device + ": returns, but without POLLIN");
	say("reader", "poll says POLLIN");
}

void wait_epoll(int fd)
{
	Fd set(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1", device));
	epoll_event event = {};

	event.events = EPOLLIN | EPOLLET;
	event.data.fd = fd;
	check(epoll_ctl(set.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl", device);
	say("reader", "calls epoll_wait, edge triggered");
	check(epoll_wait(set.get(), &event, 1, -1), "epoll_wait", device);
	if (event.data.fd != fd || !(event.events & EPOLLIN))
		throw std::runtime_error("epoll_wait " + device + ": returns without EPOLLIN");
	say("reader", "epoll says EPOLLIN");
}

sigset_t sigio_set()
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	return set;
}

/* Ask for SIGIO. It stays blocked and is picked up in wait_async(). */
void prepare_async(int fd)
{
	sigset_t set = sigio_set();

	check(sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask", "SIGIO");
	check(fcntl(fd, F_SETOWN, getpid()), "fcntl F_SETOWN", device);
	/* Naming the signal makes the kernel fill in si_fd and si_band. */
	check(fcntl(fd, F_SETSIG, SIGIO), "fcntl F_SETSIG", device);
	check(fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC), "fcntl F_SETFL", device);
}

void wait_async(int fd)
{
	sigset_t set = sigio_set();
	siginfo_t info;

	say("reader", "asked for SIGIO, and could do something else now");
	check(sigwaitinfo(&set, &info), "sigwaitinfo", "SIGIO");
	if (info.si_fd != fd || info.si_code != POLL_IN)
		throw std::runtime_error("SIGIO of " + device + " without POLL_IN");
	say("reader", "SIGIO says POLL_IN");
}

struct Mode {
	const char *name;
	int open_flags;
	void (*prepare)(int fd);
	void (*wait)(int fd);
};

constexpr std::array<Mode, 5> modes = { {
	{ "block", 0, nullptr, wait_block },
	{ "select", O_NONBLOCK, nullptr, wait_select },
	{ "poll", O_NONBLOCK, nullptr, wait_poll },
	{ "epoll", O_NONBLOCK, nullptr, wait_epoll },
	{ "async", O_NONBLOCK, prepare_async, wait_async },
} };

const Mode &mode_named(std::string_view name)
{
	return *std::find_if(modes.begin(), modes.end(),
			     [&](const Mode &mode) { return mode.name == name; });
}

/* What O_NONBLOCK means, and the proof that the reader does have to wait. */
void show_empty(int fd)
{
	char byte;

	if (read(fd, &byte, 1) >= 0 || errno != EAGAIN)
		throw std::runtime_error("read " + device + ": no EAGAIN on an empty FIFO");
	say("reader", "read says EAGAIN: there is nothing yet");
}

/* The other process. The delay is not for synchronisation: it is the show. */
void write_later()
{
	Fd fd = ldd::open_file(device, O_WRONLY);
	timespec second = { .tv_sec = 1, .tv_nsec = 0 };

	say("writer", "will write in one second");
	while (nanosleep(&second, &second) && errno == EINTR)
		;
	say("writer", "writes: %.*s", static_cast<int>(message.size() - 1), message.data());
	ssize_t n = check(write(fd.get(), message.data(), message.size()), "write", device);
	if (static_cast<size_t>(n) != message.size())
		throw std::runtime_error("write " + device + ": took " + std::to_string(n) +
					 " bytes only");
}

int demonstrate(const Mode &mode, unsigned int timeout)
{
	Fd fd = ldd::open_file(device, O_RDONLY | mode.open_flags);

	ldd::give_up_after(timeout, "gfifo-demo: the reader still waits: giving up\n");
	check(ioctl(fd.get(), GFIFO_IOC_CLEAR), "ioctl GFIFO_IOC_CLEAR", device);
	if (mode.prepare)
		mode.prepare(fd.get());
	if (mode.open_flags & O_NONBLOCK)
		show_empty(fd.get());
	pid_t writer = ldd::start_process("gfifo-demo", "writer", write_later);
	mode.wait(fd.get());
	receive(fd.get());
	return ldd::join_process(writer, "the writer");
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Two processes on one device: one waits for data, the other writes a\n"
		     "line a second later. Clears the FIFO first.",
		     "gfifo-demo");
	std::vector<std::string> names;
	std::string name;
	unsigned int timeout = 10;

	for (const Mode &mode : modes)
		names.emplace_back(mode.name);
	app.add_option("MODE", name, "how the reader waits")
		->required()
		->check(CLI::IsMember(names));
	app.add_option("--device", device, "the device to use")->capture_default_str();
	app.add_option("--timeout", timeout, "give up after so many seconds")
		->check(CLI::Range(2, 3600))
		->capture_default_str();
	app.footer("Exit status: 0 the message came through, 1 it did not, 2 usage.");

	return ldd::run_main(app, argc, argv,
			     [&] { return demonstrate(mode_named(name), timeout); });
}
