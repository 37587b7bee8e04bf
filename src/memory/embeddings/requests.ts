/** A model, and the files that it is made of; `kernels` is a directory. */
export type ThreadModel = { readonly vocabulary: string; readonly kernels: string; readonly tokensMax: number } & (
  | { readonly type: "static"; readonly table: string }
  | { readonly type: "encoder"; readonly image: string }
);

/** Calls that the thread answers. The first is `load`, which throws what the files of the model are refused for. */
export type EmbedderMethods = {
  load(model: ThreadModel): void;
  /** Vectors one after another, of the texts of one or more callers. */
  embed(texts: readonly string[]): Float32Array<ArrayBuffer>;
};
