import {
  type ListResourcesResult,
  ProtocolError,
  type ReadResourceResult,
  type Resource,
  type ResourceTemplateType as ResourceTemplate,
} from "@modelcontextprotocol/server";
import { CaxtonError } from "../../../kernel/errors.ts";
import { type Operation, operations } from "../../contract/index.ts";
import { type Caller, RequestInvalidError } from "../../operations/index.ts";
import { INVALID_PARAMS, textOf } from "../errors.ts";
import { contentsOf } from "./contents.ts";

const PAGE = 100;
/** Runs and threads that are listed, the newest first; all can be read. */
const NEWEST = 50;

const JSON_TYPE = "application/json";
const MARKDOWN = "text/markdown";

const KINDS = {
  agents: {
    template: "{name}",
    title: "An agent",
    description: "Definition and state of an agent",
    mimeType: JSON_TYPE,
    operation: operations.agent.get,
    read: (caller: Caller, name: string) => asJson(caller.perform(operations.agent.get, { name })),
  },
  runs: {
    template: "{id}",
    title: "A run",
    description: "A run with its steps, its answer and what it cost",
    mimeType: JSON_TYPE,
    operation: operations.run.get,
    read: (caller: Caller, id: string) => asJson(caller.perform(operations.run.get, { id })),
  },
  threads: {
    template: "{id}",
    title: "A thread",
    description: "The dialogue of a thread",
    mimeType: MARKDOWN,
    operation: operations.thread.export,
    read: (caller: Caller, id: string) => caller.perform(operations.thread.export, { id, format: "markdown" }),
  },
  artifacts: {
    template: "{id}",
    title: "A file of a run",
    description: "A file that a run created",
    mimeType: undefined,
    operation: operations.run.artifact,
    read: (caller: Caller, id: string) => caller.perform(operations.run.artifact, { id }),
  },
} as const;
type Kind = keyof typeof KINDS;

const asJson = async (answer: Promise<object>) => ({ mediaType: JSON_TYPE, content: JSON.stringify(await answer) });

const isKind = (kind: string): kind is Kind => Object.hasOwn(KINDS, kind);
/** Of the addresses of these resources. */
export const SCHEME = "caxton://";
export const resourceUri = (kind: Kind, id: string): string => `${SCHEME}${kind}/${encodeURIComponent(id)}`;

/** Agents, runs, threads and files of runs as resources. */
export const TEMPLATES: readonly ResourceTemplate[] = Object.entries(KINDS).map(
  ([kind, { template, title, description, mimeType }]) => ({
    uriTemplate: `${SCHEME}${kind}/${template}`,
    name: kind,
    title,
    description,
    ...(mimeType !== undefined && { mimeType }),
  }),
);

/** A page of the agents; with the last one the newest runs and threads. What the caller may not read is left out. */
export async function listResources(caller: Caller, cursor: string | undefined): Promise<ListResourcesResult> {
  const readable = (list: Operation, { operation }: { readonly operation: Operation }) =>
    caller.may(list) && caller.may(operation);
  const agents = readable(operations.agent.list, KINDS.agents)
    ? await caller.perform(operations.agent.list, { limit: PAGE, cursor })
    : { items: [], next: null };
  const resources: Resource[] = agents.items.map(({ name, description }) =>
    resource("agents", name, { title: name, description }),
  );
  if (agents.next !== null) return { resources, nextCursor: agents.next };
  if (readable(operations.run.list, KINDS.runs)) {
    const { items } = await caller.perform(operations.run.list, { limit: NEWEST });
    for (const { id, agent, input_preview: input, state } of items)
      resources.push(resource("runs", id, { title: input, description: `Run of ${agent}, ${state}` }));
  }
  if (readable(operations.thread.list, KINDS.threads)) {
    const { items } = await caller.perform(operations.thread.list, { limit: NEWEST });
    for (const { id, agent, title } of items)
      resources.push(resource("threads", id, { title, description: `Thread with ${agent}` }));
  }
  return { resources };
}

const resource = (
  kind: Kind,
  id: string,
  { title, description }: { title: string; description: string },
): Resource => ({
  uri: resourceUri(kind, id),
  name: id,
  ...(title !== "" && { title }),
  ...(description !== "" && { description }),
  ...(KINDS[kind].mimeType !== undefined && { mimeType: KINDS[kind].mimeType }),
});

/** The content of a resource. Throws ProtocolError if there is none, RequestInvalidError if it is too large, what its operation throws. */
export async function readResource(caller: Caller, uri: string): Promise<ReadResourceResult> {
  const [, kind = "", name = ""] = /^caxton:\/\/([a-z]+)\/([^/?#]+)$/.exec(uri) ?? [];
  try {
    if (!isKind(kind)) {
      const problem = `there is no resource ${uri}`;
      const known = TEMPLATES.map(({ uriTemplate }) => uriTemplate).join(", ");
      throw new RequestInvalidError(problem, `Resources are ${known}.`, { problems: [problem] });
    }
    const { mediaType, content } = await KINDS[kind].read(caller, decoded(name));
    return { contents: [await contentsOf({ uri, mediaType, content })] };
  } catch (error) {
    if (error instanceof CaxtonError && (error.kind === "not-found" || !isKind(kind))) throw notFound(error, uri);
    throw error;
  }
}

/** Of 2026-07-28, which clients of earlier revisions accept as well. */
const notFound = (error: CaxtonError, uri: string): ProtocolError =>
  new ProtocolError(INVALID_PARAMS, textOf(error), { code: error.code, uri });

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
