#!/usr/bin/env node
// A receiver for the callbacks of Kling, Doubao (Ark), MiniMax and Vidu: Node 20, standard library only.
//
//     POST /hooks/{vendor}           callbacks about jobs that somebody else submitted
//     POST /hooks/{vendor}/{secret}  callbacks about jobs that we submitted, each at a URL of its own
//     POST /jobs                     submits a job at the gateway: {"vendor": …, "model": …, "prompt": …}
//     GET  /effects/{id}             how often the work for a job was done, and its last state (for tests; keep it private)
//
// docs/write-a-receiver.md goes through this file question by question; the marked regions are what it quotes.
// The environment is the one that `ringback test receiver --exec 'node examples/receiver.mjs'` sets. Everything is kept
// in memory, for an example: where a restart must not forget, the comments say what belongs into a database.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const PORT = Number(process.env.PORT);
const PUBLIC_URL = process.env.PUBLIC_URL ?? `http://127.0.0.1:${PORT}`; // what vendors reach us at; https in real life
const GATEWAY = (process.env.RINGBACK_GATEWAY_URL ?? "").replace(/\/$/, "");
const API_KEY = process.env.RINGBACK_API_KEY ?? "";

const VENDORS = ["kling", "doubao", "minimax", "vidu"];
const MAX_BODY = 1024 * 1024; // bytes; real callbacks have a few thousand
const MAX_DEPTH = 200; // of JSON; real callbacks have five
const MAX_CONFIRMATIONS = 1000; // questions to the gateway at once
const SUBMIT_TIME = 30_000; // ms; MiniMax calls us before the gateway can answer a submit
const STATUS_TIME = 5_000; // ms
const CLOCK_SKEW = 300; // seconds a signature may be old or early
const GIVE_UP = 24 * 3600_000; // ms after which a job that never ended needs a human

/** An answer other than 2xx. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// ---- Who says so? ---------------------------------------------------------------------------------------------------

/** Several secrets with commas between them: while a secret is being rotated, the old one and the new one hold. */
const secretsIn = (variable) => (process.env[variable] ?? "").split(",").map((text) => text.trim()).filter(Boolean);

function webhookKey(secret) {
  const text = secret.replace(/^whsec_/, "");
  const key = Buffer.from(text, "base64"); // skips what is no base64, so compare:
  if (key.toString("base64") === text) return key;
  console.error("RINGBACK_KLING_SECRET is not whsec_ followed by base64");
  process.exit(1); // better no receiver than one that refuses everything
}

const KEYS = {
  kling: secretsIn("RINGBACK_KLING_SECRET").map(webhookKey),
  vidu: secretsIn("RINGBACK_VIDU_SECRET").map((text) => Buffer.from(text)),
};
const SIGNATURES = { kling: isSignedByKling, vidu: isSignedByVidu };

/** Compares in constant time: how long a wrong guess takes must not tell how much of it was right. */
function signedByAny(keys, text, signatures) {
  const expected = keys.map((key) => Buffer.from(createHmac("sha256", key).update(text).digest("base64")));
  const given = signatures.map((signature) => Buffer.from(signature));
  return expected.some((right) => given.some((one) => one.length === right.length && timingSafeEqual(one, right)));
}

// guide: kling-signature
/** Standard Webhooks: the id, the time and the body, exactly as they came, joined with dots. */
function isSignedByKling(keys, request) {
  const [id, sent, offered] = ["id", "timestamp", "signature"].map((name) => request.header(`webhook-${name}`));
  if (!id || !/^[0-9]{1,12}$/.test(sent) || Math.abs(Date.now() / 1000 - Number(sent)) > CLOCK_SKEW) {
    return false; // an old recording is no better than a forgery
  }
  const text = Buffer.concat([Buffer.from(`${id}.${sent}.`, "latin1"), request.body]);
  const signatures = offered.split(" ").filter((part) => part.startsWith("v1,")); // two of them during a rotation
  return signedByAny(keys, text, signatures.map((part) => part.slice(3)));
}
// end

