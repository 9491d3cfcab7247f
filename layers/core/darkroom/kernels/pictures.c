/* Loops over whole pictures, or rows of them. */
#include "planes.h"

/* step.py, from_float. */
void round_samples(const float *from, void *to, int kind, int64_t first, int64_t count)
{
    Plane plane[1];
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(from, 4, at, n, 1, plane);
        store(to, kind, at, n, 1, plane);
    }
}

/* step.py, _blend_bands. */
void blend_samples(const void *before, const void *after, void *to, int kind, int64_t first, int64_t count, float strength)
{
    Plane one[1], other[1];
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(before, kind, at, n, 1, one);
        load(after, kind, at, n, 1, other);
        blend(one, other, 1, n, strength);
        store(to, kind, at, n, 1, other);
    }
}

/* color/conversions.py, with_luma, of float32 RGB. */
void set_lumas(const float *from, const float *wanted, float *to, int64_t first, int64_t count, float toe)
{
    Plane p[3], luma;
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(from, 4, at, n, 3, p);
        luma_of(p, 3, n, luma);
        set_luma(p, luma, wanted + at, n, toe);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < n; i++) to[(at + i) * 3 + c] = p[c][i];
    }
}

/* steps/adjust_color.py, saturation, vibrance and hue of linear light.
 *
 * table: linear light of every level, three channels a level; without one `from` is linear light itself (float32).
 * matrices: LMS from RGB, Oklab from roots, roots from Oklab, RGB from LMS; nine numbers each, by rows.
 * turn: saturation's factor, vibrance, -1 / its chroma, cosine and sine of the hue's angle.
 */
void turn_colors(const void *from, const float *table, void *to, int kind, int64_t first, int64_t count,
                 const float *matrices, const float *turn)
{
    Plane p[3];
    const float *m = matrices, *into = matrices + 9, *back = matrices + 18, *out = matrices + 27;
    const float factor = turn[0], vibrance = turn[1], fade = turn[2], cosine = turn[3], sine = turn[4];
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        if (!table) load(from, 4, at, n, 3, p);
        else if (kind == 1) {
            const uint8_t *samples = (const uint8_t *)from + at * 3;
            for (int i = 0; i < n; i++)
                for (int c = 0; c < 3; c++) p[c][i] = table[samples[i * 3 + c] * 3 + c];
        } else {
            const uint16_t *samples = (const uint16_t *)from + at * 3;
            for (int i = 0; i < n; i++)
                for (int c = 0; c < 3; c++) p[c][i] = table[samples[i * 3 + c] * 3 + c];
        }
        for (int i = 0; i < n; i++) {
            float r = p[0][i], g = p[1][i], b = p[2][i];
            float l = cube_root(most(m[0] * r + m[1] * g + m[2] * b, 0));
            float k = cube_root(most(m[3] * r + m[4] * g + m[5] * b, 0));
            float s = cube_root(most(m[6] * r + m[7] * g + m[8] * b, 0));
            float light = into[0] * l + into[1] * k + into[2] * s;
            float green = into[3] * l + into[4] * k + into[5] * s;
            float blue = into[6] * l + into[7] * k + into[8] * s;
            float scale = factor;
            if (vibrance != 0) scale *= 1 + vibrance * exponential(__builtin_sqrtf(green * green + blue * blue) * fade);
            float x = scale * (cosine * green - sine * blue), y = scale * (sine * green + cosine * blue);
            l = back[0] * light + back[1] * x + back[2] * y;
            k = back[3] * light + back[4] * x + back[5] * y;
            s = back[6] * light + back[7] * x + back[8] * y;
            l *= l * l, k *= k * k, s *= s * s;
            r = out[0] * l + out[1] * k + out[2] * s;
            g = out[3] * l + out[4] * k + out[5] * s;
            b = out[6] * l + out[7] * k + out[8] * s;
            /* color/conversions.py, fit_gamut */
            float grey = unit(LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b);
            float largest = most(most(r, g), b), smallest = least(least(r, g), b);
            float keep = least((1 - grey) / most(largest - grey, 1e-6f), grey / most(grey - smallest, 1e-6f));
            keep = least(keep, 1);
            float rest = grey - keep * grey;
            p[0][i] = unit(r * keep + rest), p[1][i] = unit(g * keep + rest), p[2][i] = unit(b * keep + rest);
        }
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < n; i++) p[c][i] = srgb(p[c][i]);
        store(to, kind, at, n, 3, p);
    }
}

/* steps/equalize_adaptive.py: luma's bin of 256, by pixel. */
void luma_bins(const void *from, int kind, int channels, uint8_t *bins, int64_t first, int64_t count)
{
    Plane p[3], luma;
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(from, kind, at, n, channels, p);
        luma_of(p, channels, n, luma);
        for (int i = 0; i < n; i++) bins[at + i] = (uint8_t)(((uint32_t)whole(unit(luma[i]) * 65535) + 128) / 257);
    }
}

