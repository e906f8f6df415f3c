// Keyboard shortcuts, and the dialog that tells them. Never while somebody types or a dialog is open.
import { button, dialog, h } from "./dom.js";
import { t } from "./i18n.js";

const LIST = [["?", "keys.help"], ["g i", "keys.inbox"], ["g n", "keys.new"], ["/", "keys.search"], ["j", "keys.down"], ["k", "keys.up"], ["Enter", "keys.open"], ["u", "keys.back"], ["n", "keys.next"]];
let pageKeys = {};
let before = "";

/** Shortcuts of the page that is shown: {key: function}. */
export const usePageKeys = (keys) => { pageKeys = keys; };

/** Letters by their place on the keyboard: Kazakh and Russian layouts have others there. */
function keyOf(event) {
  if (/^Key[A-Z]$/.test(event.code)) return event.code.slice(3).toLowerCase();
  return event.code === "Slash" && event.key !== "?" ? (event.shiftKey ? "?" : "/") : event.key;
}

const isTyping = (target) => target.closest?.("input, select, textarea, dialog, [contenteditable]");

export function showKeys() {
  return dialog(t("keys.title"), (close) => h("div", {}, h("table", { class: "plain keys" }, h("caption", { class: "hidden-text" }, t("keys.title")),
    h("tbody", {}, LIST.map(([key, text]) => h("tr", {}, h("th", { scope: "row" }, key.split(" ").map((part) => h("kbd", {}, part))), h("td", {}, t(text)))))),
  h("div", { class: "row end" }, button(t("common.close"), () => close()))));
}

export function listenForKeys(global) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const key = keyOf(event), act = global[`${before} ${key}`] || pageKeys[key] || global[key];
    before = key === "g" ? "g" : "";
    if (!act) return;
    if (act(event) !== false) event.preventDefault();
  });
}
