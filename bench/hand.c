/*
 * The benchmark model, searched by hand-written C: the practical limit for any engine.
 *
 * Breadth-first, exact, with all invariants checked on every state. It is made for this one model
 * and knows how many states there will be, so the table never grows, and no trace can be printed:
 * of the levels it keeps only the one that is expanded and the next.
 *
 *     cc -std=c11 -O3 -march=native -pthread -DNO=1 -DNP=2 -DC=3 -DD=1 -DLOG2=22 hand.c
 *     ./a.out 2        # two threads on one table
 *
 * NO objects, NP frames, C CPUs, D get-user-pages threads, 2^LOG2 places in the table; -DBUG=1
 * leaves out the TLB flush. Prints one line of JSON; seconds are those of the search alone.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "hand_model.h"

/* ---- The table: four states a cache line, filled from the left ------------------------------ */

#define PLACES BIT(LOG2)
#define LINE 4u
#define BATCH 64u    /* so many look-ups are under way at once */
#define MOST_OUT 64u /* successors of one state, at most */
#define CHUNK 256u   /* states that a thread takes from a level at once */
#define MOST_THREADS 64u
#define HUGE_PAGE ((uintptr_t)2 << 20)

static State *table;

static inline uint64_t line_of(State s)
{
    unsigned __int128 p = (unsigned __int128)(s.frames ^ 0x9E3779B97F4A7C15u) *
                          (s.actors ^ 0xD1B54A32D192ED03u);
    return ((uint64_t)p ^ (uint64_t)(p >> 64)) >> (64 - LOG2) & ~(uint64_t)(LINE - 1);
}

static inline uint64_t peek(const uint64_t *word)
{
    return atomic_load_explicit((const _Atomic uint64_t *)word, memory_order_relaxed);
}

/* Is s in this line? No branches: which of the four it is cannot be predicted. */
static inline bool in_line(const State *line, State s)
{
    bool found = false;
    for (unsigned k = 0; k < LINE; k++)
        found |= ((peek(&line[k].frames) ^ s.frames) | (peek(&line[k].actors) ^ s.actors)) == 0;
    return found;
}

/*
 * Puts s into the table if it is not there. Threads that want the same place agree by the first
 * word; who finds it taken by a state with the same first word waits for the second.
 */
static inline bool insert(State s, uint64_t at, bool shared)
{
    for (;; at = (at + LINE) & (PLACES - 1)) {
        for (State *e = table + at; e < table + at + LINE; e++) {
            uint64_t first = peek(&e->frames);
            if (first == 0 && !shared) {
                *e = s;
                return true;
            }
            if (first == 0 && atomic_compare_exchange_strong_explicit(
                                  (_Atomic uint64_t *)&e->frames, &first, s.frames,
                                  memory_order_relaxed, memory_order_relaxed)) {
                atomic_store_explicit((_Atomic uint64_t *)&e->actors, s.actors,
                                      memory_order_relaxed);
                return true;
            }
            if (first != s.frames)
                continue;
            uint64_t second;
            while ((second = peek(&e->actors)) == 0)
                ;
            if (second == s.actors)
                return false;
        }
    }
}

/* ---- Threads, and what each has in hand ----------------------------------------------------- */

/* The states of one level that one thread has found. */
typedef struct {
    State *at;
    uint64_t length, longest;
    _Atomic uint64_t taken; /* so many are expanded, or being expanded */
} Queue;

/* Successors that are not looked up yet, while their lines of the table are fetched. */
struct Out {
    unsigned count;
    State state[BATCH + MOST_OUT];
    uint64_t line[BATCH + MOST_OUT];
};

typedef struct {
    _Alignas(128) Queue queue[2]; /* of this level and of the next, by turns */
    uint64_t transitions;
    bool violated;
    Out out;
} Thread;

static Thread *threads;
static unsigned thread_count;

static inline void emit(Out *out, uint64_t frames, uint64_t actors)
{
    State s = {frames, actors};
    uint64_t line = line_of(s);
    __builtin_prefetch(table + line, 1);
    out->state[out->count] = s;
    out->line[out->count++] = line;
}

static void give_up(const char *why)
{
    fprintf(stderr, "hand: %s\n", why);
    exit(1);
}

/*
 * Looks the successors up, and keeps those that are new. First all that are there already are
 * sorted out, without branches; only what is left needs atomic writes, which would hold up the
 * look-ups.
 */
