import { join } from "node:path";
import type { Config } from "./config/index.ts";

/** Where models of embeddings are installed. */
export const modelsDirectory = (config: Config): string => join(config.data.directory, "models");
