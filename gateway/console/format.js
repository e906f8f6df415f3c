// Moments, durations, numbers. Everything is shown in Kazakhstan's time, whatever the computer's is.
import { currentLanguage, t, tOr } from "./i18n.js";

const ZONE = "Asia/Almaty";

function parts(text, options) {
  const found = {};
  for (const part of new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hourCycle: "h23", ...options }).formatToParts(new Date(text))) found[part.type] = part.value;
  return found;
}

/** dd.mm.yyyy, as on every paper of the country. */
export function day(text) {
  if (!text) return "";
  const p = parts(text, { day: "2-digit", month: "2-digit", year: "numeric" });
  return `${p.day}.${p.month}.${p.year}`;
}

export function moment(text) {
  if (!text) return "";
  const p = parts(text, { hour: "2-digit", minute: "2-digit" });
  return `${day(text)} ${p.hour}:${p.minute}`;
}

/** How far away: "in 3 days", "2 hours ago". */
export function distance(text, now = Date.now()) {
  const minutes = Math.round((new Date(text) - now) / 60000), size = Math.abs(minutes);
  const [count, unit] = size < 60 ? [size, "min"] : size < 2880 ? [Math.round(size / 60), "hour"] : [Math.round(size / 1440), "day"];
  const amount = t(`unit.${unit}`, { n: count });
  return minutes >= 0 ? t("time.in", { amount }) : t("time.ago", { amount });
}

/** A limit of the regulation: 15 min, 10 working days. */
export const limit = (value) => (value ? tOr(`limit.${value.unit}`, "{n}").replace("{n}", value.amount) : t("limit.none"));

export const number = (value) => new Intl.NumberFormat(currentLanguage() === "en" ? "en-GB" : "ru-RU").format(value);

export function size(bytes) {
  if (bytes < 1024) return t("size.b", { n: bytes });
  return bytes < 1048576 ? t("size.kb", { n: number(Math.round(bytes / 1024)) }) : t("size.mb", { n: number(Math.round(bytes / 104857.6) / 10) });
}
