import type { RunDetail, RunState, Step } from "../../api/contract/index.ts";
import { attemptLine, choiceLines } from "./asked/choice-lines.ts";
import { contextLines, summaryLines } from "./context-lines.ts";
import { openInputs, questionLines } from "./asked/question-lines.ts";
import {
  oneLine,
  type Look,
  renderFields,
  safeText,
  countOf,
  showBytes,
  showCost,
  showCount,
  showTokens,
  showSpan,
  showUsd,
  type Style,
  type Tone,
  truncate,
} from "../terminal/index.ts";

export const STATE_TONES: { readonly [State in RunState]: Tone } = {
  queued: "dim",
  running: "cyan",
  "awaiting-approval": "yellow",
  "awaiting-choice": "yellow",
  "awaiting-input": "yellow",
  "awaiting-reply": "cyan",
  "needs-decision": "yellow",
  completed: "green",
  failed: "red",
  cancelled: "yellow",
};

export type RunDetailOptions = {
  readonly look: Look;
  /** Prompts, arguments and results in full. */
  readonly verbose: boolean;
  readonly artifacts: readonly string[];
};

const TEXT_CHARS_MAX = 300;

/** Formats a run in detail: the request, each step, the answer. */
export function renderRun(run: RunDetail, { look, verbose, artifacts }: RunDetailOptions): string {
  const { style } = look;
  const span = run.duration_ms === null ? "" : ` in ${showSpan(run.duration_ms)}`;
  const resumed = run.attempt > 1 ? `; resumed ${run.attempt - 1}×` : "";
  const fields: [string, string][] = [
    ["Run", run.id],
    ["Agent", `${run.agent}, revision ${run.revision}`],
    [
      "State",
      style(STATE_TONES[run.state], run.state) +
        span +
        resumed +
        (run.isolation === "worker" ? "; in its own worker" : ""),
    ],
    ["Model", run.model ?? "–"],
    ["Started", run.started_at ?? "not yet"],
    ["Tokens", `${showTokens(run.input_tokens, run)} in, ${showTokens(run.output_tokens, run)} out`],
    ["Cost", costLine(run)],
    ["Request", cut(run.input, verbose)],
  ];
  for (const [name, value] of Object.entries(run.variables))
    fields.push([
      "Variable",
      `${oneLine(name)} = ${cut(typeof value === "string" ? value : JSON.stringify(value), verbose)}`,
    ]);
  if (run.tags.length > 0) fields.push(["Tags", oneLine(run.tags.join(", "))]);
  if (run.thread !== null) fields.push(["Thread", run.thread.id]);
  if (run.caller !== null) fields.push(["Caller", callerLine(run.caller)]);
  if (run.origin !== null) fields.push(["From", originOf(run.origin)]);
  fields.push(...handOffFields(run));
  if (run.parent !== null) fields.push(["Part of", `${run.parent}   (caxton run tree ${run.parent})`]);
  if (run.message !== null) {
    const { performative, sender, conversation, id } = run.message;
    fields.push(["Message", `${id}  ${performative} from ${oneLine(sender)}`], ["Talk", oneLine(conversation)]);
  }
  for (const made of run.made_from_it) fields.push(["Made", `${made.id}  ${oneLine(madeAs(made))}`]);
  if (run.recalled !== "") fields.push(["Recalled", cut(run.recalled, verbose)]);
  if (run.remembered !== null) fields.push(["Memory", oneLine(rememberedAs(run.remembered))]);
  if (run.files.length > 0) {
    fields.push(["Files", run.files.map((file) => `${oneLine(file.name)}  ${showBytes(file.bytes)}`).join("\n")]);
  }
  if (run.failure) fields.push(["Failure", `${oneLine(run.failure.message)}  [${run.failure.code}]`]);
  for (const { message } of run.notice_list) fields.push([style("yellow", "Note"), oneLine(message)]);
  if (run.hint !== "") fields.push(["", oneLine(run.hint)]);
  if (run.choice !== null) fields.push(["Choose", choiceLines(run.id, run.choice).join("\n")]);
  if (run.waiting_for !== null) fields.push(["Waits", waits(run)]);
  for (const { id, tool } of run.approvals.filter(({ state }) => state === "open"))
    fields.push(["Asks", `may ${oneLine(tool)} be called?  caxton approval approve ${id}   (or deny)`]);
  for (const question of openInputs(run)) {
    const words = questionLines(question).map(oneLine).join("\n");
    fields.push(["Asks", `${words}\nanswer: caxton run answer ${run.id} ${question.id} key=value   (or --decline)`]);
  }
  for (const { to, expires_at: until } of run.replies.filter(({ state }) => state === "open"))
    fields.push(["Waits", `for a reply of ${oneLine(to)}, until ${until}`]);
  if (verbose) fields.push(["System", safeText(run.system_prompt)], ["Prompt", safeText(run.prompt)]);
  return [
    renderFields(fields, look),
    section(
      "Steps",
      run.step_list.flatMap((step) => stepLines(step, { style, verbose })),
      style,
    ),
    section("Summaries", verbose ? run.summaries.flatMap(summaryLines) : [], style),
    section("Artifacts", artifacts, style),
    section("Answer", run.output === "" ? [] : safeText(run.output).trimEnd().split("\n"), style),
  ].join("");
}

const callerLine = ({ name, role, lacks }: NonNullable<RunDetail["caller"]>): string =>
  oneLine(`${name} (${role})${lacks.length === 0 ? "" : `, without ${lacks.join(", ")}`}`);

