import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import * as z from "zod";
import { JsonObject } from "../../../kernel/json.ts";

/**
 * Metadata that a vendor requires back with a finished turn: its signed reasoning and metadata of single calls.
 * Without it, Anthropic rejects turns with reasoning before a tool call, and Gemini all turns with tool calls.
 */
const ProviderMetadata = z.object({
  vendor: z.string(),
  reasoning: z.array(z.object({ text: z.string(), options: JsonObject.optional() })),
  calls: z.record(z.string(), JsonObject),
});
export type ProviderMetadata = z.infer<typeof ProviderMetadata>;

/** Returns the metadata if it is of the same vendor; other vendors cannot read it. */
export function providerMetadataOf(value: JsonObject | undefined, vendor: string): ProviderMetadata | undefined {
  const parsed = ProviderMetadata.safeParse(value);
  return parsed.success && parsed.data.vendor === vendor ? parsed.data : undefined;
}

/** Collects the metadata from a stream. */
export class ProviderMetadataCollector {
  readonly #vendor: string;
  readonly #reasoning = new Map<string, { text: string; options: JsonObject | undefined }>();
  readonly #calls: { [id: string]: JsonObject } = {};

  constructor(vendor: string) {
    this.#vendor = vendor;
  }

  take(part: LanguageModelV4StreamPart): void {
    if (part.type === "reasoning-start" || part.type === "reasoning-delta" || part.type === "reasoning-end") {
      const known = this.#reasoning.get(part.id) ?? { text: "", options: undefined };
      const options = this.#optionsIn(part.providerMetadata);
      this.#reasoning.set(part.id, {
        text: known.text + (part.type === "reasoning-delta" ? part.delta : ""),
        options: options === undefined ? known.options : { ...known.options, ...options },
      });
    } else if (part.type === "tool-call") {
      const options = this.#optionsIn(part.providerMetadata);
      if (options !== undefined) this.#calls[part.toolCallId] = options;
    }
  }

  /** Vendors do not require unsigned reasoning in later requests. */
  result(): JsonObject | undefined {
    const signed = [...this.#reasoning.values()].filter(({ options }) => options !== undefined);
    if (signed.length === 0 && Object.keys(this.#calls).length === 0) return undefined;
    const reasoning = signed.map(({ text, options }) => (options === undefined ? { text } : { text, options }));
    return { vendor: this.#vendor, reasoning, calls: this.#calls };
  }

  #optionsIn(metadata: { readonly [vendor: string]: unknown } | undefined): JsonObject | undefined {
    // Serialized first, because packages write undefined members, which JSON does not have.
    const parsed = JsonObject.safeParse(JSON.parse(JSON.stringify(metadata?.[this.#vendor] ?? null)));
    return parsed.success && Object.keys(parsed.data).length > 0 ? parsed.data : undefined;
  }
}
