import { operations, requestPath, type RunDetail, type ServerEvent, system } from "../../../api/contract/index.ts";
import { follow, ServerUnreachableError } from "../../client/index.ts";
import type { Context } from "../../frame/index.ts";
import { openInputs } from "./question-lines.ts";

/** Ids of what a user is asked: questions, results of client tools and approvals. */
const askedOf = (run: RunDetail): readonly string[] => [
  ...openInputs(run).map(({ id }) => id),
  ...run.approvals.filter(({ state }) => state === "open").map(({ id }) => id),
];

/** Whether a run no longer waits as in `run`. A question is known before its run waits, so a new state alone does not say so. */
async function isAnswered({ client }: Context, run: RunDetail): Promise<boolean> {
  const { value } = await client.call(operations.run.get, { id: run.id });
  const asked = askedOf(run);
  const open = new Set(askedOf(value));
  return asked.length === 0 ? value.state !== run.state : asked.some((id) => !open.has(id));
}

/**
 * Asks the user what a run waits for, until another client answers. What was answered since `run` was read is not asked. Returns
 * true if the run continues. `ask` must end when the signal is aborted.
 */
export async function askUntilAnswered(
  context: Context,
  run: RunDetail,
  ask: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const elsewhere = new AbortController();
  if (!context.terminal.canAsk) return ask(elsewhere.signal);
  if (await isAnswered(context, run)) return true;
  const over = new AbortController();
  void watch(context, run, over.signal).then(() => elsewhere.abort(), ignore);
  try {
    const continues = await ask(elsewhere.signal);
    if (!elsewhere.signal.aborted) return continues;
    context.terminal.note(context.terminal.noteStyle("dim", "another client has answered"));
    return true;
  } finally {
    over.abort();
  }
}

/** Without the right to follow the server, the user hears of it with the own answer. */
const ignore = (): void => undefined;

/** Resolves when something that a run waited for is closed. Rejects when the signal is aborted. */
async function watch(context: Context, run: RunDetail, signal: AbortSignal): Promise<void> {
  const asked = askedOf(run);
  const events = follow(context.client, {
    path: `${requestPath(operations.server.watch, {})}?types=run,question,approval`,
    schema: system.ServerEvent,
    signal,
    outageMsMax: Infinity,
    onLink: ignore,
  });
  for await (const { event } of events) {
    // If the server is away, the stream breaks too: its next connection asks again.
    if (isNews(event, run, asked) && (await isAnswered(context, run).catch(awayAsOpen))) return;
  }
}

function awayAsOpen(error: unknown): false {
  if (error instanceof ServerUnreachableError) return false;
  throw error;
}

/** `ready` is the first event of each connection: an answer may have come before it. */
function isNews(event: ServerEvent, run: RunDetail, asked: readonly string[]): boolean {
  if (event.type === "ready" || event.type === "reset") return true;
  if (event.type === "run") return event.run.id === run.id && event.run.state !== run.state;
  if (event.type === "question") return asked.includes(event.question.id);
  return event.type === "approval" && asked.includes(event.approval.id);
}
