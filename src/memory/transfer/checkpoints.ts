import type { Json } from "../../kernel/json.ts";

/**
 * Stores the progress of long operations.
 * transfer.checkpoints.C1. `read` returns the last value written, or undefined; never a partial one.
 */
export interface Checkpoints {
  /** Returns undefined also for an unreadable checkpoint; the operation then starts again. */
  read(name: string): Promise<Json | undefined>;
  write(name: string, value: object): Promise<void>;
  remove(name: string): Promise<void>;
  /** Removes all checkpoints whose names start with the prefix. */
  removeAll(prefix: string): Promise<void>;
}

/** The active backend of memory, if a cutover at runtime changed it from the configured one. */
export type ActiveBackend = {
  /** Value of `memory.backend` at the cutover. */
  readonly configured: string;
  readonly was: string;
  readonly now: string;
  /** The last change in the new backend at the cutover, when both were equal; undefined: the old backend has changed since. */
  readonly seq: number | undefined;
  readonly atMs: number;
  /** The configuration has named the new backend since. */
  readonly isConfirmed: boolean;
};

/**
 * Stores the active backend.
 * transfer.checkpoints.K1. A written record survives a power failure whole.
 * transfer.checkpoints.K2. `read` rejects if the record exists and is unreadable, so that it is never treated as absent.
 */
export interface ActiveBackendFile {
  read(): Promise<ActiveBackend | undefined>;
  write(note: ActiveBackend): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Returns the backend to use: the configured one, unless a cutover changed it. `note` is the record to keep from now on. Configuring the
 * old backend after the new one was configured switches back to the old one, with its data unchanged.
 */
export function activeBackend(
  configured: string,
  note: ActiveBackend | undefined,
): { readonly place: string; readonly note: ActiveBackend | undefined } {
  if (note?.now === configured) return { place: configured, note: { ...note, isConfirmed: true } };
  // It may have been configured when memory switched to a backend that it has left since.
  const isLeft = note?.configured === configured || note?.was === configured;
  if (note && isLeft && !note.isConfirmed) return { place: note.now, note };
  return { place: configured, note: undefined };
}
