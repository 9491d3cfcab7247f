// @ts-check
// Blend, finish, format and quality of the photo that is open: shown at once, and made without another upload.

import { find, make } from "./elements.js";
import { blobOf } from "./small.js";
import { t, weight } from "./words.js";

/**
 * @typedef {import("./api.js").Report} Report
 * @typedef {import("./api.js").Wanted} Wanted
 * @typedef {import("./photos.js").Version} Version
 */

const LOSSY = ["jpeg", "webp", "avif"];
/** What a canvas can write, to tell beforehand how large a file will be. */
const GUESSED = ["jpeg", "webp"];

/**
 * What a version was asked for, also where a reload has forgotten it.
 * @param {Version} version
 * @returns {Wanted}
 */
export function wishes(version) {
  const report = version.job?.report;
  if (version.wanted.steps || !report) return version.wanted;
  const steps = report.stages.flatMap((stage) => stage.steps).map(({ name, params }) => ({ name, params }));
  return tidy({
    ...(report.recipe === "custom" ? { steps } : { recipe: report.recipe }),
    blend: report.blend,
    format: report.format ?? undefined,
    quality: report.quality ?? undefined,
    finish: report.finish ?? undefined,
    ...version.wanted,
  });
}

/**
 * The same, without what goes without saying.
 * @param {Wanted} wanted
 * @returns {Wanted}
 */
export function tidy(wanted) {
  /** @type {Wanted} */
  const { steps, ...rest } = wanted;
  if (rest.blend === 100) delete rest.blend;
  if (rest.finish === "gentle" || rest.recipe !== "auto") delete rest.finish;
  if (rest.format && !LOSSY.includes(rest.format)) delete rest.quality;
  for (const name of /** @type {const} */ (["format", "quality", "finish", "recipe"])) if (!rest[name]) delete rest[name];
  return steps ? { steps, ...rest } : rest;
}

export class Tuning {
  #place = {
    blend: find(document, "#blend", HTMLInputElement),
    blendValue: find(document, "#blend-value", HTMLOutputElement),
    finish: find(document, "#finish", HTMLElement),
    format: find(document, "#format", HTMLSelectElement),
    qualityField: find(document, "#quality-field", HTMLElement),
    quality: find(document, "#quality", HTMLInputElement),
    qualityValue: find(document, "#quality-value", HTMLOutputElement),
    automatic: find(document, "#quality-automatic", HTMLInputElement),
  };
  /** @type {Wanted} */
  #now = {};
  /** @type {Report | null} */
  #report = null;

  /**
   * @param {(wanted: Wanted) => void} want
   * @param {(share: number) => void} preview shows that much of the result, 0–1
   * @param {HTMLImageElement} image the result
   */
  constructor(want, preview, image) {
    const { blend, finish, format, quality, automatic } = this.#place;
    this.image = image;
    const change = (/** @type {Wanted} */ changed) => want(tidy({ ...this.#now, ...changed }));
    blend.addEventListener("input", () => {
      this.#place.blendValue.textContent = `${blend.value} %`;
      preview(Math.min(1, Number(blend.value) / (this.#report?.blend || 100)));
    });
    blend.addEventListener("change", () => change({ blend: Number(blend.value) }));
    for (const name of ["none", "gentle", "full"]) {
      const input = make("input", { type: "radio", name: "finish", value: name });
      const label = make("label", {});
      const said = make("span", {});
      said.dataset.t = `finish_${name}`;
      label.append(input, said);
      input.addEventListener("change", () => change({ finish: name }));
      finish.append(label);
    }
    format.addEventListener("change", () => change({ format: format.value }));
    quality.addEventListener("input", () => this.#guess());
    quality.addEventListener("change", () => change({ quality: Number(quality.value) }));
    automatic.addEventListener("change", () => change({ quality: automatic.checked ? undefined : Number(quality.value) }));
  }

  /**
   * @param {Wanted} wanted what is shown now
   * @param {Report} report
   */
  show(wanted, report) {
    const { blend, blendValue, finish, format, qualityField, quality, qualityValue, automatic } = this.#place;
    this.#now = wanted;
    this.#report = report;
    blend.value = String(wanted.blend ?? 100);
    blendValue.textContent = `${blend.value} %`;
    finish.hidden = wanted.recipe !== "auto";
    for (const input of finish.querySelectorAll("input")) input.checked = input.value === (wanted.finish ?? "gentle");
    format.value = wanted.format ?? "";
    qualityField.hidden = !LOSSY.includes(report.result?.format?.toLowerCase() ?? "");
    automatic.checked = wanted.quality === undefined;
    if (wanted.quality !== undefined) quality.value = String(wanted.quality);
    const size = report.result?.bytes ? weight(report.result.bytes) : "";
    qualityValue.textContent = wanted.quality === undefined ? size : `${wanted.quality} · ${size}`;
  }

  /** Tells how large a file the browser would make of the result; the server's own follows when it is made. */
  async #guess() {
    const { quality, qualityValue, automatic } = this.#place;
    const format = this.#report?.result?.format?.toLowerCase() ?? "";
    const asked = quality.value;
    automatic.checked = false;
    qualityValue.textContent = asked;
    if (!GUESSED.includes(format) || !this.image.naturalWidth) return;
    const canvas = make("canvas", { width: this.image.naturalWidth, height: this.image.naturalHeight });
    canvas.getContext("2d")?.drawImage(this.image, 0, 0);
    const made = await blobOf(canvas, `image/${format}`, Number(asked) / 100);
    if (quality.value === asked) qualityValue.textContent = `${asked} · ${t("about", { size: weight(made.size) })}`;
  }
}
