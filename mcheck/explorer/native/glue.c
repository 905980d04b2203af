/* What Python calls. The model's text, the table and the search are one translation unit. */
#define _GNU_SOURCE
#include MODEL
#include "table.h"
#include "search.h"

#include <signal.h>
#include <stdio.h>

#define API __attribute__((visibility("default")))

struct figures {
    uint64_t states, expanded, transitions, level, begun, frontier, bytes;
    uint64_t reason;  /* enum stop */
    uint64_t settled; /* is it decided who waits in vain? */
    double seconds, user;
};

static double seconds_between(struct timeval a, struct timeval b) {
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_usec - a.tv_usec) / 1e6;
}

API uint64_t words_of_a_state(void) { return WORDS; }

static void give_back(struct search *search) {
    struct table *table = &search->table;
    const size_t all = table->part * (size_t)search->parts;
    release(table->states, all * sizeof *table->states);
    release(table->waits, all * sizeof *table->waits);
    release(table->slots, table->size * sizeof *table->slots);
    for (int i = 0; search->workers && i < search->parts; i++) {
        struct worker *worker = &search->workers[i];
        release(worker->bad.at, table->part * sizeof(number));
        release(worker->bad_sources.at, table->part * sizeof(number));
        release(worker->in_vain.at, table->part * sizeof(number));
        release(worker->hints, table->part * sizeof(number));
        release(worker->stretches, table->part * sizeof *worker->stretches);
    }
    free(search->level_begins);
    free(search->workers);
    free(search);
}

/* Memory in which nothing shares a cache line with anything else. */
static void *zeroed(size_t count, size_t size) {
    void *at = aligned_alloc(LINE, count * size);
    return at ? memset(at, 0, count * size) : NULL;
}

static int prepared(struct search *search) {
    struct table *table = &search->table;
    const uint64_t all = table->part * (uint64_t)search->threads;
    if (all >> NUMBER_BITS) return 0;
    search->wide_hints = all >> 32 > 0;
    table->states = reserve(all * sizeof *table->states);
    table->waits = reserve(all * sizeof *table->waits);
    search->workers = zeroed((size_t)search->threads, sizeof *search->workers);
    if (!table->states || !table->waits || !search->workers) return 0;
    if (!renew_index(table, FIRST_SLOTS)) return 0;
    for (int i = 0; i < search->threads; i++) {
        struct worker *worker = &search->workers[i];
        worker->search = search;
        worker->begin = table->part * (uint64_t)i;
        worker->bad.at = reserve(table->part * sizeof(number));
        worker->bad_sources.at = reserve(table->part * sizeof(number));
        worker->in_vain.at = reserve(table->part * sizeof(number));
        worker->hints = reserve(table->part * sizeof(number));
        worker->stretches = reserve(table->part * sizeof *worker->stretches);
        if (!worker->bad.at || !worker->bad_sources.at || !worker->in_vain.at) return 0;
        if (!worker->hints || !worker->stretches) return 0;
    }
    return 1;
}

/* The initial states are found by the first worker. 0 if they do not fit. */
static int begun(struct search *search, const state *initial, uint64_t count) {
    struct worker *first = &search->workers[0];
    while (count + slack(search) > room_in(search))
        if (!renew_index(&search->table, 2 * search->table.size)) return 0;
    if (bytes_of(search, count, search->table.size) > search->most_bytes) return 0;
    if (count > search->table.part) return 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t hash = hash_of(&initial[i]);
        const uint64_t slot = home(&search->table, hash);
        put(&search->table, &initial[i], hash, slot, first->begin + first->count, 1);
        judge(first, &initial[i], first->begin + first->count);
        first->count++;
    }
    return end_level(search, 0);
}

/* A search that is ready to run, or NULL if the memory for it cannot be had. asked: for each claim,
 * whether it is judged. */
