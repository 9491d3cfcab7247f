// @ts-check
// The page: photos come in by choosing, dropping, pasting or from the jobs of before; what is asked of the next ones.

import * as api from "./api.js";
import { retellBatches, showBatches } from "./batches.js";
import { Builder } from "./builder.js";
import { find, make } from "./elements.js";
import { openBy } from "./grid.js";
import { changed, onChange, Photo, photos, remembered } from "./photos.js";
import { introduce, keep } from "./strip.js";
import { current, open, retold } from "./viewer.js";
import { inWords, learnSentences, messageOf, otherLanguage, said, sayAll, t } from "./words.js";
import { follow, sayBy, want } from "./work.js";
import { zip } from "./zip.js";

/**
 * @typedef {import("./api.js").Recipe} Recipe
 * @typedef {import("./api.js").Step} Step
 * @typedef {import("./api.js").StepCall} StepCall
 * @typedef {import("./api.js").Wanted} Wanted
 */

const OWN = "own steps";
/** @type {<T extends HTMLElement>(id: string, kind: new () => T) => T} */
const at = (id, kind) => find(document, `#${id}`, kind);
const page = {
  main: find(document, "main", HTMLElement), alert: at("alert", HTMLElement), offline: at("offline", HTMLElement), status: at("status", HTMLElement),
  keyForm: at("key-form", HTMLFormElement), key: at("key", HTMLInputElement), drop: at("drop", HTMLElement), curtain: at("curtain", HTMLElement), files: at("files", HTMLInputElement),
  recipe: at("recipe", HTMLSelectElement), format: at("next-format", HTMLSelectElement), note: at("recipe-note", HTMLElement), told: at("defaults-told", HTMLElement),
  library: at("library", HTMLElement), zip: at("zip", HTMLButtonElement), older: at("older", HTMLButtonElement),
  dialog: at("steps-dialog", HTMLDialogElement), step: at("step", HTMLSelectElement), stepsAlert: at("steps-alert", HTMLElement), useHere: at("use-here", HTMLButtonElement),
};
const builder = new Builder(at("chosen-steps", HTMLElement));

/** @type {{ steps: Step[], recipes: Recipe[] }} */
let known = { steps: [], recipes: [] };
/** @type {StepCall[]} of one's own recipe, for the next photos */
let ownSteps = [];
/** @type {Promise<void>} */
let starting = Promise.resolve();
/** @type {string | null} what asks for older jobs */
let older = null;

/** @param {string} text */
function warn(text) {
  page.alert.textContent = text;
  page.alert.hidden = !text;
}

/** @param {unknown} error */
const told = (error) => inWords(messageOf(error));

sayBy((text) => (page.status.textContent = text));

// The key comes by the address (after #, which no server sees), from this tab's memory, or from the form.
async function start() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem("key", given);
    history.replaceState(null, "", location.pathname);
  }
  const key = sessionStorage.getItem("key");
  if (!key) return askForKey();
  api.useKey(key);
  try {
    const [steps, recipes] = await Promise.all([api.steps(), api.recipes(), api.jobs().then(remember)]);
    page.keyForm.hidden = true;
    warn("");
    show({ steps, recipes });
    api.batches().then(showBatches, () => {}); // who has none misses nothing
  } catch (error) {
    // No answer, as where the page is left meanwhile, says nothing of the key.
    if (error instanceof api.Refused && error.code === "key") sessionStorage.removeItem("key");
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
  starting = start();
});

/** @param {{ jobs: import("./api.js").Summary[], next: string | null }} listed */
function remember({ jobs, next }) {
  older = next;
  page.older.hidden = !next;
  const found = remembered(jobs);
  photos.push(...found);
  for (const photo of found) {
    changed(photo);
    // A photo that waits was never uploaded: nobody comes with it any more.
    for (const version of photo.versions) if (version.phase === "working") follow(photo, version).catch(() => {});
  }
}

page.older.addEventListener("click", async () => {
  page.older.disabled = true;
  await api.jobs(older).then(remember, (error) => warn(told(error)));
  page.older.disabled = false;
});

/** @param {{ steps: Step[], recipes: Recipe[] }} all */
function show(all) {
  known = all;
  introduce(all.recipes, build);
  const stages = [...new Set(all.steps.map((step) => step.stage))];
  page.step.replaceChildren(
    ...stages.map((stage) => {
      const group = make("optgroup", { label: stage.replaceAll("_", " ") });
      const its = all.steps.filter((step) => step.stage === stage);
      group.append(...its.map((step) => new Option(step.name.replaceAll("_", " "), step.name)));
      return group;
    }),
  );
  offerRecipes();
  retold(); // a photo may be open already
}

function offerRecipes() {
  const chosen = page.recipe.value;
  page.recipe.replaceChildren(...known.recipes.map(({ name }) => new Option(t(`recipe ${name}`), name)), new Option(t("ownSteps"), OWN));
  if (chosen) page.recipe.value = chosen;
  describe();
}

