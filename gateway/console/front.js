// The front office: a paper application is written down, its documents ticked off against the act, signed by the employee, and its receipt printed.
import { ask, base64, get, organisations, post } from "./api.js";
import { button, card, facts, field, fill, h, icon, select, speak, toast } from "./dom.js";
import { day } from "./format.js";
import { currentLanguage, named, said, t, tOr } from "./i18n.js";
import { signingDialog } from "./signing.js";
import { element, escape } from "./xml.js";

const NAMESPACE = "urn:egov-gateway:front-office:1", APPLICATION = "urn:egov-gateway:application:1";
const ROUTE_OF = { CENTER: ["CENTER"], STATECORP: ["STATECORP"], AKIM: ["AKIM"], CSC: ["CSC"], AUTH_BODY: ["AUTH_BODY"], PROVIDER: ["OFFICE", "AUTH_BODY"] };
const BASES = ["PARENT", "GUARDIAN", "TRUSTEE"];

/** The check digit of IIN and BIN (services of the state use one rule for both). */
export function twelveDigitsValid(digits) {
  if (!/^\d{12}$/.test(digits)) return false;
  const sum = (shift) => [...digits].slice(0, 11).reduce((total, digit, at) => total + Number(digit) * (((at + shift) % 11) + 1), 0) % 11;
  const first = sum(0), check = first === 10 ? sum(2) : first;
  return check < 10 && check === Number(digits[11]);
}

/** 14 digits of the front office's own: the moment, and a digit by chance. */
const ownNumber = () => `9${String(Date.now()).slice(-12).padStart(12, "0")}${Math.floor(Math.random() * 10)}`;

const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Almaty" }).format(new Date());

/** The form as the service's schema nests it: [{field, name, children}]; a field without a type is a group. */
function formTree(fields) {
  const top = [], groups = new Map([["", top]]);
  for (const one of fields) {
    const at = one.path.lastIndexOf("/"), node = { field: one, name: one.path.slice(at + 1), children: [] };
    groups.get(at < 0 ? "" : one.path.slice(0, at))?.push(node);
    if (!one.type) groups.set(one.path, node.children);
  }
  return top;
}

function applicationXml(draft) {
  const representative = draft.representativeIin && element("representative", [element("iin", draft.representativeIin), element("basis", draft.basis)]);
  const inner = element("application", [element("requestNumber", draft.requestNumber), element("serviceCode", draft.service.code), element("requestDate", `${draft.requestDate}`),
    element("language", draft.language), element("providerBin", draft.providerBin), element("declarantId", draft.iin), representative || "", element("consent", String(draft.consent)), attachmentsXml(draft.scans),
    `<form>${draft.form}</form>`], { xmlns: APPLICATION });
  const documents = draft.documents.map((one) => `<document id="${one.id}" pages="${Number(one.pages)}" originalShown="${Boolean(one.originalShown)}"${one.validUntil ? ` validUntil="${one.validUntil}"` : ""}></document>`);
  return element("paperApplication", [element("route", draft.route), draft.residence ? `<residence kato="${draft.residence}"></residence>` : "", element("applicantName", draft.name),
    `<documents>${documents.join("")}</documents>`, draft.consent ? `<consent date="${today()}" written="true"></consent>` : "", draft.acceptIncomplete ? element("acceptIncomplete", "true") : "", inner], { xmlns: NAMESPACE });
}

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Scans as the application lists them: what the employee signs covers them. */
async function readScans(documents) {
  const scans = [];
  for (const { id, scan } of documents.filter((one) => one.scan)) {
    const bytes = new Uint8Array(await scan.arrayBuffer());
    scans.push({ document: id, name: scan.name, size: bytes.length, sha256: hex(await crypto.subtle.digest("SHA-256", bytes)), content: base64(bytes) });
  }
  return scans;
}

