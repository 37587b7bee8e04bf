import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { expect, test } from "vitest";
import { system, tools } from "../../../src/api/contract/index.ts";
import { loadConfig, serve } from "../../../src/server/index.ts";
import { serving } from "../../cli/serving.ts";
import { repository } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { answering, chatty, CLOCK, manifest, renamed } from "./modules.ts";
import { World } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.revisions");

// servers.tool-servers.V3
test(
  "running calls all end while revisions come and go, each on the one it began with",
  { timeout: 60_000 },
  async () => {
    await using world = await World.open();
    await world.deploy(await answering("ok"), manifest("probe"));
    const answers: string[] = [];
    const over = new AbortController();
    const caller = async (): Promise<void> => {
      while (!over.signal.aborted) answers.push(await world.call("probe"));
    };
    const callers = Array.from({ length: 4 }, caller);
    const answered = (word: string) => expect.poll(() => answers.at(-1), { timeout: 20_000 }).toBe(word);
    for (const word of ["v2", "v3", "v4"]) {
      await world.deploy(await answering(word), manifest("probe"));
      await answered(word);
    }
    await world.ask("POST", "/probe/activate", { revision: 1 });
    await answered("ok");
    over.abort();
    await Promise.all(callers);
    expect([...new Set(answers)].filter((answer) => !["ok", "v2", "v3", "v4"].includes(answer))).toEqual([]);
  },
);

test("a server that is deleted during a call lets it end", { timeout: 30_000 }, async () => {
  await using world = await World.open();
  await world.deploy(await answering("ok"), manifest("probe", '[limits]\ndeadline = "1500ms"\n'));
  expect(await world.call("probe")).toBe("ok");
  const sleeping = world.call("probe", "sleep");
  await expect.poll(async () => (await world.get("probe")).calls_under_way).toBe(1);
  const { body } = await world.ask("DELETE", "/probe");
  expect(tools.ToolServerDeletion.parse(body)).toEqual({ name: "probe", state: "draining", calls_under_way: 1 });
  expect(await world.call("probe")).toBe("unavailable");
  expect(await world.code("DELETE", "/probe")).toBe("TOOL_SERVER_STATE");
  expect(await sleeping).toBe("deadline");
  await expect.poll(() => world.code("GET", "/probe")).toBe("TOOL_SERVER_NOT_FOUND");
});

// servers.tool-servers.V2
test("two uploads of one name at once are two revisions, and the later one serves", { timeout: 30_000 }, async () => {
  await using world = await World.open();
  const both = await Promise.all(
    ["one", "two"].map(async (_word, index) =>
      world.deploy(await answering(index === 0 ? "v1" : "v2"), manifest("probe")),
    ),
  );
  expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(["created", "updated"]);
  const record = await world.get("probe");
  expect(record.revision).toBe(2);
  const later = both.find(({ revision }) => revision === 2);
  expect(later?.module_hash).toBe(record.pins.module_hash);
});

