/** Scopes of memory: the workspace's, the calling agent's own, that of the run's conversation, the global one. */
export const MEMORY_GRANT_SCOPES = ["workspace", "agent-only", "conversation", "global"] as const;
export type MemoryGrantScope = (typeof MEMORY_GRANT_SCOPES)[number];

/** What a tool server may search of what is remembered; whose it is follows from the call and is never the tool's to say. */
export type MemoryGrant = {
  readonly scopes: readonly MemoryGrantScope[];
  /** Hits of one search; 1 to 100. */
  readonly hitsMax: number;
  /** Searches by this grant in a minute, for all calls of the server in a workspace together. */
  readonly perMinute: number;
};

/** What a grant has that does not say otherwise. */
export const MEMORY_GRANT_DEFAULTS = { hitsMax: 10, perMinute: 60 } as const;

/** Whether the grant allows a search of these scopes, however often there was one. */
export const memoryGrantAllows = (grant: MemoryGrant, scopes: readonly MemoryGrantScope[]): boolean =>
  scopes.length > 0 && scopes.every((scope) => grant.scopes.includes(scope));

/** Whether `wide` allows all that `narrow` allows in one of its scopes, with as many hits and as many searches. */
export const memoryGrantCovers = (wide: MemoryGrant, narrow: MemoryGrant, scope: MemoryGrantScope): boolean =>
  wide.scopes.includes(scope) && wide.hitsMax >= narrow.hitsMax && wide.perMinute >= narrow.perMinute;

/** As people read it: "search the memory of workspace, agent-only (at most 10 hits, 60 times a minute)". */
export const memoryGrantWords = ({ scopes, hitsMax, perMinute }: MemoryGrant): string =>
  `search the memory of ${scopes.join(", ")} (at most ${hitsMax} hits, ${perMinute} times a minute)`;

/** Scopes as the audit has them. */
export const scopesWords = (scopes: readonly MemoryGrantScope[]): string => scopes.join(", ");

/** Back from their words. */
export const scopesIn = (words: string): readonly MemoryGrantScope[] =>
  MEMORY_GRANT_SCOPES.filter((scope) => words.split(", ").includes(scope));
