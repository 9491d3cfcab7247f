// @ts-check
// What was decided about a photo, each decision with its sentence and a switch that has it made otherwise.

import { make } from "./elements.js";
import { said, t } from "./words.js";

/**
 * @typedef {import("./api.js").Decision} Decision
 * @typedef {import("./api.js").Report} Report
 * @typedef {import("./api.js").StepCall} StepCall
 * @typedef {import("./api.js").Wanted} Wanted
 * @typedef {import("./photos.js").Photo} Photo
 * @typedef {import("./photos.js").Version} Version
 */

const LEAST_EV = 0.3;

/**
 * The steps of a decision; of one that was left, what helps against its defect, as strong as it was taken to be.
 * @param {Decision} decision
 * @param {Report} report
 * @returns {StepCall[]}
 */
function steps(decision, report) {
  if (decision.steps.length) return decision.steps;
  const defect = report.diagnosis?.defects.find((one) => one.name === decision.defect);
  if (!defect) return [];
  const ev = Math.min(4, Math.max(LEAST_EV, defect.strength));
  if (defect.name === "underexposed") return [{ name: "adjust_color", params: { exposure: ev } }];
  if (defect.name === "overexposed") return [{ name: "adjust_color", params: { exposure: -ev } }];
  return defect.helps.slice(0, 1).map((name) => ({ name }));
}

/**
 * Whether a report tells of these steps, with at least these parameters.
 * @param {StepCall[]} calls
 * @param {Report} report
 */
function did(calls, report) {
  const done = report.stages.flatMap((stage) => stage.steps);
  return calls.every((call) =>
    done.some((step) => step.name === call.name && Object.entries(call.params ?? {}).every(([name, value]) => JSON.stringify(step.params?.[name]) === JSON.stringify(value))),
  );
}

/**
 * The report in which darkroom decided: the version's own, or that of the newest one before it.
 * @param {Photo} photo
 * @param {Version} version
 */
function deciding(photo, version) {
  const own = version.job?.report;
  if (own?.decisions.length) return own;
  return photo.versions.map((one) => one.job?.report).filter((report) => report?.decisions.length).pop();
}

/**
 * @param {{ switches: HTMLElement, words: HTMLElement, notFound: HTMLElement, details: HTMLElement }} place
 * @param {Photo} photo
 * @param {Version} version that is done
 * @param {(wanted: Wanted) => void} want
 */
export function showDecisions(place, photo, version, want) {
  const report = version.job?.report;
  const decided = deciding(photo, version);
  if (!report) return;
  const all = decided?.decisions ?? [];
  const found = (/** @type {Decision} */ one) =>
    one.chosen || one.defect === "finish" || decided?.diagnosis?.defects.some((defect) => defect.name === one.defect && defect.present);
  const shown = all.filter((one) => found(one) && decided && steps(one, decided).length);
  const on = new Set(shown.filter((one) => decided && did(steps(one, decided), report)));
  place.switches.replaceChildren(
    ...shown.map((decision) => {
      const input = make("input", { type: "checkbox", checked: on.has(decision), id: `decision-${decision.defect.replaceAll(" ", "-")}` });
      input.setAttribute("role", "switch");
      input.setAttribute("aria-describedby", `${input.id}-why`);
      input.addEventListener("change", () => {
        if (input.checked) on.add(decision);
        else on.delete(decision);
        const calls = all.filter((one) => on.has(one)).flatMap((one) => (decided ? steps(one, decided) : []));
        want(calls.length ? { steps: calls } : { recipe: "none" });
      });
      const item = make("li", {});
      item.append(
        input,
        make("label", { htmlFor: input.id, textContent: t(`defect ${decision.defect}`), lang: document.documentElement.lang }),
        make("p", { id: `${input.id}-why`, ...said(decision.why) }),
      );
      return item;
    }),
  );
  const shownAlready = new Set(all.map((decision) => decision.why));
  const reasons = (version.job?.reasons ?? []).filter(({ about, words }) => about !== "left" && !shownAlready.has(words));
  const switched = decided && decided !== report ? [make("li", { textContent: t("asSwitched"), lang: document.documentElement.lang })] : [];
  place.words.replaceChildren(...switched, ...reasons.map(({ words }) => make("li", said(words))));
  const others = all.filter((decision) => !shown.includes(decision));
  place.notFound.replaceChildren(...others.map(({ why }) => make("li", said(why))));
  place.details.hidden = !others.length;
}
