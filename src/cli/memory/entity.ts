import type { Command } from "commander";
import * as z from "zod";
import { listed, type MemoryEntity, operations, type GivenTo } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { Client } from "../client/index.ts";
import {
  act,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  pagesOf,
  ObservationReferenceError,
  ONE_FORMATS,
  showList,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { type Column, countOf, safeText, showAge } from "../terminal/index.ts";
import { entityText } from "./lines.ts";
import { Fields, fieldsOf, FieldsInput, withFields } from "./fields.ts";
import {
  atOption,
  factTokensOption,
  Filters,
  findEntity,
  narrowingOf,
  OLDER_FACTS,
  scopeOption,
  Scopes,
  scopesOption,
  withFilters,
} from "./reference.ts";

export const NAME = "its name, or its id";

const columns = (nowMs: number): readonly Column<MemoryEntity>[] => [
  { title: "NAME", value: ({ name }) => name, tone: () => "bold", shrinks: true },
  { title: "TYPE", value: ({ type }) => type },
  { title: "SCOPE", value: ({ scope }) => scope, shrinks: true },
  { title: "VERSION", value: ({ version }) => String(version), align: "right" },
  {
    title: "CHANGED",
    value: (each) => each.updated_at,
    short: (each) => showAge(Date.parse(each.updated_at), nowMs),
  },
  { title: "ID", value: ({ id }) => id, wide: true },
  { title: "FACTS", value: ({ observations }) => observations.map(({ text }) => text).join("; "), shrinks: true },
];

export function list(command: Command, invocation: Invocation): void {
  command
    .summary("list entities")
    .description("List entities by name.")
    .addOption(scopesOption())
    .addOption(atOption("any"))
    .addOption(limitOption(50));
  withFilters(command);
  examples(command, [
    ["caxton memory list --type person", ""],
    ["caxton memory list --agent support --metadata team=billing --at now", "what support said, as far as it holds"],
    ["caxton memory list --updated-from 2026-11-01 --min-confidence 0.8", "what was changed this month, and is sure"],
    ["caxton memory list --max-tokens 500", "as many as fit into a prompt"],
    ["caxton memory list --scope agent-only:support -o wide", "what one agent keeps for itself, with ids"],
  ]);
  act(command, invocation, {
    input: z.object({ scope: Scopes, at: z.string(), limit: z.number(), ...Filters }),
    formats: LIST_FORMATS,
    run: async (context, { scope, at, limit, ...filters }) => {
      const metadata = filters.metadata && JSON.stringify(filters.metadata);
      const narrowed = { type: filters.type, metadata, ...narrowingOf(filters) };
      const query = { scopes: listed(scope), at, ...narrowed };
      const isOnePage = filters.maxTokens !== undefined;
      const pages = { ...pagesOf(operations.memory.list, query), isSparse: true, isOnePage };
      const found = await listUpTo(context.client, pages, limit);
      await showList(context, {
        raw: found.raw,
        items: found.value.items,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        // A bound of tokens leaves the first there.
        empty: Object.values({ ...narrowed, at: at === "any" ? undefined : at, max_tokens: undefined }).every(
          (value) => value === undefined,
        )
          ? `nothing is remembered in ${scope.join(", ")}; begin: caxton memory add <name> "<fact>"`
          : `nothing like that is remembered in ${scope.join(", ")}; see: caxton memory list`,
        footer:
          found.value.next === null
            ? ""
            : `more: ${found.value.items.length < limit ? "a higher --max-tokens" : `--limit ${limit * 2}`}`,
      });
    },
  });
}

export function get(command: Command, invocation: Invocation): void {
  command
    .summary("show an entity with its facts")
    .description("Show an entity with its current facts.")
    .argument("<name>", NAME)
    .addOption(scopeOption())
    .addOption(factTokensOption());
  examples(command, [
    ["caxton memory get Anna", ""],
    ["caxton memory get Anna --scope global -o yaml", ""],
    ["caxton memory get Anna --max-tokens 200", "with its newest facts, for a prompt"],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string(), scope: z.string().optional(), maxTokens: z.number().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { name, scope, maxTokens }) => {
      const { raw, value } = await findEntity(context.client, name, scope, maxTokens);
      const human = () => entityText(value, context.terminal);
      await showOne(context, { raw, name: value.name, human });
      if (value.truncated) context.terminal.note(OLDER_FACTS);
    },
  });
}

