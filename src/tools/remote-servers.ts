import { readFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { packageVersion } from "../kernel/package.ts";
import { isSecretName, type KnownSecrets, Redaction } from "../text/redaction/index.ts";
import { ReferenceUnresolvedError, SERVER_REFERENCE } from "../text/references/index.ts";
import type { McpServerSettings, McpToolRunner, Resolved } from "./remote/index.ts";
import type { Sandbox } from "./sandbox/index.ts";

/** How long a start waits for remote servers before runs begin without those that are slow. */
const START_WAIT_MS = 3_000;

export type RemoteOptions = {
  readonly servers: readonly McpServerSettings[];
  /** Variables that their settings may refer to, and PATH. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Secrets that their settings may refer to, over the files of the directories. */
  readonly secrets: { readonly [name: string]: string };
  readonly secretsDirectories: readonly string[];
};

type Ports = {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly changes: ChangeLog;
  /** Receives what is resolved and named like a secret. */
  readonly known: KnownSecrets;
  /** The workspace of configured tool servers. */
  readonly workspace: string;
};

/** Opens the remote tool servers; undefined if none is configured, so that nothing for them is loaded. */
export async function openRemoteServers(
  options: RemoteOptions,
  { clock, sandbox, changes, known, workspace }: Ports,
): Promise<McpToolRunner | undefined> {
  if (options.servers.length === 0) return undefined;
  const { McpToolRunner: Runner } = await import("./remote/index.ts");
  return new Runner(options.servers, {
    clock,
    version: packageVersion(),
    isTaken: (name) => sandbox.servers(workspace).some((server) => server.name === name),
    onChange: (name, state) => changes.publish(workspace, { type: "tool-server", name, state }),
    random: Math.random,
    resolve: async (text) => {
      const resolved = await resolveReferences(text, options);
      for (const { name, value } of resolved.values) if (isSecretName(name)) known.add(name, value);
      return resolved;
    },
    redactorOf: (confidential) => Redaction.of(confidential),
    searchPath: options.environment["PATH"] ?? "",
  });
}

/** Connects while the other tool servers are deployed; does not wait long for servers that are slow or gone. */
export async function startRemoteServers<Deployed>(
  runner: McpToolRunner | undefined,
  deployed: Promise<Deployed>,
): Promise<Deployed> {
  await Promise.all([runner?.open(START_WAIT_MS), deployed]);
  for (const name of runner?.shadowed() ?? [])
    log.error({ toolServer: name }, "mcp_servers has a name that another tool server has; it is not used");
  return deployed;
}

/** Text with its references replaced, and what they brought. Throws ReferenceUnresolvedError, which never shows a value. */
async function resolveReferences(text: string, options: RemoteOptions): Promise<Resolved> {
  const values = [];
  let resolved = "";
  let end = 0;
  for (const match of text.matchAll(SERVER_REFERENCE)) {
    const [whole, kind = "", target = "", fallback] = match;
    const value = await lookUp(kind, target, options);
    if (value === undefined && fallback === undefined) throw unresolved(kind, target, options);
    if (value !== undefined) values.push({ name: target, value });
    resolved += text.slice(end, match.index) + (value ?? fallback ?? "");
    end = match.index + whole.length;
  }
  return { text: resolved + text.slice(end), values };
}

async function lookUp(
  kind: string,
  target: string,
  { environment, secrets, secretsDirectories }: RemoteOptions,
): Promise<string | undefined> {
  if (kind === "env") return environment[target];
  if (kind === "secret" && secrets[target] !== undefined) return secrets[target];
  const places = isAbsolute(target) ? [target] : secretsDirectories.map((directory) => resolve(directory, target));
  for (const place of places) {
    try {
      return (await readFile(place, "utf8")).trim();
    } catch {
      // The next directory may have it.
    }
  }
  return undefined;
}

function unresolved(kind: string, target: string, { secretsDirectories }: RemoteOptions): ReferenceUnresolvedError {
  const where = secretsDirectories.join(", ");
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
