import * as z from "zod";
import { MessageId } from "../../kernel/ids.ts";
import { traceOf } from "./compose.ts";
import type { Message } from "./message.ts";

/** A message, as far as messages carry it that are sent because of it: its trace, and the trail up to it. */
export const MessageCause = z.object({
  id: MessageId,
  trace: z.object({ traceId: z.string(), spanId: z.string(), flags: z.int(), state: z.string().optional() }),
  hops: z.int().min(0),
  trail: z.array(z.object({ sender: z.string(), receiver: z.string(), digest: z.string() })),
});
export type MessageCause = z.infer<typeof MessageCause>;

/** `follow`: `hops` and `trail` of messages that are sent because of it. */
export function causeOf(message: Message, { hops, trail }: Pick<Message, "hops" | "trail">): MessageCause {
  const { traceId, spanId, flags, state } = traceOf(message);
  const trace = { traceId, spanId, flags, ...(state !== undefined && { state }) };
  return { id: message.id, trace, hops, trail: [...trail] };
}
