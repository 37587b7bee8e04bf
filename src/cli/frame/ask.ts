import type { Context } from "./context.ts";
import { InterruptedError, UsageError } from "./errors.ts";

/** Asks for confirmation unless `--yes` is given. Throws UsageError without a terminal, InterruptedError. */
export async function confirm(context: Context, question: string, command: string): Promise<boolean> {
  if (context.assumeYes) return true;
  if (!context.terminal.canAsk) throw new UsageError(`${question} There is no terminal to ask on: add --yes`, command);
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, output: context.terminal.streams.error });
  if (prompts.isCancel(answer)) throw new InterruptedError();
  return answer;
}
