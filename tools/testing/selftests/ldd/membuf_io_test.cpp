// SPDX-License-Identifier: GPL-2.0
/*
 * gmemp, my_demo_dev and kmalloc_map: a buffer of fixed size, by calls that copy.
 */
#include <climits>
#include <sys/stat.h>

#include "bytes.hpp"
#include "device.hpp"
#include "harness.hpp"
#include "ring.hpp"

using namespace ldd;

FIXTURE(membuf)
{
	long size;
};

FIXTURE_VARIANT(membuf)
{
	const char *name;
	int pages;
};

FIXTURE_VARIANT_ADD(membuf, gmemp) {
	.name = "gmemp",
	.pages = 1,
};

FIXTURE_VARIANT_ADD(membuf, my_demo_dev) {
	.name = "my_demo_dev",
	.pages = 10,
};

FIXTURE_VARIANT_ADD(membuf, kmalloc_map) {
	.name = "kmalloc_map",
	.pages = 10,
};

namespace
{
Result<ssize_t> fill(const char *name, const std::string &bytes)
{
	Result<Fd> fd = open_device(name);

	if (!fd.ok())
		return Result<ssize_t>::failure(fd.error(), { "open", name });
	return fd.value().write(bytes);
}

/* All there is, whatever another file has its offset at. */
std::string content(const char *name)
{
	Result<Fd> fd = open_device(name, O_RDONLY);

	return fd.ok() ? take(fd.value(), 1 << 20) : "";
}

} /* namespace */

FIXTURE_SETUP(membuf)
{
	const std::string node = std::string("/dev/") + variant->name;
	const std::string state = std::string("/sys/kernel/debug/ldd/") + variant->name + "/state";
	const char *why = why_not(variant->name, node.c_str(), state.c_str());

	if (why)
		SKIP(return, "%s", why);
	self->size = variant->pages * sysconf(_SC_PAGESIZE);
	ASSERT_VALUE(self->size, fill(variant->name, pattern(self->size)));
}

FIXTURE_TEARDOWN(membuf)
{
	ASSERT_VALUE(self->size, fill(variant->name, std::string(self->size, '\0')));
}

TEST_F(membuf, reads_at_the_edges)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	const long size = self->size;
	const std::string bytes = pattern(size);
	const struct {
		off_t at;
		long count, result;
	} reads[] = {
		{ 0, 1, 1 },	       { 0, size, size },	{ 0, size + 1, size },
		{ 1, size, size - 1 }, { size / 2, 100, 100 },	{ size - 1, 1, 1 },
		{ size - 1, 2, 1 },    { size, 1, 0 },		{ size + 1, 1, 0 },
		{ 1LL << 32, 1, 0 },   { LLONG_MAX - 1, 1, 0 },
	};

	for (auto [at, count, result] : reads) {
		std::string got(count, '\0');

		ASSERT_VALUE(result, fd.pread(got.data(), count, at));
		if (result) {
			ASSERT_TRUE(got.substr(0, result) == bytes.substr(at, result));
		}
	}
	EXPECT_VALUE(0, fd.seek(0, SEEK_CUR));
}

/* And what is around stays as it was. */
TEST_F(membuf, writes_at_the_edges)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	const long size = self->size;
	std::string wanted = pattern(size);
	const struct {
		off_t at;
		long count, result;
	} writes[] = {
		{ 0, 1, 1 },	    { 1, 1, 1 },	{ size - 1, 1, 1 },    { size - 1, 2, 1 },
		{ size - 7, 9, 7 }, { size / 2, 9, 9 }, { 1, size, size - 1 },
	};

	for (auto [at, count, result] : writes) {
		std::string bytes = pattern(count, at + 17);

		wanted.replace(at, result, bytes.substr(0, result));
		ASSERT_VALUE(result, fd.pwrite(bytes, at));
		ASSERT_TRUE(content(variant->name) == wanted);
	}
	for (off_t at : { off_t(size), off_t(size + 1), off_t(1) << 32, off_t(LLONG_MAX - 1) }) {
		EXPECT_ERRNO(ENOSPC, fd.pwrite("x", at));
	}
	EXPECT_TRUE(content(variant->name) == wanted);
	EXPECT_VALUE(0, fd.seek(0, SEEK_CUR));
}

