import { CapabilityMeaning, type TextVectors } from "../messaging/router/index.ts";
import type { Config } from "./config/index.ts";
import type { Embedders } from "../memory/embeddings/embedders.ts";

/**
 * What capabilities mean, where `messages.semantic_fallback` is on: by the embedder of memory, opened with the first message
 * that needs it. The stack closes it.
 */
export function openMeaning(
  stack: AsyncDisposableStack,
  { messages }: Config,
  embedders: Pick<Embedders, "open">,
): CapabilityMeaning | undefined {
  if (!messages.semantic_fallback) return undefined;
  let opened: ReturnType<Embedders["open"]> | undefined;
  const open = () => {
    opened ??= embedders.open().catch((error: unknown) => {
      // Tried again with the next message.
      opened = undefined;
      throw error;
    });
    return opened;
  };
  stack.defer(async () => (await opened?.catch(() => undefined))?.close());
  const vectors: TextVectors = { embed: async (texts, signal) => (await open()).embed(texts, signal) };
  return new CapabilityMeaning(vectors, { similarityMin: messages.semantic_min_similarity });
}
