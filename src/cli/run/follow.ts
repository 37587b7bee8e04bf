import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import {
  operations,
  requestPath,
  type RunDetail,
  type RunQuestion,
  runs,
  type RunStreamEvent,
  waitsForPerson,
} from "../../api/contract/index.ts";
import { CaxtonError, RemoteError } from "../../kernel/errors.ts";
import { isJsonObject, parseJson } from "../../kernel/json.ts";
import { follow } from "../client/index.ts";
import {
  AwaitingChoiceError,
  type Context,
  NeedsDecisionError,
  onInterrupt,
  reportError,
  showDocument,
  StillRunningError,
} from "../frame/index.ts";
import { answerHere } from "./asked/answer-here.ts";
import { askUntilAnswered } from "./asked/answered-elsewhere.ts";
import { approveHere } from "./asked/approve.ts";
import { oneLine } from "../terminal/index.ts";
import { askChoice, choose } from "./asked/choose.ts";
import { artifactLines, RunView, summaryLine } from "./view.ts";

type Around = <Value>(ask: () => Promise<Value>) => Promise<Value>;

export type FollowRunOptions = {
  /** Text appears as it comes, where standard output is a terminal. */
  readonly stream: boolean;
  /** What Ctrl-C does: `cancel` stops the run on the server, `leave` only this command. */
  readonly onInterrupt: "cancel" | "leave";
  /** Calls a listener at Ctrl-C until disposed of; default: at SIGINT. */
  readonly interrupts?: (listener: () => void) => Disposable;
  /** Surrounds questions to the user, which need the keys for themselves. */
  readonly whileAsking?: Around;
  /** Ends the command; the run continues. */
  readonly signal?: AbortSignal;
  /** The run as it waits for a user, who is asked first. What was printed before is not printed again. */
  readonly waiting?: RunDetail | undefined;
  /** Id of the last event that was printed before; default: none was. */
  readonly after?: string | undefined;
  /** Whether the run that continues after a hand-off is followed too; default: true. */
  readonly followsHandOffs?: boolean | undefined;
};

export const EXIT_UNSUCCESSFUL = 9;
export const EXIT_INTERRUPTED = 130;
// How long a cancelled run may take to say that it has ended.
const CANCEL_MS_MAX = 5_000;

/**
 * Follows a run, and the runs that it is handed off to, to its end in the format asked for, and returns the exit code that says
 * how it ended. Throws StillRunningError.
 */
export async function followRun(context: Context, runId: string, options: FollowRunOptions): Promise<number> {
  let outcome = await followOne(context, runId, options);
  while (typeof outcome !== "number") {
    if (options.followsHandOffs === false) return 0;
    outcome = await followOne(context, outcome.next, { ...options, waiting: undefined, after: undefined });
  }
  return outcome;
}

type Ended = number | { readonly next: string };

async function followOne(context: Context, runId: string, options: FollowRunOptions): Promise<Ended> {
  const { terminal, client, format } = context;
  const stop = new AbortController();
  let interrupted = false;
  using cleanup = new DisposableStack();
  const interrupt = () => {
    interrupted = true;
    if (options.onInterrupt === "leave") return stop.abort();
    terminal.status("cancelling");
    cancelRun(context, runId).catch(() => stop.abort());
    cleanup.use(deadline(CANCEL_MS_MAX, () => stop.abort()));
  };
  cleanup.use((options.interrupts ?? onInterrupt)(interrupt));
  cleanup.use(deadline(context.timeoutMs, (waitedMs) => stop.abort(new StillRunningError(runId, waitedMs))));
  const view = new RunView(terminal, {
    live: options.stream && terminal.outputIsScreen && format === "text",
    verbose: context.verbose,
  });
  const around: Around = options.whileAsking ?? ((ask) => ask());
  const once = async (after: string): Promise<Ended | RunDetail> => {
    for await (const { raw, event } of follow(client, {
      path: requestPath(operations.run.watch, { id: runId }),
      schema: runs.RunStreamEvent,
      signal: options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal,
      after,
      onLink: (link) => noteLink(context, link),
    })) {
      if (format === "jsonl") terminal.write(`${raw}\n`);
      else if (event.type === "below" && canAskHere(context)) {
        if (waitsForPerson(event.run)) await askBelow(context, event.run.id, around);
      } else if (format === "text" && !(await isAsked(context, runId, event, around))) view.show(event);
      if (needsDecision(event)) return await askForDecision(context, runId);
      if (!canAskHere(context) && (await isStuck(context, runId, event))) return EXIT_UNSUCCESSFUL;
      if (event.type !== "end") continue;
      if (event.run.handed_to !== null && !interrupted) return { next: event.run.handed_to };
      return isAnswerable(event.run) ? event.run : await finish(context, event.run, raw, interrupted);
    }
    return EXIT_UNSUCCESSFUL;
  };
  try {
    let outcome = options.waiting ?? (await once(options.after ?? ""));
    while (typeof outcome !== "number" && !("next" in outcome)) {
      const run = outcome;
      const askHere = ASK_HERE[run.state] ?? approveHere;
      const ask = () => askUntilAnswered(context, run, (signal) => askHere(context, run, signal));
      const continues = await unlessAnswered(context, around(ask));
      if (!continues) return EXIT_UNSUCCESSFUL;
      view.resume(run);
      outcome = await once(run.last_event_id);
    }
    return outcome;
  } catch (error) {
    if (!interrupted) throw error;
    terminal.status(undefined);
    terminal.endLine();
    if (options.onInterrupt === "leave") terminal.note(`the run continues; follow it with: caxton run watch ${runId}`);
    return EXIT_INTERRUPTED;
  } finally {
    terminal.status(undefined);
  }
}

