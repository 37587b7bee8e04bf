import type { Command } from "commander";
import * as z from "zod";
import { operations, type ToolServerRecord } from "../../api/contract/index.ts";
import type { Answer } from "../client/index.ts";
import {
  act,
  confirm,
  type Context,
  examples,
  type Invocation,
  ONE_FORMATS,
  commandPath,
  revisionOption,
  showOne,
} from "../frame/index.ts";
import { changeLines } from "./changes.ts";
import { countOf, oneLine } from "../terminal/index.ts";

async function show(
  context: Context,
  { raw, value }: Answer<ToolServerRecord>,
  done: (record: ToolServerRecord) => string,
) {
  await showOne(context, { raw, name: value.name, human: () => `${done(value)}\n` });
}

/** `caxton tool pause` */
export function toolPause(command: Command, invocation: Invocation): void {
  command
    .summary("pause a tool server")
    .description(
      "Pause a tool server: its tools are hidden from models and its calls are refused, across restarts, until it is resumed. Running calls finish.",
    )
    .argument("<server>", "name of the tool server")
    .option("--reason <text>", "reason, shown when a call is refused");
  examples(command, [[`caxton tool pause weather --reason "the API costs too much"`, ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string(), reason: z.string().default("") }),
    formats: ONE_FORMATS,
    run: async (context, { server, reason }) => {
      const paused = await context.client.call(operations.toolServer.pause, { name: server, reason });
      await show(context, paused, ({ name }) => `paused  ${name}`);
    },
  });
}

/** `caxton tool resume` */
export function toolResume(command: Command, invocation: Invocation): void {
  command
    .summary("resume a paused tool server")
    .description("Resume a paused tool server.")
    .argument("<server>", "name of the tool server");
  examples(command, [["caxton tool resume weather", ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { server }) => {
      const resumed = await context.client.call(operations.toolServer.resume, { name: server });
      await show(context, resumed, ({ name }) => `resumed  ${name}`);
    },
  });
}

/** `caxton tool accept` */
export function toolAccept(command: Command, invocation: Invocation): void {
  command
    .summary("accept a pending revision")
    .description(
      "Accept the pending revision of a tool server, which then serves. Of a remote server, accept its current tools. Shows the changes and asks for confirmation unless --yes is given.",
    )
    .argument("<server>", "name of the tool server")
    .addOption(revisionOption("--revision <n>", "only if this revision is pending"));
  examples(command, [
    ["caxton tool diff weather", "what would change"],
    ["caxton tool accept weather", ""],
    ["caxton tool accept weather --revision 4 --yes", "for scripts: fails when another one waits by now"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.string(), revision: z.number().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { server, revision }) => {
      const { value } = await context.client.call(operations.toolServer.get, { name: server });
      const { terminal } = context;
      for (const line of changeLines(value.pending?.changes ?? [], terminal.noteStyle)) terminal.note(line);
      // Nothing is asked about what does not wait: the server says so.
      const asks = value.pending !== null;
      if (asks && !(await confirm(context, `Let revision ${value.pending?.revision} serve?`, commandPath(command))))
        return;
      await show(
        context,
        await context.client.call(operations.toolServer.accept, {
          name: server,
          revision: revision ?? value.pending?.revision,
        }),
        (record) => `accepted  ${record.name}${record.revision === null ? "" : `  revision ${record.revision}`}`,
      );
    },
  });
}

/** `caxton tool activate` */
export function toolActivate(command: Command, invocation: Invocation): void {
  command
    .summary("activate another revision (rollback)")
    .description(
      "Activate a stored revision of a tool server, for example the previous one. Running calls finish on their revision.",
    )
    .argument("<server>", "name of the tool server")
    .addOption(
      revisionOption("--revision <n>", "revision; list them with: caxton tool versions").makeOptionMandatory(),
    );
  examples(command, [["caxton tool activate weather --revision 2", "roll back"]]);
  act(command, invocation, {
    input: z.object({ server: z.string(), revision: z.number() }),
    formats: ONE_FORMATS,
    run: async (context, { server, revision }) => {
      const serving = await context.client.call(operations.toolServer.activate, { name: server, revision });
      await show(context, serving, ({ name }) => `serving  ${name}  revision ${revision}`);
    },
  });
}

/** `caxton tool delete` */
export function toolDelete(command: Command, invocation: Invocation): void {
  command
    .summary("delete tool servers")
    .description(
      "Delete tool servers. Running calls finish. Built-in servers can only be paused; servers in the tools directory are deployed again at the next start.",
    )
    .argument("<server...>", "names of tool servers");
  examples(command, [
    ["caxton tool delete weather", "asks first"],
    ["caxton tool delete weather --yes", "does not ask"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.array(z.string()) }),
    formats: ["table", "name"],
    run: async (context, { server: names }) => {
      const { terminal, client, format } = context;
      if (!(await confirm(context, `Delete ${names.map(oneLine).join(", ")}?`, commandPath(command)))) return;
      for (const name of names) {
        const { value } = await client.call(operations.toolServer.delete, { name });
        terminal.write(format === "name" ? `${value.name}\n` : `deleted  ${value.name}\n`);
        if (value.state === "draining")
          terminal.note(`${countOf(value.calls_under_way, "call")} in progress may finish first`);
      }
    },
  });
}
