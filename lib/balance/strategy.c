/* What strategies without a state of their own share. */
#include "balance/strategy.h"

size_t svcr_stateless_size(const struct svcr_shape *shape)
{
    (void)shape;
    return 0;
}

void svcr_stateless_open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                         struct svcr_random *random, bool phase)
{
    (void)scheduler;
    (void)shape;
    (void)random;
    (void)phase;
}

void svcr_stateless_carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                          const struct svcr_scheduler *from, const struct svcr_shape *older,
                          const uint32_t *old_index, struct svcr_random *random)
{
    (void)scheduler;
    (void)shape;
    (void)from;
    (void)older;
    (void)old_index;
    (void)random;
}
