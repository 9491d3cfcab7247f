/* The transform of overlapping blocks. */
#include "planes.h"

typedef float Eight __attribute__((vector_size(32)));
#define ABREAST 4 /* vectors side by side: four blocks of 8 px, or two of 16 */
#define SIDE 16   /* of the largest block */

/* Rows of blocks side by side become frequencies: half of the products, as every row of the matrix is even or odd. */
INLINE void forward(Eight (*rows)[ABREAST], const float *matrix, int size)
{
    Eight sums[SIDE / 2][ABREAST], differences[SIDE / 2][ABREAST];
    for (int y = 0; y < size / 2; y++)
        for (int l = 0; l < ABREAST; l++) {
            sums[y][l] = rows[y][l] + rows[size - 1 - y][l];
            differences[y][l] = rows[y][l] - rows[size - 1 - y][l];
        }
    for (int f = 0; f < size; f++) {
        Eight total[ABREAST] = {{0}};
        Eight (*half)[ABREAST] = f & 1 ? differences : sums;
        for (int y = 0; y < size / 2; y++)
            for (int l = 0; l < ABREAST; l++) total[l] += matrix[f * size + y] * half[y][l];
        for (int l = 0; l < ABREAST; l++) rows[f][l] = total[l];
    }
}

INLINE void backward(Eight (*rows)[ABREAST], const float *matrix, int size)
{
    Eight result[SIDE][ABREAST];
    for (int y = 0; y < size / 2; y++) {
        Eight even[ABREAST] = {{0}}, odd[ABREAST] = {{0}};
        for (int f = 0; f < size; f += 2)
            for (int l = 0; l < ABREAST; l++) {
                even[l] += matrix[f * size + y] * rows[f][l];
                odd[l] += matrix[(f + 1) * size + y] * rows[f + 1][l];
            }
        for (int l = 0; l < ABREAST; l++) {
            result[y][l] = even[l] + odd[l];
            result[size - 1 - y][l] = even[l] - odd[l];
        }
    }
    for (int y = 0; y < size; y++)
        for (int l = 0; l < ABREAST; l++) rows[y][l] = result[y][l];
}

