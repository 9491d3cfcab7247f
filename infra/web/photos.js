// @ts-check
// The photos of the page: each with its versions, which are jobs on the same upload, and who is told when one changes.

import * as api from "./api.js";

/**
 * @typedef {import("./api.js").Job} Job
 * @typedef {import("./api.js").Summary} Summary
 * @typedef {import("./api.js").Wanted} Wanted
 * @typedef {"line" | "uploading" | "waiting" | "working" | "done" | "failed" | "rejected" | "superseded" | "stopped"} Phase
 */

/** Links are good for fifteen minutes; they are asked for again well before. */
export const RENEWED_AFTER = 10 * 60_000;

/** One job: what was wanted of the photo, and what has come of it so far. */
export class Version {
  /** @type {Phase} */
  phase = "line";
  id = "";
  share = 0;
  message = "";
  /** Whether its photo lies at the stack. */
  arrived = false;
  fetched = 0;
  /** @type {Job | null} */
  job = null;
  stopping = new AbortController();

  /** @param {Wanted} wanted */
  constructor(wanted) {
    this.wanted = wanted;
  }

  get busy() {
    return ["line", "uploading", "waiting", "working"].includes(this.phase);
  }

  /** @param {Job | Summary} job */
  learn(job) {
    const phases = /** @type {const} */ ({ waiting: "waiting", running: "working", succeeded: "done", superseded: "superseded", rejected: "rejected", failed: "failed" });
    this.id = job.id;
    this.arrived = job.status !== "waiting";
    if (this.phase !== "stopped") this.phase = phases[job.status];
    this.message = job.error?.message ?? "";
    if (!("stages" in job)) return;
    this.job = job;
    this.fetched = Date.now();
    const done = job.stages.filter((stage) => stage.status === "done").length;
    const begun = job.stages.some((stage) => stage.status === "running") ? 0.5 : 0;
    if (job.stages.length) this.share = (done + begun) / Math.max(job.stages.length, 3);
  }

  /** The job with links that will be good for a while. */
  async fresh() {
    if (!this.job || Date.now() - this.fetched > RENEWED_AFTER) this.learn(await api.job(this.id));
    return /** @type {Job} */ (this.job);
  }
}

export class Photo {
  /** @type {Version[]} the newest last */
  versions = [];
  /** @type {Version | null} the one that is looked at */
  shown = null;
  small = "";
  /** @type {Map<string, Promise<string>>} addresses of pictures that were made, by what they show */
  pictures = new Map();

  /**
   * @param {string} name
   * @param {File | null} file where it was chosen in this very tab
   */
  constructor(name, file) {
    this.name = name;
    this.file = file;
  }

  /** @param {Version} version */
  add(version) {
    this.versions.push(version);
    this.shown = version;
  }

  /** The job whose photo is uploaded, "" while there is none. */
  get uploaded() {
    return this.versions.find((one) => one.arrived)?.id ?? "";
  }

  /** The newest version that has a result: what there is to see while a newer one is made. */
  get best() {
    if (this.shown?.phase === "done") return this.shown;
    return this.versions.filter((one) => one.phase === "done").pop() ?? null;
  }

  /**
   * A picture's address, made once.
   * @param {string} what
   * @param {() => Promise<Blob>} make
   */
  picture(what, make) {
    let found = this.pictures.get(what);
    if (!found) {
      found = make().then((blob) => URL.createObjectURL(blob));
      found.catch(() => this.pictures.delete(what));
      this.pictures.set(what, found);
    }
    return found;
  }

  forget() {
    for (const picture of this.pictures.values()) picture.then((address) => URL.revokeObjectURL(address), () => {});
  }
}

/** @type {Photo[]} in the order in which they are shown */
export const photos = [];

/** @type {((photo: Photo) => void)[]} */
const listeners = [];

/** @param {(photo: Photo) => void} listener */
export const onChange = (listener) => listeners.push(listener);

/** @param {Photo} photo */
export function changed(photo) {
  for (const listener of listeners) listener(photo);
}

/**
 * The photos of jobs, the newest first; those that are here already are left out.
 * @param {Summary[]} jobs the newest first
 * @returns {Photo[]}
 */
export function remembered(jobs) {
  const known = new Set(photos.flatMap((photo) => photo.versions.map((version) => version.id)));
  /** @type {Map<string, Photo>} */
  const found = new Map();
  for (const job of jobs) {
    const root = job.source ?? job.id;
    const there = found.get(root) ?? photos.find((photo) => photo.versions.some((one) => one.id === root)) ?? new Photo(job.filename, null);
    found.set(root, there);
    if (known.has(job.id)) continue;
    const version = new Version(job.recipe ? { recipe: job.recipe } : {});
    version.learn(job);
    there.versions.unshift(version);
    there.shown ??= version;
    if (there.shown.phase !== "done" && version.phase === "done") there.shown = version;
  }
  return [...found.values()].filter((photo) => !photos.includes(photo));
}
