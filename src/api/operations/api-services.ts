import type { AccessServices } from "../../access/index.ts";
import type { SpendStore } from "../../agents/budgets/index.ts";
import type { AgentServices } from "../../agents/index.ts";
import type { ChangeLog } from "../../kernel/changes/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { MemoryServices } from "../../memory/index.ts";
import type { MessagingServices } from "../../messaging/index.ts";
import type { ModelServices } from "../../models/index.ts";
import type { RunServices } from "../../runs/index.ts";
import type { GrantLedger } from "../../tools/catalogue/index.ts";
import type { ToolServices } from "../../tools/index.ts";
import type { TriggerServices } from "../../triggers/index.ts";
import type { RemoteServices } from "../../remotes/index.ts";
import type { WebhookServices } from "../../webhooks/index.ts";
import type { IdempotencyStore } from "./idempotency-store.ts";

/** Whether a part of the server works, and a note on its condition. */
export type PartCheck = { readonly ok: boolean; readonly note: string };

/** Facts that the server reports about itself. */
export interface ServerFacts {
  readonly clock: Clock;
  readonly version: string;
  readonly startedAtMs: number;
  /** Of a monotonic clock: a change of the system's time does not count. */
  readonly uptimeMs: () => number;
  readonly dataDirectory: string;
  /** `server.public_url`. */
  readonly publicUrl: string | undefined;
  /** The effective configuration as `config view` shows it: no secrets are in it. */
  readonly configuration: object;
  /** Each part that must work before requests can, with a note on its condition. */
  checks(): { readonly [part: string]: PartCheck };
}

/** Stores that operations use directly; a module's services contain its other stores. */
type ApiStores = {
  readonly changes: ChangeLog;
  readonly database: { bytes(): number };
  readonly idempotencyStore: IdempotencyStore;
  readonly ledger: GrantLedger;
  readonly spend: SpendStore;
  /** `check` writes to the database and reports the result. */
  readonly watch: { check(): Promise<PartCheck> };
};

/** The services of each module, as the module returned them when it was opened. */
export type ApiServices = {
  readonly access: AccessServices;
  readonly agents: AgentServices;
  readonly memory: MemoryServices;
  readonly messaging: MessagingServices;
  readonly models: ModelServices;
  readonly runs: RunServices;
  readonly tools: ToolServices;
  readonly triggers: TriggerServices;
  readonly webhooks: WebhookServices;
  readonly remotes: RemoteServices;
  readonly storage: ApiStores;
  readonly server: ServerFacts;
};
