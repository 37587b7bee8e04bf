import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  credentials as channelCredentials,
  Metadata,
} from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { DOCUMENTS } from "../../src/api/contract/index.ts";
import { tempDirectory } from "../helpers/temp.ts";

/** The services of the .proto file that the server publishes. */
async function definitionsOf(url: string): Promise<PackageDefinition> {
  const response = await fetch(`${url}${DOCUMENTS.proto}`);
  using directory = tempDirectory();
  const file = join(directory.path, "caxton.proto");
  writeFileSync(file, await response.text());
  return loadSync(file, { keepCase: true, longs: Number, oneofs: true });
}

type Sent = { readonly metadata?: Readonly<Record<string, string>>; readonly options?: CallOptions };

/** @grpc/grpc-js with the published .proto file. */
export class GrpcClient {
  readonly client: Client;
  readonly #definitions: PackageDefinition;

  constructor(address: string, definitions: PackageDefinition, channel: Channel = {}) {
    this.client = new Client(
      address,
      channel.credentials ?? channelCredentials.createInsecure(),
      channel.options ?? {},
    );
    this.#definitions = definitions;
  }

  call(service: string, name: string, request: object, sent: Sent = {}): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = this.#methodOf(service, name);
    const metadata = metadataOf(sent);
    return new Promise((resolve, reject) =>
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        sent.options ?? {},
        (error, answer) => (error === null ? resolve(answer) : reject(error)),
      ),
    );
  }

  open(service: string, name: string, request: object, sent: Sent = {}) {
    const { path, requestSerialize, responseDeserialize } = this.#methodOf(service, name);
    const metadata = metadataOf(sent);
    return this.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      sent.options ?? {},
    );
  }

  async stream(service: string, name: string, request: object, sent: Sent = {}): Promise<readonly unknown[]> {
    return Array.fromAsync(this.open(service, name, request, sent));
  }

  close(): void {
    this.client.close();
  }

  #methodOf(service: string, name: string) {
    const definition = this.#definitions[`caxton.v1.${service}`];
    const method = definition !== undefined && !("format" in definition) ? definition[name] : undefined;
    if (method === undefined) throw new Error(`there is no ${service}/${name}`);
    return method;
  }
}

type Channel = { readonly credentials?: ChannelCredentials; readonly options?: object };

/** `from` has the .proto file, if a server cannot be asked for it without a certificate. */
export async function grpcClient(url: string, channel: Channel & { readonly from?: string } = {}): Promise<GrpcClient> {
  return new GrpcClient(new URL(url).host, await definitionsOf(channel.from ?? url), channel);
}

function metadataOf({ metadata = {} }: Sent): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries(metadata)) made.set(name, value);
  return made;
}
