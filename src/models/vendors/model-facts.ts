import { DEFAULT_MODEL_LIMITS, type ModelLimits } from "../port/index.ts";
import type { ProviderType } from "./providers.ts";

/** Facts about a model that are known without a request. */
export type ModelFacts = ModelLimits & {
  /** Whether it accepts images. */
  readonly images: boolean;
};

/** Facts that the operator states in `models.facts`; they override the built-in ones. */
export type StatedFacts = {
  readonly contextTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly images?: boolean | undefined;
};

type Row = readonly [begins: string, contextTokens: number, outputTokens: number, images: boolean];

const K = 1_024;

/**
 * Context window, output limit and image support, by prefix of the model's name; the longest matching prefix
 * that fits decides. As the vendors published them by November 2026; of a family's newer members the family's lowest.
 */
const KNOWN: readonly Row[] = [
  ["gpt-5", 400_000, 128_000, true],
  ["gpt-5-chat", 128_000, 16_384, true],
  ["gpt-4.1", 1_047_576, 32_768, true],
  ["gpt-4o", 128_000, 16_384, true],
  ["gpt-4-turbo", 128_000, 4_096, true],
  ["gpt-3.5-turbo", 16_385, 4_096, false],
  ["gpt-oss", 128 * K, 32 * K, false],
  ["o1", 200_000, 100_000, true],
  ["o3", 200_000, 100_000, true],
  ["o3-mini", 200_000, 100_000, false],
  ["o4-mini", 200_000, 100_000, true],
  ["claude-", 200_000, 64_000, true],
  ["claude-opus-4-1", 200_000, 32_000, true],
  ["claude-opus-4-0", 200_000, 32_000, true],
  ["claude-opus-4-2025", 200_000, 32_000, true],
  ["claude-3-7", 200_000, 64_000, true],
  ["claude-3-5", 200_000, 8_192, true],
  ["claude-3-haiku", 200_000, 4_096, true],
  ["gemini-", 1_048_576, 65_536, true],
  ["gemini-2.0", 1_048_576, 8_192, true],
  ["gemini-2.5-flash-image", 32_768, 32_768, true],
  ["gemma-3", 128 * K, 8_192, true],
  ["gemma-3-1b", 32 * K, 8_192, false],
  ["mistral-large", 128 * K, 16 * K, false],
  ["mistral-medium", 128 * K, 16 * K, true],
  ["mistral-small", 128 * K, 16 * K, true],
  ["pixtral", 128 * K, 16 * K, true],
  ["magistral", 40_000, 16 * K, true],
  ["codestral", 256_000, 16 * K, false],
  ["devstral", 128 * K, 16 * K, false],
  ["ministral", 128 * K, 16 * K, false],
  ["nova-lite", 300_000, 10_000, true],
  ["nova-pro", 300_000, 10_000, true],
  ["nova-premier", 1_000_000, 10_000, true],
  ["nova-micro", 128_000, 10_000, false],
];

/** For models of a vendor that the table does not name. */
const BY_TYPE: { readonly [Type in ProviderType]: ModelFacts } = {
  openai: { contextTokens: 128_000, outputTokens: 16_384, images: true },
  anthropic: { contextTokens: 200_000, outputTokens: 4_096, images: true },
  google: { contextTokens: 1_048_576, outputTokens: 8_192, images: true },
  mistral: { contextTokens: 32_768, outputTokens: 8_192, images: false },
  bedrock: { contextTokens: 128_000, outputTokens: 4_096, images: false },
  "openai-compatible": { ...DEFAULT_MODEL_LIMITS, images: false },
};

/** Local servers have a smaller default context than the model. */
const LOCAL: ModelFacts = { contextTokens: 8_192, outputTokens: 2_048, images: false };
const LOCAL_PROVIDERS: readonly string[] = ["ollama", "lmstudio", "llamacpp"];

/** Returns the facts of a model: those stated by the operator, then those of the table, then those of the provider. */
export function factsOf(
  { provider, type, model }: { readonly provider: string; readonly type: ProviderType; readonly model: string },
  stated: StatedFacts | undefined,
): ModelFacts {
  const base = LOCAL_PROVIDERS.includes(provider) ? LOCAL : (knownFacts(model) ?? BY_TYPE[type]);
  const contextTokens = stated?.contextTokens ?? base.contextTokens;
  return {
    contextTokens,
    outputTokens: Math.min(stated?.outputTokens ?? base.outputTokens, contextTokens),
    images: stated?.images ?? base.images,
  };
}

/** `us.anthropic.claude-…` of Bedrock and `anthropic/claude-…` of gateways are the same model as `claude-…`. */
function knownFacts(model: string): ModelFacts | undefined {
  const plain = model.toLowerCase().replace(/^(?:[a-z-]+\/)+/, "");
  const bare = plain.replace(/^(?:(?:us|eu|apac|global|jp|au)\.)?(?:anthropic|amazon|mistral)\./, "");
  const [best] = KNOWN.filter(([begins]) => bare.startsWith(begins)).toSorted(
    ([one], [other]) => other.length - one.length,
  );
  if (best === undefined) return undefined;
  const [, contextTokens, outputTokens, images] = best;
  return { contextTokens, outputTokens, images };
}

/** Models to offer by name where a provider can be used; any other name of the provider's works as well. */
export const OFFERED: { readonly [Type in ProviderType]: readonly string[] } = {
  openai: ["gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "o3", "o4-mini"],
  anthropic: ["claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5", "claude-opus-4-1"],
  google: ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-flash-image"],
  mistral: ["mistral-large-latest", "mistral-medium-latest", "mistral-small-latest", "codestral-latest"],
  bedrock: ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0", "amazon.nova-lite-v1:0"],
  "openai-compatible": [],
};