/** The request line and the headers that Vidu lists: not the body, so this vouches for the URL and the time only. */
function isSignedByVidu(keys, request) {
  const date = request.header("date");
  const names = request.header("x-hmac-signed-headers").split(";");
  if (request.header("x-hmac-algorithm") !== "hmac-sha256" || request.header("x-hmac-access-key") !== "vidu") {
    return false; // never let the sender choose how it is checked
  }
  if (!names.every((name) => request.header(name)) || !isRecent(date)) return false;
  const lines = [request.method, request.path || "/", request.query, "vidu", date]; // raw: not sorted, not decoded
  lines.push(...names.map((name) => `${name}:${request.header(name)}`)); // spelled and ordered as listed
  const text = lines.map((line) => `${line}\n`).join(""); // the last line ends in a newline too
  return signedByAny(keys, Buffer.from(text, "latin1"), [request.header("x-hmac-signature")]);
}

/** Vidu names no window; five minutes are what receivers use, because a recording could carry any body. */
function isRecent(date) {
  return Math.abs(Date.now() - Date.parse(date)) <= CLOCK_SKEW * 1000; // NaN is not
}

// ---- What does it say? ----------------------------------------------------------------------------------------------

// The words of all vendors, of all generations of their APIs, and of the gateway. A word that is not here changes
// nothing: vendors add words, and one that nobody knows must neither end a job nor be answered with an error.
const WORDS = {
  running: ["submitted", "created", "not_started", "pending", "preparing", "queued", "queueing", "processing", "running",
    "in_progress"],
  success: ["succeed", "succeeded", "success", "finished", "completed"],
  failure: ["failed", "fail", "failure", "error", "expired", "cancelled", "canceled"],
};
const CLASS = new Map(Object.entries(WORDS).flatMap(([kind, words]) => words.map((word) => [word, kind])));
const classOf = (word) => typeof word === "string" ? CLASS.get(word.toLowerCase()) : undefined; // MiniMax writes `Success` too

