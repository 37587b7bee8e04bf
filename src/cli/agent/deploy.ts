import type { Command } from "commander";
import * as z from "zod";
import { type DeployOutcome, operations, type ValidationReport } from "../../api/contract/index.ts";
import type { Json } from "../../kernel/json.ts";
import type { Answer, Client } from "../client/index.ts";
import {
  DefinitionProblemsError,
  type DefinitionSource,
  DuplicateDefinitionError,
  duplicatesAmong,
  invalidDefinition,
  readDefinitions,
  withSourceLines,
} from "./files.ts";
import { act, type Context, examples, type Invocation, commandPath, showDocument, toJson } from "../frame/index.ts";
import { countOf, safeText, showCount, type Style } from "../terminal/index.ts";

/** Deploys one definition. Throws DefinitionProblemsError and what the client throws. */
export async function deployDefinition(client: Client, file: DefinitionSource): Promise<Answer<DeployOutcome>> {
  try {
    return await client.call(operations.agent.deploy, { source: file.source, file_name: file.fileName });
  } catch (error) {
    throw await withSourceLines(error, file);
  }
}

/** `caxton agent deploy` */
export function agentDeploy(command: Command, invocation: Invocation): void {
  command
    .summary("deploy definition files")
    .description(
      "Deploy definition files, or all in a directory. A changed file becomes the agent's next revision. Unchanged files are skipped. All files are checked before the first is deployed.",
    )
    .argument("<file...>", "TOML, YAML or Markdown files, or directories of them");
  examples(command, [
    ["caxton agent deploy agents/greeter.toml", ""],
    ["caxton agent deploy agents", "everything in the directory"],
    ["caxton agent deploy ~/.claude/agents/reviewer.md", "files of other agent tools load as they are"],
  ]);
  act(command, invocation, {
    input: z.object({ file: z.array(z.string()) }),
    formats: ["table", "json", "jsonl", "yaml", "name"],
    run: async (context, input) => {
      const files = await readDefinitions(input.file, commandPath(command), context.terminal);
      await refuseInvalid(context.client, files);
      const isDetailed = context.verbose || files.length <= DETAILED_FILES_MAX;
      const outcomes: Answer<DeployOutcome>[] = [];
      for (const file of files) {
        const outcome = await deployDefinition(context.client, file);
        outcomes.push(outcome);
        printDeployed(context, file, outcome, isDetailed);
      }
      if (context.format === "table" && files.length > 1) context.terminal.write(`${deploySummary(outcomes)}\n`);
      await showAll(context, outcomes);
    },
  });
}

/** With more files than this, warnings are counted instead of printed. */
const DETAILED_FILES_MAX = 3;

/** Throws DefinitionProblemsError with the errors of all files, DuplicateDefinitionError. */
async function refuseInvalid(client: Client, files: readonly DefinitionSource[]): Promise<void> {
  const checked: { readonly file: DefinitionSource; readonly value: ValidationReport }[] = [];
  for (const file of files) checked.push({ file, value: (await validateOnServer(client, file)).value });
  const invalid = checked.filter(({ value }) => !value.valid);
  const [first, ...others] = invalid;
  if (first !== undefined && others.length === 0)
    throw invalidDefinition(first.file.fileName, first.value.problems, ({ rendered }) => rendered);
  if (first !== undefined)
    throw new DefinitionProblemsError(
      `${invalid.length} of ${files.length} files have errors; none was deployed`,
      "correct them, or name the files to deploy",
      { problems: invalid.flatMap(({ value }) => value.problems.filter(({ severity }) => severity === "error")) },
    );
  const duplicates = duplicatesAmong(checked.map(({ file, value }) => ({ fileName: file.fileName, name: value.name })));
  if (duplicates.length > 0) throw new DuplicateDefinitionError(duplicates);
}

const validateOnServer = (client: Client, file: DefinitionSource): Promise<Answer<ValidationReport>> =>
  client.call(operations.agent.validate, { source: file.source, file_name: file.fileName });

function printDeployed(
  { terminal, format }: Context,
  file: DefinitionSource,
  { value, raw }: Answer<DeployOutcome>,
  isDetailed: boolean,
): void {
  const { outcome, agent } = value;
  if (format === "name") terminal.write(`${agent.name}\n`);
  if (format === "jsonl") terminal.write(`${JSON.stringify(raw)}\n`);
  if (format !== "table") return;
  const done = terminal.style(outcome === "unchanged" ? "dim" : "green", outcome.padEnd(9));
  const { warnings } = agent;
  const count = isDetailed || warnings.length === 0 ? "" : `  ${countOf(warnings.length, "warning")}`;
  terminal.write(`${done}  ${agent.name}  revision ${agent.revision}  ${file.fileName}${count}\n`);
  if (isDetailed) for (const { rendered } of warnings) terminal.note(safeText(rendered));
}

function deploySummary(outcomes: readonly Answer<DeployOutcome>[]): string {
  const numbers = (["created", "updated", "unchanged"] as const).flatMap((kind) => {
    const count = outcomes.filter(({ value }) => value.outcome === kind).length;
    return count === 0 ? [] : [`${showCount(count)} ${kind}`];
  });
  const warnings = outcomes.reduce((sum, { value }) => sum + value.agent.warnings.length, 0);
  return [...numbers, countOf(warnings, "warning")].join(", ");
}

