/* Breadth-first search by one or more threads on one table, level by level.
 *
 * A level is all states at one distance from the initial ones; it is finished before anything that
 * was found in it counts. So what is found does not depend on who found it first: the states, the
 * transitions and the depth are the same for any number of threads.
 *
 * Threads work in phases. Whoever is the last to end a phase plans the next one (`plan`), while the
 * others wait: nothing else needs a lock. A thread that has no room left for new states asks for a
 * pause; then all interrupt their level, the index is made larger, and they go on where they were.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define BATCH 64  /* successors that are looked up together */
#define QUICK (1 << 20)  /* slots; below it the index grows faster */
#define SPARSE (1 << 24) /* slots; below it more of them stay empty */
#define LINE 128 /* bytes that processors pass to each other together, with the line beside */
#define UNSURE (1 << 15) /* states in doubt that are looked at again together */
#define CHUNK 128 /* states that a thread takes at a time, in a large level */

enum phase { START, EXPAND, GROW, SETTLE, END };
enum stop { GOES_ON, EXHAUSTED, FOUND, STATES, MEMORY, ASKED };

/* Numbers of states, in a list that never moves. */
struct list {
    number *at;
    uint64_t count;
};

/* A state in which somebody may wait in vain: who did so at first, who still does after a look at
 * some successors, and whose successors are the next. */
struct doubt {
    number n;
    known before, left;
    int next;
};

/* A state in which somebody may wait in vain, and the successor of it that was kept. */
struct hinted {
    number n, hint;
};

/* States that a worker has expanded one after the other. */
struct stretch {
    number first;
    uint64_t count;
};

struct worker {
    _Alignas(LINE) struct search *search;
    pthread_t thread;
    number begin;      /* of its part of the states */
    uint64_t count;    /* how many it has found */
    uint64_t expanded; /* how many states it has expanded, and with how many transitions */
    uint64_t moves;
    int64_t room; /* how many more it may find before it has to ask */
    uint64_t from, to;  /* what is left of its chunk of the level */
    int news;           /* has settling changed anything? */
    struct list bad, bad_sources, in_vain;
    uint64_t runs[LABELS];
    int pending; /* successors that are not looked up yet */
    state fresh[BATCH + MOST_MOVES];
    uint64_t hashes[BATCH + MOST_MOVES];
    uint64_t slots[BATCH + MOST_MOVES];
    struct doubt doubts[BATCH];
    /* What it has expanded, in order; and for each state of these in which somebody is blocked, one
     * successor, in four bytes if that is enough for a number. */
    struct stretch *stretches;
    uint64_t stretch_count, stretches_left;
    void *hints;
    uint64_t hint_count, hints_left;
    uint8_t is_hint[BATCH + MOST_MOVES]; /* of the pending successors */
    struct hinted unsure[UNSURE];
    int unsure_count;
};

struct search {
    struct table table;
    struct worker *workers;
    int wide_hints;
    int dense;         /* the index cannot grow any more */
    int passes;        /* of settling */
    uint64_t settling; /* the level that is settled in the first pass */
    int threads, parts; /* how many work, and for how many there is a part of the states */
    uint64_t most_states, most_bytes;
    uint8_t asked[CLAIMS + 1]; /* is a claim judged? */
    uint8_t open[CLAIMS + 1];  /* was a cover not hit before this level? */
    uint8_t hit[CLAIMS + 1];   /* ... and is it hit now? */
    /* The last level whose states are all found, how many levels somebody has begun to expand,
     * and where the levels begin in each worker's part. */
    uint64_t level, begun, levels_room;
    uint64_t *level_begins; /* threads numbers for each level, and those of the end of the last */
    _Alignas(LINE) uint64_t next; /* where the next chunk of the level begins */
    /* The end of a phase. */
    _Alignas(LINE) pthread_mutex_t mutex;
    pthread_cond_t turn;
    int waiting;
    uint64_t phases;
    enum phase phase;
    int pause;     /* somebody needs room, or the search is to stop */
    int wanted;    /* the caller asks for it to stop */
    enum stop why; /* what ended it */
    int ended;     /* how many threads have */
    int started, joined;
    struct timespec wall;
    struct rusage used;
    double seconds, user;
};

static void note(struct list *list, number n) { list->at[list->count++] = n; }

static inline uint64_t relaxed(const uint64_t *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }
static inline void publish(uint64_t *at, uint64_t value) {
    __atomic_store_n(at, value, __ATOMIC_RELAXED); /* only one thread writes it */
}

