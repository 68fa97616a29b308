// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * async_stdin - print each line that SIGIO announces on standard input
 *
 * Works on whatever sends SIGIO: a terminal, a pipe, a socket, /dev/gfifo. A
 * file that never has to wait, and so never signals, is read to its end.
 */
#include <array>
#include <csignal>

#include <signal.h>

#include "common.hpp"

using ldd::check;

namespace
{

/*
 * Non-blocking and signalling standard input, for as long as this object lives.
 * The flags belong to the open file, which a shell shares with us: they have to
 * be put back.
 */
class AsyncInput {
public:
	AsyncInput() : flags_(check(fcntl(STDIN_FILENO, F_GETFL), "fcntl F_GETFL", "stdin"))
	{
		owner_ = fcntl(STDIN_FILENO, F_GETOWN);
		check(fcntl(STDIN_FILENO, F_SETOWN, getpid()), "fcntl F_SETOWN", "stdin");
		check(fcntl(STDIN_FILENO, F_SETFL, flags_ | O_NONBLOCK | O_ASYNC), "fcntl F_SETFL",
		      "stdin");
	}
	AsyncInput(const AsyncInput &) = delete;
	AsyncInput &operator=(const AsyncInput &) = delete;
	~AsyncInput()
	{
		fcntl(STDIN_FILENO, F_SETFL, flags_);
		fcntl(STDIN_FILENO, F_SETOWN, owner_);
	}

private:
	int flags_;
	int owner_;
};

void print(std::string_view text)
{
	while (!text.empty())
		text.remove_prefix(
			check(write(STDOUT_FILENO, text.data(), text.size()), "write", "stdout"));
}

/* Print the complete lines in @pending and keep the rest. */
void print_lines(std::string &pending)
{
	size_t end = pending.rfind('\n');

	if (end == pending.npos)
		return;
	print(std::string_view(pending).substr(0, end + 1));
	pending.erase(0, end + 1);
}

/*
 * Read until there is nothing for now. One signal may stand for many arrivals,
 * so stopping earlier would leave bytes behind that nothing announces again.
 * Returns false at the end of the file.
 */
bool drain(std::string &pending)
{
	std::array<char, 4096> buf;
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf.data(), buf.size())) > 0) {
		pending.append(buf.data(), n);
		print_lines(pending);
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		check(n, "read", "stdin");
	return n < 0;
}

sigset_t awaited()
{
	sigset_t set;

	sigemptyset(&set);
	for (int sig : { SIGIO, SIGHUP, SIGINT, SIGTERM })
		sigaddset(&set, sig);
	return set;
}

/* Returns the signal that ended it, or 0 at the end of the file. */
int follow_stdin()
{
	/*
	 * Blocked from before SIGIO is asked for: what arrives between a drain
	 * and the next wait is pending then, and not lost.
	 */
	sigset_t set = awaited();
	check(sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask", "SIGIO");
	AsyncInput input;
	std::string pending;

	while (drain(pending)) {
		int sig = sigwaitinfo(&set, nullptr);

		if (sig != SIGIO && sig > 0)
			return sig;
	}
	print(pending);
	return 0;
}

/* Die of @sig after all, so that whoever waits for us sees why. */
int die_of(int sig)
{
	sigset_t set = awaited();

	std::signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, nullptr);
	return ldd::STATUS_FAILED;
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Print each line that SIGIO announces on standard input, until its end.",
		     "async_stdin");

	app.footer("Exit status: 0 end of file, 1 an error, 2 usage. /dev/gfifo has no end:\n"
		   "there it runs until a signal ends it.");
	return ldd::run_main(app, argc, argv, [] {
		int sig = follow_stdin();

		return sig ? die_of(sig) : static_cast<int>(ldd::STATUS_OK);
	});
}