TEST_F(membuf, offsets_that_no_file_has)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	char c = 'x';

	for (off_t at : { off_t(-1), off_t(LLONG_MIN), off_t(LLONG_MAX) }) {
		EXPECT_ERRNO(EINVAL, fd.pread(&c, 1, at));
		EXPECT_ERRNO(EINVAL, fd.pwrite(&c, 1, at));
	}
	EXPECT_TRUE(content(variant->name) == pattern(self->size));
}

TEST_F(membuf, empty_calls)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	char c;
	iovec iov[] = { { &c, 0 }, { &c, 0 } };

	for (off_t at : { off_t(0), off_t(self->size), off_t(LLONG_MAX) }) {
		EXPECT_VALUE(0, fd.pread(&c, 0, at));
		EXPECT_VALUE(0, fd.pwrite(&c, 0, at));
	}
	EXPECT_VALUE(0, fd.readv(iov, 2));
	EXPECT_VALUE(0, fd.writev(iov, 2));
}

TEST_F(membuf, seeks)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	const off_t size = self->size, bad = -EINVAL;
	const struct {
		off_t offset;
		int whence;
		off_t result;
	} seeks[] = {
		{ 0, SEEK_SET, 0 },	      { 1, SEEK_SET, 1 },
		{ size, SEEK_SET, size },     { size + 1, SEEK_SET, bad },
		{ -1, SEEK_SET, bad },	      { LLONG_MAX, SEEK_SET, bad },
		{ LLONG_MIN, SEEK_SET, bad }, { 0, SEEK_END, size },
		{ -1, SEEK_END, size - 1 },   { -size, SEEK_END, 0 },
		{ -size - 1, SEEK_END, bad }, { 1, SEEK_END, bad },
		{ LLONG_MAX, SEEK_END, bad }, { 0, SEEK_CUR, 7 },
		{ -7, SEEK_CUR, 0 },	      { -8, SEEK_CUR, bad },
		{ size - 7, SEEK_CUR, size }, { size - 6, SEEK_CUR, bad },
		{ LLONG_MAX, SEEK_CUR, bad }, { 0, SEEK_DATA, bad },
		{ 0, SEEK_HOLE, bad },	      { 0, 99, bad },
	};

	for (auto [offset, whence, result] : seeks) {
		ASSERT_VALUE(7, fd.seek(7));
		if (result == bad) {
			EXPECT_ERRNO(EINVAL, fd.seek(offset, whence));
			EXPECT_VALUE(7, fd.seek(0, SEEK_CUR));
		} else {
			EXPECT_VALUE(result, fd.seek(offset, whence));
			EXPECT_VALUE(result, fd.seek(0, SEEK_CUR));
		}
	}
}

TEST_F(membuf, reading_comes_to_an_end)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	std::string got, part;

	while (!(part = take(fd, 1009)).empty())
		got += part;
	EXPECT_TRUE(got == pattern(self->size));
	EXPECT_VALUE(self->size, fd.seek(0, SEEK_CUR));
}

/* `cat FILE >DEVICE` must not spin: with 0 as the result it would. */
TEST_F(membuf, writing_comes_to_an_end)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	Result<ssize_t> last = fd.write("");
	long sum = 0;

	do {
		last = fd.write(pattern(1009, sum + 5));
		sum += last.ok() ? last.value() : 0;
	} while (last.ok() && last.value() && sum <= self->size);
	EXPECT_ERRNO(ENOSPC, last);
	EXPECT_EQ(self->size, sum);
	EXPECT_VALUE(self->size, fd.seek(0, SEEK_CUR));
	EXPECT_TRUE(content(variant->name) == pattern(self->size, 5));
}

TEST_F(membuf, vectors)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	std::string out = pattern(100, 3), in(100, '\0');
	iovec to[] = { { out.data(), 30 }, { out.data() + 30, 0 }, { out.data() + 30, 70 } };
	iovec from[] = { { in.data(), 1 }, { in.data() + 1, 99 } };

	EXPECT_VALUE(100, fd.writev(to, 3));
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(100, fd.readv(from, 2));
	EXPECT_TRUE(in == out);
	EXPECT_VALUE(self->size - 50, fd.seek(-50, SEEK_END));
	EXPECT_VALUE(50, fd.writev(to, 3));
	EXPECT_ERRNO(ENOSPC, fd.writev(to, 3));
	EXPECT_VALUE(0, fd.readv(from, 2));
	EXPECT_VALUE(self->size - 50, fd.seek(-50, SEEK_END));
	EXPECT_VALUE(50, fd.readv(from, 2));
	EXPECT_TRUE(in.substr(0, 50) == out.substr(0, 50));
}

