import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, sep } from "node:path";
import { Argument, type Command } from "commander";
import * as z from "zod";
import type { Json } from "../../kernel/json.ts";
import { act, confirm, type Context, examples, Globals, type Invocation, UsageError } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";
import { type ClientName, CLIENTS, entryOf, fileOf } from "./clients.ts";
import { JsoncError, memberIn, withMember } from "./jsonc.ts";

const PRIVATE = 0o600;
const Input = z.object({
  client: z.enum(CLIENTS),
  project: z.boolean().default(false),
  name: z.string().min(1).default("caxton"),
  print: z.boolean().default(false),
});
type Wanted = z.infer<typeof Input>;

const options = (command: Command): Command =>
  command
    .addArgument(new Argument("<client>", "the program that is to call your agents").choices(CLIENTS))
    .option("--project", "in the file of the project in this directory, instead of the user's")
    .option("--name <name>", "name of the entry; default: caxton")
    .option("--print", "only print the file and what would change in it");

/** `caxton mcp install` */
export function install(command: Command, invocation: Invocation): void {
  options(command)
    .summary("add the agents to an editor or assistant")
    .description(
      "Add an entry for caxton mcp serve to the configuration file of a client. All else in the file stays as it is, with its comments; the file as it was is kept beside it. The entry has no key: it uses your login, of the server of --context or --server if one is given.",
    );
  examples(command, [
    ["caxton mcp install cursor", "shows the change and asks"],
    ["caxton mcp install claude-code --project --yes", ".mcp.json of this project"],
    ["caxton mcp install vscode --context production --name agents", ""],
    ["caxton mcp install claude-desktop --print", "changes nothing"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text"],
    run: async (context, wanted) => {
      const words = commandOf(context, wanted, Globals.parse(command.optsWithGlobals()));
      await change(context, wanted, entryOf(wanted.client, words));
    },
  });
}

/** `caxton mcp uninstall` */
export function uninstall(command: Command, invocation: Invocation): void {
  options(command)
    .summary("remove the agents from an editor or assistant")
    .description("Remove the entry that caxton mcp install added. All else in the file stays as it is.");
  examples(command, [["caxton mcp uninstall cursor", ""]]);
  act(command, invocation, {
    input: Input,
    formats: ["text"],
    run: (context, wanted) => change(context, wanted, { ...entryOf(wanted.client, []), entry: undefined }),
  });
}

/** The command of an entry. Programs with windows do not have the PATH of a shell; a file of a project is for others too. */
function commandOf(
  { environment }: Context,
  { project }: Wanted,
  { server, context, token }: Globals,
): readonly string[] {
  if (token !== undefined) throw usage("a token is not written into files of clients; log in instead: caxton login");
  const url = URL.parse(server?.includes("://") === false ? `http://${server}` : (server ?? ""));
  if (url !== null && (url.username !== "" || url.password !== "")) throw usage("--server contains a password");
  const chosen = [
    ...(server === undefined ? [] : ["--server", server]),
    ...(context === undefined ? [] : ["--context", context]),
  ];
  const [, launcher = "caxton"] = process.argv;
  // What npx downloaded is in its cache, which may be emptied; a clone and a package of a project stay where they are.
  const isCached = environment.isNpx === true && launcher.split(sep).includes("_npx");
  const here = isCached ? ["npx", "-y", "caxton-server"] : [process.execPath, launcher];
  return [...(project ? ["caxton"] : here), "mcp", "serve", ...chosen];
}

const usage = (problem: string): UsageError => new UsageError(problem, "caxton mcp install");

type Change = { readonly section: string; readonly entry: Json | undefined };

async function change(
  context: Context,
  { client, project, name, print }: Wanted,
  { section, entry }: Change,
): Promise<void> {
  const { terminal } = context;
  const file = placeOf(client, project);
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const after = edited(file, before, { place: [section, name], entry });
  if (after === before) return terminal.note(`${safeText(file)} is already so`);
  terminal.write(`${safeText(file)}\n${differenceOf(before, after)}`);
  if (print) return;
  if (!(await confirm(context, "Write the file?", "caxton mcp install"))) return;
  const backup = write(file, after);
  if (backup !== undefined) terminal.note(`the file as it was: ${safeText(backup)}`);
  terminal.note(`restart ${client} if it is running`);
}

function placeOf(client: ClientName, isProject: boolean): string {
  const machine = { platform: process.platform, home: homedir(), directory: process.cwd() };
  const file = fileOf(client, machine, isProject);
  if (file === undefined) throw usage(`${client} has no file of servers in projects`);
  return existsSync(file) ? realpathSync(file) : file;
}

type Edited = { readonly place: readonly [string, string]; readonly entry: Json | undefined };

function edited(file: string, before: string, { place, entry }: Edited): string {
  try {
    if (JSON.stringify(memberIn(before, place)) === JSON.stringify(entry)) return before;
    const after = withMember(before, place, entry);
    if (JSON.stringify(memberIn(after, place)) !== JSON.stringify(entry)) throw new JsoncError(1);
    return after;
  } catch (error) {
    if (error instanceof JsoncError) throw usage(`${file}: ${error.message} of a file of servers; nothing was changed`);
    throw error;
  }
}

/** The lines that differ, with a sign each. */
function differenceOf(before: string, after: string): string {
  const [old, fresh] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  let start = 0;
  while (start < old.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const signed = (sign: string, lines: readonly string[]) =>
    lines.slice(start, lines.length - end).map((line) => `${sign} ${safeText(line)}\n`);
  return [...signed("-", old), ...signed("+", fresh)].join("");
}

/** Replaces a file in one step. Returns the copy of the earlier one, if there was one. */
function write(file: string, text: string): string | undefined {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  const backup = `${file}.${new Date().toISOString().replaceAll(/[:.]/g, "-")}.bak`;
  mkdirSync(dirname(file), { recursive: true });
  if (mode !== undefined) copyFileSync(file, backup);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: mode ?? PRIVATE, flag: "wx" });
  renameSync(draft, file);
  return mode === undefined ? undefined : backup;
}
