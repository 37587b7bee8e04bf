import { type Json, isJsonObject, parseJson } from "../../kernel/json.ts";
import type {
  LanguageModel,
  ModelCatalogue,
  ModelMessage,
  ModelPart,
  ModelRequest,
  ModelToolCall,
  ModelToolResult,
} from "../../models/port/index.ts";
import type { Redactor } from "../../text/redaction/index.ts";
import type { Redactors } from "./redactors.ts";

/** Models that are sent nothing of what is to be hidden, and say nothing of it. */
export const redactedModels = (
  models: Pick<ModelCatalogue, "resolve">,
  redactors: Redactors,
): Pick<ModelCatalogue, "resolve"> => ({
  resolve: async (choice, role) => redactedModel(await models.resolve(choice, role), redactors),
});

function redactedModel(model: LanguageModel, { prompts, journal }: Redactors): LanguageModel {
  return {
    id: model.id,
    limits: model.limits,
    stream: (request, signal) => redactedParts(model.stream(redactedRequest(request, prompts), signal), journal),
  };
}

function redactedRequest(request: ModelRequest, redactor: Redactor): ModelRequest {
  return {
    ...request,
    system: redactor.text(request.system),
    messages: request.messages.map((message) => redactedMessage(message, redactor)),
  };
}

function redactedMessage(message: ModelMessage, redactor: Redactor): ModelMessage {
  switch (message.role) {
    case "user":
      return { ...message, text: redactor.text(message.text) };
    case "assistant":
      return {
        ...message,
        text: redactor.text(message.text),
        toolCalls: message.toolCalls.map((call) => redactedCall(call, redactor)),
      };
    case "tool":
      return { ...message, results: message.results.map((result) => redactedResult(result, redactor)) };
  }
}

function redactedResult(result: ModelToolResult, redactor: Redactor): ModelToolResult {
  const structured = result.structured === undefined ? undefined : redactor.json(result.structured);
  return {
    ...result,
    text: redactor.text(result.text),
    structured: structured !== undefined && isJsonObject(structured) ? structured : undefined,
  };
}

/** Hidden inside the strings of the arguments, so that they stay JSON where they are. */
export function redactedCall(call: ModelToolCall, redactor: Redactor): ModelToolCall {
  const parsed = parseJson(call.arguments);
  if (parsed.type === "malformed") return { ...call, arguments: redactor.text(call.arguments) };
  let count = 0;
  const value: Json = redactor.json(parsed.value, () => (count += 1));
  return count === 0 ? call : { ...call, arguments: JSON.stringify(value) };
}

/** Text is held back as long as it could begin something to hide; what is held comes before the end. */
async function* redactedParts(parts: AsyncIterable<ModelPart>, redactor: Redactor): AsyncGenerator<ModelPart> {
  const [answer, reasoning] = [redactor.stream(), redactor.stream()];
  for await (const part of parts) {
    switch (part.type) {
      case "text-delta": {
        const text = answer.push(part.text);
        if (text !== "") yield { type: "text-delta", text };
        break;
      }
      case "reasoning-delta": {
        const text = reasoning.push(part.text);
        if (text !== "") yield { type: "reasoning-delta", text };
        break;
      }
      case "tool-call":
        yield { type: "tool-call", call: redactedCall(part.call, redactor) };
        break;
      case "finish": {
        const [thought, text] = [reasoning.end(), answer.end()];
        if (thought !== "") yield { type: "reasoning-delta", text: thought };
        if (text !== "") yield { type: "text-delta", text };
        yield part;
        break;
      }
      case "error":
        yield { ...part, failure: { ...part.failure, message: redactor.text(part.failure.message) } };
        break;
      case "hold":
      case "admitted":
      case "file":
        yield part;
        break;
    }
  }
}
