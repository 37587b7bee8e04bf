import { CaxtonError } from "../../kernel/errors.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The part of an operation that a client needs to send a request. It holds no schema, so that a browser loads none. */
export type Callable = {
  readonly http: { readonly method: Method; readonly path: string };
  /** Input fields sent in the query. The path's segments name the fields sent in the path; all others form the body. */
  readonly queryNames: readonly string[];
};

/** An input, divided by where its fields are sent. */
export type RequestParts = { readonly params: object; readonly query: object; readonly body: object };

/** Returns the names in a path such as `/runs/:id`. */
export const segmentsOf = (path: string): readonly string[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "");

/** Methods whose requests have no body: all fields are sent in the query, so that the server refuses those that it does not know. */
const BODILESS: ReadonlySet<Method> = new Set(["GET", "DELETE"]);

/** Divides an input by where its fields are sent. Fields without a value are left out. */
export function split({ http, queryNames }: Callable, input: object): RequestParts {
  const segments = segmentsOf(http.path);
  const isInQuery = (name: string) =>
    queryNames.includes(name) || (BODILESS.has(http.method) && !segments.includes(name));
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  const fields = (isIncluded: (name: string) => boolean) =>
    Object.fromEntries(given.filter(([name]) => isIncluded(name)));
  return {
    params: fields((name) => segments.includes(name)),
    query: fields(isInQuery),
    body: fields((name) => !segments.includes(name) && !isInQuery(name)),
  };
}

/** A value that no path can hold. */
export class PathValueError extends CaxtonError<{ readonly field: string; readonly value: string }> {
  readonly code = "PATH_VALUE_INVALID";
  readonly kind = "invalid";
  constructor(field: string, value: string) {
    const message = value === "" ? `${field} is empty` : `${field} cannot be "${value}"`;
    super(message, "Give the whole name or id: in a path, an empty one, . and .. mean another path.", { field, value });
  }
}

/** URLs resolve these segments away, escaped ones too, so that a request would reach another operation. */
const RESOLVED = new Set(["", ".", ".."]);

/** Returns an operation's path with its segments filled, each escaped. Throws PathValueError. */
export function requestPath({ http }: Callable, params: object): string {
  const values = new Map(Object.entries(params).map(([name, value]) => [name, String(value)]));
  return http.path.replaceAll(/:(\w+)/g, (_all, name: string) => {
    const value = values.get(name) ?? "";
    if (RESOLVED.has(value)) throw new PathValueError(name, value);
    return encodeURIComponent(value);
  });
}
