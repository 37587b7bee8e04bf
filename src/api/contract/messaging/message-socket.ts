import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { AcknowledgeBody, LeasedMessage } from "./participants.ts";
import { MESSAGES_PER_BATCH_MAX, MessageReceipt } from "./messages.ts";
import { Handle, ProblemDetails } from "../problem.ts";

const Ref = z
  .union([z.string().max(200), z.int()])
  .optional()
  .meta({ description: "Repeated in the response" });
const Wire = z.record(z.string(), Json);
const LEASE_S_MAX = 3_600;
const WINDOW_MAX = 10_000;

/** Path of the WebSocket for messages. */
export const MESSAGE_SOCKET = "/api/v1/messages/socket";

/** What a client says over the WebSocket for messages; one JSON text a frame. */
export const SocketRequest = z
  .discriminatedUnion("op", [
    z.object({ op: z.literal("send"), ref: Ref, message: Wire }),
    z.object({ op: z.literal("send-batch"), ref: Ref, messages: z.array(Wire).min(1).max(MESSAGES_PER_BATCH_MAX) }),
    z.object({
      op: z.literal("receive"),
      ref: Ref,
      mailbox: z.string(),
      window: z.int().min(1).max(WINDOW_MAX).default(64).meta({
        description: "Maximum unsettled messages of this connection; messages.in_flight_max of the server bounds it",
      }),
      lease: z
        .number()
        .min(1)
        .max(LEASE_S_MAX)
        .optional()
        .meta({ description: "Seconds. Default: `messages.lease` (30 s)" }),
    }),
    z.object({ op: z.literal("settle"), ref: Ref, mailbox: z.string(), ...AcknowledgeBody.shape }),
    z.object({ op: z.literal("identify"), ref: Ref, token: z.string().max(200) }).meta({
      description:
        "Presents a program's token, if the client cannot send Authorization; a connection can present several",
    }),
    z.object({ op: z.literal("ping"), ref: Ref }),
  ])
  .meta({ id: "SocketRequest" });
export type SocketRequest = z.infer<typeof SocketRequest>;

/** What the server says over it. */
export const SocketEvent = z
  .discriminatedUnion("op", [
    z.object({ op: z.literal("receipt"), ref: Ref, receipt: MessageReceipt }),
    z.object({ op: z.literal("receipts"), ref: Ref, receipts: z.array(MessageReceipt) }),
    z.object({ op: z.literal("receiving"), ref: Ref, mailbox: z.string() }),
    z.object({ op: z.literal("messages"), mailbox: z.string(), items: z.array(LeasedMessage) }),
    z.object({
      op: z.literal("settled"),
      ref: Ref,
      late: z.array(Handle).meta({ description: "Messages whose lease had ended; they are redelivered" }),
    }),
    z.object({ op: z.literal("identified"), ref: Ref }),
    z.object({ op: z.literal("pong"), ref: Ref }),
    z.object({ op: z.literal("problem"), ref: Ref, problem: ProblemDetails }),
  ])
  .meta({ id: "SocketEvent" });
export type SocketEvent = z.infer<typeof SocketEvent>;
