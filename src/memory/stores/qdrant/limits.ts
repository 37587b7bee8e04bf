/** Where requests to Qdrant end. */
export const QDRANT_LIMITS = {
  /** One request and its answer, in milliseconds. */
  requestMs: 10_000,
  /** How often a request is sent that was not answered; all can be sent twice. */
  attempts: 3,
  /** Before it is sent again, in milliseconds; twice as long each time. */
  pauseMs: 100,
  /** Connections at most. */
  connections: 16,
  /** Points of one answer. */
  pageMax: 1_000,
  /** Ids that one filter names. */
  idsMax: 500,
  /** Bytes of points in one request; Qdrant accepts 32 MiB by default. */
  requestBytesMax: 8 * 1024 * 1024,
  /** Numbers in the vectors of one point; Qdrant's own bound. Passages behind them are found by their words. */
  vectorNumbersMax: 1024 * 1024 - 1,
  /** Different words of a question that are counted in the scopes, the longest first. */
  wordsCountedMax: 32,
  /** How long it is believed how common words are, in milliseconds. */
  countsMs: 10_000,
  /** Words whose counts are kept at most. */
  countsMax: 10_000,
  /** Different values of one facet. */
  facetMax: 1_000,
  /** Relations that a walk may look at for each entity it may visit. */
  looksPerVisit: 64,
  /** Age at which an intent counts as abandoned, in milliseconds. */
  abandonedMs: 10_000,
  /** Attempts of a change that conflicts with others. */
  tries: 8,
} as const;
