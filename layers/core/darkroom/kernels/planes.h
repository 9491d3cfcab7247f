#pragma once
/* What the loops in `pictures.c` and `blocks.c` share: those in which photos spend their time, one pass over the picture
 * each. `loops.py` calls them. Each does what the NumPy code beside its caller does, which is the reference
 * (tests/unit/test_kernels.py).
 *
 * Samples are uint8, uint16 or float32 in 0-1 (`kind`: bytes of a sample), in rows without gaps, RGB interleaved. Work
 * goes by blocks of pixels that are taken apart into planes, since compilers make vector code of loops over planes.
 * Nothing here allocates, and nothing is called but memcpy and memset, which every process has.
 *
 * To be compiled with -ffp-contract=on: products are fused with sums within an expression, never where rounding to a
 * level follows, so that all builds agree with NumPy where a value lies in the middle between two levels.
 */
#include <stdint.h>

#define BLOCK 512
#define MOST_REACH 64 /* of a Gaussian, in pixels */
#define INLINE static inline __attribute__((always_inline))

typedef float Plane[BLOCK];

static const float LUMA[3] = {0.299f, 0.587f, 0.114f};
static const float LUMINANCE[3] = {0.212671f, 0.715160f, 0.072169f};

INLINE float least(float a, float b) { return a < b ? a : b; }
INLINE float most(float a, float b) { return a > b ? a : b; }
INLINE float unit(float v) { return least(most(v, 0.0f), 1.0f); }

/* To the nearest whole number, of two the even one; for 0 <= v < 2^22. */
INLINE int32_t whole(float v) { return (int32_t)((v + 12582912.0f) - 12582912.0f); }

/* x^(1/3) for x >= 0: a guess by the exponent, then Halley's method twice; within 2e-7. */
INLINE float cube_root(float x)
{
    union { float f; uint32_t i; } guess = {most(x, 1e-18f)};
    float of = guess.f;
    guess.i = guess.i / 3 + 709921077u;
    float root = guess.f, cube = root * root * root;
    root *= (cube + 2 * of) / (2 * cube + of);
    cube = root * root * root;
    return root * (cube + 2 * of) / (2 * cube + of);
}

/* e^x for -80 <= x <= 0, within 3e-7. */
INLINE float exponential(float x)
{
    float power = x * 1.44269504f;
    float whole = (power + 12582912.0f) - 12582912.0f, t = (power - whole) * 0.69314718f;
    union { uint32_t i; float f; } scale = {(uint32_t)((int32_t)whole + 127) << 23};
    float sum = 1 + t * (1 + t * (0.5f + t * (1.0f / 6 + t * (1.0f / 24 + t * (1.0f / 120 + t * (1.0f / 720))))));
    return scale.f * sum;
}

/* IEC 61966-2-1; x^(1/2.4) as the root of x^(1/2) x^(1/3). */
INLINE float srgb(float linear)
{
    float curve = 1.055f * __builtin_sqrtf(__builtin_sqrtf(most(linear, 0)) * cube_root(linear)) - 0.055f;
    return linear <= 0.0031308f ? 12.92f * linear : curve;
}

/* ------------------------------------------------------------------------------------------ samples and planes */

INLINE void load(const void *from, int kind, int64_t first, int count, int channels, Plane *planes)
{
    for (int c = 0; c < channels; c++) {
        if (kind == 1) {
            const uint8_t *samples = (const uint8_t *)from + first * channels + c;
            for (int i = 0; i < count; i++) planes[c][i] = (float)samples[i * channels] * (1.0f / 255);
        } else if (kind == 2) {
            const uint16_t *samples = (const uint16_t *)from + first * channels + c;
            for (int i = 0; i < count; i++) planes[c][i] = (float)samples[i * channels] * (1.0f / 65535);
        } else {
            const float *samples = (const float *)from + first * channels + c;
            for (int i = 0; i < count; i++) planes[c][i] = samples[i * channels];
        }
    }
}

/* Clipped to 0-1 and rounded. */
INLINE void store(void *to, int kind, int64_t first, int count, int channels, Plane *planes)
{
    for (int c = 0; c < channels; c++) {
        if (kind == 1) {
            uint8_t *samples = (uint8_t *)to + first * channels + c;
            for (int i = 0; i < count; i++) samples[i * channels] = (uint8_t)whole(unit(planes[c][i]) * 255);
        } else if (kind == 2) {
            uint16_t *samples = (uint16_t *)to + first * channels + c;
            for (int i = 0; i < count; i++)
                samples[i * channels] = (uint16_t)whole(unit(planes[c][i]) * 65535);
        } else {
            float *samples = (float *)to + first * channels + c;
            for (int i = 0; i < count; i++) samples[i * channels] = unit(planes[c][i]);
        }
    }
}

INLINE void luma_of(Plane *planes, int channels, int count, float *luma)
{
    if (channels == 1)
        for (int i = 0; i < count; i++) luma[i] = planes[0][i];
    else
        for (int i = 0; i < count; i++)
            luma[i] = LUMA[0] * planes[0][i] + LUMA[1] * planes[1][i] + LUMA[2] * planes[2][i];
}

/* Between before and after, which is clipped first. */
INLINE void blend(Plane *before, Plane *after, int channels, int count, float strength)
{
#pragma STDC FP_CONTRACT OFF
    if (strength >= 1) return;
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < count; i++)
            after[c][i] = before[c][i] + strength * (unit(after[c][i]) - before[c][i]);
}

/* color/conversions.py, with_luma: the same colours at another luma, none of them clipped. */
INLINE void set_luma(Plane *planes, const float *luma, const float *wanted, int count, float toe)
{
    for (int i = 0; i < count; i++) {
        float r = planes[0][i], g = planes[1][i], b = planes[2][i], largest = most(most(r, g), b);
        float scale = least(wanted[i] / most(luma[i], 1e-6f), (1 - wanted[i]) / most(largest - luma[i], 1e-6f));
        if (toe > 0) scale = least(scale, (wanted[i] + toe) / (luma[i] + toe));
        float grey = wanted[i] - scale * luma[i];
        planes[0][i] = r * scale + grey;
        planes[1][i] = g * scale + grey;
        planes[2][i] = b * scale + grey;
    }
}
