/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that lets whoever touches it wait, in the kernel too, until it is told
 * to let them go on: what a call looks like from outside when it is half done.
 */
#ifndef _LDD_USERFAULT_HPP
#define _LDD_USERFAULT_HPP

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.hpp"

namespace ldd
{
class Userfault {
public:
	/* Where there is none, error() tells why. The memory stays mapped. */
	Userfault()
		: fd_(syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd"),
		  page_(sysconf(_SC_PAGESIZE))
	{
		uffdio_api api = { .api = UFFD_API };
		uffdio_register reg = {};
		void *mem = mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		end_ = static_cast<char *>(mem) + page_;
		reg.range = { reinterpret_cast<__u64>(end_), page_ };
		reg.mode = UFFDIO_REGISTER_MODE_MISSING;
		if (fd_.get() < 0 || mem == MAP_FAILED || ioctl(fd_.get(), UFFDIO_API, &api) ||
		    ioctl(fd_.get(), UFFDIO_REGISTER, &reg))
			error_ = errno;
	}

	int error() const { return error_; }

	/* A page each: before it there is plain memory, from it on one waits. */
	char *edge() const { return end_; }
	size_t page() const { return page_; }

	/* Until somebody waits. */
	Result<ssize_t> wait() const
	{
		uffd_msg msg;

		return fd_.read(&msg, sizeof(msg));
	}

	/* Put @text where they wait, and let them go on. */
	Result<int> resolve(const std::string &text) const
	{
		std::string bytes = text;

		bytes.resize(page_);
		uffdio_copy copy = {
			.dst = reinterpret_cast<__u64>(end_),
			.src = reinterpret_cast<__u64>(bytes.data()),
			.len = page_,
		};
		return fd_.ioctl(UFFDIO_COPY, &copy);
	}

private:
	Fd fd_;
	size_t page_;
	char *end_;
	int error_ = 0;
};

} /* namespace ldd */

#define USERFAULT_OR_SKIP(fault) \
	Userfault fault;         \
	if (fault.error())       \
	SKIP(return, "userfaultfd: %s", strerror(fault.error()))

#endif /* _LDD_USERFAULT_HPP */
