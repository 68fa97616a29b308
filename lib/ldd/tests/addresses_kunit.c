// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's kinds of addresses, shown and checked on the running kernel. Goes
 * with Documentation/driver-api/ldd/addresses.rst, a section for each test.
 *
 * A test that passes prints counts, never an address.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cacheflush.h>
#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>

static void addresses_free_page(void *page)
{
	__free_page(page);
}

static struct page *addresses_page(struct kunit *test, gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, addresses_free_page,
							   page));
	return page;
}

struct addresses_shift_case {
	const char *desc;
	unsigned long bytes, down, up, offset;
};

static const struct addresses_shift_case addresses_shift_cases[] = {
	{ "nothing", 0, 0, 0, 0 },
	{ "first byte", 1, 0, 1, 1 },
	{ "last byte of a page", PAGE_SIZE - 1, 0, 1, PAGE_SIZE - 1 },
	{ "a page", PAGE_SIZE, 1, 1, 0 },
	{ "a page and a byte", PAGE_SIZE + 1, 1, 2, 1 },
	{ "the last page", PAGE_MASK, ULONG_MAX >> PAGE_SHIFT,
	  ULONG_MAX >> PAGE_SHIFT, 0 },
	/* Rounding up overflows: a bound must be checked before, not after. */
	{ "the last byte", ULONG_MAX, ULONG_MAX >> PAGE_SHIFT, 0, PAGE_SIZE - 1 },
};

KUNIT_ARRAY_PARAM_DESC(addresses_shift, addresses_shift_cases, desc);

static void addresses_test_pfn_shifts(struct kunit *test)
{
	const struct addresses_shift_case *p = test->param_value;

	KUNIT_EXPECT_EQ(test, PFN_DOWN(p->bytes), p->down);
	KUNIT_EXPECT_EQ(test, PFN_UP(p->bytes), p->up);
	KUNIT_EXPECT_EQ(test, offset_in_page(p->bytes), p->offset);
	KUNIT_EXPECT_EQ(test, PFN_PHYS(p->down) + p->offset, p->bytes);
	KUNIT_EXPECT_EQ(test, PHYS_PFN(p->bytes), p->down);
}

/* A frame number fits unsigned long where its physical address does not. */
static void addresses_test_pfn_beyond_long(struct kunit *test)
{
	unsigned long pfn = SZ_4G >> PAGE_SHIFT;

	if (sizeof(phys_addr_t) < sizeof(u64))
		kunit_skip(test, "physical addresses have 32 bits here");
	KUNIT_EXPECT_EQ(test, PFN_PHYS(pfn), SZ_4G);
	KUNIT_EXPECT_EQ(test, PHYS_PFN(PFN_PHYS(pfn)), pfn);
	kunit_info(test, "PFN_PHYS() keeps 4 GiB, a shift of unsigned long %s",
		   (u64)(pfn << PAGE_SHIFT) == SZ_4G ? "does too" : "loses it");
}

struct addresses_logical_case {
	const char *desc;
	size_t size, offset;
};

static const struct addresses_logical_case addresses_logical_cases[] = {
	{ "small object", 100, 0 },
	{ "small object, last byte", 100, 99 },
	{ "page", PAGE_SIZE, 0 },
	{ "page, last byte", PAGE_SIZE, PAGE_SIZE - 1 },
	{ "eight pages, in the sixth", 8 * PAGE_SIZE, 5 * PAGE_SIZE + 7 },
	{ "eight pages, last byte", 8 * PAGE_SIZE, 8 * PAGE_SIZE - 1 },
};

KUNIT_ARRAY_PARAM_DESC(addresses_logical, addresses_logical_cases, desc);

static void addresses_test_logical(struct kunit *test)
{
	const struct addresses_logical_case *p = test->param_value;
	u8 *start = kunit_kmalloc(test, p->size, GFP_KERNEL);
	struct page *page;
	phys_addr_t phys;
	unsigned long pfn;
	u8 *addr;

	KUNIT_ASSERT_NOT_NULL(test, start);
	addr = start + p->offset;
	KUNIT_ASSERT_TRUE(test, virt_addr_valid(addr));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(addr));

	phys = virt_to_phys(addr);
	KUNIT_EXPECT_EQ(test, phys, __pa(addr));
	KUNIT_EXPECT_PTR_EQ(test, phys_to_virt(phys), (void *)addr);
	KUNIT_EXPECT_PTR_EQ(test, __va(phys), (void *)addr);
	KUNIT_EXPECT_EQ(test, offset_in_page(phys), offset_in_page(addr));
	/* The distance is the same in both: the mapping is linear. */
	KUNIT_EXPECT_EQ(test, phys - virt_to_phys(start), p->offset);

	pfn = PHYS_PFN(phys);
	KUNIT_ASSERT_TRUE(test, pfn_valid(pfn));
	page = virt_to_page(addr);
	KUNIT_EXPECT_PTR_EQ(test, pfn_to_page(pfn), page);
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), pfn);
	KUNIT_EXPECT_EQ(test, page_to_phys(page) + offset_in_page(addr), phys);
	KUNIT_EXPECT_PTR_EQ(test, page_address(page) + offset_in_page(addr),
			    (void *)addr);
}

