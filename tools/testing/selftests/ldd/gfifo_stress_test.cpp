// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo with many readers and writers at once: every byte is accounted for.
 */
#include <array>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gfifo_fixture.hpp"
#include "race.hpp"

using namespace ldd;

namespace
{
constexpr int milliseconds = 100;

/* Divides the size of every FIFO: a transfer of whole records is never cut. */
struct Record {
	__u32 writer, seq;
	std::array<__u32, 13> filler;
	__u32 sum;

	static Record make(__u32 writer, __u32 seq)
	{
		Record record = { writer, seq, {}, 0 };

		record.filler.fill(writer * 7919 + seq);
		record.sum = record.sum_of();
		return record;
	}

	__u32 sum_of() const
	{
		return std::accumulate(filler.begin(), filler.end(), writer * 31 + seq);
	}

	bool is_intact() const { return sum == sum_of() && filler[0] == writer * 7919 + seq; }
};

static_assert(sizeof(Record) == 64);

constexpr __u32 last_seq = ~0U;

/* How one waits for the device. */
enum class Wait { block, poll, nowait };

const Wait waits[] = { Wait::block, Wait::poll, Wait::nowait, Wait::block };

/* Wait after EAGAIN. A signal may interrupt anything, at any time. */
bool again(const Fd &fd, const Result<ssize_t> &result, Wait wait, short events)
{
	if (result.error() == EINTR)
		return true;
	if (result.error() != EAGAIN || wait == Wait::block)
		return false;
	if (wait == Wait::poll)
		static_cast<void>(fd.poll(events, -1));
	else
		sched_yield();
	return true;
}

Result<Fd> open_for(Wait wait, int mode)
{
	return gfifo::open(mode | (wait == Wait::block ? 0 : O_NONBLOCK));
}

/* Write @count records; the number of those that went wrong. */
int put_records(const Fd &fd, Wait wait, const Record *records, int count)
{
	while (count > 0) {
		Result<ssize_t> put = fd.write(records, count * sizeof(Record));

		if (!put.ok()) {
			if (again(fd, put, wait, POLLOUT))
				continue;
			return count;
		}
		if (put.value() % sizeof(Record))
			return count;
		records += put.value() / sizeof(Record);
		count -= put.value() / sizeof(Record);
	}
	return 0;
}

/* What readers saw: of each writer, how many records and the sum of their numbers. */
struct Tally {
	static constexpr int writers = 4;

	std::array<long, writers> count = {}, sum = {};
	int bad = 0;
	bool last = false;

	void add(const Record &record, std::array<long, writers> &seen)
	{
		if (!record.is_intact()) {
			bad++;
		} else if (record.seq == last_seq) {
			last = true;
		} else {
			count[record.writer]++;
			sum[record.writer] += record.seq;
			/* One reader sees the records of one writer in order. */
			bad += record.seq <= seen[record.writer];
			seen[record.writer] = record.seq;
		}
	}
};

/* Read until the record that says so; up to three at a time. */
Tally read_records(Wait wait, int at_once)
{
	Result<Fd> fd = open_for(wait, O_RDONLY);
	std::array<long, Tally::writers> seen = {};
	std::array<Record, 3> records;
	Tally tally;

	while (fd.ok() && !tally.last) {
		Result<ssize_t> got = fd.value().read(records.data(), at_once * sizeof(Record));

		if (!got.ok()) {
			if (again(fd.value(), got, wait, POLLIN))
				continue;
			tally.bad++;
			break;
		}
		tally.bad += got.value() <= 0 || got.value() % sizeof(Record);
		for (size_t i = 0; i < got.value() / sizeof(Record); i++)
			tally.add(records[i], seen);
	}
	return tally;
}

/* Write records numbered from 1, up to three at a time; how many, or -1. */
long write_records(__u32 writer, Wait wait)
{
	Result<Fd> fd = open_for(wait, O_WRONLY);
	__u32 seq = 0;

	for (Budget budget(milliseconds, 30); budget.more();) {
		std::array<Record, 3> records;
		int count = seq % 3 + 1;

		for (int i = 0; i < count; i++)
			records[i] = Record::make(writer, ++seq);
		if (!fd.ok() || put_records(fd.value(), wait, records.data(), count))
			return -1;
	}
	return seq;
}

/* Signals, again and again, to every task that is there. */
template <typename T> class Signaller {
public:
	explicit Signaller(const std::vector<Task<T>> &tasks)
		: task_([this, &tasks] {
			  unsigned long count = 0;

			  while (!stop_) {
				  tasks[count++ % tasks.size()].signal(SIGUSR1);
				  sched_yield();
			  }
			  return count;
		  })
	{}

	/* Before the tasks are joined: they must be there to be signalled. */
	void stop()
	{
		stop_ = true;
		task_.join();
	}

private:
	std::atomic<bool> stop_ = false;
	Task<unsigned long> task_;
};

} /* namespace */

