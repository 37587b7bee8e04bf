import type { Clock } from "../kernel/clock.ts";
import type { Caller, HostRefused, StateAccess } from "./sandbox/index.ts";
import type { GrantUse } from "./catalogue/index.ts";

const isRefused = (value: unknown): value is HostRefused =>
  typeof value === "object" && value !== null && "type" in value && value.type === "refused";

type Deps = { readonly clock: Clock; readonly audit: (use: GrantUse) => void };
type What = { readonly operation: string; readonly target: string };

const none = () => 0;

/** State whose every use is recorded: its key, never its value. */
export function auditedState(state: StateAccess, { clock, audit }: Deps): StateAccess {
  const audited = async <Value>(
    { server, context: { workspace, agent, session } }: Caller,
    what: What,
    work: Promise<Value>,
    bytesOf: (value: Value) => number,
  ): Promise<Value> => {
    const startedAtMs = clock.monotonicMs();
    const value = await work;
    const reason = isRefused(value) ? value.code : "";
    const outcome = reason === "" ? "allowed" : reason === "denied" ? "denied" : "failed";
    const bytes = reason === "" ? bytesOf(value) : 0;
    const durationMs = clock.monotonicMs() - startedAtMs;
    audit({
      kind: "state",
      ...what,
      workspace,
      server,
      agent,
      session,
      outcome,
      reason,
      bytes,
      durationMs,
      atMs: clock.nowMs(),
    });
    return value;
  };
  return {
    get: (caller, key) =>
      audited(caller, { operation: "get", target: key }, state.get(caller, key), (value) =>
        value instanceof Uint8Array ? value.length : 0,
      ),
    set: (caller, key, value) =>
      audited(caller, { operation: "set", target: key }, state.set(caller, key, value), () => value.length),
    delete: (caller, key) => audited(caller, { operation: "delete", target: key }, state.delete(caller, key), none),
    list: (caller, page) => audited(caller, { operation: "list", target: page.prefix }, state.list(caller, page), none),
  };
}
