// Pictures of every page in three languages, for eyes: build/screens. And what a program can see: nothing is wider than the window.
import { openRequest } from "./casework.mjs";
import { c, close, go, lab, page, picture, signInAgain, signInNew, words } from "./harness.mjs";

const LANGUAGES = ["kk", "ru", "en"];

async function fits(made, name) {
  const wide = await made.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  c.that(`${name}: nothing sticks out`, wide <= 0, wide);
}

async function shoot(made, place, name, ready) {
  await go(made, place);
  await made.locator(ready).first().waitFor();
  await made.waitForTimeout(500);
  await picture(made, name);
  await fits(made, name);
}

export async function pictures() {
  for (const language of LANGUAGES) {
    const t = await words(language), made = await page({ language });
    await shoot(made, "", `${language}-login`, ".login-card");
    await made.locator("summary", { hasText: t("sign.file") }).first().click();
    await made.waitForTimeout(500);
    await picture(made, `${language}-login-file`);
    await signInAgain(made, "head", language);
    await shoot(made, "inbox", `${language}-inbox`, "tr");
    await made.getByRole("button", { name: t("inbox.view.open") }).click();
    await made.waitForTimeout(500);
    await picture(made, `${language}-inbox-open`);
    await shoot(made, `request/${lab.housing[6]}`, `${language}-request`, ".verdict");
    await made.keyboard.press("?");
    await made.getByRole("dialog").waitFor();
    await made.screenshot({ path: `${lab.screens}/${language}-keys.png` });
    await made.keyboard.press("Escape");
    await signInAgain(made, "statecorp1", language);
    await go(made, "new");
    await made.locator("#iin").fill("480509390010");
    await made.locator(".needed-document").first().waitFor();
    await shoot(made, "new", `${language}-new`, "#service");
    await shoot(made, "registers", `${language}-registers`, ".card");
    await close(made);
  }
}

export async function operator() {
  for (const language of LANGUAGES) {
    const made = await signInNew("operator", { language });
    for (const tab of ["overview", "outbox", "destinations", "certificates", "overdue", "search"]) await shoot(made, `operator/${tab}`, `${language}-operator-${tab}`, ".after-title > *, .notice");
    await close(made);
  }
}

export async function narrow() {
  const made = await signInNew("head", { width: 390, height: 844 });
  await shoot(made, "inbox", "narrow-inbox", "tr");
  await shoot(made, `request/${lab.housing[6]}`, "narrow-request", ".verdict");
  await close(made);
}

/** On paper: no buttons, no menus. */
export async function paper() {
  const made = await signInNew("head");
  await openRequest(made, lab.housing[6]);
  await made.locator(".verdict").waitFor();
  await made.emulateMedia({ media: "print" });
  c.same("nothing to press is printed", await made.locator("button:visible").count(), 0);
  c.that("the application is", await made.locator(".facts").first().isVisible());
  await picture(made, "printed-request");
  await close(made);
}
