import { Command, CommanderError, Option } from "commander";
import { COMMANDS, type Entry, findCommand, GROUPS } from "./commands.ts";
import {
  DEFAULT_SERVER,
  formatAsked,
  FORMATS,
  Globals,
  type Invocation,
  operandPlace,
  commandPath,
  reportError,
  type ProcessContext,
  terminalFor,
  UsageError,
} from "./frame/index.ts";
import { insteadOf } from "./foreign-commands.ts";
import { helpLayout } from "./help.ts";
import { styleFor } from "./terminal/index.ts";

const USAGE_EXIT = 2;

/** Thrown if help was shown for an incomplete command line. */
class HelpShown extends Error {}

/** Runs one command line, without the program's name. Never throws: reports errors on the terminal and by the exit code. */
export async function runCommandLine(args: readonly string[], processContext: ProcessContext): Promise<number> {
  const root = rootCommand();
  const line = withHelpLast(root, args);
  const place = operandPlace([root], line);
  const chosen = findCommand(line[place]);
  const invocation: Invocation = {
    processContext,
    calledAs: line[place] ?? "",
    rest: line.slice(place + 1),
    exitCode: 0,
  };
  try {
    for (const entry of COMMANDS) await addCommand(root, entry, entry === chosen ? invocation : undefined);
    dress(root, processContext);
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
    return reportError(error, terminalFor(processContext, globals), { asJson, debug: globals.debug });
  }
}

/** Returns the command tree without the named top-level commands, for completion. */
export async function everyCommand(processContext: ProcessContext, except: readonly string[] = []): Promise<Command> {
  const root = rootCommand();
  for (const entry of COMMANDS) {
    if (except.includes(entry.name)) continue;
    await addCommand(root, entry, { processContext, calledAs: entry.name, rest: [], exitCode: 0 });
  }
  return root;
}

function rootCommand(): Command {
  return new Command("caxton")
    .usage("<command> [options]")
    .description("An open agent server: agents are files, tools are sandboxed WebAssembly, every run is journaled.")
    .helpCommand(false)
    .helpOption("-h, --help", "show help, also of each command: caxton run --help")
    .option("-V, --version", "show the version of this command")
    .optionsGroup("Options of every command:")
    .option("--server <url>", `URL of the server (CAXTON_SERVER; default ${DEFAULT_SERVER})`)
    .option("--token <token>", "API key or token for the server (CAXTON_TOKEN; default: as caxton login stored it)")
    .option("--context <name>", "server by the name that caxton login gave it (CAXTON_CONTEXT)")
    .option("--workspace <name>", "workspace (CAXTON_WORKSPACE; default: caxton workspace use, else that of the key)")
    .option("--ca-file <file>", "PEM file of the private authority of the server's certificate (CAXTON_CA_FILE)")
    .option("--client-cert <file>", "PEM file of a certificate to present to the server (CAXTON_CLIENT_CERT)")
    .option("--client-key <file>", "PEM file of its key (CAXTON_CLIENT_KEY; default: the file of --client-cert)")
    .addOption(new Option("-o, --output <format>", "output format (CAXTON_OUTPUT)").choices(FORMATS))
    .option("--json", "same as -o json: one document, as the API returns it")
    .option("--timeout <time>", "request timeout, for example 30s or 2m")
    .option("-q, --quiet", "print results and errors only")
    .option("-v, --verbose", "print more details")
    .option("--yes", "skip confirmation prompts")
    .option("--no-color", "print without colors (NO_COLOR)")
    .option("--debug", "print requests, request ids and stacks to standard error")
    .addHelpText("after", FIRST_STEPS);
}

const FIRST_STEPS = `
New here? Four commands, no key and no account needed:
  caxton init hello          create a directory with an agent
  cd hello && caxton dev     run a server; leave it running
  caxton run <agent> "..."   in another terminal: ask the agent something
  caxton run get last        show every step it took

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

/** Configures each command of the tree: help output and layout, and errors that are thrown instead of printed. */
function dress(command: Command, processContext: ProcessContext): void {
  const { output, error } = processContext.streams;
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
  for (const inner of command.commands) dress(inner, processContext);
}

/** Errors of `caxton run list "hello"` if list is meant as an agent's name. */
const AS_IF_AGENT: ReadonlySet<string> = new Set(["commander.excessArguments", "commander.unknownOption"]);

function usageError(cause: CommanderError, command: Command): UsageError {
  const [message = "", suggestion = ""] = cause.message.replace(/^error: /, "").split("\n");
  const explained = suggestion === "" ? message : `${message}. ${suggestion.slice(1, -1)}`;
  const mayBeAgent = command.parent?.name() === "run" && AS_IF_AGENT.has(cause.code);
  const name = command.name();
  if (message.startsWith("option '-o, --output"))
    return new UsageError(explained, commandPath(command), "-o sets the output format, not a file");
  const instead = mayBeAgent ? `to ask an agent named ${name}: caxton run -- ${name} "..."` : "";
  const unknown = /^unknown (?:command|option) '(.+?)'/.exec(message)?.[1];
  const written = unknown === undefined ? undefined : [...commandPath(command).split(" ").slice(1), unknown].join(" ");
  const known = written === undefined ? undefined : insteadOf(written);
  return known === undefined
    ? new UsageError(explained, commandPath(command), instead)
    : new UsageError(message, commandPath(command), known);
}
