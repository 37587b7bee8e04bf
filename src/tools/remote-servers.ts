import { readFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { isSecretName, type KnownSecrets, Redaction } from "../text/redaction/index.ts";
import { ReferenceUnresolvedError, REFERENCE } from "../text/references/index.ts";
import type { McpServerSettings, McpToolRunner, Resolved, SignInPorts } from "./remote/index.ts";
import type { Sandbox } from "./sandbox/index.ts";
import type { SecretVault } from "./secrets/index.ts";

/** How long a start waits for remote servers before runs begin without those that are slow. */
const START_WAIT_MS = 3_000;

export type RemoteOptions = {
  readonly servers: readonly McpServerSettings[];
  /** Variables that their settings may refer to, and PATH. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly secretsDirectories: readonly string[];
};

type Ports = {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly changes: ChangeLog;
  readonly vault: SecretVault;
  /** Receives what is resolved and named like a secret. */
  readonly known: KnownSecrets;
  /** The workspace of configured tool servers. */
  readonly workspace: string;
  readonly signIns: SignInPorts;
};

type Found = { readonly type: "found"; readonly value: string } | { readonly type: "missing"; readonly why: string };

/** Opens the remote tool servers; undefined if none is configured, so that nothing for them is loaded. */
export async function openRemoteServers(
  options: RemoteOptions,
  { clock, sandbox, changes, vault, known, workspace, signIns }: Ports,
): Promise<McpToolRunner | undefined> {
  if (options.servers.length === 0) return undefined;
  const { McpToolRunner: Runner, sweepSignIns } = await import("./remote/index.ts");
  await sweepSignIns(
    signIns.vault,
    options.servers.filter(hasSignIn).map(({ name }) => name),
  );
  return new Runner(options.servers, {
    clock,
    isTaken: (name) => sandbox.servers(workspace).some((server) => server.name === name),
    onChange: (name, state) => changes.publish(workspace, { type: "tool-server", name, state }),
    random: Math.random,
    resolve: async (text) => {
      const resolved = await resolveReferences(text, options, vault);
      for (const { name, value } of resolved.values) if (isSecretName(name)) known.add(name, value);
      return resolved;
    },
    redactorOf: (confidential) => Redaction.of(confidential),
    signIns,
    searchPath: options.environment["PATH"] ?? "",
  });
}

const hasSignIn = ({ transport }: McpServerSettings): boolean =>
  transport.type === "http" && transport.auth.type === "oauth";

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
async function resolveReferences(text: string, options: RemoteOptions, vault: SecretVault): Promise<Resolved> {
  const values = [];
  let resolved = "";
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, kind = "", target = "", fallback] = match;
    const found = kind === "secret" ? vault.find(target) : await lookUp(kind, target, options);
    if (found.type === "missing" && fallback === undefined) throw unresolved(kind, target, found.why);
    const value = found.type === "found" ? found.value : undefined;
    if (value !== undefined) values.push({ name: target, value });
    resolved += text.slice(end, match.index) + (value ?? fallback ?? "");
    end = match.index + whole.length;
  }
  return { text: resolved + text.slice(end), values };
}

async function lookUp(
  kind: string,
  target: string,
  { environment, secretsDirectories }: RemoteOptions,
): Promise<Found> {
  if (kind === "env") {
    const value = environment[target];
    if (value !== undefined) return { type: "found", value };
    return { type: "missing", why: `set ${target} where the server starts, or write \${env:${target}:-default}` };
  }
  const places = isAbsolute(target) ? [target] : secretsDirectories.map((directory) => resolve(directory, target));
  for (const place of places) {
    try {
      return { type: "found", value: (await readFile(place, "utf8")).trim() };
    } catch {
      // The next directory may have it.
    }
  }
  const where = secretsDirectories.join(", ");
  return { type: "missing", why: `put the file into one of ${where} (secrets.directories), or name it from the root` };
}

const unresolved = (kind: string, target: string, why: string): ReferenceUnresolvedError =>
  new ReferenceUnresolvedError(
    `\${${kind}:${target}}, which a server in mcp_servers refers to, is not there: ${why}`,
    "A stored secret takes effect at the next attempt to connect, a variable after a restart.",
    { reference: target },
  );
