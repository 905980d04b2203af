/*
 * The benchmark model in C: states, steps, invariants. The numbers of the steps are those by which
 * tests/bench/by_hand.py knows them.
 *
 * NO objects, NP frames, C CPUs, D get-user-pages threads; BUG leaves out the TLB flush.
 */
#include <stdbool.h>
#include <stdint.h>

#ifndef BUG
#define BUG 0
#endif

/*
 * A state is two words. A page-table entry is 0, 1 + f (present) or 1 + NP + f (migration entry);
 * a TLB entry 0 or 1 + f; a lock 0, 1 (migrator) or 2 + c (CPU c). What is not in use is 0.
 *
 *   frames: 16 bits a frame; then 2 bits a slot, 1 bit a ghost, 6 bits a get-user-pages thread
 *   actors: 16 bits a CPU; then 12 bits for the migrator
 *
 * The top bit of both is always set, so that a word of 0 in the table means "not there yet".
 */
typedef struct {
    uint64_t frames, actors;
} State;

typedef unsigned Place; /* of a bit in a word */

enum { REF = 0, MAPC = 4, LOCK = 6, DIRTY = 9, UPT = 10, CONT = 11, LRU = 12, ISO = 13, WB = 14 };
enum { SLOT = 16 * NP, GHOST = SLOT + 2 * NO, GUP = GHOST + NO };  /* in frames */
enum { GUP_O = 3, GUP_F = 4 };                                     /* from GUP + 6 * d; pc at 0 */
enum { CPU_F = 3, CPU_O = 5, PTE = 6, TLB = 12 };                  /* from 16 * c; pc at 0 */
enum { MIG = 16 * C, MIG_O = 5, MIG_OLD = 6, MIG_NEW = 8, MIG_I = 10 }; /* from MIG; pc at 0 */

_Static_assert(NO <= 2 && NP <= 3 && C <= 3, "the fields of a state are too small");
_Static_assert(GUP + 6 * D <= 63 && MIG + 12 <= 63, "the words of a state are too small");

#define ONE ((uint64_t)1)
#define BIT(place) (ONE << (place))
#define SET BIT(63)

static inline uint64_t get(uint64_t word, Place at, unsigned width)
{
    return word >> at & (BIT(width) - 1);
}

static inline uint64_t set(uint64_t word, Place at, unsigned width, uint64_t value)
{
    return (word & ~((BIT(width) - 1) << at)) | value << at;
}

/* Where a field of frame f is, and what CPU c knows of object o. */
static inline Place of(unsigned f, Place field) { return 16 * f + field; }
static inline Place pte_of(unsigned c, unsigned o) { return 16 * c + PTE + 3 * o; }
static inline Place tlb_of(unsigned c, unsigned o) { return 16 * c + TLB + 2 * o; }

/* What an engine does with the states that a step leads to. */
typedef struct Out Out;
static inline void emit(Out *out, uint64_t frames, uint64_t actors);

static inline uint64_t put(uint64_t frames, unsigned f)
{
    frames -= BIT(of(f, REF));
    uint64_t freed = get(frames, of(f, REF), 4) == 0;
    return frames & ~(freed * (BIT(DIRTY) | BIT(UPT) | BIT(CONT)) << of(f, 0));
}

static inline uint64_t unlock(uint64_t frames, unsigned f)
{
    return set(frames, of(f, LOCK), 3, 0);
}

static inline uint64_t write_page(uint64_t frames, unsigned f, unsigned o)
{
    return (frames ^ BIT(of(f, CONT)) ^ BIT(GHOST + o)) | BIT(of(f, DIRTY));
}

static inline bool present(unsigned pte) { return pte - 1 < NP; }

