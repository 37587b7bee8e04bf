import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { ensureToolchains, GRPCURL_PROGRAM } from "../../../scripts/ensure-toolchains.ts";
import { makeCertificate } from "../../helpers/certificates.ts";
import { repository, startServer } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.grpc");

const execute = promisify(execFile);
const Failed = z.object({ code: z.number(), stderr: z.string() });
type Ended = { readonly code: number; readonly output: string };

let server: WorkspaceServer;
beforeAll(async () => {
  ensureToolchains(["go", "grpcurl"]);
  server = await WorkspaceServer.start({ script: [{ text: "hello" }] });
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function grpcurl(...words: readonly string[]): Promise<Ended> {
  try {
    const { stdout } = await execute(GRPCURL_PROGRAM, [...words], { env: {} });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stderr } = Failed.parse(error);
    return { code, output: stderr };
  }
}
const hostOf = (url: string): string => new URL(url).host;
const as = (key: string): readonly string[] => ["-plaintext", "-H", `authorization: Bearer ${key}`];

test("the commands of the guide work against a server with access control", async () => {
  const guide = readFileSync(join(repository, "docs/guides/grpc.md"), "utf8");
  const commands = [...guide.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text = ""]) => text).join("");
  const env = {
    PATH: `${dirname(GRPCURL_PROGRAM)}:/usr/bin:/bin`,
    KEY: await server.createKey("operator"),
  };
  const script = commands.replaceAll("127.0.0.1:8080", hostOf(server.url));
  expect(script.match(/^grpcurl /gm)?.length).toBeGreaterThan(4);
  const { stdout } = await execute("/bin/sh", ["-ec", script], { env });
  expect(stdout).toContain("caxton.v1.RunService");
  expect(stdout).toContain("message StartRunRequest");
  expect(stdout).toContain('"name": "greeter"');
  expect(stdout).toContain('"state": "completed"');
  expect(stdout).toContain('"status": "SERVING"');
});

test("credentials, permissions, errors with their details, and a deadline", async () => {
  const host = hostOf(server.url);
  const operator = as(await server.createKey("operator"));
  const reader = as(await server.createKey("readonly"));
  expect(await grpcurl("-plaintext", host, "caxton.v1.AgentService/ListAgents")).toMatchObject({
    code: 64 + 16,
    output: expect.stringContaining("Code: Unauthenticated"),
  });
  const name = ["-d", '{"name":"greeter"}', host];
  expect((await grpcurl(...reader, ...name, "caxton.v1.AgentService/GetAgent")).code).toBe(0);
  const denied = await grpcurl(...reader, ...name, "caxton.v1.AgentService/DeleteAgent");
  expect(denied).toMatchObject({ code: 64 + 7, output: expect.stringContaining("PermissionDenied") });
  const unknown = await grpcurl(...operator, "-d", '{"name":"unknown"}', host, "caxton.v1.AgentService/GetAgent");
  expect(unknown).toMatchObject({ code: 64 + 5, output: expect.stringContaining("google.rpc.ErrorInfo") });
  expect(unknown.output).toContain("AGENT_NOT_FOUND");
  const invalid = await grpcurl(...operator, "-d", "{}", host, "caxton.v1.RunService/StartRun");
  expect(invalid).toMatchObject({ code: 64 + 3, output: expect.stringContaining("InvalidArgument") });
  const late = await grpcurl(...operator, "-max-time", "1", host, "caxton.v1.ServerService/WatchServer");
  expect(late).toMatchObject({ code: 64 + 4, output: expect.stringContaining("DeadlineExceeded") });
});

test("calls over TLS, by the certificate of its own authority", async () => {
  using directory = tempDirectory();
  const authority = makeCertificate(directory.path, "authority");
  const files = makeCertificate(directory.path, "server", { issuer: authority });
  const settings = { "server.tls": { certificate: files.certificate, private_key: files.privateKey } };
  await using secure = await startServer({ settings });
  const to = `localhost:${new URL(secure.url).port}`;
  const call = ["-d", '{"name":"greeter"}', to, "caxton.v1.AgentService/GetAgent"];
  expect((await grpcurl("-cacert", authority.certificate, ...call)).output).toContain('"name": "greeter"');
  expect((await grpcurl(...call)).output).toMatch(/certificate|x509/);
});
