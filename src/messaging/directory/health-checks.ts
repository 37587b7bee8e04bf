import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Participants } from "./participants.ts";

/** Checks the health of a participant at an address; never rejects. */
export type Probe = (url: string, signal: AbortSignal) => Promise<boolean>;

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 5_000;
/** Asked at once. */
const AT_ONCE = 16;

/** Asks every registered provider that names an address, each minute, whether it is well, and takes those out of routing that are not. */
export class HealthChecks implements Disposable {
  readonly #participants: Participants;
  readonly #probe: Probe;
  readonly #clock: Clock;
  readonly #stop = new AbortController();

  constructor(deps: { readonly participants: Participants; readonly probe: Probe; readonly clock: Clock }) {
    this.#participants = deps.participants;
    this.#probe = deps.probe;
    this.#clock = deps.clock;
  }

  /** Runs until it is disposed. */
  start(): void {
    void this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
      if (!signal.aborted) await this.checkAll();
    }
  }

  /** One round. Never rejects. */
  async checkAll(): Promise<void> {
    const waiting = [...this.#participants.withHealthChecks()];
    const worker = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await this.#check(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  async #check({ id, healthCheckUrl }: { readonly id: string; readonly healthCheckUrl: string }): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const isHealthy = await this.#probe(healthCheckUrl, signal);
    if (this.#stop.signal.aborted) return;
    try {
      await this.#participants.checked(id, isHealthy);
    } catch (error) {
      log.warn({ err: error, registration: id }, "what a health check found could not be kept");
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
