// The operator: what waits to be sent is parked and released; a request by its number; no personal data.
import { throughProvider } from "./casework.mjs";
import { c, close, control, go, lab, serious, signInNew, words } from "./harness.mjs";

export async function outbox() {
  const number = lab.housing[4], t = await words("ru");
  await control("fault?system=cabinet&kind=http500");
  const head = await throughProvider(number, "ru", "POSITIVE", null, await stepsLeft(number));
  await close(head);
  const operator = await signInNew("operator");
  await go(operator, "operator/outbox");
  const row = operator.locator("tbody tr", { hasText: number }).first();
  await row.getByRole("button", { name: t("operator.park") }).click();
  await operator.locator(".toast.good").first().waitFor();
  await operator.locator("tbody tr", { hasText: number }).getByText(t("operator.parked")).first().waitFor();
  c.that("a row is parked", true);
  await control("fault?system=cabinet&kind=none");
  await operator.getByRole("button", { name: t("operator.release") }).first().click();
  await operator.locator("tbody tr", { hasText: number }).first().waitFor({ state: "detached", timeout: 60000 });
  c.that("released, it is sent, and leaves the list by itself", true);
  await go(operator, "operator/search");
  await operator.locator("#operator-number").fill(number);
  await operator.keyboard.press("Enter");
  await operator.locator(".card", { hasText: number }).waitFor();
  c.same("no IIN is shown", /\b\d{12}\b/.test((await operator.locator("main").textContent()).replaceAll(number, "")), false);
  c.same("no complaint", operator.complaints, []);
  await close(operator);
}

/** Earlier scenarios may have left it at any step. */
async function stepsLeft(number) {
  const head = await signInNew("head");
  const item = await head.evaluate(async (asked) => (await fetch(`/api/v1/inbox/${asked}`)).json(), number);
  await close(head);
  const all = ["RESOLVE", "PREPARE", "SIGN"];
  return all.slice(all.indexOf(item.step.act));
}

export async function judged() {
  const made = await signInNew("operator", { language: "en", bypassCSP: true });
  for (const tab of ["overview", "outbox", "destinations", "certificates", "overdue", "search"]) {
    await go(made, `operator/${tab}`);
    await made.locator(".after-title > *").first().waitFor();
    c.same(`operator, ${tab}: axe-core`, await serious(made), []);
  }
  await close(made);
}