#define ADDRESSES_PAGES 16

static void addresses_vfree(void *addr)
{
	vfree(addr);
}

static u8 addresses_peek(struct page *page, size_t offset)
{
	u8 *addr = kmap_local_page(page);
	u8 byte = addr[offset];

	kunmap_local(addr);
	return byte;
}

static void addresses_test_vmalloc(struct kunit *test)
{
	size_t size = ADDRESSES_PAGES * PAGE_SIZE;
	unsigned int neighbours = 0;
	u8 *addr = vmalloc(size);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, addresses_vfree, addr));
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		addr[at + 7] = PFN_DOWN(at) + 1;
	flush_kernel_vmap_range(addr, size);
	for (size_t at = 0; at < size; at += PAGE_SIZE) {
		struct page *page = vmalloc_to_page(addr + at);

		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(addr + at));
		KUNIT_EXPECT_FALSE(test, virt_addr_valid(addr + at));
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + at + PAGE_SIZE - 1), page);
		KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(addr + at), page_to_pfn(page));
		/* The same byte by another way. */
		KUNIT_EXPECT_PTR_NE(test, page_address(page), (void *)(addr + at));
		KUNIT_EXPECT_EQ(test, addresses_peek(page, 7), PFN_DOWN(at) + 1);
		if (at)
			neighbours += page_to_pfn(page) ==
				      vmalloc_to_pfn(addr + at - PAGE_SIZE) + 1;
	}
	kunit_info(test, "%u of %u steps to the next page are one to the next frame",
		   neighbours, ADDRESSES_PAGES - 1);
}

static void addresses_vunmap(void *addr)
{
	vunmap(addr);
}

/* Neighbours in the order that we like, one of them twice. */
static void addresses_test_vmap(struct kunit *test)
{
	struct page *a = addresses_page(test, GFP_KERNEL);
	struct page *b = addresses_page(test, GFP_KERNEL);
	struct page *pages[] = { b, a, b };
	u8 *addr = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addr);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, addresses_vunmap, addr));
	for (int i = 0; i < ARRAY_SIZE(pages); i++) {
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr + i * PAGE_SIZE), pages[i]);
		KUNIT_EXPECT_FALSE(test, virt_addr_valid(addr + i * PAGE_SIZE));
	}
	addr[PAGE_SIZE - 1] = 1;
	addr[PAGE_SIZE] = 2;
	flush_kernel_vmap_range(addr, ARRAY_SIZE(pages) * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, addresses_peek(b, PAGE_SIZE - 1), 1);
	KUNIT_EXPECT_EQ(test, addresses_peek(a, 0), 2);
	/* Each page keeps its logical address. */
	KUNIT_EXPECT_PTR_EQ(test, virt_to_page(page_address(a)), a);
	KUNIT_EXPECT_PTR_EQ(test, virt_to_page(page_address(b)), b);
}

static int addresses_kmap_depth(void)
{
#ifdef CONFIG_KMAP_LOCAL
	return current->kmap_ctrl.idx;
#else
	return 0;
#endif
}

/* Nobody unmaps here but in reverse order: the mappings are a stack. */
static void addresses_test_kmap_local(struct kunit *test)
{
	struct page *a = addresses_page(test, GFP_HIGHUSER);
	struct page *b = addresses_page(test, GFP_HIGHUSER);
	bool forced = IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP);
	int depth = addresses_kmap_depth(), deepest;
	u8 *first = kmap_local_page(a);
	u8 *second = kmap_local_page(b);
	u8 *again = kmap_local_page(a);

	deepest = addresses_kmap_depth();
	first[0] = 1;
	second[0] = 2;
	again[1] = 3;
	KUNIT_EXPECT_PTR_NE(test, first, second);
	KUNIT_EXPECT_EQ(test, again[0], 1);
	KUNIT_EXPECT_EQ(test, first[1], 3);
	if (forced)
		KUNIT_EXPECT_PTR_NE(test, first, again);
	else if (!PageHighMem(a))
		KUNIT_EXPECT_PTR_EQ(test, (void *)first, page_address(a));
	kunmap_local(again);
	KUNIT_EXPECT_EQ(test, first[0], 1);
	KUNIT_EXPECT_EQ(test, second[0], 2);
	kunmap_local(second);
	KUNIT_EXPECT_EQ(test, first[1], 3);
	kunmap_local(first);

	KUNIT_EXPECT_EQ(test, addresses_kmap_depth(), depth);
	KUNIT_EXPECT_EQ(test, deepest > depth,
			forced || PageHighMem(a) || PageHighMem(b));
	KUNIT_EXPECT_EQ(test, addresses_peek(a, 1), 3);
	KUNIT_EXPECT_EQ(test, addresses_peek(b, 0), 2);
	kunit_info(test, "%s memory, %s", PageHighMem(a) ? "high" : "low",
		   deepest > depth ? "mapped on the stack of this task" :
				     "which has its logical address anyway");
}

