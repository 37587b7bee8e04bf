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

const present = ({ name, workspace, origins, fingerprint, ...entry }: SecretEntry): Secret => ({
  name,
  workspace,
  origins: [...origins],
  state: fingerprint === undefined ? "unreadable" : "ready",
  fingerprint: fingerprint ?? null,
  created_at: instant(entry.createdAtMs),
  updated_at: instant(entry.updatedAtMs),
  updated_by: entry.updatedBy,
  last_used_at: instantOrNull(entry.lastUsedAtMs),
});

/** The workspace of a secret. Throws ServerPermissionDeniedError. */
function placeOf(operation: string, isForAll: "true" | "false", principal: Principal): string {
  if (isForAll === "false") return principal.workspace;
  if (principal.everywhere.has("secrets:admin")) return ALL_WORKSPACES;
  throw new ServerPermissionDeniedError(operation, "secrets:admin");
}

const list = implement(operations.secret.list, ({ access: { secrets } }: ApiServices, query, { principal }) => {
  const { items, next } = pageByKey(secrets.list(principal.workspace), secretPosition, query, cursors.secrets);
  return { items: items.map(present), next };
});

/** Throws ServerPermissionDeniedError, SecretValueInvalidError, SecretsFullError, SecretKeyFileError. */
const set = implement(operations.secret.set, async ({ access: { secrets } }: ApiServices, input, { principal }) => {
  const { name, value, origins } = input;
  const workspace = placeOf("secret.set", input.all_workspaces, principal);
  return present(await secrets.set({ workspace, name, value, origins, updatedBy: principal.id }));
});

/** Throws ServerPermissionDeniedError, SecretNotFoundError, SecretValueInvalidError, SecretKeyFileError. */
const rotate = implement(operations.secret.rotate, async ({ access: { secrets } }: ApiServices, input, call) => {
  const { name, value } = input;
  const workspace = placeOf("secret.rotate", input.all_workspaces, call.principal);
  return present(await secrets.rotate({ workspace, name, value, updatedBy: call.principal.id }));
});

/** Throws ServerPermissionDeniedError, SecretNotFoundError. */
const remove = implement(operations.secret.delete, async ({ access: { secrets } }: ApiServices, input, call) => {
  const workspace = placeOf("secret.delete", input.all_workspaces, call.principal);
  return present(await secrets.delete({ workspace, name: input.name }));
});

/** Throws SecretUnreadableError, SecretKeyFileError. */
const rotateKey = implement(operations.secret.rotateKey, async ({ access }: ApiServices) => ({
  secrets: await access.secrets.rotateKey(),
}));

export const secretOperations = [list, set, rotate, remove, rotateKey] as const;
