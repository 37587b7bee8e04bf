import type { StreamResponse, TaskStatus } from "@a2a-js/sdk";
import type { RunDetail, RunStreamEvent } from "../contract/index.ts";
import {
  answerArtifact,
  answerParts,
  fileArtifact,
  type Place,
  statusOf,
  taskStateOf,
  textPart,
} from "./present-task.ts";

/** The events of a run that change its task. */
export const TASK_EVENTS = ["run", "text-delta", "artifact", "question", "approval", "input"] as const;

/** The updates of a task. The answer is an artifact that grows; a later turn of the model replaces it. */
export class TaskUpdates {
  readonly #place: Place;
  #state: TaskStatus["state"];
  #turn = 0;
  #chars = 0;

  constructor(run: RunDetail, place: Place) {
    this.#place = place;
    this.#state = taskStateOf(run.state);
  }

  /** `below` is the run for which the task waits, if that one needs a person. */
  of(event: RunStreamEvent, below?: RunDetail): readonly StreamResponse[] {
    if (event.type === "text-delta") return this.#delta(event);
    if (event.type === "artifact")
      return [this.#artifact(fileArtifact(event.artifact, this.#place.base), { append: false, lastChunk: true })];
    if (event.type === "end") return this.#end(event.run, below);
    const state = event.type === "run" ? taskStateOf(event.run.state) : this.#state;
    // What a run waits for, and why it failed, is in the status of its end.
    if (event.type !== "run" || state === this.#state || !isPassing(event.run.state)) return [];
    this.#state = state;
    return [this.#status({ state, message: undefined, timestamp: event.run.started_at ?? event.run.created_at })];
  }

  #delta({ turn, offset, text }: Extract<RunStreamEvent, { type: "text-delta" }>): readonly StreamResponse[] {
    const continues = turn === this.#turn && offset === this.#chars && offset > 0;
    // A piece that the reader has already.
    if (turn === this.#turn && offset + text.length <= this.#chars && offset > 0) return [];
    this.#turn = turn;
    this.#chars = offset + text.length;
    return [this.#artifact(answerArtifact([textPart(text)]), { append: continues, lastChunk: false })];
  }

  #end(run: RunDetail, below: RunDetail | undefined): readonly StreamResponse[] {
    const parts = run.state === "completed" ? answerParts(run) : [];
    const answer =
      parts.length === 0 ? [] : [this.#artifact(answerArtifact(parts), { append: false, lastChunk: true })];
    return [...answer, this.#status(statusOf(run, this.#place, below))];
  }

  #artifact(
    artifact: ReturnType<typeof answerArtifact>,
    { append, lastChunk }: { readonly append: boolean; readonly lastChunk: boolean },
  ): StreamResponse {
    const value = { ...this.#ids(), artifact, append, lastChunk, metadata: undefined };
    return { payload: { $case: "artifactUpdate", value } };
  }

  #status(status: TaskStatus): StreamResponse {
    return { payload: { $case: "statusUpdate", value: { ...this.#ids(), status, metadata: undefined } } };
  }

  #ids() {
    return { taskId: this.#place.taskId, contextId: this.#place.contextId };
  }
}

/** Whether a run continues without a person. */
const isPassing = (state: RunDetail["state"]): boolean =>
  state === "queued" || state === "running" || state === "awaiting-reply";
