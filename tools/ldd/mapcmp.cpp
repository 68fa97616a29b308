// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * mapcmp - compare the same part of two files through mappings
 */
#include <cinttypes>
#include <vector>

#include "mapping.hpp"

namespace
{

/** Exit status, as of cmp(1). */
enum Comparison {
	COMPARISON_EQUAL = 0,
	COMPARISON_DIFFERENT = 1,
	COMPARISON_TROUBLE = 2,
};

int compare(const std::string &file1, const std::string &file2, std::uint64_t offset,
	    std::uint64_t length)
{
	ldd::MappedReader reader1(file1, offset, length);
	ldd::MappedReader reader2(file2, offset, length);
	std::vector<char> buffer1(256 << 10);
	std::vector<char> buffer2(buffer1.size());
	std::uint64_t done = 0;
	std::size_t n1;
	std::size_t n2;

	do {
		n1 = reader1.read(buffer1);
		n2 = reader2.read(buffer2);
		auto end = buffer1.begin() + std::min(n1, n2);
		auto at = std::mismatch(buffer1.begin(), end, buffer2.begin()).first;

		if (at != end) {
			std::printf("%s %s differ: byte %" PRIu64 "\n", file1.c_str(),
				    file2.c_str(), done + (at - buffer1.begin()) + 1);
			ldd::check(std::fflush(stdout), "write", "standard output");
			return COMPARISON_DIFFERENT;
		}
		done += n1;
		/* One of them came to a page without memory, and says so now. */
		if (n1 != n2)
			(n1 < n2 ? reader1 : reader2).read(buffer1);
	} while (n1);
	return COMPARISON_EQUAL;
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Compare LENGTH bytes of FILE1 and FILE2 from OFFSET on, through mappings.",
		     "mapcmp");
	std::string file1;
	std::string file2;
	std::uint64_t offset = 0;
	std::uint64_t length = 0;

	app.add_option("FILE1", file1, "one file or device")->required();
	app.add_option("FILE2", file2, "the other")->required();
	app.add_option("OFFSET", offset, "where to begin in both; any byte")
		->required()
		->transform(ldd::byte_count);
	app.add_option("LENGTH", length, "how many bytes")->required()->transform(ldd::byte_count);
	app.footer(
		"The byte that is named counts from 1 at OFFSET, as in cmp -i OFFSET -n LENGTH.\n"
		"Exit status, as of cmp(1): 0 equal, 1 different, 2 trouble, usage included.");

	return ldd::run_main(
		app, argc, argv, [&] { return compare(file1, file2, offset, length); },
		COMPARISON_TROUBLE);
}
