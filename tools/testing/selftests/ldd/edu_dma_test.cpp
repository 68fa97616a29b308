// SPDX-License-Identifier: GPL-2.0
/*
 * edu's DMA: to and from every kind of user memory, and the coherent buffer; who
 * has to wait, and what becomes of a transfer that is given up. Each command
 * takes the device a tenth of a second.
 */
#include <string>
#include <vector>

#include "edu.hpp"
#include "ring.hpp"

using namespace ldd;

namespace
{
constexpr size_t device_size = EDU_BUFFER_SIZE;

/* The physical address of what is mapped there. */
unsigned long physical(const void *at)
{
	Result<Fd> fd = open_file("/proc/self/pagemap", O_RDONLY);
	unsigned long entry = 0;

	if (fd.ok())
		static_cast<void>(fd.value().pread(&entry, sizeof(entry),
						   reinterpret_cast<unsigned long>(at) / page_size *
							   sizeof(entry)));
	return (entry & ((1UL << 55) - 1)) * page_size;
}

/* A transfer in a thread of its own, of which the device has begun with something. */
template <typename F> auto begun(F body)
{
	Task task(std::move(body));

	edu::wait_until_busy();
	return task;
}

/*
 * What the device writes to after the kernel was told that it may throw it away
 * unless somebody writes to it again. Then the kernel is told that it should.
 */
Result<ssize_t> read_into_free_memory(const Fd &fd, const Mapping &memory, size_t count)
{
	cpu_set_t cpus;

	/* Pages on their way to a list, on another processor, would be passed over. */
	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	memory.put(std::string(memory.bytes(), 'o'));
	Task reader = begun([&] { return fd.pread(memory.page(0), count, 0); });
	Result<int> advised = advise(memory, memory.bytes() / page_size, MADV_FREE);
	Result<ssize_t> got = reader.join();
	if (!advised.ok() || !advise(memory, memory.bytes() / page_size, MADV_PAGEOUT).ok())
		return Result<ssize_t>::failure(ENOSYS, { "madvise", "" });
	return got;
}

/* Of its first capability with the number @id; 0 when it has none. */
off_t capability(const Fd &config, unsigned char id)
{
	unsigned char at = 0x34, entry[2] = {};

	static_cast<void>(config.pread(&at, 1, at));
	for (; at; at = entry[1]) {
		if (!config.pread(entry, 2, at).ok())
			return 0;
		if (entry[0] == id)
			return at;
	}
	return 0;
}

/* Keeps the device busy for eight commands, so that others have time to meet that. */
Result<ssize_t> write_long(const Fd &fd)
{
	char bytes[8] = {};
	iovec vector[8];

	for (int i = 0; i < 8; i++)
		vector[i] = { &bytes[i], 1 };
	return fd.writev(vector, 8);
}

} /* namespace */

EDU_FIXTURE(edu_dma);

/* Wherever it begins and however long it is; and nothing around it is touched. */
TEST_F(edu_dma, there_and_back)
{
	const struct {
		size_t from, to, count;
		off_t pos;
	} cases[] = {
		{ 0, 0, 1, 0 },
		{ 1, 63, 13, 7 },
		{ page_size - 1, 5, 2, 4000 },
		{ page_size - 100, page_size - 3, 333, 64 },
		{ 17, 4001, device_size, 0 },
	};
	Fd fd = ASSERT_OK(edu::open());
	Mapping from = ASSERT_OK(map_memory(3));
	Mapping to = ASSERT_OK(map_memory(3));

	for (const auto &c : cases) {
		const std::string bytes = pattern(c.count, c.from + c.pos);

		from.put(bytes, c.from);
		EXPECT_VALUE(ssize_t(c.count), fd.pwrite(from.page(0) + c.from, c.count, c.pos));
		to.put(std::string(to.bytes(), '#'));
		EXPECT_VALUE(ssize_t(c.count), fd.pread(to.page(0) + c.to, c.count, c.pos));
		EXPECT_TRUE(to.text().substr(c.to, c.count) == bytes);
		EXPECT_TRUE(to.text(c.to) == std::string(c.to, '#'));
		const size_t behind = c.to + c.count;
		EXPECT_TRUE(to.text().substr(behind) == std::string(to.bytes() - behind, '#'));
	}
}

