// All scenarios, one after the other. Ends with `N passed, N failed`.
import { c, open } from "./harness.mjs";
import * as casework from "./casework.mjs";
import * as looks from "./looks.mjs";
import * as many from "./many.mjs";
import * as office from "./office.mjs";
import * as operator from "./operator.mjs";
import * as signin from "./signin.mjs";

const helpers = new Set(["openRequest", "step", "done", "chooseExecutor", "chooseOutcome", "signResult", "throughProvider", "fillPaper", "registerPaper", "walk"]); // of scenarios, for others
const only = process.env.EGOV_BROWSER_ONLY || "";
const done = await open();
for (const [file, scenarios] of Object.entries({ signin, casework, office, operator, looks, many })) {
  for (const [name, scenario] of Object.entries(scenarios).filter(([one]) => !helpers.has(one))) if (`${file} ${name}`.includes(only)) await c.part(`${file} ${name}`, scenario);
}
await done();
console.log(`${c.passed} passed, ${c.failed} failed`);
process.exit(c.failed ? 1 : 0);
