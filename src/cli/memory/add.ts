import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import type { Command } from "commander";
import * as z from "zod";
import { type MemoryRemembered, operations } from "../../api/contract/index.ts";
import { unreadable } from "../client/index.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  listOption,
  ONE_FORMATS,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { countOf, oneLine, showCount } from "../terminal/index.ts";
import { Fields, fieldsOf, withFields } from "./fields.ts";
import { SCOPE, scopeOption } from "./reference.ts";

const COMMAND = "caxton memory add";
/** Facts of one entity in one piece of a request, and pieces in one request. */
const FACTS_MAX = 1_000;
const PIECES_MAX = 100;

export function add(command: Command, invocation: Invocation): void {
  command
    .summary("add an entity or facts about it")
    .description("Add an entity, or new facts about a known one. Facts that are already known are unchanged.")
    .argument("<name>", "name of the entity")
    .argument("[facts...]", "facts, each in quotes; - reads them from standard input, one per line")
    .option("--type <type>", "type, for example person; default for a new entity: thing")
    .addOption(listOption("--fact <text>", "a fact, same as after the name; may be repeated"))
    .option("--facts-from <file>", "file of facts, one per line")
    .addOption(scopeOption());
  withFields(command);
  examples(command, [
    ['caxton memory add Ada "likes tea" --type person', ""],
    ['caxton memory add Anna "leads billing" "works from Kraków" --type person', "two facts"],
    ["caxton memory add Anna --facts-from anna.txt", "each line is a fact"],
    ["grep Anna minutes.txt | caxton memory add Anna -", ""],
    ['caxton memory add Acme --type company --scope global --metadata \'{"crm":"A-17"}\'', "known in all workspaces"],
    ['caxton memory add "summer office" "is in Berlin" --valid-to 2026-09-30', "holds until then"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      facts: z.array(z.string()).default([]),
      fact: z.array(z.string()).default([]),
      factsFrom: z.string().optional(),
      scope: z.string().default(SCOPE),
      ...Fields,
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, facts, fact, factsFrom, scope, ...input }) => {
      const said = [...(await spoken(context, facts)), ...fact, ...(await linesOf(factsFrom))];
      const entities = piecesOf(said).map((observations) => ({ name, observations, ...fieldsOf(input, COMMAND) }));
      const { raw, value } = await context.client.call(operations.memory.remember, { scope, entities });
      await showOne(context, { raw, name, human: () => value.items.map(rememberedLine).join("") });
    },
  });
}

/** Facts after the name; a lone `-` among them stands for the lines of standard input. Throws UsageError. */
async function spoken({ terminal }: Context, facts: readonly string[]): Promise<readonly string[]> {
  if (facts.length > 1 && facts.every((one) => /^[^\s-]\S*$/u.test(one))) {
    throw new UsageError(`"${facts.join(" ")}" is one fact in quotes; several of one word each are --fact`, COMMAND);
  }
  if (!facts.includes("-")) return facts;
  if (terminal.canAsk) terminal.note("type facts, one a line, then Ctrl-D");
  const lines = factLines(await textOf(terminal.streams.input));
  if (lines.length === 0) throw new UsageError("standard input was empty, so there are no facts", COMMAND);
  return facts.flatMap((one) => (one === "-" ? lines : [one]));
}

/** Throws UsageError, UnreadableFileError. */
async function linesOf(file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return [];
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const lines = factLines(text);
  if (lines.length === 0) throw new UsageError(`${file} is empty, so there are no facts`, COMMAND);
  return lines;
}

const factLines = (text: string): readonly string[] =>
  text
    .split(/\r?\n/u)
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** As many as one request takes for each entity that it names; one piece at least, which may be empty. Throws UsageError. */
function piecesOf(facts: readonly string[]): readonly (readonly string[])[] {
  const count = Math.max(1, Math.ceil(facts.length / FACTS_MAX));
  if (count > PIECES_MAX) {
    const max = showCount(FACTS_MAX * PIECES_MAX);
    throw new UsageError(`${showCount(facts.length)} facts are more than the ${max} that are added at once`, COMMAND);
  }
  return Array.from({ length: count }, (_, at) => facts.slice(at * FACTS_MAX, (at + 1) * FACTS_MAX));
}

function rememberedLine({ outcome, entity, added }: MemoryRemembered["items"][number]): string {
  const what = `${oneLine(entity.name)} (${oneLine(entity.type)}) in ${oneLine(entity.scope)}`;
  if (outcome === "unchanged") return `${what}: nothing of it is new, version ${entity.version}\n`;
  const facts = added.length === 0 ? "" : `, ${countOf(added.length, "new fact")}`;
  return `${what}: ${outcome}${facts}, version ${entity.version}\n`;
}