FIXTURE_VARIANT(gfifo)
{
	int readers;
	int writers;
	bool signals;
};

FIXTURE_VARIANT_ADD(gfifo, one_to_one) {
	.readers = 1,
	.writers = 1,
	.signals = false,
};

FIXTURE_VARIANT_ADD(gfifo, many_to_many) {
	.readers = 4,
	.writers = 4,
	.signals = false,
};

FIXTURE_VARIANT_ADD(gfifo, many_to_many_and_signals) {
	.readers = 4,
	.writers = 4,
	.signals = true,
};

TEST_F(gfifo, every_record_arrives_once_and_whole)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::vector<Task<Tally>> readers;
	std::vector<Task<long>> writers;
	std::array<long, Tally::writers> counts = {}, sums = {}, written = {};
	Record last = Record::make(0, last_seq);

	install_counter(SIGUSR1, 0);
	/* What a reader sees of a call that is in progress may end where the ring does. */
	ASSERT_OK(gfifo::move_to(fd, 0));
	for (int i = 0; i < variant->readers; i++)
		readers.emplace_back([=] { return read_records(waits[i], i % 3 + 1); });
	for (int i = 0; i < variant->writers; i++)
		writers.emplace_back([=] { return write_records(i, waits[3 - i]); });
	if (variant->signals) {
		Signaller to_readers(readers);
		Signaller to_writers(writers);

		for (Budget budget(milliseconds, 1); budget.more();)
			sched_yield();
		to_readers.stop();
		to_writers.stop();
	}
	for (int i = 0; i < variant->writers; i++)
		written[i] = writers[i].join();
	/* One reader may take several of these: until all have had one. */
	for (Task<Tally> &reader : readers) {
		wait_until([&] {
			if (!reader.done() && ASSERT_OK(gfifo::queued(fd)) == 0)
				EXPECT_EQ(0, put_records(fd, Wait::block, &last, 1));
			return reader.done();
		});
		Tally tally = reader.join();
		EXPECT_EQ(0, tally.bad);
		for (int i = 0; i < Tally::writers; i++) {
			counts[i] += tally.count[i];
			sums[i] += tally.sum[i];
		}
	}
	for (int i = 0; i < Tally::writers; i++) {
		EXPECT_EQ(written[i], counts[i]);
		EXPECT_EQ(written[i] * (written[i] + 1) / 2, sums[i]);
	}
}

namespace
{
/* One call of a writer: so many bytes, all of this value. */
struct Run {
	unsigned char value;
	ssize_t count;
};

/* Calls of any length: what is taken of each is noted. Empty after an error. */
std::vector<Run> write_runs(const Fd &fd, int writer, int milliseconds)
{
	std::minstd_rand random(writer + 1);
	std::vector<Run> runs;

	for (Budget budget(milliseconds, 20); budget.more();) {
		unsigned char value = writer << 5 | (runs.size() & 31);
		std::string bytes(random() % 3000 + 1, static_cast<char>(value));
		Result<ssize_t> put = fd.write(bytes);

		if (!put.ok())
			return {};
		runs.push_back({ value, put.value() });
	}
	return runs;
}

/* Read @fd until the byte @end, and find the runs of equal bytes in it. */
std::vector<Run> read_runs(const Fd &fd, unsigned char end)
{
	std::minstd_rand random(99);
	std::vector<Run> runs;

	for (;;) {
		std::string bytes = take(fd, random() % 2000 + 1);

		if (bytes.empty())
			return runs;
		for (unsigned char byte : bytes) {
			if (byte == end)
				return runs;
			if (runs.empty() || runs.back().value != byte)
				runs.push_back({ byte, 0 });
			runs.back().count++;
		}
	}
}

} /* namespace */

FIXTURE(one)
{
	long size;
};

FIXTURE_SETUP(one)
{
	const char *why = why_not("gfifo", gfifo::path, gfifo::state);

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(gfifo::open());
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	self->size = ASSERT_OK(gfifo::size(fd));
}

