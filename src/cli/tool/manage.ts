import type { Command } from "commander";
import * as z from "zod";
import { fillRoute, type RouteName, type ToolServerRecord, tools } from "../../api/contract/index.ts";
import {
  act,
  confirm,
  type Context,
  examples,
  type Invocation,
  ONE_FORMATS,
  pathOf,
  revisionOption,
  showOne,
} from "../frame/index.ts";
import { changeLines } from "./changes.ts";
import { countOf, oneLine } from "../terminal/index.ts";

type Steering = { readonly route: RouteName; readonly server: string; readonly body: object };

async function steer(context: Context, { route, server, body }: Steering, done: (record: ToolServerRecord) => string) {
  const { raw, value } = await context.client.request({
    method: "POST",
    path: fillRoute(route, { name: server }),
    body,
    schema: tools.ToolServerRecord,
  });
  await showOne(context, { raw, name: value.name, human: () => `${done(value)}\n` });
}

/** `caxton tool pause` */
export function toolPause(command: Command, invocation: Invocation): void {
  command
    .summary("refuse a tool server's calls until it is resumed")
    .description(
      "Pause a tool server: models are not told of its tools and its calls are refused, across restarts, until it is " +
        "resumed. Calls under way go on.",
    )
    .argument("<server>", "a tool server")
    .option("--reason <text>", "why; shown wherever it is refused");
  examples(command, [[`caxton tool pause weather --reason "the API costs too much"`, ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string(), reason: z.string().default("") }),
    formats: ONE_FORMATS,
    run: (context, { server, reason }) =>
      steer(context, { route: "pauseToolServer", server, body: { reason } }, ({ name }) => `paused  ${name}`),
  });
}

/** `caxton tool resume` */
export function toolResume(command: Command, invocation: Invocation): void {
  command
    .summary("let a paused tool server take calls again")
    .description("Let a paused tool server take calls again.")
    .argument("<server>", "a tool server");
  examples(command, [["caxton tool resume weather", ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string() }),
    formats: ONE_FORMATS,
    run: (context, { server }) =>
      steer(context, { route: "resumeToolServer", server, body: {} }, ({ name }) => `resumed  ${name}`),
  });
}

/** `caxton tool accept` */
export function toolAccept(command: Command, invocation: Invocation): void {
  command
    .summary("let what changed serve")
    .description(
      "Accept the revision of a tool server that waits because it changed: it serves from now on. Of a remote server, " +
        "accept the tools it has now. Shows what changes and asks, unless --yes is given.",
    )
    .argument("<server>", "a tool server")
    .addOption(revisionOption("--revision <n>", "only if it is this one that waits"));
  examples(command, [
    ["caxton tool diff weather", "what would change"],
    ["caxton tool accept weather", ""],
    ["caxton tool accept weather --revision 4 --yes", "for scripts: fails when another one waits by now"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.string(), revision: z.number().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { server, revision }) => {
      const { value } = await context.client.request({
        path: fillRoute("managedToolServer", { name: server }),
        schema: tools.ToolServerRecord,
      });
      const { terminal } = context;
      for (const line of changeLines(value.pending?.changes ?? [], terminal.noteStyle)) terminal.note(line);
      // Nothing is asked about what does not wait: the server says so.
      const asks = value.pending !== null;
      if (asks && !(await confirm(context, `Let revision ${value.pending?.revision} serve?`, pathOf(command)))) return;
      const body = { revision: revision ?? value.pending?.revision };
      await steer(
        context,
        { route: "acceptToolServer", server, body },
        (record) => `accepted  ${record.name}${record.revision === null ? "" : `  revision ${record.revision}`}`,
      );
    },
  });
}

/** `caxton tool activate` */
export function toolActivate(command: Command, invocation: Invocation): void {
  command
    .summary("let another revision serve, such as an older one")
    .description(
      "Let a revision of a tool server serve that is kept, such as the one before. It takes less than a second; calls " +
        "under way end on the revision they began on.",
    )
    .argument("<server>", "a tool server")
    .addOption(revisionOption("--revision <n>", "which one: caxton tool versions").makeOptionMandatory());
  examples(command, [["caxton tool activate weather --revision 2", "roll back"]]);
  act(command, invocation, {
    input: z.object({ server: z.string(), revision: z.number() }),
    formats: ONE_FORMATS,
    run: (context, { server, revision }) =>
      steer(
        context,
        { route: "activateToolServer", server, body: { revision } },
        ({ name }) => `serving  ${name}  revision ${revision}`,
      ),
  });
}

/** `caxton tool delete` */
export function toolDelete(command: Command, invocation: Invocation): void {
  command
    .summary("take tool servers away")
    .description(
      "Take tool servers away. Calls under way end as they would have. What is built in can only be paused, and what " +
        "lies in the tools directory comes back with the next start.",
    )
    .argument("<server...>", "their names");
  examples(command, [
    ["caxton tool delete weather", "asks first"],
    ["caxton tool delete weather --yes", "does not ask"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.array(z.string()) }),
    formats: ["table", "name"],
    run: async (context, { server: names }) => {
      const { terminal, client, format } = context;
      if (!(await confirm(context, `Delete ${names.map(oneLine).join(", ")}?`, pathOf(command)))) return;
      for (const name of names) {
        const { value } = await client.request({
          method: "DELETE",
          path: fillRoute("managedToolServer", { name }),
          schema: tools.ToolServerDeletion,
        });
        terminal.write(format === "name" ? `${value.name}\n` : `deleted  ${value.name}\n`);
        if (value.state === "draining")
          terminal.note(`${countOf(value.calls_under_way, "call")} under way may come to an end first`);
      }
    },
  });
}
