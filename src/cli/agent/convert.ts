import { readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import type { Problem } from "../../text/documents/index.ts";
import { invalidDefinition } from "./files.ts";
import { unreadable } from "../client/index.ts";
import {
  act,
  examples,
  FileExistsError,
  type Invocation,
  commandPath,
  showDocument,
  UsageError,
} from "../frame/index.ts";

const EXTENSIONS = { toml: ".toml", markdown: ".md", yaml: ".yaml" } as const;

/** `caxton agent convert` */
export function agentConvert(command: Command, invocation: Invocation): void {
  command
    .summary("convert a definition between TOML and Markdown")
    .description(
      "Print an agent in the other format: TOML from YAML or Markdown with front matter, Markdown from TOML. Comments are dropped. Keys without a counterpart are reported on standard error.",
    )
    .argument("<file>", "TOML, YAML or Markdown definition")
    .option("-w, --write", "write the result beside the file instead of printing it")
    .option("--force", "with --write: overwrite an existing file");
  examples(command, [
    ["caxton agent convert ~/.claude/agents/reviewer.md", "print it as TOML"],
    ["caxton agent convert reviewer.md --write", "write reviewer.toml"],
  ]);
  act(command, invocation, {
    input: z.object({ file: z.string(), write: z.boolean().default(false), force: z.boolean().default(false) }),
    formats: ["text"],
    run: async ({ terminal }, { file, write, force }) => {
      const source = await readFile(file, "utf8").catch((error: unknown) => {
        throw unreadable(file, error);
      });
      const [{ convertDefinition }, { renderProblem }] = await Promise.all([
        import("../../agents/definitions/index.ts"),
        import("../../text/documents/index.ts"),
      ]);
      const render = (problem: Problem) => renderProblem(problem, source, { colour: false });
      const converted = convertDefinition(source, file);
      if (converted.type === "invalid") throw invalidDefinition(file, converted.problems, render);
      for (const problem of converted.problems) terminal.note(render(problem));
      if (!write) return terminal.write(converted.text);
      const target = file.replace(/\.[^./\\]+$/, "") + EXTENSIONS[converted.format];
      if (target === file) throw new UsageError(`${basename(file)} is in that format already`, commandPath(command));
      if (existsSync(target) && !force) throw new FileExistsError([target], "overwrite it with --force");
      await writeFile(target, converted.text);
      terminal.note(`wrote ${target}`);
    },
  });
}

/** `caxton agent schema` */
export function agentSchema(command: Command, invocation: Invocation): void {
  command
    .summary("print the JSON Schema of definition files")
    .description(
      "Print the JSON Schema of definition files, or of their tests. Editors use it for completion and validation.",
    )
    .option("--tests", "print the schema of test files: greeter.test.toml");
  examples(command, [
    ["caxton agent schema > agent.v1.json", ""],
    ["caxton agent schema --tests > agent-test.v1.json", ""],
  ]);
  act(command, invocation, {
    input: z.object({ tests: z.boolean().default(false) }),
    formats: ["json", "yaml"],
    run: async (context, { tests }) => {
      if (tests) {
        const { agentTestSchema } = await import("../../agents/test-files/index.ts");
        return showDocument(context, agentTestSchema());
      }
      const { agentSchema: schemaOf } = await import("../../agents/definitions/index.ts");
      await showDocument(context, schemaOf());
    },
  });
}
