// The front office, and what becomes of its applications: every way of a paper from the counter to the signed result, and its receipts.
import { chooseExecutor, chooseOutcome, done, openRequest, signResult, step } from "./casework.mjs";
import { c, close, go, picture, serious, signInAgain, signInNew, words } from "./harness.mjs";

const PROVIDER = "160640900019";
const NAME = "Ахметов Ерлан Серікұлы";

/** Fills the page in; options: route, iin, fields {label: value}, skip: ids of documents that are not there, consent. */
export async function fillPaper(made, language, { service, route, iin, fields = {}, skip = [], consent = true, residence = null, provider = PROVIDER }) {
  const t = await words(language);
  await go(made, "new");
  await made.locator("#service").selectOption(service);
  await made.locator("#route").selectOption(route);
  await made.locator("#provider").selectOption(provider);
  await made.locator("#applicant-name").fill(NAME);
  for (const [path, value] of Object.entries(fields)) {
    const box = made.locator(`[name="${path}"]`);
    if ((await box.evaluate((one) => one.tagName)) === "SELECT") await box.selectOption(value);
    else await box.fill(value);
  }
  if (residence) await made.locator("#residence").fill(residence);
  if (consent) await made.locator("#consent").check();
  await made.locator("#iin").fill(iin);
  await made.locator(".needed-document").first().waitFor();
  await made.waitForTimeout(400); // the list is asked for again with each field
  for (const box of await made.locator(".needed-document > .choice input").all()) {
    const id = (await box.getAttribute("id")).replace("document-", "");
    if (!skip.includes(id)) await box.check();
  }
  return t;
}

export async function registerPaper(made, t) {
  await made.getByRole("button", { name: t("front.register") }).click();
  const dialog = made.getByRole("dialog");
  await dialog.getByRole("button", { name: t("sign.go") }).click();
  await made.locator(".notice.ok h1").waitFor();
  await picture(made, `${await made.evaluate(() => document.documentElement.lang)}-registered`);
  return (await made.locator(".notice.ok h1").textContent()).match(/\d{14}/)[0];
}

/** The PDF that the page's link opens, by the session of the page. */
async function printed(made, name) {
  const links = await made.locator(".files a, table a").evaluateAll((all) => all.map((one) => one.href));
  c.that(`${name}: there is a paper to print`, links.length > 0);
  for (const link of links) {
    const answer = await made.context().request.get(link), body = await answer.body();
    c.that(`${name}: it is a PDF`, answer.ok() && body.subarray(0, 5).toString() === "%PDF-", answer.status());
  }
}

/** TSA_CERT at the State Corporation: receipt, transfer, decision, issue. */
export async function certificate() {
  const language = "ru", worker = await signInNew("statecorp1");
  const t = await fillPaper(worker, language, { service: "TSA_CERT", route: "STATECORP", iin: "480509390010" });
  const number = await registerPaper(worker, t);
  await printed(worker, "receipt of acceptance");
  await step(worker, number, "TRANSFER", language);
  await done(worker, language);
  const head = await signInNew("head");
  await step(head, number, "DECIDE", language, chooseOutcome("NEGATIVE"));
  await signResult(head, language);
  c.same("no complaint", head.complaints, []);
  await close(head);
  await signInAgain(worker, "statecorp1", language);
  await openRequest(worker, number);
  await worker.locator(".files a", { hasText: t("paper.print") }).first().waitFor();
  await printed(worker, "the signed result");
  await step(worker, number, "ISSUE", language);
  await done(worker, language);
  c.that("issued at the counter", true);
  await close(worker);
}

export async function incomplete() {
  const worker = await signInNew("statecorp1", { language: "kk" });
  const t = await fillPaper(worker, "kk", { service: "TSA_CERT", route: "STATECORP", iin: "480509390010", skip: ["D1"] });
  await worker.getByRole("button", { name: t("front.register") }).click();
  const dialog = worker.getByRole("dialog");
  await dialog.getByRole("button", { name: t("sign.go") }).click();
  await dialog.locator(".notice.over").waitFor();
  c.that("an incomplete package is refused in Kazakh", (await dialog.locator(".notice.over").textContent()).includes("толық емес"));
  await dialog.getByRole("button", { name: t("common.cancel") }).click();
  await worker.getByRole("button", { name: t("front.refuse") }).click();
  await worker.getByRole("dialog").getByRole("button", { name: t("sign.go") }).click();
  await worker.getByRole("heading", { name: t("front.refused") }).waitFor();
  await printed(worker, "receipt of refusal");
  await close(worker);
}

/** HOME_CARE_2013 straight to the authorised body, to the signed notification. */
export async function homeCareAtTheBody() {
  const language = "ru", worker = await signInNew("body-executor");
  const t = await fillPaper(worker, language, { service: "HOME_CARE_2013", route: "AUTH_BODY", iin: "480509390010", fields: { category: "ELDERLY" }, provider: "130140900016" });
  const number = await registerPaper(worker, t);
  await printed(worker, "coupon");
  await close(worker);
  await provider(number, language, "POSITIVE", null);
}