const attachmentsXml = (scans) => (scans.length ? `<attachments>${scans.map((one) =>
  `<attachment document="${escape(one.document)}" name="${escape(one.name)}" sha256="${one.sha256}" size="${one.size}"></attachment>`).join("")}</attachments>` : "");

/** The body that goes with the signature: XML or CMS alone, JSON when scans come beside it. */
function bodyOf(signed, scans) {
  if (!scans.length) return signed.xml ? [signed.xml, "application/xml"] : [signed.cms, "application/cms"];
  const what = signed.xml ? { application: base64(new TextEncoder().encode(signed.xml)) } : { cms: signed.cms[0] === 0x30 ? base64(signed.cms) : new TextDecoder().decode(signed.cms).replace(/-----[^-]+-----|\s/g, "") };
  return [JSON.stringify({ ...what, attachments: scans.map(({ name, content }) => ({ name, content })) }), "application/json"];
}

// ---- parts of the page ----

const nameOf = (service) => (service.name ? said(service.name) : named(service));
const PROVIDERS = ["CLERK", "HEAD", "EXECUTOR", "PROVIDER"];

/** May this person register on the route: does its first registering step name one of his roles? */
function mayRegisterOn(route, session) {
  const by = route.steps?.find((step) => step.act === "REGISTER")?.by;
  return session.roles.includes(by) || (by === "PROVIDER" && session.roles.some((role) => PROVIDERS.includes(role)));
}

const routesOf = (service, session) => (service.routes || []).filter((route) => (ROUTE_OF[session.organisation.kind] || []).includes(route.kind) && mayRegisterOn(route, session)).map((route) => route.kind);

function digitsInput(id, length = 12) {
  return h("input", { id, inputmode: "numeric", autocomplete: "off", maxlength: length, pattern: `[0-9]{${length}}`, class: "mono" });
}

function control(one) {
  if (one.values) return select([["", t("action.choose")], ...one.values.map((value) => [value.value, said(value.label)])], "");
  if (/boolean/i.test(one.type)) return select([["", "—"], ["true", t("common.yes")], ["false", t("common.no")]], "");
  const type = /date$/i.test(one.type) ? "date" : "text";
  return h("input", { type, autocomplete: "off", maxlength: 200, inputmode: /iin|digits|integer|decimal|money/i.test(one.type) ? "numeric" : null });
}

/** Fields and groups as people fill them in. Gives {node, xml(), problems(), flat()}: flat is what conditions ask about. */
function formPart(nodes, changed) {
  const parts = nodes.map((one) => (one.field.type ? fieldPart(one, changed) : groupPart(one, changed)));
  return { node: h("div", { class: "pair" }, parts.map((part) => part.node)), xml: () => parts.map((part) => part.xml()).join(""), problems: () => parts.flatMap((part) => part.problems()),
    flat: () => Object.assign({}, ...parts.map((part) => part.flat())) };
}

function fieldPart({ field: one, name }, changed) {
  const box = control(one), value = () => box.value.trim();
  box.name = one.path;
  box.addEventListener("change", changed);
  return { node: field(said(one.label), box, { required: one.required }), xml: () => element(name, value()), flat: () => (value() ? { [one.path]: value() } : {}),
    problems: () => (one.required && !value() ? [[box, "front.bad.field", { name: said(one.label) }]] : []) };
}

/** A group that may be left out, or be there several times: each a box of its own, with a button for one more. */
function groupPart({ field: one, name, children }, changed) {
  const list = h("div", {}), instances = [];
  const add = () => {
    const part = formPart(children, changed);
    const box = h("fieldset", { class: "group" }, h("legend", {}, said(one.label)), part.node, !one.required && button(t("front.group.remove"), () => { instances.splice(instances.indexOf(part), 1); box.remove(); changed(); }));
    instances.push(part);
    list.append(box);
    box.querySelector("input, select")?.focus();
    more.hidden = !one.repeated && instances.length > 0;
  };
  const more = button(t("front.group.add", { name: said(one.label) }), add, { picture: "next" });
  if (one.required) add();
  return { node: h("div", { class: "whole" }, list, more), xml: () => instances.map((part) => `<${name}>${part.xml()}</${name}>`).join(""), problems: () => instances.flatMap((part) => part.problems()),
    flat: () => ({}) };
}

