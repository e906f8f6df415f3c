// Work on applications that came from the Portal: inbox, the steps of each role, results signed through NCALayer and by file, hostile text.
import fs from "node:fs";
import path from "node:path";
import { execFileSync } from "node:child_process";

import { c, choose, close, fault, go, lab, serious, signInNew, words } from "./harness.mjs";

export const openRequest = async (made, number) => {
  await go(made, `request/${number}`);
  await made.locator(".request-head", { hasText: number }).waitFor();
};

/** Takes the step that is next: claims it, fills what `fillIn` fills, presses the button of the act. */
export async function step(made, number, act, language, fillIn = async () => {}) {
  const t = await words(language);
  await openRequest(made, number);
  await made.getByRole("button", { name: t("claim.take") }).click();
  const go1 = made.getByRole("button", { name: t(act === "SIGN" || act === "DECIDE" ? "result.look" : `action.go.${act}`), exact: true });
  await go1.waitFor();
  await fillIn(made, t);
  await go1.click();
}

export const done = async (made, language) => {
  const t = await words(language);
  await made.locator(".toast", { hasText: t("action.done") }).first().waitFor();
};

export const chooseExecutor = (id) => (made, t) => made.getByLabel(t("action.executor")).selectOption(id);
export const chooseOutcome = (outcome, ground = null) => async (made, t) => {
  await made.getByRole("radio", { name: t(`outcome.${outcome}`) }).check();
  if (ground) await made.getByLabel(t("action.ground")).selectOption(ground);
};

export async function signResult(made, language) {
  const t = await words(language), dialog = made.getByRole("dialog");
  await dialog.waitFor();
  await made.screenshot({ path: path.join(lab.screens, `${language}-result.png`) });
  await dialog.getByRole("button", { name: t("result.sign") }).click();
  await made.locator(".toast", { hasText: t("result.done") }).waitFor();
}

/** The provider's three: the head gives it out, the executor prepares, the head signs. */
export async function throughProvider(number, language, outcome, ground, steps = ["RESOLVE", "PREPARE", "SIGN"]) {
  const executor = "executor1";
  if (steps.includes("RESOLVE")) {
    const head = await signInNew("head", { language });
    await step(head, number, "RESOLVE", language, chooseExecutor(executor));
    await done(head, language);
    await close(head);
  }
  const worker = await signInNew(executor, { language });
  await step(worker, number, "PREPARE", language, chooseOutcome(outcome, ground));
  await done(worker, language);
  await close(worker);
  const head = await signInNew("head", { language });
  await step(head, number, "SIGN", language);
  await signResult(head, language);
  return head;
}

export async function positive() {
  const [number] = lab.housing, t = await words("ru"), head = await throughProvider(number, "ru", "POSITIVE");
  await head.locator(".action.done").waitFor();
  c.that("signed, and on its way to the cabinet", (await head.locator(".action.done").textContent()).length > 10);
  c.same("no complaint", head.complaints, []);
  for (const act of ["RESOLVE", "PREPARE", "SIGN"]) await head.locator(".history li", { hasText: t(`act.${act}`) }).first().waitFor();
  c.that("everything is in the history", true);
  await close(head);
}

export async function refusalByFile() {
  const number = lab.housing[1], t = await words("kk");
  const head = await signInNew("head", { language: "kk" });
  await step(head, number, "RESOLVE", "kk", chooseExecutor("executor1"));
  await done(head, "kk");
  await close(head);
  const worker = await signInNew("executor1", { language: "kk" });
  await step(worker, number, "PREPARE", "kk", chooseOutcome("REFUSED", "UNTRUE"));
  await done(worker, "kk");
  await close(worker);
  const again = await signInNew("head", { language: "kk" });
  await step(again, number, "SIGN", "kk");
  const dialog = again.getByRole("dialog");
  c.that("what is signed is read first: the ground stands there", /UNTRUE|анық еместігі/.test(await dialog.textContent()));
  await dialog.locator("summary", { hasText: t("sign.file") }).first().click();
  const [file] = await Promise.all([again.waitForEvent("download"), dialog.getByRole("button", { name: t("sign.file.take") }).click()]);
  const from = path.join(lab.folder, "result.xml"), to = path.join(lab.folder, "result.p7s");
  await file.saveAs(from);
  execFileSync(lab.gateway, ["sign", "--cms", "--key", path.join(lab.pki, "keys/head-160640900019.key"), "--cert", path.join(lab.pki, "certs/head-160640900019.pem"), "--out", to, from]);
  await dialog.locator("input[type=file]").setInputFiles(to);
  await again.locator(".toast", { hasText: t("result.done") }).waitFor();
  c.that("a reasoned refusal, signed as CMS by another tool", true);
  await close(again);
}

