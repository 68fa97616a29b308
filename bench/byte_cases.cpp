// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * Bytes through a pipe, a socket and a gfifo: alone, between two processes on one
 * CPU, and on two CPUs.
 */
#include "bench.hpp"

namespace bench {

namespace {

constexpr std::uint32_t KiB = 1024;

const std::array<Carrier, 3> carriers = { {
	{ "pipe", open_pipe },
	{ "AF_UNIX", open_unix },
	{ "gfifo", open_gfifo },
} };

/*
 * A power of two, so that the total of bytes is a multiple of the size of a FIFO
 * and each size of transfer starts at the same place in the ring.
 */
Plan transfer_plan(std::size_t n)
{
	return { .batch = n <= 4096 ? 4096U : 512U };
}

void transfer(const Carrier &carrier, std::size_t n, std::uint32_t capacity,
	      const std::string &column)
{
	Channel c = carrier.open(0, capacity);
	std::vector<char> buf(n);

	report(carrier.name, column, measure(transfer_plan(n), [&] {
		write_all(c.wr, buf.data(), n);
		read_all(c.rd, buf.data(), n);
	}));
}

/* What the two system calls and the copying cost, without anything in between. */
void transfer_floor(std::size_t n, const std::string &column)
{
	Channel c = { ldd::open_file("/dev/zero", O_RDONLY),
		      ldd::open_file("/dev/null", O_WRONLY) };
	std::vector<char> buf(n);

	report("floor", column, measure(transfer_plan(n), [&] {
		write_all(c.wr, buf.data(), n);
		read_all(c.rd, buf.data(), n);
	}));
}

/* A transfer that begins in the middle of the ring takes two copies. */
void transfer_across_the_wrap(std::size_t n)
{
	Channel c = open_gfifo(0, n);
	std::vector<char> buf(n);

	write_all(c.wr, buf.data(), n / 2);
	read_all(c.rd, buf.data(), n / 2);
	report("gfifo", "wrapped " + std::to_string(n), measure(transfer_plan(n), [&] {
		write_all(c.wr, buf.data(), n);
		read_all(c.rd, buf.data(), n);
	}));
	write_all(c.wr, buf.data(), n / 2);
	read_all(c.rd, buf.data(), n / 2);
}

void bounce(const Carrier &carrier)
{
	constexpr Plan plan = { .batch = 2000 };
	Channel there = carrier.open(0, 0);
	Channel back = carrier.open(1, 0);
	std::array<char, 8> buf = {};

	pid_t child = start_child([&] {
		for (unsigned int i = 0; i < plan.total(); i++) {
			read_all(there.rd, buf.data(), buf.size());
			write_all(back.wr, buf.data(), buf.size());
		}
	});
	report(carrier.name, "ping-pong 8", measure(plan, [&] {
		write_all(there.wr, buf.data(), buf.size());
		read_all(back.rd, buf.data(), buf.size());
	}));
	finish_child(child);
}

/* Nanoseconds for @p total bytes from one process to another. */
double stream(const Carrier &carrier, std::size_t chunk, std::size_t total)
{
	Channel c = carrier.open(0, 64 * KiB);
	std::vector<char> buf(chunk);

	pid_t child = start_child([&] {
		for (std::size_t done = 0; done < total; done += chunk)
			write_all(c.wr, buf.data(), chunk);
	});
	/* The time starts with the first byte, or fork would count. */
	read_all(c.rd, buf.data(), chunk);
	std::int64_t start = now_ns();
	for (std::size_t done = chunk; done < total; done += chunk)
		read_all(c.rd, buf.data(), chunk);
	std::int64_t end = now_ns();
	finish_child(child);
	return end - start;
}

} // namespace

void transfer_cases()
{
	for (std::size_t n : { 1U, 64U, KiB, 4 * KiB, 16 * KiB, 64 * KiB }) {
		std::string column = "write+read " + std::to_string(n);

		for (const Carrier &carrier : carriers)
			transfer(carrier, n, n > 4 * KiB ? 64 * KiB : 0, column);
		transfer_floor(n, column);
	}
	transfer(carriers[2], 64, 1024 * KiB, "write+read 64, 1 MiB FIFO");
	transfer_across_the_wrap(4 * KiB);
}

void ping_pong_cases()
{
	for (const Carrier &carrier : carriers)
		bounce(carrier);
}

/*
 * Wall time, so the contenders take turns: what disturbs one disturbs them all. The
 * least of many is compared, since the machine's other work only ever adds to it.
 */
void streaming_cases()
{
	constexpr unsigned int turns = 25;
	constexpr std::size_t total = 16 * 1024 * KiB;

	for (std::size_t chunk : { 4 * KiB, 16 * KiB, 64 * KiB }) {
		std::array<std::vector<double>, carriers.size()> times;

		for (unsigned int turn = 0; turn < turns; turn++)
			for (std::size_t i = 0; i < carriers.size(); i++)
				times[i].push_back(stream(carriers[i], chunk, total));
		double pipe = summarise(times[0], 1).ns;
		for (std::size_t i = 0; i < carriers.size(); i++)
			report(carriers[i].name, "streaming " + std::to_string(chunk),
			       summarise(times[i], pipe));
	}
}

} // namespace bench
