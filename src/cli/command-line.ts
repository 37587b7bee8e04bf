import { Command, CommanderError, Option } from "commander";
import { COMMANDS, type Entry, findCommand, GROUPS } from "./commands.ts";
import {
  DEFAULT_SERVER,
  formatAsked,
  FORMATS,
  Globals,
  type Invocation,
  operandPlace,
  pathOf,
  reportError,
  type Surroundings,
  terminalFor,
  UsageError,
} from "./frame/index.ts";
import { insteadOf } from "./foreign-commands.ts";
import { helpLayout } from "./help.ts";
import { styleFor } from "./terminal/index.ts";

const USAGE_EXIT = 2;

/** Help was shown because the command line was not complete. */
class HelpShown extends Error {}

/** Runs one command line, without the program's own name, to its end. Never throws: what goes wrong is shown, and told by the exit code. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const root = rootCommand();
  const line = withHelpLast(root, args);
  const place = operandPlace([root], line);
  const chosen = findCommand(line[place]);
  const invocation: Invocation = {
    surroundings,
    calledAs: line[place] ?? "",
    rest: line.slice(place + 1),
    exitCode: 0,
  };
  try {
    for (const entry of COMMANDS) await addCommand(root, entry, entry === chosen ? invocation : undefined);
    dress(root, surroundings);
    const word = line[place] ?? "";
    const present = chosen ? undefined : insteadOf(word);
    // Before its options are read, which may mean something else here.
    if (present !== undefined) throw new UsageError(`unknown command '${word}'`, "caxton", present);
    const called = chosen ? line.with(place, chosen.name) : line;
    await root.parseAsync(withoutVainHelp(root, called), { from: "user" });
    return invocation.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof HelpShown) return USAGE_EXIT;
    const globals = Globals.safeParse(root.opts()).data ?? Globals.parse({});
    const asJson = formatAsked(globals) === "json";
    return reportError(error, terminalFor(surroundings, globals), { asJson, debug: globals.debug });
  }
}

/** The whole tree but the top-level commands named, for completion. */
export async function everyCommand(surroundings: Surroundings, except: readonly string[] = []): Promise<Command> {
  const root = rootCommand();
  for (const entry of COMMANDS) {
    if (except.includes(entry.name)) continue;
    await addCommand(root, entry, { surroundings, calledAs: entry.name, rest: [], exitCode: 0 });
  }
  return root;
}

function rootCommand(): Command {
  return new Command("caxton")
    .usage("<command> [options]")
    .description("An open agent server: agents are files, tools are sandboxed WebAssembly, every run is journaled.")
    .helpCommand(false)
    .helpOption("-h, --help", "show help; each command has its own: caxton run --help")
    .option("-V, --version", "print the version of this command")
    .optionsGroup("Options of every command:")
    .option("--server <url>", `the server to talk to (CAXTON_SERVER; default ${DEFAULT_SERVER})`)
    .option("--token <token>", "token to present to it (CAXTON_TOKEN)")
    .addOption(new Option("-o, --output <format>", "how to print results (CAXTON_OUTPUT)").choices(FORMATS))
    .option("--json", "the same as -o json: exactly one document, as the API has it")
    .option("--timeout <time>", "how long to wait for an answer, such as 30s or 2m")
    .option("-q, --quiet", "print results and errors only")
    .option("-v, --verbose", "print more of what happens")
    .option("--yes", "do not ask, do it")
    .option("--no-color", "no colours (NO_COLOR)")
    .option("--debug", "print requests, request ids and stacks to standard error")
    .addHelpText("after", FIRST_STEPS);
}

const FIRST_STEPS = `
New here? Four commands, no key and no account needed:
  caxton init hello          make a directory with an agent in it
  cd hello && caxton dev     run a server; leave it running
  caxton run <agent> "..."   in another terminal: ask the agent something
  caxton run get last        see every step it took

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 conflict, 6 invalid definition,
            7 no server, 8 timeout, 9 the run did not succeed, 130 interrupted`;

async function addCommand(root: Command, entry: Entry, invocation: Invocation | undefined): Promise<void> {
  const command = root
    .command(entry.name, { hidden: entry.summary === "" })
    .helpGroup(GROUPS[entry.group])
    .summary(entry.summary);
  if (!invocation) return;
  const make = await entry.load();
  make(command, invocation);
}

