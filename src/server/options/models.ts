import { resolve } from "node:path";
import type { ModelsOptions } from "../../models/index.ts";
import { type LoadedConfig, trafficOptions } from "../config/index.ts";

export function modelsOptions(loaded: LoadedConfig): ModelsOptions {
  const { models } = loaded.config;
  return {
    vendors: {
      keyOrigins: models.key_origins,
      privateOrigins: models.private_origins,
      defaultModel: models.default,
      scriptedDirectory: models.scripted_directory,
      roles: models.roles,
      providers: Object.fromEntries(
        Object.entries(models.providers).map(([name, { base_url: baseUrl, api_key: apiKey, ...table }]) => [
          name,
          { ...table, baseUrl, apiKey },
        ]),
      ),
      facts: Object.fromEntries(
        Object.entries(models.facts).map(
          ([model, { context_tokens: contextTokens, output_tokens: outputTokens, images }]) => [
            model,
            { contextTokens, outputTokens, images },
          ],
        ),
      ),
    },
    traffic: trafficOptions(models),
    environment: loaded.environment,
    secretsDirectories: secretsDirectories(loaded),
  };
}

/** Directories of files with secrets for models. */
export const secretsDirectories = ({ config }: LoadedConfig): readonly string[] =>
  (config.models.secrets_directories ?? config.secrets.directories).map((directory) => resolve(directory));
