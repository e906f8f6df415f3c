// One request: what is asked, what came with it, who signed it, where it is on its way, and what is next.
import { ask, get } from "./api.js";
import { actionCard, askComment } from "./action.js";
import { attachmentList } from "./attachments.js";
import { button, card, download, facts, fill, h, icon, toast } from "./dom.js";
import { limit, moment } from "./format.js";
import { named, said, t, tOr } from "./i18n.js";
import { dueMark } from "./inbox.js";
import { usePageKeys } from "./keys.js";
import { follow } from "./live.js";
import { verdictView } from "./verdict.js";

const labelled = (field) => named(field, "label") || field.path;
const valued = (field) => named(field, "valueLabel") || (field.value === "true" ? t("common.yes") : field.value === "false" ? t("common.no") : field.value);

function applicationCard(item) {
  return card(t("request.application"),
    facts([[t("request.applicant"), h("span", { class: "mono" }, item.applicant?.iin)], [t("request.representative"), item.applicant?.representativeIin && h("span", { class: "mono" }, item.applicant.representativeIin)],
      [t("request.language"), tOr(`language.${item.language}`, item.language)], [t("request.channel"), tOr(`channel.${item.channel}`, item.channel)], ...(item.form || []).map((one) => [labelled(one), valued(one)])], "wide"),
    (item.documents || []).length > 0 && h("h3", {}, t("request.documents")),
    (item.documents || []).length > 0 && h("ul", { class: "ticks small" }, item.documents.map((one) => h("li", { class: one.given ? "ok" : "quiet" }, icon(one.given ? "ok" : "wait"), h("span", {}, named(one), !one.given && ` (${t("request.not.given")})`)))));
}

function timeline(item) {
  const next = item.step?.n;
  return h("ol", { class: "timeline" }, (item.steps || []).filter((one) => one.branch !== "REFUSE_INTAKE").map((one) => {
    const state = one.doneAt ? "done" : one.n === next ? "now" : "later";
    return h("li", { class: `${state} ${state === "now" ? one.colour || "ok" : ""}`, "aria-current": state === "now" ? "step" : null },
      h("span", { class: "dot", "aria-hidden": "true" }, state === "done" ? icon("ok") : one.n),
      h("div", {}, h("p", { class: "strong" }, tOr(`act.${one.act}`, named(one, "action"))), h("p", {}, `${named(one, "role")}: ${named(one, "action")}`),
        h("p", { class: "quiet" }, [one.limit && limit(one.limit), one.paragraph && t("paragraph", { n: one.paragraph }), named(one, "completion")].filter(Boolean).join(" · ")),
        one.through?.length > 0 && h("details", {}, h("summary", {}, t("request.through")), h("ol", {}, one.through.map((inner) => h("li", {}, `${named(inner, "role")}: ${named(inner, "action")}`)))),
        state === "done" && h("p", { class: "quiet" }, t("step.done", { at: moment(one.doneAt), by: one.by || "—" })),
        state === "now" && h("p", {}, dueMark(one.dueAt || item.step.dueAt, one.colour || item.step.colour)), state === "later" && one.dueAt && h("p", { class: "quiet" }, t("step.planned", { at: moment(one.dueAt) }))));
  }));
}

function historyList(item) {
  return h("ol", { class: "history" }, (item.history || []).slice().reverse().map((one) => h("li", {}, h("p", {}, h("span", { class: "strong" }, tOr(`act.${one.act}`, one.act)), one.step ? ` · ${one.step}` : "",
    h("span", { class: "quiet" }, ` ${moment(one.at)} · ${tOr(`role.${one.role}`, one.role || "")} ${one.staff || ""}`)), one.comment && h("blockquote", {}, one.comment))));
}

const DECIDED = ["DECIDED", "RESULT_SENT", "RECEIVED"];

