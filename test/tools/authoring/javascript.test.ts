import { createServer } from "node:http";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { CompileFailedError } from "../../../src/tools/authoring/index.ts";
import { verifies } from "../../helpers/verifies.ts";
import { call, said, toolOf, Workshop } from "./workshop.ts";

verifies("tool.authoring");

test("what run returns is a text, structured content, files or a whole result", async () => {
  using workshop = new Workshop();
  await using trial = await workshop.open(
    toolOf(`return {
      text: "plain",
      object: { list: [1, 2], none: undefined, at: new Date(0) },
      number: 42,
      nothing: undefined,
      parts: ["see", api.file("out.csv", "text/csv", "a,b")],
      whole: { content: [{ type: "text", text: "whole" }], isError: true },
    }[args.kind];`),
  );
  expect(said(await call(trial, { kind: "text" }))).toBe("plain");
  expect(await call(trial, { kind: "object" })).toMatchObject({
    content: [{ type: "text", text: '{"list":[1,2],"at":"1970-01-01T00:00:00.000Z"}' }],
    structured: { list: [1, 2], at: "1970-01-01T00:00:00.000Z" },
  });
  expect(said(await call(trial, { kind: "number" }))).toBe("42");
  expect(await call(trial, { kind: "nothing" })).toMatchObject({ type: "done", content: [] });
  expect(await call(trial, { kind: "parts" })).toMatchObject({
    content: [
      { type: "text", text: "see" },
      { type: "file", name: "out.csv", mediaType: "text/csv", text: "a,b" },
    ],
  });
  expect(said(await call(trial, { kind: "whole" }))).toBe("tool-error: whole");
});

test("a throw is a failure of the tool, with the author's own lines", async () => {
  using workshop = new Workshop();
  workshop.write(
    "lib/deep.ts",
    `type Unused = { a: 1 };\n\nexport function deep(): never {\n  throw new RangeError("too far");\n}\n`,
  );
  await using trial = await workshop.open(
    toolOf(
      `if (args.kind === "said") throw new api.ToolError("not on Sundays");
       if (args.kind === "lost") { void Promise.reject(new Error("unhandled")); return "fine"; }
       if (args.kind === "stuck") await new Promise(() => {});
       if (args.kind === "late") { setTimeout(() => { throw new Error("in a timer"); }, 1); await new Promise((done) => setTimeout(done, 5)); return "fine"; }
       if (args.kind === "deep") { const again = (n: number): number => again(n + 1) + 1; again(0); }
       deep();`,
      `import { deep } from "./lib/deep.ts";`,
    ),
  );
  expect(said(await call(trial))).toMatch(
    /^tool-error: RangeError: too far\n    at deep \(lib\/deep\.ts:4\)\n    at (?:async )?run \(index\.ts:\d+\)$/,
  );
  expect(said(await call(trial, { kind: "said" }))).toBe("tool-error: not on Sundays");
  expect(said(await call(trial, { kind: "lost" }))).toContain("tool-error: Error: unhandled");
  expect(said(await call(trial, { kind: "late" }))).toContain("tool-error: Error: in a timer");
  expect(said(await call(trial, { kind: "stuck" }))).toContain("waits for something that can no longer happen");
  expect(said(await call(trial, { kind: "deep" }))).toContain("RangeError: Maximum call stack size exceeded");
});

test("the web's small things are there and behave as they do in Node.js", async () => {
  const expressions = [
    `new TextDecoder().decode(new TextEncoder().encode("grüße \\u{1F600}"))`,
    `Array.from(new TextEncoder().encode("\\uD800"))`,
    `(() => { try { new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(0xed, 0xa0, 0x80)); } catch (error) { return error.name; } })()`,
    `atob(btoa("ok"))`,
    `new URL("../x/./y?q=ä b#c d", "HTTPS://User:pa ss@Example.COM:443/a/b/c?z").href`,
    `["http://a.b:8080", "mailto:x@y.z", "http://h/%7Efoo/../bar", "//other/p", "?q=1", "http://[::1]:80/", "file:///a/../b"].map((u) => new URL(u, "https://base.example/dir/file").href)`,
    `["http://", "http://a b/", "http://a:99999/", "nothing"].map((u) => URL.canParse(u))`,
    `(() => { const u = new URL("https://a/?x=1"); u.searchParams.append("y", "a b&c"); u.searchParams.set("x", "2"); u.hash = "t"; return u.href; })()`,
    `[...new URLSearchParams("a=1&b=%20+x&a=2")].flat()`,
    `structuredClone({ d: new Date(5), m: new Map([[1, new Set([2])]]), b: Uint8Array.of(1, 2), n: null }).m.get(1).has(2)`,
    `(() => { const a = { self: null }; a.self = a; const b = structuredClone(a); return b !== a && b.self === b; })()`,
    `(() => { try { structuredClone(() => 1); } catch (error) { return error.name; } })()`,
    `[...new Headers([["B", "2"], ["a", "1"], ["b", "3"]])].flat()`,
    `crypto.randomUUID().length`,
    `crypto.getRandomValues(new Uint8Array(4)).length`,
    `typeof performance.now()`,
    `AbortSignal.abort().aborted`,
  ];
  using workshop = new Workshop();
  await using trial = await workshop.open(toolOf(`return { all: [${expressions.join(",\n")}] };`));
  const here = await Promise.all(expressions.map((expression): unknown => runInThisContext(expression)));
  expect(await call(trial)).toMatchObject({ structured: { all: JSON.parse(JSON.stringify(here)) } });
});

