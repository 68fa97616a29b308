/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that the kernel injects: of all the memory that a system call allocates,
 * and all it copies from and to user space, the first, the second, ... fails.
 * See Documentation/fault-injection/fault-injection.rst.
 */
#ifndef _LDD_FAULTS_HPP
#define _LDD_FAULTS_HPP

#include <cstdlib>
#include <string>
#include <unistd.h>

#include "file.hpp"
#include "result.hpp"

namespace ldd
{
class Faults {
public:
	/*
	 * Why there are none, or nothing. What is changed is how the kernel treats
	 * those who ask for a fault: all their memory may fail, and it says no word.
	 */
	static const char *why_not()
	{
		const std::string debugfs = "/sys/kernel/debug/";

		if (geteuid())
			return "needs root";
		if (!exists("/proc/self/fail-nth") ||
		    !write_text(debugfs + "failslab/ignore-gfp-wait", "N").ok() ||
		    !write_text(debugfs + "fail_page_alloc/ignore-gfp-wait", "N").ok())
			return "the kernel injects no faults: CONFIG_FAILSLAB, "
			       "CONFIG_FAIL_PAGE_ALLOC";
		static_cast<void>(write_text(debugfs + "fail_page_alloc/ignore-gfp-highmem", "N"));
		static_cast<void>(write_text(debugfs + "fail_page_alloc/min-order", "0"));
		for (const char *what : { "failslab", "fail_page_alloc", "fail_usercopy" })
			static_cast<void>(write_text(debugfs + what + "/verbose", "0"));
		return nullptr;
	}

	Faults() : file_(::open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC), "fail-nth") {}

	/* On to the next place, as long as the last round had one. */
	bool next() { return !nth_++ || hit_; }

	/* Did the last call meet its fault? */
	bool hit() const { return hit_; }

	/*
	 * Do @call, which is like a system call: -1, and errno. It should ask for no
	 * memory of the process's own, or that may be what fails.
	 */
	template <typename F> Result<long> during(const char *name, F call)
	{
		long ret;
		int error;

		set(nth_);
		ret = call();
		error = errno;
		hit_ = left() == 0;
		set(0);
		if (ret == -1)
			return Result<long>::failure(error, { name, "with fault", nth_ });
		return Result<long>(ret, { name, "with fault", nth_ });
	}

private:
	/* That may meet the fault itself; then it is over. */
	void set(long nth) const
	{
		char text[16];
		int len = snprintf(text, sizeof(text), "%ld", nth);

		while (::pwrite(file_.get(), text, len, 0) < 0 && errno == EFAULT)
			;
	}

	/* How many places are still to come before the fault. */
	long left() const
	{
		char text[16] = {};

		return ::pread(file_.get(), text, sizeof(text) - 1, 0) > 0 ? atol(text) : 1;
	}

	Fd file_;
	long nth_ = 0;
	bool hit_ = false;
};

/* What a call may come to when it gets no memory, or cannot copy. */
inline bool is_fault(int error)
{
	return error == ENOMEM || error == EFAULT || error == EAGAIN;
}

} /* namespace ldd */

#endif /* _LDD_FAULTS_HPP */
