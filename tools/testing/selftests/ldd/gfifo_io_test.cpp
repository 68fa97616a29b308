// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo: which bytes go in and which come out, with nobody waiting.
 */
#include <string>

#include "bytes.hpp"
#include "gfifo_fixture.hpp"

using namespace ldd;

TEST_F(gfifo, what_goes_in_comes_out)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_VALUE(6, fd.write("Hello,"));
	EXPECT_VALUE(14, fd.write(" global gfifo\n"));
	EXPECT_VALUE(20, gfifo::queued(fd));
	EXPECT_TEXT("Hello, global gfifo\n", take(fd, 100));
	EXPECT_VALUE(0, gfifo::queued(fd));
}

TEST_F(gfifo, read_takes_no_more_than_it_asked_for)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(6, fd.write("abcdef"));
	EXPECT_TEXT("a", take(fd, 1));
	EXPECT_TEXT("bcd", take(fd, 3));
	EXPECT_VALUE(2, fd.write("gh"));
	EXPECT_TEXT("efgh", take(fd, 4));
}

TEST_F(gfifo, write_takes_what_fits)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	std::string bytes = pattern(self->size + 100);

	EXPECT_VALUE(self->size, fd.write(bytes));
	EXPECT_VALUE(self->size, gfifo::queued(fd));
	EXPECT_ERRNO(EAGAIN, nonblock.write("x"));
	EXPECT_TRUE(take(fd, 10) == bytes.substr(0, 10));
	EXPECT_VALUE(10, fd.write(bytes.substr(self->size)));
	EXPECT_TRUE(take(fd, bytes.size()) == bytes.substr(10, self->size));
	EXPECT_VALUE(0, gfifo::queued(fd));
}

/* Bug 5: bytes that are moved by a memcpy() which overlaps itself */
TEST_F(gfifo, what_is_left_stays_as_it_was)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::string bytes = pattern(self->size);

	for (size_t count : { 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 1000, 2047, 2049 }) {
		ASSERT_VALUE(self->size, fd.write(bytes));
		ASSERT_TRUE(take(fd, count) == bytes.substr(0, count));
		ASSERT_VALUE(ssize_t(count), fd.write(pattern(count, self->size)));
		ASSERT_TRUE(take(fd, self->size) == pattern(self->size, count));
		ASSERT_VALUE(0, gfifo::queued(fd));
	}
}

TEST_F(gfifo, bytes_wrap_around_at_any_index)
{
	Fd fd = ASSERT_OK(gfifo::open());
	const long size = self->size;

	for (long index : { 0L, 1L, 2L, size / 2, size - 2, size - 1 }) {
		for (long count : { 1L, 2L, 3L, size - 1, size }) {
			ASSERT_OK(gfifo::move_to(fd, index));
			ASSERT_VALUE(count, fd.write(pattern(count)));
			ASSERT_TRUE(take(fd, size) == pattern(count));
		}
	}
}

TEST_F(gfifo, vectors)
{
	Fd fd = ASSERT_OK(gfifo::open());
	char out[] = "Hello, global gfifo", in[20] = {};
	iovec to[] = { { out, 5 }, { out + 5, 0 }, { out + 5, 10 }, { out + 15, 4 } };
	iovec from[] = { { in, 1 }, { in + 1, 17 }, { in + 18, 2 } };

	ASSERT_OK(gfifo::move_to(fd, self->size - 7));
	EXPECT_VALUE(19, fd.writev(to, 4));
	EXPECT_VALUE(19, fd.readv(from, 3));
	EXPECT_STREQ(out, in);
}

TEST_F(gfifo, a_vector_that_does_not_fit)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::string bytes = pattern(self->size + 50);
	iovec iov[] = { { bytes.data(), size_t(self->size - 10) },
			{ bytes.data() + self->size - 10, 60 } };

	EXPECT_VALUE(self->size, fd.writev(iov, 2));
	EXPECT_TRUE(take(fd, self->size) == bytes.substr(0, self->size));
}

