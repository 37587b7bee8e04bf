import type { CompleteRequestParams, CompleteResult } from "@modelcontextprotocol/server";
import type { Caller } from "../operations/index.ts";
import { listResources, TEMPLATES } from "./resources/resources.ts";

/** The most that a completion may have. */
const VALUES_MAX = 100;

/** Names of listed agents, runs and threads, for the templates of their resources. Everything else is free text. */
export async function complete(caller: Caller, { ref, argument }: CompleteRequestParams): Promise<CompleteResult> {
  const template = TEMPLATES.find(({ uriTemplate }) => ref.type === "ref/resource" && uriTemplate === ref.uri);
  if (template === undefined) return { completion: { values: [] } };
  const begin = template.uriTemplate.replace(/\{.*$/, "") + encodeURIComponent(argument.value);
  const values: string[] = [];
  let cursor: string | undefined;
  do {
    const { resources, nextCursor } = await listResources(caller, cursor);
    values.push(...resources.flatMap(({ uri, name }) => (uri.startsWith(begin) ? name : [])));
    cursor = nextCursor;
  } while (cursor !== undefined && values.length <= VALUES_MAX);
  return { completion: { values: values.slice(0, VALUES_MAX), hasMore: values.length > VALUES_MAX } };
}
