/* Luma and chroma of RGB, of all kinds of samples. */
#include "planes.h"

/* color/conversions.py, luma. */
void take_lumas(const void *from, int kind, float *to, int64_t first, int64_t count)
{
    Plane p[3];
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(from, kind, at, n, 3, p);
        luma_of(p, 3, n, to + at);
    }
}

/* color/conversions.py, with_luma. */
void set_lumas(const void *from, const float *wanted, void *to, int kind, int64_t first, int64_t count, float toe)
{
    Plane p[3], luma;
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(from, kind, at, n, 3, p);
        luma_of(p, 3, n, luma);
        set_luma(p, luma, wanted + at, n, toe);
        store(to, kind, at, n, 3, p);
    }
}

/* estimates/skin.py, spare_skin: `result` gets back what is `plain`, as far as that has the colour of skin.
 *
 * skin: of Cb and Cr the middle and two rows that turn what is away from it to a circle; the luma at which skin begins,
 * and 1 / the range in which it does.
 */
void spare_skin(void *result, const void *plain, int kind, int64_t first, int64_t count, const float *skin, float share)
{
    Plane before[3], after[3], luma;
    for (int64_t at = first; at < first + count; at += BLOCK) {
        int n = (int)(first + count - at < BLOCK ? first + count - at : BLOCK);
        load(plain, kind, at, n, 3, before);
        load(result, kind, at, n, 3, after);
        luma_of(before, 3, n, luma);
        for (int i = 0; i < n; i++) {
            const float y = luma[i], scale = __builtin_sqrtf(0.6f / least(most(y, 0.1f), 0.9f));
            const float cb = (before[2][i] - y) * (1 / 1.772f) * scale - skin[0];
            const float cr = (before[0][i] - y) * (1 / 1.402f) * scale - skin[1];
            const float along = cb * skin[2] + cr * skin[3], across = cb * skin[4] + cr * skin[5];
            const float spared = share * unit(2 - along * along - across * across) * unit((y - skin[6]) * skin[7]);
            for (int c = 0; c < 3; c++) after[c][i] += spared * (before[c][i] - after[c][i]);
        }
        store(result, kind, at, n, 3, after);
    }
}