/** The change that the options ask for: with a fact, certainty and times are the fact's. Throws UsageError. */
function revisionOf(input: z.infer<typeof FieldsInput>, fact: string | undefined, command: string): object {
  if (fact === undefined) return fieldsOf(input, command);
  const { confidence, validFrom, validTo, ...rest } = input;
  const claims = fieldsOf({ confidence, validFrom, validTo }, command);
  if (Object.keys(claims).length === 0) {
    throw new UsageError("say what of the fact to change: --confidence, --valid-from or --valid-to", command);
  }
  return { ...fieldsOf(rest, command), observations: [{ text: fact, ...claims }] };
}

export function revise(command: Command, invocation: Invocation): void {
  command
    .summary("change an entity's fields")
    .description(
      "Change fields of an entity; other fields are unchanged. Use add to add facts and withdraw to retract them. With --fact, change confidence and validity of a fact.",
    )
    .argument("<entity>", NAME)
    .addOption(scopeOption())
    .option("--name <name>", "new name")
    .option("--type <type>", "new type")
    .option("--fact <text>", "exact text of one of its facts; confidence and times then apply to the fact");
  withFields(command);
  examples(command, [
    ['caxton memory revise Anna --name "Anna Nowak"', ""],
    ["caxton memory revise Acme --type customer --strength 0.9", ""],
    ['caxton memory revise Anna --fact "leads billing" --confidence 0.5 --valid-to 2026-12-31', "the fact, not Anna"],
  ]);
  act(command, invocation, {
    input: z.object({
      entity: z.string(),
      name: z.string().optional(),
      scope: z.string().optional(),
      fact: z.string().optional(),
      ...Fields,
    }),
    formats: ONE_FORMATS,
    run: async (context, { entity, name, scope, fact, ...input }) => {
      const path = "caxton memory revise";
      const body = { ...revisionOf(input, fact, path), ...(name !== undefined && { name }) };
      if (Object.keys(body).length === 0) throw new UsageError("say what to change, such as --type or --name", path);
      const { id } = (await findEntity(context.client, entity, scope)).value;
      const { raw, value } = await change(context.client, id, body);
      await showOne(context, { raw, name: value.name, human: () => entityText(value, context.terminal) });
    },
  });
}

const change = (client: Client, id: string, body: Omit<GivenTo<typeof operations.memory.revise>, "id">) =>
  client.call(operations.memory.revise, { id, ...body });

export function withdraw(command: Command, invocation: Invocation): void {
  command
    .summary("retract a fact")
    .description(
      "Retract a fact that is no longer true. It stays in the history; caxton memory forget deletes it permanently.",
    )
    .argument("<name>", NAME)
    .argument("<text>", "exact text of the fact")
    .addOption(scopeOption());
  examples(command, [['caxton memory withdraw Anna "leads billing"', ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), text: z.string(), scope: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { name, text, scope }) => {
      const { value: entity } = await findEntity(context.client, name, scope);
      const wanted = text.normalize("NFC").trim();
      if (!entity.observations.some((one) => one.text === wanted)) {
        throw new ObservationReferenceError(
          `${entity.name} has no fact "${text}"`,
          entity.observations.length === 0
            ? "nothing is said of it"
            : `its facts, written as they are: ${entity.observations.map((one) => `"${one.text}"`).join(", ")}`,
          { entity: entity.id },
        );
      }
      const { raw, value } = await change(context.client, entity.id, { withdraw: [wanted] });
      const left = countOf(value.observations.length, "fact");
      const human = () => `${safeText(value.name)}: withdrawn, ${left} left, version ${value.version}\n`;
      await showOne(context, { raw, name: value.name, human });
    },
  });
}