static inline void drain(Thread *t, Queue *next, bool shared)
{
    Out *out = &t->out;
    unsigned left[BATCH + MOST_OUT], count = 0;
    for (unsigned i = 0; i < out->count; i++) {
        left[count] = i;
        count += !in_line(table + out->line[i], out->state[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        State s = out->state[left[i]];
        if (insert(s, out->line[left[i]], shared)) {
            next->at[next->length++] = s;
            t->violated |= wrong(s);
        }
    }
    t->transitions += out->count;
    out->count = 0;
}

/* ---- The search ----------------------------------------------------------------------------- */

static uint64_t depth;
static bool violated;
static _Atomic uint64_t states = 1;
/* Atomic, or GCC reads it before it calls wait_for_all(), which it sees not writing it. */
static _Atomic bool finished;

/* One level: first this thread's own part of it, then what the others have not begun. */
static inline void expand_level(Thread *t, unsigned now, bool shared)
{
    Queue *next = &t->queue[!now];
    uint64_t told = 0;
    for (unsigned k = 0; k < thread_count; k++) {
        Queue *q = &threads[((unsigned)(t - threads) + k) % thread_count].queue[now];
        uint64_t i;
        while ((i = atomic_fetch_add(&q->taken, CHUNK)) < q->length) {
            uint64_t end = i + CHUNK < q->length ? i + CHUNK : q->length;
            for (; i < end; i++) {
                expand(&t->out, q->at[i]);
                if (t->out.count >= BATCH)
                    drain(t, next, shared);
            }
            if (atomic_fetch_add(&states, next->length - told) > PLACES - PLACES / 8)
                give_up("the table is too small: use a larger LOG2");
            told = next->length;
        }
    }
    drain(t, next, shared);
    atomic_fetch_add(&states, next->length - told);
    if (next->length > next->longest)
        next->longest = next->length;
}

static void wait_for_all(void)
{
    static _Atomic unsigned arrived, meetings;
    unsigned meeting = atomic_load(&meetings);
    if (atomic_fetch_add(&arrived, 1) + 1 == thread_count) {
        atomic_store(&arrived, 0);
        atomic_store(&meetings, meeting + 1);
    }
    for (unsigned tries = 0; atomic_load(&meetings) == meeting; tries++)
        if (tries > 1000)
            sched_yield();
}

/* Between two levels; one thread does it for all. */
static void look_at_level(unsigned now)
{
    uint64_t found = 0;
    for (unsigned k = 0; k < thread_count; k++) {
        Thread *t = &threads[k];
        found += t->queue[!now].length;
        violated |= t->violated;
        t->queue[now].length = t->queue[!now].taken = 0;
    }
    depth += found > 0;
    finished = found == 0 || violated;
}

static void *search(void *me)
{
    Thread *t = me;
    for (unsigned now = 0; !finished; now = !now) {
        if (thread_count == 1)
            expand_level(t, now, false);
        else
            expand_level(t, now, true);
        wait_for_all();
        if (t == threads)
            look_at_level(now);
        wait_for_all();
    }
    return NULL;
}

/* ---- Memory, time, and what is printed ------------------------------------------------------ */

/* Zeroed memory that takes no room before it is used; in huge pages, if there are any. */
static void *memory(uint64_t bytes)
{
    char *p = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        give_up("out of memory");
    p = (char *)(((uintptr_t)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
#ifdef MADV_HUGEPAGE
    madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

static double user_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_utime.tv_usec * 1e-6;
}

static double wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static void search_with_all_threads(void)
{
    pthread_t id[MOST_THREADS];
    for (unsigned k = 1; k < thread_count; k++)
        if (pthread_create(&id[k], NULL, search, &threads[k]))
            give_up("cannot start a thread");
    search(&threads[0]);
    for (unsigned k = 1; k < thread_count; k++)
        pthread_join(id[k], NULL);
}

int main(int count, char **arguments)
{
    thread_count = count > 1 ? (unsigned)atoi(arguments[1]) : 1;
    if (thread_count < 1 || thread_count > MOST_THREADS)
        give_up("the argument is the number of threads, 1 to 64");
    double user = user_seconds(), wall = wall_seconds();
    table = memory(PLACES * sizeof(State));
    threads = memory(thread_count * sizeof(Thread));
    for (unsigned k = 0; k < 2 * thread_count; k++)
        threads[k / 2].queue[k % 2].at = memory(PLACES * sizeof(State));

    insert(initial(), line_of(initial()), false);
    threads[0].queue[0].at[threads[0].queue[0].length++] = initial();
    search_with_all_threads();

    user = user_seconds() - user;
    wall = wall_seconds() - wall;
    uint64_t transitions = 0, kept = PLACES;
    for (unsigned k = 0; k < thread_count; k++) {
        transitions += threads[k].transitions;
        kept += threads[k].queue[0].longest + threads[k].queue[1].longest;
    }
    printf("{\"states\": %llu, \"transitions\": %llu, \"depth\": %llu, \"violated\": %s, "
           "\"user_seconds\": %.6f, \"wall_seconds\": %.6f, \"engine_bytes\": %llu}\n",
           (unsigned long long)states, (unsigned long long)transitions,
           (unsigned long long)depth, violated ? "true" : "false", user, wall,
           (unsigned long long)(kept * sizeof(State)));
}
