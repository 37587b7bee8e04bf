import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

const LONG_MS = 3_600_000;
/** Inconsistencies are left. */
const UNSOUND = 1;

/** `caxton memory doctor` */
export function doctor(command: Command, invocation: Invocation): void {
  command
    .summary("check memory consistency")
    .description(
      "Check the database of memory and the data derived from it. With --repair, rebuild derived data that is " +
        "inconsistent. Temporary states are listed as pending. Exits with 1 if inconsistencies are left.",
    )
    .option("--repair", "repair derived data");
  examples(command, [
    ["caxton memory doctor", ""],
    ["caxton memory doctor --repair", ""],
  ]);
  act(command, invocation, {
    input: z.object({ repair: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { repair }) => {
      context.terminal.status("checking memory");
      const { raw, value } = await context.client.call(
        operations.memoryMaintenance.check,
        { repair },
        { timeoutMs: LONG_MS },
      );
      context.terminal.status(undefined);
      const { items, backend } = value;
      const lines = items.map(({ what, hint, repaired, pending }) => {
        const word = repaired ? "repaired" : pending ? "pending" : "inconsistent";
        return `${word}: ${safeText(what)}${repaired ? "" : `\n  ${safeText(hint)}`}\n`;
      });
      const summary = items.every(({ pending }) => pending) ? `memory in ${safeText(backend)} is consistent\n` : "";
      await showOne(context, { raw, name: backend, human: () => summary + lines.join("") });
      return items.some(({ repaired, pending }) => !repaired && !pending) ? UNSOUND : 0;
    },
  });
}

/** `caxton memory reindex` */
export function reindex(command: Command, invocation: Invocation): void {
  command
    .summary("rebuild all indexes")
    .description(
      "Rebuild the search indexes of memory from the stored facts. Searches keep working, with what is already indexed.",
    );
  examples(command, [["caxton memory reindex", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: ONE_FORMATS,
    run: async (context) => {
      context.terminal.status("rebuilding the indexes of memory");
      const { raw } = await context.client.call(operations.memoryMaintenance.reindex, {}, { timeoutMs: LONG_MS });
      context.terminal.status(undefined);
      await showOne(context, { raw, name: "memory", human: () => "memory is indexed\n" });
    },
  });
}
