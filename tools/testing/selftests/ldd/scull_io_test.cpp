// SPDX-License-Identifier: GPL-2.0
/*
 * scullp and scullv: which bytes go in, which come out, and what memory that
 * takes.
 */
#include <climits>
#include <vector>

#include "bytes.hpp"
#include "ring.hpp"
#include "scull_fixture.hpp"

using namespace ldd;

TEST_F(scull, what_goes_in_comes_out)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	std::string bytes = pattern(5 * self->cluster + 100);

	EXPECT_TEXT("", take(fd, 10));
	EXPECT_VALUE(ssize_t(bytes.size()), fd.write(bytes));
	EXPECT_TEXT("", take(fd, 10));
	EXPECT_EQ((long long)bytes.size(), dev.size());
	EXPECT_EQ(6 * self->cluster, dev.memory());
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_TRUE(take(fd, bytes.size() + 10) == bytes);
	EXPECT_TRUE(take_at(fd, 100, self->cluster - 50) == bytes.substr(self->cluster - 50, 100));
}

/* Memory is given back, and comes back as zeros. */
TEST_F(scull, holes_are_zeros_and_take_no_memory)
{
	const Scull dev(variant->device);
	const long cluster = self->cluster;
	Fd fd = ASSERT_OK(dev.open());
	std::string wanted(9 * cluster + 1, '\0');

	ASSERT_OK(fd.write(pattern(9 * cluster)));
	fd = ASSERT_OK(dev.empty());
	for (long at : { 9 * cluster, 3 * cluster + 7, 5 * cluster - 1 }) {
		wanted[at] = 'x';
		EXPECT_VALUE(1, fd.pwrite("x", at));
	}
	EXPECT_EQ(3 * cluster, dev.memory());
	EXPECT_EQ((long long)wanted.size(), dev.size());
	EXPECT_TRUE(take(fd, wanted.size() + 1) == wanted);
	EXPECT_EQ(3 * cluster, dev.memory());
}

/* Bug 12 */
TEST_F(scull, reads_allocate_nothing)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t far = 1LL << 40;

	ASSERT_VALUE(5, fd.write("hello"));
	for (off_t at : { off_t(5), off_t(6), off_t(self->cluster), off_t(1) << 32, far,
			  off_t(LLONG_MAX - 10) }) {
		EXPECT_TEXT("", take_at(fd, 10, at));
	}
	EXPECT_EQ(self->cluster, dev.memory());
	ASSERT_OK(dev.set("limit", LLONG_MAX));
	ASSERT_VALUE(3, fd.pwrite("far", far));
	EXPECT_EQ(far + 3, dev.size());
	EXPECT_EQ(2 * self->cluster, dev.memory());
	for (off_t at : { off_t(self->cluster), off_t(1) << 32, far - self->cluster }) {
		EXPECT_TRUE(take_at(fd, self->page, at) == std::string(self->page, '\0'));
	}
	EXPECT_TEXT("far", take_at(fd, 10, far));
	EXPECT_EQ(2 * self->cluster, dev.memory());
}

TEST_F(scull, offsets_that_no_file_has)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	char c = 'x';

	ASSERT_OK(dev.set("limit", LLONG_MAX));
	for (off_t at : { off_t(-1), off_t(LLONG_MIN), off_t(LLONG_MAX) }) {
		EXPECT_ERRNO(EINVAL, fd.pread(&c, 1, at));
		EXPECT_ERRNO(EINVAL, fd.pwrite(&c, 1, at));
	}
	EXPECT_EQ(0, dev.memory());
	EXPECT_VALUE(1, fd.pwrite(&c, 1, LLONG_MAX - 1));
	EXPECT_EQ(LLONG_MAX, dev.size());
	EXPECT_EQ(self->cluster, dev.memory());
	EXPECT_TEXT("x", take_at(fd, 1, LLONG_MAX - 1));
}