static uint64_t states_of(const struct search *search) {
    uint64_t sum = 0;
    for (int i = 0; i < search->threads; i++) sum += relaxed(&search->workers[i].count);
    return sum;
}

static inline int paused(const struct search *search) {
    return __atomic_load_n(&search->pause, __ATOMIC_RELAXED);
}

/* --- Expanding ------------------------------------------------------------------------------ */

static void judge(struct worker *me, const state *s, number n) {
    struct search *search = me->search;
    const int wrong = breaks_always(s, search->asked);
    if (covers(s, search->open, search->hit) || wrong) note(&me->bad, n);
}

static void note_hint(struct worker *me, number n) {
    if (me->search->wide_hints)
        ((uint64_t *)me->hints)[me->hint_count] = n;
    else
        ((uint32_t *)me->hints)[me->hint_count] = (uint32_t)n;
    publish(&me->hint_count, me->hint_count + 1);
}

static number hint(const struct worker *me, uint64_t i) {
    return me->search->wide_hints ? ((uint64_t *)me->hints)[i] : ((uint32_t *)me->hints)[i];
}

/* Look the pending successors up, and keep and judge those that are new. */
static void look_up(struct worker *me) {
    struct table *table = &me->search->table;
    const int alone = me->search->threads == 1;
    for (int i = 0; i < me->pending; i++) {
        me->slots[i] = likely_slot(table, me->hashes[i], home(table, me->hashes[i]));
        fetch_state(table, me->slots[i]);
    }
    for (int i = 0; i < me->pending; i++) {
        const number mine = me->begin + me->count;
        const number there =
            put(table, &me->fresh[i], me->hashes[i], me->slots[i], mine, alone);
        if (me->is_hint[i]) note_hint(me, there == NOWHERE ? mine : there);
        if (there != NOWHERE) continue;
        publish(&me->count, me->count + 1);
        me->room--;
        judge(me, &me->fresh[i], mine);
    }
    me->pending = 0;
    if (me->room <= 0) __atomic_store_n(&me->search->pause, 1, __ATOMIC_RELAXED);
}

