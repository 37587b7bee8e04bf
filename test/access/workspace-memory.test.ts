import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { codeOf, WorkspaceServer } from "../helpers/workspaces.ts";

let server: WorkspaceServer;

beforeAll(async () => {
  server = await WorkspaceServer.start();
  for (const name of ["red", "blue"]) await server.createWorkspace(name);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const PATH = "/api/v1/memory";
const entity = (name: string) => ({ name, type: "thing", observations: [`${name} is secret`] });
const remember = async (workspace: string, scope: string, ...names: readonly string[]) => {
  const { body } = await server.ask(workspace, "POST", `${PATH}/entities`, { scope, entities: names.map(entity) });
  return contract.memory.Remembered.parse(body).items.map(({ entity: one }) => one);
};

test("entities and relations of a workspace are not found from another by their ids", async () => {
  const [one, other] = await remember("red", "workspace", "vault", "gate");
  const related = await server.ask("red", "POST", `${PATH}/relations`, {
    relations: [{ from: "vault", to: "gate", type: "behind" }],
  });
  const [relation] = contract.memory.RelationList.parse(related.body).items;
  const path = `${PATH}/entities/${one?.id}`;
  const answers = await Promise.all([
    server.ask("blue", "GET", path),
    server.ask("blue", "PATCH", path, { type: "taken" }),
    server.ask("blue", "GET", `${path}/history`),
    server.ask("blue", "GET", `${path}/diff?from=1&to=1`),
    server.ask("blue", "POST", `${path}/revert`, { version: 1 }),
    server.ask("blue", "DELETE", path),
    server.ask("blue", "DELETE", `${PATH}/relations/${relation?.id}`),
  ]);
  expect(answers.map(codeOf)).toEqual([...Array.from({ length: 6 }, () => "ENTITY_NOT_FOUND"), "RELATION_NOT_FOUND"]);
  const graph = await server.ask("blue", "GET", `${PATH}/graph?start=${one?.id},${other?.id}`);
  expect(graph.body).toMatchObject({ entities: [], relations: [] });
  expect((await server.ask("red", "GET", path)).body).toMatchObject({ id: one?.id, type: "thing" });
});

test("lists, searches, statistics and exports of a workspace have its own scopes only", async () => {
  await remember("red", "agent-only:ann", "lantern");
  await remember("default", "global", "almanac");
  const [lead, stats, log] = await Promise.all([
    server.createKey("admin", "blue"),
    server.ask("blue", "GET", `${PATH}/stats`),
    server.ask("blue", "GET", `${PATH}/log?scopes=workspace,agent-only:ann,global`),
  ]);
  expect(contract.memory.Figures.parse(stats.body).scopes.map(({ scope }) => scope)).toEqual(["global"]);
  expect(JSON.stringify(log.body)).not.toMatch(/vault|lantern/u);
  const found = await server.ask("blue", "POST", `${PATH}/search`, { query: "secret", mode: "keyword" });
  expect(contract.memory.SearchResult.parse(found.body).items.map(({ entity: { name } }) => name)).toEqual(["almanac"]);
  const own = await server.request("GET", `${PATH}/export?format=json`, { key: lead });
  expect(own.body).toMatchObject({ entities: [] });
  const everywhere = await server.ask("red", "GET", `${PATH}/export?format=json`);
  expect(JSON.stringify(everywhere.body)).toMatch(/lantern.*almanac|almanac.*lantern/su);
});

test("global memory is changed by requests only that may in every workspace, and read by all", async () => {
  const [known] = await remember("default", "global", "atlas");
  const [lead, operator] = [await server.createKey("admin", "red"), await server.createKey("operator", "default")];
  for (const key of [lead, operator]) {
    const path = `${PATH}/entities/${known?.id}`;
    expect((await server.request("GET", path, { key })).status).toBe(200);
    const answers = await Promise.all([
      server.request("POST", `${PATH}/entities`, { key, body: { scope: "global", entities: [entity("x")] } }),
      server.request("PATCH", path, { key, body: { type: "taken" } }),
      server.request("POST", `${path}/revert`, { key, body: { version: 1 } }),
      server.request("DELETE", path, { key }),
      server.request("POST", `${PATH}/forget`, { key, body: { scope: "global", confirm: true } }),
      server.request("POST", `${PATH}/relations`, {
        key,
        body: { scope: "global", relations: [{ from: "atlas", to: "atlas", type: "is" }] },
      }),
    ]);
    expect(answers.map(codeOf)).toEqual(Array.from({ length: 6 }, () => "PERMISSION_DENIED"));
  }
  const document = JSON.stringify({
    version: "1.0",
    entities: [
      { scope: "global", ...entity("planted") },
      { scope: "workspace", ...entity("own") },
    ],
  });
  const imported = await fetch(`${server.server.url}${PATH}/import`, {
    method: "POST",
    headers: { authorization: `Bearer ${lead}`, "content-type": "application/json", accept: "application/json" },
    body: document,
  });
  const text = await imported.text();
  expect(text).toContain("PERMISSION_DENIED");
  expect((await server.ask("red", "GET", `${PATH}/entities?scopes=workspace,global`)).body).toMatchObject({
    items: expect.not.arrayContaining([expect.objectContaining({ name: "planted" })]),
  });
  expect((await server.ask("blue", "GET", `${PATH}/entities?scopes=workspace`)).body).toMatchObject({ items: [] });
});
