// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the sparse store: data and holes in tables, at every order;
 * what truncation releases; and a randomised run against an array of pointers.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/ldd/store.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>

static unsigned int store_seed;
module_param_named(seed, store_seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the randomised run (default 0: a new one each time)");

/* Stands for a cluster's memory, which the store never looks at. */
struct store_cluster {
	unsigned int released;
	unsigned int order;
};

static void store_release(void *data, unsigned int order)
{
	struct store_cluster *cluster = data;

	cluster->released++;
	cluster->order = order;
}

static void store_empty(void *store)
{
	ldd_store_truncate(store, 0, store_release);
}

static loff_t store_at(const struct ldd_store *store, unsigned long cluster,
		       long bytes)
{
	return (loff_t)cluster * (PAGE_SIZE << store->order) + bytes;
}

static void store_expect_count(struct kunit *test, const struct ldd_store *store,
			       unsigned long count)
{
	KUNIT_EXPECT_EQ(test, store->count, count);
	KUNIT_EXPECT_EQ(test, ldd_store_bytes(store), store_at(store, count, 0));
}

/* The first byte of a cluster, and some more. */
struct store_pos {
	int cluster;
	int bytes;
};

#define STORE_NONE { -1, 0 }
#define STORE_CLUSTERS 8

struct store_seek_case {
	const char *desc;
	const char *map;	/* '#' for data, '.' for a hole */
	struct store_pos size, pos, data, hole;
};

static const struct store_seek_case store_seek_cases[] = {
	{ "empty store", "", { 4 }, { 0 }, STORE_NONE, { 0 } },
	{ "empty store, in the middle", "", { 4 }, { 2, 7 }, STORE_NONE, { 2, 7 } },
	{ "empty store, last byte", "", { 4 }, { 4, -1 }, STORE_NONE, { 4, -1 } },
	{ "size 0", "#", { 0 }, { 0 }, STORE_NONE, STORE_NONE },
	{ "size 1", "#", { 0, 1 }, { 0 }, { 0 }, { 0, 1 } },
	{ "size 1, in a hole", ".#", { 0, 1 }, { 0 }, STORE_NONE, { 0 } },
	{ "negative", "####", { 4 }, { 0, -1 }, STORE_NONE, STORE_NONE },
	{ "at the end", "####", { 4 }, { 4 }, STORE_NONE, STORE_NONE },
	{ "at the end, data behind", "####", { 2 }, { 2 }, STORE_NONE, STORE_NONE },
	{ "behind the end", "####", { 2 }, { 3 }, STORE_NONE, STORE_NONE },
	{ "no hole", "####", { 4 }, { 0 }, { 0 }, { 4 } },
	{ "no hole, in the middle", "####", { 4 }, { 2, 5 }, { 2, 5 }, { 4 } },
	{ "no hole, last byte", "####", { 4 }, { 4, -1 }, { 4, -1 }, { 4 } },
	{ "hole first", ".##", { 3 }, { 0 }, { 1 }, { 0 } },
	{ "hole first, its last byte", ".##", { 3 }, { 1, -1 }, { 1 }, { 1, -1 } },
	{ "hole first, behind it", ".##", { 3 }, { 1 }, { 1 }, { 3 } },
	{ "hole in the middle, before it", "#.#", { 3 }, { 0 }, { 0 }, { 1 } },
	{ "hole in the middle, last byte before", "#.#", { 3 }, { 1, -1 }, { 1, -1 },
	  { 1 } },
	{ "hole in the middle, in it", "#.#", { 3 }, { 1 }, { 2 }, { 1 } },
	{ "hole in the middle, second byte", "#.#", { 3 }, { 1, 1 }, { 2 }, { 1, 1 } },
	{ "hole in the middle, behind it", "#.#", { 3 }, { 2 }, { 2 }, { 3 } },
	{ "hole last", "##.", { 3 }, { 0 }, { 0 }, { 2 } },
	{ "hole last, in it", "##.", { 3 }, { 2 }, STORE_NONE, { 2 } },
	{ "hole last, its last byte", "##.", { 3 }, { 3, -1 }, STORE_NONE, { 3, -1 } },
	{ "two holes back to back", "#..#", { 4 }, { 0, 9 }, { 0, 9 }, { 1 } },
	{ "two holes back to back, in the second", "#..#", { 4 }, { 2 }, { 3 }, { 2 } },
	{ "every other", ".#.#.#", { 6 }, { 2 }, { 3 }, { 2 } },
	{ "every other, in data", ".#.#.#", { 6 }, { 3, 1 }, { 3, 1 }, { 4 } },
	{ "end in a cluster", "##", { 2, -3 }, { 0 }, { 0 }, { 2, -3 } },
	{ "end in a cluster, last byte", "##", { 2, -3 }, { 2, -4 }, { 2, -4 },
	  { 2, -3 } },
	{ "end in a cluster, at the end", "##", { 2, -3 }, { 2, -3 }, STORE_NONE,
	  STORE_NONE },
	{ "end in a cluster, hole behind", "#.", { 1, -3 }, { 0 }, { 0 }, { 1, -3 } },
	{ "end with the first byte of a cluster", ".#", { 1, 1 }, { 0 }, { 1 }, { 0 } },
	{ "end with the first byte of a hole", "#.", { 1, 1 }, { 0 }, { 0 }, { 1 } },
	{ "end in a hole", "#.", { 2, -3 }, { 0 }, { 0 }, { 1 } },
	{ "end in a hole, data behind", "..#", { 2, -3 }, { 0 }, STORE_NONE, { 0 } },
	{ "data right behind the end", "..#", { 2 }, { 0 }, STORE_NONE, { 0 } },
};

KUNIT_ARRAY_PARAM_DESC(store_seek, store_seek_cases, desc);

/* The position, or -ENXIO for none. A size is never none. */
static loff_t store_pos(const struct ldd_store *store, const struct store_pos *pos)
{
	return pos->cluster < 0 ? -ENXIO : store_at(store, pos->cluster, pos->bytes);
}

static void store_test_seek_order(struct kunit *test,
				  const struct store_seek_case *p,
				  unsigned int order)
{
	struct store_cluster clusters[STORE_CLUSTERS] = {};
	struct ldd_store store;
	loff_t pos, size;

	ldd_store_init(&store, order);
	for (int i = 0; p->map[i]; i++) {
		if (p->map[i] == '#')
			KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, i, &clusters[i],
								  GFP_KERNEL));
	}
	pos = store_pos(&store, &p->pos);
	size = store_pos(&store, &p->size);
	KUNIT_EXPECT_EQ_MSG(test, ldd_store_next_data(&store, pos, size),
			    store_pos(&store, &p->data), "order %u", order);
	KUNIT_EXPECT_EQ_MSG(test, ldd_store_next_hole(&store, pos, size),
			    store_pos(&store, &p->hole), "order %u", order);
	store_empty(&store);
}

