// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * async-demo - a read that goes on while the program does something else
 */
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <vector>

#include <linux/aio_abi.h>
#include <sys/syscall.h>

#include "common.hpp"
#include "process.hpp"

using ldd::check;
using Clock = std::chrono::steady_clock;

namespace
{

double ms_since(Clock::time_point start)
{
	return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/* A queue of asynchronous operations, by the system calls that libaio wraps. */
class Queue {
public:
	Queue() { check(syscall(SYS_io_setup, 1, &context_), "io_setup", "a queue for one"); }
	Queue(const Queue &) = delete;
	Queue &operator=(const Queue &) = delete;
	~Queue() { syscall(SYS_io_destroy, context_); }

	void start_read(const ldd::Fd &fd, const std::string &file, std::vector<char> &to)
	{
		iocb request = {};
		iocb *requests = &request;

		request.aio_lio_opcode = IOCB_CMD_PREAD;
		request.aio_fildes = fd.get();
		request.aio_buf = reinterpret_cast<std::uintptr_t>(to.data());
		request.aio_nbytes = to.size();
		check(syscall(SYS_io_submit, context_, 1, &requests), "io_submit", file);
	}

	/* Wait for the operation; returns what read(2) would have. */
	std::int64_t wait(const std::string &file)
	{
		io_event event;
		long n;

		while ((n = syscall(SYS_io_getevents, context_, 1, 1, &event, nullptr)) < 0 &&
		       errno == EINTR)
			;
		check(n, "io_getevents", file);
		if (event.res < 0)
			throw std::system_error(static_cast<int>(-event.res),
						std::generic_category(),
						"asynchronous read " + file);
		return event.res;
	}

private:
	aio_context_t context_ = 0;
};

/* What the program does with its time meanwhile. */
std::uint64_t count_for(std::chrono::milliseconds duration)
{
	const auto end = Clock::now() + duration;
	std::uint64_t count = 0;

	while (Clock::now() < end)
		count++;
	return count;
}

int demonstrate(const std::string &device, std::size_t bytes)
{
	ldd::Fd fd = ldd::open_file(device, O_RDONLY);
	std::vector<char> buffer(bytes);
	Queue operations;

	ldd::give_up_after(30, "async-demo: the read does not complete: giving up\n");
	const auto start = Clock::now();
	operations.start_read(fd, device, buffer);
	const double submitted = ms_since(start);
	const std::uint64_t count = count_for(std::chrono::milliseconds { 3 });
	const double counted = ms_since(start);
	const std::int64_t got = operations.wait(device);
	const double completed = ms_since(start);

	std::printf("%6.3f ms  io_submit returns\n", submitted);
	std::printf("%6.3f ms  meanwhile counted to %" PRIu64 "; now waits\n", counted, count);
	std::printf("%6.3f ms  the read completes: %" PRId64 " bytes\n", completed, got);
	return ldd::STATUS_OK;
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Start an asynchronous read of a device, do something else, and wait for it.",
		     "async-demo");
	std::string device = "/dev/scullp0";
	std::size_t bytes = 4096;

	app.add_option("--device", device, "the device to read")->capture_default_str();
	app.add_option("--bytes", bytes, "how many bytes")
		->check(CLI::Range(1, 1 << 30))
		->capture_default_str();
	app.footer("Exit status: 0 the read has completed, 1 it failed, 2 usage.");

	return ldd::run_main(app, argc, argv, [&] { return demonstrate(device, bytes); });
}
