export { Models, type ModelsDeps, type ModelsOptions } from "./models.ts";
export { MODEL_VARIABLES, type ModelEnvironment } from "./providers.ts";
export type { ScriptedTurnInput } from "./script.ts";
export { scripted, type ScriptedOptions } from "./scripted.ts";
