import { DOCUMENTS } from "../contract/index.ts";
import type { RpcProtocol } from "../http/index.ts";
import type { ApiServices } from "../operations/index.ts";
import type { GrpcService } from "./service.ts";

/** Loaded by the first call, because few servers receive one. */
async function load(services: ApiServices): Promise<GrpcService> {
  const { GrpcService } = await import("./service.ts");
  return new GrpcService(services);
}

/** gRPC, gRPC-Web and Connect: a method for every operation. */
export function grpc(): RpcProtocol {
  let service: Promise<GrpcService> | undefined;
  let text: Promise<string> | undefined;
  return {
    name: "grpc",
    paths: ["/caxton.v1.*", "/grpc.reflection.*"],
    urgentPaths: ["/grpc.health.*"],
    document: {
      path: DOCUMENTS.proto,
      mediaType: "text/plain; charset=utf-8",
      read: () => (text ??= import("./proto.ts").then(({ currentSchema }) => currentSchema().text())),
    },
    answer: async (exchange, services) => {
      service ??= load(services);
      await (await service).answer(exchange);
    },
  };
}
