// The inbox: what is to be done, in the order in which it is due. Pages by cursor; changes of others appear by themselves.
import { get, query } from "./api.js";
import { button, fill, h, icon, select, speak } from "./dom.js";
import { day, distance, moment } from "./format.js";
import { named, said, t, tOr } from "./i18n.js";
import { usePageKeys } from "./keys.js";
import { follow } from "./live.js";

const PAGE = 50;
const ROUTES = ["OFFICE", "STATECORP", "CENTER", "AKIM", "AUTH_BODY", "CSC", "PORTAL"];
const VIEWS = [["mine", { role: "mine", state: "open" }], ["open", { state: "open" }], ["near", { state: "open", due: "near" }], ["over", { state: "open", due: "over" }], ["done", { state: "done" }]];

/** Kept while the page lives, so that coming back from a request finds the same list. */
let view = "mine";
let filters = { service: "", route: "", q: "", executor: "", sort: "due" };
let cursors = [];
let services = [];

export const colourOf = (item) => item.step?.colour || "ok";

/** A due moment: colour, shape and word say the same. */
export function dueMark(at, colour, done = false) {
  if (!at) return h("span", { class: "quiet" }, t("due.none"));
  if (done) return h("span", {}, day(at));
  return h("span", { class: `mark ${colour}`, title: moment(at) }, icon(colour === "ok" ? "clock" : colour), h("span", {}, h("span", { class: "mark-word" }, t(`due.${colour}`)), " ", distance(at)));
}

function claimMark(item) {
  if (!item.claim) return null;
  return h("span", { class: "tag" }, icon("person"), item.claim.mine ? t("claim.mine") : tOr(`role.${item.claim.role}`, item.claim.role));
}

function row(item, open) {
  const done = !item.step;
  return h("tr", { tabindex: "0", "data-number": item.number, class: colourOf(item), onclick: (event) => { if (!event.target.closest("a")) open(item.number); },
    onkeydown: (event) => { if (event.key === "Enter" && event.target.tagName === "TR") open(item.number); } },
  h("td", { class: "mono" }, h("a", { href: `#/request/${item.number}`, tabindex: "-1" }, item.number)),
  h("td", {}, h("span", { class: "clip", title: named(item.service) }, named(item.service)), h("span", { class: "quiet" }, `${tOr(`route.${item.route}`, item.route)} · ${moment(item.registeredAt)}`)),
  h("td", {}, done ? h("span", {}, said(item.stateName)) : h("span", {}, `${item.step.n}. ${tOr(`act.${item.step.act}`, item.step.act)}`),
    !done && h("span", { class: "quiet" }, tOr(`role.${item.step.role}`, item.step.role))),
  h("td", {}, dueMark(item.step ? item.step.dueAt : item.dueAt, colourOf(item), done), (item.resultDueAt || item.dueAt) && h("span", { class: "quiet" }, t("inbox.service.due", { day: day(item.resultDueAt || item.dueAt) }))),
  h("td", {}, claimMark(item) || (item.executor ? h("span", {}, item.executor) : h("span", { class: "quiet" }, "—"))));
}

function tabs(counts, changed) {
  return h("div", { class: "tabs", role: "group", "aria-label": t("inbox.views") }, VIEWS.map(([name]) => h("button", { type: "button", class: `tab ${name}`, "aria-pressed": String(view === name),
    onclick: () => { view = name; changed(); } }, t(`inbox.view.${name}`), counts && counts[name] !== undefined && h("span", { class: "count" }, counts[name]))));
}