/** … and through the centre, to the reasoned refusal. */
export async function homeCareThroughTheCentre() {
  const language = "kk", inspector = await signInNew("csc-inspector", { language });
  const t = await fillPaper(inspector, language, { service: "HOME_CARE_2013", route: "CSC", iin: "410115490012", fields: { category: "ELDERLY" }, provider: "130140900016" });
  const number = await registerPaper(inspector, t);
  await printed(inspector, "receipt of the centre");
  await openRequest(inspector, number);
  c.that("the centre sees where it is", (await inspector.locator(".timeline li").count()) > 4);
  await close(inspector);
  const accumulator = await signInNew("csc-accumulator", { language });
  await openRequest(accumulator, number);
  await accumulator.getByText(t("action.register")).waitFor();
  await byRegister(accumulator, number, t);
  await printed(accumulator, "transfer register");
  await close(accumulator);
  const body = await signInNew("body-executor", { language });
  await go(body, "registers");
  await body.getByRole("button", { name: t("register.accept") }).first().click();
  await body.locator(".toast.good", { hasText: t("register.accepted") }).waitFor();
  c.that("the body accepts the register", true);
  await close(body);
  await walk(number, language, "REFUSED", "CONTRAINDICATION", WHO);
}

/** The body's own three steps. */
async function provider(number, language, outcome, ground) {
  const head = await signInNew("body-head", { language });
  await step(head, number, "RESOLVE", language, chooseExecutor("body-executor"));
  await done(head, language);
  const executor = await signInNew("body-executor", { language });
  await step(executor, number, "PREPARE", language, chooseOutcome(outcome, ground));
  await done(executor, language);
  await close(executor);
  await signInAgain(head, "body-head", language);
  await step(head, number, "SIGN", language);
  await signResult(head, language);
  c.that(`${number}: signed`, true);
  await close(head);
}

const WHO = { CSC_INSPECTOR: "csc-inspector", CSC_ACCUMULATOR: "csc-accumulator", CSC_ISSUER: "csc-issuer", CLERK: "body-clerk", HEAD: "body-head", EXECUTOR: "body-executor", CENTER_WORKER: "center1", AKIM_WORKER: "akim-worker",
  AKIM: "akim1", AKIM_EXECUTOR: "akim-executor", STATECORP_WORKER: "statecorp1", PROVIDER: "body-head" };

/** Hands it over on the page of registers. */
async function byRegister(made, number, t) {
  await go(made, "registers");
  await made.locator(`#take-${number}`).check();
  await made.getByRole("button", { name: t("register.make.go") }).click();
  await made.locator(".toast.good", { hasText: t("register.made") }).waitFor();
  await made.locator("table tbody tr").first().waitFor();
}

const itemOf = (made, number) => made.evaluate(async (asked) => { const answer = await fetch(`/api/v1/inbox/${asked}`); return answer.ok ? answer.json() : null; }, number);

/** One step by its own role. */
async function oneStep(made, number, item, language, outcome, ground, who) {
  const { act, role } = item.step, t = await words(language);
  if ((await itemOf(made, number)).actions.includes("register")) {
    await byRegister(made, number, t);
    return;
  }
  if (["SIGN", "DECIDE"].includes(act)) {
    await step(made, number, act, language, act === "DECIDE" ? chooseOutcome(outcome, ground) : undefined);
    await signResult(made, language);
    return;
  }
  const fillIn = act === "RESOLVE" ? chooseExecutor(role === "AKIM" ? "akim-executor" : who.EXECUTOR) : act === "PREPARE" ? chooseOutcome(outcome, ground) : undefined;
  await step(made, number, act, language, fillIn);
  const good = made.locator(".toast.good", { hasText: t("action.done") });
  await good.or(made.locator(".toast.bad")).first().waitFor();
  const text = await made.locator(".toast").last().textContent();
  if (!(await good.count())) throw new Error(`step ${item.step.n} ${act} by ${role}: ${text}`);
}

/** Step after step, each by whoever's step it is, until nothing is left. */
export async function walk(number, language, outcome, ground, who) {
  const looker = await signInNew(who.HEAD, { language });
  for (let turn = 0; turn < 12; turn += 1) {
    const item = await itemOf(looker, number);
    if (!item.step || item.step.role === "GATEWAY") {
      c.same(`${number}: the end of its way`, item.outcome, outcome);
      await close(looker);
      return;
    }
    const made = await signInNew(who[item.step.role], { language });
    await oneStep(made, number, item, language, outcome, ground, who);
    await close(made);
  }
  throw new Error(`${number} does not come to an end`);
}

const DEPARTMENT = { ...WHO, CLERK: "clerk", HEAD: "head", EXECUTOR: "executor1", PROVIDER: "head" };

/** TSA_ASSIGN through the Employment Centre, and through the akim. */
export async function assignmentThroughTheCentre() {
  const worker = await signInNew("center1"), t = await fillPaper(worker, "ru", { service: "TSA_ASSIGN", route: "CENTER", iin: "850412390011" });
  const number = await registerPaper(worker, t);
  await close(worker);
  await walk(number, "ru", "POSITIVE", null, DEPARTMENT);
}

export async function assignmentThroughTheAkim() {
  const worker = await signInNew("akim-worker"), t = await fillPaper(worker, "ru", { service: "TSA_ASSIGN", route: "AKIM", iin: "870930490018", residence: "395430100" });
  const number = await registerPaper(worker, t);
  await close(worker);
  await walk(number, "ru", "POSITIVE", null, DEPARTMENT);
}

export async function judged() {
  for (const [language, name] of [["kk", "csc-inspector"], ["ru", "statecorp1"], ["en", "center1"]]) {
    const made = await signInNew(name, { language, bypassCSP: true });
    await go(made, "new");
    await made.locator("#service").waitFor();
    await made.locator("#iin").fill("480509390010");
    await made.waitForTimeout(600);
    c.same(`paper application, ${language}: axe-core`, await serious(made), []);
    await go(made, "registers");
    await made.locator(".card").first().waitFor();
    c.same(`registers, ${language}: axe-core`, await serious(made), []);
    await close(made);
  }
}
