import { parseTemplate } from "../agents/definitions/index.ts";
import { toFault } from "../kernel/errors.ts";
import type { RunId } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { RunCaller } from "../kernel/rights/run-caller.ts";
import { isTerminal, type RunServices } from "../runs/index.ts";
import { TriggerInvalidError } from "./errors.ts";
import type { Fire, Trigger } from "./trigger.ts";

/** The leave of a trigger's owner to start a run. */
export type Authorized = {
  /** The caller whose permissions limit the run; undefined for one that has all that runs use. */
  readonly caller: RunCaller | undefined;
  /** Records how the start ended. */
  ended(error?: unknown): void;
};

/** Returns the leave of the owner as its rights are now. Throws errors of the kind `denied`. */
export type Authorize = (trigger: Trigger, runId: RunId) => Authorized;

export type RunStarterPorts = {
  readonly runs: Pick<RunServices, "runs" | "stores">;
  readonly authorize: Authorize;
};

/** Starts and follows the runs of triggers. */
export class RunStarter {
  readonly #ports: RunStarterPorts;

  constructor(ports: RunStarterPorts) {
    this.#ports = ports;
  }

  /** Starts the run of an event, unless it was started before. On disk when resolved. Throws what starts of runs and owners' rights throw. */
  async start(trigger: Trigger, fire: Fire): Promise<void> {
    const { runs, authorize } = this.#ports;
    if (runs.stores.journal.summary(fire.runId) !== undefined) return;
    const authorized = authorize(trigger, fire.runId);
    try {
      await runs.runs.start({
        id: fire.runId,
        workspace: trigger.workspace,
        agent: trigger.agent,
        input: inputOf(trigger, fire),
        model: undefined,
        files: [],
        caller: authorized.caller,
      });
    } catch (error) {
      authorized.ended(error);
      throw error;
    }
    authorized.ended();
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

/** Throws TriggerInvalidError, PromptRenderError. */
function inputOf({ spec }: Trigger, { atMs, firedAtMs, event = {} }: Fire): string {
  const parsed = parseTemplate(spec.input);
  if (parsed.type === "broken")
    throw new TriggerInvalidError({ field: "input", message: "the template cannot be read", fix: "" });
  const values = new Map<string, Json>([
    ["event", event],
    ["trigger", spec.name],
    ["planned_at", new Date(atMs).toISOString()],
    ["fired_at", new Date(firedAtMs).toISOString()],
  ]);
  return parsed.template.render(values);
}
