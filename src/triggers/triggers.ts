import { isDeepStrictEqual } from "node:util";
import { type Agents, triggerProblem } from "../agents/definitions/index.ts";
import { KeyedMutex } from "../kernel/async/keyed-mutex.ts";
import type { Clock } from "../kernel/clock.ts";
import { mint, TriggerId } from "../kernel/ids.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { type TriggerChange, TriggerSpec } from "../kernel/triggers/trigger-spec.ts";
import {
  FileTriggersOffError,
  TriggerDeclaredError,
  TriggerExistsError,
  TriggerInvalidError,
  TriggerNotFoundError,
  TriggersFullError,
} from "./errors.ts";
import { openSchedule } from "../text/schedules/index.ts";
import type { Firing } from "./firing.ts";
import { newFire, planAfter } from "./slots.ts";
import {
  type Fire,
  type FirePage,
  type SecretVault,
  type StoredFire,
  type Trigger,
  type TriggerOwner,
  type TriggerStore,
  secretName,
} from "./trigger.ts";

export type TriggersParts = {
  readonly store: TriggerStore;
  readonly clock: Clock;
  readonly agents: Pick<Agents, "get">;
  readonly firing: Firing;
  /** Is called after a trigger was changed or deleted. */
  readonly changed: (trigger: Pick<Trigger, "workspace" | "id">) => void;
  readonly secrets: SecretVault;
  /** Whether there is a directory in which file triggers watch. */
  readonly hasFiles: boolean;
};

type NewTrigger = {
  /** Default: a new one. */
  readonly id: TriggerId | undefined;
  readonly workspace: string;
  readonly agent: string;
  readonly spec: TriggerSpec;
  readonly owner: TriggerOwner;
};

type TriggerUpdate = {
  readonly change: TriggerChange;
  readonly owner: TriggerOwner;
  /** The new secret of a webhook. */
  readonly secret?: string;
};

type NewEvent = Pick<Fire, "key" | "event" | "caller">;

/**
 * The triggers of agents.
 * triggers.triggers.G1. The runs of a trigger have the rights of the principal that changed it last, so no change lends the rights of
 *   another.
 */
export class Triggers {
  readonly #parts: TriggersParts;
  readonly #changing = new KeyedMutex<string>();

  constructor(parts: TriggersParts) {
    this.#parts = parts;
  }

  /** In the order of agents and names. */
  list(workspace: string): readonly Trigger[] {
    return this.#parts.store.list(workspace);
  }

  /** By id, or by `agent/name`. Throws TriggerNotFoundError. */
  get(workspace: string, ref: string): Trigger {
    const found = this.#parts.store.find(workspace, ref);
    if (found === undefined) throw new TriggerNotFoundError(ref);
    return found;
  }

