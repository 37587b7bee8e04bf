import { LinkedAbort } from "../../kernel/async/linked-abort.ts";
import type { LanguageModel, ModelPart, ModelRequest } from "../../models/port/index.ts";

/**
 * A model's stream that ends with class `output_too_large` once text, reasoning and calls together are longer than
 * `bytesMax`; what the provider still sends is not waited for.
 */
export async function* boundedStream(
  model: LanguageModel,
  request: ModelRequest,
  bytesMax: number,
  signal: AbortSignal,
): AsyncGenerator<ModelPart, void, undefined> {
  using stop = new LinkedAbort(signal);
  let bytes = 0;
  try {
    for await (const part of model.stream(request, stop.signal)) {
      bytes += sizeOf(part);
      if (bytes > bytesMax) {
        const message = `the answer is longer than ${bytesMax} bytes`;
        yield {
          type: "error",
          failure: { class: "output_too_large", message, status: undefined, retryAfterMs: undefined },
        };
        return;
      }
      yield part;
    }
  } finally {
    stop.abort("the reader stopped");
  }
}

function sizeOf(part: ModelPart): number {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
      return Buffer.byteLength(part.text);
    case "tool-call":
      return Buffer.byteLength(part.call.arguments);
    case "file":
    case "hold":
    case "admitted":
    case "finish":
    case "error":
      return 0;
  }
}