/** One line of the checklist: given, pages, original shown, valid until. */
function documentLine(one, needed) {
  const id = `document-${one.id}`;
  const tick = h("input", { type: "checkbox", id }), pages = h("input", { type: "number", min: 1, max: 9999, value: 1, "aria-label": `${t("front.pages")}: ${said(one.name || one)}` });
  const scan = h("input", { type: "file", class: "file", accept: ".pdf,.jpg,.jpeg,.png,.tif,.tiff", "aria-label": `${t("front.scan")}: ${said(one.name || one)}` });
  const original = h("input", { type: "checkbox", checked: true }), until = h("input", { type: "date", "aria-label": `${t("front.until")}: ${said(one.name || one)}` });
  const more = h("div", { class: "document-more" }, h("label", { class: "small-field" }, h("span", {}, t("front.pages")), pages), h("label", { class: "small-field" }, h("span", {}, t("front.until")), until),
    h("label", { class: "choice" }, original, h("span", {}, t("front.original"))), crypto.subtle && h("label", { class: "small-field wide" }, h("span", {}, t("front.scan")), scan));
  more.hidden = true;
  tick.addEventListener("change", () => { more.hidden = !tick.checked; });
  const node = h("li", { class: needed ? "needed-document" : "" }, h("div", { class: "choice" }, tick, h("label", { for: id }, said(one.name || one),
    h("span", { class: "quiet" }, ` ${one.id}`, one.paragraph && ` · ${t("paragraph", { n: one.paragraph })}`, ` · ${tOr(`condition.${one.condition}`, one.condition || "")}`))), more);
  return { node, id: one.id, read: () => tick.checked && { id: one.id, pages: pages.value || 1, originalShown: original.checked, validUntil: until.value || null, scan: scan.files[0] || null } };
}

function resultCard(title, kind, link, papers, again) {
  return h("div", { class: "page narrow" }, h("div", { class: `notice ${kind}`, role: "status" }, icon(kind), h("div", {}, h("h1", {}, title))), card(t("paper.title"),
    h("ul", { class: "files" }, papers.map(([text, href]) => h("li", {}, icon("print"), h("span", { class: "grow strong" }, text), h("a", { class: "button primary", href, target: "_blank", rel: "noopener" }, t("paper.print")))))),
  h("div", { class: "row" }, button(t("front.again"), again, { kind: "primary" }), link, h("a", { class: "button plain", href: "#/inbox" }, t("nav.inbox"))));
}

/** A provider writes down its own applications; others choose among the providers that this gateway serves. */
const ownProvider = (session) => (["PROVIDER", "AUTH_BODY"].includes(session.organisation.kind) ? [session.organisation] : null);
const providersKnown = async () => (await organisations()).filter((one) => ["PROVIDER", "AUTH_BODY"].includes(one.kind));

const paperName = (paper) => (paper.nameKk ? named(paper) : said(paper.name) || tOr(`paper.${paper.kind}`, paper.kind || t("paper.title")));