TEST_F(edu_dma, each_command_is_told_by_one_interrupt)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(1));
	long long interrupts = attribute(edu::sysfs("interrupts"));
	long long read = attribute(edu::sysfs("bytes_read"));
	long long written = attribute(edu::sysfs("bytes_written"));

	EXPECT_VALUE(10, fd.pwrite(memory.page(0), 10, 0));
	EXPECT_VALUE(9, fd.pread(memory.page(0), 9, 0));
	EXPECT_EQ(interrupts + 2, attribute(edu::sysfs("interrupts")));
	EXPECT_EQ(read + 9, attribute(edu::sysfs("bytes_read")));
	EXPECT_EQ(written + 10, attribute(edu::sysfs("bytes_written")));
}

TEST_F(edu_dma, the_end)
{
	Fd fd = ASSERT_OK(edu::open());
	char byte = 'x';

	EXPECT_VALUE(off_t(device_size), fd.seek(0, SEEK_END));
	EXPECT_VALUE(0, fd.read(&byte, 1));
	EXPECT_ERRNO(ENOSPC, fd.write("x"));
	EXPECT_ERRNO(EINVAL, fd.seek(1, SEEK_END));
	EXPECT_ERRNO(EINVAL, fd.seek(-1));
	EXPECT_VALUE(0, fd.pread(&byte, 1, device_size + 1));
	EXPECT_VALUE(0, fd.pread(&byte, 1, INT64_MAX - 1));
	EXPECT_ERRNO(ENOSPC, fd.pwrite("x", INT64_MAX - 1));
	EXPECT_VALUE(1, fd.pwrite("yz", device_size - 1));
	EXPECT_TEXT("y", take_at(fd, 100, device_size - 1));
	EXPECT_VALUE(0, fd.pread(nullptr, 0, 0));
	EXPECT_VALUE(0, fd.pwrite("", 0));
	EXPECT_VALUE(0, fd.pwrite("", device_size));
	Fd append = ASSERT_OK(edu::open(O_WRONLY | O_APPEND));
	EXPECT_ERRNO(ENOSPC, append.write("x"));
}

TEST_F(edu_dma, the_position_goes_on)
{
	Fd fd = ASSERT_OK(edu::open());

	EXPECT_VALUE(3, fd.write("one"));
	EXPECT_VALUE(3, fd.write("two"));
	EXPECT_VALUE(1, fd.seek(1));
	EXPECT_TEXT("net", take(fd, 3));
	EXPECT_VALUE(4, fd.seek(0, SEEK_CUR));
}

/* Odd lengths, an empty one, and two that share a cache line. */
TEST_F(edu_dma, vectors)
{
	const std::string bytes = pattern(70);
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(3));
	unsigned char *at = memory.page(0);

	memory.put(bytes.substr(0, 11), 3);
	memory.put(bytes.substr(11, 19), page_size - 9);
	memory.put(bytes.substr(30, 40), 14);
	const iovec out[] = {
		{ at + 3, 11 }, { at, 0 }, { at + page_size - 9, 19 }, { at + 14, 40 }
	};
	EXPECT_VALUE(70, fd.writev(out, 4));
	EXPECT_TRUE(take_at(fd, 70, 0) == bytes);

	memory.put(std::string(memory.bytes(), '#'));
	ASSERT_VALUE(0, fd.seek(0));
	const iovec in[] = {
		{ at + 40, 7 }, { at + 50, 6 }, { at + 47, 3 }, { at + 2 * page_size, 54 }
	};
	EXPECT_VALUE(70, fd.readv(in, 4));
	EXPECT_TRUE(memory.text().substr(40, 16) ==
		    bytes.substr(0, 7) + bytes.substr(13, 3) + bytes.substr(7, 6));
	EXPECT_TRUE(memory.text().substr(2 * page_size, 54) == bytes.substr(16));
	EXPECT_EQ('#', memory[39]);
	EXPECT_EQ('#', memory[56]);
}

