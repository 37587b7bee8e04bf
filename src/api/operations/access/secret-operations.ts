import {
  type Principal,
  type SecretEntry,
  secretPosition,
  ServerPermissionDeniedError,
} from "../../../access/index.ts";
import { ALL_WORKSPACES } from "../../../kernel/rights/default-workspace.ts";
import { operations, type Secret } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { instant, instantOrNull } from "../instant.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";

const AGENTS_PAGE = 200;
const ENDS = ["}", ":-"];
const NOWHERE: Secret["used_by"] = { agents: [], tool_servers: [] };

const refersTo = (text: string, name: string): boolean =>
  ["secret", "env"].some((kind) => ENDS.some((end) => text.includes(`\${${kind}:${name}${end}`)));

/** Returns a function that finds the agents and tool servers of the principal's workspace that name a secret. */
async function usersOf({ access, agents, tools }: ApiServices, principal: Principal) {
  const { workspace, permissions } = principal;
  const own = new Set(
    access.secrets.list(workspace).flatMap((entry) => (entry.workspace === workspace ? entry.name : [])),
  );
  const definitions: { readonly name: string; readonly keys: readonly string[] }[] = [];
  let page: { readonly next: string | undefined } = { next: permissions.has("agents:read") ? "" : undefined };
  while (page.next !== undefined) {
    const { items, next } = await agents.agents.list(workspace, { cursor: page.next, limit: AGENTS_PAGE });
    definitions.push(...items.filter(({ keys }) => keys.some((text) => text.includes("${"))));
    page = { next };
  }
  const servers = permissions.has("tools:read") ? tools.workspaces.of(workspace).records.list() : [];
  return (secret: SecretEntry): Secret["used_by"] => {
    if (secret.workspace === ALL_WORKSPACES && own.has(secret.name)) return NOWHERE;
    return {
      agents: definitions
        .filter(({ keys }) => keys.some((text) => refersTo(text, secret.name)))
        .map(({ name }) => name),
      tool_servers: servers
        .filter(({ entry }) => entry.served?.manifest.grants.secrets.some(({ name }) => name === secret.name))
        .map(({ view }) => view.name),
    };
  };
}

const present = (
  { name, workspace, origins, fingerprint, ...entry }: SecretEntry,
  usedBy: Secret["used_by"],
): Secret => ({
  name,
  workspace,
  origins: [...origins],
  state: fingerprint === undefined ? "unreadable" : "ready",
  fingerprint: fingerprint ?? null,
  created_at: instant(entry.createdAtMs),
  updated_at: instant(entry.updatedAtMs),
  updated_by: entry.updatedBy,
  last_used_at: instantOrNull(entry.lastUsedAtMs),
  used_by: usedBy,
});

const presentOne = async (services: ApiServices, principal: Principal, entry: SecretEntry): Promise<Secret> =>
  present(entry, (await usersOf(services, principal))(entry));

/** The workspace of a secret. Throws ServerPermissionDeniedError. */
function placeOf(operation: string, isForAll: "true" | "false", principal: Principal): string {
  if (isForAll === "false") return principal.workspace;
  if (principal.everywhere.has("secrets:admin")) return ALL_WORKSPACES;
  throw new ServerPermissionDeniedError(operation, "secrets:admin");
}

const list = implement(operations.secret.list, async (services: ApiServices, query, { principal }) => {
  const all = services.access.secrets.list(principal.workspace);
  const { items, next } = pageByKey(all, secretPosition, query, cursors.secrets);
  const usedBy = await usersOf(services, principal);
  return { items: items.map((entry) => present(entry, usedBy(entry))), next };
});

/** Throws ServerPermissionDeniedError, QuotaExceededError, SecretValueInvalidError, SecretsFullError, SecretKeyFileError. */
const set = implement(operations.secret.set, async (services: ApiServices, input, { principal }) => {
  const { name, value, origins } = input;
  const { secrets } = services.access;
  const workspace = placeOf("secret.set", input.all_workspaces, principal);
  const quota = services.access.workspaces.stock("secrets");
  const store = () => secrets.set({ workspace, name, value, origins, updatedBy: principal.id });
  const storeWithin = () => {
    const own = secrets.list(workspace).filter((entry) => entry.workspace === workspace);
    if (!own.some((entry) => entry.name === name)) quota.require(workspace, own.length + 1);
    return store();
  };
  const stored = await (quota.hasQuota(workspace) ? quota.fill(workspace, async () => storeWithin()) : store());
  return presentOne(services, principal, stored);
});

/** Throws ServerPermissionDeniedError, SecretNotFoundError, SecretValueInvalidError, SecretKeyFileError. */
const rotate = implement(operations.secret.rotate, async (services: ApiServices, input, { principal }) => {
  const { name, value } = input;
  const { secrets } = services.access;
  const workspace = placeOf("secret.rotate", input.all_workspaces, principal);
  const stored = await secrets.rotate({ workspace, name, value, updatedBy: principal.id });
  return presentOne(services, principal, stored);
});

/** Throws ServerPermissionDeniedError, SecretNotFoundError. */
const remove = implement(operations.secret.delete, async (services: ApiServices, input, { principal }) => {
  const workspace = placeOf("secret.delete", input.all_workspaces, principal);
  return presentOne(services, principal, await services.access.secrets.delete({ workspace, name: input.name }));
});

/** Throws SecretUnreadableError, SecretKeyFileError. */
const rotateKey = implement(operations.secret.rotateKey, async ({ access }: ApiServices) => ({
  secrets: await access.secrets.rotateKey(),
}));

export const secretOperations = [list, set, rotate, remove, rotateKey] as const;
