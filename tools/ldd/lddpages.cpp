// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * lddpages - what is behind each page of a mapping
 *
 * Virtual address, page frame, physical address, page flags and cache attribute,
 * from /proc/PID/pagemap, /proc/kpageflags, /proc/kpagecount and debugfs. Looks
 * only: a page that was never touched is shown as such. A device, though, is
 * mapped here, and each of its pages is touched.
 */
#include <array>
#include <cinttypes>
#include <fstream>
#include <sstream>
#include <vector>

#include <linux/kernel-page-flags.h>

#include "mapping.hpp"

using ldd::check;
using ldd::page_size;

namespace
{

struct BitName {
	int bit;
	const char *name;
};

/* Bits of /proc/PID/pagemap, see Documentation/admin-guide/mm/pagemap.rst. */
constexpr std::uint64_t pm_frame = (std::uint64_t { 1 } << 55) - 1;
constexpr std::uint64_t pm_swapped = std::uint64_t { 1 } << 62;
constexpr std::uint64_t pm_present = std::uint64_t { 1 } << 63;

constexpr std::array<BitName, 6> pagemap_bits = { {
	{ 63, "present" },
	{ 62, "swapped" },
	{ 61, "file" },
	{ 57, "uffd-wp" },
	{ 56, "exclusive" },
	{ 55, "soft-dirty" },
} };

/* Bits of /proc/kpageflags, named as tools/mm/page-types names them. */
constexpr std::array<BitName, 36> page_flags = { {
	{ KPF_LOCKED, "locked" },
	{ KPF_ERROR, "error" },
	{ KPF_REFERENCED, "referenced" },
	{ KPF_UPTODATE, "uptodate" },
	{ KPF_DIRTY, "dirty" },
	{ KPF_LRU, "lru" },
	{ KPF_ACTIVE, "active" },
	{ KPF_SLAB, "slab" },
	{ KPF_WRITEBACK, "writeback" },
	{ KPF_RECLAIM, "reclaim" },
	{ KPF_BUDDY, "buddy" },
	{ KPF_MMAP, "mmap" },
	{ KPF_ANON, "anonymous" },
	{ KPF_SWAPCACHE, "swapcache" },
	{ KPF_SWAPBACKED, "swapbacked" },
	{ KPF_COMPOUND_HEAD, "compound_head" },
	{ KPF_COMPOUND_TAIL, "compound_tail" },
	{ KPF_HUGE, "huge" },
	{ KPF_UNEVICTABLE, "unevictable" },
	{ KPF_HWPOISON, "hwpoison" },
	{ KPF_NOPAGE, "nopage" },
	{ KPF_KSM, "ksm" },
	{ KPF_THP, "thp" },
	{ KPF_OFFLINE, "offline" },
	{ KPF_ZERO_PAGE, "zero_page" },
	{ KPF_IDLE, "idle_page" },
	{ KPF_PGTABLE, "pgtable" },
	/* The rest is for kernel hackers: include/linux/kernel-page-flags.h */
	{ 32, "reserved" },
	{ 33, "mlocked" },
	{ 34, "owner_2" },
	{ 35, "private" },
	{ 36, "private_2" },
	{ 37, "owner_private" },
	{ 38, "arch" },
	{ 41, "arch_2" },
	{ 42, "arch_3" },
} };

template <typename Names> std::string names_of(std::uint64_t bits, const Names &names)
{
	std::string text;

	for (const BitName &name : names) {
		if (bits >> name.bit & 1)
			text += (text.empty() ? "" : ",") + std::string(name.name);
	}
	return text.empty() ? "-" : text;
}

std::string hex(std::uint64_t number)
{
	std::array<char, 20> text;

	std::snprintf(text.data(), text.size(), "%#" PRIx64, number);
	return text.data();
}

/* A file in /proc that is an array of 64-bit words. */
class WordFile {
public:
	explicit WordFile(std::string path)
		: path_(std::move(path)), fd_(ldd::open_file(path_, O_RDONLY))
	{}

	/* Returns how many there are: fewer at the end of what the file describes. */
	std::size_t read(std::uint64_t index, std::span<std::uint64_t> words) const
	{
		ssize_t n = pread(fd_.get(), words.data(), words.size_bytes(),
				  static_cast<off_t>(index * sizeof(std::uint64_t)));

		return check(n, "pread", path_) / sizeof(std::uint64_t);
	}

