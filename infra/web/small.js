// @ts-check
// Small pictures: made here where the browser can read the photo, and by the server where it cannot.

import * as api from "./api.js";
import { make, pen } from "./elements.js";

/** @typedef {import("./photos.js").Photo} Photo */

const TILE = 480;
const FOR_THUMBNAILS = 1024;
const FOR_LOOKING = 2048;

/** @typedef {(draw: () => Promise<Blob>) => Promise<Blob>} Turn */

/**
 * Has few of many drawn at a time, in their order: so the first is there the sooner.
 * @param {number} most
 * @returns {Turn}
 */
function inTurn(most) {
  /** @type {((_: void) => void)[]} */
  const line = [];
  let making = 0;
  return async (draw) => {
    if (making < most) making++;
    else await new Promise((resolve) => line.push(resolve));
    try {
      return await draw();
    } finally {
      const next = line.shift();
      if (next) next();
      else making--;
    }
  };
}

const here = inTurn(2);
/** More at a time would have more of the API's functions start first. */
const there = inTurn(3);
/** Of the photo that is open: behind no tile. @type {Turn} */
const now = (draw) => draw();

/**
 * @param {Blob} file
 * @param {number} side
 * @returns {Promise<Blob>}
 */
async function shrunk(file, side) {
  const whole = await createImageBitmap(file);
  const scale = Math.min(1, side / Math.max(whole.width, whole.height));
  const canvas = make("canvas", { width: Math.max(1, Math.round(whole.width * scale)), height: Math.max(1, Math.round(whole.height * scale)) });
  const context = pen(canvas);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return blobOf(canvas, "image/jpeg", 0.9);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} type
 * @param {number} quality 0–1
 * @returns {Promise<Blob>}
 */
export const blobOf = (canvas, type, quality) =>
  new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(type))), type, quality));

/**
 * The photo as it came, at most so large; by the server where this browser cannot read it.
 * @param {Photo} photo
 * @param {number} side
 * @param {Turn} mine when the browser draws it
 * @param {Turn} servers when the server does
 * @returns {Promise<Blob>}
 */
async function original(photo, side, mine = now, servers = now) {
  if (photo.file) {
    const { file } = photo;
    const made = await mine(() => shrunk(file, side)).catch(() => null);
    if (made) return made;
  }
  if (!photo.uploaded) throw new Error("not yet");
  return servers(() => api.preview(photo.uploaded, "original", side));
}

/**
 * What a tile shows: the result where there is one, else the photo.
 * @param {Photo} photo
 * @returns {Promise<string>}
 */
export function tile(photo) {
  const best = photo.best;
  if (best) return photo.picture(`tile ${best.id}`, () => there(() => api.preview(best.id, "result", TILE)));
  return photo.picture("tile", () => original(photo, TILE, here, there));
}

/**
 * A picture of the photo that this browser shows although it cannot read the file.
 * @param {Photo} photo
 * @returns {Promise<string>}
 */
export const readable = (photo) => photo.picture("before", () => original(photo, FOR_LOOKING));

/**
 * The same of a version's result.
 * @param {Photo} photo
 * @param {string} id
 */
export const readableResult = (photo, id) => photo.picture(`after ${id}`, () => api.preview(id, "result", FOR_LOOKING));

/** @type {WeakMap<Photo, Promise<Map<string, string>>>} */
const faces = new WeakMap();

/**
 * What each recipe would make of the photo: addresses of pictures by the recipe's name. Asked for once.
 * @param {Photo} photo
 * @returns {Promise<Map<string, string>>}
 */
export function byRecipe(photo) {
  const known = faces.get(photo);
  if (known) return known;
  const asked = drawn(photo);
  faces.set(photo, asked);
  asked.catch(() => faces.delete(photo));
  return asked;
}

/**
 * @param {Photo} photo
 * @returns {Promise<Map<string, string>>}
 */
async function drawn(photo) {
  const pictures = await api.thumbnails(await original(photo, FOR_THUMBNAILS));
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const { recipe, media_type, image } of pictures) {
    const bytes = Uint8Array.from(atob(image), (char) => char.charCodeAt(0));
    found.set(recipe, await photo.picture(`recipe ${recipe}`, async () => new Blob([bytes], { type: media_type })));
  }
  return found;
}
