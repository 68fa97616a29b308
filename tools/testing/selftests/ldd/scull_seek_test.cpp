// SPDX-License-Identifier: GPL-2.0
/*
 * scullp and scullv: lseek(2), with data and holes.
 */
#include <climits>

#include "bytes.hpp"
#include "scull_fixture.hpp"

using namespace ldd;

namespace
{
struct Seek {
	off_t from;
	/* Or -errno. */
	off_t to;
};

constexpr off_t none = -ENXIO;

/* Does each seek lead where it should, or leave the offset where it is? */
template <size_t n> std::string wrong_seeks(const Fd &fd, int whence, const Seek (&seeks)[n])
{
	const off_t before = 7;
	std::string wrong;

	for (auto [from, to] : seeks) {
		if (!fd.seek(before).ok())
			return "no seek at all";
		Result<off_t> got = fd.seek(from, whence);
		off_t result = got.ok() ? got.value() : -got.error();
		Result<off_t> now = fd.seek(0, SEEK_CUR);
		if (result != to || now.value() != (to < 0 ? before : to))
			wrong += got.text() + ", expected " + std::to_string(to) + "; ";
	}
	return wrong;
}

} /* namespace */

TEST_F(scull, seeks)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t bad = -EINVAL;

	ASSERT_VALUE(100, fd.write(pattern(100)));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_SET,
				    { { 0, 0 },
				      { 100, 100 },
				      { 1LL << 40, 1LL << 40 },
				      { LLONG_MAX, LLONG_MAX },
				      { -1, bad },
				      { LLONG_MIN, bad } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_CUR,
				    { { 0, 7 },
				      { -7, 0 },
				      { -8, bad },
				      { LLONG_MAX - 7, LLONG_MAX },
				      { LLONG_MAX - 6, bad } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_END,
				    { { 0, 100 },
				      { -100, 0 },
				      { -101, bad },
				      { 1, 101 },
				      { LLONG_MAX - 100, LLONG_MAX },
				      { LLONG_MAX - 99, bad } }));
	EXPECT_TEXT("", wrong_seeks(fd, 99, { { 0, bad } }));
	EXPECT_EQ(100, dev.size());
	EXPECT_EQ(self->cluster, dev.memory());
}

TEST_F(scull, nothing_is_neither_data_nor_hole)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const Seek seeks[] = { { 0, none }, { 1, none }, { -1, none }, { LLONG_MAX, none } };

	EXPECT_TEXT("", wrong_seeks(fd, SEEK_DATA, seeks));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_HOLE, seeks));
}

TEST_F(scull, data_only)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t size = 2 * self->cluster + 10;

	ASSERT_VALUE(size, fd.write(pattern(size)));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_DATA,
				    { { 0, 0 },
				      { 9, 9 },
				      { size - 1, size - 1 },
				      { size, none },
				      { size + 1, none },
				      { -1, none } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_HOLE,
				    { { 0, size },
				      { self->cluster, size },
				      { size - 1, size },
				      { size, none },
				      { LLONG_MAX, none },
				      { -1, none } }));
}

TEST_F(scull, a_hole_first)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t start = 3 * self->cluster, size = start + 6;

	ASSERT_VALUE(1, fd.pwrite("x", size - 1));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_DATA,
				    { { 0, start },
				      { 9, start },
				      { start - 1, start },
				      { start + 1, start + 1 },
				      { size, none } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_HOLE,
				    { { 0, 0 },
				      { 9, 9 },
				      { start - 1, start - 1 },
				      { start, size },
				      { size - 1, size },
				      { size, none } }));
}

TEST_F(scull, a_hole_in_the_middle)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t hole = self->cluster, data = 4 * hole, size = data + 1;

	ASSERT_VALUE(1, fd.pwrite("x", 0));
	ASSERT_VALUE(1, fd.pwrite("x", data));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_DATA,
				    { { 0, 0 },
				      { hole - 1, hole - 1 },
				      { hole, data },
				      { data - 1, data },
				      { data, data } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_HOLE,
				    { { 0, hole },
				      { hole - 1, hole },
				      { hole, hole },
				      { data - 1, data - 1 },
				      { data, size } }));
}

/* Nor does a write that failed leave anything there. */
TEST_F(scull, nothing_behind_the_end)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());

	ASSERT_VALUE(1, fd.pwrite("x", 0));
	ASSERT_ERRNO(EFAULT, fd.pwrite(end_of_memory(), 10, 2 * self->cluster));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_DATA, { { 0, 0 }, { 1, none } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_HOLE, { { 0, 1 }, { 1, none } }));
}

/* However far it is. */
TEST_F(scull, a_great_hole)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t far = 1LL << 62;

	ASSERT_OK(dev.set("limit", LLONG_MAX));
	ASSERT_VALUE(1, fd.pwrite("x", 0));
	ASSERT_VALUE(1, fd.pwrite("x", far));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_DATA, { { self->cluster, far }, { far + 1, none } }));
	EXPECT_TEXT("", wrong_seeks(fd, SEEK_HOLE, { { 0, self->cluster }, { far, far + 1 } }));
}

/* What `cp --sparse` and the like do: the data, and nothing else. */
TEST_F(scull, a_sparse_copy)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const off_t cluster = self->cluster;
	std::string copy(7 * cluster + 5, '\0');
	long copied = 0;

	for (off_t at : { off_t(1), 3 * cluster - 1, 3 * cluster, 7 * cluster })
		ASSERT_VALUE(5, fd.pwrite("12345", at));
	for (Result<off_t> data = fd.seek(0, SEEK_DATA); data.ok();) {
		off_t from = data.value();
		off_t to = ASSERT_OK(fd.seek(from, SEEK_HOLE));

		copy.replace(from, to - from, take_at(fd, to - from, from));
		copied += to - from;
		data = fd.seek(to, SEEK_DATA);
	}
	EXPECT_TRUE(copy == take_at(fd, copy.size() + 1, 0));
	EXPECT_EQ(3 * cluster + 5, copied);
}

TEST_HARNESS_MAIN
