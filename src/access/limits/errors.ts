import { CaxtonError } from "../../kernel/errors.ts";
import type { Level, Resource } from "./limits.ts";

const RETRY_MS = 5_000;
/** Refusals can be as many as requests, so `ResourceLimits` logs them together. */
const LOG_LEVEL = "debug";

const NOUNS: Readonly<Record<Resource, string>> = {
  connections: "connections",
  body_bytes: "bytes of request bodies",
  streams: "event streams",
  sockets: "WebSockets",
  uploads: "concurrent uploads",
};

export type Exceeded = {
  readonly resource: Resource;
  readonly level: Level;
  readonly max: number;
};

const message = ({ resource, level, max }: Exceeded): string =>
  `the limit of ${max} ${NOUNS[resource]} ${level === "server" ? "of the server" : `per ${level}`} is reached`;
const hint = ({ resource, level }: Exceeded): string =>
  `Close some, try again later, or raise server.limits.${resource}.${level} of caxton.toml.`;

export type ExceededRate = { readonly policy: string; readonly setting: string; readonly perMinute: number };

abstract class LimitError extends CaxtonError<Exceeded> {
  override readonly retryAfterMs = RETRY_MS;
  override readonly logLevel = LOG_LEVEL;
  constructor(exceeded: Exceeded) {
    super(message(exceeded), hint(exceeded), exceeded);
  }
}

/** A workspace, a principal or an address uses as much of a resource as it may. */
export class ResourceLimitError extends LimitError {
  readonly code = "RESOURCE_LIMIT_EXCEEDED";
  readonly kind = "exhausted";
}

/** All clients together use as much of a resource as the server has. */
export class ServerBusyError extends LimitError {
  readonly code = "SERVER_BUSY";
  readonly kind = "unavailable";
}

/** The limit of event streams is reached. */
export class TooManyStreamsError extends LimitError {
  readonly code = "TOO_MANY_STREAMS";
  readonly kind = "exhausted";
}

/** The operations of a party in the last seconds exceed its limit. */
export class RateLimitedError extends CaxtonError<Omit<ExceededRate, "setting">> {
  readonly code = "RATE_LIMITED";
  readonly kind = "exhausted";
  override readonly logLevel = LOG_LEVEL;
  override readonly retryAfterMs: number;
  constructor({ policy, setting, perMinute }: ExceededRate, retryAfterMs: number) {
    super(
      `the limit of ${perMinute} operations per minute of ${setting} is reached`,
      `Send fewer requests, or raise server.limits.${setting} of caxton.toml.`,
      { policy, perMinute },
    );
    this.retryAfterMs = retryAfterMs;
  }
}
