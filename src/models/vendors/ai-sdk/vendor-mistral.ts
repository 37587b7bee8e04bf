import { createMistral } from "@ai-sdk/mistral";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

export function open({ model, baseUrl, apiKey, headers, fetch }: VendorSettings): Vendor {
  const provider = createMistral({ baseURL: baseUrl.href, apiKey: apiKey ?? "none", headers: { ...headers }, fetch });
  return { model: provider.chat(model), traits };
}

const traits: ProviderTraits = {
  optionsKey: "mistral",
  // A message of a user may not stand behind a tool's result.
  toolImages: "nowhere",
  pdfBytesMax: undefined,
  objectArguments: false,
  breakpoint: undefined,
  options: ({ cacheKey }) => (cacheKey === undefined ? {} : { promptCacheKey: cacheKey }),
};
