import * as z from "zod";
import {
  ChangePage,
  Diff,
  DiffQuery,
  Entity,
  EntityPage,
  EntityQuery,
  Figures,
  ForgetQuery,
  ForgetScopeBody,
  Forgotten,
  Graph,
  GraphQuery,
  History,
  HistoryQuery,
  LogQuery,
  NamedQuery,
  OneQuery,
  RelateBody,
  Relation,
  RelationList,
  RememberBody,
  Remembered,
  RevertBody,
  ReviseBody,
  SearchBody,
  SearchResult,
} from "./memory.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["memory"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "memory:read", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "memory:write", effect: "write" } as const;
const FORGET = { ...COMMON, permission: "memory:delete", effect: "destroy" } as const;
const params = z.object({ id: z.string() });

export const search = operation({
  ...READ,
  name: "memory.search",
  summary: "Search by meaning and by words",
  description:
    "Each hit has the parts of its score: `similarity` is the cosine of the most similar passage, `keyword` the keyword score, `recency` the factor of both. `notices` lists limitations of the search.",
  http: { method: "POST", path: "/api/v1/memory/search" },
  retry: "by-key",
  keepsAnswer: false,
  body: SearchBody,
  output: SearchResult,
});

export const stats = operation({
  ...READ,
  name: "memory.stats",
  summary: "Report stored and indexed counts",
  http: { method: "GET", path: "/api/v1/memory/stats" },
  output: Figures,
});

export const remember = operation({
  ...WRITE,
  name: "memory.remember",
  summary: "Remember entities and observations",
  description:
    "An existing entity gets the new observations. At the response, the changes are stored and visible to searches.",
  http: { method: "POST", path: "/api/v1/memory/entities" },
  retry: "by-key",
  keepsAnswer: false,
  body: RememberBody,
  output: Remembered,
});

export const list = operation({
  ...READ,
  name: "memory.list",
  summary: "List entities by name",
  http: { method: "GET", path: "/api/v1/memory/entities" },
  query: EntityQuery,
  output: EntityPage,
});

export const find = operation({
  ...READ,
  name: "memory.find",
  summary: "Get an entity by its name",
  http: { method: "GET", path: "/api/v1/memory/entity" },
  query: NamedQuery,
  output: Entity,
});

export const get = operation({
  ...READ,
  name: "memory.get",
  summary: "Get an entity",
  http: { method: "GET", path: "/api/v1/memory/entities/:id" },
  params,
  query: OneQuery,
  output: Entity,
});

export const revise = operation({
  ...WRITE,
  name: "memory.revise",
  summary: "Change fields of an entity, or retract observations",
  http: { method: "PATCH", path: "/api/v1/memory/entities/:id" },
  params,
  body: ReviseBody,
  output: Entity,
});

export const history = operation({
  ...READ,
  name: "memory.history",
  summary: "List an entity's changes, newest first",
  http: { method: "GET", path: "/api/v1/memory/entities/:id/history" },
  params,
  query: HistoryQuery,
  output: History,
});

export const diff = operation({
  ...READ,
  name: "memory.diff",
  summary: "Compare two versions of an entity",
  http: { method: "GET", path: "/api/v1/memory/entities/:id/diff" },
  params,
  query: DiffQuery,
  output: Diff,
});

export const revert = operation({
  ...WRITE,
  name: "memory.revert",
  summary: "Restore an earlier version of an entity as a new version",
  http: { method: "POST", path: "/api/v1/memory/entities/:id/revert" },
  retry: "by-key",
  keepsAnswer: false,
  params,
  body: RevertBody,
  output: Entity,
});

export const log = operation({
  ...READ,
  name: "memory.log",
  summary: "List changes of memory, newest first",
  http: { method: "GET", path: "/api/v1/memory/log" },
  query: LogQuery,
  output: ChangePage,
});

export const relate = operation({
  ...WRITE,
  name: "memory.relate",
  summary: "Relate entities by their names",
  http: { method: "POST", path: "/api/v1/memory/relations" },
  retry: "by-key",
  keepsAnswer: false,
  body: RelateBody,
  output: RelationList,
});

export const unrelate = operation({
  ...WRITE,
  name: "memory.unrelate",
  summary: "Remove a relation",
  http: { method: "DELETE", path: "/api/v1/memory/relations/:id" },
  params,
  output: Relation,
});

export const graph = operation({
  ...READ,
  name: "memory.graph",
  summary: "Get the entities around given ones",
  http: { method: "GET", path: "/api/v1/memory/graph" },
  query: GraphQuery,
  output: Graph,
});

export const forget = operation({
  ...FORGET,
  name: "memory.forget",
  summary: "Erase an entity, or one of its observations",
  description: "Erases it from rows, indexes and history. The log keeps only the counts.",
  http: { method: "DELETE", path: "/api/v1/memory/entities/:id" },
  params,
  query: ForgetQuery,
  output: Forgotten,
});

// A second execution would also erase what was remembered since the first.
export const forgetScope = operation({
  ...FORGET,
  name: "memory.forgetScope",
  summary: "Erase everything in a scope",
  http: { method: "POST", path: "/api/v1/memory/forget" },
  retry: "never",
  body: ForgetScopeBody,
  output: Forgotten,
});
