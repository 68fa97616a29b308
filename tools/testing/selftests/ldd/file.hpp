/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files: a descriptor that closes itself, and small text files such as those of
 * /proc, /sys and debugfs.
 */
#ifndef _LDD_FILE_HPP
#define _LDD_FILE_HPP

#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "result.hpp"

namespace ldd
{
class Fd {
public:
	Fd() = default;
	Fd(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
	Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_))
	{}
	Fd &operator=(Fd &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		std::swap(path_, other.path_);
		return *this;
	}
	~Fd() { reset(); }

	int get() const { return fd_; }
	const std::string &path() const { return path_; }

	void reset()
	{
		if (fd_ >= 0)
			close(std::exchange(fd_, -1));
	}

	Result<ssize_t> read(void *buf, size_t count) const
	{
		return result_of(::read(fd_, buf, count), call("read", count));
	}

	Result<ssize_t> write(const void *buf, size_t count) const
	{
		return result_of(::write(fd_, buf, count), call("write", count));
	}

	Result<ssize_t> write(std::string_view text) const
	{
		return write(text.data(), text.size());
	}

	Result<ssize_t> pread(void *buf, size_t count, off_t offset) const
	{
		return result_of(::pread(fd_, buf, count, offset), call("pread", offset));
	}

	Result<ssize_t> pwrite(const void *buf, size_t count, off_t offset) const
	{
		return result_of(::pwrite(fd_, buf, count, offset), call("pwrite", offset));
	}

	Result<ssize_t> pwrite(std::string_view text, off_t offset) const
	{
		return pwrite(text.data(), text.size(), offset);
	}

	Result<off_t> seek(off_t offset, int whence = SEEK_SET) const
	{
		return result_of(lseek(fd_, offset, whence), call("lseek", offset));
	}

	Result<ssize_t> readv(const iovec *iov, int count, int flags = 0) const
	{
		return result_of(preadv2(fd_, iov, count, -1, flags), call("preadv2", flags));
	}

	Result<ssize_t> writev(const iovec *iov, int count, int flags = 0) const
	{
		return result_of(pwritev2(fd_, iov, count, -1, flags), call("pwritev2", flags));
	}

	template <typename Arg = int> Result<int> ioctl(unsigned long request, Arg arg = {}) const
	{
		return result_of(::ioctl(fd_, request, arg), call("ioctl", request));
	}

	template <typename Arg = int> Result<int> fcntl(int command, Arg arg = {}) const
	{
		return result_of(::fcntl(fd_, command, arg), call("fcntl", command));
	}

	/* The events there are; 0 when @timeout (ms, -1: none) ran out. */
	Result<int> poll(short events, int timeout) const
	{
		pollfd pfd = { .fd = fd_, .events = events, .revents = 0 };
		int ret = ::poll(&pfd, 1, timeout);

		return result_of(ret > 0 ? pfd.revents : ret, call("poll", events));
	}

private:
	Call call(const char *name, long arg) const { return { name, path_, arg }; }

	int fd_ = -1;
	std::string path_;
};

inline Result<Fd> open_file(const std::string &path, int flags)
{
	int fd = open(path.c_str(), flags | O_CLOEXEC);
	Call call = { "open", path, flags };

	if (fd < 0)
		return Result<Fd>::failure(errno, std::move(call));
	return Result<Fd>(Fd(fd, path), std::move(call));
}

/* What was written first is read first; each end closes itself. */
struct Pipe {
	Fd rd, wr;

	static Result<Pipe> make()
	{
		int fds[2];
		Call call = { "pipe", "" };

		if (pipe2(fds, O_CLOEXEC))
			return Result<Pipe>::failure(errno, std::move(call));
		return Result<Pipe>({ Fd(fds[0], "pipe"), Fd(fds[1], "pipe") }, std::move(call));
	}
};

/* All of a small text file; empty when it cannot be read. */
inline std::string read_text(const std::string &path)
{
	Result<Fd> fd = open_file(path, O_RDONLY);
	std::string text;
	char buf[4096];

	if (!fd.ok())
		return text;
	for (;;) {
		Result<ssize_t> got = fd.value().read(buf, sizeof(buf));

		if (!got.ok() || got.value() <= 0)
			return text;
		text.append(buf, got.value());
	}
}

inline Result<ssize_t> write_text(const std::string &path, std::string_view text)
{
	Result<Fd> fd = open_file(path, O_WRONLY);

	if (!fd.ok())
		return Result<ssize_t>::failure(fd.error(), { "open", path });
	return fd.value().write(text);
}

inline bool exists(const std::string &path)
{
	return access(path.c_str(), F_OK) == 0;
}

/* The number behind "@name:" in a file of such lines; -1 when it is not there. */
inline long long field_of(const std::string &path, const std::string &name)
{
	std::string text = "\n" + read_text(path);
	size_t at = text.find("\n" + name + ":");

	if (at == std::string::npos)
		return -1;
	return strtoll(text.c_str() + at + name.size() + 2, nullptr, 10);
}

/* The number that is all there is in an attribute of sysfs. */
inline long long attribute(const std::string &path)
{
	std::string text = read_text(path);

	return text.empty() ? -1 : strtoll(text.c_str(), nullptr, 10);
}

} /* namespace ldd */

#endif /* _LDD_FILE_HPP */
