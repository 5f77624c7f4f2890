/*
 * What two processors can reach at best when both take the next place of one log, beside wal-append2 of side-by-side.sh: no log, only
 * what cannot be left out. Each record of 152 bytes takes a place, computes (as a checksum would), and is copied.
 *
 *   cc -O2 -msse4.2 -pthread tests/benchmarks/contended-append.c -o /tmp/contended-append && /tmp/contended-append
 *
 * Four ways: everything its own; one shared word by fetch-add; the same and one ring, so that a record's first line is the last one's
 * last; one ring with compare-exchange, which is what a link to the record before needs.
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORD = 152, RING = 1 << 20, STEPS = 64, LINES = 256 };
enum way { OWN, ADD_OWN_MEMORY, ADD, EXCHANGE, WAYS };

static const char *const names[WAYS] = {"own place, own memory", "fetch-add, own memory", "fetch-add, one ring", "compare-exchange, one ring"};
static struct { _Alignas(LINES) volatile uint64_t word; char rest[LINES - 8]; } tail;
static struct { _Alignas(LINES) volatile int stop; enum way way; int work; char *ring; char rest[LINES - 32]; } shared;
static struct { _Alignas(LINES) uint64_t count; char rest[LINES - 8]; } counts[2];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static uint64_t take(enum way way, uint64_t *own) {
  if (way == OWN) return *own += RECORD;
  if (way != EXCHANGE) return __atomic_fetch_add(&tail.word, RECORD, __ATOMIC_SEQ_CST);
  uint64_t seen = tail.word;
  while (!__atomic_compare_exchange_n(&tail.word, &seen, seen + RECORD, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) { }
  return seen;
}

static void *append(void *argument) {
  int id = (int)(intptr_t)argument;
  cpu_set_t processor;
  CPU_ZERO(&processor);
  CPU_SET(id, &processor);
  pthread_setaffinity_np(pthread_self(), sizeof processor, &processor);
  enum way way = shared.way;
  int work = shared.work;
  uint64_t record[RECORD / 8], own = 0, count = 0, sum = id;
  memset(record, id, sizeof record);
  char *memory = way == OWN || way == ADD_OWN_MEMORY ? aligned_alloc(4096, RING + 4096) : shared.ring;
  while (!shared.stop) {
    for (int step = 0; step < STEPS; step++) {
      uint64_t place = take(way, &own);
      for (int i = 0; i < work; i++) sum = _mm_crc32_u64(sum, record[i & 15]);
      memcpy(memory + (place & (RING - 1) & ~7ull), record, sizeof record);
    }
    count += STEPS;
  }
  counts[id].count = count;
  return (void *)(uintptr_t)sum;
}

static double run(int threads) {
  pthread_t made[2];
  shared.stop = 0;
  double began = now();
  for (int id = 0; id < threads; id++) pthread_create(&made[id], 0, append, (void *)(intptr_t)id);
  struct timespec second = {1, 0};
  nanosleep(&second, 0);
  shared.stop = 1;
  uint64_t total = 0;
  for (int id = 0; id < threads; id++) {
    pthread_join(made[id], 0);
    total += counts[id].count;
  }
  return total / (now() - began) / 1e6;
}

int main(void) {
  shared.ring = aligned_alloc(4096, RING + 4096);
  for (shared.work = 32; shared.work <= 64; shared.work += 16) {
    for (shared.way = OWN; shared.way < WAYS; shared.way++) {
      double one = run(1), two = run(2);
      printf("%-28s %4.0f ns a record alone, %5.1f million a second; two processors %5.1f: %.2f times\n", names[shared.way], 1e3 / one, one,
             two, two / one);
    }
  }
}
