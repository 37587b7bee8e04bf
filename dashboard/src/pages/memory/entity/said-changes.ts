import type { MemoryHistory, MemoryObservation } from "../../../../../src/api/contract/index.ts";

/** The same text, said otherwise sure or of another time. */
export type Amended = { readonly before: MemoryObservation; readonly after: MemoryObservation };

/** What a version brought, what it no longer has, and what of it only holds otherwise. */
export function saidChanges(
  observations: MemoryHistory["observations"],
  version: number,
): {
  readonly added: readonly MemoryObservation[];
  readonly gone: readonly MemoryObservation[];
  readonly amended: readonly Amended[];
} {
  const came = observations.filter(({ since }) => since === version);
  const went = observations.filter(({ until }) => until === version);
  const amended = came.flatMap((after) => {
    const before = went.find(({ text }) => text === after.text);
    return before === undefined ? [] : [{ before, after }];
  });
  const same = new Set(amended.flatMap(({ before, after }) => [before.id, after.id]));
  return {
    added: came.filter(({ id }) => !same.has(id)),
    gone: went.filter(({ id }) => !same.has(id)),
    amended,
  };
}
