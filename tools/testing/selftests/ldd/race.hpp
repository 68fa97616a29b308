/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One goes to sleep, the other wakes it, at the same time: over and over, from
 * the one being clearly first to the other being so, and all that is between.
 */
#ifndef _LDD_RACE_HPP
#define _LDD_RACE_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numbers>
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
		Budget budget(std::thread::hardware_concurrency() > 1 ? 3000 : 100, 100);

		for (long round = 1; budget.more(); round++) {
			Clock::time_point start = Clock::now();

			race.lead(round);
			bad += !wake();
			wait_until([&] { return race.done_ == round; });
			if (round <= measured)
				race.span_ = std::min(race.span_, Clock::now() - start);
		}
		race.round_ = over;
		return bad + sleeper.join();
	}

private:
	using Clock = std::chrono::steady_clock;

	static constexpr long over = -1;
	/* The quickest of the first rounds tells how long one takes undisturbed. */
	static constexpr long measured = 20;

	/*
	 * How much later than the sleeper the waker starts; may be negative. No two
	 * are the same, and most are short: the way to sleep is but a small part of
	 * a round.
	 */
	Clock::duration lag(long round) const
	{
		double x = std::fmod(round * std::numbers::phi, 2) - 1;

		if (round <= measured)
			return {};
		return std::chrono::duration_cast<Clock::duration>(span_ * x * x * x);
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
	Clock::duration span_ = std::chrono::seconds(1);
};

} /* namespace ldd */

#endif /* _LDD_RACE_HPP */