export async function frontPage(main, { session, show }) {
  const answer = await get("/services");
  const services = (answer.items || answer.services || answer).filter((service) => routesOf(service, session).length);
  const providers = ownProvider(session) || (await providersKnown());
  if (!services.length) {
    fill(main, h("div", { class: "page narrow" }, h("h1", {}, t("title.new")), h("p", {}, t("front.none"))));
    return;
  }
  const state = { requestNumber: ownNumber(), key: crypto.randomUUID(), lines: [], service: services[0], route: null };
  const serviceList = select(services.map((service) => [service.code, nameOf(service)]), services[0].code, { id: "service" });
  const routeBox = h("div", {}), formBox = h("div", {}), documentBox = h("div", { "aria-live": "polite" });
  const iin = digitsInput("iin"), name = h("input", { id: "applicant-name", autocomplete: "off", maxlength: 200 }), representative = digitsInput("representative"), residence = digitsInput("residence", 9);
  const basis = select([["", "—"], ...BASES.map((one) => [one, t(`basis.${one}`)])], ""), language = select([["kk", t("language.kk")], ["ru", t("language.ru")]], currentLanguage() === "ru" ? "ru" : "kk");
  const provider = providers.length ? select(providers.map((one) => [one.bin, named(one)]), providers[0].bin, { id: "provider" }) : digitsInput("provider");
  const consent = h("input", { type: "checkbox", id: "consent" }), incomplete = h("input", { type: "checkbox", id: "incomplete" });
  const said1 = h("div", { "aria-live": "assertive" });
  let form = null;

  const asked = () => ({ service: state.service.code, route: state.route, residence: /^\d{9}$/.test(residence.value) ? residence.value : undefined, declarantId: iin.value, representative: Boolean(representative.value),
    form: form.flat() });

  const drawDocuments = async () => {
    if (!twelveDigitsValid(iin.value)) {
      fill(documentBox, h("p", { class: "quiet" }, t("front.documents.first")));
      state.lines = [];
      return;
    }
    const ticked = new Map(state.lines.map((line) => [line.id, line.read()]));
    const asking = await post("/front-office/check", { ...asked(), documents: [] });
    const missing = asking.required || asking.missing || [];
    const known = new Map((state.service.documents || []).map((one) => [one.id, one]));
    const needed = missing.map((one) => ({ ...known.get(one.id), ...one })), others = [...known.values()].filter((one) => !missing.some((two) => two.id === one.id) && (!one.routes || one.routes.includes(state.route)));
    const lines = needed.map((one) => documentLine(one, true)), more = others.map((one) => documentLine(one, false));
    state.lines = [...lines, ...more];
    for (const line of state.lines) {
      if (!ticked.get(line.id)) continue;
      const tick = line.node.querySelector("input");
      tick.checked = true;
      tick.dispatchEvent(new Event("change"));
    }
    fill(documentBox, h("p", { class: "quiet" }, t("front.documents.needed", { n: needed.length })), h("ul", { class: "documents" }, lines.map((line) => line.node)),
      more.length > 0 && h("details", {}, h("summary", {}, t("front.documents.more", { n: more.length })), h("ul", { class: "documents" }, more.map((line) => line.node))));
    speak(t("front.documents.needed", { n: needed.length }));
  };
  const refresh = () => drawDocuments().catch((error) => fill(documentBox, h("div", { class: "notice near" }, icon("near"), h("p", {}, error.message))));

  const drawService = () => {
    state.service = services.find((service) => service.code === serviceList.value);
    const routes = routesOf(state.service, session);
    state.route = routes[0];
    const routeList = select(routes.map((route) => [route, t(`route.${route}`)]), state.route, { id: "route" });
    routeList.addEventListener("change", () => { state.route = routeList.value; refresh(); });
    fill(routeBox, field(t("inbox.route"), routeList));
    form = formPart(formTree(state.service.form || []), () => refresh());
    fill(formBox, form.node, !(state.service.form || []).length && h("p", { class: "quiet" }, t("front.form.empty")));
    refresh();
  };
  serviceList.addEventListener("change", drawService);
  iin.addEventListener("input", () => { if (iin.value.length === 12) refresh(); });
  representative.addEventListener("change", refresh);

  /** What is missing to be written down at all; the package is the gateway's to judge. */
  const problems = () => [
    [!twelveDigitsValid(iin.value), iin, "front.bad.iin"], [!name.value.trim(), name, "front.bad.name"], [representative.value && !twelveDigitsValid(representative.value), representative, "front.bad.representative"],
    [!/^\d{12}$/.test(provider.value), provider, "front.bad.provider"], ...form.problems().map((one) => [true, ...one]),
  ].filter(([bad]) => bad);

  const draft = () => ({ service: state.service, route: state.route, requestNumber: state.requestNumber, requestDate: new Date().toISOString(), language: language.value, providerBin: provider.value, iin: iin.value,
    name: name.value.trim(), representativeIin: representative.value, basis: basis.value || "PARENT", consent: consent.checked, acceptIncomplete: incomplete.checked, residence: /^\d{9}$/.test(residence.value) ? residence.value : "",
    form: form.xml(), documents: state.lines.map((line) => line.read()).filter(Boolean) });

  const summary = (one) => h("article", { class: "paper" }, facts([[t("inbox.service"), nameOf(one.service)], [t("inbox.route"), t(`route.${one.route}`)], [t("request.applicant"), `${one.name}, ${one.iin}`],
    [t("request.representative"), one.representativeIin], [t("request.documents"), h("ul", {}, one.documents.map((two) => h("li", {}, `${two.id}: ${t("front.pages.n", { n: two.pages })}`, two.validUntil && `, ${day(two.validUntil)}`)))],
    [t("front.consent"), one.consent ? t("common.yes") : t("common.no")]]));

  const send = async (path, title, done) => {
    fill(said1);
    const bad = problems();
    if (bad.length) {
      const [, box, key, more] = bad[0];
      toast(t(key, more || {}), "bad");
      box.focus();
      return;
    }
    const one = draft();
    one.scans = await readScans(one.documents);
    const xml = applicationXml(one);
    let result = null;
    const ok = await signingDialog(title, summary(one), async () => xml, async (signed) => {
      const [body, type] = bodyOf(signed, one.scans);
      const made = await ask("POST", path, { body, headers: { "content-type": type, "idempotency-key": state.key } });
      result = await made.json();
    }, { name: `application-${one.requestNumber}.xml` });
    if (ok && result) done(result);
    else state.key = crypto.randomUUID();
  };
  const register = () => send("/front-office/applications", t("front.register.title"), (result) => fill(main, resultCard(t("front.registered", { number: result.number }), "ok",
    h("a", { class: "button plain", href: `#/request/${result.number}` }, t("front.open")), (result.papers || []).map((paper) => [paperName(paper), paper.links?.pdf || `/api/v1/inbox/${result.number}/papers/${paper.id}.pdf`]), show)));
  const refuse = () => send("/front-office/refusals", t("front.refuse.title"), (result) => fill(main, resultCard(t("front.refused"), "near", null,
    [[paperName(result.paper || { kind: "REFUSAL_RECEIPT" }), result.paper?.links?.pdf || `/api/v1/front-office/refusals/${result.refusal}/paper.pdf`]], show)));

  fill(main, h("div", { class: "page narrow" }, h("h1", {}, t("title.new")), h("p", { class: "quiet" }, t("front.how")),
    card(t("front.what"), field(t("inbox.service"), serviceList, { required: true }), h("div", { class: "pair" }, routeBox, field(t("front.provider"), provider, { required: true }), field(t("request.language"), language))),
    card(t("front.who"), h("div", { class: "pair" }, field(t("front.iin"), iin, { required: true }), field(t("front.name"), name, { required: true, hint: t("front.name.hint") }),
      field(t("front.representative"), representative), field(t("front.basis"), basis), field(t("front.residence"), residence, { hint: t("front.residence.hint") }))),
    card(t("front.form"), formBox), card(t("request.documents"), documentBox),
    card(t("front.consent"), h("div", { class: "choice" }, consent, h("label", { for: "consent" }, t("front.consent.text"))), h("div", { class: "choice" }, incomplete, h("label", { for: "incomplete" }, t("front.incomplete")))),
    said1, h("div", { class: "row" }, button(t("front.register"), register, { kind: "primary large", picture: "lock" }), button(t("front.refuse"), refuse, { kind: "plain danger" }))));
  drawService();
}
