// The load that peers for messages are put under: the same texts, the same loop, the same figures as Caxton's.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";

const IN_FLIGHT = 4_000;
const WARM_MS = 1_500;

/** About 600 characters as JSON. */
export const body = (index) => ({
  index,
  performative: "request",
  sender: `planner-${index % 1_000}`,
  receiver: `worker-${index % 1_000}`,
  language: "json",
  ontology: "caxton",
  conversation_id: `conversation-${index % 5_000}`,
  reply_with: `reply-${index}`,
  content: { task: "summarise", args: { a: 1, b: "two", c: [1, 2, 3] }, text: "x".repeat(310) },
});

/** `send` gives one message to the peer and resolves once it is safe there; `took` is called for each that was handled. */
export function traffic({ rate, seconds }) {
  const dueMs = new Map();
  const delays = [];
  let [sent, handled, refused, isMeasuring] = [0, 0, 0, false];
  return {
    took(index) {
      handled += 1;
      const atMs = dueMs.get(index);
      dueMs.delete(index);
      if (isMeasuring && atMs !== undefined) delays.push(performance.now() - atMs);
    },
    async run(send) {
      const loop = monitorEventLoopDelay({ resolution: 1 });
      loop.enable();
      const startMs = performance.now();
      const during = async (untilMs) => {
        while (performance.now() < untilMs) {
          const nowMs = performance.now();
          const due = rate > 0 ? ((nowMs - startMs) / 1_000) * rate - sent : IN_FLIGHT - (sent - handled);
          for (let count = 0; count < Math.min(Math.floor(due), 5_000); count += 1) {
            const index = sent++;
            dueMs.set(index, rate > 0 ? startMs + (sent * 1_000) / rate : performance.now());
            send(index).catch(() => (refused += 1));
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await during(startMs + WARM_MS);
      isMeasuring = true;
      loop.reset();
      const [before, fromMs] = [handled, performance.now()];
      await during(startMs + WARM_MS + seconds * 1_000);
      const perSecond = ((handled - before) / (performance.now() - fromMs)) * 1_000;
      delays.sort((one, other) => one - other);
      const at = (share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? 0;
      return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99), loopMs: loop.max / 1e6, refused };
    },
  };
}
