/** A body that is no JSON and was read whole: the same hash is the same request. */
export abstract class HashedBody {
  abstract readonly hash: string;
}
