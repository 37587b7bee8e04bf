import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { SERVERS } from "../../../scripts/build-tools.ts";
import { describeGrants, readManifest } from "../../../src/tools/catalogue/index.ts";
import { converse, listTools } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.abi-wasi");

const ROOT = join(import.meta.dirname, "../../..");

/** Each server with its tools, those of them that change something, and its grants. */
const TOOLS = {
  json_tools: {
    tools: ["get", "transform", "validate", "diff", "patch", "format", "to_table", "from_table", "stats"],
    changing: [],
    grants: [],
  },
  text_tools: {
    tools: [
      "regex_match",
      "regex_replace",
      "regex_split",
      "search",
      "statistics",
      "diff",
      "similarity",
      "extract",
      "convert_case",
      "shape",
      "encode",
      "hash",
      "template",
    ],
    changing: [],
    grants: [],
  },
  calculator: {
    tools: [
      "evaluate",
      "convert_units",
      "statistics",
      "percentage",
      "loan_payment",
      "compound_interest",
      "solve",
      "convert_base",
    ],
    changing: [],
    grants: [],
  },
  date_time: {
    tools: ["now", "parse", "format", "difference", "add", "convert", "time_zone", "range", "duration", "cron"],
    changing: [],
    grants: ["clock"],
  },
  state: {
    tools: ["store", "retrieve", "delete", "exists", "list", "batch_store", "batch_retrieve"],
    changing: ["store", "delete", "batch_store"],
    grants: ["state"],
  },
  http_client: { tools: ["get", "request"], changing: ["request"], grants: [] },
} as const;
const ENTRIES = Object.entries(TOOLS);

test.for(ENTRIES)("%s offers its tools, each described whole", ([server, { tools, changing }]) => {
  const found = listTools(server);
  expect(found.map(({ name }) => name)).toEqual(tools);
  for (const { name, description, inputSchema, outputSchema } of found) {
    expect(description.length, name).toBeGreaterThan(20);
    expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    expect(outputSchema).toMatchObject({ type: "object" });
    const properties = z.record(z.string(), z.looseObject({ description: z.string().min(3), type: z.unknown() }));
    expect(properties.safeParse(inputSchema["properties"]).error, name).toBeUndefined();
  }
  const changes = found.filter(({ annotations }) => annotations?.readOnlyHint === false);
  expect(changes.map(({ name }) => name)).toEqual(changing);
  expect(found.every(({ annotations }) => annotations?.openWorldHint === (server === "http_client"))).toBe(true);
});

test.for(ENTRIES)("the manifest of %s grants no more than %j", ([server, { grants }]) => {
  const file = join(ROOT, SERVERS[server] ?? "", "tool.toml");
  const read = readManifest(readFileSync(file, "utf8"), file);
  if (read.type === "invalid") throw new Error(JSON.stringify(read.problems));
  expect(describeGrants(read.manifest.grants)).toEqual(grants);
  expect(read.manifest).toMatchObject({ name: server, instance: "run" });
});

test.for(ENTRIES)("%s greets, and imports nothing it does not need", ([server]) => {
  const line = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}`;
  expect(converse(server, [line])[0]?.result).toMatchObject({ serverInfo: { name: server, version: "1.0.0" } });
  const bytes = readFileSync(join(ROOT, SERVERS[server] ?? "", "module.wasm"));
  expect(bytes.length).toBeLessThan(640 * 1024);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const names = imports.map(({ module, name }) => `${module}.${name}`);
  expect(names.filter((name) => name.includes("random") || name.includes("sock"))).toEqual([]);
  const asksHost = server === "state" || server === "http_client";
  expect(names.some((name) => name.startsWith("caxton."))).toBe(asksHost);
  expect(names.includes("wasi_snapshot_preview1.clock_time_get")).toBe(server === "date_time");
});
