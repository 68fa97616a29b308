/* SPDX-License-Identifier: GPL-2.0 */
/**
 * @file
 * What the demonstrations share: a second process, and an end to waiting.
 */
#ifndef LDD_TOOLS_PROCESS_HPP
#define LDD_TOOLS_PROCESS_HPP

#include <csignal>
#include <cstdio>
#include <cstring>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "common.hpp"

namespace ldd
{

/**
 * Start a process that runs @p body, ends with it, and never outlives this one.
 * @param program the program's name, for the error that @p body may throw
 * @param who what the process is called there
 * @return its process id
 */
template <typename Body> pid_t start_process(const char *program, const char *who, Body body)
{
	pid_t parent = getpid();
	pid_t pid = check(fork(), "fork", who);

	if (pid)
		return pid;
	/* An exception must not run on into the parent's code. */
	try {
		check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl", "PR_SET_PDEATHSIG");
		if (getppid() == parent)
			body();
		_exit(STATUS_OK);
	} catch (const std::exception &e) {
		dprintf(STDERR_FILENO, "%s: %s: %s\n", program, who, e.what());
		_exit(STATUS_FAILED);
	}
}

/**
 * Wait for a process of start_process().
 * @return the exit status for this one
 */
inline int join_process(pid_t pid, const char *who)
{
	int status;

	check(waitpid(pid, &status, 0), "waitpid", who);
	return status ? STATUS_FAILED : STATUS_OK;
}

/**
 * End the program after @p seconds: a device that never wakes its user must not
 * hang the script that asks.
 * @param text the whole line to say then; must live on
 */
inline void give_up_after(unsigned int seconds, const char *text)
{
	static const char *last_word;

	last_word = text;
	std::signal(SIGALRM, [](int) {
		ssize_t ignored = write(STDERR_FILENO, last_word, std::strlen(last_word));

		static_cast<void>(ignored);
		_exit(STATUS_FAILED);
	});
	alarm(seconds);
}

} // namespace ldd

#endif /* LDD_TOOLS_PROCESS_HPP */
