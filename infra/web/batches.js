// @ts-check
// The caller's newest batches, and each that is open as it now stands.

import * as api from "./api.js";
import { find, make } from "./elements.js";
import { count, messageOf, moment, said, t } from "./words.js";

/**
 * @typedef {import("./api.js").Batch} Batch
 * @typedef {import("./api.js").BatchSummary} BatchSummary
 */

const POLL = 3000;
const section = find(document, "#batches", HTMLElement);
const list = find(document, "#batch-list", HTMLElement);
const older = find(document, "#older-batches", HTMLButtonElement);

/** A batch in the list. */
class Entry {
  place = make("details", { className: "card batch" });
  title = make("summary", {});
  body = make("div", {});
  /** @type {Batch | null} as it was seen last */
  seen = null;
  looks = 0;

  /** @param {BatchSummary} summary */
  constructor(summary) {
    this.summary = summary;
    this.place.append(this.title, this.body);
    this.place.addEventListener("toggle", () => this.follow());
  }

  /** Looks again and again, for as long as the batch runs and is open. */
  async follow() {
    const mine = ++this.looks;
    while (this.place.open && mine === this.looks) {
      try {
        this.seen = await api.batch(this.summary.id);
        this.draw();
      } catch (error) {
        this.body.replaceChildren(make("p", { className: "error", ...said(messageOf(error)) }));
        return;
      }
      if (this.seen.status !== "running") return;
      await api.pause(POLL);
    }
  }

  draw() {
    const { created, photos, source } = this.summary;
    const where = source.includes("/") ? ` · ${source}` : "";
    this.title.textContent = `${moment(created)} · ${t("photosOf", { n: count(photos) })}${where}`;
    if (!this.seen) return;
    const { status, succeeded, skipped, rejected, failed, phase, errors, id } = this.seen;
    const ended = succeeded + skipped + rejected + failed;
    const numbers = { ended: count(ended), all: count(photos), skipped: count(skipped), rejected: count(rejected), failed: count(failed) };
    const bar = make("progress", { max: photos, value: ended, ariaLabel: t("batchShare") });
    const state = make("p", { className: "row" });
    state.append(make("strong", { textContent: t(`batch ${phase ?? status}`) }), bar, make("span", { className: "wide", textContent: t("batchCounts", numbers) }));
    const reasons = make("ul", { className: "reasons" });
    for (const one of errors) {
      const item = make("li", {});
      item.append(make("strong", { textContent: `${count(one.photos)} ×` }), " ", make("span", said(one.message)));
      reasons.append(item);
    }
    const report = make("p", { className: "note", textContent: `${t("batchReport")} ` });
    report.append(make("code", { textContent: `darkroom batch report ${id}` }));
    this.body.replaceChildren(state, reasons, report);
  }
}

/** @type {Entry[]} */
const entries = [];
/** @type {string | null} what asks for older ones */
let following = null;

/** @param {{ batches: BatchSummary[], next: string | null }} page */
export function showBatches({ batches, next }) {
  const found = batches.map((one) => new Entry(one));
  entries.push(...found);
  following = next;
  older.hidden = !next;
  section.hidden = !entries.length;
  list.append(...found.map((entry) => entry.place));
  retellBatches();
}

/** In the page's language. */
export function retellBatches() {
  for (const entry of entries) entry.draw();
}

older.addEventListener("click", async () => {
  older.disabled = true;
  await api.batches(following).then(showBatches, () => {}); // it can be asked again
  older.disabled = false;
});