const handOffFields = ({ handoffs: { from, to } }: RunDetail): readonly [string, string][] =>
  [["Handed off by", from] as const, ["Handed off to", to] as const].flatMap(([title, other]) =>
    other === null ? [] : [[title, `${oneLine(other.agent)}: ${oneLine(other.reason)}   (run ${other.run})`]],
  );

const originOf = ({ run, kind, step }: NonNullable<RunDetail["origin"]>): string =>
  kind === "fork" ? `${run}, from its step ${step} on` : `${run}, the same request once more`;

const madeAs = ({ kind, step, state }: RunDetail["made_from_it"][number]): string =>
  `${kind === "fork" ? `fork at step ${step}` : "retry"}, ${state}`;

/** How to decide: on all calls that wait, and where there are several, on one. */
function waits({ id, waiting_calls: calls }: RunDetail): string {
  const all = `caxton run decide ${id} retry|skip|fail`;
  return calls.length < 2 ? all : [all, ...calls.map((call) => `… --call ${call}`)].join("\n");
}

const costLine = ({ cost }: RunDetail): string =>
  showCost(cost) +
  (cost.estimated_calls > 0 ? `   (tokens of ${countOf(cost.estimated_calls, "call")} estimated)` : "");

const section = (title: string, lines: readonly string[], style: Style): string =>
  lines.length === 0 ? "" : `\n${style("bold", title)}\n${lines.map((line) => `${line}\n`).join("")}`;

type StepOptions = { readonly style: Style; readonly verbose: boolean };

function stepLines(step: Step, { style, verbose }: StepOptions): string[] {
  const mark = MARKS[step.state];
  const span = step.duration_ms === null ? step.state : showSpan(step.duration_ms);
  const head = (name: string, rest: string) =>
    `  ${style(mark.tone, mark.sign)} ${String(step.index).padStart(2)}  ${step.kind.padEnd(5)}  ${oneLine(name)}  ${style("dim", [span, rest].filter((part) => part !== "").join("  "))}`;
  const below = (label: string, text: string) =>
    text === "" ? [] : [`          ${style("dim", label)} ${cut(text, verbose).replaceAll("\n", "\n          ")}`];
  if (step.kind === "model") {
    const about = step.cost?.estimated === true ? "≈ " : "";
    const input = step.input_tokens ?? step.cost?.input_tokens ?? 0;
    const output = step.output_tokens ?? step.cost?.output_tokens ?? 0;
    const tokens = `${about}${showCount(input)} → ${showCount(output)} tokens`;
    const offered = step.offered_tools_tokens ?? 0;
    const queued = (step.queued_ms ?? 0) === 0 ? "" : `  waited ${showSpan(step.queued_ms ?? 0)} for its turn`;
    const tools =
      offered === 0
        ? ""
        : ` (${step.offered_tools} ${step.offered_tools === 1 ? "tool" : "tools"} ≈ ${showCount(offered)})`;
    const calls = step.tool_calls.map(({ name }) => name.replace("__", ".")).join(", ");
    return [
      head(step.model, tokens + stepCost(step) + tools + queued + (calls === "" ? "" : `  calls ${calls}`)),
      ...step.attempts.flatMap((attempt) => below("!", attemptLine(attempt))),
      ...step.output_problems.flatMap((problem) => below("!", problem)),
      ...(step.limited === null
        ? []
        : below("!", `${step.limited.key} left room for ${showCount(step.limited.output_tokens_max)} output tokens`)),
      ...(verbose && step.context !== null
        ? contextLines(step.context, step.input_tokens).flatMap((line) => below("holds", line))
        : []),
      ...(verbose ? [...below("reasoning", step.reasoning), ...below("text", step.text)] : []),
    ];
  }
  const failed = step.outcome !== null && step.outcome !== "done";
  return [
    head(
      step.tool,
      [
        failed ? step.outcome : "",
        step.waits_for === null ? "" : "waits for room in a budget",
        `${showCount(step.fuel)} fuel`,
      ]
        .filter((part) => part !== "")
        .join("  "),
    ),
    ...(verbose ? below("given", JSON.stringify(step.arguments)) : []),
    ...(verbose || failed ? below("result", step.text) : []),
  ];
}

const stepCost = ({ cost }: Extract<Step, { kind: "model" }>): string => {
  if (cost === null) return "";
  const about = cost.estimated ? " (estimated)" : "";
  return cost.usd === null ? `${about}, price unknown` : cost.usd === 0 ? "" : `${about}, ${showUsd(cost.usd)}`;
};

const MARKS: { readonly [State in Step["state"]]: { readonly sign: string; readonly tone: Tone } } = {
  queued: { sign: "·", tone: "dim" },
  running: { sign: "◌", tone: "cyan" },
  done: { sign: "●", tone: "green" },
  failed: { sign: "✗", tone: "red" },
  waiting: { sign: "?", tone: "yellow" },
};

const cut = (text: string, whole: boolean): string =>
  whole ? safeText(text) : truncate(oneLine(text), TEXT_CHARS_MAX);

/** Outcome of storing the exchange in memory. */
function rememberedAs({ state, entity, problem }: NonNullable<RunDetail["remembered"]>): string {
  const words = {
    open: "remembered once it completes",
    pending: "not remembered yet",
    extracting: `remembered as ${entity ?? ""}; extracting facts`,
    stored: `remembered as ${entity ?? ""}`,
    failed: "not remembered",
  }[state];
  return problem === "" ? words : `${words}: ${problem}`;
}
