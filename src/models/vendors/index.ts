export { Models, type ModelsDeps, type ModelsOptions } from "./models.ts";
export { MODEL_VARIABLES, type ModelEnvironment, OPENAI_APIS, PROVIDER_TYPES } from "./providers.ts";
export type { ScriptedTurnInput } from "./scripted/script.ts";
export { scripted } from "./scripted/scripted.ts";
export type { CallTool } from "./tool-model.ts";
