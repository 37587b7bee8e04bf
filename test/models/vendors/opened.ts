import { Models, type ModelsOptions } from "../../../src/models/vendors/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type {
  LanguageModel,
  ModelImage,
  ModelMessage,
  ModelPart,
  ModelRequest,
} from "../../../src/models/port/language-model.ts";

export const KEY = "sk-the-very-secret-key-0123456789";
export const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
export const modelImage = (name: string, bytes = PNG.byteLength): ModelImage => ({
  name,
  mediaType: "image/png",
  bytes,
  source: { type: "file", location: name },
});

type Providers = NonNullable<ModelsOptions["providers"]>;

export const open = (model: string, settings: Providers[string], more: ModelsOptions = {}): Promise<LanguageModel> => {
  const name = model.split("/")[0] ?? "";
  return new Models(
    { clock: systemClock, environment: {}, readImage: async () => PNG },
    { ...more, providers: { [name]: { apiKey: KEY, ...settings } } },
  ).resolve({ model, baseUrl: undefined, apiKey: undefined });
};

/** A turn that called a tool, and its result: what the next request holds. */
export function afterTurn(asked: ModelRequest, parts: readonly ModelPart[]): readonly ModelMessage[] {
  const finish = parts.at(-1);
  const toolCalls = parts.flatMap((part) => (part.type === "tool-call" ? [part.call] : []));
  const text = parts.map((part) => (part.type === "text-delta" ? part.text : "")).join("");
  return [
    ...asked.messages,
    {
      role: "assistant",
      text,
      toolCalls,
      providerMetadata: finish?.type === "finish" ? finish.providerMetadata : undefined,
    },
    {
      role: "tool",
      results: toolCalls.map(({ id, name }) => ({ id, name, text: "21", structured: undefined, failed: false })),
    },
  ];
}
