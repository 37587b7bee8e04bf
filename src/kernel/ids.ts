import { randomUUIDv7 } from "node:crypto";
import * as z from "zod";

const id = <Kind extends string>(_kind: Kind) => z.uuidv7().brand<Kind>();

/** One execution of an agent revision for one request. */
export const RunId = id("RunId");
export type RunId = z.infer<typeof RunId>;

/** A lasting dialogue with an agent. */
export const ThreadId = id("ThreadId");
export type ThreadId = z.infer<typeof ThreadId>;

/** One tool call; unique across runs, also the key under which its result is journaled. */
export const ToolCallId = id("ToolCallId");
export type ToolCallId = z.infer<typeof ToolCallId>;

/** A question that a tool asks a person during a run. */
export const QuestionId = id("QuestionId");
export type QuestionId = z.infer<typeof QuestionId>;

/** A call of a tool that waits for a person. */
export const ApprovalId = id("ApprovalId");
export type ApprovalId = z.infer<typeof ApprovalId>;

/** A file a caller sent for one run; readable by that run's tools alone. */
export const UploadId = id("UploadId");
export type UploadId = z.infer<typeof UploadId>;

/** A file a run made. */
export const ArtifactId = id("ArtifactId");
export type ArtifactId = z.infer<typeof ArtifactId>;

/**
 * One message, and the key that makes its second arrival harmless. A UUID of any version, since senders may bring their
 * own; minted ones are v7.
 */
export const MessageId = z.uuid().toLowerCase().brand<"MessageId">();
export type MessageId = z.infer<typeof MessageId>;

/** A message that was added to a thread without a run. */
export const AddedMessageId = id("AddedMessageId");
export type AddedMessageId = z.infer<typeof AddedMessageId>;

/** One piece of work that is offered to several and awarded to one. */
export const TaskId = id("TaskId");
export type TaskId = z.infer<typeof TaskId>;

/** Id of a subscription. */
export const SubscriptionId = id("SubscriptionId");
export type SubscriptionId = z.infer<typeof SubscriptionId>;

/** One trigger, from its creation to its deletion. */
export const TriggerId = id("TriggerId");
export type TriggerId = z.infer<typeof TriggerId>;

/** One webhook, from its creation to its deletion. */
export const WebhookId = id("WebhookId");
export type WebhookId = z.infer<typeof WebhookId>;

/** Something that memory knows of. */
export const EntityId = id("EntityId");
export type EntityId = z.infer<typeof EntityId>;

/** One thing that is said of an entity. */
export const ObservationId = id("ObservationId");
export type ObservationId = z.infer<typeof ObservationId>;

/** Something that holds between two entities. */
export const RelationId = id("RelationId");
export type RelationId = z.infer<typeof RelationId>;

/** A fresh, time-ordered id of the kind given: `mint(RunId)`. */
export const mint = <Id>(kind: { parse(value: unknown): Id }): Id => kind.parse(randomUUIDv7());

const HEX = 16;

/** When an id of version 7 was minted, in milliseconds since 1970. */
export const mintedAtMs = (uuid: string): number => Number.parseInt(uuid.replaceAll("-", "").slice(0, 12), HEX);

/** A digest, at least 32 hexadecimal digits, in the form of a UUID; the first twelve digits as given, or from the digest too. */
export function uuidFrom(digest: string, version: "7" | "8", head = digest.slice(0, 12)): string {
  const variant = ((Number.parseInt(digest.charAt(16), HEX) & 0x3) | 0x8).toString(HEX);
  const parts = [head.slice(0, 8), head.slice(8, 12), version + digest.slice(13, 16), variant + digest.slice(17, 20)];
  return [...parts, digest.slice(20, 32)].join("-");
}
