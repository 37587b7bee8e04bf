import type { Context } from "./context.ts";
import { InterruptedError, UsageError } from "./errors.ts";

/** Asks before something that cannot be taken back; `--yes` answers. Where nobody can be asked it must be given. Throws UsageError, InterruptedError. */
export async function confirm(context: Context, question: string, command: string): Promise<boolean> {
  if (context.assumeYes) return true;
  if (!context.terminal.canAsk) throw new UsageError(`${question} Nobody can be asked here: add --yes`, command);
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, output: context.terminal.streams.error });
  if (prompts.isCancel(answer)) throw new InterruptedError();
  return answer;
}
