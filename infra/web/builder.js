// @ts-check
// A recipe of one's own: a form for each step, made from the JSON schema of its parameters. It sends what it shows.

import { make } from "./elements.js";
import { t } from "./words.js";

/**
 * @typedef {import("./api.js").Schema} Schema
 * @typedef {import("./api.js").Step} Step
 * @typedef {import("./api.js").StepCall} StepCall
 * @typedef {HTMLInputElement | HTMLSelectElement} Input
 * @typedef {object} Field of one parameter
 * @property {string} name
 * @property {Schema} schema
 * @property {Input} input
 * @property {string | boolean} initial
 * @property {HTMLInputElement | null} automatic ticked where the step finds the value itself; null where it cannot
 */

const MOST_POSITIONS = 2000;
let made = 0;

/**
 * A parameter that may be absent is an anyOf with null: the form shows the other half, and "automatic".
 * @param {Schema} schema
 */
function halves(schema) {
  const half = schema.anyOf?.find((option) => option.type !== "null" || option.enum);
  const absent = schema.anyOf?.some((option) => option.type === "null") ?? false;
  return { schema: half ? { ...schema, ...half } : schema, absent };
}

/**
 * An end that is excluded is a small step away.
 * @param {Schema} schema
 */
function bounds(schema) {
  const span = (schema.maximum ?? schema.exclusiveMaximum ?? 1) - (schema.minimum ?? schema.exclusiveMinimum ?? 0);
  const step = schema.type === "integer" ? 1 : 10 ** Math.floor(Math.log10(span / 200));
  const low = schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + step);
  const high = schema.maximum ?? (schema.exclusiveMaximum === undefined ? undefined : schema.exclusiveMaximum - step);
  return { low, high, step, span };
}

/**
 * A number's field, and beside it a slider where that is fine enough to choose by.
 * @param {Schema} schema
 * @returns {{ input: HTMLInputElement, slider: HTMLInputElement | null }}
 */
function numberField(schema) {
  const { low, high, step, span } = bounds(schema);
  const input = make("input", { type: "number", step: schema.type === "integer" ? "1" : "any", min: String(schema.minimum ?? schema.exclusiveMinimum ?? ""), max: String(schema.maximum ?? schema.exclusiveMaximum ?? "") });
  if (low === undefined || high === undefined || span / step > MOST_POSITIONS) return { input, slider: null };
  const slider = make("input", { type: "range", min: String(low), max: String(high), step: String(step), tabIndex: -1 });
  slider.ariaHidden = "true"; // the field beside it says and takes the same
  slider.addEventListener("input", () => (input.value = slider.value));
  input.addEventListener("input", () => (slider.value = input.value));
  return { input, slider };
}

/**
 * @param {Schema} schema
 * @returns {{ input: Input, slider?: HTMLInputElement | null } | null} null: left to the step's own default
 */
function control(schema) {
  if (schema.enum) {
    const input = make("select", {});
    for (const value of schema.enum) input.add(new Option(String(value), String(value)));
    return { input };
  }
  if (schema.type === "boolean") return { input: make("input", { type: "checkbox", checked: schema.default === true }) };
  if (isNumber(schema)) return numberField(schema);
  if (schema.type === "string") return { input: make("input", { type: "text" }) };
  if (schema.type === "array") {
    return { input: make("input", { type: "text", placeholder: rows(schema) ? "[1, 2], [3, 4]" : "1, 2, 3" }) };
  }
  return null;
}

/**
 * Where a number begins that was automatic so far: in the middle, of wide ranges by factors.
 * @param {Schema} schema
 */
function start(schema) {
  const { low = 0, high = 1, step, span } = bounds(schema);
  const middle = low > 0 && span / step > MOST_POSITIONS ? Math.sqrt(low * high) : (low + high) / 2;
  return String(Number((Math.round(middle / step) * step).toPrecision(6)));
}

/**
 * @param {string} name
 * @param {Schema} whole
 * @returns {{ field: Field, row: HTMLElement } | null}
 */
function labelled(name, whole) {
  const { schema, absent } = halves(whole);
  const shaped = control(schema);
  if (!shaped) return null;
  const { input, slider } = shaped;
  input.name = name;
  input.id = `parameter-${made++}`;
  const label = make("label", { htmlFor: input.id, textContent: words(name) + (schema.unit ? ` (${schema.unit})` : "") });
  const row = make("div", { className: "param", title: schema.description ?? "" });
  const both = make("div", { className: "row" });
  if (schema.default !== null && schema.default !== undefined && schema.type !== "boolean") input.value = told(schema.default);
  if (slider) {
    slider.value = input.value;
    both.append(slider);
  }
  both.append(input);
  row.append(label, both);
  /** @type {Field} */
  const field = { name, schema, input, initial: state(input), automatic: null };
  if (absent) row.append(automatic(field, slider ?? null));
  return { field, row };
}

