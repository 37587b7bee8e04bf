import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type SecretStore, StoredSecrets } from "../../src/access/index.ts";
import { openStorage } from "../../src/storage/index.ts";
import { KnownSecrets } from "../../src/text/redaction/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.secrets");

const VALUE = "sk-canary-0123456789";
const DAY_MS = 86_400_000;

/** A database with its directory, in which secrets can be opened repeatedly, as after restarts. */
function database() {
  const stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(tempDirectory());
  const clock = new ManualClock();
  const grants = { rowsMax: 1_000, ageMsMax: DAY_MS };
  const storage = stack.use(
    openStorage({ directory, synchronous: "normal", uploads: { bytesMax: 1, waitingBytesMax: 1 }, grants }, clock),
  );
  const file = join(directory, "secrets.key");
  const open = (store: Partial<SecretStore> = {}) => {
    const known = new KnownSecrets();
    const own: SecretStore = {
      load: () => storage.secrets.load(),
      save: (secrets) => storage.secrets.save(secrets),
      delete: (workspace, name) => storage.secrets.delete(workspace, name),
      used: (workspace, name, atMs) => storage.secrets.used(workspace, name, atMs),
      ...store,
    };
    return { known, secrets: new StoredSecrets(file, { store: own, clock, known: known.store }) };
  };
  const sql = (text: string, ...values: readonly (string | Uint8Array)[]) => storage.database.sql(text).run(...values);
  return { file, clock, storage, open, sql, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const secret = (name: string, more: { workspace?: string; value?: string; origins?: readonly string[] } = {}) => ({
  workspace: "default",
  name,
  value: VALUE,
  origins: [],
  updatedBy: "local",
  ...more,
});

test("a secret is found in its workspace, and one of all workspaces where a workspace has none", async () => {
  await using data = database();
  const { secrets } = data.open();
  expect(existsSync(data.file)).toBe(false);
  await secrets.set(secret("KEY", { workspace: "*", value: "of-all-workspaces" }));
  await secrets.set(secret("KEY", { workspace: "sales", value: "of-sales-alone" }));
  await secrets.set(secret("OTHER", { workspace: "sales" }));
  expect(statSync(data.file).mode & 0o777).toBe(0o600);
  const { secrets: again } = data.open();
  for (const opened of [secrets, again]) {
    expect(opened.find("sales", "KEY")?.read()).toBe("of-sales-alone");
    expect(opened.find("support", "KEY")?.read()).toBe("of-all-workspaces");
    expect(opened.find("support", "OTHER")).toBeUndefined();
    expect(opened.find("*", "OTHER")).toBeUndefined();
    expect(opened.list("sales").map(({ name, workspace }) => `${name} ${workspace}`)).toEqual([
      "KEY sales",
      "KEY *",
      "OTHER sales",
    ]);
    expect(opened.list("support")).toHaveLength(1);
  }
});

test("a rotation keeps the origins, and the value before it is no longer stored but stays hidden", async () => {
  await using data = database();
  const { secrets, known } = data.open();
  await expect(secrets.rotate(secret("KEY"))).rejects.toMatchObject({ code: "SECRET_NOT_FOUND" });
  const set = await secrets.set(secret("KEY", { origins: ["https://a.example"] }));
  await data.clock.advance(5_000);
  const rotated = await secrets.rotate({ ...secret("KEY"), value: "sk-another-value" });
  expect(rotated).toMatchObject({ origins: ["https://a.example"], createdAtMs: set.createdAtMs });
  expect(rotated.updatedAtMs).toBe(set.updatedAtMs + 5_000);
  expect(rotated.fingerprint).not.toBe(set.fingerprint);
  expect(secrets.find("default", "KEY")?.read()).toBe("sk-another-value");
  expect(known.all().map(({ value }) => value)).toEqual(["sk-another-value", VALUE]);
  await secrets.delete({ workspace: "default", name: "KEY" });
  expect(secrets.find("default", "KEY")).toBeUndefined();
  expect(known.all()).toHaveLength(2);
  await expect(secrets.delete({ workspace: "default", name: "KEY" })).rejects.toMatchObject({
    code: "SECRET_NOT_FOUND",
  });
});

// access.secrets.S2
test("a value is hidden before it is stored, also if that fails", async () => {
  await using data = database();
  const { secrets, known } = data.open({ save: () => Promise.reject(new Error("the disk is full")) });
  await expect(secrets.set(secret("KEY"))).rejects.toThrow("the disk is full");
  expect(known.all()).toEqual([{ name: "KEY", value: VALUE }]);
  expect(secrets.find("default", "KEY")).toBeUndefined();
});

test("the last use is recorded to the minute", async () => {
  await using data = database();
  const { secrets } = data.open();
  await secrets.set(secret("KEY"));
  const lastUse = () => secrets.list("default")[0]?.lastUsedAtMs;
  expect(lastUse()).toBeUndefined();
  secrets.find("default", "KEY")?.read();
  const first = data.clock.nowMs();
  await data.clock.advance(30_000);
  secrets.find("default", "KEY")?.read();
  expect(lastUse()).toBe(first);
  await data.clock.advance(30_000);
  secrets.find("default", "KEY")?.read();
  expect(lastUse()).toBe(first + 60_000);
  await expect.poll(() => data.open().secrets.list("default")[0]?.lastUsedAtMs).toBe(first + 60_000);
});

const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

// access.secrets.S1
test("a row that was changed or moved cannot be read, and the others can", async () => {
  await using data = database();
  const { secrets } = data.open();
  await secrets.set(secret("GOOD"));
  await secrets.set(secret("BAD", { origins: ["https://a.example"] }));
  const row = data.storage.secrets.load().find(({ name }) => name === "BAD");
  if (row === undefined) throw new Error("the row is stored");
  const { ciphertext, nonce } = row;
  const changes: readonly (readonly [string, string | Uint8Array, string | Uint8Array])[] = [
    ...[0, Math.floor(ciphertext.length / 2), ciphertext.length - 1].map(
      (at) => ["ciphertext", flipped(ciphertext, at), ciphertext] as const,
    ),
    ["ciphertext", ciphertext.subarray(0, 4), ciphertext],
    ["nonce", flipped(nonce, 3), nonce],
    ["origins", "https://evil.example", "https://a.example"],
    ["origins", "", "https://a.example"],
  ];
  const unreadable = { code: "SECRET_UNREADABLE", message: expect.stringContaining("changed") };
  for (const [column, value, before] of changes) {
    data.sql(`UPDATE secrets SET ${column} = ? WHERE name = 'BAD'`, value);
    const { secrets: opened, known } = data.open();
    expect(() => opened.find("default", "BAD")?.read(), column).toThrow(expect.objectContaining(unreadable));
    expect(opened.list("default")).toMatchObject([{ name: "BAD", fingerprint: undefined }, { name: "GOOD" }]);
    expect(opened.find("default", "GOOD")?.read()).toBe(VALUE);
    expect(known.all()).toHaveLength(1);
    await expect(opened.rotateKey()).rejects.toMatchObject({ code: "SECRET_UNREADABLE" });
    data.sql(`UPDATE secrets SET ${column} = ? WHERE name = 'BAD'`, before);
    expect(data.open().secrets.find("default", "BAD")?.read()).toBe(VALUE);
  }
  for (const [column, value] of [
    ["workspace", "other"],
    ["name", "MOVED"],
  ] as const) {
    data.sql(`UPDATE secrets SET ${column} = ? WHERE name = 'BAD'`, value);
    const [workspace, name] = column === "name" ? ["default", value] : [value, "BAD"];
    expect(() => data.open().secrets.find(workspace, name)?.read()).toThrow(expect.objectContaining(unreadable));
    data.sql(
      `UPDATE secrets SET workspace = 'default', name = 'BAD' WHERE workspace = ? AND name = ?`,
      workspace,
      name,
    );
  }
});

test("without its master key no secret can be read, and none is stored beside it until they are deleted", async () => {
  await using data = database();
  await data.open().secrets.set(secret("KEY"));
  const key = readFileSync(data.file);
  for (const [content, why, isUsable] of [
    [undefined, "does not exist", false],
    ["", "it has no key", false],
    ["c2hvcnQ=\n", "not a key of 32 bytes", false],
    [`${Buffer.alloc(32, 7).toString("base64")}\n`, "another master key", true],
  ] as const) {
    if (content === undefined) rmSync(data.file);
    else writeFileSync(data.file, content);
    const { secrets } = data.open();
    const read = () => secrets.find("default", "KEY")?.read();
    expect(read).toThrow(expect.objectContaining({ code: "SECRET_UNREADABLE", message: expect.stringContaining(why) }));
    expect(read).toThrow(expect.objectContaining({ hint: expect.stringContaining(data.file) }));
    const stored = await secrets.set(secret("NEW")).catch((error: unknown) => error);
    // With a valid key, of another server for example, new secrets can be stored.
    expect(stored).toMatchObject(isUsable ? { name: "NEW" } : { code: "SECRET_KEY_FILE_INVALID" });
    expect(existsSync(data.file)).toBe(content !== undefined);
  }
  writeFileSync(data.file, key);
  expect(data.open().secrets.find("default", "KEY")?.read()).toBe(VALUE);
  rmSync(data.file);
  const { secrets } = data.open();
  for (const { name, workspace } of secrets.list("default")) await secrets.delete({ workspace, name });
  await secrets.set(secret("KEY"));
  await secrets.set(secret("SECOND"));
  expect(data.open().secrets.find("default", "KEY")?.read()).toBe(VALUE);
});

// access.secrets.S4
test("a rotation of the master key encrypts every secret again, and may end at any write", async () => {
  await using data = database();
  const { secrets } = data.open();
  await secrets.set(secret("ONE"));
  await secrets.set(secret("TWO", { workspace: "*", origins: ["https://a.example"] }));
  const rows = data.storage.secrets.load();
  const lines = () => readFileSync(data.file, "utf8").trim().split("\n");
  const [first] = lines();
  // Ends before the rows are on disk.
  const broken = data.open({ save: () => Promise.reject(new Error("the server ends")) }).secrets;
  await expect(broken.rotateKey()).rejects.toThrow("the server ends");
  expect(lines()).toEqual([first, expect.any(String)]);
  const resumed = data.open().secrets;
  for (const opened of [broken, resumed]) {
    expect(opened.find("default", "ONE")?.read()).toBe(VALUE);
    expect(opened.find("sales", "TWO")?.read()).toBe(VALUE);
  }
  expect(await resumed.rotateKey()).toBe(2);
  expect(lines()).toHaveLength(1);
  expect(lines()).not.toContain(first);
  const rotated = data.storage.secrets.load();
  expect(rotated.map(({ keyId }) => keyId)).not.toContain(rows[0]?.keyId);
  expect(rotated.map(({ updatedAtMs }) => updatedAtMs)).toEqual(rows.map(({ updatedAtMs }) => updatedAtMs));
  const { secrets: again } = data.open();
  expect(again.find("default", "ONE")?.read()).toBe(VALUE);
  expect(again.find("x", "TWO")).toMatchObject({ origins: ["https://a.example"] });
  await resumed.set(secret("THREE"));
  expect(data.open().secrets.list("default")).toHaveLength(3);
});

test("values that cannot be hidden or are too long are refused, and so are too many", async () => {
  await using data = database();
  const { secrets } = data.open();
  await expect(secrets.set(secret("KEY", { value: "seven77" }))).rejects.toMatchObject({
    code: "SECRET_VALUE_INVALID",
    message: expect.not.stringContaining("seven77"),
  });
  await expect(secrets.set(secret("KEY", { value: "é".repeat(32_769) }))).rejects.toMatchObject({
    code: "SECRET_VALUE_INVALID",
  });
  for (const name of ["A", "B", "C"]) await secrets.set(secret(name, { value: `${name}${"é".repeat(32_767)}` }));
  await expect(secrets.set(secret("D", { value: "d".repeat(65_536) }))).rejects.toMatchObject({ code: "SECRETS_FULL" });
  await secrets.set(secret("C", { value: "replaced-by-less" }));
  await secrets.set(secret("D", { value: "d".repeat(65_536) }));
});
