/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One goes to sleep, the other wakes it, at the same time: over and over, from
 * the one being clearly first to the other being so, and all that is between.
 */
#ifndef _LDD_RACE_HPP
#define _LDD_RACE_HPP

#include <atomic>
#include <chrono>
#include <sched.h>
#include <thread>

#include "task.hpp"

namespace ldd
{
class Race {
public:
	/*
	 * @sleep waits until it is woken, @wake wakes it; both return whether all
	 * went well. Returns how often it did not. A wake-up that gets lost makes
	 * it wait for ever.
	 */
	template <typename Sleep, typename Wake> static long run(Sleep sleep, Wake wake)
	{
		Race race;
		long bad = 0;
		Task sleeper([&] {
			long bad = 0;

			for (long round = 1; race.follow(round); round++) {
				bad += !sleep();
				race.done_ = round;
			}
			return bad;
		});
		/* Without a second processor there is little to meet. */
		Budget budget(std::thread::hardware_concurrency() > 1 ? 1000 : 100, 100);

		for (long round = 1; budget.more(); round++) {
			Clock::time_point start = Clock::now();

			race.lead(round);
			bad += !wake();
			wait_until([&] { return race.done_ == round; });
			if (round <= measured)
				race.span_ += (Clock::now() - start) / measured;
		}
		race.round_ = over;
		return bad + sleeper.join();
	}

private:
	using Clock = std::chrono::steady_clock;

	static constexpr long over = -1;
	/* The first rounds tell how long one takes: the others are spread over that. */
	static constexpr long measured = 20;
	static constexpr long steps = 32;

	/* How much later than the sleeper the waker starts; may be negative. */
	Clock::duration lag(long round) const
	{
		if (round <= measured)
			return {};
		return span_ * (round % (2 * steps + 1) - steps) / steps;
	}

	static void delay(Clock::duration time)
	{
		Clock::time_point end = Clock::now() + time;

		while (Clock::now() < end)
			;
	}

	void lead(long round)
	{
		Clock::duration late = lag(round);

		round_ = round;
		delay(late);
	}

	bool follow(long round)
	{
		/* At first without a system call, which may take longer than a step. */
		for (int i = 0; i < 10000 && round_ != round && round_ != over; i++)
			;
		wait_until([&] { return round_ == round || round_ == over; });
		if (round_ == over)
			return false;
		delay(-lag(round));
		return true;
	}

	std::atomic<long> round_ = 0, done_ = 0;
	Clock::duration span_ = {};
};

} /* namespace ldd */

#endif /* _LDD_RACE_HPP */
