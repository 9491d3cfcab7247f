/* Loops that estimates make over pictures. */
#include "planes.h"

/* estimates/noise.py, opponent_planes. Each product and sum is rounded, as by NumPy. */
void opponent_planes(const void *from, int kind, float scale, const float *matrix, float *planes, int64_t total,
                     int64_t first, int64_t count)
{
#pragma STDC FP_CONTRACT OFF
    for (int64_t i = first; i < first + count; i++) {
        float color[3];
        for (int c = 0; c < 3; c++)
            color[c] = scale * (kind == 1 ? (float)((const uint8_t *)from)[3 * i + c]
                : kind == 2 ? (float)((const uint16_t *)from)[3 * i + c] : ((const float *)from)[3 * i + c]);
        for (int o = 0; o < 3; o++)
            planes[o * total + i] = matrix[3 * o] * color[0] + matrix[3 * o + 1] * color[1] + matrix[3 * o + 2] * color[2];
    }
}

/* estimates/noise.py, _halved: means of 2x2 px, times `scale`. */
void halve_planes(const float *from, int64_t planes, int64_t height, int64_t width, float *to, float scale)
{
    for (int64_t row = 0; row < planes * (height / 2); row++, to += width / 2) {
        const float *upper = from + (row / (height / 2) * height + row % (height / 2) * 2) * width, *lower = upper + width;
        for (int64_t x = 0; x < width / 2; x++)
            to[x] = (((upper[2 * x] + lower[2 * x]) + upper[2 * x + 1]) + lower[2 * x + 1]) * scale;
    }
}

/* estimates/illuminant.py, _level_counts: of three channels; pitch: samples from a row to the next. */
void count_levels(const void *from, int kind, int64_t height, int64_t width, int64_t pitch, int64_t stride, int64_t limit,
                  int64_t *counts)
{
    const int64_t levels = (int64_t)1 << 8 * kind;
    for (int64_t y = 0; y < height; y += stride)
        for (int64_t x = 0; x < width; x += stride) {
            int64_t color[3];
            for (int c = 0; c < 3; c++)
                color[c] = kind == 1 ? ((const uint8_t *)from)[y * pitch + 3 * x + c]
                                     : ((const uint16_t *)from)[y * pitch + 3 * x + c];
            if (color[0] < limit || color[1] < limit || color[2] < limit)
                for (int c = 0; c < 3; c++) counts[c * levels + color[c]]++;
        }
}