test("timers wait, in their order, and end with the call", async () => {
  using workshop = new Workshop();
  await using trial = await workshop.open(
    toolOf(`const seen: string[] = [];
      const wait = (ms: number, name: string) => new Promise<void>((done) => setTimeout(() => { seen.push(name); done(); }, ms));
      setInterval(() => seen.push("tick"), 4);
      setTimeout(() => seen.push("never"), 1_000_000);
      clearTimeout(setTimeout(() => seen.push("cleared"), 1));
      await Promise.all([wait(9, "second"), wait(2, "first"), queueMicrotask(() => seen.push("micro"))]);
      return seen.join(" ");`),
  );
  expect(said(await call(trial))).toBe("micro first tick tick second");
});

test("files are read, written and listed where it was granted, and refused elsewhere in words", async () => {
  using workshop = new Workshop();
  mkdirSync(join(workshop.directory, "data"));
  writeFileSync(join(workshop.directory, "data", "in.txt"), "grüße");
  const grants = `[[grants.files]]\npath = "data"\n[[grants.files]]\npath = "out"\naccess = "write"\n`;
  await using trial = await workshop.open(
    toolOf(`if (args.path) return api.readTextFile(args.path);
      await api.writeFile("out/made.txt", "one");
      await api.writeFile("out/made.txt", new TextEncoder().encode(" two"), { append: true });
      await api.writeFile("out/gone.txt", ""); await api.removeFile("out/gone.txt");
      return { read: await api.readTextFile("data/in.txt"), bytes: (await api.readFile("data/in.txt")).length, list: await api.listDirectory("out") };`),
    { grants },
  );
  expect(await call(trial)).toMatchObject({
    structured: { read: "grüße", bytes: 7, list: [{ name: "made.txt", kind: "file" }] },
  });
  expect(readFileSync(join(workshop.directory, "out/made.txt"), "utf8")).toBe("one two");
  expect(said(await call(trial, { path: "data/none.txt" }))).toContain("no such file");
  expect(said(await call(trial, { path: "/etc/passwd" }))).toContain("[[grants.files]]");
});

test("messages are sent where it was granted, and refused elsewhere in words", async () => {
  using workshop = new Workshop();
  const grants = `[[grants.messages]]\nreceivers = ["ops-*"]\n`;
  await using trial = await workshop.open(
    toolOf(`const { id, conversationId, recipients } = await api.sendMessage({ receiver: "ops-1", content: { disk: "full" }, conversationId: "disk" });
      return args.path ? api.sendMessage({ receiver: "boss", content: "hi" }) : { id: id.length, conversationId, recipients };`),
    { grants },
  );
  expect(await call(trial)).toMatchObject({ structured: { id: 36, conversationId: "disk", recipients: ["ops-1"] } });
  expect(said(await call(trial, { path: "x" }))).toContain("[[tool_servers.subject.grants.messages]]");
});

test("memory is searched where it was granted, and refused elsewhere in words", async () => {
  using workshop = new Workshop();
  const grants = `[[grants.memory]]\nscopes = ["workspace", "agent-only"]\n`;
  await using trial = await workshop.open(
    toolOf(`if (args.kind === "strange") return api.searchMemory("harbour", { agent: "boss" });
      return api.searchMemory("harbour", args.path ? { scopes: ["global"], limit: 3 } : { limit: 3 });`),
    { grants },
  );
  expect(await call(trial)).toMatchObject({ structured: { hits: [], notices: [], cut: false } });
  expect(said(await call(trial, { path: "x" }))).toContain("[[tool_servers.subject.grants.memory]]");
  expect(said(await call(trial, { kind: "strange" }))).toContain("agent");
});

test("state is kept from one call to the next under its grant", async () => {
  using workshop = new Workshop();
  await using trial = await workshop.open(
    toolOf(`const count = ((await api.state.get("count")) as number ?? 0) + 1;
      await api.state.set("count", count);
      await api.state.setBytes("raw/a", Uint8Array.of(1, 2));
      const { keys } = await api.state.list({ prefix: "raw/" });
      return { count, raw: [...(await api.state.getBytes("raw/a"))!], keys: keys.map(({ key, bytes }) => [key, bytes]), gone: await api.state.delete("none") };`),
    { grants: "[grants]\nstate = true\n" },
  );
  await call(trial);
  expect(await call(trial)).toMatchObject({ structured: { count: 2, raw: [1, 2], keys: [["raw/a", 2]], gone: false } });
});