type AskHere = (context: Context, run: RunDetail, signal: AbortSignal) => Promise<boolean>;
const ASK_HERE: { readonly [State in RunDetail["state"]]?: AskHere } = {
  "awaiting-choice": (context, run, signal) => chooseHere(context, run, signal),
  "awaiting-approval": approveHere,
  "awaiting-input": answerHere,
};

/** Whether the run waits for an answer that can be given at the terminal. */
export const isAnswerable = ({ state }: Pick<RunDetail, "state">): boolean => ASK_HERE[state] !== undefined;

const canAskHere = ({ terminal, format }: Context): boolean => terminal.canAsk && format === "text";

/** Asks the user what a run waits for that works for the one that is followed. What is left open can be answered later. */
export async function askBelow(context: Context, id: string, around: Around): Promise<void> {
  const { value: run } = await context.client.call(operations.run.get, { id });
  const ask = ASK_HERE[run.state];
  if (run.state === "needs-decision") await askForDecision(context, id);
  if (ask === undefined) return;
  const { terminal } = context;
  terminal.status(undefined);
  terminal.endLine();
  terminal.note(terminal.noteStyle("dim", `${oneLine(run.agent)} works for this run and waits for you`));
  await unlessAnswered(
    context,
    around(() => askUntilAnswered(context, run, (signal) => ask(context, run, signal))),
  );
}

/** Whether a tool asks, or the run waits for others, of which one waits for a person. Prints how to answer. */
async function isStuck(context: Context, id: string, event: RunStreamEvent): Promise<boolean> {
  if (event.type === "question") {
    const asked = event.question.server === "user" ? undefined : await askedBy(context, id, event.question);
    if (asked !== undefined) await answerHere(context, asked, new AbortController().signal);
    return asked !== undefined;
  }
  const isRelevant = event.type === "below" || (event.type === "run" && event.run.state === "awaiting-reply");
  if (!isRelevant) return false;
  const { value: tree } = await context.client.call(operations.run.tree, { id });
  const [own, ...below] = tree.items;
  const stuck = below.find(waitsForPerson);
  if (stuck === undefined || own?.state !== "awaiting-reply") return false;
  if (stuck.state === "needs-decision") await askForDecision(context, stuck.id);
  else {
    const { value: run } = await context.client.call(operations.run.get, { id: stuck.id });
    await ASK_HERE[run.state]?.(context, run, new AbortController().signal);
  }
  return true;
}

/** Whether an event is a question that the user has been asked here, or is asked when the run waits. */
async function isAsked(context: Context, id: string, event: RunStreamEvent, around: Around): Promise<boolean> {
  if (event.type !== "question") return false;
  if (event.question.server === "user") return true;
  if (event.question.state !== "open") return false;
  if (!context.terminal.canAsk) return true;
  const asked = await askedBy(context, id, event.question);
  return (
    asked === undefined ||
    unlessAnswered(
      context,
      around(() => askUntilAnswered(context, asked, (signal) => answerHere(context, asked, signal))),
    )
  );
}

