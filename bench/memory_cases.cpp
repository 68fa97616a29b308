// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * What memory behind a file costs: to copy from and to it, and to touch a page of
 * it that is mapped but not entered yet.
 */
#include "bench.hpp"

#include "mapping.hpp"

#include <fstream>

#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>

using ldd::check;
using ldd::Fd;
using ldd::Mapping;

namespace bench
{

namespace
{

constexpr std::size_t page = 4096;
constexpr std::size_t MiB = 1024 * 1024;

Fd open_memfd(std::size_t size)
{
	Fd fd(check(memfd_create("bench", MFD_CLOEXEC), "memfd_create", "bench"));

	check(ftruncate(fd.get(), size), "ftruncate", "memfd");
	return fd;
}

void fill(const Fd &fd, std::size_t size, off_t at = 0)
{
	std::vector<char> buf(64 * 1024, 'x');

	for (std::size_t done = 0; done < size; done += buf.size())
		check(pwrite(fd.get(), buf.data(), std::min(buf.size(), size - done), at + done),
		      "pwrite", "the memory");
}

/** A file of memory that holds @p size bytes. */
Fd open_filled(const std::string &name, std::size_t size)
{
	Fd fd = name == "memfd" ? open_memfd(size)
				: ldd::open_file("/dev/" + name, O_RDWR | O_TRUNC);

	fill(fd, size);
	return fd;
}

const std::array<const char *, 3> stores = { "memfd", "scullp0", "scullv0" };

/** Memory that is there, at the start of a page, as direct I/O elsewhere wants it. */
class Buffer {
public:
	explicit Buffer(std::size_t size)
		: size_(size), mem_(mmap(nullptr, size, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0))
	{
		check(mem_ == MAP_FAILED ? -1 : 0, "mmap", "a buffer");
	}
	Buffer(const Buffer &) = delete;
	Buffer &operator=(const Buffer &) = delete;
	~Buffer() { munmap(mem_, size_); }

