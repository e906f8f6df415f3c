// The step that is next: its words, its form, its buttons. What somebody may do comes from the gateway with the request.
import { ask, post, query } from "./api.js";
import { button, dialog, facts, field, fill, h, icon, select, speak, toast } from "./dom.js";
import { limit, moment } from "./format.js";
import { named, said, t, tOr } from "./i18n.js";
import { dueMark } from "./inbox.js";
import { signingDialog } from "./signing.js";
import { child, read, textOf } from "./xml.js";

const COMMENT_MAX = 1000;
const tokens = new Map(); // number → fencing token; a page that was loaded again asks for it again

async function tokenOf(number) {
  if (!tokens.has(number)) {
    const claim = await post(`/inbox/${number}/claim`);
    tokens.set(number, claim.token);
  }
  return tokens.get(number);
}

/** An act, and what becomes of it. A claim that has passed to another is told and forgotten. */
async function act(number, work, changed, word) {
  try {
    await work();
    toast(word);
    speak(word);
  } catch (error) {
    if (error.reason === "CLAIM_STALE" || error.reason === "STEP_NOT_NEXT") tokens.delete(number);
    toast([error.message, error.advice].filter(Boolean).join(" "), "bad");
    if (error.status !== 409) return;
  }
  await changed();
}

const commentField = (label = t("action.comment")) => field(label, h("textarea", { rows: 2, maxlength: COMMENT_MAX }));
const valueOf = (box) => box.querySelector("input, select, textarea").value.trim();

const groundOptions = (item) => [["", t("action.choose")], ...item.refusalGrounds.map((ground) => [ground.id, `${said(ground)}${ground.paragraph ? ` (${t("paragraph", { n: ground.paragraph })})` : ""}`])];

/** Which outcomes the service may have. */
function outcomes(item) {
  const given = item.outcomes || ["POSITIVE", "NEGATIVE", "REFUSED"];
  return given.filter((one) => one !== "REFUSED" || item.refusalGrounds?.length);
}

function outcomeFields(item) {
  const chosen = item.outcome || "";
  const ground = field(t("action.ground"), select(groundOptions(item), item.ground || ""), { required: true });
  ground.hidden = chosen !== "REFUSED";
  const name = `outcome-${item.number}`;
  const radios = outcomes(item).map((one) => h("label", { class: "choice" }, h("input", { type: "radio", name, value: one, checked: one === chosen, onchange: () => { ground.hidden = one !== "REFUSED"; } }),
    h("span", {}, t(`outcome.${one}`))));
  const box = h("fieldset", { class: "field" }, h("legend", {}, t("action.outcome")), radios);
  const read = () => ({ outcome: box.querySelector("input:checked")?.value || "", ground: ground.hidden ? "" : valueOf(ground) });
  const whole = () => {
    const { outcome, ground: id } = read();
    if (outcome && (outcome !== "REFUSED" || id)) return true;
    toast(t(outcome ? "action.ground.needed" : "action.outcome.needed"), "bad");
    return false;
  };
  return { nodes: [box, ground], read, whole };
}

/** The result as people read it, out of the document that is signed. */
function resultView(xml) {
  const root = read(xml);
  const pair = (node) => [textOf(node, "kk"), textOf(node, "ru")].filter(Boolean).map((text) => h("p", {}, text));
  const ground = child(root, "ground"), provider = child(root, "provider"), applicant = child(root, "applicant");
  return h("article", { class: "paper" }, h("p", { class: "paper-kind" }, tOr(`paper.${textOf(root, "kind")}`, textOf(root, "kind"))), pair(child(root, "serviceName")),
    facts([[t("result.number"), textOf(root, "number")], [t("result.request"), textOf(root, "requestNumber")], [t("action.outcome"), tOr(`outcome.${textOf(root, "outcome")}`, textOf(root, "outcome"))],
      [t("action.ground"), ground && pair(ground)], [t("result.text"), pair(child(root, "text"))], [t("result.provider"), provider && [textOf(provider, "bin"), " ", textOf(provider, "nameKk"), " / ", textOf(provider, "nameRu")]],
      [t("result.applicant"), applicant && [textOf(applicant, "name"), " ", textOf(applicant, "iin")]], [t("result.at"), moment(textOf(root, "issuedAt"))]]),
    h("details", {}, h("summary", {}, t("result.xml")), h("pre", { class: "text", tabindex: "0" }, xml)));
}

