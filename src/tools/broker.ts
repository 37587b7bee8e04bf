import { resolve, sep } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { Redaction } from "../text/redaction/index.ts";
import { auditedState } from "./audited-state.ts";
import { type AuditRecord, FileBroker } from "./brokers/files/index.ts";
import { HttpBroker } from "./brokers/http/index.ts";
import { ToolRecall, type ToolRecallDeps } from "./brokers/memory/index.ts";
import { ToolMessageBroker, type ToolMailDeps } from "./brokers/messages/index.ts";
import {
  ByServer,
  type Grants,
  type GrantLedger,
  type GrantUse,
  GrantRecorder,
  type OnRefused,
} from "./catalogue/index.ts";
import type { Broker, Caller, StateAccess } from "./sandbox/index.ts";
import type { SecretVault } from "./secrets/index.ts";

export type BrokerOptions = {
  /** The workspace of the shared tool servers. */
  readonly workspace: string;
  /** What relative paths of tools and granted directories are relative to. */
  readonly filesRoot: string;
  /** What holds secrets, of tools or of this server: no grant opens it. */
  readonly closedPaths: readonly string[];
  /** Maximum bytes of one message of a tool. */
  readonly contentBytesMax: number;
  /** Variables that tools may be granted. */
  readonly environment: { readonly [name: string]: string | undefined };
};

/** Returns the addresses of a name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** What guests are served with. Without `mail` no messages are sent, without `memory` nothing is found. */
export type GuestPorts = {
  readonly mail?: Pick<ToolMailDeps, "post" | "originOf"> | undefined;
  readonly memory?: ToolRecallDeps["memory"] | undefined;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve | undefined;
  /** Called with what runs and guests are refused because their caller lacks a permission. */
  readonly onRefused: OnRefused;
};

export type BrokerPorts = GuestPorts & {
  readonly clock: Clock;
  readonly vault: SecretVault;
  readonly state: StateAccess;
  readonly ledger: GrantLedger;
};

/** Opens everything that guests may reach, behind their grants, and the watch over how they use it. */
export function openBroker(
  { workspace: shared, filesRoot, closedPaths, contentBytesMax, environment }: BrokerOptions,
  { clock, vault, state, ledger, onRefused, mail = NO_MAIL, memory, resolve: resolveName }: BrokerPorts,
): { readonly broker: Broker; readonly watch: GrantRecorder; readonly files: Pick<FileBroker, "deleteWorkspace"> } {
  const watch = new GrantRecorder(ledger, shared);
  const redactions = new ByServer<Redaction | undefined>(shared);
  const redactionOf = ({ server, context }: Caller) => redactions.get(context.workspace, server);
  // A tool that has a secret's value could ask for a file or a key of that name.
  const audit = (use: GrantUse): void => {
    const redaction = redactions.get(use.workspace, use.server);
    watch.note(redaction === undefined ? use : { ...use, target: redaction.text(use.target) });
  };
  for (const path of closedPaths.filter((each) => isInside(each, filesRoot))) {
    log.warn({ root: filesRoot, path }, `tools can open no files: files.root lies in ${path}, which no grant opens`);
  }
  const files = new FileBroker({
    root: filesRoot,
    workspace: shared,
    closed: closedPaths,
    audit: (record) => audit(useOf(record, clock.nowMs())),
  });
  const broker: Broker = {
    files,
    http: new HttpBroker({ clock, resolve: resolveName, secrets: (caller) => vault.granted(caller), audit }),
    state: auditedState(state, { clock, audit }),
    messages: new ToolMessageBroker({
      post: mail.post,
      originOf: mail.originOf,
      clock,
      audit,
      onRefused,
      redact: (caller, message) => redactionOf(caller)?.json(message) ?? message,
      contentBytesMax,
    }),
    memory: new ToolRecall({
      memory,
      clock,
      audit,
      onRefused,
      redact: (caller, query) => redactionOf(caller)?.text(query) ?? query,
    }),
    environment: (server, grants, workspace) => {
      watch.deployed(workspace, server, grants);
      redactions.set(workspace, server, Redaction.of(vault.confidential(grants)));
      for (const { name, why } of vault.missing(grants, workspace)) {
        log.warn({ toolServer: server, secret: name }, `secret ${name}, granted to ${server}, is not there: ${why}`);
      }
      return [...variablesOf(grants, environment), ...vault.variables(server, grants, workspace)];
    },
    confidential: (grants) => vault.confidential(grants),
    used: (caller, kinds) => kinds.forEach((kind) => audit(started(caller, kind, clock.nowMs()))),
  };
  return { broker, watch, files };
}

const NO_MAIL: GuestPorts["mail"] & object = {
  originOf: () => undefined,
  post: {
    submit: ({ id }) => Promise.resolve({ type: "refused", id, error: NO_ROUTER, retryAfterMs: undefined }),
  },
};
const NO_ROUTER = { code: "ROUTER_STOPPING", message: "no messages are sent here", hint: "", details: {} };

const isInside = (directory: string, path: string): boolean =>
  `${resolve(path)}${sep}`.startsWith(`${resolve(directory)}${sep}`);

const variablesOf = (grants: Grants, environment: BrokerOptions["environment"]) =>
  grants.environment.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [{ name, value }];
  });

const useOf = ({ path, outcome, isClosed, ...who }: AuditRecord, atMs: number): GrantUse => ({
  ...who,
  atMs,
  kind: "file",
  target: path,
  outcome: outcome === "allowed" || outcome === "denied" ? outcome : "failed",
  reason: isClosed ? "closed" : outcome === "allowed" ? "" : outcome,
  bytes: 0,
  durationMs: 0,
});

/** What an instance read for the first time: real time, chance and variables where they are granted, else what stands for them. */
function started(
  { server, grants, context: { workspace, agent, session } }: Caller,
  kind: "clock" | "random" | "environment",
  atMs: number,
): GrantUse {
  const names = [...grants.environment, ...grants.secrets.map(({ name }) => name)];
  const isGranted = kind === "environment" ? names.length > 0 : grants[kind];
  const outcome = isGranted ? "allowed" : "denied";
  const target = kind === "environment" ? names.join(" ") : "";
  const reason = isGranted ? "" : "denied";
  const who = { workspace, server, agent, session };
  return { ...who, atMs, kind, operation: "read", target, outcome, reason, bytes: 0, durationMs: 0 };
}