	char *at(std::size_t offset = 0) const { return static_cast<char *>(mem_) + offset; }

private:
	std::size_t size_;
	void *mem_;
};

void copies(const std::string &name, const Fd &fd, char *buf, std::size_t n, off_t at,
	    const std::string &where)
{
	Plan plan = { .batch = n <= page ? 4096U : n < MiB ? 512U : 32U };

	fill(fd, n, at);
	report(name, "pread " + std::to_string(n) + where,
	       measure(plan, [&] { check(pread(fd.get(), buf, n, at), "pread", name); }));
	report(name, "pwrite " + std::to_string(n) + where,
	       measure(plan, [&] { check(pwrite(fd.get(), buf, n, at), "pwrite", name); }));
}

/** Time @p body over and over; it returns how long the part that counts took. */
template <typename Body> Sample measure_part(unsigned int operations, Body body)
{
	constexpr unsigned int repeats = 9;
	std::vector<double> times;

	body();
	for (unsigned int i = 0; i < repeats; i++)
		times.push_back(body());
	return summarise(std::move(times), operations);
}

template <typename Touch>
std::int64_t touch_pages(const Mapping &map, std::size_t size, Touch touch)
{
	std::int64_t start = now_ns();

	for (std::size_t offset = 0; offset < size; offset += page)
		touch(map.data() + offset);
	return now_ns() - start;
}

void read_page(volatile char *at)
{
	static_cast<void>(*at);
}

void write_page(volatile char *at)
{
	*at = 'y';
}

/** Touch each page of a file that is there, in order. */
void faults(const std::string &name, const Fd &fd, std::size_t size, const std::string &where)
{
	report(name, "read fault" + where, measure_part(size / page, [&] {
		       return touch_pages(Mapping(fd.get(), name, 0, size), size, read_page);
	       }));
	report(name, "write fault" + where, measure_part(size / page, [&] {
		       return touch_pages(Mapping(fd.get(), name, 0, size, PROT_READ | PROT_WRITE),
					  size, write_page);
	       }));
}

/** The first write to a page of a new file, which has to find memory for it. */
void first_writes(std::size_t size)
{
	report("memfd", "first write", measure_part(size / page, [&] {
		       Fd fd = open_memfd(size);

		       return touch_pages(Mapping(fd.get(), "memfd", 0, size,
						  PROT_READ | PROT_WRITE),
					  size, write_page);
	       }));
}

/** A mapping whose pages are all entered by mmap(2). */
void whole(const std::string &name, const Fd &fd, std::size_t size, int flags)
{
	report(name, "map at once", measure_part(size / page, [&] {
		       std::int64_t start = now_ns();
		       Mapping map(fd.get(), name, 0, size, PROT_READ | PROT_WRITE,
				   MAP_SHARED | flags);

		       return now_ns() - start;
	       }));
}

std::size_t number_in(const std::string &path)
{
	std::size_t number = 0;
	std::ifstream in(path);

	if (!(in >> number))
		throw std::runtime_error("read " + path + ": no number");
	return number;
}

void write_attribute(const std::string &name, const std::string &what, std::size_t value)
{
	std::ofstream out("/sys/class/misc/" + name + "/" + what);

	if (!(out << value << std::flush))
		throw std::runtime_error("cannot set the " + what + " of " + name);
}

/** Start many reads of a page by one call, and wait for all by another. */
void reads_in_flight(const std::string &name, const Fd &fd, const std::string &where)
{
	constexpr unsigned int many = 64;
	alignas(page) static char buf[page];
	iocb operation = {};
	std::array<iocb *, many> list;
	std::array<io_event, many> events;
	aio_context_t context = 0;

	operation.aio_lio_opcode = IOCB_CMD_PREAD;
	operation.aio_fildes = fd.get();
	operation.aio_buf = reinterpret_cast<std::uintptr_t>(buf);
	operation.aio_nbytes = page;
	list.fill(&operation);
	check(syscall(SYS_io_setup, many, &context), "io_setup", name);
	Sample sample = measure({ .batch = 64 }, [&] {
		check(syscall(SYS_io_submit, context, many, list.data()), "io_submit", name);
		check(syscall(SYS_io_getevents, context, many, many, events.data(), nullptr),
		      "io_getevents", name);
	});
	check(syscall(SYS_io_destroy, context), "io_destroy", name);
	report(name, "aio read " + where, { sample.ns / many, sample.spread });
}

} // namespace

void copy_cases()
{
	constexpr off_t far = off_t { 4096 } * MiB;
	Buffer buf(16 * page);

	for (const char *name : stores) {
		Fd fd = open_filled(name, 64 * 1024);

		if (name != stores[0])
			write_attribute(name, "limit", far + MiB);
		for (std::size_t n : { page, 16 * page })
			copies(name, fd, buf.at(), n, 0, "");
		/* The greater the device, the deeper its index, wherever one reads. */
		copies(name, fd, buf.at(), page, far, " at 4 GiB");
		copies(name, fd, buf.at(), page, 0, " at 0 of 4 GiB");
	}
	Fd gmemp = ldd::open_file("/dev/gmemp", O_RDWR);
	copies("gmemp", gmemp, buf.at(), page, 0, "");
}

void direct_cases()
{
	Buffer buf(MiB + page);

	for (const char *name : { "scullp0", "scullv0" }) {
		Fd fd = open_filled(name, MiB);
		Fd direct = ldd::open_file(std::string("/dev/") + name, O_RDWR | O_DIRECT);

		for (std::size_t n = page; n <= MiB; n *= 4) {
			copies(name, fd, buf.at(), n, 0, "");
			copies(name, direct, buf.at(), n, 0, " direct");
		}
		copies(name, direct, buf.at(1), MiB, 0, " direct, odd address");
	}
}

void async_cases()
{
	for (const char *name : { "scullp0", "scullv0" }) {
		Fd fd = open_filled(name, page);
		Fd direct = ldd::open_file(std::string("/dev/") + name, O_RDWR | O_DIRECT);

		write_attribute(name, "delay", 0);
		reads_in_flight(name, fd, "in the call");
		reads_in_flight(name, direct, "by a worker");
	}
}

void fault_cases()
{
	constexpr std::size_t size = 4 * MiB;

	for (const char *name : stores)
		faults(name, open_filled(name, size), size, "");
	first_writes(size);

	/* gmemp has one page, so it is compared with a file of one. */
	faults("memfd", open_filled("memfd", page), page, ", one page");
	faults("gmemp", ldd::open_file("/dev/gmemp", O_RDWR), page, ", one page");
}

void map_cases()
{
	std::size_t size = number_in("/sys/class/misc/simpler/size");

	whole("memfd", open_filled("memfd", size), size, MAP_POPULATE);
	whole("simpler", ldd::open_file("/dev/simpler", O_RDWR), size, 0);
}

} // namespace bench
