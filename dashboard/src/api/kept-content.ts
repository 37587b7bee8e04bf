import { queryOptions } from "@tanstack/react-query";
import { type MessageRecord, operations, requestPath } from "../../../src/api/contract/index.ts";
import { open } from "./client.ts";
import { retryUnlessRefused } from "./queries.ts";
import { inWorkspace } from "./workspace.ts";

/** A reference to content that the server keeps beside the message. */
export type KeptContent = { readonly id: string; readonly media_type: string; readonly bytes: number };

/** What the content of a message refers to, where the server keeps it; undefined for content that is there itself. */
export function keptContent(content: MessageRecord["content"]): KeptContent | undefined {
  const reference = isObject(content) ? content["$artifact"] : undefined;
  if (!isObject(reference)) return undefined;
  const { id, media_type, bytes } = reference;
  // Others are the senders' own; the server does not have them.
  if (typeof id !== "string" || !id.startsWith("sha256-")) return undefined;
  return typeof media_type === "string" && typeof bytes === "number" ? { id, media_type, bytes } : undefined;
}

/** Its address. */
export const keptContentAddress = ({ id }: KeptContent): string =>
  inWorkspace(requestPath(operations.message.content, { id }));

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Its text, whole: at most what a message may have. It never changes. */
export const keptContentQuery = (kept: KeptContent) =>
  queryOptions({
    queryKey: ["kept-content", kept.id],
    queryFn: async ({ signal }) => {
      const response = await open({ method: "GET", path: keptContentAddress(kept), signal });
      return response.text();
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: retryUnlessRefused,
  });