/* Bug 7 */
TEST_F(gfifo, an_empty_call_returns_at_once)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	char c;
	iovec iov[] = { { &c, 0 }, { &c, 0 } };

	for (bool full : { false, true }) {
		if (full)
			ASSERT_VALUE(self->size, gfifo::fill(fd));
		for (const Fd *any : { &fd, &nonblock }) {
			EXPECT_VALUE(0, any->read(&c, 0));
			EXPECT_VALUE(0, any->write(&c, 0));
			EXPECT_VALUE(0, any->readv(iov, 2));
			EXPECT_VALUE(0, any->writev(iov, 2));
			EXPECT_VALUE(0, any->readv(iov, 2, RWF_NOWAIT));
			EXPECT_VALUE(0, any->writev(iov, 2, RWF_NOWAIT));
		}
		EXPECT_VALUE(full ? int(self->size) : 0, gfifo::queued(fd));
	}
}

TEST_F(gfifo, nonblocking)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	char c = 'x';
	iovec iov = { &c, 1 };

	EXPECT_ERRNO(EAGAIN, nonblock.read(&c, 1));
	EXPECT_ERRNO(EAGAIN, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, nonblock.write("x"));
	EXPECT_VALUE(1, nonblock.read(&c, 1));
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	EXPECT_ERRNO(EAGAIN, nonblock.write("x"));
	EXPECT_ERRNO(EAGAIN, fd.writev(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, fd.readv(&iov, 1, RWF_NOWAIT));
	EXPECT_VALUE(1, fd.writev(&iov, 1, RWF_NOWAIT));
}

TEST_F(gfifo, a_bad_buffer_changes_nothing)
{
	Fd fd = ASSERT_OK(gfifo::open());
	char *bad = end_of_memory();
	iovec iov = { bad, 10 };

	EXPECT_ERRNO(EFAULT, fd.write(bad, 10));
	EXPECT_ERRNO(EFAULT, fd.writev(&iov, 1));
	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_ERRNO(EFAULT, fd.read(bad, 10));
	EXPECT_ERRNO(EFAULT, fd.readv(&iov, 1));
	EXPECT_VALUE(5, gfifo::queued(fd));
	EXPECT_TEXT("hello", take(fd, 10));
}

/* What was copied counts; the rest comes with the next read. */
TEST_F(gfifo, a_read_buffer_that_faults_half_way)
{
	Fd fd = ASSERT_OK(gfifo::open());
	const long size = self->size;

	for (long index : { 0L, size - 7, size - 20, size - 50 }) {
		char *at = end_of_memory() - 20;

		ASSERT_OK(gfifo::move_to(fd, index));
		ASSERT_VALUE(100, fd.write(pattern(100)));
		ssize_t got = ASSERT_OK(fd.read(at, 100));
		ASSERT_LT(0, got);
		ASSERT_LE(got, 20);
		ASSERT_TRUE(std::string(at, got) == pattern(got));
		ASSERT_VALUE(int(100 - got), gfifo::queued(fd));
		ASSERT_TRUE(take(fd, 100) == pattern(100 - got, got));
	}
}

TEST_F(gfifo, a_write_buffer_that_faults_half_way)
{
	Fd fd = ASSERT_OK(gfifo::open());
	const long size = self->size;

	for (long index : { 0L, size - 7, size - 20, size - 50 }) {
		char *at = put_at_end(pattern(20));

		ASSERT_OK(gfifo::move_to(fd, index));
		ssize_t put = ASSERT_OK(fd.write(at, 100));
		ASSERT_LT(0, put);
		ASSERT_LE(put, 20);
		ASSERT_VALUE(int(put), gfifo::queued(fd));
		ASSERT_TRUE(take(fd, 100) == pattern(put));
	}
}

/* The first part of the vector is good, the second is not, the third is again. */
TEST_F(gfifo, vectors_that_fault_half_way)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::string bytes = pattern(64), in(64, '\0');
	char *bad = end_of_memory();
	iovec to[] = { { bytes.data(), 16 }, { bad, 16 }, { bytes.data() + 16, 16 } };
	iovec from[] = { { in.data(), 10 }, { bad, 16 }, { in.data() + 10, 16 } };

	for (long index : { 0L, self->size - 5, self->size - 16 }) {
		ASSERT_OK(gfifo::move_to(fd, index));
		ASSERT_VALUE(16, fd.writev(to, 3));
		ASSERT_VALUE(16, gfifo::queued(fd));
		ASSERT_VALUE(10, fd.readv(from, 3));
		ASSERT_TRUE(in.substr(0, 10) == bytes.substr(0, 10));
		ASSERT_TRUE(take(fd, 100) == bytes.substr(10, 6));
	}
}

