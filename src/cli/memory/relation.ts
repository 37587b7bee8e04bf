import type { Command } from "commander";
import * as z from "zod";
import { listed, type MemoryGraph, type GivenTo, operations } from "../../api/contract/index.ts";
import type { Answer, Client } from "../client/index.ts";
import {
  act,
  examples,
  type Invocation,
  limitOption,
  listOption,
  ONE_FORMATS,
  showOne,
  toJson,
  wholeNumber,
} from "../frame/index.ts";
import { oneLine, safeText } from "../terminal/index.ts";
import { NAME } from "./entity.ts";
import { findEntity, instantIn, metadataIn, SCOPE, scopeOption, shareIn, tokensOption } from "./reference.ts";
import { treeText } from "./tree.ts";

const DEPTH_MAX = 10;
const VISITS_MAX = 1_000;

export function relate(command: Command, invocation: Invocation): void {
  command
    .summary("relate two entities")
    .description("Relate two known entities by name. An identical relation is replaced.")
    .argument("<from>", "source entity")
    .argument("<type>", "relation type in active voice, for example works_at")
    .argument("<to>", "target entity")
    .addOption(scopeOption("scope of both: workspace, global, agent-only:<agent> or conversation:<id>"))
    .option("--both-ways", "make the relation bidirectional")
    .addOption(command.createOption("--strength <share>", "strength, 0 to 1").argParser(shareIn))
    .addOption(command.createOption("--confidence <share>", "confidence, 0 to 1").argParser(shareIn))
    .addOption(command.createOption("--valid-from <time>", "start of validity").argParser(instantIn))
    .addOption(command.createOption("--valid-to <time>", "end of validity").argParser(instantIn))
    .option("--metadata <json>", "custom JSON metadata");
  examples(command, [
    ["caxton memory relate Anna works_at Acme", ""],
    ["caxton memory relate Anna knows Bob --both-ways --strength 0.8", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      from: z.string(),
      type: z.string(),
      to: z.string(),
      scope: z.string().default(SCOPE),
      bothWays: z.boolean().default(false),
      strength: z.number().optional(),
      confidence: z.number().optional(),
      validFrom: z.string().optional(),
      validTo: z.string().optional(),
      metadata: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { from, type, to, scope, bothWays: bidirectional, ...rest }) => {
      const { strength, confidence, validFrom: valid_from, validTo: valid_to } = rest;
      const metadata = metadataIn(rest.metadata, "caxton memory relate");
      const fields = { bidirectional, strength, confidence, valid_from, valid_to, metadata };
      const { raw, value } = await context.client.call(operations.memory.relate, {
        scope,
        relations: [{ from, to, type, ...fields }],
      });
      const id = value.items[0]?.id ?? "";
      const human = () => `${oneLine(from)} ${oneLine(type)} ${oneLine(to)}  relation ${id}\n`;
      await showOne(context, { raw, name: id, human });
    },
  });
}

export function unrelate(command: Command, invocation: Invocation): void {
  command
    .summary("delete a relation")
    .description("Delete a relation; its history stays in the log.")
    .argument("<id>", "id of the relation; list ids with: caxton memory graph");
  examples(command, [["caxton memory unrelate 01a1fc5a-02d8-7e5b-9fe9-b4469cdfb57f", ""]]);
  act(command, invocation, {
    input: z.object({ id: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { id }) => {
      const { raw, value } = await context.client.call(operations.memory.unrelate, { id });
      await showOne(context, { raw, name: value.id, human: () => `the relation ${safeText(value.type)} is deleted\n` });
    },
  });
}

const Direction = z.enum(["outgoing", "incoming", "both"]);

export function graph(command: Command, invocation: Invocation): void {
  command
    .summary("show the graph around an entity")
    .description(
      "Show the entities related to an entity, directly and indirectly, as a tree with the ids of the relations.",
    )
    .argument("<name>", NAME)
    .addOption(scopeOption())
    .addOption(
      command
        .createOption("--depth <n>", "maximum distance in relations, 1 to 10")
        .argParser((text) => wholeNumber(text, 1, DEPTH_MAX))
        .default(2),
    )
    .addOption(
      command
        .createOption("--direction <direction>", "direction of the relations to follow")
        .choices(Direction.options)
        .default("both"),
    )
    .addOption(listOption("--type <type>", "only relations of this type; may be repeated"))
    .addOption(limitOption(VISITS_MAX))
    .addOption(tokensOption());
  examples(command, [
    ["caxton memory graph Anna", ""],
    ["caxton memory graph Acme --direction incoming --type works_at --depth 1", "who works there"],
    ["caxton memory graph Acme --limit 20 --max-tokens 1000", "the nearest, as many as fit into a prompt"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      scope: z.string().optional(),
      depth: z.number(),
      direction: Direction,
      type: z.array(z.string()).default([]),
      limit: z.number(),
      maxTokens: z.number().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, scope, depth, direction, type, limit, maxTokens }) => {
      const { value: root } = await findEntity(context.client, name, scope);
      const scopes = listed([...new Set([root.scope, "workspace", "global"])]);
      const types = type.length === 0 ? undefined : listed(type);
      const query = { scopes, start: root.id, depth, direction, types, max_tokens: maxTokens };
      const { raw, value } = await graphUpTo(
        context.client,
        query,
        maxTokens === undefined ? limit : Math.min(limit, VISITS_MAX),
      );
      await showOne(context, {
        raw,
        name: value.entities.map(({ entity }) => entity.name).join("\n"),
        human: () => treeText(root, value, context.terminal.style),
      });
      const bound = value.entities.length < limit && maxTokens !== undefined ? "a higher --max-tokens" : "--limit";
      if (value.truncated)
        context.terminal.note(`there is more than is shown: ${bound}; or ask for less: --depth, --direction, --type`);
    },
  });
}

/** Around an entity, nearest first, in as many requests as it takes; with a bound of tokens, in one. */
async function graphUpTo(
  client: Client,
  query: GivenTo<typeof operations.memory.graph>,
  countMax: number,
): Promise<Answer<MemoryGraph>> {
  const read = (count: number, cursor?: string) => {
    const page = { limit: Math.min(VISITS_MAX, count), ...(cursor !== undefined && { cursor }) };
    return client.call(operations.memory.graph, { ...query, ...page });
  };
  let found = await read(countMax);
  if (query.max_tokens !== undefined) return found;
  while (found.value.next !== null && found.value.entities.length < countMax) {
    const { value: before } = found;
    const { value: page } = await read(countMax - before.entities.length, found.value.next);
    const entities = [...before.entities, ...page.entities];
    const value = { ...page, entities, relations: [...before.relations, ...page.relations] };
    found = { value, raw: toJson(value) };
  }
  return found;
}
