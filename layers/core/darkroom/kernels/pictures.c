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

/* codec/encode.py: bytes of RGB with a byte of nothing behind each pixel, as Pillow has them. */
void widen_pixels(const uint8_t *from, uint8_t *to, int64_t first, int64_t count)
{
    int64_t at = first;
    for (; at + 6 <= first + count; at += 4) { /* what is loaded reaches into the sixth */
        Bytes four;
        __builtin_memcpy(&four, from + at * 3, 16);
        four = __builtin_shufflevector(four, (Bytes){0}, 0, 1, 2, 16, 3, 4, 5, 16, 6, 7, 8, 16, 9, 10, 11, 16);
        __builtin_memcpy(to + at * 4, &four, 16);
    }
    for (; at < first + count; at++) {
        for (int c = 0; c < 3; c++) to[at * 4 + c] = from[at * 3 + c];
        to[at * 4 + 3] = 0;
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

/* steps/adjust_color.py: saturation, vibrance and hue of linear light, which becomes sRGB.
 *
 * matrices: LMS from RGB, Oklab from roots, roots from Oklab, RGB from LMS; nine numbers each, by rows.
 * turn: saturation's factor, vibrance, -1 / its chroma, cosine and sine of the hue's angle; the square of the chroma up
 * to which violet is spared, and how violet a colour is: by green and blue over chroma, and at least.
 * mix: roots from roots, where there is no vibrance.
 */
INLINE void turn_chroma(Plane *p, int n, const float *matrices, const float *turn, const float *mix, int vibrant)
{
    const float *m = matrices, *into = matrices + 9, *back = matrices + 18, *out = matrices + 27;
    for (int i = 0; i < n; i++) {
        const float r = p[0][i], g = p[1][i], b = p[2][i];
        p[0][i] = m[0] * r + m[1] * g + m[2] * b;
        p[1][i] = m[3] * r + m[4] * g + m[5] * b;
        p[2][i] = m[6] * r + m[7] * g + m[8] * b;
    }
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < n; i++) p[c][i] = cube_root(p[c][i]);
    for (int i = 0; i < n; i++) {
        float l = p[0][i], k = p[1][i], s = p[2][i];
        const float *from = mix;
        float x = l, y = k, z = s;
        if (vibrant) {
            const float green = into[3] * l + into[4] * k + into[5] * s, blue = into[6] * l + into[7] * k + into[8] * s;
            const float square = green * green + blue * blue, chroma = __builtin_sqrtf(square);
            const float violet = unit((turn[6] * green + turn[7] * blue) / most(chroma, 1e-6f) + turn[8]);
            const float fading = exponential(chroma * turn[2]) * square / most(square + violet * turn[5], 1e-12f);
            const float scale = turn[0] * (1 + turn[1] * fading);
            x = into[0] * l + into[1] * k + into[2] * s;
            y = scale * (turn[3] * green - turn[4] * blue), z = scale * (turn[4] * green + turn[3] * blue);
            from = back;
        }
        l = from[0] * x + from[1] * y + from[2] * z;
        k = from[3] * x + from[4] * y + from[5] * z;
        s = from[6] * x + from[7] * y + from[8] * z;
        l *= l * l, k *= k * k, s *= s * s;
        const float r = out[0] * l + out[1] * k + out[2] * s;
        const float g = out[3] * l + out[4] * k + out[5] * s;
        const float b = out[6] * l + out[7] * k + out[8] * s;
        /* color/conversions.py, fit_gamut */
        const float grey = unit(LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b);
        const float largest = most(most(r, g), b), smallest = least(least(r, g), b);
        float keep = least((1 - grey) / most(largest - grey, 1e-6f), grey / most(grey - smallest, 1e-6f));
        keep = least(keep, 1);
        const float rest = grey - keep * grey;
        p[0][i] = unit(r * keep + rest), p[1][i] = unit(g * keep + rest), p[2][i] = unit(b * keep + rest);
    }
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < n; i++) p[c][i] = srgb(p[c][i]);
}

