// @ts-check
// The page: what to do, the photos, and a card for each.

import * as api from "./api.js";
import { Builder } from "./builder.js";
import { Card } from "./card.js";
import { find, make } from "./elements.js";

/**
 * @typedef {import("./api.js").Recipe} Recipe
 * @typedef {import("./api.js").Step} Step
 * @typedef {import("./api.js").Wanted} Wanted
 */

const POLL_MILLISECONDS = 700;
const AT_ONCE = 4;
const OWN = "own steps";
const page = {
  alert: find(document, "#alert", HTMLElement),
  status: find(document, "#status", HTMLElement),
  keyForm: find(document, "#key-form", HTMLFormElement),
  key: find(document, "#key", HTMLInputElement),
  recipe: find(document, "#recipe", HTMLSelectElement),
  recipeNote: find(document, "#recipe-note", HTMLElement),
  blend: find(document, "#blend", HTMLInputElement),
  blendValue: find(document, "#blend-value", HTMLOutputElement),
  format: find(document, "#format", HTMLSelectElement),
  builder: find(document, "#builder", HTMLElement),
  step: find(document, "#step", HTMLSelectElement),
  addStep: find(document, "#add-step", HTMLButtonElement),
  drop: find(document, "#drop", HTMLElement),
  files: find(document, "#files", HTMLInputElement),
  accepted: find(document, "#accepted", HTMLElement),
};
const builder = new Builder(find(document, "#chosen-steps", HTMLElement));

/** @type {{ steps: Step[], recipes: Recipe[] }} */
let known = { steps: [], recipes: [] };

/** @param {string} text */
function warn(text) {
  page.alert.textContent = text;
  page.alert.hidden = !text;
}

/** @param {string} text */
const say = (text) => (page.status.textContent = text);

/** @param {unknown} error */
const told = (error) => (error instanceof Error ? error.message : String(error));

// The key comes by the address (after #, which no server sees), from this tab's memory, or from the form.
async function start() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) history.replaceState(null, "", location.pathname);
  const key = given ?? sessionStorage.getItem("key");
  if (!key) return askForKey();
  api.useKey(key);
  try {
    const [steps, recipes] = await Promise.all([api.steps(), api.recipes()]);
    sessionStorage.setItem("key", key);
    page.keyForm.hidden = true;
    warn("");
    show({ steps, recipes });
  } catch (error) {
    sessionStorage.removeItem("key");
    askForKey();
    warn(told(error));
  }
}

function askForKey() {
  page.keyForm.hidden = false;
  page.key.focus();
}

page.keyForm.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", page.key.value.trim());
  start();
});

/** @param {{ steps: Step[], recipes: Recipe[] }} all */
function show(all) {
  known = all;
  page.recipe.replaceChildren(...all.recipes.map((one) => new Option(one.name, one.name)), new Option(OWN, OWN));
  const stages = [...new Set(all.steps.map((step) => step.stage))];
  page.step.replaceChildren(
    ...stages.map((stage) => {
      const group = make("optgroup", { label: stage.replaceAll("_", " ") });
      const its = all.steps.filter((step) => step.stage === stage);
      group.append(...its.map((step) => new Option(step.name.replaceAll("_", " "), step.name)));
      return group;
    }),
  );
  describe();
}

function describe() {
  const chosen = known.recipes.find((one) => one.name === page.recipe.value);
  page.recipeNote.textContent = chosen?.description ?? "Steps in the order in which you add them.";
  page.builder.hidden = Boolean(chosen);
}

page.recipe.addEventListener("change", describe);
page.blend.addEventListener("input", () => (page.blendValue.textContent = `${page.blend.value} %`));
page.addStep.addEventListener("click", () => {
  const chosen = known.steps.find((step) => step.name === page.step.value);
  if (chosen) builder.add(chosen);
});

function wishes() {
  /** @type {Wanted} */
  const wanted = { blend: Number(page.blend.value) };
  if (page.format.value) wanted.format = page.format.value;
  if (page.recipe.value === OWN) wanted.steps = builder.steps();
  else wanted.recipe = page.recipe.value;
  return wanted;
}

/** @type {Record<string, string>} */
const TYPES = { jpg: "jpeg", jpe: "jpeg", jpeg: "jpeg", tif: "tiff", tiff: "tiff", heic: "heic", heif: "heif", avif: "avif", bmp: "bmp", png: "png", webp: "webp", gif: "gif" };

/** @param {File} file */
function typeOf(file) {
  const suffix = file.name.split(".").pop() ?? "";
  return file.type || `image/${TYPES[suffix.toLowerCase()] ?? "unknown"}`;
}

/** @typedef {{ file: File, wanted: Wanted, card: Card }} Task */

/** @type {Task[]} */
const waiting = [];
let working = 0;

/** @param {Iterable<File>} files */
function take(files) {
  if (!known.recipes.length) return warn("First the API key, please.");
  warn("");
  let wanted;
  try {
    wanted = wishes();
  } catch (error) {
    return warn(told(error));
  }
  if (wanted.steps && !wanted.steps.length) return warn("Add at least one step to your recipe.");
  const tasks = [...files].map((file) => ({ file, wanted, card: new Card(file, say) }));
  waiting.push(...tasks);
  say(`${tasks.length} ${tasks.length === 1 ? "photo" : "photos"} added.`);
  next();
}

function next() {
  while (working < AT_ONCE) {
    const task = waiting.shift();
    if (!task) return;
    working++;
    work(task).finally(() => {
      working--;
      next();
    });
  }
}

page.files.addEventListener("change", () => {
  take(page.files.files ?? []);
  page.files.value = "";
});
page.drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  page.drop.classList.add("over");
});
page.drop.addEventListener("dragleave", () => page.drop.classList.remove("over"));
// A photo that misses the field must not replace the page.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());
page.drop.addEventListener("drop", (event) => {
  page.drop.classList.remove("over");
  take(event.dataTransfer?.files ?? []);
});

/** @param {Task} task */
async function work({ file, wanted, card }) {
  try {
    const announced = await api.announce({ filename: file.name, content_type: typeOf(file), ...wanted });
    card.state("Uploading");
    await api.upload(announced.upload, file, (share) => card.uploaded(share));
    card.uploaded(1);
    card.finish(await ended(announced.id, card));
  } catch (error) {
    card.uploaded(1);
    card.state("Not done");
    const unreadable = error instanceof api.Refused && error.code === "recipe.bad-content-type";
    card.complain(unreadable ? `This is no photo that can be read; accepted are ${page.accepted.textContent}` : told(error));
  }
}

/**
 * The job, when nothing more will happen to it; the card shows how it goes on till then.
 * @param {string} id
 * @param {Card} card
 */
async function ended(id, card) {
  for (;;) {
    const job = await api.job(id).catch((error) => {
      if (error.status === 429 || error.status === 0 || error.status >= 500) return null; // passes
      throw error;
    });
    if (job) {
      card.show(job);
      if (!["waiting", "running"].includes(job.status)) return job;
    }
    await api.pause(POLL_MILLISECONDS);
  }
}

start();
