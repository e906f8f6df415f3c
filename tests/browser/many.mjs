// An inbox of ten thousand: the first page, as the gateway answers it and as a person sees it.
import { c, close, go, lab, signInNew } from "./harness.mjs";

const LIMIT_MS = 200;

export async function tenThousand() {
  if (!lab.many) return;
  const made = await signInNew("head");
  const times = await made.evaluate(async () => {
    const found = [];
    for (let n = 0; n < 9; n += 1) {
      const start = performance.now();
      const answer = await fetch("/api/v1/inbox?state=open&limit=50");
      const page = await answer.json();
      found.push({ ms: performance.now() - start, items: page.items.length, open: page.counts.open });
    }
    return found;
  });
  const sorted = times.map((one) => one.ms).sort((a, b) => a - b), median = sorted[Math.floor(sorted.length / 2)];
  console.log(`     first page of ${times[0].open}: median ${median.toFixed(1)} ms, best ${sorted[0].toFixed(1)} ms`);
  c.that("ten thousand are there", times[0].open >= 10000 && times[0].items === 50, times[0]);
  c.that(`the first page comes within ${LIMIT_MS} ms`, sorted[0] <= LIMIT_MS, sorted);
  const start = Date.now();
  await go(made, "inbox");
  await made.locator("tr[data-number]").nth(40).waitFor();
  console.log(`     seen after ${Date.now() - start} ms`);
  await close(made);
}