struct addresses_order_case {
	const char *desc;
	unsigned int order;
};

static const struct addresses_order_case addresses_order_cases[] = {
	{ "order 1", 1 },
	{ "order 2", 2 },
	{ "order 4", 4 },
};

KUNIT_ARRAY_PARAM_DESC(addresses_order, addresses_order_cases, desc);

static void addresses_show_counts(struct kunit *test, const char *what,
				  struct page *page, unsigned int pages)
{
	char text[64];
	int len = 0;

	for (unsigned int i = 0; i < pages; i++)
		len += scnprintf(text + len, sizeof(text) - len, " %d",
				 page_ref_count(page + i));
	kunit_info(test, "%s:%s", what, text);
}

/* Each page of a cluster has the count of its own: @first, and then @others. */
static void addresses_expect_counts(struct kunit *test, struct page *page,
				    unsigned int pages, int first, int others)
{
	for (unsigned int i = 0; i < pages; i++)
		KUNIT_EXPECT_EQ_MSG(test, page_ref_count(page + i), i ? others : first,
				    "page %u", i);
}

static void addresses_test_cluster(struct kunit *test)
{
	const struct addresses_order_case *p = test->param_value;
	unsigned int pages = 1U << p->order;
	struct page *page = alloc_pages(GFP_KERNEL, p->order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(page), pages));
	KUNIT_EXPECT_EQ(test, page_to_pfn(page + pages - 1),
			page_to_pfn(page) + pages - 1);
	KUNIT_EXPECT_FALSE(test, PageCompound(page));
	addresses_show_counts(test, "allocated", page, pages);
	addresses_expect_counts(test, page, pages, 1, 0);

	split_page(page, p->order);
	addresses_show_counts(test, "split", page, pages);
	addresses_expect_counts(test, page, pages, 1, 1);
	/* From now on each is on its own. */
	get_page(page + 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page + 1), 2);
	put_page(page + 1);
	for (unsigned int i = 0; i < pages; i++)
		__free_page(page + i);
}

static void addresses_test_compound(struct kunit *test)
{
	const struct addresses_order_case *p = test->param_value;
	unsigned int pages = 1U << p->order;
	struct page *head = alloc_pages(GFP_KERNEL | __GFP_COMP, p->order);
	struct page *tail = head + pages - 1;

	KUNIT_ASSERT_NOT_NULL(test, head);
	KUNIT_EXPECT_TRUE(test, PageHead(head));
	KUNIT_EXPECT_TRUE(test, PageTail(tail));
	KUNIT_EXPECT_PTR_EQ(test, compound_head(tail), head);
	KUNIT_EXPECT_EQ(test, compound_order(head), p->order);
	KUNIT_EXPECT_EQ(test, page_size(head), PAGE_SIZE << p->order);
	addresses_show_counts(test, "allocated", head, pages);
	addresses_expect_counts(test, head, pages, 1, 0);
	KUNIT_EXPECT_EQ(test, page_count(tail), 1);

	get_page(tail);
	addresses_show_counts(test, "get_page() on the last", head, pages);
	addresses_expect_counts(test, head, pages, 2, 0);
	KUNIT_EXPECT_EQ(test, page_count(tail), 2);
	put_page(head);
	addresses_expect_counts(test, head, pages, 1, 0);
	/* The last reference, wherever it is put, frees all of the cluster. */
	put_page(tail);
}

/* A number of pages that is no power of two: the rest was given back. */
static void addresses_test_exact(struct kunit *test)
{
	const unsigned int pages = 5;
	void *addr = alloc_pages_exact(pages * PAGE_SIZE, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, addr);
	page = virt_to_page(addr);
	KUNIT_EXPECT_FALSE(test, PageCompound(page));
	KUNIT_EXPECT_EQ(test, virt_to_phys(addr + 4 * PAGE_SIZE),
			virt_to_phys(addr) + 4 * PAGE_SIZE);
	addresses_show_counts(test, "allocated", page, pages);
	addresses_expect_counts(test, page, pages, 1, 1);
	free_pages_exact(addr, pages * PAGE_SIZE);
}