	const std::string &path() const { return path_; }

private:
	std::string path_;
	ldd::Fd fd_;
};

struct Range {
	std::uint64_t start;
	std::uint64_t end;
	std::string attribute; /* as which the range is mapped */
};

constexpr char page_tables[] = "/sys/kernel/debug/page_tables/current_kernel";
/* Is there if the PAT is in use. */
constexpr char memtypes[] = "/sys/kernel/debug/x86/pat_memtype_list";

/*
 * The attribute by the bits of a page table entry, as the kernel sets the PAT up
 * (arch/x86/mm/pat/memtype.c). Without the PAT two bits count, as of old.
 */
std::string attribute_of(const std::string &entry)
{
	static const bool pat = access(memtypes, F_OK) == 0;
	constexpr std::array<const char *, 8> with_pat = { "WB", "WC", "UC-", "UC",
							   "WB", "WP", "UC-", "WT" };
	constexpr std::array<const char *, 4> without = { "WB", "WT", "UC-", "UC" };
	auto bit = [&](const char *name, int value) {
		return entry.find(name) == entry.npos ? 0 : value;
	};
	int index = bit(" PCD ", 2) | bit(" PWT ", 1);

	return pat ? with_pat[index | bit(" PAT ", 4)] : without[index];
}

/* Our own page tables, as "0xSTART-0xEND SIZE USR RW PWT PCD PSE PAT GLB NX pte". */
std::vector<Range> own_ranges()
{
	std::ifstream file(page_tables);
	std::vector<Range> ranges;
	std::string line;

	while (std::getline(file, line)) {
		Range range;

		if (line.find(" USR ") != line.npos &&
		    std::sscanf(line.c_str(), "0x%" SCNx64 "-0x%" SCNx64, &range.start,
				&range.end) == 2) {
			range.attribute = attribute_of(line);
			ranges.push_back(range);
		}
	}
	return ranges;
}

/*
 * Where pagemap tells nothing, whatever is mapped: VM_PFNMAP, the mappings of
 * remap_pfn_range() and vmf_insert_pfn().
 */
std::vector<Range> pfnmap_ranges(const std::string &pid)
{
	std::ifstream file("/proc/" + pid + "/smaps");
	std::vector<Range> ranges;
	std::string line;
	Range range {};

	while (std::getline(file, line)) {
		Range next {};

		/* Names such as Anonymous: begin with a hexadecimal digit too. */
		if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &next.start, &next.end) == 2)
			range = next;
		if (line.starts_with("VmFlags:") && line.find(" pf ") != line.npos)
			ranges.push_back(range);
	}
	return ranges;
}

const Range *find(const std::vector<Range> &ranges, std::uint64_t address)
{
	auto found = std::find_if(ranges.begin(), ranges.end(), [&](const Range &range) {
		return range.start <= address && address < range.end;
	});

	return found == ranges.end() ? nullptr : &*found;
}

/* Prints the list, page by page. */
class Printer {
public:
	explicit Printer(const std::string &pid)
		: own_(pid == "self"), tables_(own_ ? own_ranges() : std::vector<Range>()),
		  pfnmaps_(pfnmap_ranges(pid))
	{
		std::printf("%-18s %10s %18s %5s %-5s %s\n", "virtual", "frame", "physical", "maps",
			    "cache", "state; page flags");
	}

	/* @entry is the page's word of pagemap, @note what else is to be said. */
	void page(std::uint64_t address, std::uint64_t entry, const char *note)
	{
		std::string state = names_of(entry, pagemap_bits);

		if (entry & pm_present)
			framed(address, entry & pm_frame, state);
		else if (find(pfnmaps_, address))
			pfnmap(address, note);
		else
			frameless(address, "-",
				  (entry & pm_swapped ? state : "not present") + note);
	}

	/* Say why something is not known, if that was so. */
	void legend() const
	{
		if (pfnmap_)
			std::puts("pfnmap: the kernel shows nobody the frames of a VM_PFNMAP "
				  "mapping");
		if (unknown_ && own_)
			std::printf("cache -: %s does not tell (it needs x86, "
				    "CONFIG_PTDUMP_DEBUGFS and debugfs mounted)\n",
				    page_tables);
		else if (unknown_)
			std::puts("cache -: the page tables of another process cannot be read");
	}

private:
	void framed(std::uint64_t address, std::uint64_t frame, const std::string &state)
	{
		std::uint64_t flags = 0;
		std::uint64_t maps = 0;

		/* Past the last frame of memory there is nothing to read. */
		if (flags_.read(frame, { &flags, 1 }) == 0)
			flags = std::uint64_t { 1 } << KPF_NOPAGE;
		counts_.read(frame, { &maps, 1 });
		bool has_page = !(flags >> KPF_NOPAGE & 1);
		std::printf("0x%016" PRIx64 " %#10" PRIx64 " 0x%016" PRIx64 " %5s %-5s %s; %s\n",
			    address, frame, frame * page_size(),
			    has_page ? std::to_string(maps).c_str() : "-",
			    attribute(find(tables_, address)).c_str(), state.c_str(),
			    names_of(flags, page_flags).c_str());
	}

	/* Our own page tables tell at least whether there is an entry. */
	void pfnmap(std::uint64_t address, const char *note)
	{
		const Range *entry = find(tables_, address);
		const char *state = "pfnmap";

		pfnmap_ = true;
		if (!tables_.empty())
			state = entry ? "present,pfnmap" : "not present,pfnmap";
		frameless(address, tables_.empty() || entry ? attribute(entry) : "-",
			  std::string(state) + note);
	}

