/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LDD_STORE_H
#define _LINUX_LDD_STORE_H

#include <linux/types.h>
#include <linux/xarray.h>

/**
 * struct ldd_store - the clusters of a device that has holes
 * @clusters: those that are there, by index
 * @order: a cluster has 2^@order pages
 * @count: number of clusters that are there
 *
 * A cluster is a pointer whose memory is the caller's business. The caller
 * serialises ldd_store_insert() and ldd_store_truncate(). Everything else may
 * run at the same time as an insertion, and then sees the new cluster or does
 * not. Nothing here calls cond_resched().
 */
struct ldd_store {
	struct xarray clusters;
	unsigned int order;
	unsigned long count;
};

/**
 * ldd_store_find - look a cluster up
 * @store: the store
 * @cluster: index of the cluster; any value
 *
 * Context: any, without a lock. The cluster stays valid for as long as the caller
 * keeps the store from being truncated.
 * Return: the cluster, or NULL for a hole.
 */
static inline void *ldd_store_find(struct ldd_store *store, unsigned long cluster)
{
	return xa_load(&store->clusters, cluster);
}

void ldd_store_init(struct ldd_store *store, unsigned int order);
int ldd_store_insert(struct ldd_store *store, unsigned long cluster, void *data,
		     gfp_t gfp);
unsigned int ldd_store_gather(struct ldd_store *store, unsigned long first,
			      void **data, unsigned int max);
void ldd_store_truncate(struct ldd_store *store, unsigned long first,
			void (*release)(void *data, unsigned int order));
u64 ldd_store_bytes(const struct ldd_store *store);
loff_t ldd_store_next_data(struct ldd_store *store, loff_t pos, loff_t size);
loff_t ldd_store_next_hole(struct ldd_store *store, loff_t pos, loff_t size);

#endif /* _LINUX_LDD_STORE_H */