TEST_F(membuf, nothing_ever_waits)
{
	Fd fd = ASSERT_OK(open_device(variant->name, O_RDWR | O_NONBLOCK));
	char c = 'x';
	iovec iov = { &c, 1 };

	EXPECT_VALUE(1, fd.writev(&iov, 1, RWF_NOWAIT));
	c = 0;
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(1, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_EQ('x', c);
	EXPECT_VALUE(POLLIN | POLLOUT, fd.poll(POLLIN | POLLOUT, 0));
	EXPECT_VALUE(self->size, fd.seek(0, SEEK_END));
	EXPECT_VALUE(0, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_ERRNO(ENOSPC, fd.writev(&iov, 1, RWF_NOWAIT));
}

TEST_F(membuf, bad_buffers_change_nothing)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	char *bad = end_of_memory();
	iovec iov = { bad, 10 };

	EXPECT_ERRNO(EFAULT, fd.write(bad, 10));
	EXPECT_ERRNO(EFAULT, fd.writev(&iov, 1));
	EXPECT_ERRNO(EFAULT, fd.read(bad, 10));
	EXPECT_ERRNO(EFAULT, fd.readv(&iov, 1));
	EXPECT_VALUE(0, fd.pread(bad, 10, self->size));
	EXPECT_ERRNO(ENOSPC, fd.pwrite(bad, 10, self->size));
	EXPECT_VALUE(0, fd.seek(0, SEEK_CUR));
	EXPECT_TRUE(content(variant->name) == pattern(self->size));
}

/* What was copied counts, and only that. */
TEST_F(membuf, buffers_that_fault_half_way)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	std::string wanted = pattern(self->size);
	char *in = end_of_memory() - 20, *out = put_at_end(pattern(20, 99));

	ssize_t got = ASSERT_OK(fd.read(in, 100));
	ASSERT_LT(0, got);
	ASSERT_LE(got, 20);
	EXPECT_TRUE(std::string(in, got) == wanted.substr(0, got));
	EXPECT_VALUE(got, fd.seek(0, SEEK_CUR));
	ssize_t put = ASSERT_OK(fd.write(out, 100));
	ASSERT_LT(0, put);
	ASSERT_LE(put, 20);
	EXPECT_VALUE(got + put, fd.seek(0, SEEK_CUR));
	wanted.replace(got, put, pattern(put, 99));
	EXPECT_TRUE(content(variant->name) == wanted);
}

TEST_F(membuf, each_direction_needs_its_mode)
{
	Fd rd = ASSERT_OK(open_device(variant->name, O_RDONLY));
	Fd wr = ASSERT_OK(open_device(variant->name, O_WRONLY));
	char c = 'x';

	EXPECT_ERRNO(EBADF, rd.write("x"));
	EXPECT_ERRNO(EBADF, wr.read(&c, 1));
	EXPECT_TRUE(content(variant->name) == pattern(self->size));
	EXPECT_VALUE(1, wr.write("x"));
	EXPECT_VALUE(1, rd.read(&c, 1));
	EXPECT_EQ('x', c);
}

/* There is no end that could move: nothing is lost, and nothing is appended. */
TEST_F(membuf, neither_truncated_nor_appended_to)
{
	Fd truncate = ASSERT_OK(open_device(variant->name, O_RDWR | O_TRUNC));
	Fd append = ASSERT_OK(open_device(variant->name, O_WRONLY | O_APPEND));

	EXPECT_ERRNO(ENOSPC, append.write("x"));
	EXPECT_ERRNO(ENOSPC, append.pwrite("x", 0));
	EXPECT_ERRNO(EINVAL, result_of(ftruncate(truncate.get(), 0), { "ftruncate", "" }));
	EXPECT_TRUE(content(variant->name) == pattern(self->size));
}

TEST_F(membuf, who_shares_the_offset)
{
	Fd fd = ASSERT_OK(open_device(variant->name)), own = ASSERT_OK(open_device(variant->name));
	Fd copy(dup(fd.get()), "copy");
	Child child = ASSERT_OK(Child::fork_to([&] { return take(fd, 10) != pattern(10); }));

	EXPECT_VALUE(0, child.wait());
	EXPECT_TRUE(take(copy, 10) == pattern(10, 10));
	EXPECT_TRUE(take(fd, 10) == pattern(10, 20));
	EXPECT_TRUE(take(own, 10) == pattern(10));
}

