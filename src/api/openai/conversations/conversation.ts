import * as z from "zod";
import { CaxtonError } from "../../../kernel/errors.ts";
import type { threads } from "../../contract/index.ts";
import { RequestInvalidError } from "../../operations/index.ts";

const MS = 1_000;
const PREFIX = "conv_";
const PAIRS_MAX = 16;
const TAG_CHARS_MAX = 64;

/** Pairs of a client, which are tags of the thread in the form `key=value`. */
export const Metadata = z.record(z.string().min(1), z.string());
export type Metadata = z.infer<typeof Metadata>;

export const conversationId = (thread: string): string => PREFIX + thread;
const threadOf = (conversation: string): string =>
  conversation.startsWith(PREFIX) ? conversation.slice(PREFIX.length) : conversation;

/** The id names no conversation that the caller may use. */
class ConversationNotFoundError extends CaxtonError<{ readonly conversation: string }> {
  readonly code = "CONVERSATION_NOT_FOUND";
  readonly kind = "not-found";
}

/** Acts on the thread of a conversation. Throws ConversationNotFoundError and what `act` throws. */
export async function inConversation<Result>(
  conversation: string,
  act: (thread: string) => Promise<Result>,
): Promise<Result> {
  try {
    return await act(threadOf(conversation));
  } catch (error) {
    if (!(error instanceof CaxtonError) || error.code !== "THREAD_NOT_FOUND") throw error;
    const hint = "POST /v1/conversations creates one.";
    throw new ConversationNotFoundError(`there is no conversation ${conversation}`, hint, { conversation });
  }
}

export const conversationOf = ({ id, created_at: at, tags }: threads.Thread) => ({
  id: conversationId(id),
  object: "conversation",
  created_at: Math.floor(Date.parse(at) / MS),
  metadata: Object.fromEntries(tags.flatMap((tag) => (tag.includes("=") ? [pairIn(tag)] : []))),
});

function pairIn(tag: string): readonly [string, string] {
  const end = tag.indexOf("=");
  return [tag.slice(0, end), tag.slice(end + 1)];
}

/** The tags of a thread with other pairs; tags that are no pairs stay. Throws RequestInvalidError. */
export function tagsWith(metadata: Metadata, tags: readonly string[] = []): string[] {
  const pairs = Object.entries(metadata);
  const problems = [
    ...(pairs.length > PAIRS_MAX ? [`metadata: more than ${PAIRS_MAX} pairs`] : []),
    ...pairs.flatMap(([key, value]) => problemsOf(key, value)),
  ];
  if (problems.length > 0)
    throw new RequestInvalidError(
      `the request does not fit: ${problems.join("; ")}`,
      "Shorten the pair: it is a tag of the thread.",
      { problems },
    );
  return [...tags.filter((tag) => !tag.includes("=")), ...pairs.map(([key, value]) => `${key}=${value}`)];
}

function problemsOf(key: string, value: string): readonly string[] {
  if (key.includes("=")) return [`metadata: the key ${key} contains =`];
  const isLong = key.length + value.length + 1 > TAG_CHARS_MAX;
  return isLong ? [`metadata: ${key} and its value have more than ${TAG_CHARS_MAX - 1} characters`] : [];
}
