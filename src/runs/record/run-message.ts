import * as z from "zod";
import { DURABILITIES, MessageCause, PERFORMATIVES, PRIORITIES } from "../../messaging/acl/index.ts";

const Text = z.string().nullable();

/** The message that started a run, without its content: what an answer to it, and messages because of it, are made of. */
export const RunMessage = MessageCause.extend({
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
});
export type RunMessage = z.infer<typeof RunMessage>;
