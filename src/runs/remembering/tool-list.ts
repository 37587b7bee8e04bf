import * as z from "zod";
import { JsonObject } from "../../kernel/json.ts";
import type { Tool, ToolEffects } from "../../tools/catalogue/index.ts";
import {
  AddObservationsArguments,
  CreateEntitiesArguments,
  DeleteEntitiesArguments,
  DeleteObservationsArguments,
  ForgetArguments,
  OpenNodesArguments,
  ReadGraphArguments,
  RecallArguments,
  RelationsArguments,
  RememberArguments,
  SearchNodesArguments,
} from "./arguments.ts";

/** The tool server's name: agents that name it among their tools have a memory. */
export const MEMORY = "memory";

const KEEPS: ToolEffects = { readOnly: false, idempotent: true };
const LOOKS: ToolEffects = { readOnly: true, idempotent: true };
const REMOVES: ToolEffects = { readOnly: false, idempotent: true, destructive: true };

const tool = (
  name: string,
  [title, description]: readonly [string, string],
  of: { readonly schema: z.ZodType; readonly effects: ToolEffects },
): Tool => ({
  server: MEMORY,
  name,
  title,
  description,
  inputSchema: JsonObject.parse(z.toJSONSchema(of.schema, { io: "input" })),
  outputSchema: undefined,
  effects: of.effects,
});

// The first three are what most agents need; the others have the names and shapes that models know from the reference
// memory server of the Model Context Protocol.

export const REMEMBER = tool(
  "remember",
  ["Remember", "Stores facts about a person or a thing, for later runs too. A repeated fact is stored once."],
  { schema: RememberArguments, effects: KEEPS },
);
export const RECALL = tool(
  "recall",
  ["Recall", "Finds what is remembered that answers a question, by meaning and by words, the nearest first."],
  { schema: RecallArguments, effects: LOOKS },
);
export const FORGET = tool(
  "forget",
  ["Forget", "Permanently deletes the memory about a person or a thing: all of it, or single facts."],
  { schema: ForgetArguments, effects: REMOVES },
);
export const CREATE_ENTITIES = tool(
  "create_entities",
  ["Create entities", "Creates entities with observations; one that is there gets the observations that are new."],
  { schema: CreateEntitiesArguments, effects: KEEPS },
);
export const CREATE_RELATIONS = tool(
  "create_relations",
  ["Create relations", "Relates entities to each other, in active voice."],
  { schema: RelationsArguments, effects: KEEPS },
);
export const ADD_OBSERVATIONS = tool(
  "add_observations",
  ["Add observations", "Adds observations to entities that are there."],
  { schema: AddObservationsArguments, effects: KEEPS },
);
export const DELETE_ENTITIES = tool(
  "delete_entities",
  ["Delete entities", "Permanently deletes entities with their observations and relations."],
  { schema: DeleteEntitiesArguments, effects: REMOVES },
);
export const DELETE_OBSERVATIONS = tool(
  "delete_observations",
  ["Delete observations", "Takes observations of entities back; the history keeps them."],
  { schema: DeleteObservationsArguments, effects: KEEPS },
);
export const DELETE_RELATIONS = tool("delete_relations", ["Delete relations", "Deletes relations between entities."], {
  schema: RelationsArguments,
  effects: KEEPS,
});
export const READ_GRAPH = tool(
  "read_graph",
  ["Read the graph", "Entities by name with the relations that begin at them, page by page."],
  { schema: ReadGraphArguments, effects: LOOKS },
);
export const SEARCH_NODES = tool(
  "search_nodes",
  ["Search entities", "Finds entities by meaning and by words, with their relations."],
  { schema: SearchNodesArguments, effects: LOOKS },
);
export const OPEN_NODES = tool("open_nodes", ["Open entities", "Entities by their names, with their relations."], {
  schema: OpenNodesArguments,
  effects: LOOKS,
});