/* No length of these, and no place, is a multiple of anything. */
TEST_F(edu_dma, vectors_of_odd_lengths)
{
	const size_t lengths[] = { 1, 3, 63, 65, 127, 509, 1021, 2039 };
	const std::string bytes = pattern(3828, 5);
	Fd fd = ASSERT_OK(edu::open());
	Mapping from = ASSERT_OK(map_memory(16)), to = ASSERT_OK(map_memory(16));
	iovec out[8], in[8];
	size_t done = 0;

	to.put(std::string(to.bytes(), '#'));
	std::string wanted = to.text();
	for (size_t i = 0; i < 8; i++) {
		/* Each in pages of its own; some begin in one, and end in the next. */
		const size_t source = 2 * i * page_size + 4095 - 600 * i;
		const size_t target = 2 * i * page_size + 3 + 577 * i;

		from.put(std::string_view(bytes).substr(done, lengths[i]), source);
		out[i] = { from.page(0) + source, lengths[i] };
		in[i] = { to.page(0) + target, lengths[i] };
		wanted.replace(target, lengths[i], bytes, done, lengths[i]);
		done += lengths[i];
	}
	ASSERT_EQ(bytes.size(), done);
	EXPECT_VALUE(ssize_t(done), fd.writev(out, 8));
	EXPECT_TRUE(take_at(fd, done, 0) == bytes);
	ASSERT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(ssize_t(done), fd.readv(in, 8));
	EXPECT_TRUE(to.text() == wanted);
}

/* What one call takes has an end, so that nobody keeps the device for ever. */
TEST_F(edu_dma, more_vectors_than_a_call_takes)
{
	const std::string bytes = pattern(40);
	Fd fd = ASSERT_OK(edu::open());
	iovec vector[40];

	for (size_t i = 0; i < 40; i++)
		vector[i] = { const_cast<char *>(bytes.data()) + i, 1 };
	EXPECT_VALUE(32, fd.writev(vector, 40));
	EXPECT_VALUE(32, fd.seek(0, SEEK_CUR));
	EXPECT_TRUE(take_at(fd, 32, 0) == bytes.substr(0, 32));
}

TEST_F(edu_dma, memory_that_ends)
{
	Fd fd = ASSERT_OK(edu::open());
	char *end = end_of_memory();

	EXPECT_VALUE(5, fd.pwrite(put_at_end("hello"), 100, 0));
	memset(end - 5, '#', 5);
	EXPECT_VALUE(5, fd.pread(end - 5, 100, 0));
	EXPECT_TEXT("hello", std::string(end - 5, 5));
	EXPECT_ERRNO(EFAULT, fd.pread(end, 1, 0));
	EXPECT_ERRNO(EFAULT, fd.pwrite(end, 1, 0));
	const iovec half[] = { { end - 5, 2 }, { end, 10 }, { end - 3, 3 } };
	ASSERT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(2, fd.writev(half, 3));
	EXPECT_VALUE(2, fd.seek(0, SEEK_CUR));
}

TEST_F(edu_dma, memory_that_is_read_only)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(2));

	memory.put("constant");
	ASSERT_OK(protect(memory, 0, 1, PROT_READ));
	EXPECT_VALUE(8, fd.pwrite(memory.page(0), 8, 0));
	EXPECT_ERRNO(EFAULT, fd.pread(memory.page(0), 8, 0));
	const iovec half[] = { { memory.page(1), 3 }, { memory.page(0), 5 } };
	ASSERT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(3, fd.readv(half, 2));
	EXPECT_TRUE(memory.text(8) == "constant");
}

/* Page numbers are nothing that can be pinned. */
TEST_F(edu_dma, memory_of_devices)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping registers = ASSERT_OK(edu::map_registers(fd));
	Mapping coherent = ASSERT_OK(edu::map_coherent(fd));

	EXPECT_ERRNO(EFAULT, fd.pread(registers.page(0) + 4, 4, 0));
	EXPECT_ERRNO(EFAULT, fd.pwrite(coherent.page(0), 4, 0));
}

/* Bug 19: memory that 28 bits do not reach has others stand in for it. */
TEST_F(edu_dma, memory_out_of_reach)
{
	const std::string bytes = pattern(1000, 77);
	Fd fd = ASSERT_OK(edu::open());
	if (sysconf(_SC_PHYS_PAGES) * page_size < 400UL << 20)
		SKIP(return, "needs 400 MiB of memory");
	/* More than what is below may be free; it is taken as it is touched. */
	Mapping memory = ASSERT_OK(map_memory((260UL << 20) / page_size));
	unsigned char *high = nullptr;

	for (size_t i = 0; !high && i < memory.bytes() / page_size; i++) {
		memory.page(i)[0] = 'x';
		if (i % 64 == 0 && physical(memory.page(i)) >> 28)
			high = memory.page(i);
	}
	if (!high)
		SKIP(return, "no memory above 256 MiB");
	bytes.copy(reinterpret_cast<char *>(high), bytes.size());
	EXPECT_VALUE(1000, fd.pwrite(high, 1000, 0));
	memset(high, 0, 1000);
	EXPECT_VALUE(1000, fd.pread(high, 1000, 0));
	EXPECT_TRUE(std::string(reinterpret_cast<char *>(high), 1000) == bytes);
}

