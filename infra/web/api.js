// The API, seen from the page. Addresses are relative: the page lies at the API's root.

let credentials = {};

// A key of the API, or where the stack goes by a user pool a token (a JWT, three parts of base64).
export function useKey(value) {
  credentials = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? { Authorization: `Bearer ${value}` } : { "x-api-key": value };
}

export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const BUSY = [429, 502, 503, 504];
const ATTEMPTS = 8;
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Many photos at once go past the API's rate: such answers are asked again, later each time.
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

export const steps = async () => (await call("steps")).steps.filter((step) => step.returns === "image");
export const recipes = async () => (await call("recipes")).recipes;
export const job = (id) => call(`jobs/${id}`);

export const announce = (request) =>
  call("jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify(request),
  });

// fetch tells nothing of an upload's progress; XMLHttpRequest does.
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
