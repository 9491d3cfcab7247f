// @ts-check
// All photos as tiles; one that is chosen is opened.

import { find, make } from "./elements.js";
import { onChange, photos } from "./photos.js";
import { tile } from "./small.js";
import { t } from "./words.js";

/** @typedef {import("./photos.js").Photo} Photo */

/** @type {Map<Photo, HTMLLIElement>} */
const tiles = new Map();
/** @type {WeakMap<Photo, string>} which picture a tile shows, or waits for */
const drawn = new WeakMap();
const list = find(document, "#grid", HTMLElement);

/** @type {(photo: Photo) => void} */
let open = () => {};

/** Pictures are made for tiles that come into sight. */
const sight = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const photo = photos.find((one) => tiles.get(one) === entry.target);
      if (photo && entry.isIntersecting) draw(photo);
    }
  },
  { rootMargin: "300px" },
);

/** @param {(photo: Photo) => void} how */
export function openBy(how) {
  open = how;
}

/** @param {Photo} photo */
function draw(photo) {
  const item = tiles.get(photo);
  const wanted = photo.best ? `result ${photo.best.id}` : `photo ${photo.uploaded}`;
  if (!item || drawn.get(photo) === wanted) return;
  drawn.set(photo, wanted);
  const image = find(item, "img", HTMLImageElement);
  const isStill = () => drawn.get(photo) === wanted; // else another one has come meanwhile
  const show = (/** @type {string} */ address) => {
    if (!isStill()) return;
    Object.assign(image, { src: address, hidden: false });
    image.toggleAttribute("data-result", wanted.startsWith("result"));
  };
  tile(photo).then(show, () => isStill() && drawn.delete(photo));
}

/** @param {Photo} photo */
function made(photo) {
  const item = make("li", {});
  const button = make("button", { type: "button", className: "tile" });
  button.append(
    make("img", { alt: "", hidden: true, decoding: "async" }),
    make("span", { className: "state" }),
    make("progress", { max: 1, ariaHidden: "true" }),
    make("span", { className: "name", textContent: photo.name }),
  );
  button.addEventListener("click", () => open(photo));
  item.append(button);
  tiles.set(photo, item);
  sight.observe(item);
  return item;
}

/** @param {Photo} photo */
function update(photo) {
  if (!photos.includes(photo)) {
    tiles.get(photo)?.remove();
    tiles.delete(photo);
    return;
  }
  const item = tiles.get(photo) ?? made(photo);
  const place = photos.indexOf(photo);
  if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  const version = photo.shown;
  const button = find(item, "button", HTMLButtonElement);
  const state = version ? t(version.phase) : "";
  button.ariaLabel = `${photo.name}: ${state}`;
  button.dataset.phase = version?.phase ?? "";
  find(item, ".state", HTMLElement).textContent = version?.phase === "done" ? "" : state;
  const bar = find(item, "progress", HTMLProgressElement);
  bar.hidden = !version?.busy;
  bar.value = version?.share ?? 0;
  const box = item.getBoundingClientRect();
  if (drawn.has(photo) || (box.top < innerHeight + 300 && box.bottom > -300)) draw(photo);
}

/** @param {Photo | null} photo the one that is open */
export function mark(photo) {
  for (const [one, item] of tiles) find(item, "button", HTMLButtonElement).ariaPressed = String(one === photo);
}

/** @param {Photo} photo */
export function focusOn(photo) {
  tiles.get(photo)?.querySelector("button")?.focus();
}

// Arrow keys go from tile to tile.
list.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const item = document.activeElement?.closest("li");
  if (!way || !item) return;
  const there = way > 0 ? item.nextElementSibling : item.previousElementSibling;
  if (there) find(there, "button", HTMLButtonElement).focus();
  event.preventDefault();
});

onChange(update);