/** `caxton help agent list` as `caxton agent list --help`; nothing at all as `--help`. */
function withHelpLast(root: Command, args: readonly string[]): string[] {
  const place = operandPlace([root], args);
  if (args[place] === "help") return [...args.toSpliced(place, 1), "--help"];
  const isUnknown = args.some((token) => /^-./.test(token) && !isOption(root, token));
  return args[place] === undefined && !isUnknown ? [...args, "--help"] : [...args];
}

/** The line without `--help` where it has an option or a command that does not exist: commander would show help instead of the error. */
function withoutVainHelp(root: Command, line: readonly string[]): readonly string[] {
  let command = root;
  const path = [root];
  let start = 0;
  while (command.commands.length > 0) {
    const place = start + operandPlace(path, line.slice(start));
    const token = line[place];
    const isUnknown = line
      .slice(start, place)
      .some((each) => each.startsWith("-") && !path.some((one) => isOption(one, each)));
    const inner = command.commands.find((one) => one.name() === token || one.aliases().includes(token ?? ""));
    const isWrong =
      isUnknown || (token !== undefined && inner === undefined && command.registeredArguments.length === 0);
    if (isWrong) return line.filter((each) => each !== "--help" && each !== "-h");
    if (inner === undefined) return line;
    command = inner;
    path.push(inner);
    start = place + 1;
  }
  return line;
}

/** Whether an option of the command is meant, also as `--option=value` and as letters together. */
function isOption(command: Command, token: string): boolean {
  const [name = ""] = token.split("=");
  const letter = token.startsWith("--") ? undefined : token.slice(0, 2);
  return (
    name === "--help" ||
    name === "-h" ||
    command.options.some(({ long, short }) => long === name || (short !== undefined && short === letter))
  );
}

/** What holds for each command of the tree: where help goes and how it looks, and that a wrong line is thrown, not printed. */
function dress(command: Command, surroundings: Surroundings): void {
  const { output, error } = surroundings.streams;
  const style = styleFor(output, true);
  if (command.parent) command.helpOption("-h, --help", "show this help");
  command
    .exitOverride((cause) => {
      if (cause.exitCode === 0) throw cause;
      throw cause.code === "commander.help" ? new HelpShown() : usageError(cause, command);
    })
    .configureOutput({
      writeOut: (text) => output.write(text),
      writeErr: (text) => error.write(text),
      outputError: () => undefined,
      getOutHasColors: () => output.isTTY === true,
      getErrHasColors: () => error.isTTY === true,
    })
    .configureHelp(helpLayout(style));
  if (command.parent) {
    command
      .helpCommand(false)
      .addHelpText("after", "\nOptions of every command, such as --server, -o and --json: caxton --help");
  }
  for (const inner of command.commands) dress(inner, surroundings);
}

/** What is wrong with `caxton run list "hello"` where an agent is meant. */
const AS_IF_AGENT: ReadonlySet<string> = new Set(["commander.excessArguments", "commander.unknownOption"]);

function usageError(cause: CommanderError, command: Command): UsageError {
  const [message = "", suggestion = ""] = cause.message.replace(/^error: /, "").split("\n");
  const told = suggestion === "" ? message : `${message}. ${suggestion.slice(1, -1)}`;
  const mayBeAgent = command.parent?.name() === "run" && AS_IF_AGENT.has(cause.code);
  const name = command.name();
  if (message.startsWith("option '-o, --output"))
    return new UsageError(told, pathOf(command), "-o is how results are printed, and names no file");
  const instead = mayBeAgent ? `an agent that is called ${name} is asked with: caxton run -- ${name} "..."` : "";
  const unknown = /^unknown (?:command|option) '(.+?)'/.exec(message)?.[1];
  const written = unknown === undefined ? undefined : [...pathOf(command).split(" ").slice(1), unknown].join(" ");
  const known = written === undefined ? undefined : insteadOf(written);
  return known === undefined
    ? new UsageError(told, pathOf(command), instead)
    : new UsageError(message, pathOf(command), known);
}
