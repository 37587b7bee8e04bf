/** A body that is not JSON and was read whole: two requests are the same if their hashes are. */
export abstract class HashedBody {
  abstract readonly hash: string;
  /** The operation's body. */
  abstract readonly value: unknown;
}
