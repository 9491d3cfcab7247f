// @ts-check
// Before and after under a line that can be dragged, and a zoom that both share.

import { find } from "./elements.js";

/** @param {HTMLElement} job */
export function compare(job) {
  const box = find(job, ".compare", HTMLElement);
  const pan = find(job, ".pan", HTMLElement);
  const divider = find(job, ".divider", HTMLElement);
  const split = find(job, ".split", HTMLInputElement);
  const zoom = find(job, ".zoom", HTMLInputElement);
  const shown = find(job, ".zoom-value", HTMLOutputElement);
  const view = { x: 0, y: 0, scale: 1 };

  function draw() {
    const scale = Number(zoom.value);
    const { width, height } = box.getBoundingClientRect();
    if (scale !== view.scale) {
      // What was in the middle stays there.
      view.x = width / 2 - ((width / 2 - view.x) * scale) / view.scale;
      view.y = height / 2 - ((height / 2 - view.y) * scale) / view.scale;
      view.scale = scale;
    }
    view.x = Math.min(0, Math.max(view.x, width * (1 - scale)));
    view.y = Math.min(0, Math.max(view.y, height * (1 - scale)));
    pan.style.transform = `translate(${view.x}px, ${view.y}px) scale(${scale})`;
    divider.style.left = `${split.value}%`;
    // The line stays where it is on the screen; the photo under it moves.
    const edge = width ? ((Number(split.value) / 100) * width - view.x) / (width * scale) : 0.5;
    pan.style.setProperty("--split", `${edge * 100}%`);
    box.toggleAttribute("data-zoomed", scale > 1);
    shown.textContent = `${scale}×`;
  }

  split.addEventListener("input", draw);
  zoom.addEventListener("input", draw);
  addEventListener("resize", draw);
  for (const image of pan.querySelectorAll("img")) image.addEventListener("load", draw);

  /** @type {"line" | { x: number, y: number } | null} */
  let grip = null;
  const place = (/** @type {PointerEvent} */ event) => ((event.clientX - box.getBoundingClientRect().left) / box.clientWidth) * 100;
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    const near = Math.abs(place(event) - Number(split.value)) < 6;
    grip = Number(zoom.value) > 1 && !near ? { x: event.clientX - view.x, y: event.clientY - view.y } : "line";
    if (grip === "line") {
      split.value = String(place(event));
      draw();
    }
  });
  box.addEventListener("pointermove", (event) => {
    if (grip === "line") split.value = String(place(event));
    else if (grip) Object.assign(view, { x: event.clientX - grip.x, y: event.clientY - grip.y });
    if (grip) draw();
  });
  for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => (grip = null));

  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Photo before and after; arrow keys move it when zoomed in");
  box.addEventListener("keydown", (event) => {
    /** @type {Record<string, [number, number]>} */
    const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    const move = moves[event.key];
    if (!move || Number(zoom.value) === 1) return;
    event.preventDefault();
    view.x += move[0];
    view.y += move[1];
    draw();
  });
  draw();
}