async function sendResult(number, signed) {
  const token = await tokenOf(number);
  const type = signed.xml ? "application/xml" : "application/cms";
  await ask("POST", `/inbox/${number}/result`, { body: signed.xml ?? signed.cms, headers: { "content-type": type, "x-claim-token": String(token) } });
}

async function signResult(item, values, changed) {
  const { number } = item;
  await tokenOf(number);
  const answer = await ask("GET", `/inbox/${number}/result-draft${query(values)}`, { headers: { accept: "application/xml" } });
  const xml = await answer.text();
  const done = await signingDialog(t("result.title"), resultView(xml), async () => xml, (signed) => sendResult(number, signed), { name: `result-${number}.xml`, label: t("result.sign") });
  if (!done) return;
  tokens.delete(number);
  toast(t("result.done"));
  await changed();
}

function signForm(item, changed) {
  const form = outcomeFields(item);
  const kk = field(t("result.text.kk"), h("textarea", { rows: 2, maxlength: COMMENT_MAX, lang: "kk" })), ru = field(t("result.text.ru"), h("textarea", { rows: 2, maxlength: COMMENT_MAX, lang: "ru" }));
  const go = async () => {
    if (!form.whole()) return;
    try {
      await signResult(item, { ...form.read(), textKk: valueOf(kk), textRu: valueOf(ru) }, changed);
    } catch (error) {
      toast([error.message, error.advice].filter(Boolean).join(" "), "bad");
      if (error.status === 409) await changed();
    }
  };
  return h("div", {}, form.nodes, h("div", { class: "pair" }, kk, ru), h("div", { class: "row" }, button(t("result.look"), go, { kind: "primary", picture: "pen" })));
}

function completeForm(item, changed) {
  const { step, number } = item, comment = commentField();
  const executor = step.act === "RESOLVE" && field(t("action.executor"), select([["", t("action.choose")], ...(item.staff || []).map((person) => [person.id, named(person)])], ""), { required: true });
  const outcome = step.act === "PREPARE" && outcomeFields(item);
  const go = () => {
    if (executor && !valueOf(executor)) {
      toast(t("action.executor.needed"), "bad");
      executor.querySelector("select").focus();
      return;
    }
    if (outcome && !outcome.whole()) return;
    act(number, async () => {
      const body = { token: await tokenOf(number), comment: valueOf(comment) || undefined, executor: executor ? valueOf(executor) : undefined };
      if (outcome) Object.assign(body, { outcome: outcome.read().outcome, ground: outcome.read().ground || undefined });
      await post(`/inbox/${number}/steps/${step.n}`, body);
      tokens.delete(number);
    }, changed, t("action.done"));
  };
  return h("div", {}, executor, outcome && outcome.nodes, comment, h("div", { class: "row" }, button(t(`action.go.${step.act}`), go, { kind: "primary", picture: "ok" })));
}

/** Further acts, each with its own small dialog. */
function askBack(item, changed) {
  const earlier = (item.steps || []).filter((one) => one.n < item.step.n && one.doneAt && !["REGISTER", "CHECK", "REFUSE_INTAKE", "PORTAL"].includes(one.act));
  return dialog(t("action.return"), (close) => {
    const to = field(t("action.return.to"), select(earlier.map((one) => [one.n, `${one.n}. ${named(one, "action")}`]), earlier.at(-1)?.n)), why = commentField(t("action.return.why"));
    return h("div", {}, to, why, h("div", { class: "row end" }, button(t("common.cancel"), () => close()), button(t("action.return"), () => {
      if (!valueOf(why)) { why.querySelector("textarea").focus(); return; }
      const step = Number(valueOf(to)), comment = valueOf(why);
      close();
      act(item.number, async () => { await post(`/inbox/${item.number}/return`, { token: await tokenOf(item.number), step, comment }); tokens.delete(item.number); }, changed, t("action.returned"));
    }, { kind: "primary" })));
  });
}

