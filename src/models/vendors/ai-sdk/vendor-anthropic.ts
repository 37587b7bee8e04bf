import { createAnthropic } from "@ai-sdk/anthropic";
import { CLAUDE_CALL_ID } from "./rules.ts";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

export function open({ model, baseUrl, apiKey, headers, fetch }: VendorSettings): Vendor {
  const provider = createAnthropic({ baseURL: baseUrl.href, apiKey: apiKey ?? "none", headers: { ...headers }, fetch });
  return { model: provider.messages(model), traits };
}

const traits: ProviderTraits = {
  optionsKey: "anthropic",
  toolImages: "inside",
  callId: CLAUDE_CALL_ID,
  userAfterResults: true,
  pdfBytesMax: 20 * 1024 * 1024,
  breakpoint: { cacheControl: { type: "ephemeral" } },
  options: () => ({}),
};