API struct search *search_new(const uint64_t *initial, uint64_t count, const uint8_t *asked,
                              int threads, uint64_t most_states, uint64_t most_bytes) {
    struct search *search = zeroed(1, sizeof *search);
    if (!search) return NULL;
    search->threads = search->parts = threads;
    search->most_states = most_states;
    search->most_bytes = most_bytes;
    /* A thread may find all states, and some more before it notices that there is no room. */
    search->table.part = most_bytes / (sizeof(state) + sizeof(known)) + 2 * slack(search) + BATCH;
    memcpy(search->asked, asked, CLAIMS);
    memcpy(search->open, asked, CLAIMS);
    if (!prepared(search) || !begun(search, (const state *)initial, count)) {
        give_back(search);
        return NULL;
    }
    pthread_mutex_init(&search->mutex, NULL);
    pthread_condattr_t steady; /* time that nobody sets back */
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&search->turn, &steady);
    pthread_condattr_destroy(&steady);
    return search;
}

static void measure(struct search *search) {
    struct timespec now;
    struct rusage used;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &used);
    search->seconds = (double)(now.tv_sec - search->wall.tv_sec) +
                      (double)(now.tv_nsec - search->wall.tv_nsec) / 1e9;
    search->user = seconds_between(search->used.ru_utime, used.ru_utime);
}

static void *run(void *worker) {
    struct search *search = ((struct worker *)worker)->search;
    work(worker);
    pthread_mutex_lock(&search->mutex);
    const int ended = search->ended + 1;
    if (ended == search->threads) measure(search);
    __atomic_store_n(&search->ended, ended, __ATOMIC_RELEASE);
    if (ended == search->threads) pthread_cond_broadcast(&search->turn);
    pthread_mutex_unlock(&search->mutex);
    return NULL;
}

/* Begin to search, in threads that no signal interrupts: in fewer of them, if the system does not
 * give as many. 0 if it gives none. */
API int search_start(struct search *search) {
    sigset_t all, before;
    sigfillset(&all);
    clock_gettime(CLOCK_MONOTONIC, &search->wall);
    getrusage(RUSAGE_SELF, &search->used);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&search->mutex); /* nobody begins before it is known how many there are */
    int started = 0;
    while (started < search->parts) {
        struct worker *worker = &search->workers[started];
        if (pthread_create(&worker->thread, NULL, run, worker)) break;
        started++;
    }
    search->threads = started;
    search->started = started > 0;
    if (started) end_level(search, 0);
    pthread_mutex_unlock(&search->mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started > 0;
}

/* Wait for the end, but not longer than so many milliseconds. Has it come, or is there no
 * beginning? */
API int search_wait(struct search *search, int milliseconds) {
    if (!search->started) return 1;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) until.tv_sec++, until.tv_nsec -= 1000000000L;
    pthread_mutex_lock(&search->mutex);
    while (search->ended < search->threads)
        if (pthread_cond_timedwait(&search->turn, &search->mutex, &until) == ETIMEDOUT) break;
    const int ended = search->ended == search->threads;
    pthread_mutex_unlock(&search->mutex);
    if (ended && !search->joined) {
        for (int i = 0; i < search->threads; i++) pthread_join(search->workers[i].thread, NULL);
        search->joined = 1;
    }
    return ended;
}

API void search_stop(struct search *search) {
    __atomic_store_n(&search->wanted, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&search->pause, 1, __ATOMIC_RELEASE);
}

/* Give everything back; a search that still runs is ended first. */
API void search_free(struct search *search) {
    if (!search) return;
    if (search->started && !search->joined) {
        search_stop(search);
        while (!search_wait(search, 1000)) continue;
    }
    give_back(search);
}

/* So far; may be called while it runs. What is known only at the end is 0 until then. */
API void search_figures(const struct search *search, struct figures *figures) {
    memset(figures, 0, sizeof *figures);
    for (int i = 0; i < search->threads; i++) {
        figures->expanded += relaxed(&search->workers[i].expanded);
        figures->transitions += relaxed(&search->workers[i].moves);
    }
    figures->states = states_of(search); /* after those of them that are expanded */
    figures->level = __atomic_load_n(&search->level, __ATOMIC_RELAXED);
    figures->begun = __atomic_load_n(&search->begun, __ATOMIC_RELAXED);
    figures->frontier = figures->states - figures->expanded;
    figures->bytes = bytes_of(search, figures->states,
                              __atomic_load_n(&search->table.size, __ATOMIC_RELAXED));
    if (__atomic_load_n(&search->ended, __ATOMIC_ACQUIRE) < search->threads) return;
    figures->reason = search->why;
    figures->settled = search->passes > 0;
    figures->seconds = search->seconds;
    figures->user = search->user;
}

