import { DOCUMENTS } from "../contract/index.ts";
import type { RpcProtocol } from "../http/index.ts";
import type { ApiServices } from "../operations/index.ts";
import type { JsonProtocol } from "./json-service.ts";
import type { GrpcService } from "./service.ts";

export type { FileSpec } from "./describe-file.ts";
export type { JsonCall, JsonFailure, JsonProtocol, JsonService } from "./json-service.ts";

/** Loaded by the first call, because few servers receive one. */
async function load(services: ApiServices, foreign: readonly JsonProtocol[]): Promise<GrpcService> {
  const [{ GrpcService }, ...loaded] = await Promise.all([
    import("./service.ts"),
    ...foreign.map((each) => each.load(services)),
  ]);
  return new GrpcService(services, loaded);
}

/** gRPC, gRPC-Web and Connect: a method for every operation, and the services of other protocols. */
export function grpc(foreign: readonly JsonProtocol[] = []): RpcProtocol {
  let service: Promise<GrpcService> | undefined;
  let text: Promise<string> | undefined;
  return {
    name: "grpc",
    paths: ["/caxton.v1.*", "/grpc.reflection.*", ...foreign.map(({ path }) => path)],
    urgentPaths: ["/grpc.health.*"],
    document: {
      path: DOCUMENTS.proto,
      mediaType: "text/plain; charset=utf-8",
      read: () => (text ??= import("./proto.ts").then(({ currentSchema }) => currentSchema().text())),
    },
    answer: async (exchange, services) => {
      service ??= load(services, foreign);
      await (await service).answer(exchange);
    },
  };
}
