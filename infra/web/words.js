// @ts-check
// What the page says, in English and German. What the API words itself (decisions, reasons, errors) comes in English.

import { translator } from "./sentences.js";

/** @type {Record<string, [english: string, german: string]>} */
const WORDS = {
  motto: ["Photos in, better photos out, and the reasons why.", "Fotos hinein, bessere heraus, und die Gründe dafür."],
  other: ["Deutsch", "English"],
  key: ["API key", "API-Schlüssel"],
  useKey: ["Use it", "Verwenden"],
  keyNote: ["Stays in this tab. It is the key of the deployed stack's API, or a token of its user pool.", "Bleibt in diesem Tab. Es ist der Schlüssel der API oder ein Token ihres Nutzerpools."],
  keyFirst: ["First the API key, please.", "Zuerst bitte der API-Schlüssel."],
  keyWrong: ["The API does not know this key.", "Die API kennt diesen Schlüssel nicht."],
  busy: ["Too many requests for this key: wait a moment.", "Zu viele Anfragen mit diesem Schlüssel: bitte kurz warten."],
  unreachable: ["The API cannot be reached.", "Die API ist nicht erreichbar."],
  answered: ["The API answered {status}.", "Die API hat mit {status} geantwortet."],
  offline: ["Offline: what was begun goes on when the connection is back.", "Offline: Begonnenes geht weiter, sobald die Verbindung zurück ist."],
  drop: ["Drop photos anywhere, paste them, or", "Fotos irgendwo ablegen, einfügen oder"],
  choose: ["choose photos", "Fotos wählen"],
  sample: ["Try a sample photo", "Beispielfoto probieren"],
  release: ["Release to add the photos", "Loslassen fügt die Fotos hinzu"],
  photos: ["Photos", "Fotos"],
  zip: ["Download all (ZIP)", "Alle laden (ZIP)"],
  zipping: ["Packing {n} of {all}", "Packe {n} von {all}"],
  older: ["Show older ones", "Ältere zeigen"],
  batches: ["Batches", "Stapel"],
  photosOf: ["{n} photos", "{n} Fotos"],
  batchCounts: ["{ended} of {all}: {skipped} done before, {rejected} not accepted, {failed} failed", "{ended} von {all}: {skipped} schon vorher fertig, {rejected} nicht angenommen, {failed} gescheitert"],
  batchShare: ["How much is done", "Wie viel getan ist"],
  batchReport: ["The report, with before and after:", "Der Bericht, mit Vorher und Nachher:"],
  "batch running": ["Working", "Arbeitet"],
  "batch looking": ["Looking at the photos", "Sieht die Fotos an"],
  "batch agreeing": ["Folders agree on their light", "Stimmt das Licht je Ordner ab"],
  "batch enhancing": ["Enhancing the photos", "Verbessert die Fotos"],
  "batch ended": ["Done", "Fertig"],
  "batch stopped": ["Stopped", "Abgebrochen"],
  "batch failed": ["Ended early", "Vorzeitig beendet"],
  added: ["{n} added.", "{n} hinzugefügt."],
  nextPhotos: ["For the next photos", "Für die nächsten Fotos"],
  nextTold: ["recipe {recipe}, format {format}", "Rezept „{recipe}“, Format {format}"],
  recipe: ["Recipe", "Rezept"],
  format: ["Format", "Format"],
  likePhoto: ["like the photo", "wie das Foto"],
  ownSteps: ["Own steps", "Eigene Schritte"],
  editSteps: ["Edit own steps", "Eigene Schritte bearbeiten"],
  previous: ["Previous photo", "Voriges Foto"],
  next: ["Next photo", "Nächstes Foto"],
  close: ["Close", "Schließen"],
  before: ["Before", "Vorher"],
  after: ["After", "Nachher"],
  handle: ["Where before ends and after begins", "Wo vorher endet und nachher beginnt"],
  stage: ["Before and after. Arrow keys: other photos, or move when zoomed; plus and minus zoom; hold O for the original", "Vorher und nachher. Pfeiltasten: andere Fotos, vergrößert verschieben; Plus und Minus zoomen; O halten zeigt das Original"],
  hold: ["Hold: original", "Halten: Original"],
  zoomIn: ["Zoom in", "Vergrößern"],
  zoomOut: ["Zoom out", "Verkleinern"],
  fit: ["Whole photo", "Ganzes Foto"],
  cancel: ["Cancel", "Abbrechen"],
  download: ["Download", "Herunterladen"],
  retry: ["Try again", "Nochmals versuchen"],
  remove: ["Remove", "Entfernen"],
  removed: ["{name} was removed.", "{name} wurde entfernt."],
  recipes: ["Recipes on this photo", "Rezepte an diesem Foto"],
  tune: ["Adjust", "Anpassen"],
  blend: ["Blend", "Stärke"],
  finish: ["Finish", "Abschluss"],
  finish_none: ["none", "keiner"],
  finish_gentle: ["gentle", "sanft"],
  finish_full: ["full", "voll"],
  quality: ["Quality", "Qualität"],
  automatic: ["automatic", "automatisch"],
  about: ["about {size}", "etwa {size}"],
  sizes: ["{after} (before: {before})", "{after} (vorher: {before})"],
  why: ["What was done, and why", "Was geschah, und warum"],
  asSwitched: ["Made as you switched it. darkroom looks again only at what it chose by itself: compare it with the original.", "So gemacht, wie geschaltet. darkroom sieht nur nach, was es selbst gewählt hat: bitte mit dem Original vergleichen."],
  lookedFor: ["Looked for and not found", "Gesucht und nicht gefunden"],
  more: ["Histograms and times", "Histogramme und Zeiten"],
  unshown: ["This browser cannot show it.", "Dieser Browser kann es nicht zeigen."],
  histogram: ["Histogram; mean brightness {mean} percent", "Histogramm; mittlere Helligkeit {mean} Prozent"],
  line: ["In line", "In der Schlange"],
  uploading: ["Uploading", "Lädt hoch"],
  waiting: ["Waiting", "Wartet"],
  working: ["Working", "Arbeitet"],
  workingOn: ["{stage}, {seconds} s · {n} of {all}", "{stage}, {seconds} s · {n} von {all}"],
  done: ["Done", "Fertig"],
  failed: ["Not done", "Nicht fertig"],
  rejected: ["Not accepted", "Nicht angenommen"],
  superseded: ["Replaced by a newer upload", "Durch neueren Upload ersetzt"],
  stopped: ["Stopped", "Abgebrochen"],
  noResult: ["There is no result.", "Es gibt kein Ergebnis."],
  notUploaded: ["The photo was never uploaded.", "Das Foto wurde nie hochgeladen."],
  cutOff: ["The upload was cut off.", "Der Upload brach ab."],
  notTaken: ["The photo could not be uploaded.", "Das Foto konnte nicht hochgeladen werden."],
  noPhoto: ["This is no photo that can be read; accepted are JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC and AVIF.", "Das ist kein lesbares Foto; angenommen werden JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC und AVIF."],
  isDone: ["{name} is done.", "{name} ist fertig."],
  step: ["Step", "Schritt"],
  addStep: ["Add step", "Schritt hinzufügen"],
  removeStep: ["Remove {step}", "{step} entfernen"],
  yourSteps: ["Steps of your recipe", "Schritte des eigenen Rezepts"],
  inOrder: ["They run in the order in which you add them.", "Sie laufen in der Reihenfolge, in der sie hinzugefügt werden."],
  useHere: ["Use for this photo", "Für dieses Foto"],
  useNext: ["Use for the next photos", "Für die nächsten Fotos"],
  noStep: ["Add at least one step to your recipe.", "Bitte mindestens einen Schritt hinzufügen."],
  rows: ["{name}: rows of numbers in brackets, as [1, 2], [3, 4]", "{name}: Zeilen von Zahlen in Klammern, wie [1, 2], [3, 4]"],
  numbers: ["{name}: numbers, as 1, 2, 3", "{name}: Zahlen, wie 1, 2, 3"],
  value: ["{name}: give a value, or leave it automatic", "{name}: einen Wert angeben oder automatisch lassen"],
  range: ["{name}: {low} to {high}", "{name}: {low} bis {high}"],
  "recipe auto": ["auto", "Automatisch"],
  "recipe none": ["none", "Ohne"],
  "recipe natural": ["natural", "Natürlich"],
  "recipe vivid": ["vivid", "Lebhaft"],
  "recipe portrait": ["portrait", "Porträt"],
  "recipe lowlight": ["lowlight", "Wenig Licht"],
  "recipe backlit": ["backlit", "Gegenlicht"],
  "recipe underwater": ["underwater", "Unter Wasser"],
  "recipe old-photo": ["old-photo", "Altes Foto"],
  "recipe scan": ["scan", "Scan"],
  "recipe document": ["document", "Dokument"],
  "recipe restore-jpeg": ["restore-jpeg", "JPEG-Rettung"],
  "recipe display": ["display", "Bildschirm"],
  "recipe avatar": ["avatar", "Avatar"],
  "recipe digits": ["digits", "Ziffern"],
  "defect salt and pepper": ["Salt and pepper", "Salz und Pfeffer"],
  "defect JPEG artefacts": ["JPEG artefacts", "JPEG-Artefakte"],
  "defect noise": ["Noise", "Rauschen"],
  "defect haze": ["Haze", "Dunst"],
  "defect overexposed": ["Overexposed", "Überbelichtet"],
  "defect colour cast": ["Colour cast", "Farbstich"],
  "defect underexposed": ["Underexposed", "Unterbelichtet"],
  "defect backlight": ["Backlight", "Gegenlicht"],
  "defect low contrast": ["Low contrast", "Wenig Kontrast"],
  "defect motion blur": ["Motion blur", "Verwackelt"],
  "defect blur": ["Blur", "Unscharf"],
  "defect finish": ["Finish", "Abschluss"],
};

