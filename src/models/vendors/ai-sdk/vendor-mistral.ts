import { createMistral } from "@ai-sdk/mistral";
import { MISTRAL_RULES } from "./rules.ts";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

export function open({ model, baseUrl, apiKey, headers, fetch }: VendorSettings): Vendor {
  const provider = createMistral({ baseURL: baseUrl.href, apiKey: apiKey ?? "none", headers: { ...headers }, fetch });
  return { model: provider.chat(model), traits };
}

const traits: ProviderTraits = {
  optionsKey: "mistral",
  ...MISTRAL_RULES,
  pdfBytesMax: undefined,
  breakpoint: undefined,
  options: ({ cacheKey }) => (cacheKey === undefined ? {} : { promptCacheKey: cacheKey }),
};
