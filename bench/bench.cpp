// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * The benchmark program, which bench/run starts in a guest. Writes one line of
 * JSON for each figure.
 */
#include "bench.hpp"

#include <csignal>

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/ldd.h>

using ldd::check;
using ldd::Fd;

namespace bench {

void report(const std::string &row, const std::string &column, const Sample &sample)
{
	std::printf("{\"row\": \"%s\", \"column\": \"%s\", \"value\": %.3f, \"spread\": %.4f}\n",
		    row.c_str(), column.c_str(), sample.ns, sample.spread);
	std::fflush(stdout);
}

Channel open_pipe(unsigned int, std::uint32_t capacity)
{
	int fds[2];

	check(pipe2(fds, O_CLOEXEC), "pipe2", "a pipe");
	Channel c = { Fd(fds[0]), Fd(fds[1]) };
	if (capacity)
		check(fcntl(fds[1], F_SETPIPE_SZ, capacity), "fcntl F_SETPIPE_SZ", "a pipe");
	return c;
}

Channel open_unix(unsigned int, std::uint32_t)
{
	int fds[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair", "AF_UNIX");
	return { Fd(fds[0]), Fd(fds[1]) };
}

/* The FIFO is cut back to the capacity asked for, or to a page. */
Channel open_gfifo(unsigned int index, std::uint32_t capacity)
{
	std::string path = "/dev/gfifo" + (index ? std::to_string(index) : std::string());
	Channel c = { ldd::open_file(path, O_RDONLY), ldd::open_file(path, O_WRONLY) };

	check(ioctl(c.wr.get(), GFIFO_IOC_CLEAR), "ioctl GFIFO_IOC_CLEAR", path);
	if (!capacity)
		capacity = 4096;
	check(ioctl(c.wr.get(), GFIFO_IOC_SET_SIZE, &capacity), "ioctl GFIFO_IOC_SET_SIZE", path);
	return c;
}

void write_all(const Fd &fd, const char *buf, std::size_t n)
{
	while (n) {
		ssize_t done = check(write(fd.get(), buf, n), "write", "the channel");

		buf += done;
		n -= done;
	}
}

void read_all(const Fd &fd, char *buf, std::size_t n)
{
	while (n) {
		ssize_t done = check(read(fd.get(), buf, n), "read", "the channel");

		if (!done)
			throw std::runtime_error("read the channel: unexpected end");
		buf += done;
		n -= done;
	}
}

pid_t start_child(const std::function<void()> &body)
{
	pid_t pid;

	std::fflush(stdout);
	pid = check(fork(), "fork", "bench");
	if (pid)
		return pid;
	try {
		check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl", "PR_SET_PDEATHSIG");
		body();
		std::fflush(stdout);
		_exit(ldd::STATUS_OK);
	} catch (const std::exception &e) {
		dprintf(STDERR_FILENO, "bench: %s\n", e.what());
		_exit(ldd::STATUS_FAILED);
	}
}

void finish_child(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0), "waitpid", "a child");
	if (status)
		throw std::runtime_error("a child of the benchmark failed");
}

void set_realtime(int priority)
{
	sched_param param = {};

	param.sched_priority = priority;
	check(sched_setscheduler(0, SCHED_FIFO, &param), "sched_setscheduler", "SCHED_FIFO");
}

long sleeps_so_far()
{
	rusage usage;

	check(getrusage(RUSAGE_SELF, &usage), "getrusage", "self");
	return usage.ru_nvcsw;
}

} // namespace bench

namespace {

struct Case {
	const char *name;
	const char *help;
	void (*run)();
};

constexpr std::array<Case, 10> cases = { {
	{ "transfer", "one write and one read of n bytes", bench::transfer_cases },
	{ "ping-pong", "8 bytes to another process and back", bench::ping_pong_cases },
	{ "round-trip", "wake another process and be woken", bench::round_trip_cases },
	{ "wake-one", "wake one of many sleepers", bench::wake_one_cases },
	{ "copy", "pread and pwrite of memory", bench::copy_cases },
	{ "direct", "the same with O_DIRECT", bench::direct_cases },
	{ "async", "many reads by one call", bench::async_cases },
	{ "fault", "touch a page of a mapping first", bench::fault_cases },
	{ "map", "map many pages at once", bench::map_cases },
	{ "streaming", "a writer and a reader on two CPUs", bench::streaming_cases },
} };

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Measures pipes, sockets, eventfd and the ldd devices.", "bench");

	for (const Case &c : cases)
		app.add_subcommand(c.name, c.help);
	app.require_subcommand(1, cases.size());
	return ldd::run_main(app, argc, argv, [&] {
		for (const Case &c : cases)
			if (app.got_subcommand(c.name))
				c.run();
		return static_cast<int>(ldd::STATUS_OK);
	});
}
