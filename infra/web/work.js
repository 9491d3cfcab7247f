// @ts-check
// What is done to photos: uploaded once, asked for as often as one likes, followed to the end, stopped, removed.

import * as api from "./api.js";
import { changed, photos, Version } from "./photos.js";
import { inWords, messageOf, t } from "./words.js";

/**
 * @typedef {import("./api.js").Wanted} Wanted
 * @typedef {import("./photos.js").Photo} Photo
 */

const AT_ONCE = 4;
const [FIRST_POLL, LAST_POLL] = [500, 4000];
const UPLOADS_TRIED = 6;

/** @type {[Photo, Version][]} */
const waiting = [];
let working = 0;

/** @type {(text: string) => void} what a screen reader is to read */
let say = () => {};

/** @param {(text: string) => void} how */
export const sayBy = (how) => (say = how);

/** @type {Record<string, string>} */
const TYPES = { jpg: "jpeg", jpe: "jpeg", jpeg: "jpeg", tif: "tiff", tiff: "tiff", heic: "heic", heif: "heif", avif: "avif", bmp: "bmp", png: "png", webp: "webp", gif: "gif" };

/** @param {File} file */
function typeOf(file) {
  const suffix = file.name.split(".").pop() ?? "";
  return file.type || `image/${TYPES[suffix.toLowerCase()] ?? "unknown"}`;
}

/**
 * Have a photo made so; it is what is shown of it from now on.
 * @param {Photo} photo
 * @param {Wanted} wanted
 */
export function want(photo, wanted) {
  const asked = JSON.stringify(wanted);
  const there = photo.versions.find((one) => JSON.stringify(one.wanted) === asked && (one.busy || one.phase === "done"));
  if (there) {
    photo.shown = there;
    return changed(photo);
  }
  const version = new Version(wanted);
  photo.add(version);
  waiting.push([photo, version]);
  changed(photo);
  next();
}

function next() {
  while (working < AT_ONCE) {
    const task = waiting.shift();
    if (!task) return;
    working++;
    work(...task).finally(() => {
      working--;
      next();
    });
  }
}

/**
 * @param {Photo} photo
 * @param {Version} version
 */
async function work(photo, version) {
  if (!version.busy) return; // cancelled while it stood in line
  try {
    while (!photo.uploaded && photo.versions.some((one) => one !== version && ["uploading", "waiting"].includes(one.phase))) {
      await api.pause(FIRST_POLL); // the photo is on its way
    }
    await begin(photo, version);
    if (!version.busy) await forsake(version); // cancelled meanwhile
    await follow(photo, version);
  } catch (error) {
    if (!version.busy) return; // cancelled
    version.phase = "failed";
    const unreadable = error instanceof api.Refused && error.code === "recipe.bad-content-type";
    version.message = unreadable ? t("noPhoto") : messageOf(error);
    changed(photo);
    say(`${photo.name}: ${inWords(version.message)}`);
  }
}

/**
 * A job on the photo that lies at the stack, and where none does, on the file.
 * @param {Photo} photo
 * @param {Version} version
 */
async function begin(photo, version) {
  if (photo.uploaded) {
    try {
      return version.learn(await api.again(photo.uploaded, version.wanted));
    } catch (error) {
      const gone = error instanceof api.Refused && error.status === 404;
      if (!gone || !photo.file) throw error;
    }
  }
  if (!photo.file) throw new api.Refused(0, "no-photo", t("notUploaded"));
  await send(photo, version, photo.file);
}

/**
 * Announce and upload; what the network cuts off begins anew, under the same job, when it is back.
 * @param {Photo} photo
 * @param {Version} version
 * @param {File} file
 */
async function send(photo, version, file) {
  const once = crypto.randomUUID();
  for (let attempt = 1; ; attempt++) {
    const announced = await api.announce({ filename: file.name, content_type: typeOf(file), ...version.wanted }, once);
    version.id = announced.id;
    if (!version.busy) return; // cancelled meanwhile
    if (!announced.upload) return; // it arrived after all
    version.phase = "uploading";
    changed(photo);
    try {
      const tell = (/** @type {number} */ share) => {
        version.share = share;
        changed(photo);
      };
      await api.upload(announced.upload, file, tell, version.stopping.signal);
      version.phase = "waiting";
      version.share = 0;
      return changed(photo);
    } catch (error) {
      const cut = error instanceof api.Refused && error.code === "network";
      if (!cut || attempt === UPLOADS_TRIED) throw error;
      await api.online();
      await api.pause(200 * 2 ** attempt);
    }
  }
}

/**
 * Looks at a job until nothing more will happen to it, less often the longer it takes.
 * @param {Photo} photo
 * @param {Version} version
 */
export async function follow(photo, version) {
  for (let wait = FIRST_POLL; version.busy; wait = Math.min(wait * 1.15, LAST_POLL)) {
    const job = await api.job(version.id).catch((error) => {
      if (error.status === 429 || error.status === 0 || error.status >= 500) return null; // passes
      throw error;
    });
    if (!version.busy) return; // cancelled
    if (job) version.learn(job);
    changed(photo);
    if (version.busy) await api.pause(wait);
  }
  if (version.phase === "done") say(t("isDone", { name: photo.name }));
  else if (version.message) say(`${photo.name}: ${inWords(version.message)}`);
}

/**
 * @param {Photo} photo
 * @param {Version} version
 */
export async function cancel(photo, version) {
  const { phase, id } = version;
  version.phase = "stopped";
  version.stopping.abort();
  changed(photo);
  say(`${photo.name}: ${t("stopped")}`);
  if (id && phase === "working") await stop(version);
  else if (id && phase !== "line") await forsake(version);
}

/**
 * A job that runs is stopped; what has ended meanwhile stays as it is.
 * @param {Version} version
 */
const stop = ({ id }) => api.stop(id).catch(() => {});

/**
 * A job that waits is forgotten, and one that has begun meanwhile is stopped.
 * @param {Version} version
 */
const forsake = (version) => api.remove(version.id).catch(() => stop(version));

/** @param {Photo} photo */
export function retry(photo) {
  if (photo.shown) want(photo, photo.shown.wanted);
}

/**
 * Removes a photo here and at the stack, all its versions.
 * @param {Photo} photo
 */
export async function remove(photo) {
  photos.splice(photos.indexOf(photo), 1);
  photo.forget();
  for (const version of photo.versions) if (version.busy) await cancel(photo, version);
  changed(photo);
  say(t("removed", { name: photo.name }));
  for (const version of photo.versions) if (version.id) await api.remove(version.id).catch(() => {});
}
