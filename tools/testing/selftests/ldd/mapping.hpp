/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings: one that unmaps itself, accesses that may be answered by a signal,
 * and what the kernel tells of them in /proc.
 */
#ifndef _LDD_MAPPING_HPP
#define _LDD_MAPPING_HPP

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <set>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "file.hpp"
#include "result.hpp"

namespace ldd
{
inline const size_t page_size = sysconf(_SC_PAGESIZE);

struct MapArgs {
	size_t pages = 1;
	int prot = PROT_READ | PROT_WRITE;
	int flags = MAP_SHARED;
	unsigned long pgoff = 0;
	void *at = nullptr;
};

/* Whatever became of the pages meanwhile: at the end, none of them is mapped. */
class Mapping {
public:
	Mapping() = default;
	Mapping(void *start, size_t bytes)
		: start_(static_cast<unsigned char *>(start)), bytes_(bytes)
	{}
	Mapping(Mapping &&other) noexcept
		: start_(std::exchange(other.start_, nullptr)), bytes_(other.bytes_)
	{}
	Mapping &operator=(Mapping &&other) noexcept
	{
		std::swap(start_, other.start_);
		std::swap(bytes_, other.bytes_);
		return *this;
	}
	~Mapping() { reset(); }

	size_t bytes() const { return bytes_; }
	unsigned char *page(size_t index) const { return start_ + index * page_size; }
	unsigned char &operator[](size_t byte) const { return start_[byte]; }

	/* All of it, or its first @count bytes. */
	std::string text(size_t count = SIZE_MAX) const
	{
		return { reinterpret_cast<char *>(start_), std::min(count, bytes_) };
	}

	void put(std::string_view bytes, size_t at = 0) const
	{
		memcpy(start_ + at, bytes.data(), bytes.size());
	}

	/* It belongs to somebody else now. */
	void release() { start_ = nullptr; }

	void reset()
	{
		if (start_)
			munmap(std::exchange(start_, nullptr), bytes_);
	}

private:
	unsigned char *start_ = nullptr;
	size_t bytes_ = 0;
};

inline Result<Mapping> map_bytes(int fd, std::string path, size_t bytes, const MapArgs &args)
{
	void *start = mmap(args.at, bytes, args.prot, args.flags, fd,
			   static_cast<off_t>(args.pgoff * page_size));
	Call call = { "mmap", std::move(path), static_cast<long>(args.pgoff) };

	if (start == MAP_FAILED)
		return Result<Mapping>::failure(errno, std::move(call));
	return Result<Mapping>(Mapping(start, bytes), std::move(call));
}

inline Result<Mapping> map(const Fd &fd, const MapArgs &args)
{
	return map_bytes(fd.get(), fd.path(), args.pages * page_size, args);
}

/* Memory of nobody else. */
inline Result<Mapping> map_memory(size_t pages, int prot = PROT_READ | PROT_WRITE)
{
	return map_bytes(-1, "memory", pages * page_size,
			 { .prot = prot, .flags = MAP_PRIVATE | MAP_ANONYMOUS });
}

inline Result<int> unmap(const Mapping &mapping, size_t first, size_t pages)
{
	return result_of(munmap(mapping.page(first), pages * page_size),
			 { "munmap", "", static_cast<long>(first) });
}

inline Result<int> protect(const Mapping &mapping, size_t first, size_t pages, int prot)
{
	return result_of(mprotect(mapping.page(first), pages * page_size, prot),
			 { "mprotect", "", prot });
}

inline Result<int> advise(const Mapping &mapping, size_t pages, int advice)
{
	return result_of(madvise(mapping.page(0), pages * page_size, advice),
			 { "madvise", "", advice });
}

inline Result<int> lock(const Mapping &mapping)
{
	return result_of(mlock(mapping.page(0), mapping.bytes()), { "mlock", "" });
}

inline Result<int> unlock(const Mapping &mapping)
{
	return result_of(munlock(mapping.page(0), mapping.bytes()), { "munlock", "" });
}

/* Of the first @old_pages of @mapping, which moves to the result. */
inline Result<Mapping> remap(Mapping &mapping, size_t old_pages, size_t pages, int flags,
			     void *to = nullptr)
{
	void *start = mremap(mapping.page(0), old_pages * page_size, pages * page_size, flags, to);
	Call call = { "mremap", "", static_cast<long>(pages) };

	if (start == MAP_FAILED)
		return Result<Mapping>::failure(errno, std::move(call));
	if (old_pages && !(flags & MREMAP_DONTUNMAP))
		mapping.release();
	return Result<Mapping>(Mapping(start, pages * page_size), std::move(call));
}

/*
 * An access that a signal may answer. Anywhere else, such a signal kills, as it
 * always does.
 */
class Access {
public:
	/* The byte there, or minus the signal. */
	static int load(const volatile void *at) { return run(at, -1); }

