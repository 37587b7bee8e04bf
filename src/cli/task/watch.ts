import { operations, type Task } from "../../api/contract/index.ts";
import type { Json } from "../../kernel/json.ts";
import { type Context, showOne } from "../frame/index.ts";
import { changeLine, isOver, taskText } from "./lines.ts";

const WAIT_SECONDS = 20;

type Seen = { readonly raw: Json; readonly value: Task };

/** Follows a task to its end: a line for each change for people, the task as it ended for programs. */
export async function watchTask(context: Context, begun: Seen): Promise<void> {
  const { client, terminal } = context;
  let seen = begun;
  let line = "";
  for (;;) {
    const next = changeLine(seen.value, terminal.noteStyle);
    if (next !== line) terminal.note(next.trimEnd());
    line = next;
    if (isOver(seen.value.status)) break;
    seen = await client.call(operations.task.get, {
      id: begun.value.id,
      after_version: seen.value.version,
      wait_seconds: WAIT_SECONDS,
    });
  }
  await showTask(context, seen);
}

/** Prints a task. */
export async function showTask(context: Context, { raw, value }: Seen): Promise<void> {
  const { style, columns } = context.terminal;
  await showOne(context, { raw, name: value.id, human: () => taskText(value, style, columns ?? 80) });
}
