export { RecallFullError, VectorInvalidError } from "./errors.ts";
export type { KernelChoice } from "./kernel.ts";
export { type Keep, RECALL_LIMITS, type Row, type ScopeKey } from "./row.ts";
export { type Quantised, type VectorHit, VectorIndex, type VectorSearch } from "./vector-index.ts";
export { type Found, type Fused, fuse, type Weights } from "./fuse.ts";
export { type GraphEdge, GraphIndex, type Visit, type Walk, type Walked } from "./graph-index.ts";
export { type KeywordHit, KeywordIndex, type KeywordSearch } from "./keyword-index.ts";
