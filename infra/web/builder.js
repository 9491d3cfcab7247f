// A recipe of one's own: a form for each step, made from the JSON schema of its parameters.

let made = 0;
const NUMBERS = new Set(["number", "integer"]);

// A parameter that may be absent is an anyOf with null: the form shows the other half.
function plain(schema) {
  const half = schema.anyOf?.find((option) => option.type !== "null" || option.enum);
  return half ? { ...schema, ...half } : schema;
}

// A slider needs both ends. An end that is excluded is a small step away.
function bounds(schema) {
  const span = (schema.maximum ?? schema.exclusiveMaximum ?? 1) - (schema.minimum ?? schema.exclusiveMinimum ?? 0);
  const step = schema.type === "integer" ? 1 : 10 ** Math.floor(Math.log10(span / 200));
  const low = schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + step);
  const high = schema.maximum ?? (schema.exclusiveMaximum === undefined ? undefined : schema.exclusiveMaximum - step);
  return { low, high, step };
}

function control(name, schema) {
  const { low, high, step } = bounds(schema);
  const label = document.createElement("label");
  const title = document.createElement("span");
  title.textContent = name.replaceAll("_", " ") + (schema.unit ? ` (${schema.unit}) ` : " ");
  label.title = schema.description ?? "";
  label.append(title);
  let input;
  if (schema.enum) {
    input = document.createElement("select");
    for (const value of schema.enum) input.add(new Option(String(value), String(value)));
  } else if (schema.type === "boolean") {
    input = document.createElement("input");
    input.type = "checkbox";
    input.checked = schema.default === true;
  } else if (NUMBERS.has(schema.type) && low !== undefined && high !== undefined) {
    input = document.createElement("input");
    Object.assign(input, { type: "range", min: low, max: high, step });
    const shown = document.createElement("output");
    title.append(shown);
    input.addEventListener("input", () => (shown.textContent = input.value));
    queueMicrotask(() => (shown.textContent = input.value));
  } else if (NUMBERS.has(schema.type)) {
    input = document.createElement("input");
    Object.assign(input, { type: "number", step: "any" });
    if (low !== undefined) input.min = low;
    if (high !== undefined) input.max = high;
  } else if (schema.type === "string") {
    input = document.createElement("input");
    input.type = "text";
  } else if (schema.type === "array") {
    input = document.createElement("input");
    Object.assign(input, { type: "text", placeholder: rows(schema) ? "[1, 2], [3, 4]" : "1, 2, 3" });
  } else {
    return null; // the step's own default, or the API
  }
  input.name = name;
  input.id = `parameter-${made++}`;
  label.htmlFor = input.id; // the value that is shown beside the name could be labelled as well
  if (schema.default !== null && schema.default !== undefined && input.type !== "checkbox") input.value = schema.default;
  label.append(input);
  input.initial = input.type === "checkbox" ? input.checked : input.value;
  return label;
}

const rows = (schema) => schema.items?.type === "array";

// Numbers as people write them: without the outermost brackets, or with them.
function list(text, schema) {
  const whole = text.trim().startsWith(rows(schema) ? "[[" : "[");
  return JSON.parse(whole ? text : `[${text}]`);
}

function read(input, schema) {
  if (input.type === "checkbox") return input.checked;
  if (schema.type === "array") {
    try {
      return list(input.value, schema);
    } catch {
      const form = rows(schema) ? "rows of numbers in brackets, as" : "numbers, as";
      throw new Error(`${input.name.replaceAll("_", " ")}: ${form} ${input.placeholder}`);
    }
  }
  if (schema.enum) return schema.enum.find((value) => String(value) === input.value);
  return NUMBERS.has(schema.type) ? Number(input.value) : input.value;
}

export class Builder {
  constructor(list) {
    this.list = list;
  }

  add(step) {
    const item = document.createElement("li");
    const fields = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = step.name.replaceAll("_", " ");
    const about = document.createElement("p");
    about.className = "note";
    about.textContent = step.summary;
    const params = document.createElement("div");
    params.className = "params";
    for (const [name, schema] of Object.entries(step.schema.properties)) {
      const field = control(name, plain(schema));
      if (field) params.append(field);
    }
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${legend.textContent}`);
    remove.addEventListener("click", () => item.remove());
    fields.append(legend, about, params, remove);
    item.append(fields);
    item.step = step;
    this.list.append(item);
    params.querySelector("input, select")?.focus();
  }

  // Only what differs from the defaults is sent.
  steps() {
    return [...this.list.children].map((item) => {
      const params = {};
      for (const input of item.querySelectorAll("[name]")) {
        const schema = plain(item.step.schema.properties[input.name]);
        const now = input.type === "checkbox" ? input.checked : input.value;
        // A parameter without a default is always said; a slider may round a default, which is no choice of anyone's.
        if (now === "" || (now === input.initial && "default" in schema)) continue;
        params[input.name] = read(input, schema);
      }
      return { name: item.step.name, params };
    });
  }
}
