const MIB = 1024 ** 2;

/** Parties that a limit applies to: all clients together, or those of one workspace, principal or address. */
export const LEVELS = ["server", "workspace", "principal", "address"] as const;
export type Level = (typeof LEVELS)[number];
/** Maximum by level. A level without one has no limit. */
export type Bounds = Readonly<Partial<Record<Level, number | undefined>>>;

/** Resources in use at the same time. */
export const RESOURCES = ["connections", "body_bytes", "streams", "sockets", "uploads"] as const;
export type Resource = (typeof RESOURCES)[number];

export type Limits = Readonly<Record<Resource, Bounds>> & {
  /** Operations per minute. */
  readonly operations: Bounds;
  /** Operations per minute of each principal, by name of the operation. */
  readonly operation_rates: Readonly<Record<string, number>>;
};

/** Limits with access control. Two modules, the largest bodies, fit into the bytes of one principal. */
export const DEFAULT_LIMITS = {
  connections: { server: 10_000, address: 2_000 },
  body_bytes: { server: 256 * MIB, workspace: 192 * MIB, principal: 96 * MIB, address: 128 * MIB },
  streams: { server: 512, workspace: 384, principal: 256, address: 256 },
  sockets: { server: 1_024, workspace: 768, principal: 256, address: 512 },
  uploads: { server: 128, workspace: 96, principal: 32, address: 64 },
  operations: { workspace: 600_000, principal: 120_000, address: 240_000 },
  operation_rates: {},
} as const satisfies Limits;

/** Limits without access control, where all clients are one principal, usually at one address. */
export const LOCAL_LIMITS: Limits = {
  connections: { server: DEFAULT_LIMITS.connections.server },
  body_bytes: { server: DEFAULT_LIMITS.body_bytes.server },
  streams: { server: DEFAULT_LIMITS.streams.server, address: DEFAULT_LIMITS.streams.address },
  sockets: { server: DEFAULT_LIMITS.sockets.server },
  uploads: { server: DEFAULT_LIMITS.uploads.server },
  operations: {},
  operation_rates: {},
};
