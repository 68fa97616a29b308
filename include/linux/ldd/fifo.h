/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LDD_FIFO_H
#define _LINUX_LDD_FIFO_H

#include <asm/barrier.h>
#include <linux/minmax.h>
#include <linux/types.h>

/**
 * struct ldd_fifo - a ring of bytes with unmasked indices
 * @buf: @size bytes, owned by the caller
 * @size: capacity in bytes, a power of two, at most 2^31
 * @head: bytes ever produced, modulo 2^32; written by the producer only
 * @tail: bytes ever consumed, modulo 2^32; written by the consumer only
 *
 * There is at most one producer and one consumer at a time, which may run
 * concurrently: whoever uses the ring serialises producers among themselves
 * and consumers among themselves. ldd_fifo_init(), ldd_fifo_clear() and
 * ldd_fifo_move() need both sides quiet.
 */
struct ldd_fifo {
	u8 *buf;
	u32 size;
	u32 head;
	u32 tail;
};

/**
 * struct ldd_fifo_span - a contiguous part of the ring
 * @ptr: first byte
 * @len: length in bytes; 0 when there is nothing
 */
struct ldd_fifo_span {
	u8 *ptr;
	u32 len;
};

/**
 * ldd_fifo_is_empty - is there nothing to consume?
 * @fifo: the ring
 *
 * Context: any. To the consumer, false stays false until it consumes. To
 * whoever is neither producer nor consumer, true means that the ring was empty
 * at some moment during the call.
 * Return: true or false.
 */
static inline bool ldd_fifo_is_empty(const struct ldd_fifo *fifo)
{
	/* The tail first: an older tail can only make the ring look fuller. */
	u32 tail = smp_load_acquire(&fifo->tail);

	return READ_ONCE(fifo->head) == tail;
}

/**
 * ldd_fifo_is_full - is there no room to produce?
 * @fifo: the ring
 *
 * Context: any. To the producer, false stays false until it produces. To
 * whoever is neither producer nor consumer, true means that the ring was full
 * at some moment during the call, unless ldd_fifo_move() shrank it meanwhile.
 * Return: true or false.
 */
static inline bool ldd_fifo_is_full(const struct ldd_fifo *fifo)
{
	/* The head first: an older head can only make the ring look emptier. */
	u32 head = smp_load_acquire(&fifo->head);

	return head - READ_ONCE(fifo->tail) == READ_ONCE(fifo->size);
}

static inline struct ldd_fifo_span
ldd_fifo_span(const struct ldd_fifo *fifo, u32 index, u32 avail, size_t max)
{
	u32 offset = index & (fifo->size - 1);
	u32 to_wrap = fifo->size - offset;

	return (struct ldd_fifo_span){
		.ptr = fifo->buf + offset,
		.len = min3(avail, to_wrap, max),
	};
}

/**
 * ldd_fifo_room - where the producer may write next
 * @fifo: the ring
 * @done: bytes written already and not published yet
 * @max: bytes wanted at most
 *
 * Context: the producer, any context.
 * Return: the free bytes from the head and @done up to the end of the buffer,
 * the end of the room or @max, whichever comes first. What lies behind the
 * wrap-around is returned by the next call, with a greater @done.
 */
static inline struct ldd_fifo_span
ldd_fifo_room(const struct ldd_fifo *fifo, u32 done, size_t max)
{
	u32 index = fifo->head + done;
	/* Pairs with ldd_fifo_consume(): those bytes have been read. */
	u32 used = index - smp_load_acquire(&fifo->tail);

	return ldd_fifo_span(fifo, index, fifo->size - used, max);
}

/**
 * ldd_fifo_data - where the consumer may read next
 * @fifo: the ring
 * @done: bytes read already and not given back yet
 * @max: bytes wanted at most
 *
 * Context: the consumer, any context.
 * Return: the queued bytes from the tail and @done up to the end of the buffer,
 * the end of the data or @max, whichever comes first. What lies behind the
 * wrap-around is returned by the next call, with a greater @done.
 */
static inline struct ldd_fifo_span
ldd_fifo_data(const struct ldd_fifo *fifo, u32 done, size_t max)
{
	u32 index = fifo->tail + done;
	/* Pairs with ldd_fifo_produce(): those bytes have been written. */
	u32 queued = smp_load_acquire(&fifo->head) - index;

	return ldd_fifo_span(fifo, index, queued, max);
}

/**
 * ldd_fifo_produce - publish bytes that were written at ldd_fifo_room()
 * @fifo: the ring
 * @count: number of bytes, at most the length of those spans
 *
 * Context: the producer, any context.
 */
static inline void ldd_fifo_produce(struct ldd_fifo *fifo, u32 count)
{
	/* Pairs with ldd_fifo_data(): the bytes are there before the index. */
	smp_store_release(&fifo->head, fifo->head + count);
}

/**
 * ldd_fifo_consume - give back the room of bytes read at ldd_fifo_data()
 * @fifo: the ring
 * @count: number of bytes, at most the length of those spans
 *
 * Context: the consumer, any context.
 */
static inline void ldd_fifo_consume(struct ldd_fifo *fifo, u32 count)
{
	/* Pairs with ldd_fifo_room(): the bytes were read before they may go. */
	smp_store_release(&fifo->tail, fifo->tail + count);
}

void ldd_fifo_init(struct ldd_fifo *fifo, void *buf, u32 size);
u32 ldd_fifo_len(const struct ldd_fifo *fifo);
void ldd_fifo_clear(struct ldd_fifo *fifo);
void *ldd_fifo_move(struct ldd_fifo *fifo, void *buf, u32 size);

#endif /* _LINUX_LDD_FIFO_H */
