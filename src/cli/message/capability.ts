import type { Command } from "commander";
import * as z from "zod";
import { type Capability, type CapabilityProvider, operations } from "../../api/contract/index.ts";
import { isJsonObject } from "../../kernel/json.ts";
import {
  act,
  type CommandMaker,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  showList,
  showPages,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { type Column, safeText } from "../terminal/index.ts";

/** `caxton capability` */
export const capability: CommandMaker = (command, invocation) => {
  command.description(
    "List and register capabilities. A message to a capability is delivered to the best provider. Deployed agents declare capabilities in their definitions; external programs register them.",
  );
  examples(command, [
    ["caxton capability list", "what can be asked for, and who does it"],
    ["caxton capability get data-analysis", "its providers, the one chosen first on top"],
    ["caxton capability register billing-bot invoicing --priority 80", ""],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  register(command.command("register"), invocation);
  update(command.command("update"), invocation);
  unregister(command.command("unregister"), invocation);
};

const columns: readonly Column<Capability>[] = [
  { title: "CAPABILITY", value: ({ name }) => name },
  { title: "PROVIDERS", value: ({ providers }) => String(providers.length) },
  { title: "ACTIVE", value: ({ providers }) => String(providers.filter(({ status }) => status === "active").length) },
  { title: "BY", value: ({ providers }) => providers.map(({ agent }) => agent).join(", "), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list capabilities")
    .description("List capabilities with their providers.")
    .option("--agent <name>", "only capabilities of this provider")
    .option("--available", "only capabilities with an active provider")
    .addOption(limitOption(50));
  examples(command, [["caxton capability list --available", ""]]);
  act(command, invocation, {
    input: z.object({ agent: z.string().optional(), available: z.boolean().default(false), limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { agent, available, limit }) => {
      const query = { agent, status: available ? ("active" as const) : undefined };
      await showPages(context, pagesOf(operations.capability.list, query), {
        limit,
        columns,
        name: ({ name }) => name,
        empty: 'no agent names a capability; add capabilities = ["…"] to a definition',
      });
    },
  });
}

const providerColumns: readonly Column<CapabilityProvider>[] = [
  { title: "AGENT", value: ({ agent }) => agent },
  { title: "VERSION", value: ({ version }) => version },
  {
    title: "STATUS",
    value: ({ status }) => status,
    tone: ({ status }) => (status === "active" ? "green" : status === "unhealthy" ? "red" : "yellow"),
  },
  { title: "PRIORITY", value: ({ priority }) => String(priority) },
  { title: "LOAD", value: ({ load }) => (load === null ? "" : load.toFixed(2)) },
  { title: "SCORE", value: ({ score }) => (score === null ? "" : score.toFixed(1)) },
  { title: "SOURCE", value: ({ source }) => source },
  { title: "REGISTRATION", value: (each) => each.registration_id ?? "", wide: true },
  { title: "HEALTH CHECK", value: (each) => each.health_check_url ?? "", wide: true },
];

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show the providers of a capability")
    .description("Show the providers of a capability, the one that best_match selects first.")
    .argument("<capability>", "capability name");
  examples(command, [["caxton capability get data-analysis -o wide", ""]]);
  act(command, invocation, {
    input: z.object({ capability: z.string() }),
    formats: LIST_FORMATS,
    run: async (context, { capability: name }) => {
      const { raw, value } = await context.client.call(operations.capability.get, { name });
      await showList(context, {
        raw: { items: (isJsonObject(raw) ? raw["providers"] : undefined) ?? [] },
        items: value.providers,
        columns: providerColumns,
        name: ({ agent }) => agent,
        empty: `no provider for capability ${name}`,
      });
    },
  });
}

function register(command: Command, invocation: Invocation): void {
  command
    .summary("register a capability")
    .description("Register a capability for a registered program or a deployed agent.")
    .argument("<agent>", "providing agent or program")
    .argument("<capability>", "capability name")
    .option("--version <semver>", "version of the capability", "1.0.0")
    .option("--priority <n>", "0 to 1000; higher is preferred", "50")
    .option(
      "--health-check <url>",
      "URL checked every minute; a response other than 2xx removes the provider from routing",
    );
  examples(command, [
    ["caxton capability register billing-bot invoicing --health-check http://127.0.0.1:9000/health", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      agent: z.string(),
      capability: z.string(),
      version: z.string(),
      priority: z.coerce.number().int(),
      healthCheck: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { agent, capability: name, version, priority, healthCheck }) => {
      const { raw, value } = await context.client.call(operations.capability.register, {
        agent,
        capability: name,
        version,
        priority,
        health_check_url: healthCheck,
      });
      await showOne(context, {
        raw,
        name: value.registration_id ?? "",
        human: () =>
          `${safeText(agent)} provides ${safeText(name)} ${version}  registration ${value.registration_id}\n`,
      });
    },
  });
}

function update(command: Command, invocation: Invocation): void {
  command
    .summary("update a registration")
    .description("Update the priority, status or load of a registration.")
    .argument("<registration>", "id; list ids with: caxton capability get -o wide")
    .option("--priority <n>", "0 to 1000")
    .addOption(command.createOption("--status <status>", "").choices(["active", "inactive", "draining"]))
    .option("--load <share>", "load, from 0 (idle) to 1 (full)");
  examples(command, [["caxton capability update 4f2a… --status draining", "finish running work, accept no new work"]]);
  act(command, invocation, {
    input: z.object({
      registration: z.string(),
      priority: z.coerce.number().int().optional(),
      status: z.enum(["active", "inactive", "draining"]).optional(),
      load: z.coerce.number().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { registration: id, ...changes }) => {
      if (Object.values(changes).every((value) => value === undefined))
        throw new UsageError("say what to change: --priority, --status or --load", "caxton capability update");
      const { raw, value } = await context.client.call(operations.capability.updateRegistration, { id, ...changes });
      await showOne(context, {
        raw,
        name: id,
        human: () =>
          `${safeText(value.agent)}  ${safeText(value.capability)}  ${value.status}  priority ${value.priority}\n`,
      });
    },
  });
}

function unregister(command: Command, invocation: Invocation): void {
  command
    .summary("remove a capability registration")
    .description("Remove a capability registration. Messages in the provider's mailbox are kept.")
    .argument("<registration>", "id of the registration");
  examples(command, [["caxton capability unregister 4f2a9c01-…", ""]]);
  act(command, invocation, {
    input: z.object({ registration: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { registration: id }) => {
      const { raw } = await context.client.call(operations.capability.deleteRegistration, { id });
      await showOne(context, { raw, name: id, human: () => `${safeText(id)} is deleted\n` });
    },
  });
}
