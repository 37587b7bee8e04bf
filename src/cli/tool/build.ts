import { relative } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { act, type Context, examples, type Invocation, watchDirectory } from "../frame/index.ts";
import { oneLine, renderTable, safeText, showBytes, showSpan } from "../terminal/index.ts";
import type { BuiltTool, ToolEffects } from "../../tools/authoring/index.ts";
import { PACKAGE_DIRECTORY } from "../../kernel/package.ts";

const Input = z.object({ directory: z.string().default("."), watch: z.boolean().default(false) });

/** `caxton tool build` */
export function toolBuild(command: Command, invocation: Invocation): void {
  command
    .summary("compile a tool and verify it in the sandbox")
    .description(
      "Compile the sources of a directory with a tool.toml to module.wasm beside it. The module is then deployed to a temporary sandbox with the limits of its tool.toml, and its tools are listed. A module that cannot be deployed is not kept.",
    )
    .argument("[directory]", "directory of the tool.toml (default: here)")
    .option("-w, --watch", "rebuild when a file changes");
  examples(command, [
    ["caxton tool build", ""],
    ["caxton tool build tools/unit-price --watch", ""],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text", "json"],
    run: async (context, { directory, watch }) => {
      if (!watch) return build(context, directory);
      await watchDirectory(context, directory, () => build(context, directory));
    },
  });
}

const effectOf = ({ readOnly, idempotent, destructive }: ToolEffects): string =>
  readOnly ? "reads" : destructive === true ? "destroys" : idempotent ? "writes, repeatable" : "writes";

/** Builds the module and prints the result. */
export async function build(context: Context, directory: string): Promise<void> {
  const { buildTool } = await import("../../tools/authoring/index.ts");
  const { terminal } = context;
  const built = await buildTool(directory, {
    packageDirectory: PACKAGE_DIRECTORY,
    report: (what) => terminal.status(what),
    signal: new AbortController().signal,
  });
  terminal.status(undefined);
  if (context.format === "json") terminal.write(`${JSON.stringify(documentOf(built), undefined, 2)}\n`);
  else printResult(context, built);
}

const documentOf = ({ path, bytes, server, compileMs, notes }: BuiltTool): object => ({
  name: server.name,
  version: server.version,
  path,
  bytes,
  compile_ms: Math.round(compileMs),
  grants: server.grants,
  notes,
  tools: server.tools.map(({ name, description }) => ({ name, description })),
});

function printResult({ terminal }: Context, { path, bytes, server, compileMs, notes }: BuiltTool): void {
  const { style } = terminal;
  for (const note of notes) terminal.note(note);
  const near = relative(process.cwd(), path);
  terminal.write(
    `built ${style("bold", safeText(server.name))} ${server.version}  ${near}, ${showBytes(bytes)}, compiled in ${showSpan(compileMs)}\n`,
  );
  const grants = server.grants.length === 0 ? "nothing" : server.grants.map((grant) => oneLine(grant)).join(", ");
  terminal.write(`it may touch: ${grants}\n\n`);
  terminal.write(
    renderTable(
      [
        { title: "TOOL", value: (tool) => tool.name, tone: () => "bold" },
        { title: "EFFECT", value: ({ effects }) => effectOf(effects) },
        { title: "DESCRIPTION", value: (tool) => oneLine(tool.description), shrinks: true },
      ],
      server.tools,
      { widthMax: terminal.columns, wide: false, style },
    ),
  );
}