/**
 * @param {Field} field
 * @param {HTMLInputElement | null} slider
 */
function automatic(field, slider) {
  const { schema, input } = field;
  const tick = make("input", { type: "checkbox", checked: true });
  tick.ariaLabel = `${words(field.name)}: ${t("automatic")}`;
  const label = make("label", { className: "tick" });
  label.append(tick, t("automatic"));
  field.automatic = tick;
  const show = () => {
    input.disabled = tick.checked;
    if (slider) slider.disabled = tick.checked;
    if (tick.checked) input.value = "";
    else if (isNumber(schema)) input.value = start(schema);
    else if (input instanceof HTMLSelectElement) input.selectedIndex = 0;
    if (slider && !tick.checked) slider.value = input.value;
  };
  tick.addEventListener("change", show);
  show();
  return label;
}

/** @param {string} name */
const words = (name) => name.replaceAll("_", " ");

/** @param {Schema} schema */
const isNumber = (schema) => schema.type === "number" || schema.type === "integer";

/** @param {Schema} schema */
const rows = (schema) => schema.items?.type === "array";

/** @param {Input} input */
const state = (input) => (input instanceof HTMLInputElement && input.type === "checkbox" ? input.checked : input.value);

/** @param {unknown} value */
const told = (value) => (Array.isArray(value) ? JSON.stringify(value).slice(1, -1) : String(value));

/**
 * Numbers as people write them: without the outermost brackets, or with them.
 * @param {string} text
 * @param {Schema} schema
 * @returns {unknown}
 */
function list(text, schema) {
  const whole = text.trim().startsWith(rows(schema) ? "[[" : "[");
  return JSON.parse(whole ? text : `[${text}]`);
}

/**
 * What a field says, as JSON has it.
 * @param {Field} field
 * @returns {unknown}
 */
function read({ name, schema, input }) {
  const called = { name: words(name) };
  if (schema.type === "array") {
    try {
      return list(input.value, schema);
    } catch {
      throw new Error(t(rows(schema) ? "rows" : "numbers", called));
    }
  }
  if (schema.enum) return schema.enum.find((value) => String(value) === input.value);
  if (isNumber(schema) && input instanceof HTMLInputElement && !input.checkValidity()) {
    throw new Error(t("range", { ...called, low: input.min, high: input.max }));
  }
  return isNumber(schema) ? Number(input.value) : state(input);
}

export class Builder {
  /** @type {Map<Element, { step: Step, fields: Field[] }>} by the item of the list that shows them */
  #shown = new Map();

  /** @param {HTMLElement} place the list that shows the steps */
  constructor(place) {
    this.place = place;
  }

  /** @param {Step} step */
  add(step) {
    const item = document.createElement("li");
    const group = document.createElement("fieldset");
    const params = make("div", { className: "params" });
    const fields = [];
    for (const [name, schema] of Object.entries(step.schema.properties)) {
      const one = labelled(name, schema);
      if (!one) continue;
      fields.push(one.field);
      params.append(one.row);
    }
    const remove = make("button", { type: "button", textContent: t("remove"), ariaLabel: t("removeStep", { step: words(step.name) }) });
    remove.addEventListener("click", () => {
      this.#shown.delete(item);
      item.remove();
    });
    group.append(
      make("legend", { textContent: words(step.name) }),
      make("p", { className: "note", textContent: step.summary, lang: "en" }),
      params,
      remove,
    );
    item.append(group);
    this.#shown.set(item, { step, fields });
    this.place.append(item);
    fields.find((field) => !field.input.disabled)?.input.focus();
  }

  /**
   * What is shown, without what the step takes anyway: its defaults, and what it finds itself.
   * @returns {StepCall[]}
   */
  steps() {
    const calls = [...this.#shown.values()].map(({ step, fields }) => {
      /** @type {Record<string, unknown>} */
      const params = {};
      for (const field of fields) {
        const now = state(field.input);
        if (field.automatic?.checked) continue;
        if (field.automatic && now === "") throw new Error(t("value", { name: words(field.name) }));
        // A parameter without a default is always said.
        if (!field.automatic && (now === "" || (now === field.initial && "default" in field.schema))) continue;
        params[field.name] = read(field);
      }
      return { name: step.name, params };
    });
    if (!calls.length) throw new Error(t("noStep"));
    return calls;
  }
}