TEST_F(edu_dma, memory_of_huge_pages)
{
	constexpr size_t huge = 2UL << 20, at = huge / 2 - 700;
	const std::string bytes = pattern(3000, 13);
	Fd fd = ASSERT_OK(edu::open());
	Result<ssize_t> reserved = write_text("/proc/sys/vm/nr_hugepages", "2");
	Result<Mapping> mapped = map_bytes(-1, "memory", huge,
					   { .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB });

	if (!reserved.ok() || !mapped.ok())
		SKIP(return, "no huge pages: %s", strerror(mapped.error()));
	Mapping memory = std::move(mapped).value();
	memory.put(bytes, at);
	EXPECT_VALUE(3000, fd.pwrite(memory.page(0) + at, 3000, 0));
	memory.put(std::string(3000, '#'), at);
	/* The last bytes of it, and across pages within it. */
	EXPECT_VALUE(3000, fd.pread(memory.page(0) + at, 3000, 0));
	EXPECT_TRUE(memory.text().substr(at, 3000) == bytes);
	EXPECT_VALUE(700, fd.pread(memory.page(0) + huge - 700, 700, 2));
	EXPECT_TRUE(memory.text().substr(huge - 700) == bytes.substr(2, 700));
	memory.reset();
	EXPECT_OK(write_text("/proc/sys/vm/nr_hugepages", "0"));
}

/* Bug 15: what the device writes, no page table tells of. */
TEST_F(edu_dma, what_was_read_is_not_thrown_away)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(2));

	EXPECT_VALUE(4, fd.pwrite("keep", 0));
	EXPECT_VALUE(4, read_into_free_memory(fd, memory, 4));
	EXPECT_TRUE(memory.text(4) == "keep");
	/* The page that nobody wrote to shows that this can be seen here. */
	if (memory[page_size] == 'o')
		SKIP(return, "this kernel keeps what it may throw away");
}

/* The interrupt is lost. So the transfer fails, but the memory was written to. */
TEST_F(edu_dma, a_transfer_of_whose_end_nobody_hears)
{
	Fd fd = ASSERT_OK(edu::open());
	Fd config = ASSERT_OK(open_file(edu::pci("config"), O_RDWR));
	Mapping memory = ASSERT_OK(map_memory(2));
	const off_t msi = capability(config, 5);
	unsigned short control = 0;

	if (!msi || !read_text(edu::state).starts_with("interrupt: MSI"))
		SKIP(return, "the device does not use MSI");
	EXPECT_VALUE(4, fd.pwrite("kept", 0));
	ASSERT_VALUE(2, config.pread(&control, 2, msi + 2));
	const unsigned short off = control & ~1;
	ASSERT_VALUE(2, config.pwrite(&off, 2, msi + 2));
	EXPECT_ERRNO(ETIMEDOUT, read_into_free_memory(fd, memory, 4));
	ASSERT_VALUE(2, config.pwrite(&control, 2, msi + 2));
	EXPECT_TRUE(memory.text(4) == "kept");
	EXPECT_TEXT("kept", take_at(fd, 4, 0));
}

/* It asks for no sleep first; told that there will be one, it takes another thread. */
TEST_F(edu_dma, through_io_uring)
{
	const std::string bytes = pattern(500);
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(2));
	RING_OR_SKIP(ring);

	memory.put(bytes, page_size - 77);
	ASSERT_OK(ring.start_write(fd, memory.page(1) - 77, 500, 0, 33));
	EXPECT_VALUE(500, ring.wait());
	memory.put(std::string(2 * page_size, '#'));
	ASSERT_OK(ring.start_read(fd, memory.page(1) - 99, 500, 0, 33));
	EXPECT_VALUE(500, ring.wait());
	EXPECT_TRUE(memory.text().substr(page_size - 99, 500) == bytes);
	EXPECT_EQ('#', memory[page_size - 100]);
	EXPECT_EQ('#', memory[page_size + 401]);
	ASSERT_OK(ring.start_read(fd, memory.page(0), 1, 0, device_size));
	EXPECT_VALUE(0, ring.wait());
	ASSERT_OK(ring.start_write(fd, memory.page(0), 1, 0, device_size));
	EXPECT_ERRNO(ENOSPC, ring.wait());
	ASSERT_OK(ring.start_read(fd, end_of_memory(), 1));
	EXPECT_ERRNO(EFAULT, ring.wait());
	ASSERT_OK(ring.start_read(fd, memory.page(0), 1, RWF_NOWAIT));
	EXPECT_ERRNO(EOPNOTSUPP, ring.wait());
}