static inline void migrator(Out *out, uint64_t fr, uint64_t ac)
{
    const uint64_t m = BIT(MIG), idle = ac & ~(0xfff * m);
    unsigned pc = get(ac, MIG, 5), o = NO > 1 ? get(ac, MIG + MIG_O, 1) : 0;
    unsigned old = get(ac, MIG + MIG_OLD, 2), new = get(ac, MIG + MIG_NEW, 2);
    unsigned i = get(ac, MIG + MIG_I, 2);
    Place pte = pte_of(i, o), tlb = tlb_of(i, o);
/* To another step; and to the same again for the next page table, to another after the last. */
#define TO(word, step) ((word) + ((uint64_t)(step) - pc) * m)
#define ADVANCE(word, again, then)                                                                 \
    (i + 1 == C ? TO(word, then) - (i * m << MIG_I) : TO(word, again) + (m << MIG_I))

    switch (pc) {
    case 0:
        for (o = 0; o < NO; o++) {
            unsigned f = get(fr, SLOT + 2 * o, 2);
            if (get(fr, of(f, LRU), 1))
                emit(out, fr + BIT(of(f, REF)) - BIT(of(f, LRU)) + BIT(of(f, ISO)),
                     TO(ac, 1) + (o * m << MIG_O) + (f * m << MIG_OLD));
        }
        return;
    case 1:
        for (unsigned n = 0; n < NP; n++)
            if (get(fr, of(n, REF), 4) == 0)
                emit(out, fr + BIT(of(n, REF)), TO(ac, 2) + (n * m << MIG_NEW));
        return;
    case 2:
        if (get(fr, of(old, LOCK), 3) == 0)
            emit(out, fr + BIT(of(old, LOCK)), TO(ac, 3));
        return;
    case 3:
        if (!get(fr, of(old, WB), 1))
            emit(out, fr, TO(ac, 4));
        return;
    case 4:
        if (get(fr, of(new, LOCK), 3) == 0)
            emit(out, fr + BIT(of(new, LOCK)), TO(ac, 5));
        return;
    case 5:
        if (get(ac, pte, 3) == 1 + old)
            emit(out, fr - BIT(of(old, MAPC)) - BIT(of(old, REF)), TO(ac, 6) + (NP * ONE << pte));
        else
            emit(out, fr, ADVANCE(ac, 5, 7));
        return;
    case 6:
        emit(out, fr, ADVANCE(BUG ? ac : set(ac, tlb, 2, 0), 5, 7));
        return;
    case 7:
        if (get(fr, of(old, REF), 4) == 2)
            emit(out, fr - 2 * BIT(of(old, REF)), TO(ac, 8));
        else
            emit(out, fr, TO(ac, 17));
        return;
    case 8:
        emit(out, set(fr, SLOT + 2 * o, 2, new) + BIT(of(new, REF)), TO(ac, 9));
        return;
    case 9:
        emit(out, fr + BIT(of(old, REF)), TO(ac, 10));
        return;
    case 10:
        emit(out, set(fr, of(new, CONT), 1, get(fr, of(old, CONT), 1)), TO(ac, 11));
        return;
    case 11: /* dirty and upt are neighbours */
        fr = set(fr, of(new, DIRTY), 2, get(fr, of(old, DIRTY), 2));
        emit(out, fr & ~BIT(of(old, DIRTY)), TO(ac, 12));
        return;
    case 12:
        if (get(ac, pte, 3) == 1 + NP + old) {
            ac = set(ac, pte, 3, 1 + new);
            fr += BIT(of(new, MAPC)) + BIT(of(new, REF));
        }
        emit(out, fr, ADVANCE(ac, 12, 13));
        return;
    case 13:
        emit(out, unlock(fr, new), TO(ac, 14));
        return;
    case 14:
        emit(out, put(fr | BIT(of(new, LRU)), new), TO(ac, 15));
        return;
    case 15:
        emit(out, unlock(fr, old) & ~BIT(of(old, ISO)), TO(ac, 16));
        return;
    case 16:
        emit(out, put(fr, old), idle);
        return;
    case 17:
        if (get(ac, pte, 3) == 1 + NP + old) {
            ac = set(ac, pte, 3, 1 + old);
            fr += BIT(of(old, MAPC)) + BIT(of(old, REF));
        }
        emit(out, fr, ADVANCE(ac, 17, 18));
        return;
    case 18:
        emit(out, put(unlock(fr, new), new), TO(set(ac, MIG + MIG_NEW, 2, 0), 19));
        return;
    case 19:
        emit(out, unlock(fr, old), TO(ac, 20));
        return;
    default:
        emit(out, put((fr | BIT(of(old, LRU))) & ~BIT(of(old, ISO)), old), idle);
        return;
    }
#undef TO
#undef ADVANCE
}

static inline void cpu(Out *out, uint64_t fr, uint64_t ac, unsigned c)
{
    const uint64_t me = BIT(16 * c);
    if (get(ac, 16 * c, 3) == 0) {
        for (unsigned o = 0; o < NO; o++) {
            unsigned entry = get(ac, pte_of(c, o), 3), tlb = get(ac, tlb_of(c, o), 2);
            if (tlb == 0) {
                emit(out, fr, ac + me + (o * me << CPU_O));
            } else {
                emit(out, write_page(fr, tlb - 1, o), ac);
                emit(out, fr, set(ac, tlb_of(c, o), 2, 0));
            }
            if (present(entry))
                emit(out, put(fr - BIT(of(entry - 1, MAPC)), entry - 1),
                     set(set(ac, pte_of(c, o), 3, 0), tlb_of(c, o), 2, 0));
        }
        return;
    }
    unsigned f = get(ac, 16 * c + CPU_F, 2), o = NO > 1 ? get(ac, 16 * c + CPU_O, 1) : 0;
    unsigned entry = get(ac, pte_of(c, o), 3), slot = get(fr, SLOT + 2 * o, 2);
    uint64_t without_f = set(ac, 16 * c + CPU_F, 2, 0);
    switch (get(ac, 16 * c, 3)) {
    case 1:
        if (entry == 0)
            emit(out, fr, ac + 2 * me);
        else if (present(entry))
            emit(out, fr, set(ac & ~(me | me << CPU_O), tlb_of(c, o), 2, entry));
        else
            emit(out, fr, ac + me + ((entry - 1 - NP) * me << CPU_F));
        return;
    case 2:
        if (get(fr, of(f, LOCK), 3) == 0)
            emit(out, fr, without_f - me);
        return;
    case 3:
        if (get(fr, of(slot, REF), 4) > 0)
            emit(out, fr + BIT(of(slot, REF)), ac + me + (slot * me << CPU_F));
        return;
    case 4:
        if (get(fr, of(f, LOCK), 3) == 0)
            emit(out, fr + ((2 + c) * ONE << of(f, LOCK)), ac + me);
        return;
    case 5:
        if (slot == f)
            emit(out, fr, ac + me);
        else
            emit(out, put(unlock(fr, f), f), without_f - 2 * me);
        return;
    default:
        emit(out, unlock(fr, f) + BIT(of(f, MAPC)),
             set(without_f, pte_of(c, o), 3, 1 + f) - 5 * me);
        return;
    }
}

