import type { ProviderTraits } from "./vendor.ts";

/** What the models of Mistral and their chat templates accept, also behind servers of others. */
export const MISTRAL_RULES = {
  callId: /^[a-zA-Z0-9]{9}$/,
  toolImages: "nowhere",
  userAfterResults: false,
} as const satisfies Partial<ProviderTraits>;

/** Ids of calls that Claude accepts, and Bedrock for all its models, which is where the length is from. */
export const CLAUDE_CALL_ID: RegExp = /^[a-zA-Z0-9_-]{1,64}$/;
