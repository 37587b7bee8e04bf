import type { IoReply, IoRequest } from "../wire/index.ts";

/** Requests of a host to the runtime of its guest. */
export interface HostBridge {
  /**
   * Parks the guest until `settle` is called, at most once; `finish` then makes of its value what the guest gets, in the
   * guest's turn. What `begin` returns is called when the guest is ended instead. The promise goes to a suspending
   * import and nowhere else.
   */
  suspend<Value, Result>(
    begin: (settle: (value: Value) => void) => (() => void) | void,
    finish: (value: Value) => Result,
  ): Promise<Result>;
  /** Takes fuel for work that the host did in the guest's name; it may go below nothing, and the guest stops soon after. */
  charge(fuel: number): void;
}

/** Sends a file request of the running call; the answer comes in a later turn. Outside a call everything is denied. */
export type FileClient = (request: IoRequest, settle: (reply: IoReply) => void) => void;
