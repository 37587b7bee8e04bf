import { expect, test } from "vitest";
import { NO_GRANTS } from "./grants/index.ts";
import { applyOverrides, DEFAULT_LIMITS, readManifest } from "./manifest.ts";

// verifies("tool.manifest")

const FULL = `
name = "csv_parser"
version = "1.2.3"
description = "Reads tables."
instance = "server"

[limits]
fuel_per_call = 5_000_000
memory_mib = 32
deadline = "90s"
result_bytes = "2MiB"

[grants]
state = true
clock = true
random = true
environment = ["LANG"]

[[grants.files]]
path = "data"
access = "write"

[[grants.files]]
path = "examples"

[[grants.http]]
url = "https://api.example.com"

[[grants.secrets]]
name = "TOKEN"

[[grants.messages]]
receivers = ["ops-*"]

[[grants.memory]]
scopes = ["workspace", "agent-only"]
hits_max = 5
`;

const read = (text: string) => {
  const result = readManifest(text, "tool.toml");
  if (result.type === "invalid") throw new Error(result.problems.map(({ message }) => message).join("; "));
  return result.manifest;
};

const problems = (text: string) => readManifest(text, "tool.toml").problems;

test("a manifest is read whole", () => {
  expect(read(FULL)).toEqual({
    name: "csv_parser",
    version: "1.2.3",
    description: "Reads tables.",
    instance: "server",
    limits: { fuelPerCall: 5_000_000, memoryBytesMax: 33_554_432, deadlineMs: 90_000, resultBytesMax: 2_097_152 },
    grants: {
      files: [
        { path: "data", access: "write" },
        { path: "examples", access: "read" },
      ],
      http: [{ url: "https://api.example.com", methods: ["GET", "HEAD"], private: false }],
      secrets: [{ name: "TOKEN", as: "placeholder", for: [] }],
      messages: [
        {
          performatives: ["inform"],
          receivers: ["ops-*"],
          capabilities: [],
          topics: [],
          broadcast: false,
          perMinute: 60,
        },
      ],
      memory: [{ scopes: ["workspace", "agent-only"], hitsMax: 5, perMinute: 60 }],
      state: true,
      clock: true,
      random: true,
      environment: ["LANG"],
    },
    tools: [],
  });
});

test("a manifest that says nothing more grants nothing and has the default limits", () => {
  const manifest = read(`name = "plain"\nversion = "0.1.0"`);
  expect(manifest.grants).toEqual(NO_GRANTS);
  expect(manifest.limits).toEqual(DEFAULT_LIMITS);
  expect(manifest.instance).toBe("run");
});

test("an unknown key is an error with its place and the nearest known key", () => {
  const [problem] = problems(`name = "a"\nversion = "1.0.0"\n[limits]\nfuel_per_cal = 1000`);
  expect(problem).toMatchObject({ code: "UNKNOWN_KEY", line: 4, column: 1, path: "limits.fuel_per_cal" });
  expect(problem?.message).toContain("fuel_per_call");
});

test("limits beyond the maxima, bad names and bad grants are all reported", () => {
  const found = problems(
    `name = "9 lives"\nversion = "one"\n[limits]\nmemory_mib = 4096\ndeadline = "2d"\n[[grants.files]]\npath = "a"\naccess = "own"`,
  );
  expect(found.map(({ path }) => path)).toEqual([
    "name",
    "version",
    "limits.memory_mib",
    "limits.deadline",
    "grants.files.0.access",
  ]);
});

test("text that is not TOML is a problem with a place", () => {
  const [problem] = problems(`name = "a`);
  expect(problem?.severity).toBe("error");
  expect(problem?.line).toBe(1);
});

test("the operator's word replaces the manifest's, key by key", () => {
  const manifest = applyOverrides(read(FULL), {
    grants: { files: [], clock: false },
    limits: { memory_mib: 64, deadline: 1_000 },
  });
  expect(manifest.grants).toEqual({ ...read(FULL).grants, files: [], clock: false });
  expect(manifest.limits).toEqual({
    fuelPerCall: 5_000_000,
    memoryBytesMax: 67_108_864,
    deadlineMs: 1_000,
    resultBytesMax: 2_097_152,
  });
});

test("a grant of messages names whom they may go to, and acts that there are", () => {
  const head = 'name = "x"\nversion = "1.0.0"\n[[grants.messages]]\n';
  expect(problems(`${head}per_minute = 5\n`)).toMatchObject([
    { message: expect.stringContaining("receivers, capabilities, topics or broadcast = true") },
  ]);
  expect(problems(`${head}receivers = ["ops"]\nperformatives = ["shout"]\n`)).toHaveLength(1);
});

test("a memory grant names only existing scopes and no owner", () => {
  const head = 'name = "x"\nversion = "1.0.0"\n[[grants.memory]]\n';
  expect(problems(`${head}hits_max = 5\n`).map(({ path }) => path)).toEqual(["grants.memory.0.scopes"]);
  expect(problems(`${head}scopes = ["agent-only:boss"]\n`)).toHaveLength(1);
  expect(problems(`${head}scopes = ["workspace"]\nagent = "boss"\n`)).toMatchObject([{ code: "UNKNOWN_KEY" }]);
  expect(problems(`${head}scopes = ["workspace"]\nhits_max = 101\n`)).toHaveLength(1);
});
