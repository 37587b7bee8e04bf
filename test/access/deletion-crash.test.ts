import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { CaxtonProcess } from "../helpers/process.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { WorkspaceClient } from "../helpers/workspaces.ts";
import { fill, listed, LISTS, tablesWith } from "./workspace-content.ts";

const UPLOADS = 100;
const namesIn = (directory: string, recursive = false): readonly string[] =>
  existsSync(directory) ? readdirSync(directory, { recursive }).map(String) : [];

/** The state of the workspace red; undefined if it is deleted. */
function stateIn(data: string): unknown {
  using db = new DatabaseSync(join(data, "caxton.db"), { readOnly: true });
  return db.prepare("SELECT state FROM workspaces WHERE name = 'red'").get()?.["state"];
}

/** Where the data directory has something of the workspace red. */
const placesIn = (data: string): readonly string[] => [
  ...tablesWith(join(data, "caxton.db"), "red").filter((table) => table !== "audit_records"),
  ...tablesWith(join(data, "messages.db"), "red"),
  ...namesIn(join(data, "message-content"), true).filter((name) => name.includes("@red")),
  ...namesIn(join(data, "uploads")),
  ...namesIn(join(data, "artifacts")),
  ...namesIn(join(data, "../workspaces")),
];

/** A server whose uploads are those of red alone. */
async function serve(cwd: string) {
  const environment = { CAXTON_SERVER__PORT: "0" };
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd, environment });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/u);
  const client = new WorkspaceClient(url, "none");
  await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 30_000 }).toBe(200);
  return { server, client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function fillAll(client: WorkspaceClient): Promise<void> {
  await fill(client, "red");
  const headers = { "x-caxton-workspace": "red", "content-type": "text/plain" };
  const upload = (_: unknown, index: number) =>
    fetch(`${client.url}/api/v1/uploads?name=${index}.txt`, { method: "POST", headers, body: "x" });
  const uploads = await Promise.all(Array.from({ length: UPLOADS }, upload));
  expect(uploads.every(({ status }) => status === 201)).toBe(true);
  const large = { performative: "inform", sender: "walter", receiver: ["paula"], content: "x".repeat(100_000) };
  expect((await client.ask("red", "POST", "/api/v1/messages", large)).status).toBe(202);
}

// access.workspaces.W2
test(
  "a deletion that kill -9 interrupts at any moment is complete after the next start",
  { timeout: 120_000 },
  async () => {
    using directory = tempDirectory();
    const data = join(directory.path, ".caxton");
    await using stack = new AsyncDisposableStack();
    let running = stack.use(await serve(directory.path));
    await running.client.createWorkspace("red");
    const stopped: unknown[] = [];
    // After the workspace is closed, its messages, some of its files, most of them, and all of them are deleted.
    for (const share of [1, 0.95, 0.6, 0.2, 0.09]) {
      const { client, server } = running;
      await fillAll(client);
      const before = placesIn(data).length;
      const answered = client.ask("default", "DELETE", "/api/v1/workspaces/red?confirm=true").catch(() => undefined);
      while (stateIn(data) === "active" || placesIn(data).length > before * share) await setImmediate();
      server.kill("SIGKILL");
      await server.ended();
      await answered;
      stopped.push(stateIn(data));

      running = stack.use(await serve(directory.path));
      const { body } = await running.client.ask("default", "GET", "/api/v1/workspaces");
      expect(body).toMatchObject({ items: [{ name: "default" }] });
      expect(placesIn(data)).toEqual([]);
      await running.client.createWorkspace("red");
      expect(await listed(running.client, "red")).toEqual(Object.fromEntries(LISTS.map((path) => [path, 0])));
    }
    expect(stopped.filter((state) => state === "deleting").length).toBeGreaterThanOrEqual(3);
  },
);
