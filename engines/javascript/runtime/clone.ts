const refuse = (what: string): never => {
  throw new DOMException(`${what} cannot be cloned`, "DataCloneError");
};

/** As on the web, without transfers: the values of JSON, dates, maps, sets, errors, expressions and bytes, cycles kept. */
export const structuredClone = (value: unknown): unknown => new Cloner().copy(value);

class Cloner {
  readonly #known = new Map<object, object>();

  copy(value: unknown): unknown {
    if (typeof value === "function") return refuse("a function");
    if (typeof value === "symbol") return refuse("a symbol");
    if (typeof value !== "object" || value === null) return value;
    return this.#known.get(value) ?? this.#container(value) ?? leaf(value);
  }

  #remember<Copy extends object>(value: object, copy: Copy): Copy {
    this.#known.set(value, copy);
    return copy;
  }

  /** A copy of what holds other values; undefined for what does not. */
  #container(value: object): object | undefined {
    if (value instanceof Map) {
      const copy = this.#remember(value, new Map());
      for (const [key, inner] of value) copy.set(this.copy(key), this.copy(inner));
      return copy;
    }
    if (value instanceof Set) {
      const copy = this.#remember(value, new Set());
      for (const inner of value) copy.add(this.copy(inner));
      return copy;
    }
    if (value instanceof Error) {
      const copy = this.#remember(value, Object.assign(new Error(value.message), { stack: value.stack }));
      copy.name = value.name;
      if (value.cause !== undefined) copy.cause = this.copy(value.cause);
      return copy;
    }
    if (Array.isArray(value)) return this.#fields(value, Array.from({ length: value.length }));
    return Object.prototype.toString.call(value) === "[object Object]" ? this.#fields(value, {}) : undefined;
  }

  #fields(value: object, empty: object): object {
    const copy = this.#remember(value, empty);
    for (const [key, inner] of Object.entries(value)) Reflect.set(copy, key, this.copy(inner));
    return copy;
  }
}

function leaf(value: object): object {
  if (value instanceof Date) return new Date(value);
  if (value instanceof RegExp) return new RegExp(value);
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (value instanceof DataView) {
    return new DataView(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));
  }
  if (ArrayBuffer.isView(value) && "slice" in value && typeof value.slice === "function") return value.slice();
  return refuse(Object.prototype.toString.call(value));
}