/* Counts of the bins in the given rows and columns of a plane. */
void count_bins(const uint8_t *bins, int64_t width, const int64_t *rows, int64_t height, const int64_t *columns,
                int64_t across, int64_t *counts)
{
    uint32_t each[4][256] = {{0}};
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < across; x++) each[x & 3][bins[rows[y] * width + columns[x]]]++;
    for (int i = 0; i < 256; i++) counts[i] = (int64_t)each[0][i] + each[1][i] + each[2][i] + each[3][i];
}

/* The new luma is the mix of the curves of the four nearest tiles, by straight lines between their 256 bins.
 *
 * curves: tiles down x across x 256. Of each row: the two rows of tiles and the second's share; columns likewise.
 */
void equalize_rows(const void *from, void *to, int kind, int channels, int64_t width, int64_t top, int64_t bottom,
                   const float *curves, int64_t tiles, const int64_t *upper, const int64_t *lower, const float *down,
                   const int64_t *left, const int64_t *right, const float *across, float toe)
{
    Plane p[3], luma, wanted;
    int32_t bin[BLOCK];
    for (int64_t y = top; y < bottom; y++) {
        const float *above = curves + upper[y] * tiles * 256, *below = curves + lower[y] * tiles * 256, share = down[y];
        for (int64_t x = 0; x < width; x += BLOCK) {
            int n = (int)(width - x < BLOCK ? width - x : BLOCK);
            load(from, kind, y * width + x, n, channels, p);
            luma_of(p, channels, n, luma);
            for (int i = 0; i < n; i++) {
                float place = unit(luma[i]) * 255;
                bin[i] = (int32_t)least(place, 254);
                wanted[i] = place - (float)bin[i];
            }
            for (int i = 0; i < n; i++) {
                const int64_t west = left[x + i] * 256 + bin[i], east = right[x + i] * 256 + bin[i];
                const float t = wanted[i], s = across[x + i];
                float a = above[west] + (above[west + 1] - above[west]) * t;
                float b = above[east] + (above[east + 1] - above[east]) * t;
                float c = below[west] + (below[west + 1] - below[west]) * t;
                float d = below[east] + (below[east + 1] - below[east]) * t;
                a += (b - a) * s, c += (d - c) * s;
                wanted[i] = unit(a + (c - a) * share);
            }
            if (channels == 3) set_luma(p, luma, wanted, n, toe);
            else
                for (int i = 0; i < n; i++) p[0][i] = wanted[i];
            store(to, kind, y * width + x, n, channels, p);
        }
    }
}

/* steps/unsharp_mask.py, with a Gaussian of 2 reach + 1 weights (the middle one first, then outwards).
 *
 * scratch: (2 reach + 2) x (width + 2 reach) floats. Pixels outside are mirrored with the edge's own (fedcba|abcdef).
 */
INLINE int64_t mirrored(int64_t at, int64_t size)
{
    while (at < 0 || at >= size) at = at < 0 ? -1 - at : 2 * size - 1 - at;
    return at;
}

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

void sharpen_rows(const void *from, void *to, int kind, int channels, int64_t width, int64_t height, int64_t top,
                  int64_t bottom, const float *weights, int64_t reach, float amount, float threshold, float strength,
                  float *scratch)
{
    Plane p[3], original[3], luma, detail;
    const float *before[MOST_REACH + 1], *after[MOST_REACH + 1];
    const int64_t slots = 2 * reach + 1;
    float *line = scratch + slots * width + reach;
    for (int64_t next = top - reach; next < bottom + reach; next++) {
        const int64_t row = mirrored(next, height);
        float *blurred = scratch + (next + slots * (1 + reach)) % slots * width;
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
        const int64_t y = next - reach;
        if (y < top) continue;
        const float *middle = scratch + (y + slots * (1 + reach)) % slots * width;
        for (int64_t x = 0; x < width; x += BLOCK) {
            int n = (int)(width - x < BLOCK ? width - x : BLOCK);
            load(from, kind, y * width + x, n, channels, p);
            luma_of(p, channels, n, luma);
            for (int64_t k = 1; k <= reach; k++) {
                before[k] = scratch + (y - k + slots * (1 + reach)) % slots * width + x;
                after[k] = scratch + (y + k + slots * (1 + reach)) % slots * width + x;
            }
            blur(middle + x, before, after, weights, reach, n, detail);
            for (int i = 0; i < n; i++) {
                float d = luma[i] - detail[i];
                detail[i] = amount * (d - least(most(d, -threshold), threshold));
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
