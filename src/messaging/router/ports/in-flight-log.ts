/** What is known of a delivery that was in flight when the process ended. */
export type InFlightEntry = {
  /** In how many crashes it was the only one. */
  readonly crashes: number;
  /** When those attempts began, oldest first; at most as many. Epoch milliseconds. */
  readonly beganAtMs: readonly number[];
};

/** Which deliveries are in hand, through the end of the process: so that what ends it each time is not delivered for ever. */
export interface InFlightLog {
  /**
   * Begins this life's record. What the one before left: by `deliveryKey`, of what was under way when it ended;
   * undefined when it was closed, or there was none.
   */
  open(): ReadonlyMap<string, InFlightEntry> | undefined;
  /** In hand from now on; should the process end, that is its past. Does not throw. */
  begin(key: string, past: InFlightEntry): void;
  /** In hand no more. Does not throw. */
  end(key: string): void;
  /** Nothing is in hand any more: the next life begins without a past. */
  close(): void;
}

export const deliveryKey = (seq: number, party: number): string => `${seq}/${party}`;
