import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import * as z from "zod";
import { commandName } from "../kernel/package.ts";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../kernel/files/private-files.ts";
import type { ScaffoldFile } from "../agents/definitions/index.ts";
import {
  act,
  type CommandMaker,
  type Context,
  examples,
  FileExistsError,
  InterruptedError,
  commandPath,
  UsageError,
} from "./frame/index.ts";

const Input = z.object({
  name: z.string().optional(),
  template: z.string().optional(),
  directory: z.string().optional(),
  force: z.boolean().default(false),
});

type Given = z.infer<typeof Input>;

const EXECUTABLE = 0o755;

/** `caxton init` */
export const init: CommandMaker = (command, invocation) => {
  command
    .description(
      "Create a directory with an agent: the definition, examples of its use, and the schema for completion in editors. Asks for missing values. Existing files are kept unless --force is given.",
    )
    .argument("[name]", "name of the agent and of the directory")
    .option("-t, --template <template>", "template; list them with: caxton template list")
    .option("--directory <path>", "target directory; default: ./<name>")
    .option("--force", "overwrite existing files");
  examples(command, [
    ["caxton init", "asks"],
    ["caxton init sales-analyst --template data-analyzer", "does not ask"],
    ["caxton template list", "what there is to start from"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text"],
    run: async (context, input) => {
      const room = await import("../agents/definitions/index.ts");
      const { name, template } = await choose(context, room, input, commandPath(command));
      const directory = resolve(input.directory ?? name);
      const made = filesOf(room, { name, template, command: commandName(true, directory) });
      if (typeof made === "string") throw new UsageError(made, commandPath(command));
      const { scaffoldTests } = await import("./agent-tests/index.ts");
      const files = [...made, ...scaffoldTests(name)];
      await write(directory, files, input.force);
      printResult(context, { name, directory, files, request: room.firstRequest(template) });
    },
  });
};

type AgentsRoom = typeof import("../agents/definitions/index.ts");

/** The files of a new agent, or why its name will not do. Throws TemplateNotFoundError. */
function filesOf(room: AgentsRoom, given: Choice & { command: string }): readonly ScaffoldFile[] | string {
  const { name, template, command } = given;
  try {
    return room.scaffold(name, template, command);
  } catch (error) {
    const problem = error instanceof room.DefinitionInvalidError ? error.details.problems[0] : undefined;
    if (!problem) throw error;
    return `"${name}" cannot be an agent's name: ${problem.message}`;
  }
}

type Choice = { readonly name: string; readonly template: string };

async function choose(context: Context, room: AgentsRoom, given: Given, command: string): Promise<Choice> {
  const { name, template } = given;
  if (name !== undefined && template !== undefined) return { name, template };
  if (!context.terminal.canAsk || context.assumeYes) {
    const missing = name === undefined ? "a name" : "--template";
    throw new UsageError(
      `${missing} is missing and there is no terminal to ask on; give both: caxton init my-agent --template data-analyzer`,
      command,
    );
  }
  return ask(context, room, given);
}

async function ask({ terminal }: Context, room: AgentsRoom, given: Given): Promise<Choice> {
  const prompts = await import("@clack/prompts");
  const output = terminal.streams.error;
  prompts.intro("A new Caxton agent", { output });
  const template =
    given.template ??
    answered(
      await prompts.select({
        message: "What shall it start from?",
        options: room.TEMPLATES.map(({ name, description }) => ({ value: name, label: name, hint: description })),
        initialValue: "data-analyzer",
        maxItems: 10,
        output,
      }),
    );
  const name =
    given.name ??
    answered(
      await prompts.text({
        message: "What is it called?",
        placeholder: template,
        defaultValue: template,
        validate: (text) => problemWithName(text === undefined || text === "" ? template : text),
        output,
      }),
    );
  prompts.outro("", { output });
  return { name, template };

  function problemWithName(text: string): string | undefined {
    if (existsSync(resolve(given.directory ?? text)) && !given.force) return `${text} exists already here`;
    const files = filesOf(room, { name: text, template, command: "" });
    return typeof files === "string" ? files : undefined;
  }
}

function answered<Value>(value: Value): Exclude<Value, symbol> {
  if (isAnswer(value)) return value;
  throw new InterruptedError();
}

const isAnswer = <Value>(value: Value): value is Exclude<Value, symbol> => typeof value !== "symbol";

async function write(directory: string, files: readonly ScaffoldFile[], force: boolean): Promise<void> {
  const places = files.map((file) => ({ ...file, place: join(directory, file.path) }));
  const existing = places.filter(({ place }) => existsSync(place)).map(({ place }) => relative(process.cwd(), place));
  if (existing.length > 0 && !force) {
    throw new FileExistsError(existing, "choose another name, another --directory, or overwrite with --force");
  }
  for (const { place, content, executable } of places) {
    // What is in the data directory is private, as the server makes it.
    const isData = relative(directory, place).startsWith(".caxton");
    await mkdir(dirname(place), { recursive: true, ...(isData && { mode: PRIVATE_DIRECTORY }) });
    await writeFile(place, content, isData ? { mode: PRIVATE_FILE } : {});
    if (executable) await chmod(place, EXECUTABLE);
  }
}

type Made = {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly ScaffoldFile[];
  readonly request: string;
};

function printResult({ terminal }: Context, { name, directory, files, request }: Made): void {
  const { style } = terminal;
  const near = relative(process.cwd(), directory) || ".";
  const shown = files.filter(({ path }) => !basename(path).startsWith(".") && !path.startsWith("."));
  terminal.write(`made ${style("bold", near)} with ${shown.map(({ path }) => path).join(", ")}\n`);
  const steps: [string, string][] = [
    ...(near === "." ? [] : [[`cd ${near}`, ""] satisfies [string, string]]),
    [`caxton agent test ${name}.toml`, "its tests"],
    ["caxton dev", "a server; leave it running"],
    [`caxton run ${name} ${request}`, "in another terminal"],
  ];
  const called = steps.map(([step, meaning]) => [terminal.asCalled(step, directory), meaning] as const);
  // The long last line does not move the others' meanings to the right.
  const width = Math.max(...called.slice(0, -1).map(([step]) => step.length));
  const lines = called.map(([step, meaning]) => `  ${step.padEnd(width)}  ${style("dim", meaning)}`.trimEnd());
  terminal.write(`\nNext:\n${lines.join("\n")}\n`);
}