export async function wrongSignature() {
  const number = lab.housing[2], t = await words("ru");
  const head = await signInNew("head");
  await step(head, number, "RESOLVE", "ru", chooseExecutor("executor1"));
  await done(head, "ru");
  await close(head);
  const worker = await signInNew("executor1");
  await step(worker, number, "PREPARE", "ru", chooseOutcome("POSITIVE"));
  await done(worker, "ru");
  await close(worker);
  const signer = await signInNew("head");
  await step(signer, number, "SIGN", "ru");
  const dialog = signer.getByRole("dialog"), sign = dialog.getByRole("button", { name: t("result.sign") });
  await fault("cancelled");
  await sign.click();
  await dialog.getByText(t("ncalayer.cancelled")).waitFor();
  await fault("wrong-key");
  await sign.click();
  await dialog.locator(".notice.over").waitFor();
  c.that("a wrong signature is refused in words", /[а-я]{4}/.test(await dialog.locator(".notice.over").textContent()));
  await fault("none");
  await choose(lab.staff.clerk);
  await sign.click();
  await dialog.locator(".notice.over").waitFor();
  c.that("another person's key too", true);
  await choose(lab.staff.head);
  await sign.click();
  await signer.locator(".toast", { hasText: t("result.done") }).waitFor();
  c.that("and with the right one it goes", true);
  await close(signer);
}

export async function wrongRole() {
  const number = lab.housing[3], t = await words("ru"), clerk = await signInNew("clerk");
  await openRequest(clerk, number);
  c.same("no button for a step of another role", await clerk.getByRole("button", { name: t("claim.take") }).count(), 0);
  c.that("whose step it is, is told", (await clerk.locator(".action").textContent()).includes(t("role.HEAD")));
  await close(clerk);
  const stranger = await signInNew("center1");
  await go(stranger, `request/${number}`);
  await stranger.locator(".notice.over").waitFor();
  c.that("another organisation is told what a number that does not exist is told", true);
  await close(stranger);
  const operator = await signInNew("operator", { language: "en" });
  c.same("an operator has no inbox", await operator.locator(".top nav a[href='#/inbox']").count(), 0);
  await close(operator);
}

export async function heldByAnother() {
  const number = lab.housing[3], t = await words("ru"), head = await signInNew("head"), deputy = await signInNew("deputy");
  await openRequest(deputy, number);
  await openRequest(head, number);
  await head.getByRole("button", { name: t("claim.take") }).click();
  await head.getByRole("button", { name: t("claim.give") }).waitFor();
  await deputy.locator(".action .notice", { hasText: t("role.HEAD") }).waitFor();
  c.that("who looks at it sees at once that another has it", true);
  await head.getByRole("button", { name: t("claim.give") }).click();
  await deputy.getByRole("button", { name: t("claim.take") }).waitFor();
  c.that("and that it is free again", true);
  await close(head);
  await close(deputy);
}

export async function returned() {
  const number = lab.housing[4], t = await words("ru"), language = "ru";
  const head = await signInNew("head");
  await step(head, number, "RESOLVE", language, chooseExecutor("executor2"));
  await done(head, language);
  await head.getByRole("button", { name: t("action.substitute") }).click();
  await head.getByRole("dialog").getByLabel(t("action.executor")).selectOption("executor1");
  await head.getByRole("dialog").getByRole("textbox").fill("в отпуске");
  await head.getByRole("dialog").getByRole("button", { name: t("action.substitute") }).click();
  await head.locator(".toast", { hasText: t("action.substituted") }).waitFor();
  c.that("the executor is replaced", true);
  await close(head);
  const worker = await signInNew("executor1");
  await step(worker, number, "PREPARE", language, chooseOutcome("POSITIVE"));
  await done(worker, language);
  await close(worker);
  const again = await signInNew("head");
  await openRequest(again, number);
  await again.getByRole("button", { name: t("claim.take") }).click();
  await again.getByRole("button", { name: t("action.return") }).click();
  await again.getByRole("dialog").getByRole("textbox").fill("уточните сумму");
  await again.getByRole("dialog").getByRole("button", { name: t("action.return") }).click();
  await again.locator(".toast", { hasText: t("action.returned") }).waitFor();
  await again.locator(".history blockquote", { hasText: "уточните сумму" }).waitFor();
  c.that("returned for correction, with the reason in the history", true);
  await close(again);
}

export async function liveList() {
  const t = await words("ru"), head = await signInNew("head"), other = await signInNew("head");
  await go(head, "inbox");
  const number = lab.housing[5];
  await head.locator(`tr[data-number="${number}"]`).waitFor();
  await step(other, number, "RESOLVE", "ru", chooseExecutor("executor1"));
  await done(other, "ru");
  await head.locator(`tr[data-number="${number}"]`).waitFor({ state: "detached" });
  c.that("what another has done leaves the list by itself", true);
  await head.getByRole("button", { name: t("inbox.view.open") }).click();
  await head.locator(`tr[data-number="${number}"]`).waitFor();
  await head.getByLabel(t("inbox.search"), { exact: true }).fill(number);
  await head.locator("tr[data-number]").nth(1).waitFor({ state: "detached" });
  c.that("found by its number", true);
  await head.keyboard.press("Tab");
  await head.evaluate(() => document.activeElement.blur());
  await head.keyboard.press("j");
  await head.keyboard.press("Enter");
  await head.locator(".request-head", { hasText: number }).waitFor();
  c.that("opened by keyboard", true);
  await head.keyboard.press("u");
  await head.getByRole("heading", { name: t("title.inbox") }).waitFor();
  c.same("no complaint", head.complaints, []);
  await close(head);
  await close(other);
}

