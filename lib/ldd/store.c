// SPDX-License-Identifier: GPL-2.0
/*
 * Sparse store of clusters of 2^order pages, on an xarray.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/ldd/span.h>
#include <linux/ldd/store.h>

/**
 * ldd_store_init - make an empty store
 * @store: the store
 * @order: a cluster has 2^@order pages, at most 2^MAX_PAGE_ORDER
 *
 * Context: any; nobody else may use @store yet.
 */
void ldd_store_init(struct ldd_store *store, unsigned int order)
{
	xa_init(&store->clusters);
	store->order = order;
	store->count = 0;
}
EXPORT_SYMBOL_GPL(ldd_store_init);

/**
 * ldd_store_insert - put a cluster into a hole
 * @store: the store
 * @cluster: index of the cluster; any value
 * @data: the cluster, as aligned as any memory and not NULL
 * @gfp: how to allocate what the index needs
 *
 * Context: process context, or any when @gfp does not allow to sleep. Not together
 * with another insertion or ldd_store_truncate().
 * Return: 0, -EBUSY when there is a cluster already or -ENOMEM. After an error the
 * store is as it was, and @data still the caller's.
 */
int ldd_store_insert(struct ldd_store *store, unsigned long cluster, void *data,
		     gfp_t gfp)
{
	int err = xa_insert(&store->clusters, cluster, data, gfp);

	if (!err)
		WRITE_ONCE(store->count, store->count + 1);
	return err;
}
EXPORT_SYMBOL_GPL(ldd_store_insert);

/**
 * ldd_store_gather - look clusters up that follow each other
 * @store: the store
 * @first: index of the first one
 * @data: room for @max clusters
 * @max: how many are wanted
 *
 * Context: any, without a lock, as ldd_store_find().
 * Return: how many there are from @first on without a hole, at most @max.
 */
unsigned int ldd_store_gather(struct ldd_store *store, unsigned long first,
			      void **data, unsigned int max)
{
	XA_STATE(xas, &store->clusters, first);
	unsigned int n = 0;
	void *entry;

	rcu_read_lock();
	entry = xas_load(&xas);
	while (n < max) {
		if (xas_retry(&xas, entry)) {
			entry = xas_load(&xas);
			continue;
		}
		if (!entry)
			break;
		data[n++] = entry;
		if (n < max)
			entry = xas_next(&xas);
	}
	rcu_read_unlock();
	return n;
}
EXPORT_SYMBOL_GPL(ldd_store_gather);

/**
 * ldd_store_truncate - take out every cluster from one on
 * @store: the store
 * @first: index of the first cluster to go; 0 for all of them
 * @release: frees a cluster, which nobody can find any more
 *
 * Context: any that @release can bear. Not together with ldd_store_insert(), nor
 * while anybody uses a cluster from @first on.
 */
void ldd_store_truncate(struct ldd_store *store, unsigned long first,
			void (*release)(void *data, unsigned int order))
{
	unsigned long cluster;
	void *data;

	xa_for_each_start(&store->clusters, cluster, data, first) {
		xa_erase(&store->clusters, cluster);
		WRITE_ONCE(store->count, store->count - 1);
		release(data, store->order);
	}
	/* An insertion that failed can have left nodes without an entry. */
	if (!first)
		xa_destroy(&store->clusters);
}
EXPORT_SYMBOL_GPL(ldd_store_truncate);

/**
 * ldd_store_bytes - memory that the clusters take
 * @store: the store
 *
 * Context: any; a snapshot when an insertion or truncation runs.
 * Return: bytes.
 */
u64 ldd_store_bytes(const struct ldd_store *store)
{
	return (u64)READ_ONCE(store->count) <<
	       (PAGE_SHIFT + READ_ONCE(store->order));
}
EXPORT_SYMBOL_GPL(ldd_store_bytes);

static loff_t ldd_store_start(const struct ldd_store *store, unsigned long cluster)
{
	return (loff_t)cluster << (PAGE_SHIFT + store->order);
}

/**
 * ldd_store_next_data - find the next position that is in a cluster
 * @store: the store
 * @pos: where to start; any value
 * @size: size of the device in bytes, at most MAX_LFS_FILESIZE
 *
 * What SEEK_DATA asks. A hole costs the same however long it is.
 *
 * Context: any.
 * Return: the first such position from @pos on; -ENXIO when there is none in front
 * of @size, or @pos is not in [0, @size).
 */
loff_t ldd_store_next_data(struct ldd_store *store, loff_t pos, loff_t size)
{
	unsigned long cluster, last;

	if (pos < 0 || pos >= size)
		return -ENXIO;
	cluster = ldd_span_locate(pos, store->order).cluster;
	last = ldd_span_locate(size - 1, store->order).cluster;
	if (!xa_find(&store->clusters, &cluster, last, XA_PRESENT))
		return -ENXIO;
	return max(pos, ldd_store_start(store, cluster));
}
EXPORT_SYMBOL_GPL(ldd_store_next_data);

/**
 * ldd_store_next_hole - find the next position that is in no cluster
 * @store: the store
 * @pos: where to start; any value
 * @size: size of the device in bytes, at most MAX_LFS_FILESIZE
 *
 * What SEEK_HOLE asks. Looks at each cluster between @pos and the hole, without
 * cond_resched(); their number is bounded by the memory they take.
 *
 * Context: any.
 * Return: the first such position from @pos on, or @size, behind which all is
 * hole; -ENXIO when @pos is not in [0, @size).
 */
loff_t ldd_store_next_hole(struct ldd_store *store, loff_t pos, loff_t size)
{
	unsigned long first, cluster, last;

	if (pos < 0 || pos >= size)
		return -ENXIO;
	first = ldd_span_locate(pos, store->order).cluster;
	last = ldd_span_locate(size - 1, store->order).cluster;
	for (cluster = first; ldd_store_find(store, cluster); cluster++) {
		/* Here, as the start of the next could overflow. */
		if (cluster == last)
			return size;
	}
	return cluster == first ? pos : ldd_store_start(store, cluster);
}
EXPORT_SYMBOL_GPL(ldd_store_next_hole);
