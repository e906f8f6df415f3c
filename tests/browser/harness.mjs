// What every scenario needs: counted checks, a browser, people who sign, pictures, and the judge of accessibility.
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const lab = JSON.parse(process.env.EGOV_BROWSER_LAB);
const require = createRequire(path.join(lab.modules, "package.json"));
const { chromium } = require("playwright-core");
const axeSource = require("axe-core").source;
const WAIT_MS = 20000;

export { lab };

export class Checks {
  passed = 0;
  failed = 0;

  that(name, good, note = "") {
    if (good) this.passed += 1;
    else {
      this.failed += 1;
      console.log(`FAIL ${name}: ${String(typeof note === "string" ? note : JSON.stringify(note)).slice(0, 600)}`);
    }
    return Boolean(good);
  }

  same(name, got, want) {
    return this.that(name, JSON.stringify(got) === JSON.stringify(want), `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
  }

  /** A part that stops by an exception is one failed check, with a picture of where it stood. */
  async part(name, work) {
    const start = Date.now();
    try {
      await work();
    } catch (error) {
      this.that(name, false, error.stack);
      if (current) await current.screenshot({ path: path.join(lab.screens, `failed-${name.replace(/\W+/g, "-")}.png`) }).catch(() => {});
    }
    console.log(`     ${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  }
}

export const c = new Checks();
let browser = null;
let current = null;

export async function open() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "egov-chromium-"));
  browser = await chromium.launch({ executablePath: lab.chromium, env: { ...process.env, HOME: folder }, args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", `--ignore-certificate-errors-spki-list=${lab.spki}`] });
  fs.mkdirSync(lab.screens, { recursive: true });
  return async () => { await browser.close(); fs.rmSync(folder, { recursive: true, force: true }); };
}

export const control = (verb, method = "POST") => fetch(lab.control + verb, { method }).then((answer) => answer.text());
export const choose = (person) => control(`ncalayer/person?sign=${person.certificate}&auth=${person.auth || person.certificate}`);
export const fault = (kind, more = "") => control(`fault?system=ncalayer&kind=${kind}${more}`);

/** A window of its own: its cookies, its language. Whatever the page complains of, and every script that hostile text would have run, is gathered in page.complaints. */
export async function page({ language = "ru", width = 1280, height = 720, bypassCSP = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language, timezoneId: "Asia/Almaty", acceptDownloads: true, bypassCSP });
  const made = await context.newPage();
  made.setDefaultTimeout(WAIT_MS);
  made.complaints = [];
  made.on("pageerror", (error) => made.complaints.push(`error: ${error.message}`));
  made.on("console", (message) => { if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) made.complaints.push(message.text()); });
  made.on("dialog", (dialog) => { made.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await made.addInitScript((name) => { if (!localStorage.getItem("egov-console-language")) localStorage.setItem("egov-console-language", name); }, language);
  current = made;
  return made;
}

export const close = (made) => made.context().close();
export const go = (made, place = "") => made.goto(`${lab.url}/console/#/${place}`);

/** The texts of the console itself, so that scenarios press what people read. */
const dictionaries = {};
export async function words(language) {
  dictionaries[language] ??= (await import(path.join(lab.root, "gateway/console", `${language}.js`))).default;
  return (key, values = {}) => dictionaries[language][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Signs in as a person of tests/lab/staff.py, through NCALayer. */
export async function signIn(made, name, language = "ru") {
  const t = await words(language);
  await choose(lab.staff[name]);
  await go(made);
  await made.getByRole("button", { name: t("login.go") }).click();
  await made.locator(".who").waitFor();
}

/** NCALayer holds one person at a time: who comes back after another signs in anew. */
export async function signInAgain(made, name, language = "ru") {
  await made.context().clearCookies();
  await made.goto("about:blank");
  await signIn(made, name, language);
}

export async function signInNew(name, options = {}) {
  const made = await page(options);
  await signIn(made, name, options.language || "ru");
  return made;
}

export async function picture(made, name) {
  await made.waitForTimeout(150);
  await made.screenshot({ path: path.join(lab.screens, `${name}.png`), fullPage: true });
}

/** axe-core: what is serious or critical, in short. The page must have been opened with bypassCSP. */
export async function serious(made) {
  await made.evaluate(axeSource);
  const found = await made.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`));
  return found;
}