static void store_test_seek(struct kunit *test)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++)
		store_test_seek_order(test, test->param_value, order);
}

/* Positions at the ends of their type, about one cluster at the very end. */
static void store_test_seek_far(struct kunit *test)
{
	loff_t size = MAX_LFS_FILESIZE;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long last = (size - 1) >> (PAGE_SHIFT + order);
		struct store_cluster cluster = {};
		struct ldd_store store;

		ldd_store_init(&store, order);
		KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, last, &cluster,
							  GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, ldd_store_next_data(&store, 0, size),
				store_at(&store, last, 0));
		KUNIT_EXPECT_EQ(test, ldd_store_next_data(&store, size - 1, size), size - 1);
		KUNIT_EXPECT_EQ(test, ldd_store_next_hole(&store, 0, size), 0);
		KUNIT_EXPECT_EQ(test, ldd_store_next_hole(&store, size - 1, size), size);
		KUNIT_EXPECT_EQ(test, ldd_store_next_data(&store, size, size), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_hole(&store, size, size), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_data(&store, LLONG_MIN, size), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_hole(&store, LLONG_MIN, size), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_data(&store, LLONG_MAX, 1), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_hole(&store, LLONG_MAX, 1), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_data(&store, 0, LLONG_MIN), -ENXIO);
		KUNIT_EXPECT_EQ(test, ldd_store_next_hole(&store, 0, LLONG_MIN), -ENXIO);
		store_empty(&store);
	}
}

static void store_test_insert_and_find(struct kunit *test)
{
	static const unsigned long indices[] = { 0, 1, 63, 64, 4096, LONG_MAX,
						 ULONG_MAX - 1, ULONG_MAX };
	struct store_cluster clusters[ARRAY_SIZE(indices)] = {};
	struct ldd_store store;

	ldd_store_init(&store, 2);
	store_expect_count(test, &store, 0);
	for (int i = 0; i < ARRAY_SIZE(indices); i++) {
		KUNIT_EXPECT_NULL(test, ldd_store_find(&store, indices[i]));
		KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, indices[i],
							  &clusters[i], GFP_KERNEL));
		store_expect_count(test, &store, i + 1);
	}
	for (int i = 0; i < ARRAY_SIZE(indices); i++)
		KUNIT_EXPECT_PTR_EQ(test, ldd_store_find(&store, indices[i]),
				    (void *)&clusters[i]);
	KUNIT_EXPECT_NULL(test, ldd_store_find(&store, 2));
	KUNIT_EXPECT_NULL(test, ldd_store_find(&store, ULONG_MAX - 2));
	store_empty(&store);
	for (int i = 0; i < ARRAY_SIZE(indices); i++)
		KUNIT_EXPECT_EQ(test, clusters[i].released, 1);
}

