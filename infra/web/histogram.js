// @ts-check
// A photo's histogram: how many pixels have each level, red, green and blue.

import { pen } from "./elements.js";
import { t } from "./words.js";

const SIDE = 512; // pixels are counted on a picture no larger than this

/**
 * @param {HTMLImageElement} image
 * @param {HTMLCanvasElement} canvas
 */
export function histogram(image, canvas) {
  const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const small = document.createElement("canvas");
  small.width = Math.max(1, Math.round(image.naturalWidth * scale));
  small.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = pen(small, { willReadFrequently: true });
  context.drawImage(image, 0, 0, small.width, small.height);
  const { data } = context.getImageData(0, 0, small.width, small.height);
  const counts = [0, 1, 2].map(() => new Float64Array(256));
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) {
    for (let c = 0; c < 3; c++) counts[c][data[i + c]]++;
    sum += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  }
  draw(counts, canvas);
  const mean = Math.round(sum / (data.length / 4) / 2.55);
  canvas.setAttribute("aria-label", t("histogram", { mean }));
  return mean;
}

/**
 * @param {Float64Array[]} counts
 * @param {HTMLCanvasElement} canvas
 */
function draw(counts, canvas) {
  const context = pen(canvas);
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  context.globalCompositeOperation = "source-over";
  context.globalAlpha = 0.5;
  // Clipped values pile up at the ends and may leave the picture, lest they flatten the rest.
  const ceiling = Math.max(...counts.map((count) => Math.max(...count.slice(2, 254)))) * 1.05 || 1;
  ["#e5484d", "#30a46c", "#3e63dd"].forEach((colour, c) => {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(0, height);
    counts[c].forEach((count, level) => context.lineTo((level / 255) * width, height * (1 - Math.min(1, count / ceiling))));
    context.lineTo(width, height);
    context.fill();
  });
}
