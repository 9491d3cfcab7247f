// @ts-check
// Before and after under a handle that can be dragged, and a zoom that both share: by wheel, two fingers, keys or buttons.

import { find } from "./elements.js";

const MOST = 16;

/** Before and after of one place of the page. */
export class Compare {
  #view = { x: 0, y: 0, scale: 1 };
  #split = 50;
  /** @type {Map<number, { x: number, y: number }>} fingers and buttons that are down */
  #down = new Map();
  /** @type {"line" | "pan" | "hold" | null} */
  #grip = null;

  /** @param {HTMLElement} stage with .pan, .before, .after and .handle in it */
  constructor(stage) {
    this.stage = stage;
    this.pan = find(stage, ".pan", HTMLElement);
    this.before = find(stage, "img.before", HTMLImageElement);
    this.after = find(stage, "img.after", HTMLImageElement);
    this.handle = find(stage, ".handle", HTMLElement);
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => this.#release(/** @type {PointerEvent} */ (event)));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => this.zoom(this.#view.scale > 1 ? 1 : 4, event));
    this.handle.addEventListener("keydown", (event) => this.#slide(event));
    addEventListener("resize", () => this.#draw());
    this.#draw();
  }

  get scale() {
    return this.#view.scale;
  }

  reset() {
    this.#view = { x: 0, y: 0, scale: 1 };
    this.#split = 50;
    this.hold(false);
    this.#draw();
  }

  /** @param {boolean} held whether the original alone is shown */
  hold(held) {
    this.stage.toggleAttribute("data-held", held);
  }

  /** @param {number} share 0–1 of the result over the original */
  blend(share) {
    this.after.style.opacity = String(share);
  }

  /**
   * @param {number} scale
   * @param {{ clientX: number, clientY: number }} [about] what stays where it is; the middle
   */
  zoom(scale, about) {
    const box = this.stage.getBoundingClientRect();
    const [x, y] = about ? [about.clientX - box.left, about.clientY - box.top] : [box.width / 2, box.height / 2];
    const next = Math.min(MOST, Math.max(1, scale));
    const factor = next / this.#view.scale;
    this.#view = { x: x - (x - this.#view.x) * factor, y: y - (y - this.#view.y) * factor, scale: next };
    this.#draw();
  }

  /**
   * @param {number} x pixels
   * @param {number} y
   */
  moveBy(x, y) {
    this.#view.x += x;
    this.#view.y += y;
    this.#draw();
  }

  #draw() {
    const { width, height } = this.stage.getBoundingClientRect();
    const view = this.#view;
    view.x = Math.min(0, Math.max(view.x, width * (1 - view.scale)));
    view.y = Math.min(0, Math.max(view.y, height * (1 - view.scale)));
    this.pan.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    this.handle.style.left = `${this.#split}%`;
    // The handle stays where it is on the screen; the photo under it moves.
    const edge = width ? ((this.#split / 100) * width - view.x) / (width * view.scale) : 0.5;
    this.pan.style.setProperty("--split", `${edge * 100}%`);
    this.stage.toggleAttribute("data-zoomed", view.scale > 1);
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.#split)));
    this.stage.dispatchEvent(new Event("viewed"));
  }

  /** @param {number} percent */
  #splitAt(percent) {
    this.#split = Math.min(100, Math.max(0, percent));
    this.#draw();
  }

  /** @param {{ clientX: number }} event */
  #percent(event) {
    const box = this.stage.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * 100;
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button) return;
    this.stage.setPointerCapture(event.pointerId);
    this.#down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.hold(false);
    const reach = (28 / this.stage.clientWidth) * 100;
    if (this.#down.size > 1) this.#grip = "pan";
    else if (Math.abs(this.#percent(event) - this.#split) < reach) this.#grip = "line";
    else this.#grip = this.scale > 1 ? "pan" : "hold";
    if (this.#grip === "hold") this.hold(true);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const from = this.#down.get(event.pointerId);
    if (!from) return;
    const to = { x: event.clientX, y: event.clientY };
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    this.#down.set(event.pointerId, to);
    if (other) {
      const apart = (/** @type {{ x: number, y: number }} */ one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
      this.zoom((this.scale * apart(to)) / apart(from), { clientX: (to.x + other.x) / 2, clientY: (to.y + other.y) / 2 });
    }
    if (this.#grip === "line") this.#splitAt(this.#percent(event));
    else if (this.#grip === "pan") this.moveBy((to.x - from.x) / this.#down.size, (to.y - from.y) / this.#down.size);
  }

  /** @param {PointerEvent} event */
  #release(event) {
    this.#down.delete(event.pointerId);
    this.hold(false);
    this.#grip = this.#down.size ? "pan" : null;
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (event.deltaY > 0 && this.scale === 1) return; // nothing to make smaller: the page scrolls
    event.preventDefault();
    this.zoom(this.scale * Math.exp(-event.deltaY / 400), event);
  }

  /** @param {KeyboardEvent} event */
  #slide(event) {
    const to = { ArrowLeft: this.#split - 2, ArrowRight: this.#split + 2, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#splitAt(to);
  }
}
