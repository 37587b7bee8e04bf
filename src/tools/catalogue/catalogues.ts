import { NO_TOOLS, ToolCatalogue } from "./catalogue.ts";
import type { ToolRunner } from "./tool-runner.ts";

/** The catalogue of each workspace: its own tool servers and the shared ones. */
export class ToolCatalogues {
  #runnerOf: (workspace: string) => ToolRunner;
  #failures: ReadonlyMap<string, string> = new Map();
  readonly #catalogues = new Map<string, ToolCatalogue>();

  /** Without `runnerOf` there are no tools before `attach`. */
  constructor(runnerOf: (workspace: string) => ToolRunner = () => NO_TOOLS) {
    this.#runnerOf = runnerOf;
  }

  attach(runnerOf: (workspace: string) => ToolRunner, failures: ReadonlyMap<string, string>): void {
    this.#runnerOf = runnerOf;
    this.#failures = failures;
    this.#catalogues.clear();
  }

  of(workspace: string): ToolCatalogue {
    let catalogue = this.#catalogues.get(workspace);
    if (catalogue === undefined) {
      catalogue = new ToolCatalogue(this.#runnerOf(workspace), this.#failures);
      this.#catalogues.set(workspace, catalogue);
    }
    return catalogue;
  }

  /** Built-in servers that could not be deployed, with the reason. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures;
  }
}
