import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { findJade } from "../../../../scripts/ensure-jade.ts";

/** Ports that are free at the moment. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => portOf(server));
  for (const server of servers) server.close();
  return ports;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

export type JadePlatform = AsyncDisposable & { readonly address: string; readonly output: () => string };

/** A JADE of its own in a process of its own, with the agents `resp` and `peer`; all it writes goes to `directory`. */
export async function startJade(directory: string): Promise<JadePlatform> {
  const jar = findJade();
  if (jar === undefined) throw new Error("JADE is not here: npx node scripts/ensure-jade.ts");
  const sources = ["Responder.java", "Peer.java"].map((name) => join(import.meta.dirname, name));
  execFileSync("javac", ["-nowarn", "-cp", jar, "-d", directory, ...sources], { stdio: "pipe" });
  const [port = 0, transport = 0] = await freePorts(2);
  const address = `http://127.0.0.1:${transport}/acc`;
  const words = [
    // JADE reads envelopes by a class that Java 17 keeps to itself.
    "--add-exports java.xml/com.sun.org.apache.xerces.internal.jaxp=ALL-UNNAMED",
    `-cp ${jar}:${directory} jade.Boot -name jadetest`,
    `-local-host 127.0.0.1 -local-port ${port} -host 127.0.0.1 -port ${port}`,
    `-mtp jade.mtp.http.MessageTransportProtocol(${address}) -agents resp:Responder;peer:Peer`,
  ].flatMap((part) => part.split(" "));
  const child = spawn("java", words, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
    if (output.includes("responder ready") && output.includes("peer ready")) resolve();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = once(child, "exit");
  void ended.then(() => reject(new Error(`JADE ended: ${output}`)));
  await promise;
  return {
    address,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
