import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import type { Manners, Vendor, VendorSettings } from "./vendor.ts";

/** Models on Amazon Bedrock, by its Converse protocol: with a bearer token, or signed with keys of AWS. */
export function open({ model, baseUrl, apiKey, headers, aws }: VendorSettings): Vendor {
  const provider = createAmazonBedrock({
    baseURL: baseUrl.href.replace(/\/$/, ""),
    headers: { ...headers },
    region: aws?.region ?? "us-east-1",
    // Empty, and not absent, so that the package does not look for one in the environment.
    apiKey: apiKey ?? "",
    ...(aws?.keys === undefined ? {} : { credentialProvider: credentials(aws.keys) }),
  });
  return { model: provider(model), manners: /claude|nova/.test(model) ? caching : plain };
}

const credentials =
  ({ accessKeyId, secretAccessKey, sessionToken }: NonNullable<NonNullable<VendorSettings["aws"]>["keys"]>) =>
  async () => ({ accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) });

const plain: Manners = {
  optionsKey: "bedrock",
  toolImages: "inside",
  objectArguments: true,
  breakpoint: undefined,
  options: () => ({}),
};

/** Other models refuse the marks. */
const caching: Manners = { ...plain, breakpoint: { cachePoint: { type: "default" } } };
