// What others change: one long poll after the other, quietly again and again when the gateway is away.
import { get, inBackground, query } from "./api.js";

const WAIT_S = 25;
const PAUSE_MS = 5000;

/** changed(numbers) after each change; alive(yes) when the line is there or gone. Gives the function that ends it. */
export function follow(changed, alive = () => {}) {
  const stopper = new AbortController();
  const pause = () => new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
  const run = async () => {
    let since = null;
    while (!stopper.signal.aborted) {
      try {
        const answer = await get(`/inbox/changes${query(since === null ? {} : { since, wait: WAIT_S })}`, { signal: stopper.signal });
        alive(true);
        const first = since === null;
        since = answer.seq;
        if (!first && answer.numbers.length && !stopper.signal.aborted) await inBackground(() => changed(answer.numbers));
      } catch (error) {
        if (stopper.signal.aborted || error.status === 401) return;
        alive(false);
        await pause();
      }
    }
  };
  run();
  return () => stopper.abort();
}
