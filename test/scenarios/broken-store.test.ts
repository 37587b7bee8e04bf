import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { Database } from "../../src/storage/index.ts";
import { caxton, UNPRIVILEGED } from "../cli/caxton.ts";
import { serving } from "../cli/serving.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("storage.damage");

const RUN = { agent: "data-analyzer", input: "hi", wait: true };
const MESSAGE = { performative: "inform", receiver: "caxton", content: "hello" };
const STORED = [
  [200, "completed"],
  [202, "accepted"],
];
const script = [{ text: "done" }];

const Said = z.object({
  code: z.string().optional(),
  state: z.string().optional(),
  status: z.union([z.string(), z.number()]).optional(),
});
/** The code of an error, else how a run or a message is. */
const said = (body: unknown): unknown => {
  const { code, state, status } = Said.parse(body);
  return code ?? state ?? status;
};

const Page = z.object({ items: z.array(z.object({ id: z.string() })) });
const runsOf = async (server: TestServer): Promise<readonly string[]> =>
  Page.parse((await server.ask("GET", "/api/v1/runs")).body).items.map(({ id }) => id);

async function starts(server: TestServer) {
  const answer = await server.ask("POST", "/api/v1/runs", RUN);
  return [answer.status, said(answer.body)];
}

async function sends(server: TestServer) {
  const answer = await server.ask("POST", "/api/v1/messages", MESSAGE);
  return [answer.status, said(answer.body)];
}

// journal.writer.W3, storage.database.D3
test("what cannot be stored where the next start finds it is not acknowledged, and is as soon as it can be", async () => {
  using directory = tempDirectory();
  const data = join(directory.path, ".caxton");
  const away = join(directory.path, "away");
  let ids: readonly string[] = [];
  {
    await using server = await startServer({ directory: directory.path, script });
    const ready = async () => server.ask("GET", "/ready");
    expect(await ready()).toMatchObject({ status: 200, body: { checks: { store: { ok: true } } } });
    expect([await starts(server), await sends(server)]).toEqual(STORED);
    const runs = await runsOf(server);

    renameSync(data, away);
    expect(await starts(server)).toEqual([503, "DATABASE_FILE_GONE"]);
    expect(await server.ask("POST", "/api/v1/messages", MESSAGE)).toMatchObject({
      status: 503,
      body: {
        code: "MESSAGE_NOT_STORED",
        detail: expect.stringMatching(/could not be written: .*was removed.*\[DATABASE_FILE_GONE\]/),
        hint: expect.stringMatching(/move it back.*Send it again with the same id/),
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const gone = { ok: false, note: expect.stringMatching(/caxton\.db .*was removed.*\[DATABASE_FILE_GONE\]/s) };
    expect(await ready()).toMatchObject({ status: 503, body: { status: "failing", checks: { store: gone } } });
    // What was stored can still be read.
    expect(await runsOf(server)).toEqual(runs);

    mkdirSync(data);
    for (const name of ["caxton.db", "messages.db"]) writeFileSync(join(data, name), "");
    expect(await starts(server)).toEqual([409, "DATABASE_FILE_FOREIGN"]);

    rmSync(data, { recursive: true });
    renameSync(away, data);
    expect([await starts(server), await sends(server)]).toEqual(STORED);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await ready()).toMatchObject({ status: 200 });

    // Its log alone.
    renameSync(join(data, "caxton.db-wal"), away);
    expect(await starts(server)).toEqual([503, "DATABASE_FILE_GONE"]);
    renameSync(away, join(data, "caxton.db-wal"));
    expect(await starts(server)).toEqual([200, "completed"]);
    ids = await runsOf(server);
    expect(ids).toHaveLength(3);
  }
  await using server = await startServer({ directory: directory.path, script });
  expect(await runsOf(server)).toEqual(ids);
});

/** Overwrites what is between two places of a file. */
function damage(file: string, from: number, to: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.alloc(to - from, 0x5a), 0, to - from, from);
  closeSync(descriptor);
}

test("a database that is damaged is reported with what to do, by the command and over REST", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, ".caxton", "caxton.db");
  {
    await using server = await startServer({ directory: directory.path, script });
    for (let count = 0; count < 5; count += 1) await starts(server);
  }
  const { size } = statSync(file);
  // All but the pages that a start reads.
  damage(file, 8_192 * 2, size);
  const serve = ["serve", "--port", "0", "--no-ui", "--log-level", "silent", "-o", "json"];
  const environment = { CAXTON_DATA_DIR: join(directory.path, ".caxton") };
  const damaged = await caxton(serve, { cwd: directory.path, environment });
  expect(damaged.code).toBe(7);
  expect(JSON.parse(damaged.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
    code: "DATABASE_DAMAGED",
    status: 503,
    detail: expect.stringContaining(file),
    hint: expect.stringContaining(".recover"),
  });
  damage(file, 0, 4_096);
  const none = await caxton(serve, { cwd: directory.path, environment });
  expect([none.code, none.stderr]).toEqual([7, expect.stringContaining("DATABASE_DAMAGED")]);
});

