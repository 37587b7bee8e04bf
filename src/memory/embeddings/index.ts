/** What makes texts into vectors: a table of words, all-MiniLM-L6-v2 in WebAssembly, endpoints. */
export type { EndpointOptions } from "./endpoint.ts";
export { UnknownEmbedderError } from "./errors.ts";
export { installMiniLM, type Installed, minilmImage } from "./install.ts";
export { ALL_MINILM, type EmbedderChoice, openEmbedder, STATIC } from "./open-embedder.ts";
