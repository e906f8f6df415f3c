// All scenarios, one after the other. Ends with `N passed, N failed`.
import { c, open } from "./harness.mjs";
import * as signin from "./signin.mjs";

const only = process.env.EGOV_BROWSER_ONLY || "";
const done = await open();
for (const [file, scenarios] of Object.entries({ signin })) {
  for (const [name, scenario] of Object.entries(scenarios)) if (`${file} ${name}`.includes(only)) await c.part(`${file} ${name}`, scenario);
}
await done();
console.log(`${c.passed} passed, ${c.failed} failed`);
process.exit(c.failed ? 1 : 0);
