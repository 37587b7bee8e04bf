import type { Clock } from "../../kernel/clock.ts";

/** Looks in the time in which an answer is expected. Counted in looks, since a server that was held up itself proves nothing. */
const CHECKS = 5;

export type Watched = {
  /** Rises with each message. */
  readonly messagesReceived: () => number;
  readonly ping: () => void;
};

/** Watches over something that answers when it is asked to; resolves when it no longer does, or with the signal. */
export async function watch(
  clock: Clock,
  unresponsiveAfterMs: number,
  { messagesReceived, ping }: Watched,
  signal: AbortSignal,
): Promise<"stuck" | "over"> {
  let before = messagesReceived();
  for (let missed = 0; missed < CHECKS;) {
    ping();
    try {
      await clock.sleep(unresponsiveAfterMs / CHECKS, signal);
    } catch {
      return "over";
    }
    const now = messagesReceived();
    missed = now === before ? missed + 1 : 0;
    before = now;
  }
  return "stuck";
}