/* Bug 11: what is around the bytes of a call stays as it was */
TEST_F(scull, writes_across_borders)
{
	const Scull dev(variant->device);
	const long cluster = self->cluster;
	Fd fd = ASSERT_OK(dev.open());
	std::string wanted = pattern(5 * cluster);

	ASSERT_VALUE(ssize_t(wanted.size()), fd.write(wanted));
	for (long from :
	     { 0L, 1L, self->page - 1, cluster - 8, cluster - 1, cluster, cluster + 1 }) {
		for (long count :
		     { 1L, 2L, self->page, cluster - 1, cluster, cluster + 1, 2 * cluster + 9 }) {
			std::string bytes = pattern(count, from + count);

			wanted.replace(from, count, bytes);
			ASSERT_VALUE(count, fd.pwrite(bytes, from));
			ASSERT_TRUE(take_at(fd, count, from) == bytes);
			ASSERT_TRUE(take_at(fd, wanted.size() + 1, 0) == wanted)
			{
				TH_LOG("%ld bytes at %ld", count, from);
			}
		}
	}
	EXPECT_EQ(5 * cluster, dev.memory());
}

/* The same with nothing around: what is not written is zeros. */
TEST_F(scull, writes_across_borders_of_holes)
{
	const Scull dev(variant->device);
	const long cluster = self->cluster;

	for (long from : { 0L, 1L, cluster - 8, cluster - 1, cluster, cluster + 1 }) {
		for (long count : { 1L, 2L, cluster - 1, cluster, cluster + 1, 2 * cluster + 9 }) {
			Fd fd = ASSERT_OK(dev.empty());
			long first = from / cluster, last = (from + count - 1) / cluster;

			ASSERT_VALUE(count, fd.pwrite(pattern(count), from));
			ASSERT_EQ((last - first + 1) * cluster, dev.memory());
			ASSERT_TRUE(take(fd, from + count + 1) ==
				    std::string(from, '\0') + pattern(count));
			/* Nor is there anything left of others behind the end. */
			ASSERT_VALUE(1, fd.pwrite("x", (last + 1) * cluster - 1));
			ASSERT_TRUE(
				take_at(fd, 2 * cluster, from + count).find_first_not_of('\0') >=
				size_t((last + 1) * cluster - 1 - (from + count)));
		}
	}
}

TEST_F(scull, odd_pieces)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const std::string bytes = pattern(3 * self->cluster);
	std::string got, part;

	for (size_t at = 0; at < bytes.size(); at += 1237)
		ASSERT_OK(fd.write(bytes.substr(at, 1237)));
	ASSERT_VALUE(0, fd.seek(0));
	while (!(part = take(fd, 1009)).empty())
		got += part;
	EXPECT_TRUE(got == bytes);
}

TEST_F(scull, empty_calls)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	char c;
	iovec iov[] = { { &c, 0 }, { &c, 0 } };

	for (off_t at : { off_t(0), off_t(self->cluster), off_t(LLONG_MAX) }) {
		EXPECT_VALUE(0, fd.pread(&c, 0, at));
		EXPECT_VALUE(0, fd.pwrite(&c, 0, at));
	}
	EXPECT_VALUE(0, fd.readv(iov, 2, RWF_NOWAIT));
	EXPECT_VALUE(0, fd.writev(iov, 2, RWF_NOWAIT));
	EXPECT_EQ(0, dev.size());
	EXPECT_EQ(0, dev.memory());
}

TEST_F(scull, vectors)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	std::string out = pattern(2 * self->cluster), in(out.size(), '\0');
	const size_t half = self->cluster - 3, rest = out.size() - half;
	iovec to[] = { { out.data(), half },
		       { out.data() + half, 0 },
		       { out.data() + half, rest } };
	iovec from[] = { { in.data(), 1 }, { in.data() + 1, out.size() - 1 } };

	EXPECT_VALUE(ssize_t(out.size()), fd.writev(to, 3));
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(ssize_t(out.size()), fd.readv(from, 2));
	EXPECT_TRUE(in == out);
}