/* Append the successors of a state, and note what is wrong with it. */
static void expand(struct worker *me, number n) {
    struct search *search = me->search;
    const state *s = &search->table.states[n];
    state *const first = &me->fresh[me->pending], *out = first;
    const state *work = NULL; /* the first successor by somebody who does not begin something new */
    known waits = 0;
    int bad = 0;
#define MOVE(a)                                                                     \
    {                                                                               \
        const int at = (int)label_##a(*s);                                          \
        state *const end = moves_##a(s, out, &bad);                                 \
        me->runs[first_label_##a + at] += (uint64_t)(end - out);                    \
        if (end > out)                                                              \
            work = !work && (daemon_##a || !rests_##a[at]) ? out : work;            \
        else if (!daemon_##a && !rests_##a[at])                                     \
            waits |= (known)1 << a;                                                 \
        out = end;                                                                  \
    }
    EACH_ACTOR(MOVE)
#undef MOVE
    const int made = (int)(out - first);
    if (bad)
        note(&me->bad_sources, n);
    else if (waits && (!made || (HANG && !work)))
        note(&me->in_vain, n); /* nobody moves, or only who begins something new */
    else if (STEP_CLAIMS)
        for (const state *t = first; t < out; t++)
            if (breaks_step(s, t, search->asked)) {
                note(&me->bad_sources, n);
                break;
            }
    search->table.waits[n] = HANG ? (known)(waits | (uint64_t)waits << (HANG * ACTORS)) : waits;
    memset(me->is_hint + me->pending, 0, (size_t)made);
    if (made && waits) me->is_hint[(work ? work : first) - me->fresh] = 1;
    const struct table table = search->table; /* a copy, which no store can change */
    uint64_t *hash = me->hashes + me->pending;
    for (const state *t = first; t < out; t++, hash++) {
        *hash = hash_of(t);
        fetch_slot(&table, *hash);
    }
    me->pending += made;
    publish(&me->expanded, me->expanded + 1);
    publish(&me->moves, me->moves + (uint64_t)made);
}

/* Where a level begins and ends in a worker's part. */
static number level_begin(const struct search *search, uint64_t level, int worker) {
    return search->level_begins[level * (uint64_t)search->threads + (uint64_t)worker];
}

static uint64_t level_size(const struct search *search, uint64_t level) {
    uint64_t sum = 0;
    for (int i = 0; i < search->threads; i++)
        sum += level_begin(search, level + 1, i) - level_begin(search, level, i);
    return sum;
}

/* The states from..to of a level, counted over all parts, lie in the array in stretches: the first
 * one of them, and how long it is. */
static uint64_t stretch(
    const struct search *search, uint64_t level, uint64_t from, uint64_t to, number *begin) {
    uint64_t before = 0;
    for (int i = 0;; i++) {
        const number here = level_begin(search, level, i);
        const uint64_t size = level_begin(search, level + 1, i) - here;
        if (from < before + size) {
            const uint64_t end = to < before + size ? to : before + size;
            *begin = here + (from - before);
            return end - from;
        }
        before += size;
    }
}

static int next_chunk(struct worker *me, uint64_t size) {
    struct search *search = me->search;
    const uint64_t fair = size / (8 * (uint64_t)search->threads) + 1;
    const uint64_t chunk = fair < CHUNK ? fair : CHUNK;
    me->from = __atomic_fetch_add(&search->next, chunk, __ATOMIC_RELAXED);
    if (me->from >= size) {
        me->from = me->to = size;
        return 0;
    }
    me->to = me->from + chunk < size ? me->from + chunk : size;
    return 1;
}

static void expand_level(struct worker *me) {
    struct search *search = me->search;
    const uint64_t size = level_size(search, search->level);
    while (!paused(search)) {
        if (me->from == me->to && !next_chunk(me, size)) break;
        number n;
        const uint64_t run = stretch(search, search->level, me->from, me->to, &n);
        uint64_t i = 0;
        while (i < run) {
            expand(me, n + i++);
            if (me->pending >= BATCH) {
                look_up(me);
                if (paused(search)) break;
            }
        }
        me->stretches[me->stretch_count] = (struct stretch){n, i};
        publish(&me->stretch_count, me->stretch_count + 1);
        me->from += i;
    }
    look_up(me);
}

/* --- Growing -------------------------------------------------------------------------------- */

static uint64_t hint_bytes(const struct search *search) { return search->wide_hints ? 8 : 4; }

static uint64_t bytes_of(const struct search *search, uint64_t states, uint64_t slots) {
    uint64_t sum = states * (sizeof(state) + sizeof(known)) + slots * sizeof *search->table.slots;
    sum += search->levels_room * (uint64_t)search->threads * sizeof *search->level_begins;
    for (int i = 0; i < search->threads; i++) {
        const struct worker *worker = &search->workers[i];
        sum += relaxed(&worker->hint_count) * hint_bytes(search);
        sum += relaxed(&worker->stretch_count) * sizeof *worker->stretches;
    }
    return sum;
}

/* Room that a thread needs to end what it has begun. */
static uint64_t slack(const struct search *search) {
    return (uint64_t)search->threads * 2 * (BATCH + MOST_MOVES);
}

/* At most ten slots in sixteen are used; of a small index half of that, as whoever looks for a state
 * then nearly always needs one look, for a few bytes more; and more, slow as it is, of one that
 * there is no memory to replace by a larger one. */
static uint64_t room_in(const struct search *search) {
    const uint64_t slots = search->table.size;
    return slots / 16 * (search->dense ? 13 : slots < SPARSE ? 5 : 10);
}

/* Share the room that is left among the threads; 0 if the index has to grow first. */
static int share_room(struct search *search) {
    const uint64_t states = states_of(search);
    const uint64_t used = bytes_of(search, states, search->table.size);
    const uint64_t left = search->most_bytes > used ? search->most_bytes - used : 0;
    /* At most one hint for each state; stretches and levels are as nothing beside that. */
    const uint64_t fit = states + left / (sizeof(state) + sizeof(known) + hint_bytes(search));
    uint64_t most = room_in(search);
    if (states + slack(search) > most) return 0;
    if (most > fit) most = fit;
    if (states + slack(search) > most) {
        search->why = MEMORY;
        return 1;
    }
    const uint64_t each = (most - states - slack(search) / 2) / (uint64_t)search->threads;
    for (int i = 0; i < search->threads; i++) {
        struct worker *worker = &search->workers[i];
        const uint64_t own = search->table.part - worker->count - (BATCH + MOST_MOVES);
        worker->room = (int64_t)(each < own ? each : own);
    }
    return 1;
}

static void index_again(struct worker *me) {
    struct table *table = &me->search->table;
    uint64_t hashes[BATCH];
    for (uint64_t at = 0; at < me->count; at += BATCH) {
        const uint64_t left = me->count - at, n = left < BATCH ? left : BATCH;
        for (uint64_t i = 0; i < n; i++) {
            hashes[i] = hash_of(&table->states[me->begin + at + i]);
            fetch_slot(table, hashes[i]);
        }
        for (uint64_t i = 0; i < n; i++) put_again(table, hashes[i], me->begin + at + i);
    }
}

/* --- Who waits in vain ---------------------------------------------------------------------- */

/* Who is blocked in a state and in all its successors, as far as is known of them; with hangs, in
 * the upper half, but for successors in which somebody has begun something new. */
static known still_waiting(
    const struct table *table, const state *s, known waits, state *successors) {
    const known everybody = (known)(((uint64_t)1 << ACTORS) - 1);
    const known hangs = HANG ? (known)~everybody : 0;
    const known before = waits;
    int bad = 0;
#define FREE(a)                                                                             \
    if (waits && !(before >> a & 1)) {                                                      \
        const known spared = rests_##a[label_##a(*s)] && !daemon_##a ? hangs : 0;           \
        if (waits & (known)~spared) {                                                       \
            const state *const end = moves_##a(s, successors, &bad);                        \
            for (const state *t = successors; t < end && waits & (known)~spared; t++)       \
                waits &= __atomic_load_n(&table->waits[number_of(table, t)],                \
                                         __ATOMIC_RELAXED) | spared;                        \
        }                                                                                   \
    }
    EACH_ACTOR(FREE)
#undef FREE
    return waits;
}

/* The successors by somebody who is not blocked and who works, the first one from `from` on. The
 * actor after that one; 0 if there is none. */
static int one_move(const state *s, known waits, int from, state *out) {
    int bad = 0;
#define TRY(a)                                                                     \
    if (a >= from && !(waits >> a & 1) &&                                          \
        !(HANG && rests_##a[label_##a(*s)] && !daemon_##a) &&                      \
        moves_##a(s, out, &bad) > out)                                             \
        return a + 1;
    EACH_ACTOR(TRY)
#undef TRY
    return 0;
}

static void settled(struct worker *me, number n, known waits) {
    __atomic_store_n(&me->search->table.waits[n], waits, __ATOMIC_RELAXED);
    me->news = 1;
}

/* Look at one more successor of a state, with those of others, or at once at all that there are. */
static void settle_by_next(struct worker *me, struct doubt doubt) {
    const struct table *table = &me->search->table;
    const state *s = &table->states[doubt.n];
    const int i = me->pending;
    doubt.next = one_move(s, doubt.before, doubt.next, me->fresh + BATCH);
    me->fresh[i] = me->fresh[BATCH];
    if (!doubt.next) {
        const known left = still_waiting(table, s, doubt.before, me->fresh + BATCH);
        if (left != doubt.before) settled(me, doubt.n, left);
        return;
    }
    me->hashes[i] = hash_of(&me->fresh[i]);
    fetch_slot(table, me->hashes[i]);
    me->doubts[i] = doubt;
    me->pending++;
}

/* Nearly always one of the first successors is enough to free everybody. */
static void settle_pending(struct worker *me) {
    const struct table *table = &me->search->table;
    const int count = me->pending;
    for (int i = 0; i < count; i++) {
        me->slots[i] = likely_slot(table, me->hashes[i], home(table, me->hashes[i]));
        fetch_state(table, me->slots[i]);
        fetch_waits(table, me->slots[i]);
    }
    me->pending = 0;
    for (int i = 0; i < count; i++) {
        struct doubt doubt = me->doubts[i];
        const number there = find(table, &me->fresh[i], me->hashes[i], me->slots[i]);
        doubt.left &= __atomic_load_n(&table->waits[there], __ATOMIC_RELAXED);
        if (doubt.left)
            settle_by_next(me, doubt); /* what it overwrites has been read */
        else
            settled(me, doubt.n, 0);
    }
}

/* Is the stretch one of the level that is settled, or of a later one? */
static int to_be_settled(const struct search *search, struct stretch stretch) {
    const int part = (int)(stretch.first / search->table.part);
    return stretch.first >= level_begin(search, search->settling, part);
}

static int is_settled_by_hint(struct worker *me, struct hinted it) {
    const known *waits = me->search->table.waits;
    const known before = __atomic_load_n(&waits[it.n], __ATOMIC_RELAXED);
    const known there = __atomic_load_n(&waits[it.hint], __ATOMIC_RELAXED);
    if (before & there) return 0;
    if (before) settled(me, it.n, 0);
    return 1;
}

/* Whom their hints did not settle at once: the hints may be settled by now, and so on to and fro.
 * Who is in doubt after that is settled by other successors. */
static void settle_unsure(struct worker *me) {
    int left = me->unsure_count, before;
    do {
        before = left;
        left = 0;
        for (int i = before; i-- > 0;) is_settled_by_hint(me, me->unsure[i]);
        for (int i = 0; i < before; i++)
            if (!is_settled_by_hint(me, me->unsure[i])) me->unsure[left++] = me->unsure[i];
    } while (left < before);
    const struct table *table = &me->search->table;
    for (int i = 0; i < left; i++) {
        const number n = me->unsure[i].n;
        const known waits = __atomic_load_n(&table->waits[n], __ATOMIC_RELAXED);
        const known there = __atomic_load_n(&table->waits[me->unsure[i].hint], __ATOMIC_RELAXED);
        const int next = one_move(&table->states[n], waits, 0, me->fresh + BATCH);
        settle_by_next(me, (struct doubt){n, waits, waits & there, next});
        while (me->pending == BATCH) settle_pending(me);
    }
    while (me->pending) settle_pending(me);
    me->unsure_count = 0;
}

/* The first pass, of one level: over the states that a thread has expanded, the last one first, by
 * the successor of each that was kept. It was mostly found later, and so is settled by now. */
static void settle_by_hints(struct worker *me) {
    const struct table *table = &me->search->table;
    while (me->stretches_left && to_be_settled(me->search, me->stretches[me->stretches_left - 1])) {
        const struct stretch done = me->stretches[--me->stretches_left];
        for (number n = done.first + done.count; n-- > done.first;) {
            const known before = __atomic_load_n(&table->waits[n], __ATOMIC_RELAXED);
            if (!before) continue;
            const uint64_t left = --me->hints_left;
            const known there = __atomic_load_n(&table->waits[hint(me, left)], __ATOMIC_RELAXED);
            if (left >= BATCH) __builtin_prefetch(&table->waits[hint(me, left - BATCH)]);
            if (!(before & there)) {
                settled(me, n, 0);
                continue;
            }
            me->unsure[me->unsure_count++] = (struct hinted){n, hint(me, left)};
            if (me->unsure_count == UNSURE) settle_unsure(me);
        }
        if (paused(me->search)) return;
    }
    settle_unsure(me);
}

/* One more pass over all states, by looking their successors up: forward and backward by turns, as
 * news that has to go against the order of a pass gets no further than a step. */
static void settle_again(struct worker *me) {
    const struct search *search = me->search;
    const int forward = search->passes % 2;
    for (uint64_t k = 0; k <= search->level; k++) {
        const uint64_t level = forward ? k : search->level - k;
        for (int i = 0; i < search->threads; i++) {
            const number begin = level_begin(search, level, i);
            const uint64_t size = level_begin(search, level + 1, i) - begin;
            for (uint64_t j = 0; j < size; j++) {
                const number n = begin + (forward ? j : size - 1 - j);
                const known before = search->table.waits[n];
                if (!before) continue;
                settle_by_next(me, (struct doubt){n, before, before, 0});
                while (me->pending == BATCH) settle_pending(me);
            }
        }
        if (paused(search)) return;
    }
    while (me->pending) settle_pending(me);
}

/* Threads share the first pass, level by level. Few states are left in doubt after it, and what is
 * known of them may have to go through many levels: that is for one thread. */
static void settle(struct worker *me) {
    if (!me->search->passes)
        settle_by_hints(me);
    else if (me == me->search->workers)
        settle_again(me);
}

/* All is known of all states: the first level in which somebody waits in vain. */
static void collect_in_vain(struct search *search) {
    struct worker *first = &search->workers[0];
    for (uint64_t level = 0; level <= search->level && !first->in_vain.count; level++) {
        for (int i = 0; i < search->threads; i++)
            for (number n = level_begin(search, level, i); n < level_begin(search, level + 1, i); n++)
                if (search->table.waits[n]) note(&first->in_vain, n);
        publish(&search->begun, level + 1);
    }
}

/* --- What comes next ------------------------------------------------------------------------ */

static int found_anything(const struct search *search) {
    for (int i = 0; i < search->threads; i++) {
        const struct worker *worker = &search->workers[i];
        if (worker->bad.count || worker->bad_sources.count || worker->in_vain.count) return 1;
    }
    return 0;
}

/* The states that are there end a level. 0 if there is no memory to note it. */
static int end_level(struct search *search, uint64_t level) {
    const uint64_t threads = (uint64_t)search->threads;
    if (level + 2 > search->levels_room) {
        const uint64_t room = 2 * search->levels_room + 64;
        uint64_t *begins = realloc(search->level_begins, room * threads * sizeof *begins);
        if (!begins) return 0;
        search->level_begins = begins;
        search->levels_room = room;
    }
    for (int i = 0; i < search->threads; i++) {
        const struct worker *worker = &search->workers[i];
        search->level_begins[(level + 1) * threads + (uint64_t)i] = worker->begin + worker->count;
        if (!level) search->level_begins[i] = worker->begin;
    }
    return 1;
}

static enum phase stop(struct search *search, enum stop why) {
    search->why = why;
    return END;
}

/* Go on with the present level, if there is room. */
static enum phase go_on(struct search *search) {
    if (!share_room(search)) {
        const uint64_t size = search->table.size * (search->table.size < QUICK ? 8 : 2);
        if (bytes_of(search, states_of(search), size) > search->most_bytes) {
            if (search->dense) return stop(search, MEMORY);
            search->dense = 1; /* no memory for a larger one: use this one up */
            return go_on(search);
        }
        return renew_index(&search->table, size) ? GROW : stop(search, MEMORY);
    }
    return search->why == MEMORY ? END : EXPAND;
}

static void close_covers(struct search *search) {
    for (int i = 0; i < CLAIMS; i++) search->open[i] &= !search->hit[i];
}

static enum phase begin_level(struct search *search) {
    close_covers(search);
    if (found_anything(search)) return stop(search, FOUND);
    if (states_of(search) > search->most_states) return stop(search, STATES);
    publish(&search->begun, search->begun + 1);
    search->next = 0;
    for (int i = 0; i < search->threads; i++)
        search->workers[i].from = search->workers[i].to = 0;
    return go_on(search);
}

static enum phase after_level(struct search *search) {
    if (!end_level(search, search->level + 1)) return stop(search, MEMORY);
    if (level_size(search, search->level + 1)) {
        publish(&search->level, search->level + 1);
        return begin_level(search);
    }
    if (found_anything(search)) return stop(search, FOUND);
    /* One thread alone settles all levels in their order, without a stop between them. */
    search->settling = search->threads > 1 ? search->level : 0;
    for (int i = 0; i < search->threads; i++) {
        struct worker *worker = &search->workers[i];
        worker->stretches_left = worker->stretch_count;
        worker->hints_left = worker->hint_count;
    }
    return SETTLE;
}

static enum phase after_pass(struct search *search) {
    if (!search->passes && search->settling) {
        search->settling--;
        return SETTLE;
    }
    int news = 0;
    for (int i = 0; i < search->threads; i++) {
        news |= search->workers[i].news;
        search->workers[i].news = 0;
    }
    search->passes++;
    if (news) return SETTLE;
    collect_in_vain(search);
    return stop(search, search->workers[0].in_vain.count ? FOUND : EXHAUSTED);
}

static enum phase plan(struct search *search) {
    /* In this order: who wants to stop the search says so before it asks for the pause. */
    const int interrupted = __atomic_exchange_n(&search->pause, 0, __ATOMIC_ACQ_REL);
    const int wanted = __atomic_load_n(&search->wanted, __ATOMIC_ACQUIRE);
    switch (search->phase) {
    case START: return wanted ? stop(search, ASKED) : begin_level(search);
    case EXPAND:
        if (wanted && interrupted) return stop(search, ASKED);
        return interrupted ? go_on(search) : after_level(search);
    case GROW: return wanted ? stop(search, ASKED) : go_on(search);
    case SETTLE: return wanted ? stop(search, ASKED) : after_pass(search);
    default: return END;
    }
}

static void *work(void *worker) {
    struct worker *me = worker;
    struct search *search = me->search;
    for (;;) {
        pthread_mutex_lock(&search->mutex);
        if (++search->waiting == search->threads) {
            search->waiting = 0;
            search->phase = plan(search);
            search->phases++;
            pthread_cond_broadcast(&search->turn);
        } else {
            const uint64_t mine = search->phases;
            while (search->phases == mine) pthread_cond_wait(&search->turn, &search->mutex);
        }
        const enum phase phase = search->phase;
        pthread_mutex_unlock(&search->mutex);
        switch (phase) {
        case EXPAND: expand_level(me); break;
        case GROW: index_again(me); break;
        case SETTLE: settle(me); break;
        default: return NULL;
        }
    }
}
