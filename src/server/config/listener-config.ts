import * as z from "zod";
import { type AccessMode, DEFAULT_LIMITS, type Level, LEVELS, type Limits, LOCAL_LIMITS } from "../../access/index.ts";
import { operations } from "../../api/contract/index.ts";
import { isAddressRange } from "../../kernel/addresses.ts";
import { durationText, sizeText } from "../../text/documents/index.ts";

export const AddressRange = z
  .string()
  .refine(isAddressRange, { error: 'expected an address or range such as "192.0.2.0/24"' });

const file = (description: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${description}; relative to the file that sets it, else to the working directory` });

/** `[server.tls]` of `caxton.toml`. */
export const TlsTable = z
  .strictObject({
    certificate: file("PEM file of the certificate, with its intermediate certificates"),
    private_key: file("PEM file of the certificate's key, without a passphrase"),
    min_version: z
      .enum(["TLSv1.3", "TLSv1.2"])
      .default("TLSv1.3")
      .meta({ description: "Oldest version of TLS that clients may use" }),
    client_ca: file("PEM file of the authorities whose client certificates count").optional(),
    require_client_certificate: z.boolean().default(false).meta({
      description: "Refuse connections without a certificate of client_ca",
    }),
  })
  .refine(({ client_ca: ca, require_client_certificate: isRequired }) => ca !== undefined || !isRequired, {
    path: ["require_client_certificate"],
    error: "name the authority of the certificates as client_ca",
  });

type Name = Exclude<keyof Limits, "operation_rates">;

const OPERATION_NAMES: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap((group) => Object.values(group).map(({ name }) => name)),
);

const defaultsOf = (name: Name, shown: (max: number) => string): string => {
  const defaults: Limits[Name] = DEFAULT_LIMITS[name];
  return LEVELS.flatMap((level) => {
    const max = defaults[level];
    return max === undefined ? [] : [`${level} ${shown(max)}`];
  }).join(", ");
};

const counts = (name: Name, description: string) => {
  const max = z.int().min(1).max(1_000_000_000).optional();
  return z
    .strictObject({ server: max, workspace: max, principal: max, address: max } satisfies Record<Level, unknown>)
    .prefault({})
    .meta({ description: `${description}. Default with access control: ${defaultsOf(name, String)}` });
};

const MIB = 1024 ** 2;
const bytes = sizeText({ minBytes: MIB, maxBytes: 1024 ** 4 }).optional();

/** `[server.limits]` of caxton.toml. */
export const ServerLimitsTable = z
  .strictObject({
    connections: counts("connections", "Maximum open connections"),
    body_bytes: z
      .strictObject({ server: bytes, workspace: bytes, principal: bytes, address: bytes })
      .prefault({})
      .meta({
        description: `Maximum bytes of request bodies in memory. Default with access control: ${defaultsOf("body_bytes", (max) => `${max / MIB}MiB`)}`,
      }),
    streams: counts("streams", "Maximum open event streams"),
    sockets: counts("sockets", "Maximum open WebSockets"),
    uploads: counts("uploads", "Maximum concurrent uploads"),
    operations: counts("operations", "Maximum operations per minute, a sixth of them at once"),
    operation_rates: z
      .record(
        z.string().refine((name) => OPERATION_NAMES.has(name), {
          error: "there is no such operation; /openapi.json lists them as operationId",
        }),
        z.int().min(1).max(1_000_000_000),
      )
      .default({})
      .meta({ description: 'Maximum operations per minute of each principal, by name, such as "agent.deploy"' }),
    body_timeout: durationText({ minMs: 1_000, maxMs: 86_400_000 }).prefault("5m").meta({
      description: "Longest time that a request's body may take, except those of uploads and imports",
    }),
  })
  .prefault({});

/** Returns the limits in effect: those that are set, otherwise the defaults of the mode. */
export function limitsOf(table: z.output<typeof ServerLimitsTable>, mode: AccessMode): Limits {
  const defaults = mode === "local" ? LOCAL_LIMITS : DEFAULT_LIMITS;
  return {
    connections: { ...defaults.connections, ...table.connections },
    body_bytes: { ...defaults.body_bytes, ...table.body_bytes },
    streams: { ...defaults.streams, ...table.streams },
    sockets: { ...defaults.sockets, ...table.sockets },
    uploads: { ...defaults.uploads, ...table.uploads },
    operations: { ...defaults.operations, ...table.operations },
    operation_rates: table.operation_rates,
  };
}