function askOther(item, changed) {
  return dialog(t("action.substitute"), (close) => {
    const who = field(t("action.executor"), select((item.staff || []).map((person) => [person.id, named(person)]), "")), why = commentField(t("action.substitute.why"));
    return h("div", {}, who, why, h("div", { class: "row end" }, button(t("common.cancel"), () => close()), button(t("action.substitute"), () => {
      if (!valueOf(who)) return;
      const executor = valueOf(who), comment = valueOf(why);
      close();
      act(item.number, async () => post(`/inbox/${item.number}/substitute`, { executor, comment }), changed, t("action.substituted"));
    }, { kind: "primary" })));
  });
}

export function askComment(item, changed) {
  return dialog(t("action.comment.add"), (close) => {
    const text = commentField();
    return h("div", {}, text, h("div", { class: "row end" }, button(t("common.cancel"), () => close()), button(t("action.comment.add"), () => {
      const comment = valueOf(text);
      if (!comment) return;
      close();
      act(item.number, async () => post(`/inbox/${item.number}/comments`, { comment }), changed, t("action.commented"));
    }, { kind: "primary" })));
  });
}

function claimView(item, changed) {
  const { number, actions = [] } = item;
  if (item.claim && !item.claim.mine) {
    return h("div", { class: "notice near" }, icon("lock"), h("p", {}, t("claim.other", { role: tOr(`role.${item.claim.role}`, item.claim.role), until: moment(item.claim.leaseUntil) })));
  }
  if (!actions.includes("claim")) return h("p", { class: "quiet" }, t("action.notyours", { role: tOr(`role.${item.step.role}`, item.step.role) }));
  return h("div", {}, h("p", {}, t("claim.why")), button(t("claim.take"), () => act(number, async () => { tokens.delete(number); await tokenOf(number); }, changed, t("claim.taken")),
    { kind: "primary large", picture: "person", id: "claim" }));
}

export function actionCard(item, changed) {
  const { step, number, actions = [] } = item, whole = (item.steps || []).find((one) => one.n === step?.n);
  if (!step) return h("section", { class: "card action done", "aria-labelledby": "action-title" }, h("h2", { id: "action-title" }, t("action.none")), h("p", {}, said(item.stateName)));
  const mine = Boolean(item.claim?.mine), signing = ["SIGN", "DECIDE"].includes(step.act);
  const more = h("div", { class: "row more" },
    actions.includes("return") && button(t("action.return"), () => askBack(item, changed), { picture: "back" }),
    actions.includes("substitute") && button(t("action.substitute"), () => askOther(item, changed), { picture: "person" }),
    mine && button(t("claim.give"), () => act(number, async () => { await post(`/inbox/${number}/release`, { token: await tokenOf(number) }); tokens.delete(number); }, changed, t("claim.given")), { picture: "out" }));
  const box = h("section", { class: `card action ${step.colour || "ok"}`, "aria-labelledby": "action-title" },
    h("p", { class: "over-title" }, t("action.next", { n: step.n }), step.paragraph && ` · ${t("paragraph", { n: step.paragraph })}`), h("h2", { id: "action-title" }, tOr(`act.${step.act}`, step.act)),
    h("p", { class: "lead" }, `${named(step, "role")}: ${named(step, "action")}`), h("p", {}, dueMark(step.dueAt, step.colour), whole?.limit && h("span", { class: "quiet" }, ` ${limit(whole.limit)}`)));
  const form = h("div", { class: "form" });
  const registered = actions.includes("register") && h("div", {}, h("p", {}, t("action.register")), h("a", { class: "button primary", href: "#/registers" }, icon("file"), t("title.registers")));
  fill(form, registered || (!mine ? claimView(item, changed) : signing && actions.includes("sign") ? signForm(item, changed) : actions.includes("complete") ? completeForm(item, changed)
    : h("p", { class: "quiet" }, t("action.cannot"))));
  box.append(form, more);
  return box;
}
