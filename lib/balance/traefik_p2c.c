/* Power of two choices as the reference has it (profile traefik-v3; behaviour section 8, p2c.json):
 * two draws among the usable children in order; if they are equal, the second becomes the next
 * usable child, cyclically; the second wins only with strictly fewer requests in flight; one usable
 * child needs no draw. Weights are ignored, but for 0.
 *
 * The reference counts the usable children in every pick. Drawing among all children until a usable
 * one comes gives each usable one the same chance, twice independently, so the answers are
 * distributed alike in a few steps; "the next usable" is walked only when both draws are equal.
 * After draws in vain the children are counted as the reference does it.
 *
 * Steps: usually two draws; at most 48 draws and 3n. No state. */
#include "balance/draw.h"
#include "balance/traefik.h"

static uint32_t fewer(const struct svcr_shape *shape, uint32_t first, uint32_t second)
{
    return svcr_member_inflight(&shape->members[second]) <
                   svcr_member_inflight(&shape->members[first])
               ? second
               : first;
}

uint32_t svcr_traefik_num_usable(const struct svcr_shape *shape, const struct svcr_choice *choice)
{
    uint32_t num = 0;

    for (uint32_t i = 0; i < shape->num; i++) {
        num += svcr_member_usable(&shape->members[i], choice);
    }
    return num;
}

/* The usable child with this number; the last one if others went down meanwhile. */
static uint32_t usable_number(const struct svcr_shape *shape, const struct svcr_choice *choice,
                              uint32_t number)
{
    uint32_t last = SVCR_NOBODY, seen = 0;

    for (uint32_t i = 0; i < shape->num && seen <= number; i++) {
        if (svcr_member_usable(&shape->members[i], choice)) {
            last = i;
            seen++;
        }
    }
    return last;
}

/* The usable child behind `from` in order, cyclically; itself if there is no other. */
static uint32_t next_usable(const struct svcr_shape *shape, const struct svcr_choice *choice,
                            uint32_t from)
{
    uint32_t at = from;

    for (uint32_t steps = 1; steps < shape->num; steps++) {
        at = at + 1 < shape->num ? at + 1 : 0;
        if (svcr_member_usable(&shape->members[at], choice)) {
            return at;
        }
    }
    return from;
}

uint32_t svcr_traefik_p2c_choose(const struct svcr_shape *shape, const struct svcr_choice *choice,
                                 uint32_t draw1, uint32_t draw2)
{
    uint32_t first = usable_number(shape, choice, draw1), second;

    if (first == SVCR_NOBODY) {
        return SVCR_NOBODY;
    }
    second =
        draw1 == draw2 ? next_usable(shape, choice, first) : usable_number(shape, choice, draw2);
    return second == SVCR_NOBODY ? first : fewer(shape, first, second);
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    uint32_t first = svcr_draw(shape, choice), num;
    uint32_t second = first != SVCR_NOBODY ? svcr_draw(shape, choice) : SVCR_NOBODY;

    (void)scheduler;
    if (second != SVCR_NOBODY) {
        return fewer(shape, first, first == second ? next_usable(shape, choice, first) : second);
    }
    num = svcr_traefik_num_usable(shape, choice);
    if (num < 2) {
        return usable_number(shape, choice, 0);
    }
    first = svcr_random_below(choice->random, num);
    second = svcr_random_below(choice->random, num);
    return svcr_traefik_p2c_choose(shape, choice, first, second);
}

const struct svcr_strategy svcr_traefik_p2c = {"traefik-p2c", svcr_stateless_size,
                                               svcr_stateless_open, svcr_stateless_carry, pick};
