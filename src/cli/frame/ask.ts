import type { Context } from "./context.ts";
import { InterruptedError, UsageError } from "./errors.ts";

type Deletion = { readonly name: string; readonly question: string; readonly command: string };

/**
 * Asks for the name of what is to be deleted unless `--yes` is given. Throws UsageError without a terminal or for another name,
 * InterruptedError.
 */
export async function confirmName(context: Context, { name, question, command }: Deletion): Promise<void> {
  if (context.assumeYes) return;
  if (!context.terminal.canAsk) throw new UsageError(`${question} There is no terminal to ask on: add --yes`, command);
  const prompts = await import("@clack/prompts");
  const answer = await prompts.text({
    message: `${question} Type its name to confirm:`,
    output: context.terminal.streams.error,
  });
  if (prompts.isCancel(answer)) throw new InterruptedError();
  if (answer !== name) throw new UsageError(`nothing is deleted: "${answer}" is not ${name}`, command);
}

/** Asks for confirmation unless `--yes` is given. Throws UsageError without a terminal, InterruptedError. */
export async function confirm(context: Context, question: string, command: string): Promise<boolean> {
  if (context.assumeYes) return true;
  if (!context.terminal.canAsk) throw new UsageError(`${question} There is no terminal to ask on: add --yes`, command);
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, output: context.terminal.streams.error });
  if (prompts.isCancel(answer)) throw new InterruptedError();
  return answer;
}
