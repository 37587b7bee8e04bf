import type { IoReply, IoRequest } from "../wire/index.ts";

/** What the host asks of whoever runs the guest. */
export interface Gate {
  /**
   * Parks the guest until `settle` is called, at most once. What `begin` returns is called when the guest is ended
   * instead. The promise goes to a suspending import and nowhere else.
   */
  suspend<Value>(begin: (settle: (value: Value) => void) => (() => void) | void): Promise<Value>;
  /** Takes fuel for work that the host did in the guest's name; it may go below nothing, and the guest stops soon after. */
  charge(fuel: number): void;
  /** Ends the guest from inside an import. */
  exit(code: number): never;
}

/** Sends a file request of the call under way; the answer comes in a later turn. Outside a call everything is denied. */
export type FileClient = (request: IoRequest, settle: (reply: IoReply) => void) => void;
