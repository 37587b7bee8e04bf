import { createGoogle } from "@ai-sdk/google";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

/** Gemini, by Google's own protocol. It caches request prefixes automatically. */
export function open({ model, baseUrl, apiKey, headers, fetch }: VendorSettings): Vendor {
  const provider = createGoogle({ baseURL: baseUrl.href, apiKey: apiKey ?? "none", headers: { ...headers }, fetch });
  return { model: provider(model), traits };
}

const traits: ProviderTraits = {
  optionsKey: "google",
  toolImages: "inside",
  callId: /./,
  userAfterResults: true,
  pdfBytesMax: 14 * 1024 * 1024,
  breakpoint: undefined,
  options: () => ({}),
};
