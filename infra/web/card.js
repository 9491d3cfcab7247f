// @ts-check
// A photo's card: its state and stages, then what was done and why, and before and after.

import { compare } from "./compare.js";
import { find, make } from "./elements.js";
import { histogram } from "./histogram.js";

/**
 * @typedef {import("./api.js").Job} Job
 * @typedef {import("./api.js").Stage} Stage
 */

/** @type {Record<Job["status"], string>} */
const STATES = {
  waiting: "Waiting", running: "Working", succeeded: "Done", superseded: "Replaced by a newer upload",
  rejected: "Not accepted", failed: "Failed",
};
const STAGE_STATES = { running: "working", done: "", failed: "failed" };

export class Card {
  /**
   * Puts the card at the top of the page's list.
   * @param {File} file
   * @param {(text: string) => void} say what a screen reader is to read
   */
  constructor(file, say) {
    const blank = find(find(document, "#job-template", HTMLTemplateElement).content, ".job", HTMLElement);
    const card = document.importNode(blank, true);
    this.file = file;
    this.say = say;
    this.card = card;
    card.ariaLabel = file.name;
    find(card, ".name", HTMLElement).textContent = file.name;
    this.state("In line");
    find(document, "#jobs", HTMLElement).prepend(card);
  }

  /** @param {string} text */
  state(text) {
    find(this.card, ".state", HTMLElement).textContent = text;
  }

  /** @param {number} share 0–1; 1: the bar goes */
  uploaded(share) {
    const bar = find(this.card, ".upload", HTMLProgressElement);
    bar.value = share;
    bar.hidden = share === 1;
  }

  /** @param {Job} job */
  show(job) {
    this.state(STATES[job.status]);
    find(this.card, ".stages", HTMLElement).replaceChildren(...job.stages.map(stageItem));
  }

  /** @param {string} message */
  complain(message) {
    const place = find(this.card, ".error", HTMLElement);
    const sentence = capitalised(message);
    place.textContent = /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
    place.hidden = false;
    this.say(`${this.file.name}: ${place.textContent}`);
  }

  /** @param {Job} job that has ended */
  finish(job) {
    if (job.error) return this.complain(job.error.message);
    const { file, card } = this;
    const { download, result } = job.links;
    if (!download || !result) return this.complain("There is no result."); // replaced by a newer upload
    this.say(`${file.name} is done.`);
    const link = find(card, ".download", HTMLAnchorElement);
    Object.assign(link, { href: download, hidden: false, ariaLabel: `Download ${file.name}, enhanced` });
    // What was found and done and why, as the server words it, without what was left alone.
    const told = (job.reasons ?? []).filter((reason) => reason.about !== "left");
    find(card, ".words", HTMLElement).replaceChildren(
      ...told.map(({ words }) => make("li", { textContent: capitalised(words) })),
    );
    find(card, ".result", HTMLElement).hidden = false;
    this.picture("before", URL.createObjectURL(file));
    this.picture("after", result);
    compare(card);
  }

  /**
   * @param {"before" | "after"} which
   * @param {string} address
   */
  picture(which, address) {
    const image = find(this.card, `.${which}`, HTMLImageElement);
    const canvas = find(this.card, `.histogram-${which}`, HTMLCanvasElement);
    image.alt = `${this.file.name} ${which}`;
    image.crossOrigin = "anonymous"; // so that its pixels may be counted
    image.addEventListener("load", () => histogram(image, canvas));
    image.addEventListener("error", () => {
      canvas.nextElementSibling?.append(": this browser cannot show the format");
    });
    image.src = address;
  }
}

/** @param {Stage} stage */
function stageItem({ stage, status, milliseconds }) {
  const time = milliseconds === undefined ? STAGE_STATES[status] : `${(milliseconds / 1000).toFixed(2)} s`;
  return make("li", { className: status, textContent: `${stage.replaceAll("_", " ")} ${time}` });
}

/** @param {string} text */
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);