static void store_test_insert_over(struct kunit *test)
{
	struct store_cluster first = {}, second = {};
	struct ldd_store store;

	ldd_store_init(&store, 0);
	KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, 5, &first, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EBUSY, ldd_store_insert(&store, 5, &second, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EBUSY, ldd_store_insert(&store, 5, &first, GFP_KERNEL));
	KUNIT_EXPECT_PTR_EQ(test, ldd_store_find(&store, 5), (void *)&first);
	store_expect_count(test, &store, 1);
	store_empty(&store);
	KUNIT_EXPECT_EQ(test, first.released, 1);
	KUNIT_EXPECT_EQ(test, second.released, 0);
}

struct store_truncate_case {
	const char *desc;
	const char *map;
	unsigned long first;
	const char *left;
};

static const struct store_truncate_case store_truncate_cases[] = {
	{ "empty store", "", 0, "" },
	{ "empty store, from the middle", "", 5, "" },
	{ "empty store, from the last index", "", ULONG_MAX, "" },
	{ "all", "########", 0, "" },
	{ "all but the first", "########", 1, "#" },
	{ "from the middle", "########", 4, "####" },
	{ "the last", "########", 7, "#######" },
	{ "behind the end", "########", 8, "########" },
	{ "from the last index", "########", ULONG_MAX, "########" },
	{ "from a hole", "##..##", 2, "##" },
	{ "from the end of a hole", "##..##", 4, "##" },
	{ "in front of a hole", "##..##", 1, "#" },
	{ "in the last", "##..##", 5, "##..#" },
	{ "the only one", "#", 0, "" },
	{ "behind the only one", "#", 1, "#" },
	{ "the only one, far from the start", ".......#", 7, "" },
};

KUNIT_ARRAY_PARAM_DESC(store_truncate, store_truncate_cases, desc);

static void store_test_truncate(struct kunit *test)
{
	const struct store_truncate_case *p = test->param_value;
	const unsigned int order = 3;
	struct store_cluster clusters[STORE_CLUSTERS] = {};
	unsigned long left = 0;
	struct ldd_store store;

	ldd_store_init(&store, order);
	for (int i = 0; p->map[i]; i++) {
		if (p->map[i] == '#')
			KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, i, &clusters[i],
								  GFP_KERNEL));
	}
	ldd_store_truncate(&store, p->first, store_release);
	for (int i = 0; i < STORE_CLUSTERS; i++) {
		bool was = i < strlen(p->map) && p->map[i] == '#';
		bool is = i < strlen(p->left) && p->left[i] == '#';

		left += is;
		KUNIT_EXPECT_PTR_EQ(test, ldd_store_find(&store, i),
				    is ? (void *)&clusters[i] : NULL);
		KUNIT_EXPECT_EQ(test, clusters[i].released, was && !is);
		KUNIT_EXPECT_EQ(test, clusters[i].order, was && !is ? order : 0);
	}
	store_expect_count(test, &store, left);
	KUNIT_EXPECT_EQ(test, xa_empty(&store.clusters), left == 0);
	store_empty(&store);
}

/* What was truncated can be filled again. */
static void store_test_truncate_and_insert(struct kunit *test)
{
	struct store_cluster before = {}, after = {};
	struct ldd_store store;

	ldd_store_init(&store, 1);
	KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, ULONG_MAX, &before, GFP_KERNEL));
	ldd_store_truncate(&store, ULONG_MAX, store_release);
	KUNIT_EXPECT_EQ(test, before.released, 1);
	KUNIT_EXPECT_EQ(test, 0, ldd_store_insert(&store, ULONG_MAX, &after, GFP_KERNEL));
	KUNIT_EXPECT_PTR_EQ(test, ldd_store_find(&store, ULONG_MAX), (void *)&after);
	store_expect_count(test, &store, 1);
	store_empty(&store);
	KUNIT_EXPECT_EQ(test, before.released, 1);
	KUNIT_EXPECT_EQ(test, after.released, 1);
}

/* Memory beyond what unsigned long counts on 32-bit. */
static void store_test_bytes(struct kunit *test)
{
	struct ldd_store store;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		ldd_store_init(&store, order);
		store.count = 1UL << 21;
		KUNIT_EXPECT_EQ(test, ldd_store_bytes(&store),
				(u64)PAGE_SIZE * (1UL << 21) * (1UL << order));
	}
}

