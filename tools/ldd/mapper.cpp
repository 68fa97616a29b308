// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * mapper - map a part of a file and write it to standard output
 */
#include <vector>

#include "mapping.hpp"

using ldd::check;

namespace
{

/* Returns false if nobody reads any more: whoever did has seen enough. */
bool write_all(std::span<const char> data)
{
	while (!data.empty()) {
		ssize_t n = write(STDOUT_FILENO, data.data(), data.size());

		if (n < 0 && errno == EPIPE)
			return false;
		if (n < 0 && errno == EINTR)
			continue;
		data = data.subspan(check(n, "write", "standard output"));
	}
	return true;
}

/*
 * The bytes take a detour through a buffer: write(2) straight from the mapping
 * would not miss a page where the output does not look at it, as /dev/null.
 */
int copy_out(ldd::MappedReader reader)
{
	std::vector<char> buffer(256 << 10);

	while (std::size_t n = reader.read(buffer)) {
		if (!write_all(std::span(buffer).first(n)))
			return ldd::STATUS_FAILED;
	}
	return ldd::STATUS_OK;
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Map LENGTH bytes of FILE from OFFSET on, read-only, and write them to\n"
		     "standard output.",
		     "mapper");
	std::string file;
	std::uint64_t offset = 0;
	std::uint64_t length = 0;

	app.add_option("FILE", file, "the file or device to map")->required();
	app.add_option("OFFSET", offset, "where to begin; any byte, in a page or at its start")
		->required()
		->transform(ldd::byte_count);
	app.add_option("LENGTH", length, "how many bytes")->required()->transform(ldd::byte_count);
	app.footer("What lies past the end of a file is zero up to the end of the page, and a bus\n"
		   "error from there on.\n"
		   "Exit status: 0 all is written, 1 an error (what came before it is written),\n"
		   "2 usage.");

	return ldd::run_main(app, argc, argv,
			     [&] { return copy_out(ldd::MappedReader(file, offset, length)); });
}
