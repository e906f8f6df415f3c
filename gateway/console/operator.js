// The operator's pages: what waits to be sent, who answers, which certificates end, how fast it goes, what is late. No personal data here.
import { get, inBackground, post } from "./api.js";
import { chart } from "./charts.js";
import { button, card, facts, fill, h, icon, toast } from "./dom.js";
import { moment, number } from "./format.js";
import { t, tOr } from "./i18n.js";

const TABS = ["overview", "outbox", "destinations", "certificates", "overdue", "search"];
const REFRESH_MS = 10000;
const NEAR_DAYS = 30;

const listOf = (answer) => answer.items || (Array.isArray(answer) ? answer : Object.values(answer).find(Array.isArray) || []);
const plain = (value) => (value === null || value === undefined || value === "" ? "—" : value);
const mark = (kind, text) => h("span", { class: `mark ${kind}` }, icon(kind === "ok" ? "ok" : kind), text);

function table(name, columns, rows) {
  if (!rows.length) return h("div", { class: "card empty" }, icon("ok"), h("p", {}, t("operator.empty")));
  return h("div", { class: "table-box alone" }, h("table", { class: "plain" }, h("caption", { class: "hidden-text" }, name),
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col" }, t(`operator.column.${column}`))))), h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell)))))));
}

async function turn(row, verb, again) {
  try {
    await post(`/operator/outbox/${row.id}/${verb}`);
    toast(t(`operator.${verb}.done`, { id: row.id }));
    await again();
  } catch (error) {
    toast(error.message, "bad");
  }
}

async function outbox(place, again) {
  const rows = listOf(await get("/operator/outbox"));
  fill(place, table(t("operator.tab.outbox"), ["id", "request", "kind", "destination", "state", "attempts", "next", "error", "do"], rows.map((row) => {
    const parked = row.state === "parked";
    return [row.id, h("span", { class: "mono" }, plain(row.number)), plain(row.kind), plain(row.destination), mark(parked ? "over" : "ok", parked ? t("operator.parked") : tOr(`operator.state.${row.state}`, row.state || "")),
      plain(row.attempts), row.nextAt ? moment(row.nextAt) : "—", h("span", { class: "breaks" }, plain(row.error)),
      parked ? button(t("operator.release"), () => turn(row, "release", again), { kind: "primary" }) : button(t("operator.park"), () => turn(row, "park", again))];
  })));
}

async function destinations(place) {
  const rows = listOf(await get("/operator/destinations"));
  fill(place, table(t("operator.tab.destinations"), ["destination", "state", "waiting", "parked"], rows.map((row) => {
    const open = /open/i.test(row.breaker || row.state || "") && !/half/i.test(row.breaker || row.state || "");
    return [h("span", { class: "strong" }, row.name || row.id), mark(open ? "over" : "ok", t(open ? "operator.breaker.open" : "operator.breaker.closed")), number(row.waiting), number(row.parked)];
  })));
}

async function certificates(place) {
  const rows = listOf(await get("/operator/certificates"));
  fill(place, table(t("operator.tab.certificates"), ["certificate", "use", "until", "days"], rows.map((row) => {
    const days = row.daysLeft ?? Math.floor((new Date(row.notAfter) - Date.now()) / 86400000);
    return [h("span", { class: "breaks" }, row.id || row.name || row.subject), tOr(`operator.use.${row.use || row.kind}`, plain(row.use || row.kind)), moment(row.notAfter), mark(days < 0 ? "over" : days < NEAR_DAYS ? "near" : "ok", t("operator.days", { n: number(days) }))];
  })));
}

async function overdue(place) {
  const rows = listOf(await get("/operator/overdue"));
  fill(place, table(t("operator.tab.overdue"), ["request", "service", "step", "role", "due"], rows.map((row) => [h("span", { class: "mono" }, row.number), plain(row.service?.code || row.service), plain(row.step?.n ?? row.step),
    tOr(`role.${row.role || row.step?.role}`, plain(row.role)), mark("over", moment(row.dueAt))])));
}

const hour = (text) => moment(text).slice(11);

/** Whatever series the gateway gives: {name: [{at, value}]} or [{at, name: value…}]. */
function seriesOf(answer) {
  const source = answer.series || answer;
  if (!Array.isArray(source)) return Object.entries(source).filter(([, list]) => Array.isArray(list)).map(([name, list]) => [name, list.map((one) => [hour(one.at || one.from), one.value ?? one.count ?? 0])]);
  const names = Object.keys(source[0] || {}).filter((name) => typeof source[0][name] === "number");
  return names.map((name) => [name, source.map((one) => [hour(one.at || one.from), one[name]])]);
}

async function overview(place) {
  const series = seriesOf(await get("/operator/charts"));
  fill(place, series.length ? h("div", { class: "charts" }, series.map(([name, points]) => h("div", { class: "card" },
    chart(tOr(`chart.${name}`, name), points, /ms$/i.test(name) ? (value) => t("operator.ms", { n: number(Math.round(value)) }) : number, /ms$/i.test(name) ? "line" : "bars")))) : h("p", { class: "quiet" }, t("operator.empty")));
}

async function search(place) {
  const box = h("input", { id: "operator-number", inputmode: "numeric", maxlength: 14, autocomplete: "off", class: "mono" }), found = h("div", { "aria-live": "polite" });
  const look = async () => {
    try {
      const one = await get(`/operator/requests/${encodeURIComponent(box.value.trim())}`);
      fill(found, card(one.number || box.value, facts(Object.entries(one).filter(([, value]) => typeof value !== "object").map(([name, value]) => [tOr(`operator.fact.${name}`, name), /At$/.test(name) ? moment(value) : String(value)]))));
    } catch (error) {
      fill(found, h("div", { class: "notice near", role: "alert" }, icon("near"), h("p", {}, error.message)));
    }
  };
  fill(place, h("form", { class: "row search-line", onsubmit: (event) => { event.preventDefault(); look(); } }, h("label", { for: box.id }, t("inbox.search")), box, button(t("operator.search"), look, { kind: "primary", picture: "search" })), found);
}

const draws = { overview, outbox, destinations, certificates, overdue, search };

export async function operatorPage(main, context, [asked]) {
  const tab = TABS.includes(asked) ? asked : TABS[0], place = h("div", { class: "after-title" });
  fill(main, h("div", { class: "page" }, h("h1", {}, t("title.operator")), h("nav", { class: "tabs", "aria-label": t("title.operator") }, TABS.map((name) =>
    h("a", { class: "tab", href: `#/operator/${name}`, "aria-current": name === tab ? "page" : null }, t(`operator.tab.${name}`)))), place));
  const draw = () => draws[tab](place, draw);
  await draw();
  if (tab === "search") {
    document.getElementById("operator-number").focus();
    return null;
  }
  const timer = setInterval(() => {
    if (!place.contains(document.activeElement) && !place.querySelector("details[open]")) inBackground(draw).catch(() => {}); // the next round may be answered
  }, REFRESH_MS);
  return () => clearInterval(timer);
}