/** One answer as the API gave it, several as a list. */
async function showAll(context: Context, answers: readonly Answer<unknown>[]): Promise<void> {
  if (context.format !== "json" && context.format !== "yaml") return;
  const [only, ...others] = answers.map(({ raw }): Json => raw);
  await showDocument(
    context,
    only !== undefined && others.length === 0 ? only : { items: answers.map(({ raw }) => raw), next: null },
  );
}

const EXIT_INVALID = 6;

/** `caxton agent validate` */
export function agentValidate(command: Command, invocation: Invocation): void {
  command
    .summary("check definition files without deploying them")
    .description(
      "Check definition files, or all in a directory, and show every problem with its line. Needs no server, except to look up tools. Exits with 6 if a file has an error.",
    )
    .argument("<file...>", "TOML, YAML or Markdown files, or directories of them")
    .option("--check-tools", "check on the server, which knows the available tools")
    .option("--strict", "treat warnings as errors");
  examples(command, [
    ["caxton agent validate agents", ""],
    ["caxton agent validate agents --check-tools --strict", "all that can be checked, for continuous integration"],
  ]);
  act(command, invocation, {
    input: z.object({
      file: z.array(z.string()),
      checkTools: z.boolean().default(false),
      strict: z.boolean().default(false),
    }),
    formats: ["table", "json", "jsonl", "yaml"],
    run: async (context, input) => {
      const files = await readDefinitions(input.file, commandPath(command), context.terminal);
      const isDetailed = context.verbose || input.strict || files.length <= DETAILED_FILES_MAX;
      const reports: Answer<ValidationReport>[] = [];
      for (const file of files) {
        const report = input.checkTools ? await validateOnServer(context.client, file) : await validateHere(file);
        reports.push(report);
        printReport(context, file, report, isDetailed);
      }
      const duplicates = duplicatesAmong(
        files.map(({ fileName }, index) => ({ fileName, name: reports[index]?.value.name ?? null })),
      );
      if (context.format === "table" && files.length > 1) {
        for (const { rendered } of duplicates)
          context.terminal.write(`${context.terminal.style("red", "error")}  ${safeText(rendered)}\n`);
        context.terminal.write(`${validationSummary(reports, duplicates.length)}\n`);
        if (!isDetailed) context.terminal.note("print the warnings with --verbose");
      }
      await showAll(context, reports);
      const passes = ({ value }: Answer<ValidationReport>) =>
        value.valid && !(input.strict && value.problems.length > 0);
      return reports.every(passes) && duplicates.length === 0 ? 0 : EXIT_INVALID;
    },
  });
}

async function validateHere({ source, fileName }: DefinitionSource): Promise<Answer<ValidationReport>> {
  const [{ readDefinition }, { renderProblem }] = await Promise.all([
    import("../../agents/definitions/index.ts"),
    import("../../text/documents/index.ts"),
  ]);
  const reading = readDefinition(source, fileName);
  const value: ValidationReport = {
    valid: reading.type === "valid",
    name: reading.type === "valid" ? reading.definition.name : null,
    problems: reading.problems.map(({ alternatives, secret: _hidden, ...problem }) => ({
      ...problem,
      ...(alternatives && { alternatives: [...alternatives] }),
      rendered: renderProblem({ ...problem, ...(alternatives && { alternatives }) }, source, { colour: false }),
    })),
  };
  return { value, raw: toJson(value) };
}

function printReport(
  { terminal, format }: Context,
  { fileName }: DefinitionSource,
  { value, raw }: Answer<ValidationReport>,
  isDetailed: boolean,
): void {
  if (format === "jsonl") terminal.write(`${JSON.stringify(raw)}\n`);
  if (format !== "table") return;
  const shown = value.problems.filter(({ severity }) => isDetailed || severity === "error");
  for (const problem of shown) terminal.write(`${toned(problem, terminal.style)}\n`);
  const hidden = value.problems.length - shown.length;
  const count = hidden === 0 ? "" : `  ${countOf(hidden, "warning")}`;
  if (value.valid) terminal.write(`${terminal.style("green", "valid")}  ${fileName}  ${value.name ?? ""}${count}\n`);
}

function validationSummary(reports: readonly Answer<ValidationReport>[], duplicates: number): string {
  const problems = reports.flatMap(({ value }) => value.problems);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const valid = reports.filter(({ value }) => value.valid).length;
  const invalid = reports.length - valid;
  return [
    `${showCount(valid)} valid`,
    ...(invalid === 0 ? [] : [`${showCount(invalid)} invalid`]),
    countOf(errors + duplicates, "error"),
    countOf(problems.length - errors, "warning"),
  ].join(", ");
}

/** A problem with its first line in the colour of its severity. */
function toned({ rendered, severity }: ValidationReport["problems"][number], style: Style): string {
  const [first = "", ...rest] = safeText(rendered).split("\n");
  return [style(severity === "error" ? "red" : "yellow", first), ...rest].join("\n");
}
