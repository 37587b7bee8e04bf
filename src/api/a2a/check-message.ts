import * as z from "zod";
import type { Json } from "../../kernel/json.ts";
import { checkInput } from "../operations/index.ts";

/** The library decodes messages leniently: it makes texts of numbers, and bytes of what is not base64. */
const text = z.string().nullish();
const Base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]*={0,2}$/, "it is not base64")
  .nullish();
const CONTENTS = ["text", "raw", "url", "data"] as const;
const isOne = (part: object): boolean =>
  Object.entries(part).filter(
    ([name, value]) => CONTENTS.some((each) => each === name) && (value !== null || name === "data"),
  ).length === 1;

const Part = z
  .looseObject({ text, raw: Base64, url: text, filename: text, mediaType: text, media_type: text })
  .refine(isOne, "it has one of text, raw, url and data");
const ids = { messageId: text, message_id: text, contextId: text, context_id: text, taskId: text, task_id: text };
const Count = z.int().min(0).nullish();
const Push = z.looseObject({
  id: text,
  taskId: text,
  task_id: text,
  url: z.string(),
  token: text,
  authentication: z.looseObject({ scheme: z.string(), credentials: text }).nullish(),
});
const Configuration = z
  .looseObject({
    historyLength: Count,
    history_length: Count,
    returnImmediately: z.boolean().nullish(),
    return_immediately: z.boolean().nullish(),
    taskPushNotificationConfig: Push.nullish(),
    task_push_notification_config: Push.nullish(),
  })
  .nullish();
const Sending = z.looseObject({
  tenant: text,
  message: z.looseObject({ ...ids, role: z.union([z.string(), z.int()]), parts: z.array(Part) }),
  configuration: Configuration,
});

const LegacyPart = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("text"), text: z.string() }),
  z.looseObject({ kind: z.literal("data"), data: z.record(z.string(), z.unknown()) }),
  z.looseObject({
    kind: z.literal("file"),
    file: z.union([z.looseObject({ bytes: Base64.unwrap().unwrap() }), z.looseObject({ uri: z.string() })]),
  }),
]);
const LegacySending = z.looseObject({
  message: z.looseObject({ messageId: z.string(), role: z.literal("user"), parts: z.array(LegacyPart) }),
});

/** Throws RequestInvalidError for parameters of SendMessage in JSON that are not of the protocol. */
export const checkSending = (params: Json | undefined): void => void checkInput(Sending, params);

/** Throws RequestInvalidError for a configuration of push notifications that is not of the protocol. */
export const checkPush = (params: Json | undefined): void => void checkInput(Push, params);

/** The same in the form of version 0.3. */
export const checkLegacySending = (params: Json | undefined): void => void checkInput(LegacySending, params);

const Counts = z.looseObject({ historyLength: Count, pageSize: Count });
/** Throws RequestInvalidError for negative numbers of messages or tasks. */
export const checkCounts = (params: Json): void => void checkInput(Counts, params);
