import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

const LONG_MS = 3_600_000;
/** What is left cannot be mended by it. */
const UNSOUND = 1;

/** `caxton memory doctor` */
export function doctor(command: Command, invocation: Invocation): void {
  command
    .summary("look for what is not as it should be")
    .description(
      "Look through all of memory: its file or database, and what is derived from it. With --mend what is derived is " +
        "repaired. What is only a matter of time is told as pending. Exits with 1 when something else is left.",
    )
    .option("--mend", "repair what can be");
  examples(command, [
    ["caxton memory doctor", ""],
    ["caxton memory doctor --mend", ""],
  ]);
  act(command, invocation, {
    input: z.object({ mend: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { mend }) => {
      context.terminal.status("looking through memory");
      const { raw, value } = await context.client.call(operations.memoryUpkeep.check, { mend }, { timeoutMs: LONG_MS });
      context.terminal.status(undefined);
      const { items, backend } = value;
      const lines = items.map(({ what, hint, mended, pending }) => {
        const word = mended ? "mended" : pending ? "pending" : "wrong";
        return `${word}: ${safeText(what)}${mended ? "" : `\n  ${safeText(hint)}`}\n`;
      });
      const sound = items.every(({ pending }) => pending) ? `memory in ${safeText(backend)} is sound\n` : "";
      await showOne(context, { raw, name: backend, human: () => sound + lines.join("") });
      return items.some(({ mended, pending }) => !mended && !pending) ? UNSOUND : 0;
    },
  });
}

/** `caxton memory reindex` */
export function reindex(command: Command, invocation: Invocation): void {
  command
    .summary("build all indexes anew")
    .description(
      "Build all that searches go by anew from what is kept. Searches go on meanwhile, with what is indexed.",
    );
  examples(command, [["caxton memory reindex", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: ONE_FORMATS,
    run: async (context) => {
      context.terminal.status("building the indexes of memory");
      const { raw } = await context.client.call(operations.memoryUpkeep.reindex, {}, { timeoutMs: LONG_MS });
      context.terminal.status(undefined);
      await showOne(context, { raw, name: "memory", human: () => "all is indexed\n" });
    },
  });
}
