/** Definition files on disk: which there are, deploying them, and deploying them again as they are saved. */
export { DefinitionFiles } from "./agent-files.ts";
export {
  DefinitionWatcher,
  definitionFiles,
  deployDirectory,
  type FileDeployment,
  redeployRefused,
} from "./definitions.ts";
