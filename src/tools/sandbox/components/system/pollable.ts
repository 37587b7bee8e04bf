import type { HostBridge } from "../../wasi/index.ts";

/** Something that a guest can wait for. */
export interface Pollable {
  /** Whether waiting would take no time. */
  isReady(): boolean;
  /**
   * Calls `wake` when it may be ready; returns a function that cancels this. `hasOthers` if another source may wake the
   * guest too.
   */
  await(wake: () => void, hasOthers: boolean): () => void;
}

export const isPollable = (value: unknown): value is Pollable =>
  typeof value === "object" && value !== null && "isReady" in value && "await" in value;

const NOTHING = (): void => {};

/** Ready from the beginning. */
export const READY: Pollable = { isReady: () => true, await: () => NOTHING };

const SLEEP_MS_MAX = 2 ** 31 - 1;

/** Ready once that much real time has passed, whatever the guest's clock says. */
export class Timer implements Pollable {
  readonly #atMs: number;

  constructor(ms: number) {
    this.#atMs = performance.now() + ms;
  }

  isReady(): boolean {
    return performance.now() >= this.#atMs;
  }

  await(wake: () => void): () => void {
    const ms = Math.max(0, Math.ceil(this.#atMs - performance.now()) + 1);
    const timer = setTimeout(wake, Math.min(ms, SLEEP_MS_MAX));
    return () => clearTimeout(timer);
  }
}

/** Waits until one of them is ready; does not wait when one is. */
export async function whenReady(gate: HostBridge, pollables: readonly Pollable[]): Promise<void> {
  while (!pollables.some((each) => each.isReady())) {
    await gate.suspend<void, void>((settle) => {
      let isOver = false;
      const cancels: (() => void)[] = [];
      const cancel = (): void => {
        isOver = true;
        for (const each of cancels) each();
      };
      const wake = (): void => {
        if (isOver) return;
        cancel();
        settle();
      };
      for (const each of pollables) if (!isOver) cancels.push(each.await(wake, pollables.length > 1));
      return cancel;
    }, NOTHING);
  }
}
