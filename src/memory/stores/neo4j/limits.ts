/** Where requests to Neo4j end, and how much of it one of them asks for. */
export const NEO4J_LIMITS = {
  /** Connections at most. */
  connections: 8,
  /** Making a connection, in milliseconds. */
  connectMs: 5_000,
  /** Waiting for one of the connections, in milliseconds. */
  acquireMs: 20_000,
  /** One transaction, by the server's clock, in milliseconds; here it is given `graceMs` more before the server counts as gone. */
  transactionMs: 20_000,
  graceMs: 3_000,
  /** The same for what looks through everything and for what builds indexes. */
  maintenanceMs: 600_000,
  /** A connection that lay idle so long is tried before it is used, in milliseconds. */
  idleMs: 30_000,
  /** Attempts of a transaction that conflicts with others. */
  attempts: 6,
  /** Attempts if the connection is lost or cannot be opened. */
  attemptsLost: 3,
  /** Before it is tried again, in milliseconds; twice as long each time. */
  pauseMs: 50,
  /** Passages of the scopes that are compared one by one; where there are more the vector index is asked. */
  comparedMax: 2_000,
  /** The same if the vector index finds too few, because the filtered scopes are a small part of all. */
  comparedLateMax: 50_000,
  /** Passages that the vector index and the words' index are asked for at most. */
  candidatesMax: 10_000,
  /** Texts that have a word are counted up to here; a word that more have weighs as if so many had it. */
  countedMax: 1_000,
  /** Different words of a question that are counted. */
  wordsCountedMax: 32,
  /** In scopes with more passages it is believed for `statisticsMs` how many there are. */
  freshPassagesMax: 2_000,
  statisticsMs: 10_000,
  scopesKnownMax: 10_000,
  /** Words whose frequency is known that long. */
  wordsKnownMax: 20_000,
  /** Relations that a step of a walk looks at for each entity it may visit. */
  looksPerVisit: 64,
  /** Entities that one transaction forgets, restores or indexes. */
  batch: 200,
  /** Passages that lose a vector in one transaction. */
  passagesBatch: 2_000,
} as const;
