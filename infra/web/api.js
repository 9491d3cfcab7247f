// @ts-check
// The API, seen from the page. Addresses are relative: the page lies at the API's root.

/**
 * What the page reads of the API's answers; infra/openapi.yaml has all of it.
 * @typedef {string | number | boolean | null} Value
 * @typedef {object} Schema of a step's parameter
 * @property {string} [type]
 * @property {string} [unit]
 * @property {string} [description]
 * @property {unknown} [default]
 * @property {Value[]} [enum]
 * @property {Schema[]} [anyOf]
 * @property {Schema} [items]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [exclusiveMinimum]
 * @property {number} [exclusiveMaximum]
 * @typedef {{ name: string, stage: string, summary: string, returns: string, schema: { properties: Record<string, Schema> } }} Step
 * @typedef {{ name: string, description: string }} Recipe
 * @typedef {{ name: string, params: Record<string, unknown> }} StepCall
 * @typedef {{ blend: number, format?: string, recipe?: string, steps?: StepCall[] }} Wanted
 * @typedef {{ url: string, fields: Record<string, string> }} Form
 * @typedef {{ id: string, upload: Form }} Announced
 * @typedef {"waiting" | "running" | "succeeded" | "superseded" | "rejected" | "failed"} Status
 * @typedef {{ stage: string, status: "running" | "done" | "failed", milliseconds?: number }} Stage
 * @typedef {object} Job
 * @property {Status} status
 * @property {Stage[]} stages
 * @property {{ about: string, words: string }[]} [reasons] once it is done
 * @property {{ code: string, message: string }} [error] of a job that was not done
 * @property {{ result?: string, download?: string }} links
 */

/** @type {Record<string, string>} */
let credentials = {};

/**
 * A key of the API, or where the stack goes by a user pool a token (a JWT, three parts of base64).
 * @param {string} value
 */
export function useKey(value) {
  credentials = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? { Authorization: `Bearer ${value}` } : { "x-api-key": value };
}

export class Refused extends Error {
  /**
   * @param {number} status of HTTP; 0 where there was no answer
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const BUSY = [429, 502, 503, 504];
const ATTEMPTS = 8;

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Many photos at once go past the API's rate: such answers are asked again, later each time.
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} [options]
 */
async function call(path, options = {}) {
  let answer;
  for (let attempt = 1; ; attempt++) {
    try {
      answer = await fetch(path, { ...options, headers: { ...credentials, ...options.headers } });
    } catch {
      throw new Refused(0, "network", "The API cannot be reached. Check the connection and try again.");
    }
    if (!BUSY.includes(answer.status) || attempt === ATTEMPTS) break;
    await pause(Math.min(250 * 2 ** attempt, 5000) * (0.5 + Math.random() / 2));
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  if (answer.status === 401 || answer.status === 403) throw new Refused(answer.status, "key", "The API does not know this key.");
  if (answer.status === 429) throw new Refused(429, "busy", "Too many requests for this key: wait a moment.");
  throw new Refused(answer.status, body.code ?? "unknown", body.detail ?? `The API answered ${answer.status}.`);
}

/** @returns {Promise<Step[]>} */
export const steps = async () =>
  (await call("steps")).steps.filter((/** @type {Step} */ step) => step.returns === "image");

/** @returns {Promise<Recipe[]>} */
export const recipes = async () => (await call("recipes")).recipes;

/** @type {(id: string) => Promise<Job>} */
export const job = (id) => call(`jobs/${id}`);

/** @type {(request: Wanted & { filename: string, content_type: string }) => Promise<Announced>} */
export const announce = (request) =>
  call("jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify(request),
  });

/**
 * fetch tells nothing of an upload's progress; XMLHttpRequest does.
 * @param {Form} form
 * @param {File} file
 * @param {(share: number) => void} onProgress
 * @returns {Promise<void>}
 */
export function upload(form, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const data = new FormData();
    for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
    data.append("file", file);
    request.open("POST", form.url);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("load", () =>
      request.status < 300 ? resolve() : reject(new Refused(request.status, "upload", "The photo could not be uploaded.")),
    );
    request.addEventListener("error", () => reject(new Refused(0, "network", "The upload was cut off. Try again.")));
    request.send(data);
  });
}
