import { join, resolve } from "node:path";
import { DEFAULT_WORKSPACE } from "../../access/index.ts";
import type { VaultOptions } from "../../tools/secrets/index.ts";
import type { LoadedConfig } from "../config/index.ts";

export const vaultOptions = ({ config, secrets }: LoadedConfig): Omit<VaultOptions, "stored"> => ({
  directories: config.secrets.directories.map((directory) => resolve(directory)),
  variables: secrets,
  workspace: DEFAULT_WORKSPACE,
});

/** The file of the master key that encrypts stored secrets. */
export const keyFile = ({ config: { secrets, data } }: LoadedConfig): string =>
  secrets.key_file ?? join(data.directory, "secrets.key");