static inline void gup(Out *out, uint64_t fr, uint64_t ac, unsigned d)
{
    const Place at = GUP + 6 * d;
    const uint64_t me = BIT(at), idle = fr & ~(63 * me);
    unsigned f = get(fr, at + GUP_F, 2), o = NO > 1 ? get(fr, at + GUP_O, 1) : 0;
    switch (get(fr, at, 3)) {
    case 0:
        for (o = 0; o < NO; o++) {
            unsigned entry = get(ac, pte_of(d % C, o), 3);
            if (present(entry))
                emit(out, fr + me + (o * me << GUP_O) + ((entry - 1) * me << GUP_F), ac);
        }
        return;
    case 1:
        emit(out, get(fr, of(f, REF), 4) > 0 ? fr + BIT(of(f, REF)) + me : idle, ac);
        return;
    case 2:
        emit(out, get(ac, pte_of(d % C, o), 3) == 1 + f ? fr + me : put(idle, f), ac);
        return;
    case 3:
        emit(out, write_page(fr, f, o) + me, ac);
        return;
    default:
        emit(out, put(idle, f), ac);
        return;
    }
}

static inline void writeback(Out *out, uint64_t fr, uint64_t ac)
{
    const uint64_t asked = BIT(DIRTY) | BIT(WB) | 7 * BIT(LOCK);
    for (unsigned o = 0; o < NO; o++) {
        unsigned f = get(fr, SLOT + 2 * o, 2);
        if ((fr >> of(f, 0) & asked) == BIT(DIRTY))
            emit(out, fr + BIT(of(f, WB)) - BIT(of(f, DIRTY)), ac);
    }
    for (unsigned f = 0; f < NP; f++)
        if (get(fr, of(f, WB), 1))
            emit(out, fr - BIT(of(f, WB)), ac);
}

/* All transitions of a state. */
static inline void expand(Out *out, State s)
{
    migrator(out, s.frames, s.actors);
#pragma GCC unroll 3
    for (unsigned c = 0; c < C; c++)
        cpu(out, s.frames, s.actors, c);
    for (unsigned d = 0; d < D; d++)
        gup(out, s.frames, s.actors, d);
    writeback(out, s.frames, s.actors);
}

/* Is an invariant broken? I1: references; I2: stale translations; I3: lost writes. */
static inline bool wrong(State s)
{
    unsigned pc = get(s.actors, MIG, 5);
    unsigned frozen = pc == 8 || pc == 9 ? 1u << get(s.actors, MIG + MIG_OLD, 2) : 0;
    unsigned lacking = 0, free = 0, lost = 0;
    for (unsigned f = 0; f < NP; f++) {
        unsigned ref = get(s.frames, of(f, REF), 4);
        unsigned owed = get(s.frames, of(f, MAPC), 2) + get(s.frames, of(f, ISO), 1);
        for (unsigned o = 0; o < NO; o++)
            owed += get(s.frames, SLOT + 2 * o, 2) == f;
        lacking |= (unsigned)(ref < owed) << f;
        free |= (unsigned)(ref == 0) << f;
    }
    lacking &= ~frozen;
    free = (free & ~frozen) << 1; /* as TLB entries count */
    for (unsigned c = 0; c < C; c++)
        for (unsigned o = 0; o < NO; o++)
            lacking |= free >> get(s.actors, tlb_of(c, o), 2) & 1;
    for (unsigned o = 0; o < NO; o++) {
        uint64_t frame = s.frames >> of(get(s.frames, SLOT + 2 * o, 2), 0);
        lost |= get(frame, UPT, 1) & (get(frame, CONT, 1) ^ get(s.frames, GHOST + o, 1));
    }
    return lacking | lost;
}

/* Each object has a frame of its own, on the LRU. */
static inline State initial(void)
{
    State s = {SET, SET};
    for (unsigned o = 0; o < NO; o++) {
        s.frames |= BIT(of(o, REF)) | BIT(of(o, LRU)) | BIT(of(o, UPT));
        s.frames |= o * BIT(SLOT + 2 * o);
    }
    return s;
}
