import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { caxton } from "../cli/caxton.ts";
import { repository, startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

test(
  "a built-in tool server that cannot be deployed makes the server unready, and is tried again with the definitions that need it",
  { timeout: 60_000 },
  async () => {
    using temp = tempDirectory();
    const builtIn = join(temp.path, "built-in");
    const csv = "csv_parser";
    for (const name of [csv, "chart_generator", "file_system"])
      cpSync(join(repository, "tools/built", name), join(builtIn, name), { recursive: true });
    const module = join(builtIn, csv, "module.wasm");
    const whole = readFileSync(module);
    writeFileSync(module, "no module");
    const waiting: (() => void)[] = [];
    // The time until the next attempt passes when the test says so.
    const sleep: typeof systemClock.sleep = (ms, signal) =>
      ms === 10_000 ? new Promise((resolve) => waiting.push(resolve)) : systemClock.sleep(ms, signal);
    await using server = await startServer({
      isEarly: true,
      overrides: { toolServers: builtIn, clock: { ...systemClock, sleep } },
    });
    const { tools, definitions } = await server.started.ready;
    const failed = tools.flatMap((each) => (each.type === "failed" ? [each] : []));
    expect(failed).toMatchObject([{ name: csv }]);
    const reason = failed[0]?.reason ?? "";
    expect(definitions.filter(({ type }) => type === "refused").map((each) => JSON.stringify(each))).toContainEqual(
      expect.stringContaining(`the tool server \\"${csv}\\" could not be deployed`),
    );

    const ready = () => server.ask("GET", "/ready");
    const note = expect.stringContaining(`${csv} could not be deployed: ${reason}`);
    const failing = {
      status: 503,
      body: { status: "failing", checks: { tools: { ok: false, note }, agents: { ok: false } } },
    };
    expect(await ready()).toMatchObject(failing);
    expect(await server.ask("GET", `/api/v1/tool-servers/${csv}`)).toMatchObject({
      status: 404,
      body: { code: "TOOL_SERVER_NOT_FOUND", detail: expect.stringContaining(reason) },
    });
    const doctor = await caxton(["doctor", "--server", server.url], { cwd: server.directory });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout.replaceAll(/\s+/g, " ")).toContain(`fail tools ${csv} could not be deployed`);
    expect(doctor.stdout).not.toMatch(/ok +tool servers/);

    waiting.shift()?.();
    await vi.waitUntil(() => waiting.length > 0, { timeout: 20_000 });
    expect(await ready()).toMatchObject(failing);

    writeFileSync(module, whole);
    waiting.shift()?.();
    await vi.waitUntil(async () => (await ready()).status === 200, { timeout: 20_000 });
    expect(await server.ask("GET", `/api/v1/tool-servers/${csv}`)).toMatchObject({ status: 200 });
    expect(await server.ask("GET", "/api/v1/agents/data-analyzer")).toMatchObject({ status: 200 });
  },
);