// guide: parse
/** Strict JSON, or a 400: what two readers could read differently is not acted upon. */
function parse(raw) {
  let body;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    JSON.parse(text); // only of valid JSON can the tokens be found with an expression
    body = JSON.parse(unambiguous(text));
  } catch (error) {
    throw new Refusal(400, `the body is not JSON: ${error.message}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refusal(400, "the body must be an object");
  return body;
}

/** JSON.parse rounds 115334141465231361 to …360 and keeps the last of two equal keys. Both would change the job. */
function unambiguous(json) {
  const open = []; // the keys of every object around the place
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]|-?\d[\d.eE+-]*/g, (token, colon) => {
    if ("{[".includes(token) && open.push(new Set()) > MAX_DEPTH) throw new Error("it is nested too deeply");
    if ("}]".includes(token)) open.pop();
    if (/^-?\d{16,}$/.test(token)) return `"${token}"`; // ids stay text
    if (colon) {
      const key = JSON.parse(token.slice(0, -colon.length));
      if (open.at(-1).has(key)) throw new Error("a key occurs twice");
      open.at(-1).add(key);
    }
    return token;
  });
}
// end

/** [id, state] of a callback. Every other field is optional, and new ones are no error. */
function readEvent(vendor, body) {
  let names = ["id", vendor === "vidu" ? "state" : "status"]; // Ark, Vidu, Kling's API 2.0
  if (vendor === "kling" && body.task_id != null) names = ["task_id", "task_status"]; // its legacy API
  if (vendor === "minimax") {
    const wrapped = typeof body.task === "object" && body.task !== null; // API v2
    if (wrapped) body = body.task;
    else names = ["task_id", "status"];
  }
  let [id, word] = names.map((name) => body[name]);
  if (Number.isSafeInteger(id)) id = String(id);
  if (typeof id !== "string" || !/^[0-9A-Za-z_][!-~]{0,199}$/.test(id)) throw new Refusal(400, `${names[0]} must be an id`);
  if (typeof word !== "string" || !word) throw new Refusal(400, `${names[1]} must be a word`);
  return [id, word];
}

// ---- Jobs -----------------------------------------------------------------------------------------------------------

class Job {
  state = null;
  count = 0;
  ended = false;

  constructor(vendor) {
    this.vendor = vendor;
  }
}

// Maps, not objects: an id may be `__proto__`.
const BY_SECRET = new Map(); // jobs that we submitted: the id in their callbacks is the vendor's, and means nothing
const BY_GATEWAY_ID = new Map();
const BY_VENDOR_ID = new Map(); // other jobs, by vendor and id: two vendors may use the same one

function jobKnownAs(vendor, id) {
  const key = `${vendor} ${id}`;
  if (!BY_VENDOR_ID.has(key)) BY_VENDOR_ID.set(key, new Job(vendor));
  return BY_VENDOR_ID.get(key);
}

// guide: settle
/**
 * Believe that a job is in this state: the one place where callbacks and polls meet, in whatever order they come.
 *
 * The work is done once for a job, not once for a callback, an id of a delivery or a pair of id and state: the same
 * end may be told by three attempts of a vendor and by a poll. There is no `await` between the look and the mark, so
 * nobody comes in between. In a database, claiming the job is one statement (UPDATE … SET state = … WHERE id = … AND
 * NOT ended), in one transaction with the work or with an order for it.
 */
function settle(job, word) {
  const kind = classOf(word);
  if (!kind) return;
  if (job.ended) return; // an end is final: a late `processing`, a repetition and another ending all change nothing
  job.state = word;
  if (kind === "running") return; // not the end, so the end that follows is no duplicate of this
  job.ended = true;
  doTheWork(job); // only the one caller that ended the job comes here
}
// end

/** What is done once when a job has ended: fetch the result before its URL expires, charge, send a mail. */
function doTheWork(job) {
  job.count += 1;
}

// ---- Callbacks: acknowledge first, work later -----------------------------------------------------------------------

/** One callback: only what is quick and decides the answer. The rest happens after the answer. */
function receive(vendor, job, request) {
  const keys = KEYS[vendor] ?? [];
  if (keys.length && !SIGNATURES[vendor](keys, request)) { // before parsing: the signature is over bytes, not over values
    throw new Refusal(401, "the signature is missing, wrong or too old");
  }
  const body = parse(request.body);
  if (vendor === "minimax" && typeof body.challenge === "string") {
    return { challenge: body.challenge }; // nothing to look up: MiniMax asks before any job exists
  }
  const [id, word] = readEvent(vendor, body);
  if (job || keys.length) { // only we and the vendor know this URL, or the vendor has signed
    job ??= jobKnownAs(vendor, id);
    setImmediate(settle, job, word); // a real receiver writes it to a table before it answers: 200 is a promise
  } else {
    confirm(vendor, id, word);
  }
  return { received: true };
}

const CONFIRMING = new Set();

/** An unsigned callback at a URL that anybody can guess is a hint: ask the gateway, while the answer goes out. */
function confirm(vendor, id, word) {
  const hint = `${vendor} ${id} ${word}`;
  if (!classOf(word) || CONFIRMING.has(hint) || BY_VENDOR_ID.get(`${vendor} ${id}`)?.ended) {
    return; // fifty copies of a hint are one question
  }
  if (CONFIRMING.size >= MAX_CONFIRMATIONS) throw new Refusal(503, "too much to do; try again"); // no 200: it would not
  CONFIRMING.add(hint);
  askAbout(vendor, id, word).catch(console.error).finally(() => CONFIRMING.delete(hint));
}

async function askAbout(vendor, id, word) {
  for (const pause of [0, 0.25, 0.5, 1, 2, 4, 8, 16, 30]) { // the gateway polls the vendor, so it may hear later than we do
    await sleep(pause * 1000);
    const [status, truth] = await taskStatus(id);
    if (classOf(truth) === classOf(word)) return settle(jobKnownAs(vendor, id), word);
    if (status === 404 || ["success", "failure"].includes(classOf(truth))) {
      return; // nobody knows such a job, or it ended differently: the callback was not true
    }
  }
}

// ---- The gateway: submit, and poll in case no callback comes --------------------------------------------------------

/** [HTTP status or 0, the `data` of the answer or {}]. No redirects, no second try: a job is billed once. */
async function ask(method, path, body, timeout = STATUS_TIME) {
  let status = 0;
  try {
    const response = await fetch(GATEWAY + path, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", connection: "close" },
      body: body && JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(timeout), // for the body as well
    });
    status = response.status;
    const { data } = parse(await readBounded(response.body));
    return [status, typeof data === "object" && data !== null ? data : {}];
  } catch {
    return [status, {}];
  }
}

async function taskStatus(id) {
  const [status, data] = await ask("GET", `/api/generate/status/${encodeURIComponent(id)}`);
  return [status, status === 200 ? data.status : undefined];
}

/** Submit a job with a callback URL that only we, the gateway and the vendor know. */
async function submit({ vendor, model, prompt }) {
  if (!VENDORS.includes(vendor) || typeof model !== "string" || typeof prompt !== "string") {
    throw new Refusal(400, "vendor, model and prompt are required");
  }
  const secret = randomBytes(32).toString("base64url");
  const job = new Job(vendor);
  BY_SECRET.set(secret, job); // first: MiniMax's challenge, even a callback, may come before the answer
  const metadata = { callback_url: `${PUBLIC_URL}/hooks/${vendor}/${secret}` };
  const [status, data] = await ask("POST", "/api/generate/submit", { model, input: { prompt, metadata } }, SUBMIT_TIME);
  if (status < 200 || status >= 300 || typeof data.task_id !== "string") {
    if (status >= 400 && status < 500) BY_SECRET.delete(secret); // refused. After any other answer, or none, the job
    throw new Refusal(502, `the gateway did not accept the job (HTTP ${status})`); // may exist: its callback finds us
  }
  BY_GATEWAY_ID.set(data.task_id, job);
  poll(job, data.task_id).catch(console.error);
  return { task_id: data.task_id };
}

/** Ask until the job has ended, as if there were no callbacks: vendors give up after a few attempts, or after one. */
async function poll(job, taskId) {
  const born = Date.now();
  while (!job.ended && Date.now() - born < GIVE_UP) {
    await sleep(Math.min(Math.max((Date.now() - born) / 4, 250), 10_000)); // the longer it takes the less a moment matters
    if (job.ended) return; // a callback was quicker
    const [, word] = await taskStatus(taskId); // no answer, an error, an unknown word: ask again later
    settle(job, word);
  }
}

function effects(id) {
  const job = BY_GATEWAY_ID.get(id) ?? VENDORS.map((vendor) => BY_VENDOR_ID.get(`${vendor} ${id}`)).find(Boolean);
  if (!job) throw new Refusal(404, "nothing is known of such a job");
  return { count: job.count, state: job.state };
}

// ---- HTTP -----------------------------------------------------------------------------------------------------------

/** The whole body, or a refusal as soon as it is known to be too long. */
async function readBounded(stream, announced = 0) {
  const parts = [];
  let size = 0;
  if (Number(announced) > MAX_BODY) throw new Refusal(413, `a body may have ${MAX_BODY} bytes`);
  for await (const part of stream) {
    if ((size += part.length) > MAX_BODY) throw new Refusal(413, `a body may have ${MAX_BODY} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function route(incoming) {
  const [path, ...rest] = incoming.url.split("?");
  const request = {
    method: incoming.method,
    path,
    query: rest.join("?"),
    header: (name) => incoming.headers[name.toLowerCase()] ?? "", // Node has lower-cased the names
    body: await readBounded(incoming.iterator({ destroyOnReturn: false }), incoming.headers["content-length"]),
  };
  const allow = (method) => {
    if (incoming.method !== method) throw new Refusal(405, `use ${method}`);
  };
  const [kind, name, secret, ...more] = path.split("/").slice(1);
  const job = BY_SECRET.get(secret);
  if (more.length === 0 && kind === "hooks" && VENDORS.includes(name) && (secret === undefined || job?.vendor === name)) {
    allow("POST");
    return receive(name, job, request);
  }
  if (path === "/jobs") {
    allow("POST");
    return submit(parse(request.body)); // while it waits, other requests go on: MiniMax's challenge is one of them
  }
  if (kind === "effects" && name && secret === undefined) {
    allow("GET");
    return effects(decode(name));
  }
  throw new Refusal(404, "no such endpoint");
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, "the path is not well escaped");
  }
}

async function answer(incoming, outgoing) {
  let status = 200;
  let payload;
  try {
    payload = await route(incoming);
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return; // the sender hung up, or took too long
    if (!(error instanceof Refusal)) console.error(error);
    status = error instanceof Refusal ? error.status : 500;
    payload = { error: error instanceof Refusal ? error.message : "our fault" };
  }
  const body = JSON.stringify(payload);
  outgoing.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  outgoing.end(body);
  incoming.resume(); // what was not read is thrown away, until requestTimeout: a reset could overtake the answer
}

// guide: deadline
const server = createServer({
  requestTimeout: 20_000, // ms for one whole request, however slowly its bytes come
  headersTimeout: 20_000,
  connectionsCheckingInterval: 1_000, // the limits above are looked at so often; by default every 30 s
  keepAliveTimeout: 120_000, // longer than senders keep an idle connection, so that it is them who close it
}, answer);
server.maxConnections = 1000;
// end

for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => process.exit(0));
server.listen(PORT, "127.0.0.1", 1024);