	/* @value, or minus the signal. */
	static int store(volatile void *at, unsigned char value) { return run(at, value); }

	/* Of the last signal. */
	static const siginfo_t &info() { return info_; }

private:
	static int run(const volatile void *at, int value)
	{
		auto *byte = static_cast<volatile unsigned char *>(const_cast<volatile void *>(at));
		int signal;

		static_cast<void>(installed_);
		signal = sigsetjmp(env_, 0);
		if (signal)
			return -signal;
		armed_ = 1;
		if (value < 0)
			value = *byte;
		else
			*byte = static_cast<unsigned char>(value);
		armed_ = 0;
		return value;
	}

	static void handle(int signal, siginfo_t *info, void *)
	{
		if (!armed_) {
			std::signal(signal, SIG_DFL);
			return;
		}
		armed_ = 0;
		info_ = *info;
		siglongjmp(env_, signal);
	}

	static bool install()
	{
		struct sigaction action = {};

		action.sa_sigaction = handle;
		action.sa_flags = SA_SIGINFO | SA_NODEFER;
		return !sigaction(SIGBUS, &action, nullptr) &&
		       !sigaction(SIGSEGV, &action, nullptr);
	}

	static inline thread_local volatile sig_atomic_t armed_;
	static inline thread_local sigjmp_buf env_;
	static inline thread_local siginfo_t info_;
	static inline const bool installed_ = install();
};

/* How many mappings of a file this process has. */
inline long maps_of(const std::string &path)
{
	std::string text = read_text("/proc/self/maps");
	long count = 0;

	for (size_t at = 0; (at = text.find(path + "\n", at)) != std::string::npos; at++)
		count++;
	return count;
}

/* "rd wr mr mw me ms": what the kernel calls the mapping that starts at @start. */
inline std::string vm_flags_of(const void *start)
{
	std::string text = read_text("/proc/self/smaps");
	char address[32];

	snprintf(address, sizeof(address), "%lx-", reinterpret_cast<unsigned long>(start));
	size_t at = text.find(address);
	at = at == std::string::npos ? at : text.find("VmFlags: ", at);
	return at == std::string::npos ? "" : text.substr(at + 9, text.find('\n', at) - at - 9);
}

/*
 * The pages of a mapping that have been entered. Of one that consists of page
 * numbers only, /proc tells nothing.
 */
inline std::set<size_t> present_pages(const Mapping &mapping)
{
	Result<Fd> fd = open_file("/proc/self/pagemap", O_RDONLY);
	const size_t first = reinterpret_cast<unsigned long>(mapping.page(0)) / page_size;
	std::set<size_t> present;

	for (size_t i = 0; fd.ok() && i < mapping.bytes() / page_size; i++) {
		uint64_t entry = 0;

		static_cast<void>(
			fd.value().pread(&entry, sizeof(entry), (first + i) * sizeof(entry)));
		if (entry >> 63)
			present.insert(i);
	}
	return present;
}

/* As many pages as one fault enters, at an address divisible by that. */
constexpr size_t around = 16;

/* Room that starts with a window of neighbours, and has its page table. */
inline Result<Mapping> room_for(size_t pages)
{
	Result<Mapping> room = map_memory(pages + 2 * around);
	unsigned long start, window = around * page_size;

	if (!room.ok())
		return room;
	start = reinterpret_cast<unsigned long>(room.value().page(0));
	start = (start + window - 1) / window * window;
	for (size_t i = 0; i < pages; i++)
		Access::store(reinterpret_cast<char *>(start) + i * page_size, 0);
	Mapping(std::move(room).value()).release();
	return Result<Mapping>(Mapping(reinterpret_cast<void *>(start), pages * page_size),
			       { "room_for", "" });
}

} /* namespace ldd */

#endif /* _LDD_MAPPING_HPP */