/* Memory that io_uring has pinned, once for all transfers. */
TEST_F(edu_dma, through_io_uring_with_fixed_buffers)
{
	const std::string bytes = pattern(200, 3);
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(2));
	iovec buffer = { memory.page(0), memory.bytes() };
	RING_OR_SKIP(ring);

	ASSERT_EQ(0, io_uring_register_buffers(ring.get(), &buffer, 1));
	memory.put(bytes, page_size - 11);
	ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
		io_uring_prep_write_fixed(sqe, fd.get(), memory.page(1) - 11, 200, 5, 0);
	}));
	EXPECT_VALUE(200, ring.wait());
	ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
		io_uring_prep_read_fixed(sqe, fd.get(), memory.page(0) + 1, 200, 5, 0);
	}));
	EXPECT_VALUE(200, ring.wait());
	EXPECT_TRUE(memory.text().substr(1, 200) == bytes);
	EXPECT_EQ(0, io_uring_unregister_buffers(ring.get()));
	wait_until([] { return edu::pinned_pages() == 0; });
}

/* What the device writes into a page of a file is written to the file. */
TEST_F(edu_dma, memory_of_files)
{
	Fd fd = ASSERT_OK(edu::open());
	Fd file = ASSERT_OK(memory_file(std::string(2 * page_size, '.')));
	Mapping mapping = ASSERT_OK(map(file, { .pages = 2 }));

	EXPECT_VALUE(6, fd.pwrite("a file", 50));
	EXPECT_VALUE(6, fd.pread(mapping.page(1) - 3, 6, 50));
	EXPECT_TEXT("a file", take_at(file, 6, page_size - 3));
	ASSERT_VALUE(0, fd.seek(0));
	ASSERT_VALUE(off_t(page_size - 3), file.seek(page_size - 3));
	EXPECT_VALUE(6, send_file(file, fd, 6));
	EXPECT_TEXT("a file", take_at(fd, 6, 0));
	Pipe pipe = ASSERT_OK(Pipe::make());
	ASSERT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(6, splice_bytes(fd, pipe.wr, 6));
	EXPECT_TEXT("a file", take(pipe.rd, 6));
}

TEST_F(edu_dma, the_coherent_buffer)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping coherent = ASSERT_OK(edu::map_coherent(fd));
	Mapping same = ASSERT_OK(edu::map_coherent(fd, PROT_READ));

	coherent.put("coherent", 4000);
	EXPECT_EQ('h', same[4002]);
	EXPECT_OK(edu::copy(fd, { .coherent = 4000, .device = 11, .count = 8, .flags = 0 }));
	EXPECT_TEXT("coherent", take_at(fd, 8, 11));
	EXPECT_VALUE(6, fd.pwrite("device", 3));
	EXPECT_OK(edu::copy(fd, { 5, 3, 6, EDU_COPY_FROM_DEVICE }));
	EXPECT_TEXT("device", coherent.text().substr(5, 6));
	EXPECT_OK(edu::copy(fd, { 0, 0, device_size, EDU_COPY_FROM_DEVICE }));
	EXPECT_TEXT("device", coherent.text().substr(3, 6));
	EXPECT_OK(edu::copy(fd, { 1, 0, device_size, EDU_COPY_FROM_DEVICE }));
	EXPECT_TEXT("device", coherent.text().substr(4, 6));
	Child child = ASSERT_OK(Child::fork_to([&] {
		coherent.put("child");
		return 0;
	}));
	ASSERT_VALUE(0, child.wait());
	EXPECT_TRUE(same.text(5) == "child");
}

