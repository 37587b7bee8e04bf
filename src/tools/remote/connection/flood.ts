import type { Clock } from "../../../kernel/clock.ts";
import { McpMessageRefusedError } from "../errors.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Messages of a call, or of a connection beside its calls: so many at once, then one each 2 ms. */
const MESSAGES = { burst: 10_000, everyMs: 2 };
/** Requests of a server, each of which costs an answer. */
const REQUESTS = { burst: 100, everyMs: 200 };

export const messageBucket = (clock: Clock): TokenBucket => new TokenBucket(clock, MESSAGES);
export const requestBucket = (clock: Clock): TokenBucket => new TokenBucket(clock, REQUESTS);

const refused = (what: string, { burst, everyMs }: typeof MESSAGES): McpMessageRefusedError =>
  new McpMessageRefusedError(
    `the server sent more than ${burst} ${what}, and more than ${1_000 / everyMs} per second after those`,
    "Report it to the operator of the server; it may have to send progress less often.",
    { limit: burst },
  );

export const tooManyMessages = (): McpMessageRefusedError => refused("messages", MESSAGES);
export const tooManyRequests = (): McpMessageRefusedError => refused("requests", REQUESTS);