TEST_F(gfifo, it_is_a_stream)
{
	Fd fd = ASSERT_OK(gfifo::open());
	char c = 'x';

	EXPECT_ERRNO(ESPIPE, fd.seek(0));
	EXPECT_ERRNO(ESPIPE, fd.pread(&c, 1, 0));
	EXPECT_ERRNO(ESPIPE, fd.pwrite(&c, 1, 0));
}

TEST_F(gfifo, each_direction_needs_its_mode)
{
	Fd rd = ASSERT_OK(gfifo::open(O_RDONLY));
	Fd wr = ASSERT_OK(gfifo::open(O_WRONLY));
	char c = 'x';

	EXPECT_ERRNO(EBADF, rd.write("x"));
	EXPECT_ERRNO(EBADF, wr.read(&c, 1));
	EXPECT_VALUE(1, wr.write("y"));
	EXPECT_VALUE(1, rd.read(&c, 1));
	EXPECT_EQ('y', c);
}

/* Bytes belong to the device: they outlive whoever wrote them. */
TEST_F(gfifo, bytes_outlive_the_file)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(5, fd.write("hello"));
	fd.reset();
	fd = ASSERT_OK(gfifo::open());
	EXPECT_TEXT("hello", take(fd, 10));
}

TEST_F(gfifo, splice_from_a_pipe_and_to_one)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Pipe in = ASSERT_OK(Pipe::make()), out = ASSERT_OK(Pipe::make());
	std::string bytes = pattern(3000);

	ASSERT_OK(gfifo::move_to(fd, self->size - 1000));
	ASSERT_VALUE(3000, in.wr.write(bytes));
	EXPECT_VALUE(3000, splice_bytes(in.rd, fd, 3000));
	EXPECT_VALUE(3000, gfifo::queued(fd));
	EXPECT_VALUE(3000, splice_bytes(fd, out.wr, 5000));
	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_TRUE(take(out.rd, 5000) == bytes);
}

TEST_F(gfifo, splice_without_waiting)
{
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	Pipe pipe = ASSERT_OK(Pipe::make());

	EXPECT_ERRNO(EAGAIN, splice_bytes(nonblock, pipe.wr, 10));
	ASSERT_VALUE(self->size, gfifo::fill(nonblock));
	ASSERT_VALUE(4, pipe.wr.write("left"));
	EXPECT_ERRNO(EAGAIN, splice_bytes(pipe.rd, nonblock, 4));
	EXPECT_TEXT("left", take(pipe.rd, 4));
}

TEST_F(gfifo, sendfile_queues_a_file)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::string bytes = pattern(2500);
	Fd file = ASSERT_OK(memory_file(bytes));

	EXPECT_VALUE(2500, send_file(file, fd, 2500));
	EXPECT_TRUE(take(fd, 5000) == bytes);
}

TEST_F(gfifo, attributes_count)
{
	const std::string sysfs = gfifo::sysfs;
	Fd fd = ASSERT_OK(gfifo::open());
	long long rd = attribute(sysfs + "bytes_read");
	long long wr = attribute(sysfs + "bytes_written");

	EXPECT_EQ(self->size, attribute(sysfs + "size"));
	EXPECT_EQ(0, attribute(sysfs + "queued"));
	EXPECT_VALUE(10, fd.write("0123456789"));
	EXPECT_TEXT("0123", take(fd, 4));
	EXPECT_EQ(6, attribute(sysfs + "queued"));
	EXPECT_EQ(rd + 4, attribute(sysfs + "bytes_read"));
	EXPECT_EQ(wr + 10, attribute(sysfs + "bytes_written"));
	EXPECT_EQ(self->size, field_of(gfifo::state, "size"));
	EXPECT_EQ(6, field_of(gfifo::state, "head") - field_of(gfifo::state, "tail"));
}

TEST_HARNESS_MAIN
