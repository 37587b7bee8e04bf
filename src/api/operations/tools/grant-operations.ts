import {
  type Grants,
  type GrantUse,
  type GrantRecorder,
  grantsToml,
  NO_GRANTS,
  proposeGrants,
  type StoredUse,
  unifiedDiff,
} from "../../../tools/catalogue/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { implement } from "../perform.ts";
import { instant } from "../instant.ts";

const presentUse = (use: StoredUse): contract.GrantUse => ({
  at: instant(use.atMs),
  server: use.server,
  agent: use.agent ?? null,
  session: use.session,
  kind: use.kind,
  operation: use.operation,
  target: use.target,
  outcome: use.outcome,
  reason: use.reason,
  count: use.count,
  bytes: use.bytes,
  duration_ms: use.durationMs,
});

/** Lists uses, newest first, also of a server that was deleted. Throws ToolServerNotFoundError. */
const listUses = implement(
  operations.toolServer.uses,
  async ({ tools, storage: { ledger } }, query, { principal: { workspace } }) => {
    const { name: server, outcome, kind, since, cursor, limit } = query;
    const [beforeSeq] = decodeCursor(cursors.grantUses, cursor) ?? [];
    const found = await ledger.uses({
      workspace,
      server,
      outcome,
      kind,
      sinceMs: since === undefined ? undefined : Date.parse(since),
      beforeSeq,
      limit: limit + 1,
    });
    if (found.length === 0) tools.catalogue.of(workspace).server(server);
    const { rows, next } = pageOf(found, limit, ({ seq }) => cursors.grantUses.encode(seq));
    return { items: rows.map(presentUse), next };
  },
);

export const grantOperations = [listUses] as const;

/** What a watched call needed, and the least that would have to be granted for it. */
export function presentObservation(
  grantWatch: GrantRecorder,
  { workspace, server }: { readonly workspace: string; readonly server: string },
  uses: readonly GrantUse[],
): contract.Observation {
  const granted = grantWatch.granted(workspace, server) ?? NO_GRANTS;
  const { grants, notes } = proposeGrants(granted, uses);
  return {
    uses: counted(uses),
    diff: unifiedDiff(grantsToml(granted, "grants"), grantsToml(grants, "grants"), "tool.toml"),
    configuration: configurationOf(server, granted, grants),
    notes: [...notes],
  };
}

/** A list of an operator replaces the tool's own, so each list that there is has to be said, also when it is to be empty. */
function configurationOf(server: string, granted: Grants, grants: Grants): string {
  const table = `tool_servers.${server}.grants`;
  const lines = grantsToml(grants, table);
  const emptied = (["files", "http", "secrets", "messages", "memory", "environment"] as const).filter(
    (name) => granted[name].length > 0 && grants[name].length === 0,
  );
  const off = (["state", "clock", "random"] as const).filter((name) => granted[name] && !grants[name]);
  const cleared = [...off.map((name) => `${name} = false`), ...emptied.map((name) => `${name} = []`)];
  if (cleared.length === 0) return lines.map((line) => `${line}\n`).join("");
  const rest = lines[0] === `[${table}]` ? lines.slice(1) : ["", ...lines];
  return [`[${table}]`, ...cleared, ...rest].map((line) => `${line}\n`).join("");
}

function counted(uses: readonly GrantUse[]): contract.Observation["uses"] {
  const groups = Map.groupBy(uses, ({ kind, operation, target, outcome, reason }) =>
    JSON.stringify([kind, operation, target, outcome, reason]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { kind, operation, target, outcome, reason } = first;
    return [{ kind, operation, target, outcome, reason, count: group.length }];
  });
}
