// The page: what to do, the photos, and a card for each with its stages, its comparison and its report.

import * as api from "./api.js";
import { Builder } from "./builder.js";
import { compare } from "./compare.js";
import { histogram } from "./histogram.js";

const POLL_MILLISECONDS = 700;
const AT_ONCE = 4;
const OWN = "own steps";
const STATES = {
  waiting: "Waiting", running: "Working", succeeded: "Done", superseded: "Replaced by a newer upload",
  rejected: "Not accepted", failed: "Failed",
};
const $ = (id) => document.getElementById(id);
const builder = new Builder($("chosen-steps"));
let known = { steps: [], recipes: [] };

const say = (text) => ($("status").textContent = text);
function warn(text) {
  $("alert").textContent = text;
  $("alert").hidden = !text;
}

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
    $("key-form").hidden = true;
    warn("");
    show({ steps, recipes });
  } catch (error) {
    sessionStorage.removeItem("key");
    askForKey();
    warn(error.message);
  }
}

function askForKey() {
  $("key-form").hidden = false;
  $("key").focus();
}

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value.trim());
  start();
});

function show(all) {
  known = all;
  $("recipe").replaceChildren(...all.recipes.map((one) => new Option(one.name, one.name)), new Option(OWN, OWN));
  const groups = new Map();
  for (const step of all.steps) {
    if (!groups.has(step.stage)) {
      const group = document.createElement("optgroup");
      group.label = step.stage.replaceAll("_", " ");
      groups.set(step.stage, group);
    }
    groups.get(step.stage).append(new Option(step.name.replaceAll("_", " "), step.name));
  }
  $("step").replaceChildren(...groups.values());
  describe();
}

function describe() {
  const chosen = known.recipes.find((one) => one.name === $("recipe").value);
  $("recipe-note").textContent = chosen?.description ?? "Steps in the order in which you add them.";
  $("builder").hidden = Boolean(chosen);
}

$("recipe").addEventListener("change", describe);
$("blend").addEventListener("input", () => ($("blend-value").textContent = `${$("blend").value} %`));
$("add-step").addEventListener("click", () => builder.add(known.steps.find((step) => step.name === $("step").value)));

function wishes() {
  const wanted = { blend: Number($("blend").value) };
  if ($("format").value) wanted.format = $("format").value;
  if ($("recipe").value === OWN) wanted.steps = builder.steps();
  else wanted.recipe = $("recipe").value;
  return wanted;
}

const TYPES = { jpg: "jpeg", jpe: "jpeg", jpeg: "jpeg", tif: "tiff", tiff: "tiff", heic: "heic", heif: "heif", avif: "avif", bmp: "bmp", png: "png", webp: "webp", gif: "gif" };
function typeOf(file) {
  return file.type || `image/${TYPES[file.name.split(".").pop().toLowerCase()] ?? "unknown"}`;
}

const waiting = [];
let working = 0;

function take(files) {
  if (!known.recipes.length) return warn("First the API key, please.");
  warn("");
  let wanted;
  try {
    wanted = wishes();
  } catch (error) {
    return warn(error.message);
  }
  if (wanted.steps && !wanted.steps.length) return warn("Add at least one step to your recipe.");
  for (const file of files) waiting.push({ file, wanted, card: card(file) });
  say(`${files.length} ${files.length === 1 ? "photo" : "photos"} added.`);
  next();
}

function next() {
  while (working < AT_ONCE && waiting.length) {
    working++;
    work(waiting.shift()).finally(() => {
      working--;
      next();
    });
  }
}

$("files").addEventListener("change", (event) => {
  take([...event.target.files]);
  event.target.value = "";
});
$("drop").addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
});
$("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
// A photo that misses the field must not replace the page.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());
$("drop").addEventListener("drop", (event) => {
  $("drop").classList.remove("over");
  take([...event.dataTransfer.files]);
});

function card(file) {
  const made = $("job-template").content.firstElementChild.cloneNode(true);
  made.querySelector(".name").textContent = file.name;
  made.setAttribute("aria-label", file.name);
  made.querySelector(".state").textContent = "In line";
  $("jobs").prepend(made);
  return made;
}

async function work({ file, wanted, card }) {
  try {
    const announced = await api.announce({ filename: file.name, content_type: typeOf(file), ...wanted });
    card.querySelector(".state").textContent = "Uploading";
    const bar = card.querySelector(".upload");
    await api.upload(announced.upload, file, (share) => (bar.value = share));
    bar.hidden = true;
    finish(file, card, await ended(announced.id, card));
  } catch (error) {
    card.querySelector(".upload").hidden = true;
    card.querySelector(".state").textContent = "Not done";
    const unreadable = error.code === "recipe.bad-content-type";
    complain(card, file, unreadable ? "This is no photo that can be read; accepted are " + $("accepted").textContent : error.message);
  }
}

async function ended(id, card) {
  for (;;) {
    const job = await api.job(id).catch((error) => {
      if (error.status === 429 || error.status === 0 || error.status >= 500) return null; // passes
      throw error;
    });
    if (job) {
      card.querySelector(".state").textContent = STATES[job.status];
      stages(card, job.stages);
      if (!["waiting", "running"].includes(job.status)) return job;
    }
    await api.pause(POLL_MILLISECONDS);
  }
}

function stages(card, told) {
  const words = { running: "working", done: "", failed: "failed" };
  card.querySelector(".stages").replaceChildren(
    ...told.map((stage) => {
      const item = document.createElement("li");
      item.className = stage.status;
      const time = stage.milliseconds === undefined ? words[stage.status] : `${(stage.milliseconds / 1000).toFixed(2)} s`;
      item.textContent = `${stage.stage.replaceAll("_", " ")} ${time}`;
      return item;
    }),
  );
}

function complain(card, file, message) {
  const place = card.querySelector(".error");
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  place.textContent = /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
  place.hidden = false;
  say(`${file.name}: ${place.textContent}`);
}

function finish(file, card, job) {
  if (job.error) return complain(card, file, job.error.message);
  say(`${file.name} is done.`);
  const link = card.querySelector(".download");
  Object.assign(link, { href: job.links.download, hidden: false });
  link.setAttribute("aria-label", `Download ${file.name}, enhanced`);
  card.querySelector(".words").replaceChildren(
    ...words(job).map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })),
  );
  card.querySelector(".result").hidden = false;
  picture(card, "before", URL.createObjectURL(file), `${file.name} before`);
  picture(card, "after", job.links.result, `${file.name} after`);
  compare(card);
}

function picture(card, which, address, alt) {
  const image = card.querySelector(`.${which}`);
  const canvas = card.querySelector(`.histogram-${which}`);
  image.alt = alt;
  image.crossOrigin = "anonymous"; // so that its pixels may be counted
  image.addEventListener("load", () => histogram(image, canvas));
  image.addEventListener("error", () => {
    canvas.closest("figure").querySelector("figcaption").textContent += ": this browser cannot show the format";
  });
  image.src = address;
}

// What was found and done and why, as the server words it, without what was left alone.
const words = (job) =>
  job.reasons.filter((reason) => reason.about !== "left").map(({ words }) => words.charAt(0).toUpperCase() + words.slice(1));

start();
