/** Which deliveries are in hand, through the end of the process: so that what ends it each time is not delivered for ever. */
export interface HandRecord {
  /**
   * Begins this life's record. What the one before left: by `deliveryKey`, in how many crashes a delivery was under way;
   * undefined when it was closed, or there was none.
   */
  open(): ReadonlyMap<string, number> | undefined;
  /** In hand from now on; should the process end, it was under way in `crashes` of them. Does not throw. */
  begin(key: string, crashes: number): void;
  /** In hand no more. Does not throw. */
  end(key: string): void;
  /** Nothing is in hand any more: the next life begins without a past. */
  close(): void;
}

export const deliveryKey = (seq: number, party: number): string => `${seq}/${party}`;