/** @type {((text: string) => string | null) | null} */
let translated = null;

let german = (localStorage.getItem("language") ?? navigator.language).startsWith("de");

const language = () => (german ? "de" : "en");

/**
 * What is said under a name; the name's own last words where the page has none for it.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function t(name, values = {}) {
  const words = WORDS[name]?.[german ? 1 : 0] ?? name.replace(/^(recipe|defect) /, "");
  return words.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** Says all that stands in the document: `data-t` in an element, `data-label` as its accessible name. */
export function sayAll() {
  document.documentElement.lang = language();
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.getAttribute("data-t") ?? "");
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = t(element.getAttribute("data-label") ?? "");
}

export function otherLanguage() {
  german = !german;
  localStorage.setItem("language", german ? "de" : "en");
  sayAll();
}

/** The API's sentences come to be known in the page's language: all that shows some is to be said anew then. */
export async function learnSentences() {
  if (!german || translated) return;
  translated = translator(await (await fetch("web/german.json")).json());
}

/**
 * Words of the API's, or of the page's own, in the page's language; null where the table has them not.
 * @param {string} text
 */
function here(text) {
  const own = !german || text === "" || Object.values(WORDS).some((pair) => pair[1] === text);
  return own ? text : (translated?.(text) ?? null);
}

/** @param {string} text likewise; English where there is no other */
export const inWords = (text) => here(text) ?? text;

/**
 * The same as a sentence, as an element has it.
 * @param {string} text
 * @returns {{ textContent: string, lang: string }}
 */
export function said(text) {
  const known = here(text);
  const found = known ?? text;
  return { textContent: found.charAt(0).toUpperCase() + found.slice(1), lang: german && known !== null ? "de" : "en" };
}

/** @param {unknown} error its own words */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {number} n */
export const count = (n) => n.toLocaleString(language());

/** @param {string} time as the API has it */
export const moment = (time) => new Date(time).toLocaleString(language(), { dateStyle: "medium", timeStyle: "short" });

/** @param {number} bytes */
export function weight(bytes) {
  const [value, unit] = bytes < 1e6 ? [Math.ceil(bytes / 1000), "kB"] : [bytes / 1e6, "MB"];
  return `${value.toLocaleString(language(), { maximumFractionDigits: 1 })} ${unit}`;
}
