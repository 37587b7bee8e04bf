import * as z from "zod";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Message } from "./message.ts";

/** A file that belongs to a message: its bytes are kept as offloaded content under `id`. */
const MessageFile = z.object({
  name: z.string().min(1).max(255),
  media_type: z.string().max(255),
  bytes: z.int().min(0),
  id: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type MessageFile = z.infer<typeof MessageFile>;
const Parameters = z.object({ files: z.array(MessageFile).max(LIMITS.remoteFilesMax) });

/** The files that `parameters.files` of a message names. */
export const filesOfMessage = ({ parameters }: Pick<Message, "parameters">): readonly MessageFile[] =>
  Parameters.safeParse(parameters).data?.files ?? [];
