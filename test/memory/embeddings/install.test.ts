import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { imageBody, makeImage } from "../../../src/memory/embeddings/encoder-image.ts";
import { installMiniLM, minilmImage } from "../../../src/memory/embeddings/install.ts";
import { Safetensors } from "../../../src/memory/embeddings/safetensors.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { randomTensors, safetensorsOf, SMALL } from "./random-model.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.embedder-minilm");

const file = safetensorsOf(randomTensors(SMALL));
const image = Buffer.from(makeImage(new Safetensors(file, "m"), SMALL));
const sha256 = createHash("sha256").update(file).digest("hex");
const pinned = { url: "http://127.0.0.1:9/nowhere", bytes: file.length, sha256, shape: SMALL };
const { signal } = new AbortController();
/** Time passes at once, and chance gives nothing away. */
const pausing = { pause: async () => undefined, chance: () => 0 };
/** What is there besides the file of the lock, which stays. */
const filesIn = (directory: string) => readdirSync(directory).filter((name) => name !== "install.lock");

type Asked = { readonly range: string | undefined };
type Serve = (from: number, response: ServerResponse) => void;

/** Serves the file from where it is asked for; each request by the next of `ways`, the last one from then on. */
async function files(...ways: readonly Serve[]) {
  const asked: Asked[] = [];
  const server = createServer((incoming: IncomingMessage, response) => {
    const { range } = incoming.headers;
    asked.push({ range });
    (ways[asked.length - 1] ?? ways.at(-1))?.(Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0), response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    asked,
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/model.safetensors`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const head = (from: number): Record<string, string> => ({
  "content-length": String(file.length - from),
  ...(from > 0 ? { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
});

const whole: Serve = (from, response) => {
  response.writeHead(from > 0 ? 206 : 200, head(from)).end(file.subarray(from));
};

const complete: Serve = (_, response) => void response.writeHead(200, head(0)).end(file);
const zeros: Serve = (_, response) => void response.writeHead(200, head(0)).end(Buffer.alloc(file.length));
const missing: Serve = (_, response) => void response.writeHead(404).end();
const endless: Serve = (_, response) => void response.writeHead(200).end(Buffer.alloc(file.length * 2));
const login = Buffer.from("<!doctype html><title>Log in to the network</title>");
const captive: Serve = (_, response) => void response.writeHead(200, { "content-length": login.length }).end(login);
const short: Serve = (from, response) =>
  void (from === 0 ? response.writeHead(200).end(login) : response.writeHead(416).end());
const slow: Serve = (_, response) => void response.writeHead(200, head(0)).write(file.subarray(0, 5_000));

let held: { readonly untilBytes: number; readonly response: ServerResponse } | undefined;

/** Sends so many bytes and breaks the connection, as soon as they have come: before that some could be lost. */
const breaking =
  (bytes: number): Serve =>
  (from, response) => {
    held = { untilBytes: from + bytes, response };
    response.writeHead(from > 0 ? 206 : 200, head(from));
    if (bytes === 0) response.destroy();
    else response.write(file.subarray(from, from + bytes));
  };

const onProgress = (done: number): void => {
  if (held !== undefined && done >= held.untilBytes) held.response.destroy();
};

test("a connection that breaks is made again and resumes the download", async () => {
  using directory = tempDirectory();
  await using server = await files(breaking(10_000), breaking(70_000), whole);
  const seen: number[] = [];
  const installed = await installMiniLM({
    directory: join(directory.path, "models"),
    from: server.url,
    pinned,
    signal,
    onProgress: (done) => {
      seen.push(done);
      onProgress(done);
    },
  });
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, "bytes=10000-", "bytes=80000-"]);
  expect(seen.at(-1)).toBe(file.length);
  expect(seen).toEqual(seen.toSorted((one, other) => one - other));
  expect(readFileSync(installed.file).equals(image)).toBe(true);
  expect(imageBody(readFileSync(installed.file), SMALL, "m").length).toBeGreaterThan(0);
  expect(filesIn(join(directory.path, "models"))).toEqual(["all-minilm-l6-v2.image"]);
});

test("the part of a failed download is kept for the next attempt", async () => {
  using directory = tempDirectory();
  const idle = Array.from({ length: 5 }, () => breaking(0));
  await using server = await files(breaking(50_000), ...idle, whole);
  const options = { directory: directory.path, from: server.url, pinned, pausing, signal, onProgress };
  await expect(installMiniLM(options)).rejects.toMatchObject({
    code: "MODEL_DOWNLOAD_FAILED",
    details: { received: 50_000 },
    hint: expect.stringContaining("resumes the download"),
  });
  await installMiniLM(options);
  expect(server.asked.at(-1)?.range).toBe("bytes=50000-");
  expect(readFileSync(minilmImage(directory.path)).equals(image)).toBe(true);
});

test("a server without Range support sends the whole file", async () => {
  using directory = tempDirectory();
  await using server = await files(breaking(30_000), complete);
  await installMiniLM({ directory: directory.path, from: server.url, pinned, signal, onProgress });
  expect(readFileSync(minilmImage(directory.path)).equals(image)).toBe(true);
});

test("what is there is not fetched again", async () => {
  using directory = tempDirectory();
  await using server = await files(whole);
  const options = { directory: directory.path, from: server.url, pinned, signal };
  expect(await installMiniLM(options)).toMatchObject({ wasThere: false });
  expect(await installMiniLM(options)).toMatchObject({ wasThere: true, bytes: image.length });
  expect(server.asked).toHaveLength(1);
});

test("a file from elsewhere is taken by its path, when it is the published one", async () => {
  using directory = tempDirectory();
  const path = join(directory.path, "model.safetensors");
  writeFileSync(path, file);
  const models = join(directory.path, "models");
  await installMiniLM({ directory: models, from: path, pinned, signal });
  expect(statSync(path).size).toBe(file.length);
  const other = Buffer.from(file);
  other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
  writeFileSync(path, other);
  const refused = installMiniLM({ directory: join(directory.path, "other"), from: path, pinned, signal });
  await expect(refused).rejects.toMatchObject({ code: "MODEL_FILE_INVALID", message: expect.stringContaining(sha256) });
});

test("a fetched file that is not the model is deleted, and the next attempt starts from the beginning", async () => {
  using directory = tempDirectory();
  await using server = await files(zeros, whole);
  const options = { directory: directory.path, from: server.url, pinned, signal };
  await expect(installMiniLM(options)).rejects.toMatchObject({ code: "MODEL_FILE_INVALID" });
  await installMiniLM(options);
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, undefined]);
});

test("an address without a model, or with too large a file, fails at once", async () => {
  using directory = tempDirectory();
  await using server = await files(missing);
  const options = { directory: directory.path, from: server.url, pinned, signal };
  await expect(installMiniLM(options)).rejects.toThrow("the server answered 404");
  expect(server.asked).toHaveLength(1);
  await using large = await files(endless);
  await expect(installMiniLM({ ...options, from: large.url })).rejects.toThrow("larger than the model");
  // The part of another file is not continued.
  expect(filesIn(directory.path)).toEqual([]);
});

test("the part of another file is not continued, whether its length is known or it ends too early", async () => {
  using directory = tempDirectory();
  await using server = await files(breaking(30_000), captive, short, whole);
  const options = { directory: directory.path, from: server.url, pinned, signal, onProgress };
  await expect(installMiniLM(options)).rejects.toMatchObject({
    code: "MODEL_DOWNLOAD_FAILED",
    message: expect.stringContaining(`the remote file has ${login.length} bytes`),
    details: { received: 30_000 },
  });
  // The part that was fetched before stays until a server has no more than that.
  await expect(installMiniLM(options)).rejects.toThrow("the server answered 416");
  expect(filesIn(directory.path)).toEqual([]);
  await installMiniLM(options);
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, "bytes=30000-", "bytes=30000-", undefined]);
});

test("who cancels leaves what came", async () => {
  using directory = tempDirectory();
  const stop = new AbortController();
  await using server = await files(slow);
  const options = { directory: directory.path, from: server.url, pinned, signal: stop.signal };
  const cancelled = installMiniLM({ ...options, onProgress: () => stop.abort() });
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  expect(statSync(join(directory.path, "all-minilm-l6-v2.safetensors.part")).size).toBe(5_000);
});

test("a model that cannot fit onto the disk is not begun", async () => {
  using directory = tempDirectory();
  const huge = { ...pinned, bytes: 1e15 };
  await expect(
    installMiniLM({ directory: directory.path, from: "http://127.0.0.1:9/m", pinned: huge, signal }),
  ).rejects.toMatchObject({ code: "MODEL_DISK_FULL", hint: expect.stringContaining("Free space") });
});

/** How long the pauses are before it is given up, by chance. */
async function pausesBy(chance: number): Promise<readonly number[]> {
  using directory = tempDirectory();
  await using server = await files(breaking(0));
  const all: number[] = [];
  const pause = async (ms: number) => void all.push(ms);
  const given = { directory: directory.path, from: server.url, pinned, signal, onProgress };
  const install = installMiniLM({ ...given, pausing: { pause, chance: () => chance } });
  await expect(install).rejects.toMatchObject({ code: "MODEL_DOWNLOAD_FAILED" });
  expect(server.asked).toHaveLength(5);
  return all;
}

test("attempts without progress use exponential backoff with jitter", async () => {
  expect(await pausesBy(0)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(await pausesBy(1)).toEqual([500, 1_000, 2_000, 4_000]);
});

test("an attempt that brought something is followed by another at once", async () => {
  using directory = tempDirectory();
  await using server = await files(breaking(10_000), breaking(10_000), whole);
  let pauses = 0;
  const pause = async () => void (pauses += 1);
  const given = { directory: directory.path, from: server.url, pinned, signal, onProgress };
  await installMiniLM({ ...given, pausing: { pause, chance: () => 0 } });
  expect([server.asked.length, pauses]).toEqual([3, 0]);
});

test("who cancels does not wait for the end of a pause", async () => {
  using directory = tempDirectory();
  const stop = new AbortController();
  await using server = await files(breaking(0));
  const pause = async (ms: number, given: AbortSignal) => {
    setImmediate(() => stop.abort());
    await sleep(ms * 1_000, undefined, { signal: given });
  };
  const given = { directory: directory.path, from: server.url, pinned, signal: stop.signal, onProgress };
  const cancelled = installMiniLM({ ...given, pausing: { pause, chance: () => 0 } });
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  expect(server.asked).toHaveLength(1);
});

test("a directory that cannot be made or written is named, and nothing is fetched", async () => {
  using directory = tempDirectory();
  await using server = await files(whole);
  const taken = join(directory.path, "taken");
  writeFileSync(taken, "");
  mkdirSync(join(directory.path, "install.lock"));
  for (const place of [join(taken, "models"), directory.path]) {
    await expect(installMiniLM({ directory: place, from: server.url, pinned, signal })).rejects.toMatchObject({
      code: "MODEL_DIRECTORY_UNWRITABLE",
      message: expect.stringContaining(`models cannot be kept in ${place}: `),
    });
  }
  expect(server.asked).toEqual([]);
});

test("a second installation at once is refused, and names who is at it", async () => {
  using directory = tempDirectory();
  const stop = new AbortController();
  await using server = await files(slow, whole);
  const begun = Promise.withResolvers<void>();
  const options = { directory: directory.path, from: server.url, pinned, signal };
  const first = installMiniLM({ ...options, signal: stop.signal, onProgress: () => begun.resolve() });
  await begun.promise;
  await expect(installMiniLM(options)).rejects.toMatchObject({
    code: "MODEL_INSTALL_RUNNING",
    message: `process ${process.pid} is installing a model in ${directory.path}`,
    hint: expect.stringContaining(`kill ${process.pid}`),
  });
  expect(server.asked).toHaveLength(1);
  stop.abort();
  await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await installMiniLM(options)).toMatchObject({ wasThere: false });
  expect(readFileSync(minilmImage(directory.path)).equals(image)).toBe(true);
});

test("an installation that was killed does not block the next one, which resumes its part", async () => {
  using directory = tempDirectory();
  await using server = await files(slow, whole);
  const options = { directory: directory.path, from: server.url, pinned };
  const child = spawn(process.execPath, [join(import.meta.dirname, "installing.ts"), JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(createInterface({ input: child.stdout }), "line");
  await expect(installMiniLM({ ...options, signal })).rejects.toMatchObject({
    code: "MODEL_INSTALL_RUNNING",
    details: { pid: child.pid, directory: directory.path },
  });
  child.kill("SIGKILL");
  await ended;
  await installMiniLM({ ...options, signal });
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, "bytes=5000-"]);
  expect(readFileSync(minilmImage(directory.path)).equals(image)).toBe(true);
});
