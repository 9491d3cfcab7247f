// @ts-check
// A recipe of one's own: a form for each step, made from the JSON schema of its parameters.

import { make } from "./elements.js";

/**
 * @typedef {import("./api.js").Schema} Schema
 * @typedef {import("./api.js").Step} Step
 * @typedef {import("./api.js").StepCall} StepCall
 * @typedef {HTMLInputElement | HTMLSelectElement} Input
 * @typedef {{ name: string, schema: Schema, input: Input, initial: string | boolean }} Field of one parameter
 */

let made = 0;

/**
 * A parameter that may be absent is an anyOf with null: the form shows the other half.
 * @param {Schema} schema
 * @returns {Schema}
 */
function plain(schema) {
  const half = schema.anyOf?.find((option) => option.type !== "null" || option.enum);
  return half ? { ...schema, ...half } : schema;
}

/**
 * A slider needs both ends. An end that is excluded is a small step away.
 * @param {Schema} schema
 */
function bounds(schema) {
  const span = (schema.maximum ?? schema.exclusiveMaximum ?? 1) - (schema.minimum ?? schema.exclusiveMinimum ?? 0);
  const step = schema.type === "integer" ? 1 : 10 ** Math.floor(Math.log10(span / 200));
  const low = schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + step);
  const high = schema.maximum ?? (schema.exclusiveMaximum === undefined ? undefined : schema.exclusiveMaximum - step);
  return { low, high, step };
}

/**
 * The form's element for a parameter, and where its value is shown if it does not show it itself.
 * @param {Schema} schema
 * @returns {{ input: Input, shown?: HTMLOutputElement } | null} null: left to the step's own default, or the API
 */
function control(schema) {
  const { low, high, step } = bounds(schema);
  if (schema.enum) {
    const input = make("select", {});
    for (const value of schema.enum) input.add(new Option(String(value), String(value)));
    return { input };
  }
  if (schema.type === "boolean") return { input: make("input", { type: "checkbox", checked: schema.default === true }) };
  if (isNumber(schema) && low !== undefined && high !== undefined) {
    const input = make("input", { type: "range", min: String(low), max: String(high), step: String(step) });
    const shown = make("output", {});
    const show = () => (shown.textContent = input.value);
    input.addEventListener("input", show);
    queueMicrotask(show);
    return { input, shown };
  }
  if (isNumber(schema)) {
    return { input: make("input", { type: "number", step: "any", min: String(low ?? ""), max: String(high ?? "") }) };
  }
  if (schema.type === "string") return { input: make("input", { type: "text" }) };
  if (schema.type === "array") {
    return { input: make("input", { type: "text", placeholder: rows(schema) ? "[1, 2], [3, 4]" : "1, 2, 3" }) };
  }
  return null;
}

/**
 * @param {string} name
 * @param {Schema} schema
 * @returns {{ field: Field, label: HTMLLabelElement } | null}
 */
function labelled(name, schema) {
  const shaped = control(schema);
  if (!shaped) return null;
  const { input, shown } = shaped;
  const title = make("span", { textContent: words(name) + (schema.unit ? ` (${schema.unit}) ` : " ") });
  if (shown) title.append(shown);
  input.name = name;
  input.id = `parameter-${made++}`;
  // The value that is shown beside the name could be labelled as well.
  const label = make("label", { title: schema.description ?? "", htmlFor: input.id });
  if (schema.default !== null && schema.default !== undefined && schema.type !== "boolean") input.value = String(schema.default);
  label.append(title, input);
  return { field: { name, schema, input, initial: state(input) }, label };
}

/** @param {string} name */
const words = (name) => name.replaceAll("_", " ");

/** @param {Schema} schema */
const isNumber = (schema) => schema.type === "number" || schema.type === "integer";

/** @param {Schema} schema */
const rows = (schema) => schema.items?.type === "array";

/** @param {Input} input */
const state = (input) => (input instanceof HTMLInputElement && input.type === "checkbox" ? input.checked : input.value);

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
  if (schema.type === "array") {
    try {
      return list(input.value, schema);
    } catch {
      throw new Error(`${words(name)}: ${rows(schema) ? "rows of numbers in brackets, as [1, 2], [3, 4]" : "numbers, as 1, 2, 3"}`);
    }
  }
  if (schema.enum) return schema.enum.find((value) => String(value) === input.value);
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
      const one = labelled(name, plain(schema));
      if (!one) continue;
      fields.push(one.field);
      params.append(one.label);
    }
    const remove = make("button", { type: "button", textContent: "Remove", ariaLabel: `Remove ${words(step.name)}` });
    remove.addEventListener("click", () => {
      this.#shown.delete(item);
      item.remove();
    });
    group.append(
      make("legend", { textContent: words(step.name) }),
      make("p", { className: "note", textContent: step.summary }),
      params,
      remove,
    );
    item.append(group);
    this.#shown.set(item, { step, fields });
    this.place.append(item);
    fields[0]?.input.focus();
  }

  /**
   * Only what differs from the defaults is sent.
   * @returns {StepCall[]}
   */
  steps() {
    return [...this.#shown.values()].map(({ step, fields }) => {
      /** @type {Record<string, unknown>} */
      const params = {};
      for (const field of fields) {
        const now = state(field.input);
        // A parameter without a default is always said; a slider may round a default, which is no choice of anyone's.
        if (now === "" || (now === field.initial && "default" in field.schema)) continue;
        params[field.name] = read(field);
      }
      return { name: step.name, params };
    });
  }
}
