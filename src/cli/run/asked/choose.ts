import type { Command } from "commander";
import * as z from "zod";
import { type ChooseBody, operations, type RunDetail } from "../../../api/contract/index.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  ONE_FORMATS,
  resolveRun,
  showOne,
  UsageError,
} from "../../frame/index.ts";
import { oneLine } from "../../terminal/index.ts";
import { choiceLines } from "./choice-lines.ts";
import { STATE_TONES } from "../detail.ts";

/** `caxton run choose` */
export function runChoose(command: Command, invocation: Invocation): void {
  command
    .summary("resolve a model failure: retry, switch or cancel")
    .description(
      "Resolve the model failure of a run in state awaiting-choice. retry calls the same model again, use switches to another model for the rest of the run, cancel ends the run. Without a choice, the options are shown. The run fails after runs.choice_timeout.",
    )
    .argument("<run>", "id, end of the id, or last")
    .addArgument(command.createArgument("[choice]", "what to do").choices(["retry", "use", "cancel"]))
    .argument("[model]", "provider/model, with use; default: the definition's first backup");
  examples(command, [
    ["caxton run list --state awaiting-choice", "runs that wait for you"],
    ["caxton run choose last", "show the failure and the options"],
    ["caxton run choose last retry", ""],
    ["caxton run choose last use ollama/llama3.1:8b", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      run: z.string(),
      choice: z.enum(["retry", "use", "cancel"]).optional(),
      model: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { run, choice, model }) => {
      const id = await resolveRun(context.client, run);
      if (model !== undefined && choice !== "use") throw usage(`${choice ?? "showing"} takes no model`);
      if (choice === undefined) return showChoice(context, id);
      const body = choice === "use" ? { choice, model: model ?? (await firstBackup(context, id)) } : { choice };
      const { raw, value } = await choose(context, id, body);
      const state = context.terminal.style(STATE_TONES[value.state], value.state);
      await showOne(context, { raw, name: value.id, human: () => `${value.id}  ${state}\n` });
    },
  });
}

const usage = (message: string): UsageError => new UsageError(message, "caxton run choose");

/** Sends the choice to the server. */
export const choose = ({ client }: Context, id: string, body: ChooseBody) =>
  client.call(operations.run.choose, { id, ...body });

const detailOf = async ({ client }: Context, id: string) => client.call(operations.run.get, { id });

async function firstBackup(context: Context, id: string): Promise<string> {
  const [backup] = (await detailOf(context, id)).value.choice?.backups ?? [];
  if (backup !== undefined) return backup;
  throw usage(`name a model: caxton run choose ${id} use provider/model   (the definition lists no backup)`);
}

async function showChoice(context: Context, id: string): Promise<void> {
  const { raw, value } = await detailOf(context, id);
  await showOne(context, {
    raw,
    name: id,
    human: () =>
      `${(value.choice === null ? [`run ${id} has nothing to choose: it is ${value.state}`] : choiceLines(id, value.choice)).join("\n")}\n`,
  });
}

/** Asks the person at the terminal; undefined when they leave the run as it is. */
export async function askChoice(
  { terminal }: Context,
  run: RunDetail,
  signal: AbortSignal,
): Promise<ChooseBody | undefined> {
  const { choice } = run;
  if (choice === null) return undefined;
  terminal.status(undefined);
  terminal.endLine();
  const prompts = await import("@clack/prompts");
  const output = terminal.streams.error;
  const picked = await prompts.select({
    message: `${oneLine(choice.failure.message)}  [${choice.failure.code}]`,
    output,
    signal,
    options: [
      { value: "retry", label: "Try again" },
      ...choice.backups.map((model) => ({ value: `use ${model}`, label: `Use ${oneLine(model)}` })),
      { value: "other", label: "Use another model" },
      { value: "cancel", label: "Cancel the run" },
      { value: "leave", label: "Decide later" },
    ],
  });
  if (prompts.isCancel(picked) || picked === "leave") return undefined;
  if (picked === "retry" || picked === "cancel") return { choice: picked };
  if (picked !== "other") return { choice: "use", model: picked.slice("use ".length) };
  const model = await prompts.text({ message: "provider/model", output, signal });
  return prompts.isCancel(model) || model.trim() === "" ? undefined : { choice: "use", model: model.trim() };
}
