import { expect, test } from "vitest";
import { converse, listTools } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.abi-wasi");

const SERVERS = ["csv_parser", "chart_generator", "file_system"];

const initialize = (protocolVersion: string) =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion, capabilities: {} } });

test.for(SERVERS)("%s greets in the client's version of the protocol, or in its own", (server) => {
  for (const [asked, answered] of [
    ["2025-11-25", "2025-11-25"],
    ["2024-11-05", "2024-11-05"],
    ["1999-01-01", "2025-06-18"],
  ]) {
    const [hello] = converse(server, [initialize(asked ?? "")]);
    expect(hello?.result).toMatchObject({
      protocolVersion: answered,
      capabilities: { tools: {} },
      serverInfo: { name: server, version: "1.0.0" },
    });
  }
});

test("one instance answers many requests in order, and notifications never", () => {
  const lines = [
    initialize("2025-06-18"),
    `{"jsonrpc":"2.0","method":"notifications/initialized"}`,
    ...Array.from({ length: 200 }, (_, id) =>
      JSON.stringify({
        jsonrpc: "2.0",
        id: `call-${id}`,
        method: "tools/call",
        params: { name: "describe", arguments: { text: `a,b\n${id},x\n` } },
      }),
    ),
    `{"jsonrpc":"2.0","id":7,"method":"ping"}`,
  ];
  const answers = converse("csv_parser", lines);
  expect(answers.map(({ id }) => id)).toEqual([1, ...Array.from({ length: 200 }, (_, id) => `call-${id}`), 7]);
  expect(answers.at(-1)?.result).toEqual({});
});

test.for([
  ["garbage", null, -32700],
  [`{"jsonrpc":"2.0","id":1,`, null, -32700],
  [`[]`, null, -32600],
  [`{"jsonrpc":"2.0","id":3}`, 3, -32600],
  [`{"jsonrpc":"2.0","id":"x","method":"resources/list"}`, "x", -32601],
  [`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"nope"}}`, 4, -32602],
  [`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"describe","arguments":[]}}`, 5, -32602],
  [`{"jsonrpc":"2.0","id":6,"method":"tools/call"}`, 6, -32602],
  ["[".repeat(5_000), null, -32700],
] as const)("the line %s gets an error and the next one its answer", ([line, id, code]) => {
  const [wrong, right] = converse("csv_parser", [line, `{"jsonrpc":"2.0","id":9,"method":"ping"}`]);
  expect(wrong).toMatchObject({ id, error: { code } });
  expect(right).toMatchObject({ id: 9, result: {} });
});

test("answers of others and empty lines are passed over", () => {
  const answers = converse("csv_parser", [
    "",
    "  ",
    `{"jsonrpc":"2.0","id":1,"result":{}}`,
    `{"jsonrpc":"2.0","id":2,"method":"ping"}`,
  ]);
  expect(answers.map(({ id }) => id)).toEqual([2]);
});

test.for([
  ["csv_parser", ["describe", "parse", "group", "filter", "statistics"]],
  ["chart_generator", ["bar_chart", "line_chart", "scatter_plot", "histogram"]],
  [
    "file_system",
    [
      "list_directory",
      "search_files",
      "file_info",
      "read_file",
      "write_file",
      "append_file",
      "create_directory",
      "move_file",
      "delete_file",
    ],
  ],
] as const)("the tools of %s are these, with schemas and hints", ([server, names]) => {
  const tools = listTools(server);
  expect(tools.map(({ name }) => name)).toEqual(names);
  for (const tool of tools) {
    expect(tool.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    expect(tool.outputSchema).toMatchObject({ type: "object" });
    expect(tool.description.length).toBeGreaterThan(20);
    // Providers of models refuse alternatives at the top of a schema.
    expect(Object.keys(tool.inputSchema)).not.toContain("oneOf");
    expect(tool.annotations?.openWorldHint).toBe(false);
  }
  const changing = tools.filter(({ annotations }) => annotations?.readOnlyHint === false).map(({ name }) => name);
  expect(changing).toEqual(server === "file_system" ? names.slice(4) : []);
});

test("what may not be repeated after a crash says so", () => {
  const repeatable = listTools("file_system").filter(({ annotations }) => annotations?.idempotentHint === true);
  const names = repeatable.map(({ name }) => name);
  expect(names).not.toContain("append_file");
  expect(names).not.toContain("move_file");
  expect(names).toContain("write_file");
});