TEST_F(membuf, processes_share_the_bytes)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	Pipe there = ASSERT_OK(Pipe::make()), back = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		if (!fill(variant->name, "from the child").ok() || !there.wr.write("x").ok())
			return 1;
		return take(back.rd, 1) == "x" &&
				       content(variant->name).substr(5, 10) == "the parent"
			       ? 0
			       : 2;
	}));

	EXPECT_TEXT("x", take(there.rd, 1));
	EXPECT_TEXT("from the child", take_at(fd, 14, 0));
	EXPECT_VALUE(6, fd.pwrite("parent", 9));
	EXPECT_VALUE(1, back.wr.write("x"));
	EXPECT_VALUE(0, child.wait());
}

TEST_F(membuf, splice_from_a_pipe_and_to_one)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	Pipe in = ASSERT_OK(Pipe::make()), out = ASSERT_OK(Pipe::make());

	ASSERT_OK(fd.seek(-3000, SEEK_END));
	EXPECT_VALUE(3000, splice_bytes(fd, out.wr, 5000));
	EXPECT_VALUE(0, splice_bytes(fd, out.wr, 5000));
	EXPECT_TRUE(take(out.rd, 5000) == pattern(3000, self->size - 3000));
	ASSERT_VALUE(3000, in.wr.write(pattern(3000, 7)));
	ASSERT_OK(fd.seek(-2000, SEEK_END));
	EXPECT_VALUE(2000, splice_bytes(in.rd, fd, 3000));
	EXPECT_ERRNO(ENOSPC, splice_bytes(in.rd, fd, 3000));
	EXPECT_TRUE(take_at(fd, 5000, self->size - 2000) == pattern(2000, 7));
	EXPECT_TRUE(take(in.rd, 5000) == pattern(1000, 2007));
}

TEST_F(membuf, sendfile_to_a_file_and_back)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	Fd in = ASSERT_OK(memory_file(pattern(4000, 5))), out = ASSERT_OK(memory_file(""));

	EXPECT_VALUE(4000, send_file(fd, out, 4000));
	EXPECT_TRUE(take_at(out, 5000, 0) == pattern(4000));
	EXPECT_VALUE(4000, fd.seek(0, SEEK_CUR));
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(4000, send_file(in, fd, 4000));
	EXPECT_TRUE(take_at(fd, 4000, 0) == pattern(4000, 5));
}

TEST_F(membuf, io_uring)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(open_device(variant->name));
	const int size = self->size;
	std::string in(size, '\0');

	ASSERT_OK(ring.start_read(fd, in.data(), size, 0, 10));
	EXPECT_VALUE(size - 10, ring.wait());
	EXPECT_TRUE(in.substr(0, size - 10) == pattern(size - 10, 10));
	ASSERT_OK(ring.start_read(fd, in.data(), 1, RWF_NOWAIT, size));
	EXPECT_VALUE(0, ring.wait());
	ASSERT_OK(ring.start_write(fd, "12345", 5, RWF_NOWAIT, size - 3));
	EXPECT_VALUE(3, ring.wait());
	ASSERT_OK(ring.start_write(fd, "12345", 5, 0, size));
	EXPECT_ERRNO(ENOSPC, ring.wait());
	EXPECT_TEXT("123", take_at(fd, 10, size - 3));
}

TEST_F(membuf, attributes)
{
	const std::string cache = read_text(attribute_of(variant->name, "cache"));
	const std::string state = std::string("/sys/kernel/debug/ldd/") + variant->name + "/state";

	EXPECT_EQ(self->size, attribute(attribute_of(variant->name, "size")));
	EXPECT_EQ(0, attribute(attribute_of(variant->name, "mappings")));
	EXPECT_TRUE(cache == "wb\n" || cache == "wc\n" || cache == "uc\n");
	for (const char *what : { "size", "mappings", "cache" }) {
		struct stat st;

		ASSERT_EQ(0, stat(attribute_of(variant->name, what).c_str(), &st));
		EXPECT_EQ(mode_t(S_IFREG | 0444), st.st_mode);
	}
	EXPECT_EQ(self->size, field_of(state, "size"));
	EXPECT_EQ(0, field_of(state, "mappings"));
	EXPECT_NE(std::string::npos, read_text(state).find("cache:    " + cache));
}

TEST_HARNESS_MAIN
