import { resolve } from "node:path";
import type { VaultOptions } from "../../tools/secrets/index.ts";
import type { LoadedConfig } from "../config/index.ts";

export const vaultOptions = ({ config, secrets }: LoadedConfig): VaultOptions => ({
  directories: config.secrets.directories.map((directory) => resolve(directory)),
  variables: secrets,
});
