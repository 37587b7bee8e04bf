/** Why a request that is no file was refused: `message` says what, where and how to fix it, and a model may read it. */
export const HOST_REFUSALS = [
  "denied",
  "invalid",
  "not-found",
  "too-large",
  "too-many",
  "timeout",
  "unreachable",
  "storage-full",
  "unavailable",
] as const;
export type HostRefusal = (typeof HOST_REFUSALS)[number];
