/** What is known of a delivery that was in flight when the process ended. */
export type InFlightEntry = {
  /** In how many crashes it was the only one. */
  readonly crashes: number;
  /** When those attempts began, oldest first; at most as many. Epoch milliseconds. */
  readonly beganAtMs: readonly number[];
};

/** Records in-flight deliveries across process crashes, so that a message that crashes the process each time is not delivered permanently. */
export interface InFlightLog {
  /**
   * Begins the log of this process. Returns the deliveries that were in flight when the previous process crashed, by `deliveryKey`;
   * undefined if it was closed, or no process ran before.
   */
  open(): ReadonlyMap<string, InFlightEntry> | undefined;
  /** In flight from now on; if the process crashes, `past` is what `open` returns. Does not throw. */
  begin(key: string, past: InFlightEntry): void;
  /** Not in flight any more. Does not throw. */
  end(key: string): void;
  /** No delivery is in flight any more: the next `open` returns undefined. */
  close(): void;
}

export const deliveryKey = (seq: number, party: number): string => `${seq}/${party}`;
