/* Unsharp masking, by rows. */
#include "planes.h"

/* Pixels outside are mirrored with the edge's own (fedcba|abcdef). */
INLINE int64_t mirrored(int64_t at, int64_t size)
{
    while (at < 0 || at >= size) at = at < 0 ? -1 - at : 2 * size - 1 - at;
    return at;
}

/* Where a line lies in a ring of so many slots, which is no shorter than lines may stand before the first. */
INLINE int64_t place(int64_t line, int64_t slots) { return (line + slots) % slots; }

/* The weighted sum of lines about a middle one: before[k] and after[k] at k = 1 ... reach. Small reaches, as constants,
 * keep their sum in a register. */
INLINE void sum_lines(const float *restrict middle, const float *const *before, const float *const *after,
                      const float *weights, int64_t reach, int64_t count, float *restrict sum)
{
    for (int64_t i = 0; i < count; i++) {
        float total = weights[0] * middle[i];
#pragma clang loop unroll(full)
        for (int64_t k = 1; k <= reach; k++) total += weights[k] * (before[k][i] + after[k][i]);
        sum[i] = total;
    }
}

static void blur(const float *restrict middle, const float *const *before, const float *const *after,
                 const float *weights, int64_t reach, int64_t count, float *restrict sum)
{
    switch (reach) {
    case 2: sum_lines(middle, before, after, weights, 2, count, sum); return;
    case 3: sum_lines(middle, before, after, weights, 3, count, sum); return;
    case 4: sum_lines(middle, before, after, weights, 4, count, sum); return;
    case 5: sum_lines(middle, before, after, weights, 5, count, sum); return;
    case 6: sum_lines(middle, before, after, weights, 6, count, sum); return;
    case 8: sum_lines(middle, before, after, weights, 8, count, sum); return;
    }
    for (int64_t i = 0; i < count; i++) sum[i] = weights[0] * middle[i];
    for (int64_t k = 1; k <= reach; k++) {
        const float *one = before[k], *other = after[k];
        const float weight = weights[k];
        for (int64_t i = 0; i < count; i++) sum[i] += weight * (one[i] + other[i]);
    }
}

/* Of each pixel of a line, the least and the largest of those up to `around` away. */
INLINE void find_ends(const float *line, int64_t width, int64_t around, float *restrict low, float *restrict high)
{
    for (int64_t x = 0; x < width; x++) low[x] = high[x] = line[x];
    for (int64_t k = 1; k <= around; k++)
        for (int64_t x = 0; x < width; x++) {
            low[x] = least(low[x], least(line[x - k], line[x + k]));
            high[x] = most(high[x], most(line[x - k], line[x + k]));
        }
}

/* steps/unsharp_mask.py, with a Gaussian of 2 reach + 1 weights (the middle one first, then outwards).
 *
 * halo: how far a result may pass what is up to `around` away, 1 for any distance. scratch: (3 (2 reach + 1) + 1) x (width +
 * 2 reach) floats.
 */
void sharpen_rows(const void *from, void *to, int kind, int channels, int64_t width, int64_t height, int64_t top,
                  int64_t bottom, const float *weights, int64_t reach, float amount, float threshold, float strength,
                  int64_t around, float halo, float *scratch)
{
    Plane p[3], original[3], luma, detail, lowest, highest;
    const float *before[MOST_REACH + 1], *after[MOST_REACH + 1];
    const int64_t slots = 2 * reach + 1;
    float *lows = scratch + slots * width, *highs = lows + slots * width, *line = highs + slots * width + reach;
    for (int64_t next = top - reach; next < bottom + reach; next++) {
        const int64_t row = mirrored(next, height);
        const int64_t slot = place(next, slots) * width;
        float *blurred = scratch + slot, *restrict low = lows + slot, *restrict high = highs + slot;
        for (int64_t x = 0; x < width; x += BLOCK) {
            int n = (int)(width - x < BLOCK ? width - x : BLOCK);
            load(from, kind, row * width + x, n, channels, p);
            luma_of(p, channels, n, luma);
            for (int i = 0; i < n; i++) line[x + i] = luma[i];
        }
        for (int64_t k = 1; k <= reach; k++) {
            line[-k] = line[mirrored(-k, width)];
            line[width - 1 + k] = line[mirrored(width - 1 + k, width)];
        }
        for (int64_t x = 0; x < width; x += BLOCK) {
            for (int64_t k = 1; k <= reach; k++) before[k] = line + x - k, after[k] = line + x + k;
            blur(line + x, before, after, weights, reach, width - x < BLOCK ? width - x : BLOCK, blurred + x);
        }
        if (halo < 1) find_ends(line, width, around, low, high);
        const int64_t y = next - reach;
        if (y < top) continue;
        const float *middle = scratch + place(y, slots) * width;
        for (int64_t x = 0; x < width; x += BLOCK) {
            int n = (int)(width - x < BLOCK ? width - x : BLOCK);
            load(from, kind, y * width + x, n, channels, p);
            luma_of(p, channels, n, luma);
            for (int64_t k = 1; k <= reach; k++) {
                before[k] = scratch + place(y - k, slots) * width + x;
                after[k] = scratch + place(y + k, slots) * width + x;
            }
            blur(middle + x, before, after, weights, reach, n, detail);
            for (int i = 0; i < n; i++) {
                float d = luma[i] - detail[i];
                detail[i] = amount * (d - least(most(d, -threshold), threshold));
            }
            if (halo < 1) {
                for (int64_t k = -around; k <= around; k++) {
                    const int64_t near = place(y + k, slots) * width + x;
                    for (int i = 0; i < n; i++) {
                        lowest[i] = k == -around ? lows[near + i] : least(lowest[i], lows[near + i]);
                        highest[i] = k == -around ? highs[near + i] : most(highest[i], highs[near + i]);
                    }
                }
                for (int i = 0; i < n; i++)
                    detail[i] = least(most(luma[i] + detail[i], lowest[i] - halo), highest[i] + halo) - luma[i];
            }
            for (int c = 0; c < channels; c++)
                for (int i = 0; i < n; i++) {
                    original[c][i] = p[c][i];
                    p[c][i] += detail[i];
                }
            blend(original, p, channels, n, strength);
            store(to, kind, y * width + x, n, channels, p);
        }
    }
}
