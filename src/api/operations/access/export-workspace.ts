import * as z from "zod";
import type { Workspace } from "../../../access/index.ts";
import { agentOperations } from "../agents/agent-operations.ts";
import { budgetOperations } from "../agents/budget-operations.ts";
import type { ApiServices } from "../api-services.ts";
import { instant } from "../instant.ts";
import { memoryTransferOperations } from "../memory/memory-transfer-operations.ts";
import { capabilityOperations } from "../messaging/capability-operations.ts";
import { conversationOperations } from "../messaging/conversation-operations.ts";
import { deadLetterOperations } from "../messaging/dead-letter-operations.ts";
import { messageOperations } from "../messaging/message-operations.ts";
import { participantOperations } from "../messaging/participant-operations.ts";
import { subscriptionOperations } from "../messaging/subscription-operations.ts";
import { taskOperations } from "../messaging/task-operations.ts";
import type { Call, Implementation } from "../perform.ts";
import { runHistoryOperations } from "../runs/run-history.ts";
import { runOperations } from "../runs/run-operations.ts";
import { threadOperations } from "../threads/thread-operations.ts";
import { triggerOperations } from "../triggers/trigger-operations.ts";
import { remoteAgentOperations } from "../messaging/remote-agent-operations.ts";
import { webhookOperations } from "../webhooks/webhook-operations.ts";
import { toolServerOperations } from "../tools/tool-server-operations.ts";

/** Reads of which an export consists. */
const READS: ReadonlyMap<string, Implementation<string>> = new Map(
  [
    ...agentOperations,
    ...budgetOperations,
    ...capabilityOperations,
    ...conversationOperations,
    ...deadLetterOperations,
    ...memoryTransferOperations,
    ...messageOperations,
    ...participantOperations,
    ...remoteAgentOperations,
    ...runHistoryOperations,
    ...runOperations,
    ...subscriptionOperations,
    ...taskOperations,
    ...threadOperations,
    ...toolServerOperations,
    ...triggerOperations,
    ...webhookOperations,
  ].map((one) => [one.operation.name, one]),
);

const PAGE = 100;
const Named = z.looseObject({ name: z.string() });
const Identified = z.looseObject({ id: z.string() });
const Numbered = z.looseObject({ revision: z.int() });
const Page = z.object({ items: z.array(z.looseObject({})), next: z.string().nullish() });
const Lines = z.object({ content: z.custom<AsyncIterable<string>>() });

/** Lists whose items are lines of their own. */
const LISTS = [
  ["participant", "participant.list", {}],
  ["remote-agent", "remoteAgent.list", {}],
  ["capability", "capability.list", {}],
  ["subscription", "subscription.list", {}],
  ["task", "task.list", {}],
  ["trigger", "trigger.list", {}],
  ["webhook", "webhook.list", {}],
  ["thread", "thread.list", {}],
  ["thread", "thread.list", { kind: "conversation" }],
  ["conversation", "conversation.list", {}],
  ["conversation", "conversation.list", { archived: "true" }],
  ["message", "message.list", {}],
  ["dead-letter", "deadLetter.list", {}],
] as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Yields everything in a workspace as lines of JSON, as the operations that read it present it. It contains no secrets, keys
 * or tokens, because no operation answers with stored ones. Throws what the reads throw.
 */
export async function* exportWorkspace(
  services: ApiServices,
  { name, description, quotas, createdAtMs }: Workspace,
  call: Call,
): AsyncGenerator<string, void, undefined> {
  const reader = new Reader(services, call, name);
  let lines = 0;
  const line = (type: string, value: unknown): string => {
    lines += 1;
    return `${JSON.stringify({ type, value })}\n`;
  };
  const head = { format: "caxton.workspace", version: 1, exported_at: instant(services.server.clock.nowMs()) };
  const workspace = { name, description, quotas, created_at: instant(createdAtMs) };
  yield line("workspace", { ...head, server: services.server.version, ...workspace });
  for await (const item of reader.items("agent.list")) {
    const { name: agent } = Named.parse(item);
    yield line("agent", await reader.read("agent.get", { name: agent }));
    for await (const one of reader.items("agent.revisions", { name: agent })) {
      const { revision } = Numbered.parse(one);
      yield line("agent-revision", await reader.read("agent.revision", { name: agent, revision }));
    }
  }
  for await (const item of reader.items("toolServer.list"))
    yield line("tool-server", await reader.read("toolServer.get", { name: Named.parse(item).name }));
  yield line("budgets", await reader.read("budget.list"));
  for (const [type, list, query] of LISTS)
    for await (const item of reader.items(list, {}, query)) yield line(type, item);
  for await (const item of reader.items("run.list"))
    yield line("run", await reader.read("run.export", { id: Identified.parse(item).id }));
  for await (const record of reader.memory()) yield line("memory", record);
  yield line("end", { lines: lines + 1 });
}

/** Performs reads in a workspace with the rights that the caller has in every one. */
class Reader {
  readonly #services: ApiServices;
  readonly #call: Call;

  constructor(services: ApiServices, call: Call, workspace: string) {
    this.#services = services;
    const { everywhere: permissions } = call.principal;
    const principal = { ...call.principal, workspace, permissions, everywhere: new Set<never>() };
    this.#call = { ...call, principal, asked: undefined };
  }

  async read(name: string, params: Fields = {}, query: Fields = {}): Promise<unknown> {
    const found = READS.get(name);
    if (found === undefined) throw new Error(`there is no operation ${name}`);
    const { principal, admission } = this.#call;
    const attempt = { operation: found.operation, target: params, origin: admission.attempt.origin };
    const call = { ...this.#call, admission: this.#services.access.access.authorize(principal, attempt) };
    return (await found.perform(this.#services, { params, query, body: {} }, call)).output;
  }

  /** The items of all pages of a list. */
  async *items(name: string, params: Fields = {}, query: Fields = {}): AsyncGenerator<object, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const own = { ...query, limit: PAGE, ...(typeof cursor === "string" && { cursor }) };
      const page = Page.parse(await this.read(name, params, own));
      yield* page.items;
      cursor = page.next;
    } while (typeof cursor === "string");
  }

  /** The records of the workspace's memory, with their history. */
  async *memory(): AsyncGenerator<unknown, void, undefined> {
    const { content } = Lines.parse(await this.read("memoryTransfer.export", {}, { format: "jsonl", history: "true" }));
    for await (const text of content)
      for (const record of text.split("\n")) if (record !== "") yield JSON.parse(record);
  }
}
