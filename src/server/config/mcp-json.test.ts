import { expect, test } from "vitest";
import { readMcpJson } from "./mcp-json.ts";

test("imports servers of Claude Desktop", () => {
  const text = JSON.stringify({
    mcpServers: {
      "My Files": { command: "npx", args: ["-y", "server-filesystem", "${HOME}"], env: { API_TOKEN: "plain" } },
      off: { command: "x", disabled: true },
    },
  });
  const [files, off] = readMcpJson(text, "claude.json");
  expect(files).toMatchObject({
    name: "my_files",
    table: { command: "npx", args: ["-y", "server-filesystem", "${env:HOME}"], env: { API_TOKEN: "plain" } },
  });
  expect(files?.remarks).toEqual([
    '"My Files" is called my_files here',
    expect.stringContaining("API_TOKEN holds a secret"),
  ]);
  expect(off?.table).toEqual({ enabled: false, command: "x" });
});

test("imports servers of VS Code, with comments in the file and inputs", () => {
  const text = `{
    // how to reach them
    "servers": {
      "github": { "type": "http", "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer \${input:github-token}" } },
    },
    "inputs": [],
  }`;
  const [server] = readMcpJson(text, "mcp.json");
  expect(server?.table).toEqual({
    url: "https://example.com/mcp",
    headers: { Authorization: "Bearer ${env:GITHUB_TOKEN}" },
  });
  expect(server?.remarks[0]).toContain("set the variable GITHUB_TOKEN");
});

test("numbers names that collide", () => {
  const text = JSON.stringify({ mcpServers: { "a b": { url: "http://x" }, "a.b": { url: "http://y" } } });
  expect(readMcpJson(text, "x.json").map(({ name }) => name)).toEqual(["a_b", "a_b_2"]);
});

test.each([
  ["{", "is no JSON"],
  ["{}", "neither mcpServers nor servers"],
  ['{"mcpServers":{"a":{}}}', "neither url nor command"],
  ['{"mcpServers":{"a":5}}', "not written as one"],
])("reports an invalid file: %s", (text, words) => {
  expect(() => readMcpJson(text, "x.json")).toThrow(words);
});
