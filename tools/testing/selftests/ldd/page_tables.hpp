/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How memory is cached, from the page tables themselves: x86 dumps them in
 * debugfs.
 */
#ifndef _LDD_PAGE_TABLES_HPP
#define _LDD_PAGE_TABLES_HPP

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "file.hpp"
#include "mapping.hpp"

namespace ldd::page_tables
{
constexpr char path[] = "/sys/kernel/debug/page_tables/current_kernel";

/* A line "0xSTART-0xEND  SIZE  FLAGS  pte": addresses that have the same flags. */
struct Range {
	unsigned long start, end;
	std::string line;

	/* "PCD" is uncached, "PWT" write-combining, none of both write-back. */
	std::string cache() const
	{
		for (const char *flag : { "PWT", "PCD" })
			if (line.find(flag) != std::string::npos)
				return flag;
		return "";
	}
};

/* One look at all of them, which takes its time. */
class Dump {
public:
	Dump()
	{
		std::istringstream lines(read_text(path));
		bool direct = false;

		for (std::string line; std::getline(lines, line);) {
			Range range = { 0, 0, line };

			if (line.starts_with("---"))
				direct = line.find("Low Kernel Mapping") != std::string::npos;
			if (sscanf(line.c_str(), "0x%lx-0x%lx", &range.start, &range.end) != 2)
				continue;
			ranges_.push_back(range);
			if (direct)
				direct_map_[range.cache()] += range.end - range.start;
		}
	}

	/* How much of the kernel's mapping of all memory is cached like that. */
	unsigned long direct_map(const std::string &cache) { return direct_map_[cache]; }

	/* How all of @mapping is cached; "mixed" if not all in one way. */
	std::string cache_of(const Mapping &mapping) const
	{
		const auto start = reinterpret_cast<unsigned long>(mapping.page(0));
		const unsigned long end = start + mapping.bytes();
		unsigned long bytes = 0;
		std::string cache;

		for (const Range &range : ranges_) {
			const unsigned long first = std::max(range.start, start);
			const unsigned long last = std::min(range.end, end);

			if (first >= last)
				continue;
			if (bytes && cache != range.cache())
				return "mixed";
			cache = range.cache();
			bytes += last - first;
		}
		return bytes == mapping.bytes() ? cache : "absent";
	}

private:
	std::vector<Range> ranges_;
	std::map<std::string, unsigned long> direct_map_;
};

} /* namespace ldd::page_tables */

#endif /* _LDD_PAGE_TABLES_HPP */