#define STORE_MODEL_CLUSTERS 200	/* more than one node of the xarray */

/* The reference: an array of pointers. */
struct store_model {
	struct store_cluster *at[STORE_MODEL_CLUSTERS];
	struct store_cluster clusters[STORE_MODEL_CLUSTERS];
	unsigned long count;
};

static loff_t store_model_seek(const struct ldd_store *store,
			       const struct store_model *model, loff_t pos,
			       loff_t size, bool data)
{
	if (pos < 0 || pos >= size)
		return -ENXIO;
	for (int i = 0; i < STORE_MODEL_CLUSTERS && store_at(store, i, 0) < size; i++) {
		if (store_at(store, i + 1, 0) > pos && !model->at[i] == !data)
			return max(pos, store_at(store, i, 0));
	}
	return data ? -ENXIO : size;
}

static void store_random_seek(struct kunit *test, struct ldd_store *store,
			      const struct store_model *model, struct rnd_state *rnd)
{
	loff_t pos = store_at(store, prandom_u32_state(rnd) % STORE_MODEL_CLUSTERS,
			      (int)(prandom_u32_state(rnd) % 3) - 1);
	loff_t size = store_at(store, prandom_u32_state(rnd) % STORE_MODEL_CLUSTERS,
			       prandom_u32_state(rnd) % 3);

	KUNIT_ASSERT_EQ(test, ldd_store_next_data(store, pos, size),
			store_model_seek(store, model, pos, size, true));
	KUNIT_ASSERT_EQ(test, ldd_store_next_hole(store, pos, size),
			store_model_seek(store, model, pos, size, false));
}

static void store_random_insert(struct kunit *test, struct ldd_store *store,
				struct store_model *model, unsigned int i)
{
	struct store_cluster *cluster = &model->clusters[i];
	int want = model->at[i] ? -EBUSY : 0;

	KUNIT_ASSERT_EQ(test, ldd_store_insert(store, i, cluster, GFP_KERNEL), want);
	if (want)
		return;
	cluster->released = 0;
	model->at[i] = cluster;
	model->count++;
}

static void store_random_truncate(struct kunit *test, struct ldd_store *store,
				  struct store_model *model, unsigned int first)
{
	ldd_store_truncate(store, first, store_release);
	for (unsigned int i = 0; i < STORE_MODEL_CLUSTERS; i++) {
		if (!model->at[i])
			continue;
		KUNIT_ASSERT_EQ(test, model->at[i]->released, i >= first);
		if (i < first)
			continue;
		model->at[i] = NULL;
		model->count--;
	}
}

static void store_random_step(struct kunit *test, struct ldd_store *store,
			      struct store_model *model, struct rnd_state *rnd)
{
	u32 dice = prandom_u32_state(rnd) % 64;
	u32 i = prandom_u32_state(rnd) % STORE_MODEL_CLUSTERS;

	if (dice == 0)
		store_random_truncate(test, store, model, i);
	else if (dice < 40)
		store_random_insert(test, store, model, i);
	else
		store_random_seek(test, store, model, rnd);
	KUNIT_ASSERT_PTR_EQ(test, ldd_store_find(store, i), (void *)model->at[i]);
	KUNIT_ASSERT_EQ(test, store->count, model->count);
}

static void store_test_random(struct kunit *test)
{
	struct store_model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	struct ldd_store *store = kunit_kzalloc(test, sizeof(*store), GFP_KERNEL);
	u32 seed = store_seed ?: get_random_u32();
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_NOT_NULL(test, store);
	kunit_info(test, "seed=%u", seed);
	prandom_seed_state(&rnd, seed);
	ldd_store_init(store, prandom_u32_state(&rnd) % NR_PAGE_ORDERS);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, store_empty, store));
	for (int i = 0; i < 20000; i++)
		store_random_step(test, store, model, &rnd);
}

static struct kunit_case store_test_cases[] = {
	KUNIT_CASE_PARAM(store_test_seek, store_seek_gen_params),
	KUNIT_CASE(store_test_seek_far),
	KUNIT_CASE(store_test_insert_and_find),
	KUNIT_CASE(store_test_insert_over),
	KUNIT_CASE_PARAM(store_test_truncate, store_truncate_gen_params),
	KUNIT_CASE(store_test_truncate_and_insert),
	KUNIT_CASE(store_test_bytes),
	KUNIT_CASE(store_test_random),
	{}
};

static struct kunit_suite store_test_suite = {
	.name = "ldd_store",
	.test_cases = store_test_cases,
};

kunit_test_suite(store_test_suite);

MODULE_DESCRIPTION("KUnit tests of the ldd sparse store");
MODULE_LICENSE("GPL");
