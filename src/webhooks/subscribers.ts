import type { Permission } from "../access/permissions/index.ts";
import { fitsGlob, parseGlob } from "../kernel/glob.ts";
import { log } from "../kernel/log.ts";
import { SUBSCRIBED_TYPES, type WebhookEventType, type WebhookSpec } from "../kernel/webhooks/webhook-spec.ts";
import { compileExpression } from "../text/expressions/index.ts";
import { WebhookInvalidError } from "./errors.ts";
import type { Webhook, WebhookEvent, WebhookStore } from "./webhook.ts";

const CONTENT: Permission = "runs:read-content";

/** The cost of a filter for one event: each event is compared with the filters of all webhooks of its workspace. */
const FILTER_COST_MAX = 2_000;

/** The permission to receive events, by the noun of their types. */
const PERMISSIONS: Readonly<Record<string, Permission>> = {
  run: "runs:read",
  approval: "approvals:read",
  input: CONTENT,
  thread: CONTENT,
  agent: "agents:read",
  deployment: "agents:read",
  task: "tasks:read",
  webhook: "webhooks:read",
};

const permissionOf = (type: WebhookEventType): Permission => {
  if (type === "deployment.tool_server") return "tools:read";
  return PERMISSIONS[type.split(".", 1).join("")] ?? CONTENT;
};

/** A webhook with its compiled filter. */
export type Subscriber = { readonly webhook: Webhook; readonly wants: (event: WebhookEvent) => boolean };

/** The permissions that a webhook needs from its owner, with the reason for each. */
export function permissionsFor({ events, content }: WebhookSpec): ReadonlyMap<Permission, string> {
  const globs = events.map(parseGlob);
  const types = SUBSCRIBED_TYPES.filter((type) => globs.some((glob) => fitsGlob(glob, type)));
  const needed = new Map(types.map((type) => [permissionOf(type), `its events ${type} require`]));
  return content ? needed.set(CONTENT, "its content requires") : needed;
}

/** Returns the filter of a webhook. Throws WebhookInvalidError, ExpressionInvalidError. */
export function filterOf({ events, agents, where }: WebhookSpec): Subscriber["wants"] {
  const types = new Set<string>();
  for (const pattern of events) {
    const glob = parseGlob(pattern);
    const found = SUBSCRIBED_TYPES.filter((type) => fitsGlob(glob, type));
    if (found.length === 0)
      throw new WebhookInvalidError("events", `no event fits ${pattern}`, `Events are ${SUBSCRIBED_TYPES.join(", ")}.`);
    for (const type of found) types.add(type);
  }
  const names = agents.map((pattern) => parseGlob(pattern.toLowerCase()));
  const expression =
    where === "" ? undefined : compileExpression(where, { variables: ["event"], costMax: FILTER_COST_MAX });
  return ({ type, agent, workspace, atMs, data }) => {
    if (!types.has(type)) return false;
    if (names.length > 0 && (agent === undefined || !names.some((glob) => fitsGlob(glob, agent.toLowerCase()))))
      return false;
    const timestamp = new Date(atMs).toISOString();
    return expression === undefined || expression.test({ event: { type, timestamp, workspace, data } });
  };
}

/** Undefined for a webhook whose filter another version of the server accepted, and this one does not. */
function subscriberOf(webhook: Webhook): Subscriber | undefined {
  try {
    return { webhook, wants: filterOf(webhook.spec) };
  } catch (error) {
    log.error({ err: error, workspace: webhook.workspace, webhook: webhook.id }, "the filter of a webhook is invalid");
    return undefined;
  }
}

/** The active webhooks of all workspaces, read once after each change. */
export class Subscribers {
  readonly #store: Pick<WebhookStore, "active">;
  #all: readonly Subscriber[] | undefined;

  constructor(store: Pick<WebhookStore, "active">) {
    this.#store = store;
  }

  all(): readonly Subscriber[] {
    this.#all ??= this.#store.active().flatMap((webhook) => subscriberOf(webhook) ?? []);
    return this.#all;
  }

  /** To be called after each change of webhooks. */
  changed(): void {
    this.#all = undefined;
  }
}
