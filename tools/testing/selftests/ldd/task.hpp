/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Others who do something at the same time: threads, child processes, signals,
 * and how to know how far they are without ever sleeping for it.
 */
#ifndef _LDD_TASK_HPP
#define _LDD_TASK_HPP

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "file.hpp"
#include "result.hpp"

namespace ldd
{
/* Runs on the way out of a scope, but not on that of a failed ASSERT_*. */
template <typename F> class Cleanup {
public:
	explicit Cleanup(F f) : f_(std::move(f)) {}
	Cleanup(const Cleanup &) = delete;
	Cleanup &operator=(const Cleanup &) = delete;
	~Cleanup() { f_(); }

private:
	F f_;
};

/*
 * @done comes true by what another task or the kernel does. The timeout of the
 * harness ends a test in which it never does.
 */
template <typename F> void wait_until(F done)
{
	while (!done())
		sched_yield();
}

/* How long to repeat something: a time, but a number of rounds at least. */
class Budget {
public:
	Budget(int milliseconds, int rounds)
		: end_(Clock::now() + std::chrono::milliseconds(milliseconds)), rounds_(rounds)
	{}

	bool more() { return rounds_-- > 0 || Clock::now() < end_; }

private:
	using Clock = std::chrono::steady_clock;

	Clock::time_point end_;
	int rounds_;
};

class Stopwatch {
public:
	long long milliseconds() const
	{
		return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_)
			.count();
	}

private:
	using Clock = std::chrono::steady_clock;

	Clock::time_point start_ = Clock::now();
};

/* Lines of /proc/self/task/TID/status, the state as in "S (sleeping)". */
inline char state_of(pid_t tid)
{
	std::string path = "/proc/self/task/" + std::to_string(tid) + "/status";
	std::string text = read_text(path);
	size_t at = text.find("State:\t");

	return at == std::string::npos ? 'X' : text[at + 7];
}

/* How often @tid gave up the processor, which is what one does to sleep. */
inline long long sleeps_of(pid_t tid)
{
	std::string path = "/proc/self/task/" + std::to_string(tid) + "/status";

	return field_of(path, "voluntary_ctxt_switches");
}

/* A thread that computes a value. It is joined, sooner or later. */
template <typename T> class Task {
public:
	template <typename F>
	explicit Task(F body)
		: shared_(std::make_unique<Shared>()),
		  thread_([shared = shared_.get(), body = std::move(body)]() mutable {
			  struct rusage usage;

			  getrusage(RUSAGE_THREAD, &usage);
			  shared->sleeps = usage.ru_nvcsw;
			  shared->tid = gettid();
			  shared->tid.notify_all();
			  shared->value.emplace(body());
			  shared->done = true;
		  })
	{
		shared_->tid.wait(0);
	}
	Task(Task &&) noexcept = default;
	Task &operator=(Task &&) noexcept = default;
	~Task()
	{
		if (thread_.joinable())
			thread_.join();
	}

	pid_t tid() const { return shared_->tid; }
	bool done() const { return shared_->done; }

	T join()
	{
		thread_.join();
		return std::move(*shared_->value);
	}

	void signal(int sig) const { syscall(SYS_tgkill, getpid(), tid(), sig); }

	/*
	 * Has slept once, and not been woken since? That is so in a call that
	 * sleeps only on a wait queue: for whoever was woken, even if in vain,
	 * the state is not 'S' until it has slept a second time. One who has
	 * returned may sleep again, elsewhere, but only after it has said so.
	 */
	bool slept_once() const
	{
		return state_of(tid()) == 'S' && sleeps_of(tid()) == shared_->sleeps + 1 && !done();
	}

	/* Not asleep, or not in what it was to do. */
	bool woken() const { return state_of(tid()) != 'S' || done(); }

private:
	struct Shared {
		std::atomic<pid_t> tid = 0;
		std::atomic<bool> done = false;
		std::atomic<long> sleeps = 0;
		std::optional<T> value;
	};

	std::unique_ptr<Shared> shared_;
	std::thread thread_;
};

template <typename F> Task(F) -> Task<std::invoke_result_t<F>>;

/* A child process; what is left of it is killed and reaped. */
class Child {
public:
	template <typename F> static Result<Child> fork_to(F body)
	{
		pid_t pid = fork();

		if (pid < 0)
			return Result<Child>::failure(errno, { "fork", "" });
		if (!pid) {
			/* Not even a failed ASSERT_* leaves one behind. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(body());
		}
		return Result<Child>(Child(pid), { "fork", "" });
	}

	Child() = default;
	Child(Child &&other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
	Child &operator=(Child &&other) noexcept
	{
		std::swap(pid_, other.pid_);
		return *this;
	}
	~Child()
	{
		if (pid_ > 0) {
			kill(SIGKILL);
			static_cast<void>(wait());
		}
	}

	pid_t pid() const { return pid_; }
	void kill(int sig) const { ::kill(pid_, sig); }

	/* The exit code, or 128 and the number of the signal that ended it. */
	Result<int> wait()
	{
		int status;
		Call call = { "waitpid", std::to_string(pid_) };

		if (waitpid(std::exchange(pid_, -1), &status, 0) < 0)
			return Result<int>::failure(errno, std::move(call));
		return Result<int>(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
				   std::move(call));
	}

private:
	explicit Child(pid_t pid) : pid_(pid) {}

	pid_t pid_ = -1;
};

/* Memory that child processes share. It stays mapped. */
template <typename T> T *shared_memory()
{
	void *mem =
		mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return new (mem) T();
}

/* Signals that were handled, by install_counter(). */
inline std::atomic<int> handled_signals;

/* @flags: SA_RESTART or nothing. */
inline void install_counter(int sig, int flags)
{
	struct sigaction action = {};

	action.sa_handler = [](int) { handled_signals++; };
	action.sa_flags = flags;
	sigaction(sig, &action, nullptr);
	handled_signals = 0;
}

/* Keep @sig for take_signal(). Threads that are made later do the same. */
inline void block_signal(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, nullptr);
}

/* Take one pending @sig. None: EAGAIN. The call that sends it queues it. */
inline Result<siginfo_t> take_signal(int sig)
{
	siginfo_t info = {};
	timespec at_once = {};
	sigset_t set;
	Call call = { "sigtimedwait", strsignal(sig) };

	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sigtimedwait(&set, &info, &at_once) < 0)
		return Result<siginfo_t>::failure(errno, std::move(call));
	return Result<siginfo_t>(info, std::move(call));
}

} /* namespace ldd */

#endif /* _LDD_TASK_HPP */
