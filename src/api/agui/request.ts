import * as z from "zod";
import { Json } from "../../kernel/json.ts";

const Text = z.object({ type: z.literal("text"), text: z.string() });
const Media = z.object({
  type: z.enum(["image", "audio", "video", "document"]),
  source: z.discriminatedUnion("type", [
    z.object({ type: z.literal("data"), value: z.string(), mimeType: z.string().min(1) }),
    z.object({ type: z.enum(["url", "file"]), value: z.string() }),
  ]),
});
const Part = z.discriminatedUnion("type", [Text, Media]);
export type MediaPart = z.infer<typeof Media>;
const Content = z.union([z.string(), z.array(Part)], { error: "expected text or parts" });
export type Content = z.infer<typeof Content>;

const Message = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content: z.string() }),
  z.object({ role: z.literal("user"), content: Content }),
  z.object({ role: z.literal("tool"), toolCallId: z.string(), content: Content, error: z.string().optional() }),
  z.object({ role: z.enum(["assistant", "reasoning", "activity"]) }),
]);
export type Message = z.infer<typeof Message>;

const Tool = z.object({
  name: z.string(),
  description: z.string().default(""),
  parameters: z.record(z.string(), Json).nullish(),
});
const Resume = z.object({
  interruptId: z.string(),
  status: z.enum(["resolved", "cancelled"]),
  payload: Json.optional(),
});
export type Resume = z.infer<typeof Resume>;

const THREAD_CHARS_MAX = 200;

/** RunAgentInput of AG-UI 1.0. Fields that are not named here, such as `forwardedProps`, are ignored. */
export const RunAgentInput = z.object({
  threadId: z.string().min(1).max(THREAD_CHARS_MAX),
  runId: z.string().min(1),
  messages: z.array(Message),
  tools: z.array(Tool).default([]),
  context: z.array(z.object({ description: z.string(), value: z.string() })).default([]),
  state: Json.optional(),
  resume: z.array(Resume).default([]),
});
export type RunAgentInput = z.infer<typeof RunAgentInput>;
