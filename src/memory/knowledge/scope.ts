import { DEFAULT_WORKSPACE } from "../../kernel/rights/default-workspace.ts";
import { MemoryScopeError } from "./errors.ts";

/** Who can read: one agent, a workspace, all agents, the participants of a conversation. */
export const SCOPE_TYPES = ["agent-only", "workspace", "global", "conversation"] as const;
export type ScopeType = (typeof SCOPE_TYPES)[number];

/** The scope of a fact. Names are unique within one scope, and relations never leave it. */
export type Scope =
  | { readonly type: "agent-only"; readonly workspace: string; readonly agent: string }
  | { readonly type: "workspace"; readonly workspace: string }
  | { readonly type: "global" }
  | { readonly type: "conversation"; readonly workspace: string; readonly conversationId: string };

/**
 * A scope as a string: `global`, `workspace:default`, `agent-only:default/analyst`, `conversation:default/0199…`. At most 400 characters.
 */
export type ScopeKey = string;

const KEY =
  /^(?:(?<global>global)|workspace:(?<workspace>[^/]{1,100})|(?<type>agent-only|conversation):(?<of>[^/]{1,100})\/(?<owner>.{1,256}))$/u;

export const scopeKey = (scope: Scope): ScopeKey => {
  switch (scope.type) {
    case "global":
      return "global";
    case "workspace":
      return `workspace:${scope.workspace}`;
    case "agent-only":
      // Agent names are case-insensitive.
      return `agent-only:${scope.workspace}/${scope.agent.toLowerCase()}`;
    case "conversation":
      return `conversation:${scope.workspace}/${scope.conversationId}`;
  }
};

/** Parses a scope key. Throws MemoryScopeError if it is invalid. */
const readScopeKey = (key: ScopeKey): Scope => {
  const parts = KEY.exec(key)?.groups;
  if (!parts) {
    throw new MemoryScopeError(
      `"${key.slice(0, 100)}" is not a memory scope`,
      "Scopes are written as global, workspace:<name>, agent-only:<workspace>/<agent> or conversation:<workspace>/<id>.",
      { scope: key.slice(0, 100) },
    );
  }
  const { workspace, type, of: within = "", owner = "" } = parts;
  if (workspace !== undefined) return { type: "workspace", workspace };
  if (type === "agent-only") return { type, workspace: within, agent: owner };
  if (type === "conversation") return { type, workspace: within, conversationId: owner };
  return { type: "global" };
};

/** The type of a scope key; undefined if it is invalid. */
export const scopeTypeOf = (key: ScopeKey): ScopeType | undefined =>
  SCOPE_TYPES.find((type) => key === type || key.startsWith(`${type}:`));

/** Formats a scope key without its workspace: `workspace`, `global`, `agent-only:<agent>`, `conversation:<id>`. */
export const scopeText = (key: ScopeKey): string => {
  const scope = readScopeKey(key);
  if (scope.type === "agent-only") return `agent-only:${scope.agent}`;
  return scope.type === "conversation" ? `conversation:${scope.conversationId}` : scope.type;
};

/** Whether requests and runs of a workspace may read a scope: those of the workspace, and `global`. */
export const isReadableIn = (workspace: string, key: ScopeKey): boolean =>
  key === "global" || isOfWorkspace(workspace, key);

export const isOfWorkspace = (workspace: string, key: ScopeKey): boolean => workspaceOf(key) === workspace;

/** The workspace of a scope; undefined for `global`. */
export const workspaceOf = (key: ScopeKey): string | undefined => {
  const scope = readScopeKey(key);
  return scope.type === "global" ? undefined : scope.workspace;
};

/** Whether runs of a workspace may change a scope: `global` belongs to the operator, so only runs of the default workspace change it. */
export const isWritableByRunsIn = (workspace: string, { type }: Pick<Scope, "type">): boolean =>
  type !== "global" || workspace === DEFAULT_WORKSPACE;

/** Scopes that an agent in a conversation can read, most specific first. */
export const visibleScopes = (of: {
  readonly workspace: string;
  readonly agent?: string | undefined;
  readonly conversationId?: string | undefined;
}): readonly Scope[] => [
  ...(of.conversationId === undefined
    ? []
    : [{ type: "conversation", workspace: of.workspace, conversationId: of.conversationId } as const]),
  ...(of.agent === undefined ? [] : [{ type: "agent-only", workspace: of.workspace, agent: of.agent } as const]),
  { type: "workspace", workspace: of.workspace },
  { type: "global" },
];
