export { openModels, type ModelServices, type ModelsOptions, type ModelsPorts } from "./open.ts";