const paperLine = (text, at, href) => h("li", {}, icon("print"), h("div", { class: "grow" }, h("span", { class: "strong" }, text), at && h("span", { class: "quiet" }, moment(at))),
  h("a", { class: "button plain", href, target: "_blank", rel: "noopener", "aria-label": `${t("paper.print")}: ${text}` }, t("paper.print")));

/** The signed result first: whoever hands it out prints it from here. */
function papersList(item) {
  const result = DECIDED.includes(item.state) && paperLine(t("paper.result"), null, `/api/v1/inbox/${item.number}/result.pdf`);
  if (!result && !item.papers?.length) return h("p", { class: "quiet" }, t("paper.none"));
  return h("ul", { class: "files" }, result, (item.papers || []).map((one) => paperLine(named(one) || tOr(`paper.${one.kind}`, one.kind), one.at, `/api/v1/inbox/${item.number}/papers/${one.id}.pdf`)));
}

function verdictCard(item) {
  const place = h("div", {}, h("p", { class: "waiting" }, icon("wait"), t("common.loading")));
  get(`/inbox/${item.number}/verdict`).then((report) => fill(place, verdictView(report)))
    .catch((error) => fill(place, h("p", { class: "quiet" }, error.status === 404 ? t("verdict.none") : error.message)));
  const take = async (name, type) => {
    try {
      download(`${item.number}-${name}`, await (await ask("GET", `/inbox/${item.number}/${name}`, { headers: { accept: "*/*" } })).blob(), type);
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  return card(t("verdict.title"), place, h("div", { class: "row" }, button(t("verdict.take.application"), () => take("application.xml", "application/xml"), { picture: "down" }),
    button(t("verdict.take.envelope"), () => take("envelope", "application/octet-stream"), { picture: "down" })));
}

function head(item) {
  return h("div", { class: "request-head" }, h("a", { class: "back", href: "#/inbox" }, icon("back"), t("nav.inbox")),
    h("h1", {}, named(item.service)),
    h("div", { class: "row" }, h("span", { class: "mono strong" }, item.number), h("span", { class: "tag" }, said(item.stateName) || item.state), h("span", { class: "tag" }, tOr(`route.${item.route}`, item.route)),
      item.outcome && h("span", { class: "tag" }, tOr(`outcome.${item.outcome}`, item.outcome)), h("span", { class: "quiet" }, t("request.registered", { at: moment(item.registeredAt) })),
      h("span", {}, t("request.due"), " ", h("span", { class: "strong" }, moment(item.dueAt) || t("due.none"))), button(t("common.print"), () => window.print(), { picture: "print", kind: "ghost" })));
}

export async function requestPage(main, context, [number]) {
  let touched = false;
  // What others change is not drawn over a form that somebody fills in: what he does then is refused if it is late, and told.
  const isFilledIn = () => touched || document.querySelector("dialog[open]");
  const draw = async (isUnwanted = () => false) => {
    const item = await get(`/inbox/${encodeURIComponent(number)}`);
    if (isUnwanted()) return;
    const focused = document.activeElement?.id;
    touched = false;
    fill(main, h("div", { class: "page", oninput: () => { touched = true; } }, head(item), h("div", { class: "columns" },
      h("div", { class: "column" }, actionCard(item, draw), applicationCard(item), card(t("attachment.title"), attachmentList(item.number, item.attachments)), verdictCard(item)),
      h("div", { class: "column side" }, card(t("request.way"), timeline(item)), card(t("paper.title"), papersList(item)),
        card(t("history.title"), (item.actions || []).includes("comment") && button(t("action.comment.add"), () => askComment(item, draw), { picture: "pen" }), historyList(item))))));
    if (focused) document.getElementById(focused)?.focus();
  };
  await draw();
  usePageKeys({ u: () => { location.hash = "#/inbox"; } });
  return follow(async (numbers) => {
    if (numbers.includes(number) && !isFilledIn()) await draw(isFilledIn);
  });
}
