import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { grpcClient } from "./client.ts";

/** grpc/health/v1/health.proto as its standard has it. */
const HEALTH = `syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health {
  rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
}`;
/** The part of grpc/reflection/v1/reflection.proto that this client needs. */
const reflection = (version: string) => `syntax = "proto3";
package grpc.reflection.${version};
message ServerReflectionRequest {
  string host = 1;
  oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; }
}
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
service ServerReflection { rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse); }`;

const Described = z.object({
  original_request: z.object({ file_containing_symbol: z.string().optional() }).nullable(),
  file_descriptor_response: z.object({ file_descriptor_proto: z.array(z.instanceof(Buffer)) }).optional(),
  list_services_response: z.object({ service: z.array(z.object({ name: z.string() })) }).optional(),
  error_response: z.object({ error_code: z.number() }).optional(),
});

let server: TestServer;
let channel: Client;
beforeAll(async () => {
  server = await startServer({ settings: { "access.mode": "required" } });
  channel = new Client(new URL(server.url).host, credentials.createInsecure());
});
afterAll(async () => {
  channel.close();
  await server[Symbol.asyncDispose]();
});

function definitionsIn(text: string): PackageDefinition {
  using directory = tempDirectory();
  const file = join(directory.path, "x.proto");
  writeFileSync(file, text);
  return loadSync(file, { keepCase: true, enums: String, oneofs: true });
}

function methodOf(definitions: PackageDefinition, service: string, name: string) {
  const definition = definitions[service];
  const method = definition !== undefined && !("format" in definition) ? definition[name] : undefined;
  if (method === undefined) throw new Error(`there is no ${service}/${name}`);
  return method;
}

function unary(definitions: PackageDefinition, service: string, name: string, request: object): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = methodOf(definitions, service, name);
  return new Promise((resolve, reject) =>
    channel.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    ),
  );
}

test("health needs no credentials, and knows the server and its services", async () => {
  const definitions = definitionsIn(HEALTH);
  const check = (service: string) => unary(definitions, "grpc.health.v1.Health", "Check", { service });
  expect(await check("")).toEqual({ status: "SERVING" });
  expect(await check("caxton.v1.AgentService")).toEqual({ status: "SERVING" });
  const unknown = await check("other").catch((thrown: ServiceError) => thrown);
  expect(unknown).toMatchObject({ code: status.NOT_FOUND });
});

test("a watch of the health reports the state at once, and a change", async () => {
  const { path, requestSerialize, responseDeserialize } = methodOf(
    definitionsIn(HEALTH),
    "grpc.health.v1.Health",
    "Watch",
  );
  const open = (service: string) =>
    channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
  const seen: unknown[] = [];
  const watch = open("");
  watch.on("error", () => undefined).on("data", (message: unknown) => void seen.push(message));
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual([{ status: "SERVING" }]);
  const { catalogue } = server.started.services.tools;
  const failures = catalogue.failures;
  Object.defineProperty(catalogue, "failures", { configurable: true, value: new Map([["broken", "is damaged"]]) });
  await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toEqual({ status: "NOT_SERVING" });
  Object.defineProperty(catalogue, "failures", { configurable: true, value: failures });
  await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toEqual({ status: "SERVING" });
  watch.cancel();
  const other = open("other");
  other.on("error", () => undefined);
  const first = await new Promise((resolve) => void other.once("data", resolve));
  expect(first).toEqual({ status: "SERVICE_UNKNOWN" });
  other.cancel();
});

test.each(["v1", "v1alpha"])("a client calls with nothing but what reflection %s describes", async (version) => {
  const service = `grpc.reflection.${version}.ServerReflection`;
  const method = methodOf(definitionsIn(reflection(version)), service, "ServerReflectionInfo");
  const stream = channel.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
  const answers = stream[Symbol.asyncIterator]();
  const ask = async (request: object) => {
    stream.write(request);
    const { value }: { value?: unknown } = await answers.next();
    return Described.parse(value);
  };
  const listed = await ask({ list_services: "" });
  const names = listed.list_services_response?.service.map(({ name }) => name) ?? [];
  expect(names).toEqual(expect.arrayContaining(["caxton.v1.AgentService", "grpc.health.v1.Health", service]));
  expect((await ask({ file_containing_symbol: "caxton.v1.Nothing" })).error_response?.error_code).toBe(5);
  expect((await ask({ file_by_filename: "nothing.proto" })).error_response?.error_code).toBe(5);
  for (const symbol of ["google.rpc.ErrorInfo", "caxton.v1.RunService.StartRun", "caxton.v1.Agent.name", service]) {
    const described = await ask({ file_containing_symbol: symbol });
    expect(described.file_descriptor_response?.file_descriptor_proto.length, symbol).toBeGreaterThan(0);
    expect(described.original_request?.file_containing_symbol).toBe(symbol);
  }
  const { file_descriptor_response: response } = await ask({ file_containing_symbol: "caxton.v1.AgentService" });
  stream.end();
  expect((await answers.next()).done).toBe(true);
  // A FileDescriptorSet has each file as field 1, with its length as a varint.
  const set = (response?.file_descriptor_proto ?? []).flatMap((file) => [
    Buffer.from([0x0a]),
    varint(file.length),
    file,
  ]);
  const definitions = loadFileDescriptorSetFromBuffer(Buffer.concat(set), { keepCase: true });
  const denied = await unary(definitions, "caxton.v1.AgentService", "GetAgent", { name: "greeter" }).catch(
    (thrown: ServiceError) => thrown,
  );
  expect(denied).toMatchObject({ code: status.UNAUTHENTICATED });
});

function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) return Buffer.from(bytes);
  }
}

test("public streams count for their address", async () => {
  const limits = { "server.limits.streams": { server: 10, address: 1 } };
  await using other = await startServer({ settings: { "access.mode": "required", ...limits } });
  const client = await grpcClient(other.url);
  const method = methodOf(definitionsIn(HEALTH), "grpc.health.v1.Health", "Watch");
  const open = () =>
    client.client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, {});
  const first = open();
  first.on("error", () => undefined);
  await new Promise((resolve) => void first.once("data", resolve));
  const refused = await Array.fromAsync(open()).catch((thrown: ServiceError) => thrown);
  expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  first.cancel();
  client.close();
});