  /** The same id twice is one trigger. Throws AgentNotFoundError, FileTriggersOffError, TriggerInvalidError, TriggerExistsError, TriggersFullError. */
  create({ id = mint(TriggerId), workspace, agent: given, spec, owner }: NewTrigger): Promise<Trigger> {
    return this.#changing.run(workspace, async () => {
      const { store, clock, agents } = this.#parts;
      const before = store.find(workspace, id);
      if (before !== undefined) return before;
      const { name: agent } = await agents.get(workspace, given);
      refuseInvalid(spec);
      this.#refuseFiles(spec);
      if (store.find(workspace, `${agent}/${spec.name}`) !== undefined) throw new TriggerExistsError(agent, spec.name);
      if (store.count(workspace) >= LIMITS.triggersMax) throw new TriggersFullError(LIMITS.triggersMax);
      const nowMs = clock.nowMs();
      const unplanned = { nextAtMs: undefined, dueAtMs: undefined, lastAtMs: 0, stopped: undefined, isDeclared: false };
      const trigger = { workspace, id, agent, spec, owner, createdAtMs: nowMs, updatedAtMs: nowMs, ...unplanned };
      const next = planAfter(trigger, nowMs);
      if (spec.kind === "at" && spec.enabled && next.nextAtMs === undefined) throw new TriggerInvalidError(PAST);
      return this.#put({ ...trigger, ...next });
    });
  }

  /**
   * The principal that changes a trigger becomes its owner, and one that had stopped continues. With another owner, a webhook has no secret
   * until the next rotation, and events that wait are skipped. Throws TriggerNotFoundError, TriggerInvalidError, SecretsFullError, SecretKeyFileError.
   */
  update(workspace: string, ref: string, { change, owner, secret }: TriggerUpdate): Promise<Trigger> {
    return this.#changing.run(workspace, async () => {
      const before = this.get(workspace, ref);
      const nowMs = this.#parts.clock.nowMs();
      const updatedAtMs = Math.max(nowMs, before.updatedAtMs + 1);
      const spec = changedSpec(before.spec, change);
      if (spec.enabled) this.#refuseFiles(spec);
      if (before.isDeclared && !isDeepStrictEqual(spec, before.spec)) throw declared(before);
      const changed = { ...before, spec, owner, updatedAtMs, stopped: undefined };
      // A slot that is due in this moment is not lost.
      const keepsPlan = before.nextAtMs !== undefined && isSameSchedule(before.spec, spec);
      const plan = keepsPlan ? {} : planAfter(changed, nowMs);
      const after = { ...changed, ...plan };
      if (change.at !== undefined && spec.enabled && after.nextAtMs === undefined) throw new TriggerInvalidError(PAST);
      const { secrets } = this.#parts;
      const name = secretName(before.id);
      // Before the owner changes: no secret that another principal knows has the rights of the new owner.
      if (secret !== undefined) await secrets.set({ workspace, name, value: secret, by: owner.id });
      else if (owner.id !== before.owner.id) await secrets.delete(workspace, name);
      return this.#put(after);
    });
  }

  /** Deletes a trigger with its history. Its runs continue. Throws TriggerNotFoundError. */
  delete(workspace: string, ref: string): Promise<void> {
    return this.#changing.run(workspace, async () => {
      const trigger = this.get(workspace, ref);
      if (trigger.isDeclared) throw declared(trigger);
      const { id } = trigger;
      await this.#parts.store.delete(workspace, id);
      await this.#parts.secrets.delete(workspace, secretName(id));
      this.#parts.changed({ workspace, id });
    });
  }

  /** Fires a trigger now, also one that is disabled. The same key twice is one event. Throws TriggerNotFoundError, TriggerBusyError. */
  async fire(workspace: string, ref: string, given: NewEvent): Promise<Fire> {
    const { store, clock, firing } = this.#parts;
    const trigger = this.get(workspace, ref);
    const nowMs = clock.nowMs();
    const fire = newFire(trigger, { ...given, atMs: nowMs, firedAtMs: nowMs });
    await firing.recordEvent(trigger, fire);
    const stored = store.fireOf(trigger, given.key);
    if (stored === undefined) throw new TriggerNotFoundError(ref);
    return stored;
  }

  /** The next times of a trigger if it were created now. Throws TriggerInvalidError. */
  preview(spec: TriggerSpec, count: number): readonly number[] {
    refuseInvalid(spec);
    const nowMs = this.#parts.clock.nowMs();
    const schedule = openSchedule(spec, nowMs);
    const times: number[] = [];
    for (let next = schedule.next(nowMs); next !== undefined && times.length < count; next = schedule.next(next))
      times.push(next);
    return times;
  }

  /** The newest events of a trigger first. Throws TriggerNotFoundError. */
  fires(workspace: string, ref: string, page: FirePage): readonly StoredFire[] {
    return this.#parts.store.fires(this.get(workspace, ref), page);
  }

  /** Throws FileTriggersOffError. */
  #refuseFiles({ kind }: TriggerSpec): void {
    if (kind === "file" && !this.#parts.hasFiles) throw new FileTriggersOffError();
  }

  async #put(trigger: Trigger): Promise<Trigger> {
    const { store, changed, firing } = this.#parts;
    await store.put(trigger);
    changed(trigger);
    void firing.pump(trigger);
    return trigger;
  }
}

const declared = ({ agent, spec }: Trigger) => new TriggerDeclaredError(agent, spec.name);
const PAST = { field: "at", message: "this time is past", fix: "Choose a later time." };

const TIMES = new Set(["cron", "zone", "every", "at", "jitter", "enabled"]);
const timesOf = (spec: TriggerSpec) => Object.fromEntries(Object.entries(spec).filter(([field]) => TIMES.has(field)));
const isSameSchedule = (one: TriggerSpec, other: TriggerSpec): boolean =>
  isDeepStrictEqual(timesOf(one), timesOf(other));

/** Throws TriggerInvalidError. */
function refuseInvalid(spec: TriggerSpec): void {
  const problem = triggerProblem(spec);
  if (problem !== undefined) throw new TriggerInvalidError(problem);
}

/** Throws TriggerInvalidError. */
function changedSpec(spec: TriggerSpec, change: TriggerChange): TriggerSpec {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const changed = Object.entries({ ...spec, ...given }).filter(([, value]) => value !== null);
  const parsed = TriggerSpec.safeParse(Object.fromEntries(changed));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : (issue?.path.join(".") ?? "");
    const message =
      issue?.code === "unrecognized_keys" ? `a trigger of the kind ${spec.kind} has no such field` : issue?.message;
    throw new TriggerInvalidError({ field, message: message ?? "", fix: "" });
  }
  refuseInvalid(parsed.data);
  return parsed.data;
}
