// @ts-check
// One photo, large: before and after, what was made of it and why, and what else could be.

import { Compare } from "./compare.js";
import { showDecisions } from "./decisions.js";
import { find, make } from "./elements.js";
import { focusOn, mark } from "./grid.js";
import { histogram } from "./histogram.js";
import { onChange, photos, RENEWED_AFTER } from "./photos.js";
import { readable, readableResult } from "./small.js";
import { drawRecipes, markRecipe } from "./strip.js";
import { Tuning, wishes } from "./tune.js";
import { said, t, weight } from "./words.js";
import { cancel, remove, retry, want } from "./work.js";

/**
 * @typedef {import("./photos.js").Photo} Photo
 * @typedef {import("./photos.js").Version} Version
 */

/** @type {<T extends HTMLElement>(id: string, kind: new () => T) => T} */
const at = (id, kind) => find(document, `#${id}`, kind);
const place = {
  viewer: at("viewer", HTMLElement), name: at("photo-name", HTMLElement), stage: at("stage", HTMLElement), unshown: at("unshown", HTMLElement),
  previous: at("previous", HTMLButtonElement), next: at("next", HTMLButtonElement), hold: at("hold", HTMLButtonElement),
  working: at("working", HTMLElement), share: at("share", HTMLProgressElement), phase: at("phase", HTMLElement), error: at("photo-error", HTMLElement),
  download: at("download", HTMLAnchorElement), retry: at("retry", HTMLButtonElement), size: at("size", HTMLElement),
  offered: at("offered", HTMLElement), reasons: at("reasons", HTMLElement), tune: at("tune", HTMLElement), more: at("more-of-it", HTMLElement), stages: at("stages", HTMLElement),
};
const reasons = { switches: at("decisions", HTMLElement), words: at("words", HTMLElement), notFound: at("not-found", HTMLElement), details: at("looked-for", HTMLElement) };
const compare = new Compare(place.stage);
const tuning = new Tuning((wanted) => opened && want(opened, wanted), (share) => compare.blend(share), compare.after);

/** @type {Photo | null} */
let opened = null;
/** What the page shows now, lest it be drawn anew at each look at a job. */
let drawn = { before: "", after: "", told: "" };

export const current = () => opened;

/** @param {Photo} photo */
export function open(photo) {
  opened = photo;
  drawn = { before: "", after: "", told: "" };
  compare.reset();
  for (const image of [compare.before, compare.after]) image.hidden = true;
  place.viewer.hidden = false;
  place.name.textContent = photo.name;
  place.size.textContent = "";
  drawRecipes(photo);
  update(photo);
  mark(photo);
  place.name.focus({ preventScroll: true });
  place.viewer.scrollIntoView({ block: "start" });
}

export function close() {
  const from = opened;
  opened = null;
  place.viewer.hidden = true;
  mark(null);
  if (from) focusOn(from);
}

/** @param {number} way */
function turn(way) {
  const there = opened && photos[photos.indexOf(opened) + way];
  if (there) open(there);
}

/** @param {Photo} photo */
function update(photo) {
  if (photo !== opened) return;
  if (!photos.includes(photo)) return close();
  const index = photos.indexOf(photo);
  place.previous.disabled = index === 0;
  place.next.disabled = index === photos.length - 1;
  const version = photo.shown;
  const best = photo.best;
  tellProgress();
  place.error.hidden = !version?.message;
  Object.assign(place.error, sentence(version?.message ?? ""));
  place.retry.hidden = !version || version.busy || version.phase === "done";
  for (const part of [place.reasons, place.tune, place.more]) part.hidden = !best;
  place.offered.hidden = version?.phase === "rejected" && !best;
  place.download.hidden = !best || best !== version;
  drawBefore(photo, best);
  if (best) drawAfter(photo, best);
  else compare.after.hidden = true;
  place.stage.toggleAttribute("data-single", !best);
  markRecipe(photo);
  const told = `${document.documentElement.lang} ${best?.id} ${best?.fetched}`;
  if (!best || told === drawn.told) return;
  drawn.told = told;
  tell(photo, best);
}

/**
 * Links, sizes, reasons and settings of a version that is done; those that a reload left unknown are asked for first.
 * @param {Photo} photo
 * @param {Version} best
 */
function tell(photo, best) {
  if (!best.job || Date.now() - best.fetched > RENEWED_AFTER) {
    best.fresh().then(() => update(photo), () => {});
    return;
  }
  const { links, report } = best.job;
  place.download.href = links.download ?? "";
  place.download.ariaLabel = `${t("download")}: ${photo.name}, ${best.wanted.recipe ?? t("ownSteps")}`;
  if (!report) return;
  const [after, before] = [report.result?.bytes, report.source.bytes];
  place.size.textContent = after && before ? t("sizes", { after: `${report.result?.format?.toUpperCase()}, ${weight(after)}`, before: weight(before) }) : "";
  const auto = photo.versions.findLast((one) => one.phase === "done" && one.wanted.recipe === "auto");
  if (!report.decisions.length && auto && !auto.job) {
    const again = () => {
      drawn.told = "";
      update(photo);
    };
    auto.fresh().then(again, () => {}); // a reload has forgotten what was decided
  }
  showDecisions(reasons, photo, best, (wanted) => want(photo, wanted));
  tuning.show(wishes(best), report);
  compare.blend(1);
  place.stages.replaceChildren(
    ...best.job.stages.map(({ stage, status, milliseconds }) =>
      make("li", { className: status, lang: "en", textContent: `${stage.replaceAll("_", " ")} ${((milliseconds ?? 0) / 1000).toFixed(2)} s` })),
  );
}

