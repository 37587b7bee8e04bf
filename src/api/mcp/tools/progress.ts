import type { ServerContext } from "@modelcontextprotocol/server";
import type { RunStreamEvent } from "../../contract/index.ts";

type Step = Extract<RunStreamEvent, { type: "step" }>["step"];

/** Notices of a run's progress, for a client that asked for them. */
export class Progress {
  readonly #context: ServerContext;
  #sent: number;

  /** `sent` is the number of notices that an earlier part of the call sent: a token's progress only increases. */
  constructor(context: ServerContext, sent: number) {
    this.#context = context;
    this.#sent = sent;
  }

  get sent(): number {
    return this.#sent;
  }

  async report(event: RunStreamEvent): Promise<void> {
    const { _meta: { progressToken } = {} } = this.#context.mcpReq;
    const message = messageOf(event);
    if (progressToken === undefined || message === undefined) return;
    this.#sent += 1;
    await this.#context.mcpReq.notify({
      method: "notifications/progress",
      params: { progressToken, progress: this.#sent, message },
    });
  }
}

function messageOf(event: RunStreamEvent): string | undefined {
  if (event.type === "run") return `run ${event.run.id}: ${event.run.state}`;
  if (event.type === "step") return stepMessage(event.step);
  if (event.type !== "tool-progress") return undefined;
  const share = event.total === null ? String(event.done) : `${event.done} of ${event.total}`;
  return event.message === "" ? share : `${event.message} (${share})`;
}

const stepMessage = (step: Step): string =>
  step.kind === "tool" ? `${step.tool}: ${step.state}` : `turn ${step.turn} of the model: ${step.state}`;
