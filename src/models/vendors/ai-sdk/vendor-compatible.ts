import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4Usage } from "@ai-sdk/provider";
import { CLAUDE_CALL_ID, MISTRAL_RULES } from "./rules.ts";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

/** The name options go under. */
const NAME = "caxton";

/** Any server with the OpenAI chat completions protocol. */
export function open({ model, baseUrl, apiKey, headers, fetch }: VendorSettings): Vendor {
  const provider = createOpenAICompatible({
    name: NAME,
    baseURL: baseUrl.href,
    includeUsage: true,
    convertUsage,
    headers: { ...headers },
    fetch,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  return { model: provider.chatModel(model), traits: { ...traits, ...rulesOf(model) } };
}

const traits: ProviderTraits = {
  optionsKey: NAME,
  toolImages: "after",
  // Gateways put what they need back into the ids of their calls.
  callId: /./,
  userAfterResults: true,
  pdfBytesMax: undefined,
  breakpoint: undefined,
  options: () => ({}),
};

/** Rules of the family of a model, which the server or the model's template enforces: Mistral, Ministral, Mixtral and so on, and Claude. */
const rulesOf = (model: string): Partial<ProviderTraits> =>
  /[sx]tral/i.test(model) ? MISTRAL_RULES : /claude/i.test(model) ? { callId: CLAUDE_CALL_ID } : {};

type VendorUsage = Parameters<NonNullable<Parameters<typeof createOpenAICompatible>[0]["convertUsage"]>>[0];

/** The package's own conversion writes 0 for missing values. */
const convertUsage = (usage: VendorUsage): LanguageModelV4Usage => ({
  inputTokens: {
    total: usage?.prompt_tokens ?? undefined,
    noCache: undefined,
    cacheRead: usage?.prompt_tokens_details?.cached_tokens ?? undefined,
    cacheWrite: undefined,
  },
  outputTokens: {
    total: usage?.completion_tokens ?? undefined,
    text: undefined,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? undefined,
  },
});
