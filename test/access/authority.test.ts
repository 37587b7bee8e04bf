import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { caxton, commandLine } from "../cli/caxton.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

test("a private authority issues and renews certificates that OpenSSL and the server accept", async () => {
  using home = tempDirectory();
  const security = (...args: readonly string[]) => commandLine(["security", ...args], { cwd: home.path });
  const path = (file: string) => join(home.path, "tls", file);
  const privateKeyOf = (name: string) => readFileSync(path(`${name}.key`), "utf8");
  const server = () => new X509Certificate(readFileSync(path("server.pem")));
  const hosts = ["--host", "localhost", "--host", "127.0.0.1", "--host", "2001:db8::5"];
  expect(await security("issue", "server", ...hosts)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("caxton security init-ca"),
  });
  expect((await security("init-ca")).stdout).toBe("certificate tls/ca.pem\nkey tls/ca.key\n");
  const authority = readFileSync(path("ca.key"), "utf8");
  expect((await security("init-ca")).code).not.toBe(0);
  expect(readFileSync(path("ca.key"), "utf8")).toBe(authority);
  expect((await security("issue", "server")).stderr).toContain("--host");
  expect((await security("issue", "server", ...hosts)).code).toBe(0);
  expect((await security("issue", "ci", "--client")).code).toBe(0);
  for (const file of ["ca.pem", "ca.key", "server.pem", "server.key", "ci.pem", "ci.key"])
    expect(statSync(path(file)).mode & 0o777).toBe(0o600);
  const verify = (purpose: string, file: string) =>
    execFileSync("openssl", ["verify", "-x509_strict", "-CAfile", path("ca.pem"), "-purpose", purpose, path(file)], {
      encoding: "utf8",
      stdio: "pipe",
    });
  expect(verify("sslserver", "server.pem")).toContain("OK");
  expect(verify("sslclient", "ci.pem")).toContain("OK");
  expect(() => verify("sslclient", "server.pem")).toThrow("unsuitable certificate purpose");
  const first = server();
  expect(first.subject).toBe("CN=server");
  expect([first.checkHost("localhost"), first.checkIP("2001:db8::5")]).toEqual(["localhost", "2001:db8::5"]);
  expect(first.checkHost("caxton.example.com")).toBeUndefined();
  const settings = {
    "server.tls.certificate": path("server.pem"),
    "server.tls.private_key": path("server.key"),
  };
  await using running = await startServer({ settings });
  const serialInUse = async () => {
    const options = { host: "127.0.0.1", port: Number(new URL(running.url).port), servername: "localhost" };
    const socket = connect({ ...options, ca: readFileSync(path("ca.pem")) });
    await once(socket, "secureConnect");
    const serial = socket.authorized ? socket.getPeerCertificate().serialNumber : undefined;
    socket.destroy();
    return serial;
  };
  const status = await caxton(["status", "--server", running.url, "--ca-file", path("ca.pem")]);
  expect(status.code).toBe(0);
  expect((await security("renew", "server", "--days", "30")).code).toBe(0);
  const second = server();
  expect(second.subjectAltName).toBe(first.subjectAltName);
  expect(second.serialNumber).not.toBe(first.serialNumber);
  expect(second.validToDate.getTime()).toBeLessThan(first.validToDate.getTime());
  await expect.poll(serialInUse, { timeout: 20_000 }).toBe(second.serialNumber);
  const [earlierPem, earlierKey] = [readFileSync(path("ca.pem"), "utf8"), privateKeyOf("ca")];
  expect((await security("renew", "ca", "--days", "4000")).code).toBe(0);
  expect(readFileSync(path("ca.pem"), "utf8")).not.toBe(earlierPem);
  expect(privateKeyOf("ca")).toBe(earlierKey);
  const renewed = new X509Certificate(readFileSync(path("ca.pem")));
  expect(renewed.validToDate.getTime()).toBeGreaterThan(new X509Certificate(earlierPem).validToDate.getTime());
  expect(renewed.subject).toBe(new X509Certificate(earlierPem).subject);
  expect([verify("sslserver", "server.pem"), verify("sslclient", "ci.pem")].join()).toMatch(/OK[^]+OK/);
  expect(await serialInUse()).toBe(second.serialNumber);
  expect((await security("renew", "server")).code).toBe(0);
  expect(verify("sslserver", "server.pem")).toContain("OK");
  writeFileSync(path("ca.pem"), earlierPem);
  expect(verify("sslserver", "server.pem")).toContain("OK");
});