	static void frameless(std::uint64_t address, const std::string &cache,
			      const std::string &state)
	{
		std::printf("0x%016" PRIx64 " %10s %18s %5s %-5s %s\n", address, "-", "-", "-",
			    cache.c_str(), state.c_str());
	}

	std::string attribute(const Range *entry)
	{
		unknown_ |= !entry;
		return entry ? entry->attribute : "-";
	}

	bool own_;
	std::vector<Range> tables_;
	std::vector<Range> pfnmaps_;
	WordFile flags_ { "/proc/kpageflags" };
	WordFile counts_ { "/proc/kpagecount" };
	bool pfnmap_ = false;
	bool unknown_ = false;
};

/* Without CAP_SYS_ADMIN the kernel shows each frame as number 0. */
void insist_on_frames(const WordFile &pagemap, std::span<const std::uint64_t> entries)
{
	for (std::uint64_t entry : entries) {
		if ((entry & pm_present) && !(entry & pm_frame))
			throw std::runtime_error("pread " + pagemap.path() +
						 ": page frame numbers are hidden: this needs root "
						 "(CAP_SYS_ADMIN)");
	}
}

/* @touched, if any, says of each page whether it could be touched. */
int list(const std::string &pid, std::uint64_t address, std::uint64_t length,
	 const std::vector<bool> &touched = {})
{
	WordFile pagemap("/proc/" + pid + "/pagemap");
	std::array<std::uint64_t, 512> entries;
	std::uint64_t first = address / page_size();
	std::uint64_t next = first;
	/* A length of 0 is no page. */
	std::uint64_t end = length ? (address + length - 1) / page_size() + 1 : first;
	std::optional<Printer> printer;

	while (next < end) {
		std::size_t want = std::min<std::uint64_t>(entries.size(), end - next);
		std::size_t got = pagemap.read(next, std::span(entries).first(want));

		if (!got)
			throw std::runtime_error(
				"pread " + pagemap.path() +
				": not an address of the process: " + hex(next * page_size()));
		insist_on_frames(pagemap, std::span(entries).first(got));
		if (!printer)
			printer.emplace(pid);
		for (std::size_t i = 0; i < got; i++, next++) {
			bool ok = touched.empty() || touched[next - first];

			printer->page(next * page_size(), entries[i], ok ? "" : ": SIGBUS");
		}
	}
	if (printer)
		printer->legend();
	check(std::fflush(stdout), "write", "standard output");
	return ldd::STATUS_OK;
}

int list_device(const std::string &file, std::uint64_t offset, std::uint64_t length)
{
	ldd::Fd fd = ldd::open_file(file, O_RDONLY);
	std::uint64_t skip = offset % page_size();

	offset -= skip;
	length += skip;
	ldd::Mapping map(fd.get(), file, offset, length);
	std::vector<bool> touched;
	char byte;

	for (std::uint64_t at = 0; at < length; at += page_size())
		touched.push_back(ldd::guarded_copy(&byte, map.data() + at, 1) == 1);
	return list("self", reinterpret_cast<std::uintptr_t>(map.data()), length, touched);
}

/* What is wrong with @target as a process, if anything. */
std::string check_pid(const std::string &target)
{
	if (target == "self" ||
	    (!target.empty() && target.find_first_not_of("0123456789") == target.npos))
		return {};
	return "'" + target + "' is neither a process id nor 'self' (a file needs --device)";
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Show what is behind each page of a process's memory, or of a device.",
		     "lddpages");
	bool device = false;
	std::string target;
	std::uint64_t start = 0;
	std::uint64_t length = page_size();

	app.add_flag("--device", device, "map TARGET, a device or file, and touch each page");
	app.add_option("TARGET", target, "process id, or self")->required();
	auto *where = app.add_option("START", start,
				     "the first address; with --device, offset (default 0)")
			      ->transform(ldd::byte_count);
	auto *size =
		app.add_option("LENGTH", length, "how many bytes; with --device, default one page")
			->transform(ldd::byte_count);
	app.final_callback([&] {
		if (device)
			return;
		if (std::string wrong = check_pid(target); !wrong.empty())
			throw CLI::ValidationError("TARGET", wrong);
		if (where->empty() || size->empty())
			throw CLI::RequiredError(where->empty() ? "START" : "LENGTH");
	});
	app.footer(
		"maps: how many page tables have the page, by the kernel's count; it does not\n"
		"count what remap_pfn_range() enters. cache: what the page table entry asks for.\n"
		"nopage: the frame has no struct page. pfnmap: the mapping is of frames, which\n"
		"pagemap does not show. Needs root.\n"
		"Exit status: 0 listed, 1 an error, 2 usage.");

	return ldd::run_main(app, argc, argv, [&] {
		return device ? list_device(target, start, length) : list(target, start, length);
	});
}
