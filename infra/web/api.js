// @ts-check
// The API, seen from the page. Addresses are relative: the page lies at the API's root.

import { t } from "./words.js";

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
 * @typedef {{ name: string, params?: Record<string, unknown> }} StepCall
 * @typedef {{ blend?: number, format?: string, quality?: number, finish?: string, recipe?: string, steps?: StepCall[] }} Wanted
 * @typedef {{ url: string, fields: Record<string, string> }} Form
 * @typedef {{ id: string, status: Status, upload?: Form }} Announced
 * @typedef {"waiting" | "running" | "succeeded" | "superseded" | "rejected" | "failed"} Status
 * @typedef {{ stage: string, status: "planned" | "running" | "done" | "failed", since?: string, milliseconds?: number }} Stage
 * @typedef {{ name: string, present: boolean, strength: number, helps: string[] }} Defect
 * @typedef {{ defect: string, chosen: boolean, why: string, steps: StepCall[] }} Decision
 * @typedef {{ bytes?: number, format?: string }} Size
 * @typedef {object} Report
 * @property {string} recipe
 * @property {number} blend
 * @property {string | null} format
 * @property {number | null} quality
 * @property {string | null} finish
 * @property {Size} source
 * @property {Size | null} result
 * @property {{ defects: Defect[] } | null} diagnosis
 * @property {Decision[]} decisions
 * @property {{ stage: string, steps: StepCall[] }[]} stages
 * @typedef {object} Summary
 * @property {string} id
 * @property {Status} status
 * @property {string} filename
 * @property {string} created
 * @property {string} [recipe]
 * @property {string} [source] the job whose photo this one has a copy of
 * @property {{ code: string, message: string }} [error] of a job that was not done
 * @typedef {Summary & { stages: Stage[], report?: Report, reasons?: { about: string, words: string }[],
 *   links: { original?: string, result?: string, download?: string } }} Job
 * @typedef {{ id: string, created: string, source: string, photos: number }} BatchSummary
 * @typedef {BatchSummary & { status: "running" | "ended" | "stopped" | "failed", succeeded: number, skipped: number, rejected: number,
 *   failed: number, phase?: "looking" | "agreeing" | "enhancing", errors: { code: string, message: string, photos: number }[] }} Batch
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

/** Resolves at once, or when the browser is online again. */
export const online = () =>
  navigator.onLine ? Promise.resolve() : new Promise((resolve) => addEventListener("online", resolve, { once: true }));

/**
 * Many photos at once go past the API's rate: such answers are asked again, later each time. So is what the network lost.
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} [options]
 * @returns {Promise<Response>}
 */
async function answer(path, options = {}) {
  for (let attempt = 1; ; attempt++) {
    await online();
    const got = await fetch(path, { ...options, headers: { ...credentials, ...options.headers } }).catch(() => null);
    if (got && !BUSY.includes(got.status)) {
      if (got.ok) return got;
      throw await refusal(got);
    }
    if (attempt === ATTEMPTS) throw got ? await refusal(got) : new Refused(0, "network", t("unreachable"));
    if (navigator.onLine) await pause(Math.min(250 * 2 ** attempt, 5000) * (0.5 + Math.random() / 2));
  }
}

/** @param {Response} got */
async function refusal(got) {
  const body = await got.json().catch(() => ({}));
  if (got.status === 401 || got.status === 403) return new Refused(got.status, "key", t("keyWrong"));
  if (got.status === 429) return new Refused(429, "busy", t("busy"));
  return new Refused(got.status, body.code ?? "unknown", body.detail ?? t("answered", { status: got.status }));
}

/** @type {(path: string) => Promise<any>} */
const get = async (path) => (await answer(path)).json();

/** @type {(path: string, body?: unknown, headers?: Record<string, string>) => Promise<any>} */
const post = async (path, body, headers = {}) => {
  const all = { "Content-Type": "application/json", ...headers };
  return (await answer(path, { method: "POST", headers: all, body: body === undefined ? undefined : JSON.stringify(body) })).json();
};

/** @returns {Promise<Step[]>} */
export const steps = async () => (await get("steps")).steps.filter((/** @type {Step} */ step) => step.returns === "image");

/** @returns {Promise<Recipe[]>} */
export const recipes = async () => (await get("recipes")).recipes;

/** @type {(next?: string | null) => Promise<{ jobs: Summary[], next: string | null }>} */
export const jobs = (next) => get(`jobs?limit=50${next ? `&next=${encodeURIComponent(next)}` : ""}`);

/** @type {(id: string) => Promise<Job>} */
export const job = (id) => get(`jobs/${id}`);

/** @type {(next?: string | null) => Promise<{ batches: BatchSummary[], next: string | null }>} newest first */
export const batches = (next) => get(`batches?limit=10${next ? `&next=${encodeURIComponent(next)}` : ""}`);

/** @type {(id: string) => Promise<Batch>} */
export const batch = (id) => get(`batches/${id}?outcomes=0`);

/** @type {(request: Wanted & { filename: string, content_type: string }, once: string) => Promise<Announced>} */
export const announce = (request, once) => post("jobs", request, { "Idempotency-Key": once });

/** @type {(id: string, wanted: Wanted) => Promise<Summary>} */
export const again = (id, wanted) => post(`jobs/${id}/again`, wanted);

/** Goes through even where the page is left at once. @type {(id: string) => Promise<Response>} */
export const stop = (id) => answer(`jobs/${id}/stop`, { method: "POST", keepalive: true });

/** Likewise. @type {(id: string) => Promise<Response>} */
export const remove = (id) => answer(`jobs/${id}`, { method: "DELETE", keepalive: true });

/** @type {(id: string, of: "original" | "result", side: number) => Promise<Blob>} */
export const preview = async (id, of, side) => (await answer(`jobs/${id}/preview?of=${of}&side=${side}`)).blob();

/** @type {(photo: Blob) => Promise<{ recipe: string, media_type: string, image: string }[]>} */
export const thumbnails = async (photo) =>
  (await (await answer("thumbnails", { method: "POST", headers: { "Content-Type": "image/jpeg" }, body: photo })).json()).thumbnails;

/**
 * fetch tells nothing of an upload's progress; XMLHttpRequest does.
 * @param {Form} form
 * @param {File} file
 * @param {(share: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function upload(form, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const data = new FormData();
    for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
    data.append("file", file);
    request.open("POST", form.url);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("load", () =>
      request.status < 300 ? resolve() : reject(new Refused(request.status, "upload", t("notTaken"))),
    );
    request.addEventListener("error", () => reject(new Refused(0, "network", t("cutOff"))));
    request.addEventListener("abort", () => reject(new Refused(0, "aborted", t("stopped"))));
    signal.addEventListener("abort", () => request.abort());
    request.send(data);
  });
}
