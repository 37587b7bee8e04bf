import { readFile } from "node:fs/promises";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { References, type SecretFound, type SecretsOf } from "../text/references/index.ts";
import type { ModelCatalogue, ModelImage } from "./port/index.ts";
import { ModelTraffic, type TrafficOptions } from "./traffic/index.ts";
import {
  type CallTool,
  type ModelEnvironment,
  Models,
  type ModelsDeps,
  type ModelsOptions as VendorOptions,
} from "./vendors/index.ts";

export type ModelsOptions = {
  readonly vendors: VendorOptions;
  readonly traffic: TrafficOptions;
  /** Variables that models and their providers read. */
  readonly environment: ModelEnvironment;
  /** Directories that `${file:path}` may point into. */
  readonly secretsDirectories: readonly string[];
};

type ArtifactId = Extract<ModelImage["source"], { type: "artifact" }>["id"];
export type ModelsPorts = {
  readonly clock: Clock;
  readonly callTool: CallTool;
  /** Returns the content of an artifact; rejects if it was deleted. */
  readonly readArtifact: (id: ArtifactId) => Promise<Uint8Array>;
  readonly secretFound: SecretFound;
  /** Secrets that the server stores. */
  readonly stored: SecretsOf;
  /** Sends requests to addresses that the operator did not name; refuses private ones. */
  readonly foreignFetch: NonNullable<ModelsDeps["foreignFetch"]>;
  /** Models to use instead of the configured ones; embedding endpoints stay the configured ones. */
  readonly catalogue?: ModelCatalogue | undefined;
};

/** Opens the configured models and their traffic control. Throws UnknownModelError. */
export function openModels(
  { vendors, traffic: limits, environment, secretsDirectories }: ModelsOptions,
  ports: ModelsPorts,
) {
  const { clock, callTool, foreignFetch, readArtifact, secretFound, stored } = ports;
  const references = new References(environment, secretsDirectories, secretFound);
  const own = new Models(
    {
      clock,
      environment,
      readImage: async (source) => (source.type === "file" ? readFile(source.location) : readArtifact(source.id)),
      callTool,
      dereference: (text, secrets) => references.resolve(text, secrets),
      stored,
      foreignFetch,
    },
    vendors,
  );
  const models = ports.catalogue ?? own;
  warnOfUnknownLimits(limits, models);
  const traffic = new ModelTraffic(clock, limits);
  return {
    models,
    traffic,
    /** The models within the limits of their providers' keys. */
    guarded: traffic.guarded(models),
    embeddingEndpoint: (name: string) => own.embeddingEndpoint(name),
  };
}
/** The services of the module. */
export type ModelServices = ReturnType<typeof openModels>;

/** Logs limits of unknown providers: a misspelled name would limit nothing. */
function warnOfUnknownLimits({ limits }: TrafficOptions, models: ModelCatalogue): void {
  const known = models.providers();
  for (const provider of Object.keys(limits))
    if (known.every(({ name }) => name !== provider))
      log.warn({ provider }, "models.limits names a provider that this server does not have; it limits nothing");
}
