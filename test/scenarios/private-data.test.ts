import { chmodSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { caxton } from "../cli/caxton.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("config.private-data");

/** Paths below a directory, itself among them, to which other users have rights. */
function openIn(directory: string): readonly string[] {
  const all = ["", ...readdirSync(directory, { recursive: true, encoding: "utf8" })];
  return all.filter((name) => (statSync(join(directory, name)).mode & 0o077) !== 0);
}

test("only the user of the server can read what it stores, and the doctor closes what was opened", async () => {
  using directory = tempDirectory();
  const { path } = directory;
  const data = join(path, ".caxton");
  {
    await using server = await startServer({
      directory: path,
      script: [
        {
          toolCalls: [
            { name: "chart_generator__bar_chart", arguments: { data: [{ label: "a", value: 1 }], title: "t" } },
          ],
        },
        { text: "done" },
      ],
    });
    const ask = async (path_: string, body: object) => server.ask("POST", path_, body);
    const upload = await fetch(`${server.url}/api/v1/uploads?name=a.txt`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "text",
    });
    const { id }: { id: string } = JSON.parse(await upload.text());
    const run = { agent: "data-analyzer", input: "hi", uploads: [id], wait: true };
    expect(await ask("/api/v1/runs", run)).toMatchObject({ status: 200, body: { state: "completed" } });
    await ask("/api/v1/memory/entities", { name: "Ada", type: "person", observations: ["likes tea"] });
    await ask("/api/v1/memory/snapshots", {});
    await ask("/api/v1/messages", { performative: "inform", receiver: "caxton", content: "x".repeat(300_000) });
    const stored = readdirSync(data, { recursive: true, encoding: "utf8" });
    for (const expected of [
      /^caxton\.db-wal$/,
      /^messages\.db-wal$/,
      /^memory\.db-wal$/,
      /^snapshots\/memory-.*db$/,
      /a\.txt$/,
      /^artifacts\/.*svg$/,
      /content/,
    ])
      expect(
        stored.filter((name) => expected.test(name)),
        String(expected),
      ).not.toEqual([]);
    expect(openIn(data)).toEqual([]);
    expect(statSync(data).mode & 0o777).toBe(0o700);
  }
  for (const name of ["", "caxton.db", "snapshots"]) chmodSync(join(data, name), 0o755);
  const doctor = async (...more: readonly string[]) => {
    const environment = { CAXTON_DATA_DIR: data, CAXTON_PORT: "0", CAXTON_SERVER: "" };
    const { stdout } = await caxton(["doctor", "-o", "json", ...more], { cwd: path, environment });
    const { items }: { items: { check: string }[] } = JSON.parse(stdout);
    return items.find(({ check }) => check === "data privacy");
  };
  expect(await doctor()).toMatchObject({
    state: "warn",
    note: expect.stringContaining(`3 paths of ${data}`),
    fix: "caxton doctor --repair",
  });
  expect(openIn(data).map((name) => relative("", name))).toHaveLength(3);
  expect(await doctor("--repair")).toMatchObject({ state: "ok", note: expect.stringContaining("3 paths") });
  expect(openIn(data)).toEqual([]);
  expect(await doctor()).toMatchObject({ state: "ok", note: "only this user can read it" });
});