TEST_F(scull, a_limit)
{
	const Scull dev(variant->device);
	const long limit = 2 * self->cluster + 100;
	const std::string bytes = pattern(limit + 1000);
	Fd fd = ASSERT_OK(dev.open());
	Fd append = ASSERT_OK(dev.open(O_RDWR | O_APPEND));

	ASSERT_OK(dev.set("limit", limit));
	EXPECT_ERRNO(ENOSPC, fd.pwrite("x", limit));
	EXPECT_ERRNO(ENOSPC, fd.pwrite("x", 1LL << 40));
	EXPECT_EQ(0, dev.memory());
	EXPECT_VALUE(2, fd.pwrite("abc", limit - 2));
	EXPECT_EQ(limit, dev.size());
	EXPECT_ERRNO(ENOSPC, append.write("x"));
	EXPECT_VALUE(limit, fd.write(bytes));
	EXPECT_ERRNO(ENOSPC, fd.write("x"));
	EXPECT_VALUE(0, fd.write(""));
	EXPECT_EQ(limit, dev.size());
	EXPECT_TRUE(take_at(fd, bytes.size(), 0) == bytes.substr(0, limit));
}

/* What copies until nothing more goes comes to an end. */
TEST_F(scull, copying_ends)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	Result<ssize_t> last = fd.write("");
	long sum = 0;

	ASSERT_OK(dev.set("limit", 3 * self->cluster + 1));
	do {
		last = fd.write(pattern(1000));
		sum += last.ok() ? last.value() : 0;
	} while (last.ok() && sum <= 3 * self->cluster + 1);
	EXPECT_ERRNO(ENOSPC, last);
	EXPECT_EQ(3 * self->cluster + 1, sum);
}

TEST_F(scull, bad_buffers_change_nothing)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	char *bad = end_of_memory();
	iovec iov = { bad, 10 };

	for (off_t at : { off_t(0), off_t(self->cluster - 5), off_t(1) << 20 }) {
		EXPECT_ERRNO(EFAULT, fd.pwrite(bad, 10, at));
	}
	EXPECT_ERRNO(EFAULT, fd.writev(&iov, 1));
	EXPECT_EQ(0, dev.size());
	EXPECT_EQ(0, dev.memory());
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_ERRNO(EFAULT, fd.pwrite(bad, 10, 0));
	EXPECT_ERRNO(EFAULT, fd.pread(bad, 10, 0));
	EXPECT_VALUE(0, fd.pread(bad, 10, 5));
	EXPECT_VALUE(5, fd.seek(0, SEEK_CUR));
	EXPECT_EQ(self->cluster, dev.memory());
	EXPECT_TEXT("hello", take_at(fd, 10, 0));
}

/* What was copied counts; and memory is there only for that. */
TEST_F(scull, a_write_buffer_that_faults_half_way)
{
	const Scull dev(variant->device);
	const long border = self->cluster;

	for (long from : { 0L, border - 50, border - 20, border - 7 }) {
		char *at = put_at_end(pattern(20));
		Fd fd = ASSERT_OK(dev.empty());
		ssize_t put = ASSERT_OK(fd.pwrite(at, 100, from));

		ASSERT_LT(0, put);
		ASSERT_LE(put, 20);
		ASSERT_EQ(from + put, dev.size());
		ASSERT_EQ((from + put > border ? 2 : 1) * border, dev.memory());
		ASSERT_TRUE(take_at(fd, 200, from) == pattern(put));
	}
}

TEST_F(scull, a_read_buffer_that_faults_half_way)
{
	const Scull dev(variant->device);
	const long border = self->cluster;
	Fd fd = ASSERT_OK(dev.open());

	/* The second cluster is a hole, the third is not. */
	ASSERT_OK(fd.write(pattern(border)));
	ASSERT_VALUE(1, fd.pwrite("x", 2 * border));
	for (long from : { 0L, border - 50, border - 7, border, 2 * border - 7 }) {
		char *at = end_of_memory() - 20;

		ASSERT_VALUE(from, fd.seek(from));
		std::string wanted = take_at(fd, 100, from);
		ssize_t got = ASSERT_OK(fd.read(at, 100));
		ASSERT_LT(0, got);
		ASSERT_LE(got, 20);
		ASSERT_TRUE(std::string(at, got) == wanted.substr(0, got));
		ASSERT_VALUE(from + got, fd.seek(0, SEEK_CUR));
	}
}

