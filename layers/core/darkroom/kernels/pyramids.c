/* The pyramids of local contrast: steps/stretch_local.py, for several centres of remapping at once. */
#include "planes.h"

typedef struct {
    float center, amount, falloff, noise; /* of what is added to a level by its difference from the centre */
} Raise;

/* 1 / x for 1e-9 < x, within 4e-7: a guess by the exponent, which is off by 12 %, and three of Newton's steps. */
INLINE float reciprocal(float x)
{
    union { float f; int32_t i; } guess = {x};
    guess.i = 0x7ef311c7 - guess.i;
    float y = guess.f;
    for (int i = 0; i < 3; i++) y = y * (2 - x * y);
    return y;
}

INLINE float raised(float d, Raise by)
{
    const float square = d * d, gain = by.amount * exponential(most(square * by.falloff, -80));
    return d * gain * (by.noise > 0 ? square * reciprocal(square + by.noise) : 1);
}

/* Like OpenCV's BORDER_REFLECT_101: dcb|abcd|cba. */
INLINE int64_t inside(int64_t at, int64_t size)
{
    if (size == 1) return 0;
    while (at < 0 || at >= size) at = at < 0 ? -at : 2 * size - 2 - at;
    return at;
}

/* The plane, remapped about each of `count` centres, at half the size: 1 4 6 4 1 both ways; rows `top` to `bottom` of the
 * results.
 *
 * by: four numbers of each centre. scratch: 5 rows of a result for each, and one of the plane with 4 more.
 */
void raise_down(const float *plane, int64_t width, int64_t height, const float *by, int64_t count, float *to, int64_t top,
                int64_t bottom, float *scratch)
{
    const int64_t across = (width + 1) / 2, size = across * ((height + 1) / 2);
    float *line = scratch + 5 * across * count + 2;
    for (int64_t next = 2 * top - 2; next < 2 * bottom + 1; next++) {
        const float *from = plane + inside(next, height) * width;
        for (int64_t k = 0; k < count; k++) {
            const Raise how = {by[4 * k], by[4 * k + 1], by[4 * k + 2], by[4 * k + 3]};
            float *ring = scratch + 5 * across * k, *restrict halved = ring + (next + 5) % 5 * across;
            for (int64_t x = 0; x < width; x++) line[x] = raised(from[x] - how.center, how);
            for (int64_t i = 1; i <= 2; i++)
                line[-i] = line[inside(-i, width)], line[width - 1 + i] = line[inside(width - 1 + i, width)];
            for (int64_t x = 0; x < across; x++) {
                const float *at = line + 2 * x;
                halved[x] = 6 * at[0] + 4 * (at[-1] + at[1]) + (at[-2] + at[2]);
            }
            if (next < 2 * top + 2 || next % 2) continue;
            const float *rows[5];
            for (int64_t i = 0; i < 5; i++) rows[i] = ring + (next + 1 + i) % 5 * across;
            float *restrict result = to + k * size + (next / 2 - 1) * across;
            for (int64_t x = 0; x < across; x++)
                result[x] = (6 * rows[2][x] + 4 * (rows[1][x] + rows[3][x]) + (rows[0][x] + rows[4][x])) * (1.0f / 256);
        }
    }
}

/* A row of the plane that is enlarged, in the place of row y: still to be spread across, and 8 or 64 times too large. */
INLINE void enlarge_down(const float *smaller, int64_t across, int64_t down, int64_t y, float *line)
{
    const float *middle = smaller + y / 2 * across;
    const float *below = smaller + (y / 2 + 1 < down ? y / 2 + 1 : down - 1) * across;
    const float *above = smaller + (y >= 2 ? y / 2 - 1 : down > 1) * across;
    if (y % 2)
        for (int64_t i = 0; i < across; i++) line[i] = 4 * (middle[i] + below[i]);
    else
        for (int64_t i = 0; i < across; i++) line[i] = 6 * middle[i] + above[i] + below[i];
    line[-1] = line[across > 1], line[across] = line[across - 1];
}

/* `change` gets a level's detail of each of `count` centres, where that is near: (remapped - its smaller one enlarged)
 * times the nearness of `plane`, 1 - |plane - centre| / distance. remapped: of one centre; none for the finest level,
 * which is remapped anew.
 *
 * scratch: one row of the smaller plane with 2 more, for each.
 */
void add_detail(const float *plane, const float *remapped, const float *smaller, int64_t width, int64_t height,
                const float *by, int64_t count, float distance, float *change, int64_t top, int64_t bottom,
                float *scratch)
{
    enum { SPAN = 64 };
    const int64_t across = (width + 1) / 2, down = (height + 1) / 2;
    const float share = -1 / distance;
    float enlarged[SPAN + 2];
    for (int64_t y = top; y < bottom; y++) {
        const float *levels = plane + y * width;
        uint64_t ready = 0; /* a bit for each centre's line */
        for (int64_t x = 0; x < width; x += SPAN) {
            const int n = (int)(width - x < SPAN ? width - x : SPAN);
            float lowest = levels[x], highest = levels[x];
            for (int i = 0; i < n; i++) lowest = least(lowest, levels[x + i]), highest = most(highest, levels[x + i]);
            for (int64_t k = 0; k < count; k++) {
                const Raise how = {by[4 * k], by[4 * k + 1], by[4 * k + 2], by[4 * k + 3]};
                if (lowest >= how.center + distance || highest <= how.center - distance) continue;
                float *line = scratch + k * (across + 2) + 1;
                if (!(ready >> k & 1)) enlarge_down(smaller + k * across * down, across, down, y, line);
                ready |= (uint64_t)1 << k;
                for (int i = 0; i < (n + 1) / 2; i++) {
                    const float *at = line + x / 2 + i;
                    enlarged[2 * i] = (6 * at[0] + (at[-1] + at[1])) * (1.0f / 64);
                    enlarged[2 * i + 1] = (at[0] + at[1]) * (4.0f / 64);
                }
                float *restrict into = change + y * width + x;
                if (remapped) {
                    const float *detail = remapped + y * width + x;
                    for (int i = 0; i < n; i++) {
                        const float nearness = most(1 + share * __builtin_fabsf(levels[x + i] - how.center), 0);
                        into[i] += nearness * (detail[i] - enlarged[i]);
                    }
                } else
                    for (int i = 0; i < n; i++) {
                        const float d = levels[x + i] - how.center, nearness = most(1 + share * __builtin_fabsf(d), 0);
                        into[i] += nearness * (raised(d, how) - enlarged[i]);
                    }
            }
        }
    }
}
