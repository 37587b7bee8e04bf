import type { Command } from "commander";
import * as z from "zod";
import { agents, type DeployOutcome, ROUTES, type ValidationReport } from "../../api/contract/index.ts";
import type { Json } from "../../kernel/json.ts";
import type { Answer, Client } from "../client/index.ts";
import { type DefinitionSource, invalidDefinition, readDefinitions, withSourceLines } from "./files.ts";
import { act, type Context, examples, type Invocation, pathOf, showDocument, toJson } from "../frame/index.ts";
import { safeText, type Style } from "../terminal/index.ts";

/** Deploys one definition. Throws DefinitionProblemsError and what the client throws. */
export async function deployDefinition(client: Client, file: DefinitionSource): Promise<Answer<DeployOutcome>> {
  try {
    return await client.request({
      method: "POST",
      path: ROUTES.agents,
      body: { source: file.source, file_name: file.fileName },
      schema: agents.DeployOutcome,
    });
  } catch (error) {
    throw await withSourceLines(error, file);
  }
}

/** `caxton agent deploy` */
export function agentDeploy(command: Command, invocation: Invocation): void {
  command
    .summary("deploy definition files")
    .description(
      "Deploy definition files, or all in a directory. A changed file becomes the agent's next revision, an " +
        "unchanged one is left alone. All files are checked before the first is deployed.",
    )
    .argument("<file...>", "TOML or Markdown files, or directories of them");
  examples(command, [
    ["caxton agent deploy agents/greeter.toml", ""],
    ["caxton agent deploy agents", "everything in the directory"],
    ["caxton agent deploy ~/.claude/agents/reviewer.md", "files of other agent tools load as they are"],
  ]);
  act(command, invocation, {
    input: z.object({ file: z.array(z.string()) }),
    formats: ["table", "json", "jsonl", "yaml", "name"],
    run: async (context, input) => {
      const files = await readDefinitions(input.file, pathOf(command));
      for (const file of files) await refuseInvalid(context.client, file);
      const outcomes: Answer<DeployOutcome>[] = [];
      for (const file of files) {
        const outcome = await deployDefinition(context.client, file);
        outcomes.push(outcome);
        tellDeployed(context, file, outcome);
      }
      await showAll(context, outcomes);
    },
  });
}

async function refuseInvalid(client: Client, file: DefinitionSource): Promise<void> {
  const { value } = await validateOnServer(client, file);
  if (!value.valid) throw invalidDefinition(file.fileName, value.problems, ({ rendered }) => rendered);
}

const validateOnServer = (client: Client, file: DefinitionSource): Promise<Answer<ValidationReport>> =>
  client.request({
    method: "POST",
    path: ROUTES.validateAgent,
    body: { source: file.source, file_name: file.fileName },
    schema: agents.ValidationReport,
  });

function tellDeployed(
  { terminal, format }: Context,
  file: DefinitionSource,
  { value, raw }: Answer<DeployOutcome>,
): void {
  const { outcome, agent } = value;
  if (format === "name") terminal.write(`${agent.name}\n`);
  if (format === "jsonl") terminal.write(`${JSON.stringify(raw)}\n`);
  if (format !== "table") return;
  const done = terminal.style(outcome === "unchanged" ? "dim" : "green", outcome.padEnd(9));
  terminal.write(`${done}  ${agent.name}  revision ${agent.revision}  ${file.fileName}\n`);
  for (const { rendered } of agent.warnings) terminal.note(safeText(rendered));
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
      "Check definition files, or all in a directory, and show every problem with its line. Needs no server, except to " +
        "look up tools. Exits with 6 when a file has an error.",
    )
    .argument("<file...>", "TOML or Markdown files, or directories of them")
    .option("--check-tools", "let the server check, which knows the tools there are")
    .option("--strict", "take warnings for errors");
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
      const files = await readDefinitions(input.file, pathOf(command));
      const reports: Answer<ValidationReport>[] = [];
      for (const file of files) {
        const report = input.checkTools ? await validateOnServer(context.client, file) : await validateHere(file);
        reports.push(report);
        tellReport(context, file, report);
      }
      await showAll(context, reports);
      const passes = ({ value }: Answer<ValidationReport>) =>
        value.valid && !(input.strict && value.problems.length > 0);
      return reports.every(passes) ? 0 : EXIT_INVALID;
    },
  });
}

async function validateHere({ source, fileName }: DefinitionSource): Promise<Answer<ValidationReport>> {
  const [{ readDefinition }, { renderProblem }] = await Promise.all([
    import("../../agents/index.ts"),
    import("../../documents/index.ts"),
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

function tellReport(
  { terminal, format }: Context,
  { fileName }: DefinitionSource,
  { value, raw }: Answer<ValidationReport>,
): void {
  if (format === "jsonl") terminal.write(`${JSON.stringify(raw)}\n`);
  if (format !== "table") return;
  for (const problem of value.problems) terminal.write(`${toned(problem, terminal.style)}\n`);
  if (value.valid) terminal.write(`${terminal.style("green", "valid")}  ${fileName}  ${value.name ?? ""}\n`);
}

/** A problem with its first line in the colour of its severity. */
function toned({ rendered, severity }: ValidationReport["problems"][number], style: Style): string {
  const [first = "", ...rest] = safeText(rendered).split("\n");
  return [style(severity === "error" ? "red" : "yellow", first), ...rest].join("\n");
}
