/* SPDX-License-Identifier: GPL-2.0 */
/**
 * @file
 * Mappings that undo themselves, and reading them where memory may be missing.
 */
#ifndef LDD_TOOLS_MAPPING_HPP
#define LDD_TOOLS_MAPPING_HPP

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <sys/mman.h>

#include "common.hpp"

namespace ldd
{

/** The size of a page, in bytes. */
inline std::size_t page_size()
{
	static const std::size_t size = sysconf(_SC_PAGESIZE);

	return size;
}

/** Part of a file, mapped until the object goes. It need not begin at a page. */
class Mapping {
public:
	/**
	 * Map @p length bytes of @p file at @p offset.
	 * @param fd @p file, open
	 * @param file its name, for the error
	 * @param prot as in mmap(2)
	 * @param flags as in mmap(2)
	 * @throw std::system_error that names @p file
	 */
	Mapping(int fd, const std::string &file, std::uint64_t offset, std::size_t length,
		int prot = PROT_READ, int flags = MAP_SHARED)
		: skip_(offset % page_size()), length_(length)
	{
		base_ = mmap(nullptr, skip_ + length_, prot, flags, fd,
			     static_cast<off_t>(offset - skip_));
		check(base_ == MAP_FAILED ? -1 : 0, "mmap", file);
	}
	Mapping(const Mapping &) = delete;
	Mapping &operator=(const Mapping &) = delete;
	~Mapping() { munmap(base_, skip_ + length_); }

	/** What is at the offset that was asked for. */
	char *data() const noexcept { return static_cast<char *>(base_) + skip_; }
	/** Bytes from data() on. */
	std::size_t size() const noexcept { return length_; }

private:
	std::size_t skip_;
	std::size_t length_;
	void *base_;
};

namespace detail
{
inline sigjmp_buf bus_error;
}

/**
 * Copy from a mapping some pages of which may have no memory behind them.
 * Not for two threads at a time: it borrows the handler of SIGBUS.
 * @return the bytes before the first page that raised SIGBUS; @p count if none did
 */
inline std::size_t guarded_copy(char *to, const char *from, std::size_t count)
{
	struct sigaction act = {};
	struct sigaction old;
	volatile std::size_t done = 0;

	act.sa_handler = [](int) { siglongjmp(detail::bus_error, 1); };
	sigaction(SIGBUS, &act, &old);
	if (!sigsetjmp(detail::bus_error, 1)) {
		while (done < count) {
			const char *here = from + done;
			std::size_t in_page = reinterpret_cast<std::uintptr_t>(here) % page_size();
			std::size_t piece = std::min(count - done, page_size() - in_page);

			std::memcpy(to + done, here, piece);
			/* The handler's side must not see more than was copied. */
			std::atomic_signal_fence(std::memory_order_seq_cst);
			done = done + piece;
		}
	}
	sigaction(SIGBUS, &old, nullptr);
	return done;
}

/** Reads a range of a file through mappings of it, a bounded piece at a time. */
class MappedReader {
public:
	/**
	 * Prepare to read @p length bytes of @p file from @p offset on.
	 * @throw std::system_error if the file cannot be opened
	 */
	MappedReader(std::string file, std::uint64_t offset, std::uint64_t length)
		: file_(std::move(file)), fd_(open_file(file_, O_RDONLY)), offset_(offset),
		  left_(length)
	{}

	/**
	 * Copy the next bytes into @p to.
	 * @return how many; less than asked for before the end of the range, and
	 *	before a page that has no memory
	 * @throw std::runtime_error if the very next page has no memory
	 * @throw std::system_error if the file cannot be mapped
	 */
	std::size_t read(std::span<char> to)
	{
		std::size_t done = 0;

		while (done < to.size() && left_) {
			std::size_t want = map(to.size() - done);
			std::size_t got = guarded_copy(to.data() + done, next_, want);

			advance(got);
			done += got;
			if (got < want)
				return done ? done : no_memory();
		}
		return done;
	}

private:
	static constexpr std::size_t piece = 16 << 20;

	/* How many of @want bytes are mapped at next_, which is some. */
	std::size_t map(std::size_t want)
	{
		if (!map_ || next_ == map_->data() + map_->size()) {
			map_.reset();
			/* All but the first begin at a page. */
			std::size_t length = piece - offset_ % page_size();

			map_.emplace(fd_.get(), file_, offset_,
				     std::min<std::uint64_t>(left_, length));
			next_ = map_->data();
		}
		return std::min<std::size_t>(want, map_->data() + map_->size() - next_);
	}

	void advance(std::size_t count)
	{
		next_ += count;
		offset_ += count;
		left_ -= count;
	}

	[[noreturn]] std::size_t no_memory() const
	{
		throw std::runtime_error("read mapping of " + file_ +
					 ": Bus error: no memory behind the page at offset " +
					 std::to_string(offset_ - offset_ % page_size()));
	}

	std::string file_;
	Fd fd_;
	std::uint64_t offset_;
	std::uint64_t left_;
	std::optional<Mapping> map_;
	const char *next_ = nullptr;
};

namespace detail
{

/* The number that @text is, and what follows it. */
inline std::errc leading_number(std::string_view &text, std::uint64_t &number)
{
	int base = 10;

	if (text.starts_with("0x") || text.starts_with("0X")) {
		base = 16;
		text.remove_prefix(2);
	} else if (text.starts_with("0")) {
		base = 8;
	}
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
	text.remove_prefix(end - text.data());
	return error;
}

/* The power of two that the @suffix of a number stands for; -1 if it is none. */
inline int suffix_shift(std::string_view suffix)
{
	constexpr std::string_view suffixes = "kMGT";

	if (suffix.empty())
		return 0;
	std::size_t at = suffix == "K" ? 0 : suffixes.find(suffix);
	return suffix.size() > 1 || at == suffixes.npos ? -1 : 10 * static_cast<int>(at + 1);
}

/* Make @text plain decimal, or say what is wrong with it. */
inline std::string normalize_bytes(std::string &text)
{
	std::string_view rest = text;
	std::uint64_t number = 0;
	std::errc error = leading_number(rest, number);
	int shift = suffix_shift(rest);

	if (error == std::errc::invalid_argument || shift < 0)
		return "'" + text + "' is no number: decimal, 0x... or 0..., then k, M, G or T";
	if (error == std::errc::result_out_of_range ||
	    number > std::uint64_t { INT64_MAX } >> shift)
		return "'" + text + "' is too large";
	text = std::to_string(number << shift);
	return {};
}

} // namespace detail

/**
 * For CLI::Option::transform(): a number of bytes, from 0 to the largest offset
 * that a file can have, as "4096", "0x1000", "010000" or "4k".
 */
inline const CLI::Validator byte_count(detail::normalize_bytes, "BYTES");

} // namespace ldd

#endif /* LDD_TOOLS_MAPPING_HPP */
