// The gateway's REST interface. One function asks; refusals become ApiError with the gateway's own words.
import { currentLanguage, t } from "./i18n.js";

/** Of a form that is not as it must be: which field, and what is wrong with it. */
function fieldOf(problem) {
  const field = problem?.field;
  return field ? `${field[currentLanguage()]}: ${field.ruleText[currentLanguage()]}.` : "";
}

/** message: in the reader's language; reason: the gateway's code; advice: what to do, or "". */
export class ApiError extends Error {
  constructor(status, problem) {
    super([problem?.messages?.[currentLanguage()] || problem?.title || t("error.status", { status }), fieldOf(problem)].join(" ").trim());
    this.status = status;
    this.reason = problem?.reason || "";
    this.detail = problem?.detail && problem.detail !== problem.messages?.en ? problem.detail : "";
    this.advice = problem?.advice?.[currentLanguage()] || "";
    this.problem = problem || {};
  }
}

let csrf = null;
let background = 0; // what runs now that nobody asked for
let onSessionLost = () => {};

export function useSession(session, lost) {
  csrf = session?.csrf || null;
  if (lost) onSessionLost = lost;
}

function headersOf(method, body, more) {
  const headers = { accept: "application/json, application/problem+json", ...more };
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) headers["content-type"] ??= "application/json";
  if (background) headers["x-background"] = "yes";
  if (csrf && method !== "GET") headers["x-csrf-token"] = csrf;
  return headers;
}

async function refusal(answer) {
  const text = await answer.text();
  let problem = null;
  try {
    problem = JSON.parse(text);
  } catch {
    // not the gateway's own words: a proxy's page, perhaps
  }
  return new ApiError(answer.status, problem);
}

/** Asks, and gives the Response. Whoever finds the session gone says so to the page, which then asks to sign in. */
export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers: headersOf(method, body, headers), body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      credentials: "same-origin", cache: "no-store", redirect: "error", signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { title: t("error.network") });
  }
  if (answer.ok) return answer;
  const error = await refusal(answer);
  if (answer.status === 401 && !path.startsWith("/session")) onSessionLost(error);
  throw error;
}

/** What a page does by itself: it does not count as somebody being there, so that a session which nobody uses ends in time. */
export async function inBackground(work) {
  background += 1;
  try {
    return await work();
  } finally {
    background -= 1;
  }
}

export async function get(path, options) {
  return (await ask("GET", path, options)).json();
}

export async function post(path, body = {}, options = {}) {
  const answer = await ask("POST", path, { body, ...options });
  const text = await answer.text();
  return text && (answer.headers.get("content-type") || "").includes("json") ? JSON.parse(text) : null;
}

export const remove = (path) => ask("DELETE", path);

export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

let known = null;

/** Organisations that this gateway serves: [{bin, kind, nameKk, nameRu}]. */
export async function organisations() {
  known ??= fetch("/console/config.json").then((answer) => answer.json()).then((config) => config.organisations || []);
  return known;
}
