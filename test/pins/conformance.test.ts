import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { countClients, lockedVersion, readConformance } from "../../scripts/conformance-record.ts";
import { verifies } from "../helpers/verifies.ts";
import { commandLine } from "../cli/caxton.ts";

verifies("api.conformance");

test("the command prints each suite and each client with its counts, without a server", async () => {
  const { suites, clients } = readConformance();
  const [table, document] = await Promise.all([
    commandLine(["conformance", "-o", "wide"]),
    commandLine(["conformance", "-o", "json"]),
  ]);
  const Printed = z.object({ version: z.string(), suites: z.unknown(), clients: z.unknown() });
  expect(Printed.parse(JSON.parse(document.stdout))).toMatchObject({ suites, clients });
  for (const { part, version, passed, total } of suites)
    expect(table.stdout).toMatch(new RegExp(`, ${part} +${version} +${passed} of ${total} scenarios pass`));
  for (const { client, version, tests } of clients)
    expect(table.stdout).toMatch(new RegExp(`${RegExp.escape(client)} +${version} +${tests} tests? pass`));
});

test("the recorded clients have the versions and tests that are here", () => {
  const { clients } = readConformance();
  expect(clients, "run: npx node scripts/conformance-record.ts").toEqual(countClients());
});

test("every test file of a protocol that imports a client is one of its files", () => {
  const { clients } = readConformance();
  const root = join(import.meta.dirname, "../..");
  const missing = globSync(["test/api/**/*.test.ts", "test/grpc/**/*.test.ts"], { cwd: root }).flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const imported = [...new Set(clients.map(({ client }) => client))].filter((client) =>
      new RegExp(`^(import|\\} from) [^\\n]*"${RegExp.escape(client)}["/]`, "m").test(text),
    );
    return imported
      .filter((client) => !clients.some((each) => each.client === client && each.files.includes(file)))
      .map((client) => `${file} imports ${client}`);
  });
  expect(missing, "name them in scripts/conformance-record.ts").toEqual([]);
});

test("the recorded suites are those of package-lock.json", () => {
  const versions = ["@modelcontextprotocol/conformance", "mcp-conformance-next"].map(lockedVersion);
  const recorded = readConformance().suites.filter(({ suite }) => suite.startsWith("@modelcontextprotocol/"));
  const found = [...new Set(recorded.map(({ version }) => version))].toSorted();
  expect(found, "run: npm run conformance -- --record").toEqual(versions.toSorted());
});
