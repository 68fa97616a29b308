/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes to transfer: patterns, memory that faults, and other files and pipes to
 * take them from and to put them into.
 */
#ifndef _LDD_BYTES_HPP
#define _LDD_BYTES_HPP

#include <string>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "file.hpp"
#include "result.hpp"

namespace ldd
{
/* Bytes in which a position can be told from its neighbours. */
inline std::string pattern(size_t count, size_t from = 0)
{
	std::string bytes(count, '\0');

	for (size_t i = 0; i < count; i++)
		bytes[i] = static_cast<char>((from + i) * 31 + ((from + i) >> 8));
	return bytes;
}

/* Two pages of memory with one behind them that faults. They stay mapped. */
inline char *end_of_memory()
{
	const size_t page = sysconf(_SC_PAGESIZE);
	void *mem =
		mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = static_cast<char *>(mem) + 2 * page;

	mprotect(end, page, PROT_NONE);
	return end;
}

/* @text, right before the memory that faults. */
inline char *put_at_end(const std::string &text)
{
	char *at = end_of_memory() - text.size();

	text.copy(at, text.size());
	return at;
}

inline Result<Fd> memory_file(const std::string &content)
{
	int fd = memfd_create("selftest", MFD_CLOEXEC);
	Call call = { "memfd_create", "selftest" };

	if (fd < 0)
		return Result<Fd>::failure(errno, std::move(call));
	Fd file(fd, "memfd");
	Result<ssize_t> written = file.write(content);
	if (!written.ok() || lseek(fd, 0, SEEK_SET))
		return Result<Fd>::failure(EIO, std::move(call));
	return Result<Fd>(std::move(file), std::move(call));
}

inline Result<ssize_t> splice_bytes(const Fd &from, const Fd &to, size_t count,
				    unsigned int flags = 0)
{
	return result_of(splice(from.get(), nullptr, to.get(), nullptr, count, flags),
			 { "splice", from.path() + " to " + to.path(), long(count) });
}

inline Result<ssize_t> send_file(const Fd &from, const Fd &to, size_t count)
{
	return result_of(sendfile(to.get(), from.get(), nullptr, count),
			 { "sendfile", from.path() + " to " + to.path(), long(count) });
}

/* What one read of up to @count bytes gives; nothing after an error. */
inline std::string take(const Fd &fd, size_t count)
{
	std::string bytes(count, '\0');
	Result<ssize_t> got = fd.read(bytes.data(), count);

	bytes.resize(got.ok() ? got.value() : 0);
	return bytes;
}

/* The same from @offset on, which is not where the file is read next. */
inline std::string take_at(const Fd &fd, size_t count, off_t offset)
{
	std::string bytes(count, '\0');
	Result<ssize_t> got = fd.pread(bytes.data(), count, offset);

	bytes.resize(got.ok() ? got.value() : 0);
	return bytes;
}

/*
 * Let the kernel read the byte at @mem. Where there is none that is EFAULT, and no
 * signal.
 */
inline Result<ssize_t> touch(const volatile void *mem)
{
	Result<Pipe> pipe = Pipe::make();

	if (!pipe.ok())
		return Result<ssize_t>::failure(pipe.error(), { "pipe", "" });
	return pipe.value().wr.write(const_cast<const void *>(mem), 1);
}

} /* namespace ldd */

#endif /* _LDD_BYTES_HPP */