export async function attachments() {
  const number = lab.housing[6], t = await words("ru"), head = await signInNew("head");
  await openRequest(head, number);
  await head.getByRole("button", { name: `${t("attachment.show")}: страница-1.png` }).click();
  await head.locator("dialog canvas").waitFor();
  const colour = await head.locator("dialog canvas").evaluate((canvas) => [...canvas.getContext("2d").getImageData(10, 10, 1, 1).data]);
  c.that("the picture is painted", colour[2] === 160 && colour[3] === 255, colour);
  await head.getByRole("button", { name: t("common.close") }).click();
  const [file] = await Promise.all([head.waitForEvent("download"), head.getByRole("button", { name: `${t("attachment.take")}: договор.pdf` }).click()]);
  c.same("the file under its name", file.suggestedFilename(), "договор.pdf");
  c.that("as it came", fs.readFileSync(await file.path()).subarray(0, 5).toString() === "%PDF-");
  c.that("the signature's verification in words", (await head.locator(".verdict").textContent()).includes(t("verdict.good")));
  await close(head);
}

const HOSTILE = ['<img src=x onerror="window.ran=1">', "<script>window.ran=1</script>", '"><svg onload=window.ran=1>', "javascript:window.ran=1", "{{window.ran=1}}"];
const keep = new Set(["number", "act", "colour", "state", "leaseUntil", "registeredAt", "dueAt", "resultDueAt", "at", "doneAt", "csrf", "expiresAt", "kind", "id", "type"]);
let turn = 0;
const poison = (value, key = "") => {
  if (typeof value === "string") return keep.has(key) ? value : `${HOSTILE[turn++ % HOSTILE.length]} ${value}`;
  if (Array.isArray(value)) return value.map((one) => poison(one, key === "actions" || key === "roles" || key === "outcomes" ? "id" : key));
  return value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poison(one, name)])) : value;
};

/** Every text of every answer is hostile; then a comment and a real attachment of somebody who means it. */
export async function hostile() {
  const number = lab.housing[6], made = await signInNew("head"), t = await words("ru");
  await made.route(/\/api\/v1\/inbox(?!\/changes)/, async (route) => {
    const answer = await route.fetch();
    const body = (answer.headers()["content-type"] || "").includes("json") ? JSON.stringify(poison(await answer.json())) : await answer.body();
    await route.fulfill({ response: answer, body });
  });
  for (const place of ["inbox", `request/${number}`]) {
    await go(made, place);
    await made.waitForTimeout(800);
    c.same(`${place}: nothing ran`, await made.evaluate(() => window.ran), undefined);
    c.same(`${place}: no element came of it`, await made.evaluate(() => document.querySelectorAll("main img[src=x], main script, main svg[onload]").length), 0);
  }
  c.that("it is shown as text", (await made.locator("main").textContent()).includes("<script>window.ran=1</script>"));
  await made.unrouteAll({ behavior: "ignoreErrors" });
  await openRequest(made, number);
  await made.getByRole("button", { name: t("action.comment.add") }).first().click();
  await made.getByRole("dialog").getByRole("textbox").fill(HOSTILE.join("\n"));
  await made.getByRole("dialog").getByRole("button", { name: t("action.comment.add") }).click();
  await made.locator(".history blockquote", { hasText: "onerror" }).waitFor();
  c.same("a hostile comment: nothing ran", await made.evaluate(() => window.ran), undefined);
  c.same("no complaint but of what was made up", made.complaints.filter((one) => !/route|RangeError|Invalid/.test(one)), []);
  await close(made);
}

export async function judged() {
  for (const language of ["kk", "ru", "en"]) {
    const made = await signInNew("head", { language, bypassCSP: true });
    await go(made, "inbox");
    await made.locator("tr[data-number]").first().waitFor();
    c.same(`inbox, ${language}: axe-core`, await serious(made), []);
    await openRequest(made, lab.housing[6]);
    await made.locator(".verdict").waitFor();
    c.same(`a request, ${language}: axe-core`, await serious(made), []);
    await close(made);
  }
}

export async function expired() {
  const t = await words("ru"), made = await signInNew("clerk");
  await made.context().clearCookies();
  await made.evaluate(() => { location.hash = "#/request/10100000000001"; });
  await made.getByRole("heading", { name: t("login.title") }).waitFor();
  c.that("a session that ended asks again, and says why", (await made.locator(".login-card .notice").count()) === 1);
  await close(made);
}
