import type {
  Approval,
  ArtifactSummary,
  HandOff,
  RunDetail,
  RunQuestion,
  RunStreamEvent,
  Step,
} from "../../api/contract/index.ts";
import { callLine, outcomeLine } from "./asked/approval-lines.ts";
import { attemptLine } from "./asked/choice-lines.ts";
import { questionLines } from "./asked/question-lines.ts";
import {
  countOf,
  oneLine,
  safeText,
  showBytes,
  showCost,
  showCount,
  showTokens,
  showSpan,
  type Terminal,
  type Tone,
  truncate,
} from "../terminal/index.ts";

type ModelStep = Extract<Step, { kind: "model" }>;
type ToolStep = Extract<Step, { kind: "tool" }>;

export type RunViewOptions = {
  /** Text appears on standard output as the model writes it, not only when the run has ended. */
  readonly live: boolean;
  /** Print steps with their arguments, even if standard error is not a terminal. */
  readonly verbose: boolean;
};

const HOLDS: { readonly [why: string]: string } = {
  concurrency: "others ask its provider",
  requests: "requests a minute",
  tokens: "tokens a minute",
  "retry-after": "its provider asked for a pause",
  budget: "room in a budget",
};

const ARGUMENTS_CHARS_MAX = 100;
const REASONING_CHARS_MAX = 300;
/** Characters of the newest reasoning in the line of the status. */
const THOUGHT_CHARS_MAX = 60;

/**
 * A run as a person follows it: the answer on standard output, everything about it on standard error.
 *
 * run.view.V1. No text of a turn is written twice, also if the stream broke and its deltas are lost.
 * run.view.V2. Each step is reported once.
 */
export class RunView {
  readonly #terminal: Terminal;
  readonly #options: RunViewOptions;
  readonly #printed = new Set<number>();
  /** Number of failed attempts of a turn that were printed before a choice was made. */
  readonly #printedAttempts = new Map<number, number>();
  readonly #calls = new Map<string, string>();
  /** The reasoning of the turn that is written, as far as it is known. */
  #thoughts = { turn: 0, text: "" };
  /** Turns whose reasoning was printed before their text. */
  readonly #reasoned = new Set<number>();
  #turn = 0;
  /** The turn's text as far as it is known, and what of it is on the screen. */
  #text = "";
  #written = "";