TEST_F(scull, nowait_allocates_nothing)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	std::string bytes = pattern(2 * self->cluster);
	iovec iov = { bytes.data(), bytes.size() };

	EXPECT_ERRNO(EAGAIN, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_EQ(0, dev.memory());
	EXPECT_EQ(0, dev.size());
	EXPECT_VALUE(1, fd.pwrite("x", 0));
	EXPECT_VALUE(self->cluster, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_EQ(self->cluster, dev.memory());
	EXPECT_VALUE(0, fd.seek(0));
	EXPECT_VALUE(self->cluster, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(0, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_TRUE(bytes == pattern(2 * self->cluster));
}

/* Without a delay: async_test has those that complete later. */
TEST_F(scull, io_uring)
{
	RING_OR_SKIP(ring);
	const Scull dev(variant->device);

	ASSERT_OK(dev.set("delay", 0LL));
	Fd fd = ASSERT_OK(dev.open());
	const std::string out = pattern(2 * self->cluster);
	std::string in(out.size(), '\0');

	ASSERT_OK(ring.start_write(fd, out.data(), out.size(), 0, self->cluster - 1));
	EXPECT_VALUE(int(out.size()), ring.wait());
	ASSERT_OK(ring.start_read(fd, in.data(), in.size(), 0, self->cluster - 1));
	EXPECT_VALUE(int(in.size()), ring.wait());
	EXPECT_TRUE(in == out);
	ASSERT_OK(ring.start_read(fd, in.data(), in.size(), 0, dev.size()));
	EXPECT_VALUE(0, ring.wait());
	ASSERT_OK(ring.start_write(fd, out.data(), 1, RWF_NOWAIT, 9 * self->cluster));
	EXPECT_ERRNO(EAGAIN, ring.wait());
	ASSERT_OK(ring.start_write(fd, out.data(), 1, 0, dev.get("limit")));
	EXPECT_ERRNO(ENOSPC, ring.wait());
	EXPECT_EQ(3 * self->cluster, dev.memory());
}

TEST_F(scull, splice_from_a_pipe_and_to_one)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	Pipe in = ASSERT_OK(Pipe::make()), out = ASSERT_OK(Pipe::make());
	std::string bytes = pattern(3000);

	ASSERT_VALUE(3000, in.wr.write(bytes));
	ASSERT_OK(fd.seek(self->cluster - 1000));
	EXPECT_VALUE(3000, splice_bytes(in.rd, fd, 3000));
	EXPECT_EQ(self->cluster + 2000, dev.size());
	EXPECT_VALUE(0, splice_bytes(fd, out.wr, 5000));
	ASSERT_OK(fd.seek(self->cluster - 1000));
	EXPECT_VALUE(3000, splice_bytes(fd, out.wr, 5000));
	EXPECT_TRUE(take(out.rd, 5000) == bytes);
	ASSERT_OK(dev.set("limit", dev.size()));
	ASSERT_VALUE(4, in.wr.write("left"));
	EXPECT_ERRNO(ENOSPC, splice_bytes(in.rd, fd, 4));
	EXPECT_TEXT("left", take(in.rd, 4));
}

TEST_F(scull, sendfile_to_a_file_and_back)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const std::string bytes = pattern(2 * self->cluster + 77);
	Fd in = ASSERT_OK(memory_file(bytes)), out = ASSERT_OK(memory_file(""));
	Result<ssize_t> sent = fd.write("");

	for (size_t sum = 0; sum < bytes.size(); sum += sent.value()) {
		sent = send_file(in, fd, bytes.size());
		ASSERT_OK(sent);
		ASSERT_LT(0, sent.value());
	}
	ASSERT_VALUE(0, fd.seek(0));
	do {
		sent = send_file(fd, out, bytes.size());
		ASSERT_OK(sent);
	} while (sent.value() > 0);
	EXPECT_TRUE(take_at(out, bytes.size() + 1, 0) == bytes);
}

/* Another process sees it at once, wherever it reads. */
TEST_F(scull, processes_share_the_bytes)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	Child child = ASSERT_OK(Child::fork_to([&] {
		Result<Fd> own = dev.open();
		const std::string bytes = pattern(2 * self->cluster);

		return !(own.ok() && own.value().write(bytes).ok());
	}));

	EXPECT_VALUE(0, child.wait());
	EXPECT_TRUE(take(fd, 3 * self->cluster) == pattern(2 * self->cluster));
}

TEST_HARNESS_MAIN
