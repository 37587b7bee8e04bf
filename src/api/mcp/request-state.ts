import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createRequestStateCodec, type RequestStateCodec } from "@modelcontextprotocol/server";
import * as z from "zod";
import { readKeyFile } from "../../kernel/files/key-file.ts";
import { callerOf, ownerOf } from "./caller-info.ts";

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

/** Time for an answer; the deadlines of the questions themselves are shorter by default. */
const TTL_SECONDS = 7 * 86_400;
const KEY_BYTES = 32;

/** Signs states for one principal and one tool, with a key in the data directory: an answer may come after a restart. */
export const requestStates = (dataDirectory: string): RequestStateCodec<AskedState> =>
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