INLINE void transpose_eight(Eight *r)
{
#define PAIR(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
    Eight s[8], t[8];
    for (int i = 0; i < 8; i += 2) {
        s[i] = PAIR(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[i + 1] = PAIR(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            t[i + 2 * j] = PAIR(s[i + j], s[i + 2 + j], 0, 1, 8, 9, 4, 5, 12, 13);
            t[i + 2 * j + 1] = PAIR(s[i + j], s[i + 2 + j], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        r[i] = PAIR(t[i], t[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = PAIR(t[i], t[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#undef PAIR
}

INLINE void transpose_blocks(Eight (*rows)[ABREAST], int size)
{
    Eight one[8], other[8];
    for (int l = 0; l < ABREAST; l += size / 8)
        for (int y = 0; y < size; y += 8)
            for (int x = 0; x <= y; x += 8) {
                for (int i = 0; i < 8; i++) one[i] = rows[y + i][l + x / 8], other[i] = rows[x + i][l + y / 8];
                transpose_eight(one);
                transpose_eight(other);
                for (int i = 0; i < 8; i++) rows[x + i][l + y / 8] = one[i], rows[y + i][l + x / 8] = other[i];
            }
}

/* apart: from a vector of eight to the next. */
INLINE void load_blocks(const float *from, int64_t width, int size, int lanes, int64_t apart, Eight (*rows)[ABREAST])
{
    for (int y = 0; y < size; y++)
        for (int l = 0; l < ABREAST; l++)
            if (l < lanes) __builtin_memcpy(&rows[y][l], from + y * width + l * apart, sizeof(Eight));
            else rows[y][l] = (Eight){0};
}

/* Blocks become their coefficients, across before down. */
INLINE void transform_blocks(Eight (*rows)[ABREAST], const float *matrix, int size)
{
    forward(rows, matrix, size);
    transpose_blocks(rows, size);
    forward(rows, matrix, size);
}

INLINE float total_of(Eight v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }

INLINE void shrink_sized(const float *plane, const float *pilot, float *total, float *weights, int64_t width,
                         int64_t height, int size, int step, const float *matrix, const float *limits)
{
    const int lanes = size / 8, abreast = ABREAST / lanes;
    for (int64_t top = 0; top <= height - size; top++)
        for (int column = 0; column < 2 * size / step; column++) {
            if ((top + 2 * step * size - 3 * column) % (2 * step)) continue;
            const int64_t left = column * step / 2, across = (width - left) / size;
            for (int64_t block = 0; block < across; block += abreast) {
                const int used = lanes * (int)(across - block < abreast ? across - block : abreast);
                const int64_t at = top * width + left + block * size;
                Eight rows[SIDE][ABREAST], guide[SIDE][ABREAST], left_over[ABREAST] = {{0}};
                load_blocks(plane + at, width, size, used, 8, rows);
                transform_blocks(rows, matrix, size);
                if (pilot) {
                    load_blocks(pilot + at, width, size, used, 8, guide);
                    transform_blocks(guide, matrix, size);
                }
                for (int f = 0; f < size; f++)
                    for (int l = 0; l < ABREAST; l++) {
                        Eight limit, gain;
                        __builtin_memcpy(&limit, limits + f * size + l % lanes * 8, sizeof(Eight));
                        if (pilot) {
                            const Eight power = guide[f][l] * guide[f][l];
                            gain = power / (power + (limit + 1e-12f));
                        } else
                            gain = -__builtin_convertvector(__builtin_elementwise_abs(rows[f][l]) > limit, Eight);
                        if (f == 0 && l % lanes == 0) { /* a block's mean */
                            gain[0] = 1;
                            if (pilot) rows[0][l][0] = guide[0][l][0];
                        }
                        rows[f][l] *= gain;
                        left_over[l] += gain * gain;
                    }
                backward(rows, matrix, size);
                transpose_blocks(rows, size);
                backward(rows, matrix, size);
                Eight weight[ABREAST];
                for (int l = 0; l < ABREAST; l += lanes) {
                    float sum = total_of(left_over[l]);
                    if (lanes == 2) sum += total_of(left_over[l + 1]);
                    weight[l] = (Eight){0} + 1 / sum;
                    if (lanes == 2) weight[l + 1] = weight[l];
                }
                for (int y = 0; y < size; y++)
                    for (int l = 0; l < ABREAST; l++)
                        if (l < used) {
                            float *sums = total + at + y * width + 8 * l, *counts = weights + at + y * width + 8 * l;
                            Eight sum, count;
                            __builtin_memcpy(&sum, sums, sizeof(Eight));
                            __builtin_memcpy(&count, counts, sizeof(Eight));
                            sum += weight[l] * rows[y][l];
                            count += weight[l];
                            __builtin_memcpy(sums, &sum, sizeof(Eight));
                            __builtin_memcpy(counts, &count, sizeof(Eight));
                        }
            }
        }
    for (int64_t i = 0; i < width * height; i++) total[i] /= weights[i];
}

/* algorithms/sliding_dct.py, _aggregate, of one plane.
 *
 * size: 8 or 16. limits: of each coefficient (across before down) its threshold, or where there is a pilot the noise's
 * variance. total: zeros, then the result; weights: zeros.
 */
void shrink_blocks(const float *plane, const float *pilot, float *total, float *weights, int64_t width, int64_t height,
                   int size, int step, const float *matrix, const float *limits)
{
    if (size == 8 && pilot) shrink_sized(plane, pilot, total, weights, width, height, 8, step, matrix, limits);
    else if (size == 8) shrink_sized(plane, 0, total, weights, width, height, 8, step, matrix, limits);
    else if (pilot) shrink_sized(plane, pilot, total, weights, width, height, 16, step, matrix, limits);
    else shrink_sized(plane, 0, total, weights, width, height, 16, step, matrix, limits);
}

/* estimates/blocks.py, Blocks.of: of every block of 8 px at a stride its mean, summed as NumPy does, and the energy that
 * its low and its high frequencies have. are_high: 8x8 of 1 where a frequency is high, else 0. */
void measure_blocks(const float *tiles, int64_t count, int64_t height, int64_t width, int64_t stride, const float *matrix,
                    const float *are_high, float *level, float *low, float *high)
{
    const int64_t across = (width - 8) / stride + 1;
    for (int64_t tile = 0; tile < count; tile++)
        for (int64_t top = 0; top <= height - 8; top += stride)
            for (int64_t block = 0; block < across; block += ABREAST) {
                const int used = (int)(across - block < ABREAST ? across - block : ABREAST);
                Eight rows[SIDE][ABREAST], all[ABREAST] = {{0}}, fine[ABREAST] = {{0}};
                load_blocks(tiles + (tile * height + top) * width + block * stride, width, 8, used, stride, rows);
                float mean[ABREAST];
                for (int l = 0; l < ABREAST; l++) {
                    Eight v = rows[0][l];
                    for (int y = 1; y < 8; y++) v += rows[y][l];
                    mean[l] = (((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]))) / 64;
                    for (int y = 0; y < 8; y++) {
                        rows[y][l] -= mean[l];
                        all[l] += rows[y][l] * rows[y][l];
                    }
                }
                transform_blocks(rows, matrix, 8);
                for (int f = 0; f < 8; f++) {
                    Eight counts;
                    __builtin_memcpy(&counts, are_high + f * 8, sizeof(Eight));
                    for (int l = 0; l < ABREAST; l++) fine[l] += rows[f][l] * rows[f][l] * counts;
                }
                for (int l = 0; l < used; l++) {
                    const float above = total_of(fine[l]);
                    *level++ = mean[l], *high++ = above, *low++ = total_of(all[l]) - above;
                }
            }
}
