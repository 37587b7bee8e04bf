import { createRegistry, type DescFile, fromJson, type Registry, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import * as z from "zod";
import type { JsonObject } from "../../kernel/json.ts";
import { describeFile, isBidirectional } from "./describe-file.ts";

const fileOf = (version: "v1" | "v1alpha"): DescFile =>
  describeFile({
    name: `grpc/reflection/${version}/reflection.proto`,
    package: `grpc.reflection.${version}`,
    messages: {
      ServerReflectionRequest: {
        fields: { host: [1, "string"] },
        oneof: {
          name: "message_request",
          fields: {
            file_by_filename: [3, "string"],
            file_containing_symbol: [4, "string"],
            file_containing_extension: [5, "ExtensionRequest"],
            all_extension_numbers_of_type: [6, "string"],
            list_services: [7, "string"],
          },
        },
      },
      ExtensionRequest: { fields: { containing_type: [1, "string"], extension_number: [2, "int32"] } },
      ServerReflectionResponse: {
        fields: { valid_host: [1, "string"], original_request: [2, "ServerReflectionRequest"] },
        oneof: {
          name: "message_response",
          fields: {
            file_descriptor_response: [4, "FileDescriptorResponse"],
            all_extension_numbers_response: [5, "ExtensionNumberResponse"],
            list_services_response: [6, "ListServiceResponse"],
            error_response: [7, "ErrorResponse"],
          },
        },
      },
      FileDescriptorResponse: { fields: { file_descriptor_proto: [1, "repeated bytes"] } },
      ExtensionNumberResponse: { fields: { base_type_name: [1, "string"], extension_number: [2, "repeated int32"] } },
      ListServiceResponse: { fields: { service: [1, "repeated ServiceResponse"] } },
      ServiceResponse: { fields: { name: [1, "string"] } },
      ErrorResponse: { fields: { error_code: [1, "int32"], error_message: [2, "string"] } },
    },
    services: {
      ServerReflection: {
        ServerReflectionInfo: {
          request: "ServerReflectionRequest",
          response: "ServerReflectionResponse",
          streams: "both",
        },
      },
    },
  });

/** grpc.reflection in both versions that clients use. */
export const reflectionFiles: readonly DescFile[] = [fileOf("v1"), fileOf("v1alpha")];

const Request = z.object({
  file_by_filename: z.string().optional(),
  file_containing_symbol: z.string().optional(),
  all_extension_numbers_of_type: z.string().optional(),
  list_services: z.string().optional(),
});

/** Binds reflection, which describes files to clients that have no .proto file; `open` counts a stream. */
export function bindReflection(
  router: ConnectRouter,
  files: readonly DescFile[],
  open: (context: HandlerContext) => AbortController,
): void {
  const described = describing(files);
  for (const method of reflectionFiles.flatMap(({ services }) => services).flatMap(({ methods }) => methods))
    if (isBidirectional(method))
      router.rpc(method, async function* (requests, context) {
        const controller = open(context);
        try {
          for await (const message of requests) {
            if (controller.signal.aborted) return;
            const request = toJson(method.input, message, { useProtoFieldName: true });
            yield fromJson(method.output, { original_request: request, ...described(Request.parse(request)) });
          }
        } finally {
          controller.abort();
        }
      });
}

function describing(files: readonly DescFile[]): (request: z.infer<typeof Request>) => JsonObject {
  const registry = createRegistry(...files);
  const all = new Map(files.flatMap(withDependencies).map((file) => [file.proto.name, file]));
  const services = files.flatMap((file) => file.services.map(({ typeName: name }) => ({ name })));
  return (request) => {
    const { file_by_filename: name, file_containing_symbol: symbol, all_extension_numbers_of_type: type } = request;
    if (request.list_services !== undefined) return { list_services_response: { service: services } };
    if (name !== undefined) return descriptors(all.get(name), name);
    if (symbol !== undefined) return descriptors(fileWith(registry, symbol), symbol);
    if (type !== undefined && registry.getMessage(type) !== undefined)
      return { all_extension_numbers_response: { base_type_name: type, extension_number: [] } };
    return missing(type ?? "the extension");
  };
}

/** The file with a service, message or enumeration, or with one of their methods, fields or values. */
function fileWith(registry: Registry, symbol: string): DescFile | undefined {
  const found = registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf("."))));
  return found?.file;
}

const withDependencies = (file: DescFile): readonly DescFile[] => [
  file,
  ...file.dependencies.flatMap((each) => withDependencies(each)),
];

const descriptors = (file: DescFile | undefined, what: string): JsonObject =>
  file === undefined
    ? missing(what)
    : {
        file_descriptor_response: {
          file_descriptor_proto: withDependencies(file).map((each) =>
            Buffer.from(toBinary(FileDescriptorProtoSchema, each.proto)).toString("base64"),
          ),
        },
      };

const missing = (what: string): JsonObject => ({
  error_response: { error_code: Code.NotFound, error_message: `${what} is not described` },
});