TEST_F(edu_dma, copies_end_with_the_buffers)
{
	const __u32 size = EDU_COHERENT_SIZE, device = device_size;
	Fd fd = ASSERT_OK(edu::open());

	for (const edu_copy &bad : {
		     edu_copy { 0, 0, device + 1, 0 },
		     edu_copy { 0, 1, device, 0 },
		     edu_copy { 0, device, 1, 0 },
		     edu_copy { 2, 0, device, 0 },
		     edu_copy { size, 0, 1, 0 },
		     edu_copy { 0, 0, 0xffffffff, 0 },
		     edu_copy { 0xffffffff, 0, 1, 0 },
		     edu_copy { 0, 0xffffffff, 1, 0 },
		     edu_copy { 0xffffffff, 0, 0xffffffff, 0 },
		     edu_copy { 0, 0, 1, 2 },
		     edu_copy { 0, 0, 1, 0x80000001 },
	     })
		EXPECT_ERRNO(EINVAL, edu::copy(fd, bad));
	EXPECT_OK(edu::copy(fd, { 0, 0, 0, 0 }));
	EXPECT_OK(edu::copy(fd, { size - 1, device - 1, 1, 0 }));
}

TEST_F(edu_dma, who_must_not_wait_is_told)
{
	Fd fd = ASSERT_OK(edu::open());
	Fd impatient = ASSERT_OK(edu::open(O_RDWR | O_NONBLOCK));
	char byte = 'x';
	iovec one = { &byte, 1 };

	EXPECT_ERRNO(EOPNOTSUPP, fd.readv(&one, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, impatient.pwrite("x", 0));
	Task writer = begun([&] { return write_long(fd); });
	Result<ssize_t> read = impatient.pread(&byte, 1, 0);
	Result<long> number = edu::number(impatient, EDU_IOC_FACTORIAL, 3);
	Result<int> copied = edu::copy(impatient, { 0, 0, 1, 0 });
	Result<int> events = impatient.poll(POLLIN | POLLOUT, 0);
	ASSERT_TRUE(edu::busy());
	EXPECT_ERRNO(EAGAIN, read);
	EXPECT_ERRNO(EAGAIN, number);
	EXPECT_ERRNO(EAGAIN, copied);
	EXPECT_VALUE(0, events);
	EXPECT_VALUE(POLLIN | POLLOUT, impatient.poll(POLLIN | POLLOUT, -1));
	EXPECT_VALUE(8, writer.join());
}

TEST_F(edu_dma, a_signal_ends_the_wait_for_the_device)
{
	Fd fd = ASSERT_OK(edu::open());
	char bytes[4000];

	install_counter(SIGUSR1, 0);
	Task first = begun([&] { return write_long(fd); });
	Task second([&] { return fd.pread(bytes, sizeof(bytes), 0); });
	wait_until([&] { return second.slept_once(); });
	second.signal(SIGUSR1);
	EXPECT_ERRNO(EINTR, second.join());
	EXPECT_VALUE(8, first.join());
}

TEST_F(edu_dma, a_signal_does_not_end_a_transfer)
{
	Fd fd = ASSERT_OK(edu::open());

	install_counter(SIGUSR1, 0);
	Task writer = begun([&] { return fd.pwrite("whole", 0); });
	writer.signal(SIGUSR1);
	EXPECT_VALUE(5, writer.join());
	EXPECT_EQ(1, handled_signals.load());
	EXPECT_TEXT("whole", take_at(fd, 5, 0));
}

/* The device is kept from the memory of who is gone, and works for the next. */
TEST_F(edu_dma, a_transfer_of_who_is_killed)
{
	Fd fd = ASSERT_OK(edu::open());

	for (int round = 0; round < 3; round++) {
		Child child = ASSERT_OK(Child::fork_to([&] {
			char bytes[1000];

			for (;;)
				static_cast<void>(fd.pread(bytes, sizeof(bytes), 0));
			return 0;
		}));
		edu::wait_until_busy();
		child.kill(SIGKILL);
		EXPECT_VALUE(128 + SIGKILL, child.wait());
		EXPECT_VALUE(4, fd.pwrite("next", 0));
		EXPECT_TEXT("next", take_at(fd, 4, 0));
		EXPECT_EQ(0, field_of(edu::state, "cut off"));
	}
}

/* Bug 19: what was given up never happens, and nothing is taken for done. */
TEST_F(edu_dma, a_transfer_that_takes_too_long)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(1));
	long long before = attribute(edu::sysfs("timeouts"));

	EXPECT_VALUE(6, fd.pwrite("secret", 0));
	memory.put("mine!!");
	ASSERT_OK(edu::set_timeout(10));
	EXPECT_ERRNO(ETIMEDOUT, fd.pread(memory.page(0), 6, 0));
	EXPECT_EQ(1, field_of(edu::state, "cut off"));
	EXPECT_ERRNO(ETIMEDOUT, fd.pwrite("more", 0));
	EXPECT_EQ(before + 1, attribute(edu::sysfs("timeouts")));
	ASSERT_OK(edu::set_timeout(1000));
	/* Waits until the device has come to the end of the first. */
	EXPECT_VALUE(6, edu::number(fd, EDU_IOC_FACTORIAL, 3));
	EXPECT_EQ(0, field_of(edu::state, "cut off"));
	EXPECT_TRUE(memory.text(6) == "mine!!");
	EXPECT_TEXT("secret", take_at(fd, 6, 0));
}

