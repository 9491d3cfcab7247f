// @ts-check
// The recipes as thumbnails of the photo that is open.

import { find, make } from "./elements.js";
import { byRecipe } from "./small.js";
import { said, t } from "./words.js";
import { want } from "./work.js";

/**
 * @typedef {import("./api.js").Recipe} Recipe
 * @typedef {import("./api.js").Wanted} Wanted
 * @typedef {import("./photos.js").Photo} Photo
 */

const OWN = "own steps";
const place = find(document, "#recipes", HTMLElement);

/** @type {Recipe[]} */
let recipes = [];
/** @type {() => void} */
let buildSteps = () => {};

/**
 * @param {Recipe[]} known
 * @param {() => void} build opens the builder
 */
export function introduce(known, build) {
  recipes = known.filter((one) => one.name !== "digits");
  buildSteps = build;
}

/** @param {Photo} photo */
export function drawRecipes(photo) {
  const buttons = [...recipes, { name: OWN, description: "" }].map(({ name, description }) => {
    const button = make("button", { type: "button", title: said(description).textContent });
    button.dataset.recipe = name;
    button.append(make("span", { className: "face" }), make("span", { textContent: name === OWN ? t("ownSteps") : t(`recipe ${name}`) }));
    button.addEventListener("click", () => (name === OWN ? buildSteps() : want(photo, keep(photo, { recipe: name }))));
    return button;
  });
  place.replaceChildren(
    ...buttons.map((button) => {
      const item = make("li", {});
      item.append(button);
      return item;
    }),
  );
  markRecipe(photo);
  drawFaces(photo, buttons);
}

/** @param {Photo} photo */
export function markRecipe(photo) {
  const { steps, recipe } = photo.shown?.wanted ?? {};
  for (const button of place.querySelectorAll("button")) button.ariaPressed = String(button.dataset.recipe === (steps ? OWN : recipe));
}

/**
 * @param {Photo} photo
 * @param {HTMLButtonElement[]} buttons
 */
async function drawFaces(photo, buttons) {
  const found = await byRecipe(photo).catch(() => null);
  for (const button of buttons) {
    const address = found?.get(button.dataset.recipe ?? "");
    if (address) button.querySelector(".face")?.replaceWith(make("img", { className: "face", alt: "", src: address }));
  }
}

/**
 * What is wanted, in the format that the photo has been asked for in.
 * @param {Photo} photo
 * @param {Wanted} wanted
 * @returns {Wanted}
 */
export function keep(photo, wanted) {
  const format = photo.shown?.wanted.format;
  return format ? { ...wanted, format } : wanted;
}