/* A device that the test may give orders to, since it never starts a transfer. */
static struct device *addresses_device(struct kunit *test)
{
	struct device *dev;

	if (!IS_ENABLED(CONFIG_HAS_DMA))
		kunit_skip(test, "no DMA on this kernel: CONFIG_HAS_DMA is off");
	dev = kunit_device_register(test, "ldd_addresses");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	return dev;
}

/* Why a DMA address can differ from the physical one; NULL if it must not. */
static const char *addresses_dma_differs(struct device *dev)
{
	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		return "the architecture may have put an IOMMU between";
	if (IS_ENABLED(CONFIG_ARCH_HAS_PHYS_TO_DMA) || dev->dma_range_map)
		return "the bus has memory at another place";
	if (is_swiotlb_force_bounce(dev))
		return "transfers go through a buffer elsewhere";
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return "one bit says that the memory is encrypted";
	return NULL;
}

struct addresses_dma_case {
	const char *desc;
	unsigned long offset;
	size_t len;
	enum dma_data_direction dir;
};

static const struct addresses_dma_case addresses_dma_cases[] = {
	{ "page to the device", 0, PAGE_SIZE, DMA_TO_DEVICE },
	{ "page from the device", 0, PAGE_SIZE, DMA_FROM_DEVICE },
	{ "part of a page", 256, 512, DMA_BIDIRECTIONAL },
	{ "last bytes of a page", PAGE_SIZE - 64, 64, DMA_TO_DEVICE },
};

KUNIT_ARRAY_PARAM_DESC(addresses_dma, addresses_dma_cases, desc);

static void addresses_test_dma(struct kunit *test)
{
	const struct addresses_dma_case *p = test->param_value;
	struct device *dev = addresses_device(test);
	const char *differs = addresses_dma_differs(dev);
	struct page *page = addresses_page(test, GFP_KERNEL);
	phys_addr_t phys = page_to_phys(page) + p->offset;
	dma_addr_t dma;

	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	dma = dma_map_page(dev, page, p->offset, p->len, p->dir);
	/* Not every value is an address: this is the one way to tell. */
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_LE(test, dma + p->len - 1, dma_get_mask(dev));
	if (differs && dma != phys) {
		kunit_info(test, "not the physical address: %s", differs);
	} else {
		KUNIT_EXPECT_EQ(test, dma, phys);
		kunit_info(test, "the physical address");
	}
	dma_unmap_page(dev, dma, p->len, p->dir);
}

/* What a device cannot address is no DMA address, whatever memory there is. */
static void addresses_test_dma_mask(struct kunit *test)
{
	struct device *dev = addresses_device(test);

	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		kunit_skip(test, "the architecture has its own idea of masks");
	KUNIT_EXPECT_EQ(test, dma_get_mask(dev), DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, -EIO, dma_set_mask(dev, DMA_BIT_MASK(1)));
	KUNIT_EXPECT_EQ(test, dma_get_mask(dev), DMA_BIT_MASK(32));
	KUNIT_EXPECT_EQ(test, 0, dma_set_mask(dev, DMA_BIT_MASK(64)));
	KUNIT_EXPECT_EQ(test, dma_get_mask(dev), (u64)(dma_addr_t)DMA_BIT_MASK(64));
}

static struct kunit_case addresses_test_cases[] = {
	KUNIT_CASE_PARAM(addresses_test_pfn_shifts, addresses_shift_gen_params),
	KUNIT_CASE(addresses_test_pfn_beyond_long),
	KUNIT_CASE_PARAM(addresses_test_logical, addresses_logical_gen_params),
	KUNIT_CASE(addresses_test_vmalloc),
	KUNIT_CASE(addresses_test_vmap),
	KUNIT_CASE(addresses_test_kmap_local),
	KUNIT_CASE_PARAM(addresses_test_cluster, addresses_order_gen_params),
	KUNIT_CASE_PARAM(addresses_test_compound, addresses_order_gen_params),
	KUNIT_CASE(addresses_test_exact),
	KUNIT_CASE_PARAM(addresses_test_dma, addresses_dma_gen_params),
	KUNIT_CASE(addresses_test_dma_mask),
	{}
};

static struct kunit_suite addresses_test_suite = {
	.name = "ldd_addresses",
	.test_cases = addresses_test_cases,
};

kunit_test_suite(addresses_test_suite);

MODULE_DESCRIPTION("The kernel's kinds of addresses, shown and checked");
MODULE_LICENSE("GPL");
