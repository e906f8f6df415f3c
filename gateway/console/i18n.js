// Three languages. All words are in kk.js, ru.js and en.js under the same keys (a test compares them).
import kk from "./kk.js";
import ru from "./ru.js";
import en from "./en.js";

const words = { kk, ru, en };
const PLACE = "egov-console-language";

export const languages = [["kk", "Қазақша", "Қаз"], ["ru", "Русский", "Рус"], ["en", "English", "Eng"]];

function remembered() {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null; // a browser may forbid storage: the choice then lasts as long as the page
  }
}

let language = words[remembered()] ? remembered() : (navigator.languages || []).map((name) => name.slice(0, 2)).find((name) => words[name]) || "kk";

export const currentLanguage = () => language;

export function chooseLanguage(name) {
  language = name;
  try {
    localStorage.setItem(PLACE, name);
  } catch {
    // as above
  }
}

/** The text of a key, {name} replaced by values. */
export function t(key, values = {}) {
  const text = words[language][key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The text of a key that may not exist: codes that a newer gateway may have. */
export const tOr = (key, otherwise) => words[language][key] ?? otherwise;

/** Of an object with nameKk, nameRu and perhaps nameEn; acts have no English, so that shows their Russian. */
export function named(object, prefix = "name") {
  if (!object) return "";
  const order = { kk: ["Kk", "Ru"], ru: ["Ru", "Kk"], en: ["En", "Ru", "Kk"] }[language];
  return order.map((suffix) => object[prefix + suffix]).find(Boolean) || "";
}

/** Of an object {kk, ru, en}. */
export function said(object) {
  if (!object) return "";
  return object[language] || object.ru || object.kk || "";
}
