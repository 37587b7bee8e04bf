import { parseTemplate } from "../agents/definitions/index.ts";
import { toFault } from "../kernel/errors.ts";
import type { RunId } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import { intersection, type RunCaller } from "../kernel/rights/run-caller.ts";
import { isTerminal, type RunServices } from "../runs/index.ts";
import { TriggerInvalidError } from "./errors.ts";
import { FileCopies, type FilePorts } from "./files/file-copies.ts";
import { threadIdOf } from "./slots.ts";
import { isTemporary } from "./temporary.ts";
import type { Fire, Settled, Trigger, TriggerOwner } from "./trigger.ts";

/** The permission of a principal to start a run. */
export type Authorized = {
  /** The principal, with the permissions that it lacks. */
  readonly caller: RunCaller;
  /** Records how the start ended. */
  ended(error?: unknown): void;
};

/** Checks the rights that a principal has now. Throws errors of the kind `denied`. */
export type Authorize = (trigger: Trigger, fire: Fire, by: TriggerOwner) => Authorized;

export type RunStarterPorts = {
  readonly runs: Pick<RunServices, "runs" | "threads" | "stores">;
  readonly authorize: Authorize;
  readonly files: FilePorts;
};

const STARTED: Settled = { outcome: "started", code: undefined, reason: "" };

/**
 * Starts and follows the runs of triggers.
 * triggers.starter.R1. A run that a principal starts by hand has only the rights that this principal and the owner both have.
 */
export class RunStarter {
  readonly #ports: RunStarterPorts;
  readonly #copies: FileCopies;

  constructor(ports: RunStarterPorts) {
    this.#ports = ports;
    this.#copies = new FileCopies({ ...ports.files, uploads: ports.runs.stores.uploads });
  }

  /**
   * Starts the run of an event, unless it was started before. On disk when resolved. Returns why the principal that fired the trigger may not
   * start it. Throws what starts of runs and owners' rights throw.
   */
  async start(trigger: Trigger, fire: Fire): Promise<Settled> {
    const { runs, authorize } = this.#ports;
    if (runs.stores.journal.summary(fire.runId) !== undefined) return STARTED;
    const by = this.#callerOf(trigger, fire);
    if (by !== undefined && "outcome" in by) return by;
    const authorized = authorize(trigger, fire, trigger.owner);
    try {
      await this.#begin(trigger, fire, callerOf(authorized.caller, by));
      this.#copies.taken(fire);
    } catch (error) {
      if (!isTemporary(toFault(error))) await this.#copies.release(fire);
      authorized.ended(error);
      throw error;
    }
    authorized.ended();
    return STARTED;
  }

  /** Undefined if the owner fired the trigger. A caller that is refused does not stop the trigger. */
  #callerOf(trigger: Trigger, fire: Fire): RunCaller | Settled | undefined {
    if (fire.caller === undefined || fire.caller.id === trigger.owner.id) return undefined;
    try {
      return this.#ports.authorize(trigger, fire, fire.caller).caller;
    } catch (error) {
      const { code, message } = toFault(error);
      return { outcome: "failed", code, reason: message };
    }
  }

  async #begin(trigger: Trigger, fire: Fire, caller: RunCaller | undefined): Promise<void> {
    const { runs, threads } = this.#ports.runs;
    const { workspace, agent, spec, owner } = trigger;
    const { source } = fire;
    const message = source?.type === "message" ? source : undefined;
    const request = {
      id: fire.runId,
      input: textOf(trigger, fire, "input"),
      model: undefined,
      files: await this.#copies.of(fire),
      caller: intersection(caller, message?.onBehalfOf),
      cause: message?.cause,
    };
    if (spec.thread === "new") {
      await runs.start({ ...request, workspace, agent });
      return;
    }
    const thread = await threads.create({
      id: threadIdOf(trigger, spec.thread === "same" ? "" : textOf(trigger, fire, "thread")),
      workspace,
      agent,
      revision: null,
      owner: owner.name,
      title: "",
      tags: [],
      expiresAfterMs: null,
    });
    // The owner's rights were checked for the agent of the trigger.
    const { agent: current } = await threads.revert(thread.id, agent);
    if (current !== agent) throw new TriggerInvalidError(movedThread(thread.id, current));
    await threads.send(thread.id, { ...request, author: owner.name, isRepeated: false, whenBusy: "queue" });
  }

  /** Cancels a run, if it has not ended. */
  async cancel(runId: RunId, reason: string): Promise<void> {
    try {
      await this.#ports.runs.runs.cancel(runId, reason);
    } catch (error) {
      if (toFault(error).kind !== "conflict") throw error;
    }
  }

  /** Calls `ended` once when the first of some runs, none of which has ended, has ended. */
  onEnd(runIds: readonly RunId[], ended: () => void): Disposable {
    const { runs, stores } = this.#ports.runs;
    const watching = new DisposableStack();
    for (const runId of runIds) {
      const watched = runs.hub.watch(runId, ({ type }) => {
        const summary = type === "entry" ? stores.journal.summary(runId) : undefined;
        if (summary === undefined || !isTerminal(summary.state)) return;
        watching.dispose();
        ended();
      });
      watching.use(watched);
    }
    return watching;
  }
}

/** Undefined for an owner without access control, unless another principal fired the trigger. */
const callerOf = (owner: RunCaller, by: RunCaller | undefined): RunCaller | undefined =>
  by === undefined && owner.kind === "local" ? undefined : intersection(owner, by);

const movedThread = (id: string, agent: string) => ({
  field: "thread",
  message: `the thread ${id} was moved to the agent ${agent}`,
  fix: "Move the thread back, or delete it: the next event then starts another one.",
});

/** Throws TriggerInvalidError, PromptRenderError. */
function textOf({ spec }: Trigger, { atMs, firedAtMs, event = {} }: Fire, field: "input" | "thread"): string {
  const parsed = parseTemplate(spec[field]);
  if (parsed.type === "broken")
    throw new TriggerInvalidError({ field, message: "the template cannot be read", fix: "" });
  const values = new Map<string, Json>([
    ["event", event],
    ["trigger", spec.name],
    ["planned_at", new Date(atMs).toISOString()],
    ["fired_at", new Date(firedAtMs).toISOString()],
  ]);
  return parsed.template.render(values);
}