/** A server in a process of its own, without the built-in tools: they would only cost time. */
async function start(cwd: string) {
  const builtIn = readdirSync(join(repository, "tools/built"), { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  writeFileSync(
    join(cwd, "caxton.toml"),
    builtIn.map(({ name }) => `[tool_servers.${name}]\nenabled = false\n`).join(""),
  );
  return serving({ cwd });
}

const Reply = z.object({ outcome: z.string() });

async function deployTo(url: string, module: Uint8Array, text: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/tool-servers`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ module: Buffer.from(module).toString("base64"), manifest: text }),
  });
  return Reply.parse(await response.json()).outcome;
}

async function recordAt(url: string, name: string): Promise<tools.ToolServerRecord> {
  return tools.ToolServerRecord.parse(await (await fetch(`${url}/api/v1/tool-servers/${name}`)).json());
}

// servers.tool-servers.V1
test("what was deployed, waits or was paused is so after kill -9", { timeout: 90_000 }, async () => {
  using temp = tempDirectory();
  {
    await using server = await start(temp.path);
    await deployTo(server.url, await answering("ok"), manifest("kept"));
    await deployTo(server.url, await answering("v2"), manifest("kept"));
    expect(await deployTo(server.url, await renamed(), manifest("kept"))).toBe("pending");
    await deployTo(server.url, await answering("ok"), manifest("resting"));
    await fetch(`${server.url}/api/v1/tool-servers/resting/pause`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ reason: "tea" }),
    });
    server.child.kill("SIGKILL");
    await server.ended;
  }
  await using server = await start(temp.path);
  expect(await recordAt(server.url, "kept")).toMatchObject({
    revision: 2,
    state: "loaded",
    pending: { revision: 3, changes: expect.arrayContaining([expect.objectContaining({ kind: "tool-removed" })]) },
  });
  expect(await recordAt(server.url, "resting")).toMatchObject({ state: "paused", reason: "tea" });
});

test("killed in the middle of a deployment, it has the old revision or the new one", { timeout: 120_000 }, async () => {
  using temp = tempDirectory();
  let acknowledged = 0;
  for (const delayMs of [0, 15, 60]) {
    await using server = await start(temp.path);
    const text = manifest("kept", "", `1.0.${delayMs}`);
    const deploying = deployTo(server.url, await answering("ok"), text).then(
      () => true,
      () => false,
    );
    await new Promise((resolve) => void setTimeout(resolve, delayMs));
    server.child.kill("SIGKILL");
    await server.ended;
    const was = await deploying;
    await using again = await start(temp.path);
    const response = await fetch(`${again.url}/api/v1/tool-servers/kept`);
    const revision = response.ok ? tools.ToolServerRecord.parse(await response.json()).revision : 0;
    expect(revision).toBeGreaterThanOrEqual(acknowledged + (was ? 1 : 0));
    acknowledged = revision ?? 0;
    again.child.kill("SIGKILL");
    await again.ended;
  }
});

test(
  "a module whose bytes changed on disk is not run; deploying it again repairs it",
  { timeout: 60_000 },
  async () => {
    using temp = tempDirectory();
    {
      await using world = await World.open({ directory: temp.path });
      await world.deploy(await answering("ok"), manifest("probe"));
      await world.deploy(await answering("ok"), manifest("sound", "", "1.0.1"));
      await world.deploy(await answering("v2"), manifest("sound", "", "1.0.2"));
    }
    const modules = join(temp.path, ".caxton", "tool-servers");
    const [hash = ""] = readdirSync(modules).filter((name) =>
      readFileSync(join(modules, name)).includes('"text":"ok"'),
    );
    const bytes = readFileSync(join(modules, hash));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(modules, hash), bytes);
    await using world = await World.open({ directory: temp.path });
    const record = await world.get("probe");
    expect(record).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("is gone or is not what was deployed"),
    });
    expect(record.health.health).toBe("unhealthy");
    expect(await world.call("probe")).toBe("unavailable");
    expect(await world.call("sound")).toBe("v2");
    expect(await world.code("POST", "/sound/activate", { revision: 1 })).toBe("TOOL_MODULE_DAMAGED");
    expect(await world.call("sound")).toBe("v2");
    expect(await world.deploy(await answering("ok"), manifest("probe"))).toMatchObject({
      outcome: "unchanged",
      revision: 1,
    });
    expect(await world.call("probe")).toBe("ok");
  },
);

test(
  "built-in servers are deployed like others, cannot be deleted or replaced, but paused and rolled back",
  { timeout: 60_000 },
  async () => {
    using temp = tempDirectory();
    const builtIn = join(temp.path, "built-in");
    const put = async (word: string, version: string) => {
      mkdirSync(join(builtIn, "probe"), { recursive: true });
      writeFileSync(join(builtIn, "probe", "module.wasm"), await answering(word));
      writeFileSync(join(builtIn, "probe", "tool.toml"), manifest("probe", CLOCK, version));
    };
    const open = () => World.open({ directory: temp.path, overrides: { toolServers: builtIn } });
    await put("ok", "1.0.0");
    {
      await using world = await open();
      expect(await world.get("probe")).toMatchObject({
        origin: "built-in",
        revision: 1,
        publisher: { state: "built-in" },
      });
      expect(await world.code("DELETE", "/probe")).toBe("TOOL_SERVER_BUILT_IN");
      const replacing = await world.send(await answering("v9"), { manifest: manifest("probe") });
      expect(replacing).toMatchObject({ status: 409, body: { code: "TOOL_SERVER_BUILT_IN" } });
      await world.ask("POST", "/probe/pause", {});
    }
    await put("v2", "2.0.0");
    {
      await using world = await open();
      expect(await world.get("probe")).toMatchObject({ revision: 2, version: "2.0.0", pending: null, state: "paused" });
      await world.ask("POST", "/probe/resume");
      await world.ask("POST", "/probe/activate", { revision: 1 });
    }
    await using world = await open();
    expect(await world.get("probe")).toMatchObject({ revision: 1, version: "1.0.0" });
    expect(await world.call("probe")).toBe("ok");
  },
);

test(
  "a directory's servers are deployed at start, and wait when they alter what is known",
  { timeout: 60_000 },
  async () => {
    using temp = tempDirectory();
    const place = join(temp.path, "tools", "probe");
    const put = async (module: Uint8Array) => {
      mkdirSync(place, { recursive: true });
      mkdirSync(join(temp.path, "tools", "sources-only"), { recursive: true });
      writeFileSync(join(place, "module.wasm"), module);
      writeFileSync(join(place, "tool.toml"), manifest("probe"));
    };
    await put(await answering("ok"));
    {
      await using world = await World.open({ directory: temp.path });
      expect(await world.get("probe")).toMatchObject({ origin: "directory", revision: 1 });
    }
    await put(await renamed());
    await using world = await World.open({ directory: temp.path });
    expect(await world.get("probe")).toMatchObject({ revision: 1, pending_revision: 2 });
    expect((await world.server.started.ready).tools).toEqual([{ type: "pending", name: "probe", revision: 2 }]);
  },
);

test(
  "while it is watched, a directory's server is deployed when its module is written, whatever changed",
  { timeout: 60_000 },
  async () => {
    using temp = tempDirectory();
    mkdirSync(join(temp.path, "tools"));
    cpSync(join(repository, "examples"), join(temp.path, "examples"), { recursive: true });
    const settings = {
      "server.port": 0,
      "data.directory": join(temp.path, ".caxton"),
      "agents.directory": join(temp.path, "examples/agents"),
      "log.level": "silent",
    };
    const reported: string[] = [];
    await using started = await serve(loadConfig({ settings }, {}, temp.path), {
      overrides: { toolServers: join(temp.path, "none") },
      onTool: (deployment) => reported.push(`${deployment.type} ${deployment.name}`),
    });
    await started.ready;
    const place = join(temp.path, "tools", "probe");
    mkdirSync(place);
    writeFileSync(join(place, "tool.toml"), manifest("probe"));
    writeFileSync(join(place, "module.wasm"), await answering("ok"));
    await expect.poll(() => reported, { timeout: 20_000 }).toEqual(["deployed probe"]);
    writeFileSync(join(place, "module.wasm"), await renamed());
    await expect.poll(() => reported, { timeout: 20_000 }).toEqual(["deployed probe", "deployed probe"]);
    expect((await recordAt(started.url, "probe")).tools.map(({ name }) => name)).toContain("less");
  },
);

/** Events of a stream until one fits. */
async function until<Event>(response: Response, schema: z.ZodType<Event>, fits: (events: readonly Event[]) => boolean) {
  const events: Event[] = [];
  let text = "";
  for await (const piece of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
    text += piece;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) events.push(schema.parse(JSON.parse(line.slice(6))));
    if (fits(events)) return events;
  }
  throw new Error(`the stream ended: ${JSON.stringify(events)}`);
}

test("the log is streamed, and followed over a change of revision", { timeout: 30_000 }, async () => {
  await using world = await World.open();
  await world.deploy(await chatty(), manifest("chatty"));
  expect(await world.call("chatty")).toBe("ok");
  const log = tools.ToolLog.parse((await world.ask("GET", "/chatty/logs")).body);
  expect(log.items.map(({ text }) => text)).toContain("hello log");
  const stop = new AbortController();
  const response = await fetch(`${world.server.url}/api/v1/tool-servers/chatty/logs`, {
    headers: { accept: "text/event-stream" },
    signal: stop.signal,
  });
  const following = until(response, tools.ToolLogEvent, (events) => events.length >= log.items.length + 2);
  await world.call("chatty");
  await world.deploy(await chatty(), manifest("chatty", "", "1.0.1"));
  await world.call("chatty");
  const events = await following;
  expect(events.slice(-2)).toMatchObject([
    { type: "line", text: "hello log" },
    { type: "line", text: "hello log" },
  ]);
  stop.abort();
});

test("changes of tool servers are reported to watchers of the server", { timeout: 30_000 }, async () => {
  await using world = await World.open();
  const stop = new AbortController();
  const response = await fetch(`${world.server.url}/api/v1/events`, { signal: stop.signal });
  const watching = until(response, system.ServerEvent, (events) => events.length >= 5);
  await world.deploy(await answering("ok"), manifest("probe"));
  await world.ask("POST", "/probe/pause", {});
  await world.ask("POST", "/probe/resume");
  await world.ask("DELETE", "/probe");
  const states = (await watching).map((event) => (event.type === "tool-server" ? event.state : event.type));
  expect(states.slice(0, 5)).toEqual(["ready", "loaded", "paused", "loaded", "draining"]);
  stop.abort();
});
