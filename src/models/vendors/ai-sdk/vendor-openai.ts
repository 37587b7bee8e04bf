import { createOpenAI } from "@ai-sdk/openai";
import type { ModelSettings } from "../../port/index.ts";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

/** OpenAI itself, in either of its protocols. */
export function open({ model, baseUrl, apiKey, headers, api, fetch }: VendorSettings): Vendor {
  const provider = createOpenAI({ baseURL: baseUrl.href, apiKey: apiKey ?? "none", headers: { ...headers }, fetch });
  return api === "chat"
    ? { model: provider.chat(model), traits: chat }
    : { model: provider.responses(model), traits: responses };
}

const cacheKey = ({ cacheKey: key }: ModelSettings) => (key === undefined ? {} : { promptCacheKey: key });

const chat: ProviderTraits = {
  optionsKey: "openai",
  toolImages: "after",
  callId: /^.{1,40}$/s,
  userAfterResults: true,
  pdfBytesMax: 20 * 1024 * 1024,
  breakpoint: undefined,
  options: cacheKey,
};

const responses: ProviderTraits = {
  ...chat,
  toolImages: "inside",
  // The run's journal holds the dialogue; OpenAI need not keep another.
  options: (settings) => ({ store: false, ...cacheKey(settings) }),
};
