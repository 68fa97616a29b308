/* SPDX-License-Identifier: GPL-2.0 */
/**
 * @file
 * What the programs in this directory share: errors that name the call and the
 * file, descriptors that close themselves, and the frame of a main().
 */
#ifndef LDD_TOOLS_COMMON_HPP
#define LDD_TOOLS_COMMON_HPP

#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

namespace ldd
{

/** Exit status of a program. */
enum Status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

/**
 * Check the result of a system call.
 * @param ret what the call returned; negative is failure, described by errno
 * @param call name of the call
 * @param file what it was applied to
 * @return @p ret
 * @throw std::system_error that reads "CALL FILE: REASON"
 */
template <typename T> T check(T ret, const char *call, const std::string &file)
{
	if (ret < 0)
		throw std::system_error(errno, std::generic_category(),
					std::string(call) + " " + file);
	return ret;
}

/** A file descriptor that is closed once. */
class Fd {
public:
	/** Take over @p fd; -1 stands for none. */
	explicit Fd(int fd = -1) noexcept : fd_(fd) {}
	Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	Fd &operator=(Fd &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~Fd()
	{
		if (fd_ >= 0)
			::close(fd_);
	}

	/** The descriptor, still owned by this object. */
	int get() const noexcept { return fd_; }

private:
	int fd_;
};

/**
 * Open a file.
 * @throw std::system_error that names @p path
 */
inline Fd open_file(const std::string &path, int flags)
{
	return Fd(check(::open(path.c_str(), flags | O_CLOEXEC), "open", path));
}

/**
 * Parse the command line, run the program, and turn errors into one line and
 * an exit status.
 * @param app the description of the command line
 * @param body the program; what it returns is the exit status
 * @param failed the exit status if it throws
 */
template <typename Body>
int run_main(CLI::App &app, int argc, char **argv, Body body, int failed = STATUS_FAILED)
{
	try {
		app.parse(argc, argv);
	} catch (const CLI::ParseError &e) {
		/* --help comes here too, and is no error. */
		return app.exit(e) ? STATUS_USAGE : STATUS_OK;
	}
	try {
		return body();
	} catch (const std::exception &e) {
		std::fflush(stdout);
		std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), e.what());
		return failed;
	}
}

} // namespace ldd

#endif /* LDD_TOOLS_COMMON_HPP */
