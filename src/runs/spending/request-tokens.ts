import { estimateTokens, fileTokens } from "../../kernel/tokens.ts";
import type { ModelImage, ModelMessage, ModelRequest, ModelUsage } from "../../models/port/index.ts";

/** Estimated tokens that providers add to each message. */
const FRAME_TOKENS = 4;
/** Maximum tokens of an image with the large providers, whatever its size. */
const IMAGE_TOKENS = 1_600;
const imageTokens = (images: readonly ModelImage[] = []): number =>
  images.reduce((sum, { mediaType, bytes }) => sum + fileTokens(mediaType, bytes, IMAGE_TOKENS), 0);

/** Of a provider that says nothing. */
export const NO_USAGE: ModelUsage = {
  inputTokens: undefined,
  outputTokens: undefined,
  cachedInputTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
};

/** Whether a provider said anything of what it charges. */
export const hasUsage = ({ inputTokens, outputTokens }: ModelUsage): boolean =>
  (inputTokens ?? 0) > 0 || (outputTokens ?? 0) > 0;

/** About how many input tokens a request has; `toolTokens` is what the descriptions of its tools take. */
export const requestTokens = (request: ModelRequest, toolTokens: number): number =>
  estimateTokens(request.system) +
  toolTokens +
  request.messages.reduce((sum, message) => sum + FRAME_TOKENS + messageTokens(message), 0);

function messageTokens(message: ModelMessage): number {
  switch (message.role) {
    case "user":
      return estimateTokens(message.text) + imageTokens(message.images);
    case "assistant":
      return answerTokens(message);
    case "tool":
      return message.results.reduce(
        (sum, { text, images }) => sum + FRAME_TOKENS + estimateTokens(text) + imageTokens(images),
        0,
      );
  }
}

/** About how many output tokens an answer has. */
export const answerTokens = (
  answer: Pick<Extract<ModelMessage, { role: "assistant" }>, "text" | "toolCalls">,
): number =>
  estimateTokens(answer.text) +
  answer.toolCalls.reduce(
    (sum, call) => sum + FRAME_TOKENS + estimateTokens(call.name) + estimateTokens(call.arguments),
    0,
  );
