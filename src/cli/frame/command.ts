import type { Command } from "commander";
import * as z from "zod";
import { type Context, type Format, Globals, makeContext, type ProcessContext } from "./context.ts";
import { UsageError } from "./errors.ts";
import { ListLimit } from "./options.ts";

/** One run of the `caxton` command. */
export type Invocation = {
  readonly processContext: ProcessContext;
  /** The top-level command as it was typed: `agents` for `agent`. */
  readonly calledAs: string;
  /** What was typed after it, unparsed. */
  readonly rest: readonly string[];
  /** Set by the action. */
  exitCode: number;
};

/** Makes one top-level command with everything under it. */
export type CommandMaker = (command: Command, invocation: Invocation) => void;

export type Action<Input> = {
  /** Arguments by their camel-case names and options together, as the action gets them. */
  readonly input: z.ZodType<Input>;
  /** What `-o` may be; the first is what happens unasked. */
  readonly formats: readonly [Format, ...Format[]];
  /** Does the work; a number is the exit code, nothing means 0. */
  readonly run: (context: Context, input: Input) => Promise<number | void>;
};

/** Gives a command its work. */
export function act<Input>(command: Command, invocation: Invocation, action: Action<Input>): void {
  command.action(async () => {
    const globals = Globals.parse(rootOf(command).opts());
    const context = await makeContext(invocation.processContext, globals, {
      command: commandPath(command),
      formats: action.formats,
    });
    try {
      const input = await readInput(command, action.input, {
        ...command.opts(),
        ...argumentsOf(command),
        // Names go to scripts, which must not work on a part of the list.
        ...(context.format === "name" && isListCut(command) && { limit: Number.MAX_SAFE_INTEGER }),
      });
      invocation.exitCode = (await action.run(context, input)) ?? 0;
    } finally {
      context.terminal.status(undefined);
      context.terminal.endLine();
    }
  });
}

/** Whether a list ends at its default limit. */
const isListCut = (command: Command): boolean =>
  command.options.some((option) => option instanceof ListLimit) && command.getOptionValueSource("limit") === "default";

/** The options and arguments as the action takes them. Throws UsageError, which names each that does not fit. */
async function readInput<Input>(command: Command, schema: z.ZodType<Input>, given: object): Promise<Input> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { describeIssue } = await import("../../text/documents/index.ts");
  const { error } = schema.safeParse(given, { reportInput: true, error: describeIssue });
  const issues = (error ?? parsed.error).issues.map(({ path, message }) => {
    const [name = ""] = path.map(String);
    const value: unknown = Object.entries(given).find(([key]) => key === name)?.[1];
    return `${flagOf(command, name)}: ${typeof value === "string" ? `"${value}" is not valid: ` : ""}${message.replace(/, got NaN$/, "")}`;
  });
  throw new UsageError(issues.join("; "), commandPath(command));
}

/** An input as it is typed: `--port <port>` or `<agent>`. */
const flagOf = (command: Command, name: string): string =>
  command.options.find((option) => option.attributeName() === name)?.flags ?? `<${name}>`;

/** The command as it is typed: `caxton agent list`. */
export const commandPath = (command: Command): string =>
  command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;

// A longer line does not move the meanings of the others to the right.
const EXAMPLE_COLUMN_MAX = 56;

/** Lines below a command's help that can be typed as they are, each with what it does. */
export function examples(command: Command, lines: readonly (readonly [string, string])[]): void {
  const lengths = lines.map(([line]) => line.length);
  const width = Math.max(...lengths.filter((length) => length <= EXAMPLE_COLUMN_MAX));
  const shown = lines.map(([line, meaning]) => `  ${line.padEnd(width)}   ${meaning}`.trimEnd());
  command.addHelpText("after", `\nExamples:\n${shown.join("\n")}`);
}

/** Index of the first of `tokens` that is neither an option of these commands nor an option's value; `tokens.length` when there is none. */
export function operandPlace(commands: readonly Command[], tokens: readonly string[]): number {
  const options = commands.flatMap((command) => command.options);
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? "";
    if (token === "--" || !token.startsWith("-") || token === "-") return index;
    const option = options.find(({ short, long }) => token === short || token === long);
    if (option?.required) index += 1;
  }
  return tokens.length;
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

const argumentsOf = (command: Command): object =>
  Object.fromEntries(
    command.registeredArguments.map((argument, index): [string, unknown] => [
      argument.name().replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
      command.processedArgs[index],
    ]),
  );
