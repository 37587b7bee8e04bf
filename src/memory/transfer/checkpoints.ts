import type { Json } from "../../kernel/json.ts";

/**
 * Where work that takes long notes how far it is.
 * transfer.checkpoints.C1. What is read is what was written last, or undefined; never half of it.
 */
export interface Checkpoints {
  /** Undefined also for what cannot be read any more: then the work begins anew. */
  read(name: string): Promise<Json | undefined>;
  write(name: string, value: object): Promise<void>;
  remove(name: string): Promise<void>;
  /** All whose names begin so. */
  removeAll(prefix: string): Promise<void>;
}

/** Where memory is, when it went elsewhere than the configuration says while the server went on. */
export type PlaceNote = {
  /** What `memory.backend` said then. */
  readonly configured: string;
  readonly was: string;
  readonly now: string;
  /** The last change of the new place at that moment, when both held the same; undefined: the old one is not as it was any more. */
  readonly seq: number | undefined;
  readonly atMs: number;
  /** The configuration has named the new place since. */
  readonly isConfirmed: boolean;
};

/**
 * Keeps that note.
 * transfer.checkpoints.K1. What was written is there after a power cut, whole.
 * transfer.checkpoints.K2. One that is there and cannot be read rejects: nobody may take it for none.
 */
export interface PlaceNotes {
  read(): Promise<PlaceNote | undefined>;
  write(note: PlaceNote): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Where memory is: the place that is configured, unless it went elsewhere meanwhile. `note` is what is to be kept from now on.
 * Who configures the old place again after the new one was configured goes back to it as it is.
 */
export function placeInUse(
  configured: string,
  note: PlaceNote | undefined,
): { readonly place: string; readonly note: PlaceNote | undefined } {
  if (note?.now === configured) return { place: configured, note: { ...note, isConfirmed: true } };
  // It may have been configured when memory came to a place that it has left by now.
  const isLeft = note?.configured === configured || note?.was === configured;
  if (note && isLeft && !note.isConfirmed) return { place: note.now, note };
  return { place: configured, note: undefined };
}
