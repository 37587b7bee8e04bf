export type { StatedFacts } from "./model-facts.ts";
export { Models, type ModelsDeps, type ModelsOptions } from "./models.ts";
export {
  MODEL_VARIABLES,
  type ModelEnvironment,
  OPENAI_APIS,
  PROVIDER_TYPES,
  type ProviderSettings,
} from "./providers.ts";
export type { ScriptedTurnInput } from "./scripted/script.ts";
export { scripted, type ScriptedOptions } from "./scripted/scripted.ts";
export type { CallTool, ToolAnswer } from "./tool-model.ts";
