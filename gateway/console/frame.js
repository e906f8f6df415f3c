// What stands around every page: name, places to go, language, who is here.
import { button, fill, h, icon } from "./dom.js";
import { chooseLanguage, currentLanguage, languages, named, t } from "./i18n.js";

const FRONT = ["CENTER_WORKER", "STATECORP_WORKER", "AKIM_WORKER", "AKIM", "AKIM_EXECUTOR", "CSC_INSPECTOR", "CSC_ACCUMULATOR", "CSC_ISSUER"];
const PROVIDER = ["CLERK", "HEAD", "EXECUTOR", "PROVIDER"];

export const isFront = (session) => session.roles.some((role) => FRONT.includes(role));
export const mayRegister = (session) => session.roles.some((role) => [...FRONT, "CLERK", "PROVIDER", "EXECUTOR"].includes(role));
export const isWorker = (session) => isFront(session) || session.roles.some((role) => PROVIDER.includes(role));

function places(session) {
  return [
    isWorker(session) && ["inbox", t("nav.inbox")],
    mayRegister(session) && ["new", t("nav.new")],
    isWorker(session) && ["registers", t("nav.registers")],
    session.operator && ["operator", t("nav.operator")],
  ].filter(Boolean);
}

function languageSwitch(changed) {
  return h("div", { class: "languages", role: "group", "aria-label": t("nav.language") },
    languages.map(([name, full, short]) => h("button", { type: "button", lang: name, title: full, "aria-label": full, "aria-pressed": String(name === currentLanguage()),
      onclick: () => { chooseLanguage(name); changed(); } }, short)));
}

/** session null: nobody is here yet. */
export function drawFrame({ session, here, changedLanguage, help, leave }) {
  document.documentElement.lang = currentLanguage();
  const skip = document.getElementById("skip");
  skip.textContent = t("nav.skip");
  skip.onclick = (event) => { event.preventDefault(); document.getElementById("main").focus(); };
  const brand = h("a", { class: "brand", href: "#/" }, h("img", { src: "emblem.svg", alt: "", width: 36, height: 36 }), h("span", {}, t("product")));
  const nav = session && h("nav", { "aria-label": t("nav.main") }, h("ul", {}, places(session).map(([name, text]) =>
    h("li", {}, h("a", { href: `#/${name}`, "aria-current": here === name ? "page" : null }, text)))));
  const who = session && h("div", { class: "who" }, icon("person"), h("span", { class: "who-text" }, h("span", { class: "strong" }, named(session.staff)),
    h("span", { class: "quiet" }, named(session.organisation))),
    button(h("span", { class: "out-word" }, t("nav.out")), leave, { kind: "ghost", picture: "out", "aria-label": t("nav.out"), title: t("nav.out") }));
  fill(document.getElementById("top"), brand, nav, h("div", { class: "top-end" },
    session && h("button", { type: "button", class: "button ghost round", onclick: help, "aria-label": t("keys.title"), title: t("keys.title") }, icon("help")), languageSwitch(changedLanguage), who));
  fill(document.getElementById("foot"), t("foot"));
}
