import type { Command } from "commander";
import * as z from "zod";
import { type ModelProvider, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, LIST_FORMATS, showList } from "../frame/index.ts";
import type { Column } from "../terminal/index.ts";

const COLUMNS: readonly Column<ModelProvider>[] = [
  { title: "PROVIDER", value: ({ name }) => name, tone: () => "bold" },
  { title: "READY", value: ({ ready }) => (ready ? "yes" : "no"), tone: ({ ready }) => (ready ? "green" : "dim") },
  { title: "PROTOCOL", value: ({ type }) => type, wide: true },
  { title: "NOTE", value: ({ note }) => note, shrinks: true },
];

/** `caxton model providers` */
export function modelProviders(command: Command, invocation: Invocation): void {
  command
    .summary("list providers and their required credentials")
    .description(
      "List model providers. For a provider that is not ready, the list names the variable to set where the server starts. Define custom providers in models.providers of caxton.toml.",
    );
  examples(command, [
    ["caxton model providers", ""],
    ["caxton model providers -o json", ""],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: LIST_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.model.providers, {});
      await showList(context, {
        raw,
        items: value.items,
        columns: COLUMNS,
        name: ({ name }) => name,
        empty: "there are no providers",
      });
    },
  });
}