FIXTURE_TEARDOWN(one)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	ASSERT_OK(gfifo::set_size(fd, self->size));
}

/* The bytes of one call come out in one piece, whoever else writes. */
TEST_F(one, calls_of_any_length_stay_contiguous)
{
	const int count = 3;
	const unsigned char end = 0xff;
	Fd fd = ASSERT_OK(gfifo::open());
	std::vector<Task<std::vector<Run>>> writers;
	std::vector<Run> next[count];
	size_t at[count] = {};

	Task reader([&] { return read_runs(fd, end); });
	for (int i = 0; i < count; i++)
		writers.emplace_back([&fd, i] { return write_runs(fd, i, milliseconds); });
	for (int i = 0; i < count; i++) {
		next[i] = writers[i].join();
		EXPECT_FALSE(next[i].empty());
	}
	EXPECT_VALUE(1, fd.write(&end, 1));
	for (const Run &run : reader.join()) {
		int writer = run.value >> 5;

		ASSERT_LT(writer, count);
		ASSERT_LT(at[writer], next[writer].size());
		ASSERT_EQ(next[writer][at[writer]].value, run.value);
		ASSERT_EQ(next[writer][at[writer]].count, run.count);
		at[writer]++;
	}
	for (int i = 0; i < count; i++)
		EXPECT_EQ(next[i].size(), at[i]);
}

/*
 * Bug 3: each call makes the FIFO full or empty, so that both sides go to
 * sleep and wake each other all the time. One wake-up that is lost, and both
 * sleep for ever.
 */
TEST_F(one, no_wake_up_is_lost_on_the_way_to_sleep)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::string bytes(self->size, 'x');
	long written = 0;
	Task reader([&] {
		long total = 0;

		for (;;) {
			std::string got = take(fd, self->size);

			total += got.size();
			if (got.empty() || got.back() == 'e')
				return total;
		}
	});

	for (Budget budget(200, 200); budget.more();)
		written += ASSERT_OK(fd.write(bytes));
	written += ASSERT_OK(fd.write("e"));
	EXPECT_EQ(written, reader.join());
}

/* Bug 3, with the other side at all distances from its sleep */
TEST_F(one, no_byte_is_waited_for_in_vain)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_EQ(0, Race::run([&] { return take(fd, 1) == "x"; },
			       [&] { return fd.write("x").ok(); }));
}

/* Bug 3 */
TEST_F(one, no_room_is_waited_for_in_vain)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	EXPECT_EQ(0, Race::run([&] { return fd.write("x").ok(); },
			       [&] { return take(fd, 1).size() == 1; }));
}

/* Growing and shrinking under way neither loses nor moves a byte. */
TEST_F(one, sizes_change_under_way)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::atomic<bool> stop = false;
	Task resizer([&] {
		int bad = 0;

		for (unsigned int round = 0; !stop; round++) {
			Result<int> ret = gfifo::set_size(fd, self->size << round % 4);

			bad += !ret.ok() && ret.error() != EBUSY;
		}
		return bad;
	});
	Task reader([&] { return read_runs(fd, 0xff); });
	std::vector<Run> sent = write_runs(fd, 0, milliseconds);

	EXPECT_VALUE(1, fd.write("\xff"));
	std::vector<Run> got = reader.join();
	stop = true;
	EXPECT_EQ(0, resizer.join());
	ASSERT_EQ(sent.size(), got.size());
	for (size_t i = 0; i < got.size(); i++) {
		ASSERT_EQ(sent[i].value, got[i].value);
		ASSERT_EQ(sent[i].count, got[i].count);
	}
}

/* Bug 4: clearing all the time, nobody is left asleep. */
TEST_F(one, clears_under_way)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::vector<Task<int>> writers;
	std::atomic<bool> stop = false;

	for (int i = 0; i < 3; i++) {
		writers.emplace_back([&] {
			std::string bytes(self->size, 'x');
			int bad = 0;

			while (!stop)
				bad += !fd.write(bytes).ok();
			return bad;
		});
	}
	for (Budget budget(100, 50); budget.more();) {
		gfifo::wait_for_writers(3);
		ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	}
	stop = true;
	for (Task<int> &writer : writers) {
		wait_until([&] {
			ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
			return writer.done();
		});
		EXPECT_EQ(0, writer.join());
	}
}

TEST_HARNESS_MAIN
