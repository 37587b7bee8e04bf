import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  createRequestStateCodec,
  ProtocolError,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { readKeyFile } from "../../kernel/files/key-file.ts";
import { JsonObject } from "../../kernel/json.ts";
import { callerOf, ownerOf } from "./caller-info.ts";
import { INVALID_PARAMS } from "./errors.ts";

/** Progress that a call has reported: the number of notices, and the last event of the run. */
export const Reported = z.object({ sent: z.int(), seen: z.string().optional() });
export type Reported = z.output<typeof Reported>;

/** What a client returns with its answers: the run that asked, and the approvals whose page it was given. */
export const AskedState = z.object({
  run: z.string(),
  links: z.array(z.string()),
  /** Absent in states of earlier versions. */
  reported: Reported.default({ sent: 0 }),
});
export type AskedState = z.output<typeof AskedState>;

/** What a client returns with its answer to a question of an exposed tool: the next request of the call. */
export const ToolState = z.object({
  tool: z.string(),
  schema: JsonObject.nullable(),
  round: z.object({
    number: z.int(),
    requestState: z.string().nullable(),
    requests: JsonObject,
    responses: JsonObject,
    asked: z.string(),
  }),
});
export type ToolState = z.output<typeof ToolState>;

/** Signs states, and reads them again. */
export type StateCodec = RequestStateCodec<AskedState | ToolState>;

/** The state that a request brings. Throws ProtocolError for that of another call. */
export function stateOf<State>(schema: z.ZodType<State>, { mcpReq }: ServerContext): State {
  const { data } = schema.safeParse(mcpReq.requestState());
  if (data === undefined) throw new ProtocolError(INVALID_PARAMS, "requestState is that of a call of another tool");
  return data;
}

/** Time for an answer; the deadlines of the questions themselves are shorter by default. */
const TTL_SECONDS = 7 * 86_400;
const KEY_BYTES = 32;

/** Signs states for one principal and one tool, with a key in the data directory: an answer may come after a restart. */
export const requestStates = (dataDirectory: string): StateCodec =>
  createRequestStateCodec({
    key: keyOf(join(dataDirectory, "mcp.key")),
    ttlSeconds: TTL_SECONDS,
    bind: (context) => ownerOf(callerOf(context)),
  });

function keyOf(file: string): Uint8Array {
  const key = readKeyFile(file, () => randomBytes(KEY_BYTES));
  if (key.length === KEY_BYTES) return key;
  throw new TypeError(`${file} is not a key of ${KEY_BYTES} bytes: delete it, and open questions are asked again`);
}
