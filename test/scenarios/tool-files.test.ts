import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ToolCallOutcome } from "../../src/api/contract/tools/tools.ts";
import { Database, SqliteArtifactStore } from "../../src/storage/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { start } from "../cli/caxton.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { Endpoint, legacyListener } from "../tools/remote/room.ts";
import { newState, testServer } from "../tools/remote/test-server.ts";

test("an image that a tool returns to a manual call comes in base64, and --save writes its bytes", async () => {
  await using endpoint = await Endpoint.start(legacyListener(testServer(newState())));
  await using server = await startServer({
    files: { "caxton.toml": `[mcp_servers.remote]\nurl = "${endpoint.url}"\n` },
  });
  const { body } = await server.ask("POST", "/api/v1/tools/remote/gallery/call", { arguments: {} });
  const { files } = ToolCallOutcome.parse(body);
  expect(files).toMatchObject([
    { name: "image-1.png", media_type: "image/png", text: "", uri: null },
    { name: "one", media_type: "text/plain", text: "remember", uri: "memo://one" },
  ]);
  const bytes = Buffer.from(files[0]?.base64 ?? "", "base64");
  expect(bytes.subarray(1, 4).toString()).toBe("PNG");

  const cwd = server.directory;
  const saved = await start(["tool", "call", "remote.gallery", "--save", "out"], { server: server.url, cwd }).ended;
  expect(saved.stderr).toContain("wrote out/image-1.png");
  expect(readFileSync(join(cwd, "out", "image-1.png"))).toEqual(bytes);
  const called = await start(["tool", "call", "remote.gallery"], { server: server.url, cwd }).ended;
  expect(called.stderr).toMatch(new RegExp(`image-1\\.png  ${bytes.length} B  keep it with --save`));
});

test("a file whose media type no header can hold is sent as bytes, and a clean one as what it is", async () => {
  using directory = tempDirectory();
  const types = [
    ["text/plain\nset-cookie: a=b", "application/octet-stream"],
    ["\u0000", "application/octet-stream"],
    ["", "application/octet-stream"],
    ["text/plain; charset=ü", "application/octet-stream"],
    [`text/plain${';a="x'.repeat(40)}`, "application/octet-stream"],
    ["image/svg+xml", "image/svg+xml"],
    ['text/csv; header="present"', 'text/csv; header="present"'],
  ] as const;
  const ids: string[] = [];
  {
    using database = Database.open({ directory: join(directory.path, ".caxton"), synchronous: "normal" });
    const artifacts = new SqliteArtifactStore(database, systemClock);
    const run = mint(RunId);
    await database.write(() =>
      database
        .sql(
          "INSERT INTO runs (id, workspace, agent, revision, state, input_preview, created_at_ms, ended_at_ms) VALUES (?, 'default', 'a', 1, 'completed', '', ?, ?)",
        )
        .run(run, Date.now(), Date.now()),
    );
    for (const [mediaType] of types) {
      const { id } = await artifacts.save(run, { name: "a", mediaType, text: "content" });
      ids.push(id);
    }
  }
  await using server = await startServer({ directory: directory.path });
  const sent = await Promise.all(
    ids.map(async (id) => {
      const response = await fetch(`${server.url}/api/v1/artifacts/${id}/content`);
      return [response.status, response.headers.get("content-type"), await response.text()];
    }),
  );
  expect(sent).toEqual(types.map(([, expected]) => [200, expected, "content"]));
});
