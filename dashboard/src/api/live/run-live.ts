import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import {
  operations,
  requestPath,
  type RunDetail,
  type RunStreamEvent,
  type Step,
} from "../../../../src/api/contract/index.ts";
import { type Delta, type Logs, withDelta, withLines } from "./live-text.ts";
import { applyRun, hasEnded, isMoving } from "./live.ts";
import { runQuery } from "../queries.ts";
import { writeNews } from "./read-again.ts";
import { subscribe } from "./subscribe.ts";

/** Text or reasoning of a model's turn while it is being written, by the number of the turn. */
export type Drafts = { readonly [turn: number]: string };
const NONE: Drafts = {};

/** Progress of running calls, by call id. */
export type Progress = { readonly [callId: string]: Extract<RunStreamEvent, { type: "tool-progress" }> };
const NO_PROGRESS: Progress = {};
const NO_LOGS: Logs = {};

/** A run with everything in it, followed until it ends. */
export function useRun(id: string) {
  const client = useQueryClient();
  const query = useQuery(runQuery(id));
  const [drafts, setDrafts] = useState(NONE);
  const [thoughts, setThoughts] = useState(NONE);
  const [progress, setProgress] = useState(NO_PROGRESS);
  const [logs, setLogs] = useState(NO_LOGS);
  // Followed again after a decision or choice.
  const follow = query.data !== undefined && isMoving(query.data);
  useEffect(() => {
    if (!follow) return undefined;
    const controller = new AbortController();
    const text = new DraftBuffer(setDrafts);
    const reasoning = new DraftBuffer(setThoughts);
    void subscribe<RunStreamEvent>(
      {
        path: requestPath(operations.run.watch, { id }),
        after: client.getQueryData<RunDetail>(["run", id])?.last_event_id ?? "",
        onEvent: (event) => {
          if (event.type === "text-delta") text.add(event);
          else if (event.type === "reasoning-delta") reasoning.add(event);
          else if (event.type === "tool-progress") setProgress((all) => ({ ...all, [event.call_id]: event }));
          else if (event.type === "tool-log") setLogs((all) => withLines(all, event));
          else applyRunEvent(client, id, event);
        },
        isLast: (event) => event.type === "end",
      },
      controller.signal,
    ).then(() => {
      if (controller.signal.aborted) return undefined;
      // However the stream came to its end, the page shows what the server has.
      const known = client.getQueryData<RunDetail>(["run", id]);
      return known !== undefined && hasEnded(known) ? undefined : client.invalidateQueries({ queryKey: ["run", id] });
    });
    return () => {
      controller.abort();
      text.stop();
      reasoning.stop();
    };
  }, [client, id, follow]);
  return { ...query, drafts, thoughts, progress, logs };
}

export function applyRunEvent(client: QueryClient, id: string, event: RunStreamEvent): void {
  switch (event.type) {
    case "end": {
      writeNews<RunDetail>(client, ["run", id], event.run);
      return;
    }
    case "run":
      // When it has ended, "end" follows with the whole of it.
      return hasEnded(event.run) ? undefined : applyRun(client, event.run);
    case "below":
      void client.invalidateQueries({ queryKey: ["run-tree", id] });
      return;
    case "text-delta":
    case "reasoning-delta":
    case "tool-progress":
    case "tool-log":
    case "client-call":
    case "handoff":
    case "lagged":
      return;
    case "step":
    case "artifact":
    case "question":
    case "approval":
    case "input":
      writeNews<RunDetail>(client, ["run", id], (run) => (run === undefined ? undefined : extendRun(run, event)));
  }
}

type Part = Extract<RunStreamEvent, { type: "step" | "artifact" | "question" | "approval" | "input" }>;

export function extendRun(run: RunDetail, part: Part): RunDetail {
  if (part.type === "step") return { ...run, step_list: placeStep(run.step_list, part.step) };
  if (part.type === "input") {
    const known = run.inputs.some(({ at, text }) => at === part.input.at && text === part.input.text);
    return known ? run : { ...run, inputs: [...run.inputs, part.input] };
  }
  if (part.type === "question") {
    const known = run.questions.filter(({ id }) => id !== part.question.id);
    return { ...run, questions: [...known, part.question] };
  }
  if (part.type === "approval") {
    const { approval } = part;
    const isNew = !run.approvals.some(({ id }) => id === approval.id);
    const known = run.approvals.map((each) => (each.id === approval.id ? approval : each));
    return { ...run, approvals: isNew ? [...known, approval] : known };
  }
  const others = run.artifacts.filter((artifact) => artifact.id !== part.artifact.id);
  return { ...run, artifacts: [...others, part.artifact] };
}

/** The steps in their order, with one added or changed. */
export const placeStep = (steps: readonly Step[], step: Step): Step[] =>
  [...steps.filter((other) => other.index !== step.index), step].toSorted((one, other) => one.index - other.index);

/** Gathers deltas and shows them once a frame: a fast model sends hundreds a second. */
class DraftBuffer {
  readonly #show: (update: (drafts: Drafts) => Drafts) => void;
  #waiting: Delta[] = [];
  #frame = 0;
  constructor(show: (update: (drafts: Drafts) => Drafts) => void) {
    this.#show = show;
  }
  add(delta: Delta): void {
    this.#waiting.push(delta);
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#flush());
  }
  stop(): void {
    cancelAnimationFrame(this.#frame);
  }
  #flush(): void {
    const pieces = this.#waiting;
    this.#waiting = [];
    this.#frame = 0;
    this.#show((drafts) => {
      const next: { [turn: number]: string } = { ...drafts };
      for (const piece of pieces) next[piece.turn] = withDelta(next[piece.turn] ?? "", piece);
      return next;
    });
  }
}