test("a database that is damaged while the server runs is reported, and is not ready", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, ".caxton", "caxton.db");
  {
    await using server = await startServer({ directory: directory.path, script });
    for (let count = 0; count < 30; count += 1) await starts(server);
  }
  await using server = await startServer({ directory: directory.path, script });
  damage(file, 4_096, statSync(file).size);
  const page = await server.ask("GET", "/api/v1/runs?limit=100");
  const codes = new Set([(await starts(server))[1], said(page.body)]);
  expect(codes).toContain("DATABASE_DAMAGED");
  expect(codes).not.toContain("BUG");
});

test("a data directory that cannot be written is reported with what to do", async () => {
  using directory = tempDirectory();
  const data = join(directory.path, ".caxton");
  await caxton(["init"], { cwd: directory.path });
  const serve = ["serve", "--port", "0", "--no-ui", "--log-level", "silent"];
  mkdirSync(data);
  for (const name of ["server.json", "caxton.lock", "caxton.db"]) writeFileSync(join(data, name), "");
  for (const name of ["caxton.lock", "caxton.db", ""]) chmodSync(join(data, name), 0o500);
  const refused = await caxton(serve, {
    cwd: directory.path,
    environment: { CAXTON_DATA_DIR: data },
    through: UNPRIVILEGED,
  });
  expect(refused.stderr).toMatch(
    /the data directory .*\.caxton cannot be written[\s\S]*--data-dir[\s\S]*STORAGE_READ_ONLY/,
  );
  expect(refused.code).toBe(7);
  chmodSync(data, 0o700);
});

/** Lets no file become larger than so many blocks: the disk takes no more, as far as the process can see. */
const limited = (blocks: string) => ["sh", "-c", `trap "" XFSZ; ulimit -S -f ${blocks}; exec "$0" "$@"`];

test("a database that may not grow refuses what does not fit as STORAGE_FULL, and takes it when it may", async () => {
  using directory = tempDirectory();
  using database = Database.open({ directory: directory.path, synchronous: "normal" });
  const pagesMax = (pages: number) => database.sql(`PRAGMA max_page_count=${pages}`).get();
  const write = async () =>
    database.write(() =>
      database
        .sql(
          "INSERT INTO uploads (id, workspace, name, media_type, bytes, path, created_at_ms) VALUES (?, 'default', ?, '', 0, '', 0)",
        )
        .run(randomUUID(), "x".repeat(100_000)),
    );
  await write();
  pagesMax(1);
  await expect(write()).rejects.toMatchObject({
    code: "STORAGE_FULL",
    message: expect.stringContaining(directory.path),
    hint: expect.stringContaining("Free space"),
  });
  await database.probe();
  pagesMax(100_000);
  await write();
});

test("a disk that takes no more is reported at the start and by /ready, until it does again", async () => {
  using directory = tempDirectory();
  const { path: cwd } = directory;
  const serve = ["serve", "--port", "0", "--no-ui", "--log-level", "silent"];
  const environment = { CAXTON_DATA_DIR: join(cwd, ".caxton") };
  const full = await caxton(serve, { cwd, environment, through: limited("0") });
  expect(full.stderr).toMatch(
    /the database in .*\.caxton failed[\s\S]*its free space and its quota[\s\S]*STORAGE_ERROR/,
  );
  expect(full.code).toBe(7);

  await using server = await serving({ cwd, through: limited("unlimited") });
  const ready = async () => {
    const response = await fetch(`${server.url}/ready`);
    return [response.status, await response.text()];
  };
  expect(await ready()).toMatchObject([200, expect.anything()]);
  execFileSync("prlimit", ["--pid", String(server.child.pid), "--fsize=4096:"]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await ready()).toEqual([503, expect.stringContaining("STORAGE_ERROR")]);
  execFileSync("prlimit", ["--pid", String(server.child.pid), "--fsize=unlimited:"]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await ready()).toMatchObject([200, expect.anything()]);
});
