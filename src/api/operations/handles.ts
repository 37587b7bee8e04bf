import * as z from "zod";
import { HandleCodec } from "../../kernel/handles.ts";
import { ApprovalId, RunId, TaskId, ThreadId } from "../../kernel/ids.ts";
import { RequestInvalidError } from "./errors.ts";

const number = z.tuple([z.int()]);
const pair = z.tuple([z.int(), z.int()]);
const text = z.tuple([z.string()]);

/** Handles of single things and of positions in streams. */
export const handles = {
  /** Position of a message in the order in which the server accepted messages; also the cursor of their list. */
  messagePosition: new HandleCodec("mp", number),
  /** Delivery of a message in the mailbox that leased it. */
  delivery: new HandleCodec("de", number),
  /** Sequence number of the message and number of the recipient; also the cursor of the list. */
  deadLetter: new HandleCodec("dl", pair),
  /** Entry of the journal of runs. */
  runEvent: new HandleCodec("re", number),
  /** Positions in the journal of runs and in the change log. */
  serverEvent: new HandleCodec("se", pair),
} as const;

/** Cursors of lists: the last item of a page, by what orders the list. */
export const cursors = {
  agents: new HandleCodec("ca", text),
  agentRevisions: new HandleCodec("cv", text),
  approvals: new HandleCodec("cp", z.tuple([ApprovalId])),
  audit: new HandleCodec("cu", number),
  capabilities: new HandleCodec("cc", text),
  conversations: new HandleCodec(
    "co",
    z.union([
      z.tuple([z.enum(["all", "stuck", "rest"]), z.int(), z.string()]),
      // 0: from the newest.
      z.tuple([z.literal("evicted"), z.int()]),
    ]),
  ),
  grantUses: new HandleCodec("cg", number),
  inputs: new HandleCodec("cq", text),
  keys: new HandleCodec("ck", text),
  users: new HandleCodec("cz", text),
  secrets: new HandleCodec("ch", text),
  workspaces: new HandleCodec("cx", text),
  participants: new HandleCodec("cn", text),
  remoteAgents: new HandleCodec("cj", text),
  runs: new HandleCodec("cr", z.tuple([RunId])),
  subscriptions: new HandleCodec("cs", text),
  threads: new HandleCodec("cd", z.tuple([z.int(), ThreadId])),
  turns: new HandleCodec("cy", z.tuple([RunId])),
  tasks: new HandleCodec("ct", z.tuple([TaskId])),
  triggers: new HandleCodec("ci", text),
  triggerFires: new HandleCodec("cf", pair),
  webhooks: new HandleCodec("cb", text),
  webhookDeliveries: new HandleCodec("cm", number),
  toolServers: new HandleCodec("cl", text),
  toolServerVersions: new HandleCodec("cw", text),
} as const;

/** Decodes a handle that a client sent in `field`. Throws RequestInvalidError. */
export function decodeHandle<Parts extends readonly (number | string)[]>(
  codec: HandleCodec<Parts>,
  handle: string,
  field: string,
): Parts {
  const parts = codec.decode(handle);
  if (parts !== undefined) return parts;
  const problem = `${field}: the server did not return this value for it`;
  throw new RequestInvalidError(
    `the request does not fit: ${problem}`,
    "Send a value that the server returned, unchanged.",
    { problems: [problem] },
  );
}
