/* SPDX-License-Identifier: GPL-2.0 */
/**
 * @file
 * How the benchmark measures, and where a case writes what it measured.
 *
 * A case is a function in one of the *_cases.cpp files. It measures one or more
 * cells and hands each to report(); bench.cpp has the list of all cases. What the
 * cells mean, which one is compared with which, and the goals, is bench/report's.
 */
#ifndef LDD_BENCH_HPP
#define LDD_BENCH_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "common.hpp"

namespace bench {

/** One measured figure: the best of some repetitions, and how far they differ. */
struct Sample {
	double ns;	/* per operation; instructions, in the counting guest */
	double spread;	/* (median - best) / best */
};

/** Nanoseconds of a clock that only goes forward. */
inline std::int64_t now_ns()
{
	timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * std::int64_t{ 1000000000 } + ts.tv_nsec;
}

/** How often an operation is timed together, and how often that is repeated. */
struct Plan {
	unsigned int batch;
	unsigned int repeats = 9;

	/** All calls of the operation that measure() makes, warm-up included. */
	unsigned int total() const { return batch * (repeats + 1); }
};

/** The least and the median of @p batch_ns, for one of @p batch operations. */
inline Sample summarise(std::vector<double> batch_ns, double batch)
{
	std::sort(batch_ns.begin(), batch_ns.end());
	double best = batch_ns.front();

	return { best / batch, (batch_ns[batch_ns.size() / 2] - best) / best };
}

/**
 * Time an operation.
 *
 * The first batch only warms up. The least of the rest is the answer: whatever
 * disturbs a batch (a timer tick, a reclaimed page) makes it longer, never shorter.
 */
template <typename Operation>
Sample measure(const Plan &plan, Operation operation)
{
	std::vector<double> batch_ns;

	for (unsigned int r = 0; r <= plan.repeats; r++) {
		std::int64_t start = now_ns();

		for (unsigned int i = 0; i < plan.batch; i++)
			operation();
		if (r)
			batch_ns.push_back(now_ns() - start);
	}
	return summarise(std::move(batch_ns), plan.batch);
}

/**
 * Write one cell of the result.
 * @param row what is measured, such as "pipe"
 * @param column what is done with it, such as "write+read 64"
 */
void report(const std::string &row, const std::string &column, const Sample &sample);

/** Two ends of something that carries bytes. */
struct Channel {
	ldd::Fd rd;
	ldd::Fd wr;
};

/** One that bytes are sent through, and how to make one that is empty. */
struct Carrier {
	const char *name;
	/** @p index tells apart those that exist once in the system. */
	std::function<Channel(unsigned int index, std::uint32_t capacity)> open;
};

Channel open_pipe(unsigned int index, std::uint32_t capacity);
Channel open_unix(unsigned int index, std::uint32_t capacity);
Channel open_gfifo(unsigned int index, std::uint32_t capacity);

/** Write exactly @p n bytes, in as many calls as it takes. */
void write_all(const ldd::Fd &fd, const char *buf, std::size_t n);

/** Read exactly @p n bytes, in as many calls as it takes. */
void read_all(const ldd::Fd &fd, char *buf, std::size_t n);

/** Run @p body in a child that dies with us. @return its process id. */
pid_t start_child(const std::function<void()> &body);

/** Wait for a child and insist on its success. */
void finish_child(pid_t pid);

/**
 * Make the calling thread a real-time one. On one CPU no thread then ever
 * interrupts another of the same priority: they alternate when they sleep.
 */
void set_realtime(int priority);

/** How often this process has gone to sleep. */
long sleeps_so_far();

/* The cases. */
void transfer_cases();
void ping_pong_cases();
void round_trip_cases();
void wake_one_cases();
void streaming_cases();
void copy_cases();
void direct_cases();
void async_cases();
void fault_cases();
void map_cases();

} // namespace bench

#endif /* LDD_BENCH_HPP */