/* table: linear light of every level, three channels a level; without one `from` is linear light itself (float32). */
void turn_colors(const void *from, const float *table, void *to, int kind, int64_t first, int64_t count,
                 const float *matrices, const float *turn)
{
    Plane p[3];
    float mix[9];
    const float *into = matrices + 9, *back = matrices + 18;
    for (int c = 0; c < 3; c++) {
        const float green = turn[3] * into[3 + c] - turn[4] * into[6 + c], blue = turn[4] * into[3 + c] + turn[3] * into[6 + c];
        for (int r = 0; r < 3; r++)
            mix[3 * r + c] = back[3 * r] * into[c] + turn[0] * (back[3 * r + 1] * green + back[3 * r + 2] * blue);
    }
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
        if (turn[1] != 0) turn_chroma(p, n, matrices, turn, mix, 1);
        else turn_chroma(p, n, matrices, turn, mix, 0);
        store(to, kind, at, n, 3, p);
    }
}

/* steps/equalize_adaptive.py: luma's bin of 256, by pixel. Each product and sum is rounded, as by NumPy: in small tiles
 * one pixel in the next bin shows. */
void luma_bins(const void *from, int kind, int channels, uint8_t *bins, int64_t first, int64_t count)
{
#pragma STDC FP_CONTRACT OFF
    Plane p[3];
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(from, kind, at, n, channels, p);
        if (channels == 3)
            for (int i = 0; i < n; i++) p[0][i] = LUMA[0] * p[0][i] + LUMA[1] * p[1][i] + LUMA[2] * p[2][i];
        for (int i = 0; i < n; i++) bins[at + i] = (uint8_t)(((uint32_t)whole(unit(p[0][i]) * 65535) + 128) / 257);
    }
}

/* Counts of the bins in the given rows and columns of a plane. */
void count_bins(const uint8_t *bins, int64_t width, const int64_t *rows, int64_t height, const int64_t *columns,
                int64_t across, int64_t *counts)
{
    uint32_t each[4][256] = {{0}};
    int64_t straight = 0;
    while (straight < across && columns[straight] == columns[0] + straight) straight++;
    for (int64_t y = 0; y < height; y++) {
        const uint8_t *row = bins + rows[y] * width, *begin = row + columns[0];
        int64_t x = 0;
        for (; x + 8 <= straight; x += 8) {
            uint64_t eight;
            __builtin_memcpy(&eight, begin + x, 8);
#pragma clang loop unroll(full)
            for (int i = 0; i < 8; i++) each[i & 3][eight >> 8 * i & 255]++;
        }
        for (; x < across; x++) each[x & 3][row[columns[x]]]++;
    }
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
    typedef float Pair __attribute__((vector_size(8)));
    Pair mixed[MOST_TILES * 256]; /* the row's curve of each tile: a bin's value, and what it lacks to the next one */
    Plane p[3], luma, wanted;
    int32_t bin[BLOCK];
    for (int64_t y = top; y < bottom; y++) {
        const float *above = curves + upper[y] * tiles * 256, *below = curves + lower[y] * tiles * 256, share = down[y];
        for (int64_t tile = 0; tile < tiles * 256; tile += 256) {
            float value[257];
            for (int i = 0; i < 256; i++) value[i] = above[tile + i] + (below[tile + i] - above[tile + i]) * share;
            value[256] = value[255];
            for (int i = 0; i < 256; i++) mixed[tile + i] = (Pair){value[i], value[i + 1] - value[i]};
        }
        for (int64_t x = 0; x < width; x += BLOCK) {
            int n = (int)(width - x < BLOCK ? width - x : BLOCK);
            load(from, kind, y * width + x, n, channels, p);
            luma_of(p, channels, n, luma);
            for (int i = 0; i < n; i++) {
                float place = unit(luma[i]) * 255;
                bin[i] = (int32_t)place;
                wanted[i] = place - (float)bin[i];
            }
            for (int i = 0; i < n; i++) {
                const Pair west = mixed[left[x + i] * 256 + bin[i]], east = mixed[right[x + i] * 256 + bin[i]];
                const Pair both = west + (east - west) * across[x + i];
                wanted[i] = both[0] + both[1] * wanted[i];
            }
            for (int i = 0; i < n; i++) wanted[i] = unit(wanted[i]);
            if (channels == 3) set_luma(p, luma, wanted, n, toe);
            else
                for (int i = 0; i < n; i++) p[0][i] = wanted[i];
            store(to, kind, y * width + x, n, channels, p);
        }
    }
}