function filterBar(changed) {
  const search = h("input", { type: "search", id: "search", inputmode: "numeric", autocomplete: "off", maxlength: 14, value: filters.q, placeholder: t("inbox.search.hint") });
  let timer = null;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { filters.q = search.value.replace(/\D/g, ""); changed(); }, 250);
  });
  const pick = (name, options) => {
    const list = select(options, filters[name], { id: `filter-${name}` });
    list.addEventListener("change", () => { filters[name] = list.value; changed(); });
    return h("div", { class: "filter" }, h("label", { for: list.id }, t(`inbox.${name}`)), list);
  };
  const all = ["", t("inbox.all")];
  return h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    h("div", { class: "filter grow" }, h("label", { for: "search" }, t("inbox.search")), search),
    pick("service", [all, ...services.map((service) => [service.code, service.name ? said(service.name) : named(service)])]), pick("route", [all, ...ROUTES.map((route) => [route, t(`route.${route}`)])]),
    pick("executor", [all, ["me", t("inbox.me")]]), pick("sort", [["due", t("inbox.sort.due")], ["registered", t("inbox.sort.registered")]]));
}

/** Up and down among the rows; the first press goes to the first row. */
function moveRow(body, step) {
  const rows = [...body.querySelectorAll("tr[data-number]")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))]?.focus();
}

export async function inboxPage(main) {
  if (!services.length) services = await get("/services").then((answer) => answer.items || answer.services || answer, () => []);
  const body = h("tbody", {}), tabPlace = h("div", {}), footer = h("div", { class: "row between pager" });
  const open = (number) => { location.hash = `#/request/${number}`; };
  let shown = null;

  const load = async (quiet = false, changed = []) => {
    if (!quiet) body.closest("table").setAttribute("aria-busy", "true");
    const page = await get(`/inbox${query({ ...Object.fromEntries(VIEWS)[view], ...filters, cursor: cursors.at(-1), limit: PAGE })}`);
    shown = page;
    const focused = document.activeElement?.dataset?.number;
    fill(body, page.items.length ? page.items.map((item) => row(item, open))
      : h("tr", {}, h("td", { colspan: 5, class: "empty" }, icon("ok"), h("p", {}, t(`inbox.empty.${view === "mine" ? "mine" : "any"}`)))));
    for (const number of changed) body.querySelector(`tr[data-number="${CSS.escape(number)}"]`)?.classList.add("fresh");
    if (focused) body.querySelector(`tr[data-number="${CSS.escape(focused)}"]`)?.focus();
    fill(tabPlace, tabs(page.counts, restart));
    fill(footer, h("p", { class: "quiet" }, t("inbox.page", { n: cursors.length + 1, rows: page.items.length })), h("div", { class: "row" },
      button(t("common.previous"), () => { cursors.pop(); load(); }, { picture: "back", disabled: cursors.length === 0 }),
      button(t("common.next"), () => { cursors.push(page.next); load(); }, { picture: "next", disabled: !page.next })));
    body.closest("table").removeAttribute("aria-busy");
    if (!quiet) speak(t("inbox.spoken", { n: page.items.length }));
  };
  const restart = () => { cursors = []; return load(); };

  fill(main, h("div", { class: "page" }, h("div", { class: "row between" }, h("h1", {}, t("title.inbox")), h("p", { class: "live quiet", id: "live" }, h("span", { class: "dot" }), t("inbox.live"))),
    tabPlace, filterBar(restart),
    h("div", { class: "table-box" }, h("table", { class: "list" }, h("caption", { class: "hidden-text" }, t("title.inbox")),
      h("thead", {}, h("tr", {}, ["number", "service", "step", "due", "who"].map((name) => h("th", { scope: "col" }, t(`inbox.column.${name}`))))), body)), footer));
  usePageKeys({ "/": () => document.getElementById("search").focus(), j: () => moveRow(body, 1), k: () => moveRow(body, -1), ArrowDown: () => moveRow(body, 1), ArrowUp: () => moveRow(body, -1),
    n: () => { if (shown?.next) { cursors.push(shown.next); load(); } }, u: () => { if (cursors.length) { cursors.pop(); load(); } } });
  await load();
  return follow(async (numbers) => {
    await load(true, numbers);
    speak(t("inbox.changed", { n: numbers.length }));
  }, (alive) => document.getElementById("live")?.classList.toggle("away", !alive));
}
