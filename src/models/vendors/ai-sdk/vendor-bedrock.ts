import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import type { AwsKeys } from "../providers.ts";
import { CLAUDE_CALL_ID } from "./rules.ts";
import type { ProviderTraits, Vendor, VendorSettings } from "./vendor.ts";

/** Models on Amazon Bedrock, by its Converse protocol: with a bearer token, or signed with AWS keys. */
export function open({ model, baseUrl, apiKey, headers, aws, fetch }: VendorSettings): Vendor {
  const provider = createAmazonBedrock({
    baseURL: baseUrl.href.replace(/\/$/, ""),
    headers: { ...headers },
    fetch,
    region: aws?.region ?? "us-east-1",
    // Empty, and not absent, so that the package does not look for one in the environment.
    apiKey: apiKey ?? "",
    credentialProvider: credentials(aws?.keys),
  });
  return { model: provider(model), traits: /claude|nova/.test(model) ? caching : plain };
}

/** Provides the given keys. Without this function, the package would sign with keys of the environment. */
const credentials = (keys: AwsKeys | undefined) => async () => {
  if (keys === undefined) throw new Error("there are no AWS keys for this address");
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
};

const plain: ProviderTraits = {
  optionsKey: "bedrock",
  toolImages: "inside",
  callId: CLAUDE_CALL_ID,
  userAfterResults: true,
  // A limit of Amazon, and lower than others'.
  pdfBytesMax: 4_500_000,
  breakpoint: undefined,
  options: () => ({}),
};

/** Other models reject cache points. */
const caching: ProviderTraits = { ...plain, breakpoint: { cachePoint: { type: "default" } } };