function tellProgress() {
  const version = opened?.shown;
  place.working.hidden = !version?.busy;
  if (!version?.busy) return;
  place.share.value = version.share;
  const stages = version.job?.stages ?? [];
  const running = stages.find((stage) => stage.status === "running");
  if (version.phase !== "working" || !running?.since) {
    place.phase.textContent = t(version.phase);
    return;
  }
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(running.since)) / 1000));
  place.phase.textContent = t("workingOn", { stage: running.stage.replaceAll("_", " "), seconds, n: stages.indexOf(running) + 1, all: stages.length });
}

/**
 * @param {Photo} photo
 * @param {Version | null} best
 */
async function drawBefore(photo, best) {
  const key = photo.file ? "file" : (best?.id ?? photo.uploaded);
  if (!key || drawn.before === key) return;
  drawn.before = key;
  const { file } = photo;
  const own = file ? await photo.picture("file", async () => file) : ((await best?.fresh().catch(() => null))?.links.original ?? "");
  show(photo, "before", own, () => readable(photo));
}

/**
 * @param {Photo} photo
 * @param {Version} best
 */
async function drawAfter(photo, best) {
  if (drawn.after === best.id) return;
  drawn.after = best.id;
  const job = await best.fresh().catch(() => null);
  show(photo, "after", job?.links.result ?? "", () => readableResult(photo, best.id));
}

/**
 * Shows a picture, or where the browser cannot one that it can.
 * @param {Photo} photo
 * @param {"before" | "after"} which
 * @param {string} address
 * @param {() => Promise<string>} instead
 */
async function show(photo, which, address, instead) {
  const image = compare[which];
  const of = drawn[which];
  const wanted = () => opened === photo && drawn[which] === of;
  image.alt = `${photo.name}, ${t(which)}`;
  image.crossOrigin = "anonymous"; // so that its pixels may be counted
  for (const look of [async () => address, instead]) {
    try {
      const found = await look();
      if (!wanted()) return;
      image.src = found;
      await image.decode();
      if (!wanted()) return;
      image.hidden = false;
      place.unshown.hidden = true;
      histogram(image, at(`histogram-${which}`, HTMLCanvasElement));
      return;
    } catch {
      if (!wanted()) return;
    }
  }
  drawn[which] = ""; // it may not be there yet: at the next look at the job again
  place.unshown.hidden = Boolean(photo.shown?.busy);
}

/** @param {string} text */
function sentence(text) {
  const { textContent, lang } = said(text);
  return { lang, textContent: !textContent || /[.!?]$/.test(textContent) ? textContent : `${textContent}.` };
}

at("close", HTMLButtonElement).addEventListener("click", close);
place.previous.addEventListener("click", () => turn(-1));
place.next.addEventListener("click", () => turn(1));
at("cancel", HTMLButtonElement).addEventListener("click", () => opened?.shown && cancel(opened, opened.shown));
place.retry.addEventListener("click", () => opened && retry(opened));
at("remove", HTMLButtonElement).addEventListener("click", () => opened && remove(opened));
at("zoom-in", HTMLButtonElement).addEventListener("click", () => compare.zoom(compare.scale * 1.5));
at("zoom-out", HTMLButtonElement).addEventListener("click", () => compare.zoom(compare.scale / 1.5));
at("zoom-fit", HTMLButtonElement).addEventListener("click", () => compare.zoom(1));
place.stage.addEventListener("viewed", () => (at("zoom-value", HTMLOutputElement).textContent = `${Number(compare.scale.toFixed(1))}×`));

/** @param {boolean} held */
function hold(held) {
  compare.hold(held);
  place.hold.ariaPressed = String(held);
}
place.hold.addEventListener("pointerdown", () => hold(true));
for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) place.hold.addEventListener(end, () => hold(false));
place.hold.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && hold(true));
place.hold.addEventListener("keyup", () => hold(false));
place.stage.addEventListener("keyup", ({ key }) => key.toLowerCase() === "o" && hold(false));
place.stage.addEventListener("blur", () => hold(false));

place.viewer.addEventListener("keydown", (event) => {
  const from = event.target;
  if (event.key === "Escape") return close();
  if (event.ctrlKey || event.metaKey || event.altKey || (from !== place.stage && from !== place.name)) return;
  /** @type {Record<string, () => void>} */
  const keys = {
    "+": () => compare.zoom(compare.scale * 1.5), "-": () => compare.zoom(compare.scale / 1.5), 0: () => compare.zoom(1), o: () => hold(true), O: () => hold(true),
    ArrowLeft: () => (compare.scale > 1 ? compare.moveBy(40, 0) : turn(-1)), ArrowRight: () => (compare.scale > 1 ? compare.moveBy(-40, 0) : turn(1)),
    ...(compare.scale > 1 ? { ArrowUp: () => compare.moveBy(0, 40), ArrowDown: () => compare.moveBy(0, -40) } : {}),
  };
  const does = keys[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

setInterval(tellProgress, 1000);
// Links lapse after a quarter of an hour, also while a laptop sleeps.
const renew = () => opened?.best && tell(opened, opened.best);
setInterval(renew, 30_000);
document.addEventListener("visibilitychange", renew);
onChange(update);

/** Says everything anew, in the other language. */
export function retold() {
  if (!opened) return;
  drawn.told = "";
  drawRecipes(opened);
  update(opened);
}
