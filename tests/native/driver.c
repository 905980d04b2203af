/* One search as a program of its own, for sanitizers, which do not like to be loaded into Python.
 *
 * driver THREADS BYTES FILE: the file has the initial states. All that Python calls is called, most
 * of it while the search runs, and what was found is printed: states, transitions, depth, reason.
 */
#include "glue.c"

static state *initial_states(const char *path, uint64_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) exit(2);
    fseek(file, 0, SEEK_END);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    state *states = malloc(size);
    *count = fread(states, sizeof *states, size / sizeof *states, file);
    fclose(file);
    return states;
}

/* All states once more, by the same way as Python asks for them. */
static void read_all(const struct search *search, uint64_t count) {
    state *states = malloc((count + 1) * sizeof *states);
    if (search_states(search, 0, states, count + 1) != count) exit(3);
    free(states);
}

/* The lists of what is wrong, and what leads to the first of it. */
static void read_found(const struct search *search, uint64_t begun) {
    for (int which = 0; which < 3; which++) {
        const uint64_t count = search_found(search, which, NULL, NULL, 0);
        state *states = malloc((count + 1) * sizeof *states);
        uint64_t *waits = malloc((count + 1) * sizeof *waits);
        search_found(search, which, states, waits, count);
        for (uint64_t level = begun; count && level-- > 0;) {
            uint64_t found;
            number *list = search_leading_to(search, level, states, count, &found);
            for (uint64_t i = 0; i < found; i++) {
                state s;
                state_of(search, list[i], &s);
            }
            numbers_free(list);
        }
        free(states);
        free(waits);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    uint64_t count, runs[LABELS + 1];
    uint8_t asked[CLAIMS + 1], open[CLAIMS + 1];
    memset(asked, 1, sizeof asked);
    state *initial = initial_states(argv[3], &count);
    struct search *search = search_new((const uint64_t *)initial, count, asked, atoi(argv[1]),
                                       (uint64_t)1 << 62, strtoull(argv[2], NULL, 10));
    free(initial);
    if (!search || !search_start(search)) return 4;
    struct figures figures;
    do search_figures(search, &figures);
    while (!search_wait(search, 1));
    search_figures(search, &figures);
    search_open(search, open);
    search_runs(search, runs);
    read_all(search, figures.states);
    read_found(search, figures.begun);
    printf("%llu %llu %llu %llu\n", (unsigned long long)figures.states,
           (unsigned long long)figures.transitions, (unsigned long long)figures.level,
           (unsigned long long)figures.reason);
    search_free(search);
    return 0;
}
