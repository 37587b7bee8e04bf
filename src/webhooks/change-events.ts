import type { Change, LoggedChange } from "../kernel/changes/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { WebhookEventType } from "../kernel/webhooks/webhook-spec.ts";
import type { WebhookEvent } from "./webhook.ts";

const AGENT_TYPES = {
  deployed: "agent.deployed",
  deleted: "agent.removed",
  activated: "deployment.activated",
  paused: "agent.paused",
  resumed: "agent.resumed",
} as const;

/** The event of a change. The log has no times: `atMs` is when the event is recorded, which is soon after the change. */
export function changeEvent({ workspace, change }: LoggedChange, atMs: number): WebhookEvent {
  return { workspace, atMs, entry: undefined, ...partsOf(change) };
}

function partsOf(change: Change): {
  readonly type: WebhookEventType;
  readonly agent: string | undefined;
  readonly data: JsonObject;
} {
  switch (change.type) {
    case "agent": {
      const { name: agent, revision } = change;
      return { type: AGENT_TYPES[change.change], agent, data: { agent, revision } };
    }
    case "tool-server":
      return { type: "deployment.tool_server", agent: undefined, data: { server: change.name, state: change.state } };
    case "task":
      return { type: `task.${change.change}`, agent: undefined, data: { task: change.id, state: change.state } };
    case "thread":
      return { type: `thread.${change.change}`, agent: change.agent, data: { thread: change.id, agent: change.agent } };
    case "webhook": {
      const { id: webhook, url, reason } = change;
      return { type: "webhook.stopped", agent: undefined, data: { webhook, url, reason } };
    }
  }
}
