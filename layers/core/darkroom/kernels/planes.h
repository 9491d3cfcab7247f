#pragma once
/* What the loops in the files beside this one share: those in which photos spend their time, in few passes
 * over the picture each. `loops.py` calls them. Each does what the NumPy code beside its caller does, which is the
 * reference (tests/unit/test_kernels.py).
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
#define MOST_TILES 64 /* across a picture */
#define INLINE static inline __attribute__((always_inline))

typedef float Plane[BLOCK];

static const float LUMA[3] = {0.299f, 0.587f, 0.114f};
static const float LUMINANCE[3] = {0.212671f, 0.715160f, 0.072169f};

INLINE float least(float a, float b) { return a < b ? a : b; }
INLINE float most(float a, float b) { return a > b ? a : b; }
INLINE float unit(float v) { return least(most(v, 0.0f), 1.0f); }

/* To the nearest whole number, of two the even one; for 0 <= v < 2^22. */
INLINE int32_t whole(float v) { return (int32_t)((v + 12582912.0f) - 12582912.0f); }

/* x^(1/3) for x >= 0, as x y^2 with y = x^(-1/3): a guess by the exponent, which is off by 3 %, times the binomial series
 * of (1 - rest)^(-1/3); within 4e-7, without a division. */
INLINE float cube_root(float x)
{
    union { float f; int32_t i; } guess = {most(x, 1e-18f)};
    const float of = guess.f;
    guess.i = (int32_t)(1419900000.0f - (float)guess.i * (1.0f / 3));
    const float y = guess.f, rest = 1 - of * y * y * y;
    const float series = 2.0f / 9 + rest * (14.0f / 81 + rest * (35.0f / 243 + rest * (91.0f / 729)));
    const float root = y + y * rest * (1.0f / 3 + rest * series);
    return of * root * root;
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

/* IEC 61966-2-1 of 0-1. The power 1/2.4 is one of 5/3 of the fourth root, which lies in 0.23-1: a polynomial of degree 7,
 * within 4e-7. */
INLINE float srgb(float linear)
{
    const float t = __builtin_sqrtf(__builtin_sqrtf(linear));
    const float high = -1.1559114386838096f + t * (1.2091747387340288f + t * (-0.898434551757358f
        + t * (0.3947233058530614f + t * -0.07621216552024666f)));
    const float curve = -0.058446503176427245f + t * (0.12357477794729588f + t * (1.4615315147885561f + t * high));
    return linear <= 0.0031308f ? 12.92f * linear : curve;
}

/* ------------------------------------------------------------------------------------------ samples and planes */

typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef float Sixteen __attribute__((vector_size(64)));
typedef int32_t Integers __attribute__((vector_size(64)));

/* 16 pixels of interleaved RGB, apart. */
INLINE void take_apart(const uint8_t *samples, Bytes *colors)
{
    Bytes a, b, c;
    __builtin_memcpy(&a, samples, 16), __builtin_memcpy(&b, samples + 16, 16), __builtin_memcpy(&c, samples + 32, 16);
    const Bytes r = __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, -1, -1, -1, -1, -1);
    const Bytes g = __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, -1, -1, -1, -1, -1);
    const Bytes l = __builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, -1, -1, -1, -1, -1, -1);
    colors[0] = __builtin_shufflevector(r, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
    colors[1] = __builtin_shufflevector(g, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
    colors[2] = __builtin_shufflevector(l, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
}

INLINE void put_together(const Bytes *colors, uint8_t *samples)
{
    const Bytes r = colors[0], g = colors[1], l = colors[2];
    const Bytes a = __builtin_shufflevector(r, g, 0, 16, -1, 1, 17, -1, 2, 18, -1, 3, 19, -1, 4, 20, -1, 5);
    const Bytes b = __builtin_shufflevector(r, g, 21, -1, 6, 22, -1, 7, 23, -1, 8, 24, -1, 9, 25, -1, 10, 26);
    const Bytes c = __builtin_shufflevector(r, g, -1, 11, 27, -1, 12, 28, -1, 13, 29, -1, 14, 30, -1, 15, 31, -1);
    const Bytes first = __builtin_shufflevector(a, l, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15);
    const Bytes second = __builtin_shufflevector(b, l, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15);
    const Bytes third = __builtin_shufflevector(c, l, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31);
    __builtin_memcpy(samples, &first, 16);
    __builtin_memcpy(samples + 16, &second, 16), __builtin_memcpy(samples + 32, &third, 16);
}

INLINE void load(const void *from, int kind, int64_t first, int count, int channels, Plane *planes)
{
    int done = 0;
    if (kind == 1 && channels == 3)
        for (; done + 16 <= count; done += 16) {
            Bytes colors[3];
            take_apart((const uint8_t *)from + (first + done) * 3, colors);
            for (int c = 0; c < 3; c++) {
                const Sixteen values = __builtin_convertvector(colors[c], Sixteen) * (1.0f / 255);
                __builtin_memcpy(planes[c] + done, &values, sizeof values);
            }
        }
    for (int c = 0; c < channels; c++) {
        if (kind == 1) {
            const uint8_t *samples = (const uint8_t *)from + first * channels + c;
            for (int i = done; i < count; i++) planes[c][i] = (float)samples[i * channels] * (1.0f / 255);
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
    int done = 0;
    if (kind == 1 && channels == 3)
        for (; done + 16 <= count; done += 16) {
            Bytes colors[3];
            for (int c = 0; c < 3; c++) {
                uint8_t levels[16];
                for (int i = 0; i < 16; i++) levels[i] = (uint8_t)whole(unit(planes[c][done + i]) * 255);
                __builtin_memcpy(&colors[c], levels, 16);
            }
            put_together(colors, (uint8_t *)to + (first + done) * 3);
        }
    for (int c = 0; c < channels; c++) {
        if (kind == 1) {
            uint8_t *samples = (uint8_t *)to + first * channels + c;
            for (int i = done; i < count; i++) samples[i * channels] = (uint8_t)whole(unit(planes[c][i]) * 255);
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
        const float more = wanted[i] > luma[i] ? toe : 0; /* of the two ratios the smaller one */
        float scale = (wanted[i] + more) / most(luma[i] + more, 1e-6f);
        scale = least(scale, (1 - wanted[i]) / most(largest - luma[i], 1e-6f));
        float grey = wanted[i] - scale * luma[i];
        planes[0][i] = r * scale + grey;
        planes[1][i] = g * scale + grey;
        planes[2][i] = b * scale + grey;
    }
}
