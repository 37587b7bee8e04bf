// What the benchmarks of whole message paths send, how fast, and what is measured of it.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { quantile } from "./table.ts";

/** Of a directory for them: capabilities, each of as many agents as there are for it. */
export const CAPABILITIES = 100;
const TEXTS = 20_000;
/** Messages accepted and not handled, in the closed loop. */
const IN_FLIGHT = 4_000;
const WARM_MS = 1_500;

/** Half to agents by name, half by capability; 600 characters each. */
export function messageTexts(agents: number): readonly string[] {
  const ids = Array.from({ length: TEXTS }, (_none, index) => index.toString(16).padStart(12, "0"));
  return ids.map((id, index) =>
    JSON.stringify({
      id: `00000000-0000-4000-8000-${id}`,
      performative: "request",
      sender: `planner-${index % 1_000}`,
      ...(index % 2 === 1
        ? { receiver: `worker-${index % agents}` }
        : { capability: `cap-${index % Math.min(CAPABILITIES, agents)}`, routing_strategy: "least_loaded" }),
      language: "json",
      ontology: "caxton",
      conversation_id: `conversation-${index % 5_000}`,
      reply_with: `reply-${index}`,
      content: { task: "summarise", args: { a: 1, b: "two", c: [1, 2, 3] }, text: "x".repeat(230) },
    }),
  );
}

let lap = 0;
/** The texts repeatedly, each time with other ids: a duplicate would do nothing. */
export function nextText(prepared: readonly string[], count: number): string {
  const index = count % prepared.length;
  if (index === 0) lap += 1;
  const text = prepared[index] ?? "";
  return `${text.slice(0, 7)}${lap.toString(16).padStart(8, "0")}${text.slice(15)}`;
}

export type LoadFigures = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The longest turn of the event loop. */
  readonly loopMs: number;
  /** Processor time of a message, in microseconds: of the main thread, and of all. */
  readonly mainUs: number;
  readonly allUs: number;
};

/** Sends texts into a path and counts the outputs. The path numbers messages from 1, as they come. */
export class Load {
  sent = 0;
  #handled = 0;
  #isMeasuring = false;
  /** Milliseconds from when a message was due to its handler, once measuring. */
  readonly #delays = new Float64Array(4_000_000);
  #delayed = 0;
  /** When each was due, by its number; if more are in flight than fit here, times are wrong. */
  readonly #dueMs = new Float64Array(2 ** 20);
  readonly #prepared: readonly string[];
  readonly #send: (text: string) => void;

  constructor(agents: number, send: (text: string) => void) {
    this.#prepared = messageTexts(agents);
    this.#send = send;
  }

  /** The message of this number is in its agent's hands. */
  took(seq: number): void {
    this.#handled += 1;
    if (!this.#isMeasuring || this.#delayed >= this.#delays.length) return;
    this.#delays[this.#delayed] = performance.now() - (this.#dueMs[seq % this.#dueMs.length] ?? 0);
    this.#delayed += 1;
  }

  #next(dueMs: number): void {
    const text = nextText(this.#prepared, this.sent);
    this.sent += 1;
    this.#dueMs[this.sent % this.#dueMs.length] = dueMs;
    this.#send(text);
  }

  /** What is due since `startMs` at that rate; at rate 0 everything up to `IN_FLIGHT`. */
  #offer(rate: number, startMs: number): void {
    const nowMs = performance.now();
    const due = rate > 0 ? ((nowMs - startMs) / 1_000) * rate - this.sent : IN_FLIGHT - (this.sent - this.#handled);
    for (let count = 0; count < Math.min(Math.floor(due), 5_000); count += 1)
      this.#next(rate > 0 ? startMs + ((this.sent + 1) * 1_000) / rate : performance.now());
  }

  /** `rate` messages a second, or as many as possible with `IN_FLIGHT` in flight when it is 0; measured after a warm time. */
  async run(rate: number, seconds: number): Promise<LoadFigures> {
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    // Threads are started by the first message, which takes seconds on a busy machine.
    this.#next(performance.now());
    while (this.#handled === 0) await new Promise((resolve) => setImmediate(resolve));
    const startMs = performance.now();
    const during = async (untilMs: number) => {
      while (performance.now() < untilMs) {
        this.#offer(rate, startMs);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await during(startMs + WARM_MS);
    this.#isMeasuring = true;
    loop.reset();
    const before = { handled: this.#handled, atMs: performance.now() };
    const [main, all] = [process.threadCpuUsage(), process.cpuUsage()];
    await during(startMs + WARM_MS + seconds * 1_000);
    const count = this.#handled - before.handled;
    const took = performance.now() - before.atMs;
    const [mainUs = 0, allUs = 0] = [process.threadCpuUsage(main), process.cpuUsage(all)].map(
      ({ user, system }) => (user + system) / count,
    );
    loop.disable();
    const sorted = Array.from(this.#delays.subarray(0, this.#delayed).toSorted());
    const [p50Ms, p99Ms] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
    return { perSecond: (count / took) * 1_000, p50Ms, p99Ms, loopMs: loop.max / 1e6, mainUs, allUs };
  }
}
