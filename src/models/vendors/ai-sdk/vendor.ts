import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { JsonObject } from "../../../kernel/json.ts";
import type { ModelSettings } from "../../port/index.ts";
import type { AwsKeys, OpenAiApi, ProviderType } from "../providers.ts";

export type Fetch = typeof globalThis.fetch;

/** Everything a vendor's package needs for one model. Nothing is left for it to find in the environment. */
export type VendorSettings = {
  readonly model: string;
  readonly baseUrl: URL;
  readonly apiKey: string | undefined;
  readonly headers: { readonly [name: string]: string };
  /** Only of OpenAI. */
  readonly api: OpenAiApi;
  /** Only of Bedrock. */
  readonly aws: { readonly region: string; readonly keys: AwsKeys | undefined } | undefined;
  /** Must not follow redirects. */
  readonly fetch: Fetch;
};

/** How a provider expects requests to be encoded. */
export type ProviderTraits = {
  /** The name its options go under. */
  readonly optionsKey: string;
  /** Position of images of a tool's result: inside the result, in a separate message after it, or nowhere. */
  readonly toolImages: "inside" | "after" | "nowhere";
  /** The largest PDF file that it takes in a user's message, in bytes; undefined where it takes none. */
  readonly pdfBytesMax: number | undefined;
  /** Ids of calls that it accepts; others are replaced. */
  readonly callId: RegExp;
  /** Whether a message of the user may follow results; where not, a message of the model stands between them. */
  readonly userAfterResults: boolean;
  /** Marks where the provider may keep what came before, at most four in a request; undefined where it needs no marks. */
  readonly breakpoint: JsonObject | undefined;
  /** Options that every call gets, under those that a definition gives. */
  options(settings: ModelSettings): JsonObject;
};

export type Vendor = { readonly model: LanguageModelV4; readonly traits: ProviderTraits };

/** Loads the vendor's package, at its first use, and opens a model of it. */
export async function openVendor(type: ProviderType, settings: VendorSettings): Promise<Vendor> {
  switch (type) {
    case "openai":
      // OpenAI's own package wants OpenAI's exact answers; servers that imitate the chat protocol get the tolerant one.
      return isOpenAi(settings.baseUrl) || settings.api === "responses"
        ? (await import("./vendor-openai.ts")).open(settings)
        : (await import("./vendor-compatible.ts")).open(settings);
    case "openai-compatible":
      return (await import("./vendor-compatible.ts")).open(settings);
    case "anthropic":
      return (await import("./vendor-anthropic.ts")).open(settings);
    case "google":
      return (await import("./vendor-google.ts")).open(settings);
    case "mistral":
      return (await import("./vendor-mistral.ts")).open(settings);
    case "bedrock":
      return (await import("./vendor-bedrock.ts")).open(settings);
  }
}

export const isOpenAi = ({ hostname }: URL): boolean => hostname === "api.openai.com";
