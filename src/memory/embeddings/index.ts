/** Embedders: a static word table, all-MiniLM-L6-v2 in WebAssembly, endpoints. */
export { installMiniLM, type Installed } from "./install.ts";
export { ALL_MINILM, openEmbedder, STATIC } from "./open-embedder.ts";
export { Embedders, type EmbeddersOptions, type NamedEndpoint } from "./embedders.ts";