/* --- After the end -------------------------------------------------------------------------- */

/* For each claim: was it asked for and, a cover, is it still open? */
API void search_open(const struct search *search, uint8_t *open) {
    for (int i = 0; i < CLAIMS; i++) open[i] = search->open[i] && !search->hit[i];
}

/* How many transitions each label of each actor had. */
API void search_runs(const struct search *search, uint64_t *runs) {
    memset(runs, 0, LABELS * sizeof *runs);
    for (int i = 0; i < search->threads; i++)
        for (int at = 0; at < LABELS; at++) runs[at] += search->workers[i].runs[at];
}

static const struct list *list_of(const struct worker *worker, int which) {
    return which == 0 ? &worker->bad : which == 1 ? &worker->bad_sources : &worker->in_vain;
}

/* What was found: 0 states that are wrong, 1 states from which a wrong transition starts, 2 states
 * in which somebody waits in vain. Copies the states, and who waits there, if there is room; how
 * many there are. */
API uint64_t search_found(
    const struct search *search, int which, state *states, uint64_t *waits, uint64_t room) {
    uint64_t total = 0;
    for (int i = 0; i < search->threads; i++) {
        const struct list *list = list_of(&search->workers[i], which);
        for (uint64_t k = 0; k < list->count; k++, total++)
            if (total < room) {
                states[total] = search->table.states[list->at[k]];
                waits[total] = search->table.waits[list->at[k]];
            }
    }
    return total;
}

/* All states, in the order of their numbers, from one on; how many were copied. */
API uint64_t search_states(
    const struct search *search, uint64_t from, state *states, uint64_t room) {
    uint64_t copied = 0;
    for (int i = 0; i < search->threads && copied < room; i++) {
        const struct worker *worker = &search->workers[i];
        for (; from < worker->count && copied < room; from++)
            states[copied++] = search->table.states[worker->begin + from];
        from -= from < worker->count ? from : worker->count;
    }
    return copied;
}

/* A set of a few states, to be asked often. */
static int contains(const state *set, const uint8_t *used, uint64_t size, const state *s) {
    for (uint64_t at = hash_of(s) & (size - 1);; at = (at + 1) & (size - 1)) {
        if (!used[at]) return 0;
        if (equal(&set[at], s)) return 1;
    }
}

static int leads_there(
    const state *s, const state *set, const uint8_t *used, uint64_t size, state *successors) {
    state *out = successors;
    int bad = 0;
#define MOVE(a) out = moves_##a(s, out, &bad);
    EACH_ACTOR(MOVE)
#undef MOVE
    for (const state *t = successors; t < out; t++)
        if (contains(set, used, size, t)) return 1;
    return 0;
}

/* The states of a level that have a successor among the targets: their numbers, in a list that the
 * caller has to free; NULL if there is no memory. */
API number *search_leading_to(const struct search *search, uint64_t level, const state *targets,
                              uint64_t count, uint64_t *found) {
    uint64_t size = 16;
    while (size < 2 * count) size *= 2;
    const uint64_t all = level_size(search, level);
    state *set = malloc(size * sizeof *set);
    uint8_t *used = calloc(size, 1);
    number *list = malloc((all + 1) * sizeof *list);
    state *successors = malloc(MOST_MOVES * sizeof *successors);
    *found = 0;
    if (set && used && list && successors) {
        for (uint64_t i = 0; i < count; i++) {
            uint64_t at = hash_of(&targets[i]) & (size - 1);
            while (used[at]) at = (at + 1) & (size - 1);
            set[at] = targets[i];
            used[at] = 1;
        }
        for (int i = 0; i < search->threads; i++)
            for (number n = level_begin(search, level, i); n < level_begin(search, level + 1, i); n++)
                if (leads_there(&search->table.states[n], set, used, size, successors))
                    list[(*found)++] = n;
    } else {
        free(list);
        list = NULL;
    }
    free(set);
    free(used);
    free(successors);
    return list;
}

API void numbers_free(number *list) { free(list); }

API void state_of(const struct search *search, number n, state *s) {
    *s = search->table.states[n];
}
