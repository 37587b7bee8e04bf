import { readFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { McpAuth, McpServerSettings, McpToolRunner, Resolved } from "../tools/remote/index.ts";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { type KnownSecrets, Redaction } from "../text/redaction/index.ts";
import type { Sandbox } from "../tools/sandbox/index.ts";
import { baseOf, type LoadedConfig, MCP_REFERENCE, type McpServerTable } from "./config/index.ts";
import { ReferenceUnresolvedError } from "../text/references/index.ts";
import { isSecretName } from "./redaction.ts";

/** How long a start waits for remote servers before runs begin without those that are slow. */
const START_WAIT_MS = 3_000;

export type OpenMcp = {
  readonly clock: Clock;
  /** Caxton's own. */
  readonly version: string;
  readonly sandbox: Sandbox;
  readonly changes: ChangeLog;
  /** Told of what is resolved and named like a secret. */
  readonly known?: KnownSecrets | undefined;
};

/** The remote tool servers of the configuration; undefined when it has none, so that nothing for them is loaded. */
export async function openMcpServers(
  loaded: LoadedConfig,
  { clock, version, sandbox, changes, known }: OpenMcp,
): Promise<McpToolRunner | undefined> {
  const settings = mcpSettings(loaded);
  if (settings.length === 0) return undefined;
  const { McpToolRunner: Runner } = await import("../tools/remote/index.ts");
  return new Runner(settings, {
    clock,
    version,
    isTaken: (name) => sandbox.servers().some((server) => server.name === name),
    onChange: (name, state) => changes.publish({ type: "tool-server", name, state }),
    random: Math.random,
    resolve: async (text) => {
      const resolved = await resolveReferences(text, loaded);
      for (const { name, value } of resolved.values) if (isSecretName(name)) known?.add(name, value);
      return resolved;
    },
    redactorOf: (confidential) => Redaction.of(confidential),
    searchPath: loaded.environment["PATH"] ?? "",
  });
}

/** Begins to connect while the other tool servers are deployed; waits only a little for servers that are slow or gone. */
export async function withMcpServers<Deployed>(
  runner: McpToolRunner | undefined,
  deployed: Promise<Deployed>,
): Promise<Deployed> {
  await Promise.all([runner?.open(START_WAIT_MS), deployed]);
  for (const name of runner?.shadowed() ?? [])
    log.error({ toolServer: name }, "mcp_servers has a name that another tool server has; it is not used");
  return deployed;
}

const mcpSettings = (loaded: LoadedConfig): readonly McpServerSettings[] =>
  Object.entries(loaded.config.mcp_servers)
    .filter(([, { enabled }]) => enabled)
    .map(([name, table]) => settingsOf(name, table, baseOf(loaded)));

function settingsOf(name: string, table: McpServerTable, base: string): McpServerSettings {
  const { limits } = table;
  return {
    name,
    transport:
      table.url === undefined
        ? {
            type: "process",
            command: table.command ?? "",
            args: table.args,
            environment: table.env,
            cwd: table.cwd === undefined ? undefined : resolve(base, table.cwd),
          }
        : { type: "http", url: table.url, headers: table.headers, auth: authOf(table.auth) },
    timeoutMs: table.timeout,
    tools: table.tools,
    limits: {
      deadlineMs: limits.deadline,
      resultBytesMax: limits.result_bytes,
      concurrentMax: limits.concurrent_calls,
      callsPerMinuteMax: limits.calls_per_minute,
    },
  };
}

function authOf(auth: McpServerTable["auth"]): McpAuth {
  if (auth === undefined) return { type: "none" };
  if (auth.token !== undefined) return { type: "bearer", token: auth.token };
  return {
    type: "client-credentials",
    clientId: auth.client_id ?? "",
    clientSecret: auth.client_secret ?? "",
    tokenUrl: auth.token_url,
    issuer: auth.issuer,
    scopes: auth.scopes,
    resource: auth.resource,
  };
}

/** Text with its references replaced, and what they brought. Throws ReferenceUnresolvedError, which never shows a value. */
async function resolveReferences(text: string, loaded: LoadedConfig): Promise<Resolved> {
  const values = [];
  let resolved = "";
  let end = 0;
  for (const match of text.matchAll(MCP_REFERENCE)) {
    const [whole, kind = "", target = "", fallback] = match;
    const value = await lookUp(kind, target, loaded);
    if (value === undefined && fallback === undefined) throw unresolved(kind, target, loaded);
    if (value !== undefined) values.push({ name: target, value });
    resolved += text.slice(end, match.index) + (value ?? fallback ?? "");
    end = match.index + whole.length;
  }
  return { text: resolved + text.slice(end), values };
}

async function lookUp(
  kind: string,
  target: string,
  { environment, secrets, config }: LoadedConfig,
): Promise<string | undefined> {
  if (kind === "env") return environment[target];
  if (kind === "secret" && secrets[target] !== undefined) return secrets[target];
  const places = isAbsolute(target)
    ? [target]
    : config.secrets.directories.map((directory) => resolve(directory, target));
  for (const place of places) {
    try {
      return (await readFile(place, "utf8")).trim();
    } catch {
      // The next directory may have it.
    }
  }
  return undefined;
}

function unresolved(kind: string, target: string, { config }: LoadedConfig): ReferenceUnresolvedError {
  const where = config.secrets.directories.join(", ");
  const hints: { readonly [kind: string]: string } = {
    env: `Set ${target} where the server starts, or write \${env:${target}:-default}.`,
    file: `Put the file into one of ${where} (secrets.directories), or name it from the root.`,
    secret: `Set CAXTON_SECRET_${target}, or put a file ${target} into one of ${where} (secrets.directories).`,
  };
  return new ReferenceUnresolvedError(
    `\${${kind}:${target}}, which a server in mcp_servers refers to, is not there`,
    hints[kind] ?? "",
    { reference: target },
  );
}
