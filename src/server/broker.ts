import { dirname, resolve, sep } from "node:path";
import type { RunJournal } from "../runs/index.ts";
import { originOf } from "../runs/conversations/index.ts";
import { ToolRecall, type ToolRecallDeps } from "../tools/brokers/memory/index.ts";
import { type AuditRecord, FileBroker } from "../tools/brokers/files/index.ts";
import { HttpBroker } from "../tools/brokers/http/index.ts";
import { type Database, SqliteGrantLedger, SqliteToolState } from "../storage/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { type KnownSecrets, Redaction } from "../text/redaction/index.ts";
import type { Broker, Caller } from "../tools/sandbox/index.ts";
import { type Grants, type GrantLedger, type GrantUse, GrantRecorder } from "../tools/catalogue/index.ts";
import { ToolMessageBroker, type ToolMailDeps } from "../tools/brokers/messages/index.ts";
import { auditedState } from "./audited-state.ts";
import type { LoadedConfig } from "./config/index.ts";
import { SecretVault } from "./secret-vault.ts";

/** What guests may reach, and what is known of how they do. Disposing of it writes what the ledger still holds. */
export type OpenedBroker = AsyncDisposable & {
  readonly broker: Broker;
  readonly ledger: GrantLedger;
  readonly watch: GrantRecorder;
};

/** Addresses of a name; tests bring their own. */
export type Resolve = (name: string) => Promise<readonly string[]>;
type Parts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly known?: KnownSecrets;
  readonly resolve?: Resolve | undefined;
  /** Where messages of tools go; without it none can be sent. */
  readonly mail?: (Pick<ToolMailDeps, "post"> & { readonly journal: Pick<RunJournal, "summary"> }) | undefined;
  /** What tools may search; without it there is nothing. */
  readonly memory?: ToolRecallDeps["memory"] | undefined;
};

/** Everything that guests may reach, behind their grants. */
export function openBroker(
  loaded: LoadedConfig,
  { database, clock, known, mail = NO_MAIL, memory, resolve: resolveName }: Parts,
): OpenedBroker {
  const { config, environment, file } = loaded;
  const ledger = new SqliteGrantLedger(database, clock, {
    rowsMax: config.grants.uses_max,
    ageMsMax: config.grants.uses_age,
  });
  const watch = new GrantRecorder(ledger);
  const vault = SecretVault.of(loaded, known?.add);
  const redactions = new Map<string, Redaction | undefined>();
  // A tool that has a secret's value could ask for a file or a key of that name.
  const audit = (use: GrantUse): void => {
    const redaction = redactions.get(use.server);
    watch.note(redaction === undefined ? use : { ...use, target: redaction.text(use.target) });
  };
  const closed = closedPaths(config, file);
  for (const path of closed.filter((each) => isInside(each, config.files.root))) {
    log.warn(
      { root: config.files.root, path },
      `tools can open no files: files.root lies in ${path}, which no grant opens`,
    );
  }
  const files = new FileBroker({
    root: config.files.root,
    closed,
    audit: (record) => audit(useOf(record, clock.nowMs())),
  });
  const broker: Broker = {
    files,
    http: new HttpBroker({ clock, resolve: resolveName, secrets: (...which) => vault.granted(...which), audit }),
    state: auditedState(new SqliteToolState(database, clock), { clock, audit }),
    messages: new ToolMessageBroker({
      post: mail.post,
      originOf: (session) => originOf(mail.journal, session),
      clock,
      audit,
      redact: (server, message) => redactions.get(server)?.json(message) ?? message,
      contentBytesMax: config.messages.message_bytes_max,
    }),
    memory: new ToolRecall({
      memory,
      clock,
      audit,
      redact: (server, query) => redactions.get(server)?.text(query) ?? query,
    }),
    environment: (server, grants) => {
      watch.deployed(server, grants);
      redactions.set(server, Redaction.of(vault.confidential(grants)));
      for (const { name, why } of vault.missing(grants)) {
        log.warn({ toolServer: server, secret: name }, `secret ${name}, granted to ${server}, is not there: ${why}`);
      }
      return [...variablesOf(grants, environment), ...vault.variables(server, grants)];
    },
    confidential: (grants) => vault.confidential(grants),
    used: (caller, kinds) => kinds.forEach((kind) => audit(started(caller, kind, clock.nowMs()))),
  };
  return { broker, ledger, watch, [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose]() };
}

const NO_MAIL: Parts["mail"] & object = {
  journal: { summary: () => undefined },
  post: {
    submit: ({ id }) => Promise.resolve({ type: "refused", id, error: NO_ROUTER, retryAfterMs: undefined }),
  },
};
const NO_ROUTER = { code: "ROUTER_STOPPING", message: "no messages are sent here", hint: "", details: {} };

/** What holds secrets, of tools or of this server: no grant opens it. */
const closedPaths = (config: LoadedConfig["config"], file: string | undefined): readonly string[] => [
  config.data.directory,
  ...config.secrets.directories,
  ...(config.models.secrets_directories ?? []),
  ...[file, config.mcp_servers_file].flatMap((path) =>
    path === undefined ? [] : [resolve(dirname(file ?? ""), path)],
  ),
];

const isInside = (directory: string, path: string): boolean =>
  `${resolve(path)}${sep}`.startsWith(`${resolve(directory)}${sep}`);

const variablesOf = (grants: Grants, environment: LoadedConfig["environment"]) =>
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
  { server, grants, context: { agent, session } }: Caller,
  kind: "clock" | "random" | "environment",
  atMs: number,
): GrantUse {
  const names = [...grants.environment, ...grants.secrets.map(({ name }) => name)];
  const isGranted = kind === "environment" ? names.length > 0 : grants[kind];
  const outcome = isGranted ? "allowed" : "denied";
  const target = kind === "environment" ? names.join(" ") : "";
  const reason = isGranted ? "" : "denied";
  return { atMs, server, agent, session, kind, operation: "read", target, outcome, reason, bytes: 0, durationMs: 0 };
}