/* A short count tells what had been transferred before. */
TEST_F(edu_dma, part_of_a_transfer_that_takes_too_long)
{
	Fd fd = ASSERT_OK(edu::open());
	char bytes[32] = {};
	iovec vector[32];
	long long before = attribute(edu::sysfs("interrupts"));

	for (int i = 0; i < 32; i++)
		vector[i] = { &bytes[i], 1 };
	Task writer([&] { return fd.writev(vector, 32); });
	wait_until([&] { return attribute(edu::sysfs("interrupts")) > before; });
	ASSERT_OK(edu::set_timeout(10));
	Result<ssize_t> got = writer.join();
	ASSERT_OK(edu::set_timeout(1000));
	ASSERT_TRUE(got.ok());
	EXPECT_GE(got.value(), 1);
	EXPECT_LT(got.value(), 32);
	EXPECT_VALUE(off_t(got.value()), fd.seek(0, SEEK_CUR));
}

/* The pages stay with it until the device says that it has ended. */
TEST_F(edu_dma, an_interrupt_that_comes_early)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping registers = ASSERT_OK(edu::map_registers(fd));
	Mapping memory = ASSERT_OK(map_memory(1));

	EXPECT_VALUE(6, fd.pwrite("at end", 0));
	Task reader([&] { return fd.pread(memory.page(0), 6, 0); });
	wait_until([&] { return edu::transfers(registers); });
	edu::reg(registers, edu::irq_raise) = 0x100;
	EXPECT_VALUE(6, reader.join());
	EXPECT_TRUE(memory.text(6) == "at end");
}

TEST_F(edu_dma, several_users_get_their_own_bytes)
{
	std::vector<Task<bool>> users;

	for (off_t user = 0; user < 4; user++)
		users.emplace_back([user] {
			const std::string bytes = pattern(900, user * 1000);
			Result<Fd> fd = edu::open();
			bool good = fd.ok();

			for (int round = 0; good && round < 3; round++)
				good = fd.value().pwrite(bytes, user * 1000).ok() &&
				       take_at(fd.value(), 900, user * 1000) == bytes;
			return good;
		});
	for (Task<bool> &user : users)
		EXPECT_TRUE(user.join());
}

/* The pages stay with the transfer, whatever becomes of the mapping. */
TEST_F(edu_dma, memory_that_is_unmapped_meanwhile)
{
	const std::string bytes = pattern(3000);
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(1));

	memory.put(bytes);
	unsigned char *at = memory.page(0);
	Task writer = begun([&] { return fd.pwrite(at, 3000, 0); });
	memory.reset();
	Mapping other = ASSERT_OK(map_memory(1));
	other.put(std::string(page_size, '#'));
	EXPECT_VALUE(3000, writer.join());
	EXPECT_TRUE(take_at(fd, 3000, 0) == bytes);
}

/* Who forks gets a copy; the device writes to the pages of who has asked for it. */
TEST_F(edu_dma, a_fork_meanwhile)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(1));

	ASSERT_VALUE(6, fd.pwrite("parent", 0));
	memory.put("before");
	Task reader = begun([&] { return fd.pread(memory.page(0), 6, 0); });
	Child child = ASSERT_OK(Child::fork_to([&] {
		memory.put("child!");
		return 0;
	}));
	EXPECT_VALUE(0, child.wait());
	memory[100] = 'x';
	EXPECT_VALUE(6, reader.join());
	EXPECT_TRUE(memory.text(6) == "parent");
}

TEST_HARNESS_MAIN