  constructor(terminal: Terminal, options: RunViewOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  show(event: RunStreamEvent): void {
    switch (event.type) {
      case "run":
        return this.#terminal.status(event.run.state === "queued" ? "waiting for its turn" : "thinking");
      case "text-delta":
        return this.#delta(event);
      case "reasoning-delta":
        return this.#thought(event);
      case "tool-progress":
        return this.#progress(event);
      case "tool-log":
        return this.#log(event);
      case "lagged":
      case "below":
        return undefined;
      case "step":
        return event.step.kind === "tool" ? this.#tool(event.step) : this.#model(event.step);
      case "artifact":
        return undefined;
      case "input":
        return this.#input(event.input);
      case "client-call":
        return this.#clientCall(event.call);
      case "question":
        return this.#question(event.question);
      case "approval":
        return this.#approval(event.approval);
      case "handoff":
        return this.#handOff(event.handoff);
      case "end":
        return this.#end(event.run);
    }
  }

  /** Resumes after a choice: the failed turn is printed again when it has ended. */
  resume({ step_list: steps }: RunDetail): void {
    const turn = steps.findLast((step) => step.kind === "model");
    if (turn?.kind !== "model") return;
    this.#printed.delete(turn.index);
    this.#printedAttempts.set(turn.index, turn.attempts.length);
  }

  #handOff({ agent, reason, run }: HandOff): void {
    this.#terminal.status(undefined);
    this.#terminal.endLine();
    const { noteStyle } = this.#terminal;
    this.#terminal.note(
      `${noteStyle("yellow", `⇢ handed off to ${oneLine(agent)}: ${oneLine(reason)}`)}${noteStyle("dim", `  run ${run}`)}`,
    );
  }

  #approval(approval: Approval): void {
    const text = approval.state === "open" ? `waits for approval: ${callLine(approval)}` : outcomeLine(approval);
    this.#terminal.status(undefined);
    this.#terminal.note(this.#terminal.noteStyle(approval.state === "open" ? "yellow" : "dim", text));
  }

  get #printsSteps(): boolean {
    return this.#terminal.notesAreScreen || this.#options.verbose;
  }

  #delta({ turn, offset, text }: Extract<RunStreamEvent, { type: "text-delta" }>): void {
    if (!this.#options.live) return;
    if (turn !== this.#turn) {
      this.#terminal.endLine();
      if (this.#thoughts.turn === turn) this.#reasoning(turn, this.#thoughts.text);
      this.#turn = turn;
      this.#text = "";
      this.#written = "";
    }
    // The missed parts are lost; the whole turn is printed at its end.
    if (offset > this.#text.length) return;
    this.#text = this.#text.slice(0, offset) + text;
    // A turn that is written again, after a failure or a stop of the server, says at first what is here already.
    if (this.#written.startsWith(this.#text)) return;
    if (!this.#text.startsWith(this.#written)) {
      this.#terminal.endLine();
      this.#written = "";
    }
    this.#terminal.status(undefined);
    this.#terminal.writeForeign(this.#text.slice(this.#written.length));
    this.#written = this.#text;
  }

  #log({ call_id: id, lines }: Extract<RunStreamEvent, { type: "tool-log" }>): void {
    if (!this.#options.verbose) return;
    this.#terminal.endLine();
    for (const { text } of lines)
      this.#terminal.note(this.#terminal.noteStyle("dim", `  │ ${this.#calls.get(id) ?? "tool"}: ${oneLine(text)}`));
  }

  #progress({ call_id: id, done, total, message }: Extract<RunStreamEvent, { type: "tool-progress" }>): void {
    const share = total === null ? showCount(done) : `${Math.round((100 * done) / Math.max(total, done, 1))} %`;
    this.#terminal.status(
      [this.#calls.get(id) ?? "", share, oneLine(message)].filter((part) => part !== "").join("  "),
    );
  }

  #model(step: ModelStep): void {
    if (step.state === "running") {
      const waits = step.waits_for === null ? "is thinking" : `waits for its turn: ${HOLDS[step.waits_for] ?? ""}`;
      return this.#terminal.status(`${step.model} ${waits}`);
    }
    if (this.#printed.has(step.index)) return;
    this.#printed.add(step.index);
    for (const attempt of step.attempts.slice(this.#printedAttempts.get(step.index) ?? 0))
      this.#step("yellow", "!", attemptLine(attempt));
    // Reasoning that was missed is not put into the middle of the text.
    const isBegun = this.#turn === step.turn && this.#written !== "";
    if (!isBegun) this.#reasoning(step.turn, step.reasoning);
    for (const problem of step.output_problems) this.#step("yellow", "!", oneLine(problem));
    if (this.#turn === step.turn && step.text.startsWith(this.#written)) {
      const missing = step.text.slice(this.#written.length);
      this.#terminal.writeForeign(missing);
      this.#written = step.text;
      this.#terminal.endLine();
    } else if (this.#options.live && step.tool_calls.length > 0 && step.text !== "") {
      this.#terminal.writeForeign(`${step.text}\n`);
    }
    if (isBegun) this.#reasoning(step.turn, step.reasoning);
    if (step.tool_calls.length > 0) this.#terminal.status("calling tools");
  }

  #clientCall({ name, state }: Extract<RunStreamEvent, { type: "client-call" }>["call"]): void {
    if (state !== "open") return;
    this.#terminal.note(this.#terminal.noteStyle("yellow", `waits for ${oneLine(name)} of the client that offers it`));
  }

  #input({ author, text }: Extract<RunStreamEvent, { type: "input" }>["input"]): void {
    this.#terminal.note(this.#terminal.noteStyle("dim", `↳ ${oneLine(`${author}: ${text}`)}`));
  }

  /** The end of the reasoning so far, while the model writes nothing else. */
  #thought({ turn, offset, text }: Extract<RunStreamEvent, { type: "reasoning-delta" }>): void {
    const before = this.#thoughts.turn === turn ? this.#thoughts.text : "";
    if (offset > before.length) return;
    this.#thoughts = { turn, text: before.slice(0, offset) + text };
    if (this.#turn !== turn) this.#terminal.status(`· ${oneLine(this.#thoughts.text.slice(-THOUGHT_CHARS_MAX))}`);
  }

  #reasoning(turn: number, text: string): void {
    if (text === "" || !this.#printsSteps || this.#reasoned.has(turn)) return;
    this.#reasoned.add(turn);
    this.#terminal.endLine();
    const shown = this.#options.verbose ? safeText(text) : truncate(oneLine(text), REASONING_CHARS_MAX);
    this.#terminal.note(this.#terminal.noteStyle("dim", `· ${shown}`));
  }

  #tool(step: ToolStep): void {
    this.#calls.set(step.call_id, step.tool);
    if (step.waits_for !== null) return this.#terminal.status(`${step.tool} waits for ${HOLDS[step.waits_for] ?? ""}`);
    if (step.state === "queued") return;
    if (step.state === "running") return this.#terminal.status(step.tool);
    if (this.#printed.has(step.index)) return;
    this.#printed.add(step.index);
    const failed = step.state === "failed" || (step.outcome !== null && step.outcome !== "done");
    const given = this.#options.verbose ? ` ${truncate(JSON.stringify(step.arguments), ARGUMENTS_CHARS_MAX)}` : "";
    const span = step.duration_ms === null ? "" : `  ${showSpan(step.duration_ms)}`;
    const why = failed ? `  ${step.outcome ?? "failed"}: ${truncate(oneLine(step.text), ARGUMENTS_CHARS_MAX)}` : "";
    this.#step(failed ? "red" : "green", failed ? "✗" : "●", `${step.tool}${given}${span}${why}`);
  }

  #question(question: RunQuestion): void {
    const { state, id, server } = question;
    // The run rests for an answer to its model, and the end of the stream says how it is given.
    if (server === "user") return;
    if (state !== "open") return this.#terminal.status("calling tools");
    this.#terminal.endLine();
    for (const line of questionLines(question)) this.#terminal.note(this.#terminal.noteStyle("yellow", oneLine(line)));
    const answer = `answer in another terminal: caxton run answer last ${id.slice(-8)} key=value   (or --decline)`;
    this.#terminal.note(this.#terminal.noteStyle("dim", answer));
    this.#terminal.status("waiting for an answer");
  }

  #step(tone: Tone, mark: string, text: string): void {
    if (!this.#printsSteps) return;
    this.#terminal.endLine();
    this.#terminal.note(`${this.#terminal.noteStyle(tone, mark)} ${this.#terminal.noteStyle("dim", text)}`);
  }

  #end(run: RunDetail): void {
    this.#terminal.status(undefined);
    if (run.output === "" || (this.#options.live && this.#written.trim() === run.output.trim())) {
      return this.#terminal.endLine();
    }
    this.#terminal.endLine();
    if (run.output_json !== null) return this.#terminal.writeForeign(`${JSON.stringify(run.output_json, null, 2)}\n`);
    this.#terminal.writeForeign(run.output.endsWith("\n") ? run.output : `${run.output}\n`);
  }
}

/** What a run made, and where: its path, where that can be seen from here, and its address. */
export function artifactLines(
  artifacts: readonly ArtifactSummary[],
  place: (artifact: ArtifactSummary) => { readonly path: string | undefined; readonly url: string },
): string[] {
  return artifacts.flatMap((artifact) => {
    const { path, url } = place(artifact);
    const size = showBytes(artifact.bytes);
    return path === undefined
      ? [`  ${oneLine(artifact.name)}  ${size}`, `    ${url}`]
      : [`  ${oneLine(path)}  ${size}`, `    ${url}`];
  });
}

/** One line on how a run went. */
export function summaryLine(run: RunDetail): string {
  const span = run.duration_ms === null ? "" : ` in ${showSpan(run.duration_ms)}`;
  return [
    `─ ${run.state === "completed" ? "done" : run.state}${span}`,
    ...(run.tool_calls > 0 ? [countOf(run.tool_calls, "tool call")] : []),
    ...(run.input_tokens + run.output_tokens > 0
      ? [`${showTokens(run.input_tokens + run.output_tokens, run)} tokens`]
      : []),
    ...(run.cost.usd > 0 ? [showCost(run.cost)] : []),
    ...(run.model === null ? [] : [run.model]),
    `run ${run.id}`,
  ].join(" · ");
}
