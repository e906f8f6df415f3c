// Signing in and out: both key families, both ways to sign, everything that goes wrong on the way.
import fs from "node:fs";
import path from "node:path";
import { execFileSync } from "node:child_process";

import { c, choose, close, fault, go, lab, page, serious, signIn, words } from "./harness.mjs";

async function enters(name, key) {
  const made = await page();
  await signIn(made, name);
  c.that(`${key}: signed in`, (await made.locator(".who").textContent()).includes(lab.staff[name].name.split(" ")[0].slice(0, 4)));
  c.same(`${key}: the page complains of nothing`, made.complaints, []);
  const t = await words("ru");
  await made.getByRole("button", { name: t("nav.out") }).click();
  await made.getByRole("button", { name: t("login.go") }).waitFor();
  c.same(`${key}: signed out, the cookie is gone`, (await made.context().cookies()).filter((one) => one.name === "egov_session" && one.value).length, 0);
  await close(made);
}

export async function rsaAndGost() {
  await enters("clerk", "RSA");
  lab.staff.gost = { ...lab.staff.clerk, certificate: "gost-staff-clerk", auth: "gost-staff-clerk-auth" };
  await enters("gost", "GOST");
  await enters("head", "ECDSA authentication key");
}

export async function oldModule() {
  await fault("old");
  await enters("clerk", "an old NCALayer");
  await fault("none");
}

export async function cancelled() {
  const t = await words("ru");
  for (const kind of ["cancelled", "cancelled-silent"]) {
    const made = await page();
    await choose(lab.staff.clerk);
    await fault(kind);
    await go(made);
    await made.getByRole("button", { name: t("login.go") }).click();
    await made.getByText(t("ncalayer.cancelled")).waitFor();
    c.that(`${kind}: told so`, true);
    await fault("none");
    await made.getByRole("button", { name: t("login.go") }).click();
    await made.locator(".who").waitFor();
    c.that(`${kind}: and then it works`, true);
    await close(made);
  }
}

export async function wrongKey() {
  const t = await words("ru");
  for (const [kind, more] of [["wrong-key", ""], ["garbage", ""], ["cut", ""]]) {
    const made = await page();
    await choose(lab.staff.clerk);
    await fault(kind, more);
    await go(made);
    await made.getByRole("button", { name: t("login.go") }).click();
    await made.locator(".notice.over, .notice.near").first().waitFor();
    c.that(`${kind}: refused, in Russian`, /[а-я]{4}/.test(await made.locator(".signing").textContent()));
    c.same(`${kind}: nobody is in`, await made.locator(".who").count(), 0);
    await fault("none");
    await close(made);
  }
  const stranger = await page();
  await choose({ certificate: "staff-nobody" });
  await go(stranger);
  await stranger.getByRole("button", { name: t("login.go") }).click();
  await stranger.locator(".notice.over").waitFor();
  c.same("somebody who does not work here", await stranger.locator(".who").count(), 0);
  await close(stranger);
}

export async function absent() {
  for (const language of ["kk", "ru", "en"]) {
    const t = await words(language), made = await page({ language });
    await made.route("**/config.json", (route) => route.fulfill({ json: { ncalayer: lab.nowhere } }));
    await go(made);
    await made.getByRole("button", { name: t("login.go") }).click();
    await made.getByText(t("ncalayer.absent"), { exact: true }).waitFor();
    c.that(`${language}: what to do is told`, (await made.locator(".signing .notice").textContent()).includes(t("ncalayer.absent.1")));
    await close(made);
  }
}

/** The file is signed by another program: `egov-gateway sign`. */
export async function byFile() {
  const t = await words("kk"), keys = path.join(lab.pki, "keys", "staff-clerk.key"), certificate = path.join(lab.pki, "certs", "staff-clerk.pem");
  for (const form of ["xml", "cms", "gost"]) {
    const made = await page({ language: "kk" });
    await go(made);
    await made.locator("summary", { hasText: t("sign.file") }).first().click();
    const [file] = await Promise.all([made.waitForEvent("download"), made.getByRole("button", { name: t("sign.file.take") }).click()]);
    const from = path.join(lab.folder, `login-${form}.xml`), to = path.join(lab.folder, `login-${form}.signed`);
    await file.saveAs(from);
    const key = form === "gost" ? path.join(lab.pki, "keys", "gost-staff-clerk.key") : keys, cert = form === "gost" ? path.join(lab.pki, "certs", "gost-staff-clerk.pem") : certificate;
    execFileSync(lab.gateway, ["sign", "--key", key, "--cert", cert, ...(form === "cms" ? ["--cms"] : []), "--out", to, from]);
    await made.locator("input[type=file]").setInputFiles(to);
    await made.locator(".who").waitFor();
    c.that(`${form}: in by a file`, true);
    await close(made);
  }
  const made = await page({ language: "kk" });
  await go(made);
  await made.locator("summary", { hasText: t("sign.file") }).first().click();
  const wrong = path.join(lab.folder, "wrong.xml");
  fs.writeFileSync(wrong, "<login/>");
  await made.locator("input[type=file]").setInputFiles(wrong);
  await made.locator(".ways .notice").waitFor();
  c.same("a file that is not it", await made.locator(".who").count(), 0);
  await close(made);
}

export async function languages() {
  const made = await page({ language: "kk" });
  await go(made);
  for (const [language, label] of [["ru", "Русский"], ["en", "English"], ["kk", "Қазақша"]]) {
    const t = await words(language);
    await made.getByRole("button", { name: label }).click();
    await made.getByRole("heading", { name: t("login.title") }).waitFor();
    c.same(`${language}: the page says so to programs`, await made.evaluate(() => document.documentElement.lang), language);
  }
  await made.getByRole("button", { name: "English" }).click();
  await made.reload();
  c.same("the language is remembered", await made.evaluate(() => document.documentElement.lang), "en");
  await close(made);
}

export async function keyboard() {
  const t = await words("en"), made = await page({ language: "en" });
  await go(made);
  await made.getByRole("heading", { name: t("login.title") }).waitFor();
  await made.keyboard.press("Tab");
  c.same("first is the skip link", await made.evaluate(() => document.activeElement.id), "skip");
  await made.keyboard.press("Enter");
  c.same("it goes to the content", await made.evaluate(() => document.activeElement.id), "main");
  await made.keyboard.press("?");
  await made.getByRole("dialog").waitFor();
  c.that("shortcuts are told", (await made.getByRole("dialog").textContent()).includes(t("keys.search")));
  await made.keyboard.press("Escape");
  c.same("and go away", await made.getByRole("dialog").count(), 0);
  await close(made);
}

export async function judged() {
  for (const language of ["kk", "ru", "en"]) {
    const made = await page({ language, bypassCSP: true });
    await go(made);
    await made.locator(".login-card").waitFor();
    c.same(`sign-in, ${language}: axe-core`, await serious(made), []);
    await close(made);
  }
}
