import type { Fault } from "../../kernel/errors.ts";

/** What a thread is started with: which model, and the files that it is made of; `kernels` is a directory. */
export type ThreadModel = { readonly vocabulary: string; readonly kernels: string; readonly tokensMax: number } & (
  | { readonly type: "static"; readonly table: string }
  | { readonly type: "encoder"; readonly image: string }
);

/** Texts for the thread, those of one or more callers. */
export type ThreadRequest = { readonly id: number; readonly texts: readonly string[] };

/** What the thread answers: first that it is ready or cannot be, then vectors one after another, for each request. */
export type ThreadAnswer =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly fault: Fault }
  | { readonly type: "vectors"; readonly id: number; readonly vectors: Float32Array<ArrayBuffer> };
