import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  Models,
  MODEL_VARIABLES,
  type CallTool,
  type ModelsDeps,
  type ModelsOptions,
} from "../models/vendors/index.ts";
import { publicFetch } from "../tools/brokers/http/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { mint, RunId, ToolCallId } from "../kernel/ids.ts";
import type { KnownSecrets } from "../text/redaction/index.ts";
import type { ArtifactStore } from "../runs/index.ts";
import type { ToolCatalogue } from "../tools/catalogue/index.ts";
import { type Environment, type LoadedConfig, isReferable, type ModelsTable } from "./config/index.ts";
import { References } from "../text/references/index.ts";

export type ModelParts = {
  readonly clock: Clock;
  readonly artifacts: ArtifactStore;
  readonly known: KnownSecrets;
  /** There only when the first model is called, later than this. */
  readonly tools: () => ToolCatalogue;
};

/** The models that the configuration gives. Throws UnknownModelError. */
export function openModels(loaded: LoadedConfig, { clock, artifacts, known, tools }: ModelParts): Models {
  const { config, environment } = loaded;
  const references = new References(environment, secretsDirectories(loaded), known.add);
  return new Models(
    {
      clock,
      environment,
      readImage: imageReader(artifacts),
      callTool: toolCaller(tools),
      dereference: (text) => references.resolve(text),
      foreignFetch: publicFetch({
        remedy: (origin) => `If it is meant, add to caxton.toml:\n[models]\nprivate_origins = ["${origin}"]`,
      }),
    },
    { ...optionsOf(config.models), scriptedDirectory: config.models.scripted_directory },
  );
}

/** Where files with secrets for models may be. */
export const secretsDirectories = ({ config }: LoadedConfig): readonly string[] =>
  (config.models.secrets_directories ?? config.secrets.directories).map((directory) => resolve(directory));

/** What definitions may refer to. Keys of AWS are only for the server's own use, unless the operator permits more. */
export function definitionEnvironment({ config, environment }: LoadedConfig): Environment {
  const permitted = new Set([
    ...MODEL_VARIABLES.filter((name) => !name.startsWith("AWS_")),
    ...config.models.environment,
  ]);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => permitted.has(name) || isReferable(name)));
}

const optionsOf = ({ default: standard, roles, providers, facts, ...origins }: ModelsTable): ModelsOptions => ({
  keyOrigins: origins.key_origins,
  privateOrigins: origins.private_origins,
  defaultModel: standard,
  roles,
  providers: Object.fromEntries(
    Object.entries(providers).map(([name, { base_url: baseUrl, api_key: apiKey, ...table }]) => [
      name,
      { ...table, baseUrl, apiKey },
    ]),
  ),
  facts: Object.fromEntries(
    Object.entries(facts).map(([model, { context_tokens: contextTokens, output_tokens: outputTokens, images }]) => [
      model,
      { contextTokens, outputTokens, images },
    ]),
  ),
});

function imageReader(artifacts: ArtifactStore): NonNullable<ModelsDeps["readImage"]> {
  return async (source) => {
    if (source.type === "file") return readFile(source.location);
    const artifact = artifacts.find(source.id);
    if (artifact === undefined) throw new Error("the artifact is gone");
    return artifacts.read(artifact);
  };
}

function toolCaller(catalogue: () => ToolCatalogue): CallTool {
  return async ({ server, tool: name }, given, signal) => {
    const tools = catalogue();
    const session = mint(RunId);
    try {
      const tool = tools.tool(server, name);
      const context = { session, workspace: "default", agent: undefined, files: [] };
      const call = { id: mint(ToolCallId), server, tool: name, arguments: given, context };
      const result = await tools.call(tool, call, signal);
      if (result.type === "failed") return result;
      const texts = result.content.flatMap((part) => (part.type === "bytes" ? [] : [part.text]));
      return { type: "done", text: texts.join("\n"), structured: result.structured };
    } catch (error) {
      if (!(error instanceof CaxtonError)) throw error;
      return { type: "failed", reason: "unknown-tool", message: `${error.message}. ${error.hint}` };
    } finally {
      tools.endSession(session);
    }
  };
}
