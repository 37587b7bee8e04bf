import { type Admission, PermissionDeniedError } from "../../../access/index.ts";
import { AgentNotFoundError } from "../../../agents/definitions/index.ts";
import { mint, RunId, TriggerId } from "../../../kernel/ids.ts";
import type { TriggerSpec } from "../../../kernel/triggers/trigger-spec.ts";
import type { RunServices } from "../../../runs/index.ts";
import { type Fire, type Trigger, TriggerNotFoundError, type TriggerServices } from "../../../triggers/index.ts";
import type * as contract from "../../contract/index.ts";
import { HOOK_PATH, operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { instant, instantOrNull } from "../instant.ts";
import { decodeCursor, pageByKey, pageOf } from "../page.ts";
import { implement } from "../perform.ts";

const PREVIEWED = 5;

type Server = ApiServices["server"];
const urlOf = ({ publicUrl = "" }: Server, id: string): string =>
  publicUrl.replace(/\/$/, "") + HOOK_PATH.replace(":id", id);

function present({ server, triggers }: Pick<ApiServices, "server" | "triggers">, trigger: Trigger): contract.Trigger {
  const { id, agent, spec, owner, stopped, ...times } = trigger;
  const [last] = triggers.triggers.fires(trigger.workspace, id, { before: undefined, limit: 1 });
  return {
    id,
    agent,
    trigger: spec,
    owner,
    origin: times.isDeclared ? "definition" : "api",
    created_at: instant(times.createdAtMs),
    updated_at: instant(times.updatedAtMs),
    next_at: times.nextAtMs === 0 ? null : instantOrNull(times.nextAtMs),
    last_at: instantOrNull(last?.firedAtMs),
    url: spec.kind === "webhook" ? urlOf(server, id) : null,
    stopped: stopped === undefined ? null : { since: instant(stopped.atMs), reason: stopped.reason },
  };
}

function presentFire({ stores: { journal } }: RunServices, fire: Fire): contract.TriggerFire {
  const isStarted = fire.outcome === "started" || fire.outcome === "ended";
  return {
    key: fire.key,
    at: instant(fire.atMs),
    fired_at: instant(fire.firedAtMs),
    outcome: fire.outcome === "ended" ? "started" : fire.outcome,
    run: isStarted ? fire.runId : null,
    caller: fire.caller ?? null,
    run_state: (isStarted && journal.summary(fire.runId)?.state) || null,
    code: fire.code ?? null,
    reason: fire.reason,
    missed_from: instantOrNull(fire.missedFromMs),
  };
}

const principalOf = ({ principal: { workspace, id, kind, name } }: Admission) => ({ workspace, id, kind, name });

/** The trigger, if the principal's grants cover its agent. Throws TriggerNotFoundError. */
function ownTrigger({ triggers }: TriggerServices, admission: Admission, ref: string): Trigger {
  const { workspace } = admission.principal;
  const found = triggers.get(workspace, ref);
  if (!admission.covers("agents", found.agent)) throw new TriggerNotFoundError(ref);
  return found;
}

/** Orders triggers as their list is. */
const position = ({ agent, spec }: Trigger): string => `${agent.toLowerCase()}/${spec.name}`;

const list = implement(operations.trigger.list, (services, query, { admission }) => {
  const all = services.triggers.triggers
    .list(admission.principal.workspace)
    .filter(({ agent }) => admission.covers("agents", agent))
    .filter(({ agent }) => query.agent === undefined || agent.toLowerCase() === query.agent.toLowerCase())
    .toSorted((one, other) => (position(one) < position(other) ? -1 : 1));
  const { items, next } = pageByKey(all, position, query, cursors.triggers);
  return { items: items.map((trigger) => present(services, trigger)), next };
});

/** Throws PermissionDeniedError if messages would fire the trigger of a principal that may not subscribe to them. */
function requireSubscriptions({ kind }: Pick<TriggerSpec, "kind">, { attempt, principal }: Admission): void {
  const permission = "subscriptions:write";
  if (kind !== "message" || principal.permissions.has(permission)) return;
  throw new PermissionDeniedError(`${attempt.operation.name} with the kind message`, permission, principal.role);
}

/** Throws PermissionDeniedError, AgentNotFoundError, TriggerInvalidError, FileTriggersOffError, TriggerExistsError, TriggersFullError. */
const create = implement(operations.trigger.create, async (services, { agent, ...spec }, { admission, asked }) => {
  const { workspace, ...owner } = principalOf(admission);
  if (!admission.covers("agents", agent)) throw new AgentNotFoundError(workspace, agent, []);
  requireSubscriptions(spec, admission);
  const own = asked && TriggerId.parse(asked.request);
  return present(services, await services.triggers.triggers.create({ id: own, workspace, agent, spec, owner }));
});

/** Throws TriggerNotFoundError. */
const get = implement(operations.trigger.get, (services, { id }, { admission }) =>
  present(services, ownTrigger(services.triggers, admission, id)),
);

/** Throws PermissionDeniedError, TriggerNotFoundError, TriggerInvalidError, FileTriggersOffError. */
const update = implement(operations.trigger.update, async (services, { id: ref, ...change }, { admission }) => {
  const { workspace, ...owner } = principalOf(admission);
  const { id, spec } = ownTrigger(services.triggers, admission, ref);
  requireSubscriptions(spec, admission);
  return present(services, await services.triggers.triggers.update(workspace, id, { change, owner }));
});

/** Throws TriggerNotFoundError. */
const remove = implement(operations.trigger.delete, async ({ triggers }, { id: ref }, { admission }) => {
  const { id } = ownTrigger(triggers, admission, ref);
  await triggers.triggers.delete(admission.principal.workspace, id);
  return { id };
});

/** Throws TriggerInvalidError. */
const preview = implement(operations.trigger.preview, ({ triggers }, spec) => ({
  times: triggers.triggers.preview(spec, PREVIEWED).map(instant),
}));

/** Throws TriggerNotFoundError, TriggerInvalidError, SecretsFullError, SecretKeyFileError. */
const rotateSecret = implement(
  operations.trigger.rotateSecret,
  async ({ triggers, server }, { id: ref }, { admission }) => {
    const { workspace, ...owner } = principalOf(admission);
    const { id } = ownTrigger(triggers, admission, ref);
    const { secret } = await triggers.hooks.rotate(workspace, id, owner);
    return { id, url: urlOf(server, id), secret };
  },
);

/** Throws TriggerNotFoundError, TriggerBusyError. */
const fire = implement(
  operations.trigger.fire,
  async ({ triggers, runs }, { id: ref, event = {} }, { admission, asked }) => {
    const { id } = ownTrigger(triggers, admission, ref);
    const { workspace, ...caller } = principalOf(admission);
    const key = `manual ${asked?.request ?? mint(RunId)}`;
    return presentFire(runs, await triggers.triggers.fire(workspace, id, { key, event, caller }));
  },
);

/** Throws TriggerNotFoundError. */
const fires = implement(operations.trigger.fires, ({ triggers, runs }, { id: ref, cursor, limit }, { admission }) => {
  const { id } = ownTrigger(triggers, admission, ref);
  const before = decodeCursor(cursors.triggerFires, cursor);
  const found = triggers.triggers.fires(admission.principal.workspace, id, { before, limit: limit + 1 });
  const { rows, next } = pageOf(found, limit, ({ atMs, position: seq }) => cursors.triggerFires.encode(atMs, seq));
  return { items: rows.map((each) => presentFire(runs, each)), next };
});

export const triggerOperations = [list, create, get, update, remove, preview, rotateSecret, fire, fires] as const;