test("fetch sends method, headers and body, and reads the answer; other hosts are refused", async () => {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      response.writeHead(201, { "content-type": "application/json", "x-seen": String(request.headers["x-given"]) });
      response.end(
        JSON.stringify({ method: request.method, url: request.url, type: request.headers["content-type"], body }),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    using workshop = new Workshop();
    await using trial = await workshop.open(
      toolOf(`const response = await fetch(args.url, { method: "post", headers: { "X-Given": "yes" }, body: new URLSearchParams({ a: "b c" }), signal: AbortSignal.timeout(5000) });
        return { status: response.status, ok: response.ok, seen: response.headers.get("X-Seen"), answer: await response.json() };`),
      { grants: `[[grants.http]]\nurl = "http://127.0.0.1:${port}"\nmethods = ["POST"]\nprivate = true\n` },
    );
    expect(await call(trial, { url: `http://127.0.0.1:${port}/at?q=1` })).toMatchObject({
      structured: {
        status: 201,
        ok: true,
        seen: "yes",
        answer: {
          method: "POST",
          url: "/at?q=1",
          type: "application/x-www-form-urlencoded;charset=UTF-8",
          body: "a=b+c",
        },
      },
    });
    expect(said(await call(trial, { url: "http://127.0.0.1:1/" }))).toMatch(
      /^tool-error: TypeError: fetch of http:\/\/127\.0\.0\.1:1\/ failed: /,
    );
  } finally {
    server.close();
  }
});

test("the log has what was written to the console and to the context", async () => {
  using workshop = new Workshop();
  await using trial = await workshop.open(
    toolOf(
      `console.log("seen", { a: [1, "x"], m: new Map([["k", 1n]]) }); context.log("noted"); context.progress(1, 2); return "";`,
    ),
  );
  await call(trial);
  expect(trial.log().map(({ text }) => text)).toEqual(['seen { a: [1, "x"], m: Map {"k" => 1n} }', "noted"]);
});

test("what a module does at its top level is done when it is built, unless it asks for something outside", async () => {
  using workshop = new Workshop();
  const table = `const table = Array.from({ length: 20_000 }, (_, at) => at * at);`;
  await using trial = await workshop.open(toolOf(`return String(table[300]);`, table));
  const built = await call(trial);
  expect(said(built)).toBe("90000");
  expect(built.usage.fuel).toBeLessThan(400_000);
  await using other = await workshop.open(
    toolOf(`return String(drawn > 0 && drawn < 1);`, `const drawn = Math.random();`),
  );
  expect(said(await call(other))).toBe("true");
});

test("packages are bundled, and a schema of zod is shown to models and checked", async () => {
  using workshop = new Workshop();
  workshop.install("zod");
  await using trial = await workshop.open(`import * as z from "zod";
import { toolServer } from "caxton/tool";
const Input = z.object({ count: z.int().min(1), unit: z.enum(["a", "b"]).default("a") });
export default toolServer({ name: "subject", version: "1.0.0", tools: {
  it: { description: "Does it.", input: Input, output: z.object({ twice: z.number() }), run: ({ count, unit }) => ({ twice: count * 2, unit }) },
  odd: { description: "Is odd.", input: z.object({ n: z.number().refine((n) => n % 2 === 1, "not odd") }), run: ({ n }) => String(n) },
} });`);
  expect(trial.server.tools[0]?.inputSchema).toMatchObject({
    properties: { count: { type: "integer", minimum: 1 } },
    required: ["count"],
  });
  expect(await call(trial, { count: 4 })).toMatchObject({ structured: { twice: 8 } });
  expect(said(await call(trial, { n: 2 }, "odd"))).toBe("tool-error: n: not odd");
});

test.each([
  ["export default 1 +;", /index\.ts:1:\d+/],
  [`import { readFileSync } from "node:fs";\nexport default readFileSync;`, /node:fs/],
  [`import "not-there";`, /not-there/],
  [`export const nothing = 1;`, /export default toolServer/],
  [toolOf("").replace("Does it.", ""), /the tool "it" has no description/],
  [toolOf("", `throw new Error("at the top");`), /Error: at the top\n {4}at index\.ts:2/],
  [toolOf("", `await new Promise(() => {});`), /top level/],
  [toolOf("", `for (;;) {}`), /not come to an end within 10 s/],
  [toolOf("", `const deeper = (): number => deeper() + 1; deeper();`), /RangeError/],
])("sources that cannot become a tool are refused with the reason: %s", async (source, reason) => {
  using workshop = new Workshop();
  const failing = workshop.open(source);
  await expect(failing).rejects.toThrow(CompileFailedError);
  await expect(failing).rejects.toThrow(reason);
});
