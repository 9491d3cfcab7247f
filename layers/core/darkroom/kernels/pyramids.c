/* The pyramids of local contrast: steps/stretch_local.py, for several centres of remapping at once. */
#include "planes.h"

typedef struct {
    float amount, falloff, noise; /* of what is added to a level by its difference from a centre */
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

/* Of what is added to differences up to a rounding step, the share that is not grain. */
INLINE float earnest(float square, Raise by) { return by.noise > 0 ? square * reciprocal(square + by.noise) : 1; }

INLINE float raised(float d, Raise by)
{
    return d * by.amount * exponential(most(d * d * by.falloff, -80)) * earnest(d * d, by);
}

/* What is added to each level itself: between the two centres about it, `distance` apart from `low` on, the last of them
 * the one after `before_last`. */
void raise_levels(const float *plane, float *to, int64_t first, int64_t count, const float *by, float low, float distance,
                  int32_t before_last)
{
    const Raise how = {by[0], by[1], by[2]};
    for (int64_t i = first; i < first + count; i++) {
        const float place = (plane[i] - low) * (1 / distance);
        const int32_t below = (int32_t)place < before_last ? (int32_t)place : before_last;
        const float share = place - (float)below, d = share * distance;
        to[i] = (1 - share) * raised(d, how) + share * raised(d - distance, how);
    }
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
 * With d from the first centre, the exponential about the k-th is e^(falloff d^2) (e^(-2 falloff distance d))^k, times
 * what does not depend on d: two exponentials serve all centres. centers: of each, where it is, and `amount` times that.
 * scratch: 5 rows of a result for each, and 8 more with 2 more. Columns of even and of odd numbers lie apart.
 */
void raise_down(const float *plane, int64_t width, int64_t height, const float *by, float distance, const float *centers,
                int64_t count, float *to, int64_t top, int64_t bottom, float *scratch)
{
    const Raise how = {by[0], by[1], by[2]};
    const int64_t across = (width + 1) / 2, size = across * ((height + 1) / 2), half = across + 2;
    float *restrict levels = scratch + 5 * across * count, *restrict falls = levels + 2 * half;
    float *restrict ratios = falls + 2 * half, *restrict line = ratios + 2 * half;
    const float *even = line + 1, *odd = line + half + 1;
    for (int64_t next = 2 * top - 2; next < 2 * bottom + 1; next++) {
        const float *from = plane + inside(next, height) * width;
        for (int64_t x = 0; x < width / 2; x++) levels[x + 1] = from[2 * x], levels[half + x + 1] = from[2 * x + 1];
        for (int64_t x = 2 * across - 2; x <= 2 * across + 1; x++)
            levels[(x % 2 ? half : 0) + x / 2 + 1] = from[inside(x, width)];
        levels[0] = from[inside(-2, width)], levels[half] = from[inside(-1, width)];
        for (int64_t i = 0; i < 2 * half; i++) {
            const float d = levels[i] - centers[0], power = d * d * how.falloff;
            falls[i] = power < -80 ? 0 : exponential(most(power, -80));
            ratios[i] = exponential(d * (-2 * how.falloff * distance));
        }
        for (int64_t k = 0; k < count; k++) {
            const float center = centers[2 * k], gain = centers[2 * k + 1];
            float *ring = scratch + 5 * across * k, *restrict halved = ring + (next + 5) % 5 * across;
            for (int64_t i = 0; i < 2 * half; i++) {
                const float d = levels[i] - center;
                line[i] = d * gain * falls[i] * earnest(d * d, how);
                falls[i] *= ratios[i];
            }
            for (int64_t x = 0; x < across; x++)
                halved[x] = 6 * even[x] + 4 * (odd[x - 1] + odd[x]) + (even[x - 1] + even[x + 1]);
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
 * times the nearness of `plane`, 1 - |plane - centre| / distance. remapped: none for the finest level, whose own part
 * `raise_levels` gives.
 *
 * scratch: one row of the smaller plane with 2 more, for each.
 */
void add_detail(const float *plane, const float *remapped, const float *smaller, int64_t width, int64_t height,
                const float *centers, int64_t count, float distance, float *change, int64_t top, int64_t bottom,
                float *scratch)
{
    enum { SPAN = 64 };
    const int64_t across = (width + 1) / 2, down = (height + 1) / 2;
    const float share = -1 / distance;
    float detail[SPAN + 2];
    for (int64_t y = top; y < bottom; y++) {
        const float *levels = plane + y * width;
        uint64_t ready = 0; /* a bit for each centre's line */
        for (int64_t x = 0; x < width; x += SPAN) {
            const int n = (int)(width - x < SPAN ? width - x : SPAN);
            float lowest = levels[x], highest = levels[x];
            for (int i = 0; i < n; i++) lowest = least(lowest, levels[x + i]), highest = most(highest, levels[x + i]);
            for (int64_t k = 0; k < count; k++) {
                const float center = centers[2 * k];
                if (lowest >= center + distance || highest <= center - distance) continue;
                float *line = scratch + k * (across + 2) + 1;
                if (!(ready >> k & 1)) enlarge_down(smaller + k * across * down, across, down, y, line);
                ready |= (uint64_t)1 << k;
                for (int i = 0; i < (n + 1) / 2; i++) {
                    const float *at = line + x / 2 + i;
                    detail[2 * i] = (6 * at[0] + (at[-1] + at[1])) * (-1.0f / 64);
                    detail[2 * i + 1] = (at[0] + at[1]) * (-4.0f / 64);
                }
                const float *own = remapped ? remapped + (k * height + y) * width + x : 0;
                if (own)
                    for (int i = 0; i < n; i++) detail[i] += own[i];
                float *restrict into = change + y * width + x;
                for (int i = 0; i < n; i++)
                    into[i] += most(1 + share * __builtin_fabsf(levels[x + i] - center), 0) * detail[i];
            }
        }
    }
}