function describe() {
  Object.assign(page.note, said(known.recipes.find((one) => one.name === page.recipe.value)?.description ?? ownSteps.map((step) => step.name).join(", ")));
  const format = page.format.selectedOptions[0]?.textContent ?? "";
  page.told.textContent = t("nextTold", { recipe: page.recipe.selectedOptions[0]?.textContent ?? "", format });
}

page.format.addEventListener("change", describe);
page.recipe.addEventListener("change", () => {
  describe();
  if (page.recipe.value === OWN && !ownSteps.length) build();
});

/** Opens the builder. */
function build() {
  page.useHere.hidden = !current();
  page.stepsAlert.hidden = true;
  page.dialog.showModal();
}

at("edit-steps", HTMLButtonElement).addEventListener("click", build);
at("steps-close", HTMLButtonElement).addEventListener("click", () => page.dialog.close());
page.dialog.addEventListener("close", () => {
  if (page.recipe.value === OWN && !ownSteps.length) page.recipe.value = known.recipes[0]?.name ?? "";
  describe();
});
at("add-step", HTMLButtonElement).addEventListener("click", () => {
  const chosen = known.steps.find((step) => step.name === page.step.value);
  if (chosen) builder.add(chosen);
});

/** @param {(steps: StepCall[]) => void} use */
function useSteps(use) {
  try {
    use(builder.steps());
    page.dialog.close();
  } catch (error) {
    page.stepsAlert.textContent = told(error);
    page.stepsAlert.hidden = false;
  }
}

page.useHere.addEventListener("click", () =>
  useSteps((steps) => {
    const photo = current();
    if (photo) want(photo, keep(photo, { steps }));
  }),
);
at("use-next", HTMLButtonElement).addEventListener("click", () =>
  useSteps((steps) => {
    ownSteps = steps;
    page.recipe.value = OWN;
  }),
);

/** @param {Iterable<File>} files */
async function take(files) {
  const all = [...files]; // a chooser or a drop forgets them
  await starting;
  if (!known.recipes.length) return warn(t("keyFirst"));
  warn("");
  /** @type {Wanted} */
  const wanted = page.recipe.value === OWN ? { steps: ownSteps } : { recipe: page.recipe.value };
  if (page.format.value) wanted.format = page.format.value;
  const added = all.map((file) => new Photo(file.name, file));
  if (!added.length) return;
  photos.unshift(...added);
  for (const photo of added) want(photo, wanted);
  page.status.textContent = t("added", { n: added.length });
  if (!current() || added.length === 1) open(added[0]);
}

page.files.addEventListener("change", () => {
  take(page.files.files ?? []);
  page.files.value = "";
});
addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
at("sample", HTMLButtonElement).addEventListener("click", async () => {
  const got = await fetch("web/sample.jpg").catch(() => null);
  if (got?.ok) take([new File([await got.blob()], "sample.jpg", { type: "image/jpeg" })]);
  else warn(t("unreachable"));
});

// A drop anywhere counts. What is dragged within the page itself, such as a picture, brings no files.
const brings = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
addEventListener("dragover", (event) => {
  event.preventDefault();
  page.curtain.hidden = !brings(event);
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) page.curtain.hidden = true;
});
addEventListener("drop", (event) => {
  event.preventDefault();
  page.curtain.hidden = true;
  take(event.dataTransfer?.files ?? []);
});

const network = () => (page.offline.hidden = navigator.onLine);
addEventListener("online", network);
addEventListener("offline", network);

page.zip.addEventListener("click", async () => {
  page.zip.disabled = true;
  try {
    const done = photos.flatMap((photo) => photo.best ?? []);
    const files = [];
    for (const version of done) {
      page.zip.textContent = t("zipping", { n: files.length + 1, all: done.length });
      const { links } = await version.fresh();
      const got = await fetch(links.result ?? "");
      if (!got.ok) throw new Error(t("answered", { status: got.status }));
      files.push({ name: nameOf(links.download ?? ""), bytes: new Uint8Array(await got.arrayBuffer()) });
    }
    const address = URL.createObjectURL(zip(files, new Date()));
    make("a", { href: address, download: "darkroom.zip" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (error) {
    warn(told(error));
  }
  page.zip.disabled = false;
  page.zip.textContent = t("zip");
});

/**
 * Under which name a link's photo is saved.
 * @param {string} link
 */
function nameOf(link) {
  const disposition = new URL(link).searchParams.get("response-content-disposition") ?? "";
  return decodeURIComponent(disposition.split("''")[1] ?? "photo");
}

onChange(() => {
  page.main.classList.toggle("empty", !photos.length);
  page.library.hidden = !photos.length;
  page.zip.hidden = !photos.some((photo) => photo.best);
});

function sayAnew() {
  offerRecipes();
  for (const photo of photos) changed(photo);
  retellBatches();
  retold();
}

/** Where the table does not come, sentences stay English. */
const learn = () => learnSentences().then(sayAnew, () => {});

at("language", HTMLButtonElement).addEventListener("click", () => {
  otherLanguage();
  sayAnew();
  learn();
});

page.main.classList.add("empty");
sayAll();
learn();
openBy(open);
network();
starting = start();
