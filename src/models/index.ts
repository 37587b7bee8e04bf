export { openModels, type OpenModels, type ModelsOptions, type ModelsPorts } from "./open.ts";
