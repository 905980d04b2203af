/* The set of states found so far.
 *
 * States are kept whole, in one array. Each thread fills a part of it of its own, so that a state's
 * number, its place in the array, is its finder's part and how many that one had found before: with
 * one thread, the order of discovery. Address space is reserved for as many states as the memory
 * limit allows; memory is used only where states lie, and nothing is copied when there are more.
 *
 * The index finds a state's number: open addressing, one 64-bit entry a slot, of which 20 bits are
 * bits of the state's hash. They spare a look at the state itself in nearly all slots that belong
 * to others. An entry is put in by compare-and-swap, after its state has been written, so that
 * whoever finds the entry finds the state. Nothing is ever taken out.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#ifndef HASH_BITS /* a test may leave fewer, to make states collide */
#define HASH_BITS 64
#endif
#ifndef FIRST_SLOTS /* a power of two; a test may begin with a table that is soon too small */
#define FIRST_SLOTS (1 << 16)
#endif

#define NUMBER_BITS 44
#define NOWHERE UINT64_MAX

/* Who is blocked in a state; where hangs are asked for, who may hang is kept above it. */
#define KNOWN_BITS (ACTORS * (1 + HANG))
#if KNOWN_BITS <= 8
typedef uint8_t known;
#elif KNOWN_BITS <= 16
typedef uint16_t known;
#elif KNOWN_BITS <= 32
typedef uint32_t known;
#elif KNOWN_BITS <= 64
typedef uint64_t known;
#else
#error "too many processes for native code"
#endif

_Static_assert(FIRST_SLOTS > 0 && (FIRST_SLOTS & (FIRST_SLOTS - 1)) == 0, "a power of two");
_Static_assert(HASH_BITS > 0 && HASH_BITS <= 64, "some of the 64 bits of a hash");

typedef uint64_t number;

struct table {
    state *states;
    known *waits;  /* for each state that is expanded: who may be stuck there, who may hang */
    uint64_t part; /* how many states a thread may find */
    uint64_t *slots;
    uint64_t size; /* of slots; a power of two */
    int shift;     /* from a hash to its home slot */
};

static void *reserve(size_t bytes) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (at == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
    madvise(at, bytes, MADV_HUGEPAGE); /* fewer misses of the TLB; where it is not to be had, none */
#endif
    return at;
}

static void release(void *at, size_t bytes) {
    if (at) munmap(at, bytes);
}

static inline uint64_t mixed(uint64_t a, uint64_t b) {
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The high bits choose the slot, the low ones are kept in the entry. */
static inline uint64_t hash_of(const state *s) {
    uint64_t h = 0x9e3779b97f4a7c15;
    for (int i = 0; i + 1 < WORDS; i += 2)
        h = mixed(s->w[i] ^ h, s->w[i + 1] ^ 0xe7037ed1a0b428db);
    if (WORDS % 2) h = mixed(s->w[WORDS - 1] ^ h, 0x8ebc6af09c88c6e3);
    h = mixed(h, 0xa0761d6478bd642f);
    return HASH_BITS < 64 ? h >> (64 - HASH_BITS) << (64 - HASH_BITS) : h;
}

static inline int equal(const state *a, const state *b) {
    uint64_t differ = 0;
    for (int i = 0; i < WORDS; i++) differ |= a->w[i] ^ b->w[i];
    return !differ;
}

static inline uint64_t home(const struct table *table, uint64_t hash) {
    return hash >> table->shift;
}

static inline uint64_t entry_of(uint64_t hash, number n) { return hash << NUMBER_BITS | (n + 1); }

static inline number number_in(uint64_t entry) {
    return (entry & (((uint64_t)1 << NUMBER_BITS) - 1)) - 1;
}

static inline int alike(uint64_t entry, uint64_t hash) {
    return (entry ^ hash << NUMBER_BITS) >> NUMBER_BITS == 0;
}

static inline uint64_t entry_at(const struct table *table, uint64_t slot) {
    return __atomic_load_n(&table->slots[slot], __ATOMIC_ACQUIRE);
}

/* From a slot on, the first that is empty or that seems to be the state's. */
static inline uint64_t likely_slot(const struct table *table, uint64_t hash, uint64_t slot) {
    for (uint64_t entry; (entry = entry_at(table, slot)) && !alike(entry, hash);)
        slot = (slot + 1) & (table->size - 1);
    return slot;
}

/* Begin to bring what the next look at a slot, or at the state it names, will need. */
static inline void fetch_slot(const struct table *table, uint64_t hash) {
    __builtin_prefetch(&table->slots[home(table, hash)]);
}

static inline void fetch_state(const struct table *table, uint64_t slot) {
    const uint64_t entry = entry_at(table, slot);
    if (entry) __builtin_prefetch(&table->states[number_in(entry)]);
}

/* Put a state in under a number, from a likely slot on. The state that is there already, or NOWHERE
 * if the number is now its own. alone: there is no other thread. */
static inline number put(
    struct table *table, const state *s, uint64_t hash, uint64_t slot, number mine, int alone) {
    uint64_t entry = entry_at(table, slot);
    for (;;) {
        if (!entry) {
            const uint64_t wanted = entry_of(hash, mine);
            table->states[mine] = *s;
            if (alone) {
                table->slots[slot] = wanted;
                return NOWHERE;
            }
            if (__atomic_compare_exchange_n(&table->slots[slot], &entry, wanted, 0,
                                            __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
                return NOWHERE;
        }
        if (alike(entry, hash) && equal(&table->states[number_in(entry)], s))
            return number_in(entry);
        slot = (slot + 1) & (table->size - 1);
        entry = entry_at(table, slot);
    }
}

static inline void fetch_waits(const struct table *table, uint64_t slot) {
    const uint64_t entry = entry_at(table, slot);
    if (entry) __builtin_prefetch(&table->waits[number_in(entry)]);
}

/* The number of a state, from a likely slot on, or NOWHERE. */
static inline number find(const struct table *table, const state *s, uint64_t hash, uint64_t slot) {
    for (;;) {
        slot = likely_slot(table, hash, slot);
        const uint64_t entry = entry_at(table, slot);
        if (!entry) return NOWHERE;
        if (equal(&table->states[number_in(entry)], s)) return number_in(entry);
        slot = (slot + 1) & (table->size - 1);
    }
}

static inline number number_of(const struct table *table, const state *s) {
    const uint64_t hash = hash_of(s);
    return find(table, s, hash, home(table, hash));
}

/* Index a number anew, in a table that has no entry of it. */
static inline void put_again(struct table *table, uint64_t hash, number n) {
    uint64_t slot = home(table, hash);
    for (;;) {
        uint64_t entry = 0;
        if (__atomic_compare_exchange_n(&table->slots[slot], &entry, entry_of(hash, n), 0,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return;
        slot = (slot + 1) & (table->size - 1);
    }
}

/* An empty index of a size, in place of the present one. 0 if there is no memory for it; then there
 * is no index any more. */
static int renew_index(struct table *table, uint64_t size) {
    release(table->slots, table->size * sizeof *table->slots);
    table->slots = reserve(size * sizeof *table->slots);
    __atomic_store_n(&table->size, table->slots ? size : 0, __ATOMIC_RELAXED); /* others watch it */
    table->shift = 64 - __builtin_ctzll(size);
    return table->slots != NULL;
}
