import * as z from "zod";
import { MessageId } from "../../kernel/ids.ts";
import { DURABILITIES, PERFORMATIVES, PRIORITIES } from "../../messaging/acl/index.ts";

const Text = z.string().nullable();

/** The message that started a run, without its content: what an answer to it, and messages because of it, are made of. */
export const RunMessage = z.object({
  id: MessageId,
  performative: z.enum(PERFORMATIVES),
  sender: z.string(),
  conversationId: z.string(),
  replyTo: Text,
  replyWith: Text,
  protocol: Text,
  language: Text,
  ontology: Text,
  priority: z.enum(PRIORITIES),
  durability: z.enum(DURABILITIES),
  /** When the answer must be there, in milliseconds since 1970. */
  replyByMs: z.int().nullable(),
  trace: z.object({ traceId: z.string(), spanId: z.string(), flags: z.int(), state: z.string().optional() }),
  /** Of messages that the run sends. */
  hops: z.int().min(0),
  trail: z.array(z.object({ sender: z.string(), receiver: z.string(), digest: z.string() })),
});
export type RunMessage = z.infer<typeof RunMessage>;
