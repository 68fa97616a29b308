// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * What it costs to wake somebody: sleepy against eventfd, and one sleeper out
 * of many.
 */
#include "bench.hpp"

#include <thread>

#include <sys/eventfd.h>

using ldd::check;
using ldd::Fd;

namespace bench {

namespace {

/* A round trip in which nobody slept would measure something else. */
void insist_on_sleeps(long before, unsigned int trips, const char *what)
{
	if (sleeps_so_far() - before < static_cast<long>(trips))
		throw std::runtime_error(std::string(what) + ": a read did not sleep");
}

void give(const Fd &fd)
{
	std::uint64_t one = 1;

	check(write(fd.get(), &one, sizeof(one)), "write", "the wake-up");
}

void take(const Fd &fd)
{
	std::uint64_t value;

	check(read(fd.get(), &value, sizeof(value)), "read", "the wake-up");
}

/*
 * Two processes that wake each other in turn: the child wakes through @p there
 * and is woken through @p back. Both are real-time at one priority: the one that
 * writes goes on to its read and sleeps there before the one it woke runs. So with
 * sleepy, where both may be the same device, a write always finds just the other
 * one asleep.
 */
void round_trip(const char *name, const Fd &there, const Fd &back)
{
	constexpr Plan plan = { .batch = 2000 };

	pid_t child = start_child([&] {
		long before = sleeps_so_far();

		for (unsigned int i = 0; i < plan.total(); i++) {
			take(there);
			give(back);
		}
		insist_on_sleeps(before, plan.total() - 1, name);
	});
	long before = sleeps_so_far();
	/* Let the child run up to its first read. */
	sched_yield();
	report(name, "round trip", measure(plan, [&] {
		give(there);
		take(back);
	}));
	insist_on_sleeps(before, plan.total(), name);
	finish_child(child);
}

/* Something that many can sleep on and one is woken of. */
struct Bed {
	const char *name;
	std::function<Channel()> open;
};

/*
 * The sleepers have a higher priority than the one that wakes: the one chosen
 * runs at once, up to its next read, within the write that is timed.
 */
void wake_one_of(const Bed &bed, unsigned int sleepers)
{
	Channel c = bed.open();
	char byte = 0;

	set_realtime(2);
	for (unsigned int i = 0; i < sleepers; i++)
		std::thread([fd = c.rd.get()] {
			char got;

			while (read(fd, &got, 1) >= 0)
				;
			std::_Exit(ldd::STATUS_FAILED);
		}).detach();
	/* Each thread inherited priority 2 and now runs until it sleeps. */
	set_realtime(1);
	report(bed.name, "wake one of " + std::to_string(sleepers),
	       measure({ .batch = 2000 }, [&] {
		check(write(c.wr.get(), &byte, 1), "write", bed.name);
	}));
	/* Before the write end is closed: a read at the end of a pipe never sleeps. */
	std::_Exit(ldd::STATUS_OK);
}

Channel open_sleepy()
{
	return { ldd::open_file("/dev/sleepy", O_RDONLY),
		 ldd::open_file("/dev/sleepy", O_WRONLY) };
}

Fd open_eventfd()
{
	return Fd(check(eventfd(0, EFD_CLOEXEC), "eventfd", "an eventfd"));
}

} // namespace

void round_trip_cases()
{
	/* In a child, for the priority is not to stay. */
	finish_child(start_child([] {
		set_realtime(1);
		Fd there = open_eventfd(), back = open_eventfd();
		round_trip("eventfd", there, back);
		Fd sleepy = ldd::open_file("/dev/sleepy", O_RDWR);
		round_trip("sleepy", sleepy, sleepy);
	}));
}

void wake_one_cases()
{
	const std::array<Bed, 3> beds = { {
		{ "pipe", [] { return open_pipe(0, 0); } },
		{ "gfifo", [] { return open_gfifo(0, 0); } },
		{ "sleepy", open_sleepy },
	} };

	/* The sleepers end with the process that they are threads of. */
	for (const Bed &bed : beds)
		for (unsigned int sleepers : { 1, 10, 100 })
			finish_child(start_child([&] { wake_one_of(bed, sleepers); }));
}

} // namespace bench
