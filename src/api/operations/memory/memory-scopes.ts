import { type Guarded, ServerPermissionDeniedError } from "../../../access/index.ts";
import { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Entity,
  EntityNotFoundError,
  isReadableIn,
  type Memory,
  type Relation,
  RelationNotFoundError,
  type ScopeKey,
  scopeKey,
} from "../../../memory/knowledge/index.ts";
import type { Call } from "../perform.ts";

type By = Pick<Call, "principal">;

export const GLOBAL = scopeKey({ type: "global" });

/** Returns the key of a scope as callers write it, which is one of their workspace or `global`. */
export function keyOf({ principal: { workspace } }: By, text: string): ScopeKey {
  const [type, ...rest] = text.split(":");
  const owner = rest.join(":");
  if (type === "agent-only") return scopeKey({ type, workspace, agent: owner });
  if (type === "conversation") return scopeKey({ type, workspace, conversationId: owner });
  return type === "global" ? GLOBAL : scopeKey({ type: "workspace", workspace });
}

export const keysOf = (call: By, scopes: readonly string[]): readonly ScopeKey[] =>
  scopes.map((scope) => keyOf(call, scope));

/** Throws ServerPermissionDeniedError for `global`, which all workspaces read, without the permission in every workspace. */
export function requireChangeable({ principal }: By, scope: ScopeKey, { name, permission }: Guarded): ScopeKey {
  if (scope !== GLOBAL || principal.everywhere.has(permission)) return scope;
  throw new ServerPermissionDeniedError(`${name} with the scope global`, permission);
}

/** `keyOf`, for a change. Throws ServerPermissionDeniedError. */
export const changeableKeyOf = (call: By, text: string, operation: Guarded): ScopeKey =>
  requireChangeable(call, keyOf(call, text), operation);

/** Scopes with data that the caller may read: those of the workspace, and `global` with the permission in every workspace. */
export async function ownScopes(memory: Memory, { principal }: By, { permission }: Guarded) {
  const { scopes } = await memory.figures();
  const isOwn = (scope: ScopeKey) =>
    scope === GLOBAL ? principal.everywhere.has(permission) : isReadableIn(principal.workspace, scope);
  return scopes.map(({ scope }) => scope).filter(isOwn);
}

/** Returns an entity of the caller's workspace or of `global`. Throws EntityNotFoundError. */
export async function entityOf(memory: Memory, { principal }: By, id: string): Promise<Entity> {
  const read = EntityId.safeParse(id);
  const [entity] = read.success ? await memory.store.get([read.data]) : [];
  if (!entity || !isReadableIn(principal.workspace, entity.scope)) throw entityNotFound(id);
  return entity;
}

export function entityNotFound(id: string): EntityNotFoundError {
  const entity = id.slice(0, 100);
  return new EntityNotFoundError(
    `memory knows no entity ${entity}`,
    "`caxton memory list` shows entities with their ids.",
    { scope: "", entity },
  );
}

/** Returns a relation of the caller's workspace or of `global`. Throws RelationNotFoundError. */
export async function relationOf(memory: Memory, { principal }: By, id: string): Promise<Relation> {
  const read = RelationId.safeParse(id);
  const found = read.success ? await memory.store.relation(read.data) : undefined;
  if (found && isReadableIn(principal.workspace, found.scope)) return found;
  const relation = id.slice(0, 100);
  throw new RelationNotFoundError(
    `there is no relation ${relation}`,
    "`caxton memory graph` shows relations with their ids.",
    { relation },
  );
}