/** The run with a question that a tool asks; undefined if it is over, when an older event is read again. */
async function askedBy(context: Context, id: string, { id: question }: RunQuestion): Promise<RunDetail | undefined> {
  const { value: run } = await context.client.call(operations.run.get, { id });
  const questions = run.questions.filter((each) => each.id === question && each.state === "open");
  return questions.length === 0 ? undefined : { ...run, questions };
}

/** Whether the run continues, also if another client has answered first. */
async function unlessAnswered({ terminal }: Context, continues: Promise<boolean>): Promise<boolean> {
  try {
    return await continues;
  } catch (error) {
    if (!(error instanceof CaxtonError) || error.kind !== "conflict") throw error;
    reportError(error, terminal, { asJson: false, debug: false });
    return true;
  }
}

/** Asks the user at the terminal to resolve a model failure, or prints how to do it. Returns true if the run continues. */
async function chooseHere(context: Context, run: RunDetail, signal: AbortSignal): Promise<boolean> {
  const { terminal, format } = context;
  terminal.status(undefined);
  if (format === "json") await showDocument(context, run);
  if (format !== "text") return false;
  const chosen = terminal.canAsk ? await askChoice(context, run, signal) : undefined;
  if (chosen !== undefined) {
    await choose(context, run.id, chosen);
    return true;
  }
  const failed = run.choice?.failure.message ?? "its model failed";
  reportError(new AwaitingChoiceError(run.id, failed), terminal, { asJson: false, debug: false });
  return false;
}

/** Asks the server to stop a run. */
export const cancelRun = (context: Context, runId: string) =>
  context.client.call(operations.run.cancel, { id: runId }, { timeoutMs: CANCEL_MS_MAX });

function deadline(ms: number | undefined, over: (waitedMs: number) => void): Disposable {
  const timer = ms === undefined ? undefined : setTimeout(() => over(ms), ms);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function noteLink({ terminal }: Context, link: "lost" | "back"): void {
  const text = link === "lost" ? "the connection is lost; trying again" : "connected again";
  if (link === "lost") terminal.status(text);
  terminal.note(terminal.noteStyle("dim", text));
}

const needsDecision = (event: RunStreamEvent): boolean =>
  (event.type === "run" || event.type === "end") && event.run.state === "needs-decision";

/** Prints why the run waits for a user, and how to resume it. */
async function askForDecision(context: Context, runId: string): Promise<number> {
  const { value, raw } = await context.client.call(operations.run.get, { id: runId });
  if (context.format === "json") await showDocument(context, raw);
  if (context.format !== "text") return EXIT_UNSUCCESSFUL;
  const step = value.step_list.find((each) => each.kind === "tool" && each.call_id === value.waiting_for);
  const call = step?.kind === "tool" ? step.tool : "a tool call";
  reportError(new NeedsDecisionError(runId, call), context.terminal, { asJson: false, debug: false });
  return EXIT_UNSUCCESSFUL;
}

/** What is said once a run has ended, and the exit code. */
async function finish(context: Context, run: RunDetail, raw: string, interrupted: boolean): Promise<number> {
  const { terminal, format } = context;
  if (format === "json") {
    const parsed = parseJson(raw);
    const document = parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value["run"] : undefined;
    await showDocument(context, document ?? null);
  }
  if (format === "text") {
    for (const line of await artifactPlaces(context, run)) terminal.note(line);
    if (run.failure) {
      const fault = { ...run.failure, kind: "upstream" as const, hint: run.hint, details: {} };
      reportError(new RemoteError(fault), terminal, { asJson: false, debug: false });
    }
    for (const { message } of run.notice_list) terminal.note(terminal.noteStyle("yellow", `! ${oneLine(message)}`));
    terminal.note(terminal.noteStyle("dim", summaryLine(run)));
  }
  if (interrupted) return EXIT_INTERRUPTED;
  return run.state === "completed" ? 0 : EXIT_UNSUCCESSFUL;
}

/** Lines on a run's artifacts; with paths where the server's files can be seen from here. */
export async function artifactPlaces(context: Context, run: RunDetail): Promise<string[]> {
  if (run.artifacts.length === 0) return [];
  const { value } = await context.client.call(operations.server.status, {});
  return artifactLines(run.artifacts, (artifact) => {
    const url = context.client.url(artifact.url).href;
    if (value.data_directory === null) return { path: undefined, url };
    const path = join(value.data_directory, artifact.path);
    const shown = relative(process.cwd(), path);
    const near = shown.startsWith("..") ? path : shown;
    return { path: existsSync(path) ? near : undefined, url };
  });
}
