/** Which methods each path takes, from the routes as they are registered. */
export class AllowedMethods {
  readonly #routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  add(path: string, methods: string | readonly string[]): void {
    const pattern = path.split(/(:\w+|\*)/).map((part) => {
      if (part.startsWith(":")) return "[^/]+";
      return part === "*" ? ".*" : RegExp.escape(part);
    });
    this.#routes.push({ pattern: new RegExp(`^${pattern.join("")}$`), methods: [methods].flat() });
  }

  /** Sorted, OPTIONS among them; empty when nothing is at this path. */
  at(path: string): readonly string[] {
    const methods = this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return methods.length === 0 ? [] : [...new Set([...methods, "OPTIONS"])].toSorted();
  }
}
