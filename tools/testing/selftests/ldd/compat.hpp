/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls as 32-bit programs make them.
 */
#ifndef _LDD_COMPAT_HPP
#define _LDD_COMPAT_HPP

#include <sys/mman.h>

#include "file.hpp"
#include "result.hpp"
#include "task.hpp"

namespace ldd
{
/*
 * The way by which a 32-bit program calls the kernel. A 64-bit one may use it
 * too, as long as its pointers fit.
 */
inline long call32(long number, long a, long b, long c)
{
#ifdef __x86_64__
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(number), "b"(a), "c"(b), "d"(c)
		     : "memory", "r8", "r9", "r10", "r11");
	return int(ret);
#else
	return -ENOSYS;
#endif
}

/* Not every kernel has that way: a child finds out, and may die of it. */
inline bool have_call32()
{
	const long getpid32 = 20;
	Result<Child> child = Child::fork_to([=] { return call32(getpid32, 0, 0, 0) != getpid(); });

	if (!child.ok())
		return false;
	Result<int> status = std::move(child).value().wait();
	return status.ok() && status.value() == 0;
}

inline Result<int> ioctl32(const Fd &fd, unsigned long request, void *arg)
{
	const long ioctl32_number = 54;
	long ret = call32(ioctl32_number, fd.get(), request, reinterpret_cast<long>(arg));
	Call call = { "32-bit ioctl", fd.path(), long(request) };

	return ret < 0 ? Result<int>::failure(-ret, std::move(call)) : Result<int>(ret, call);
}

/* Memory that a pointer of 32 bits leads to; null where there is no such. It stays. */
inline char *memory32(size_t size)
{
#ifdef MAP_32BIT
	void *mem = mmap(nullptr, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return mem == MAP_FAILED ? nullptr : static_cast<char *>(mem);
#else
	return nullptr;
#endif
}

} /* namespace ldd */

#endif /* _LDD_COMPAT_HPP */
