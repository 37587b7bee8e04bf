import { search } from "caxton:host/memory@0.1.0";
import { send } from "caxton:host/messages@0.1.0";
import * as state from "caxton:host/state@0.1.0";
import { fetch } from "caxton:host/http@0.1.0";

export const shapes = {
  describe(it, colour, style) {
    const size = it.tag === "polygon" ? it.val.map(({ x, y }) => `${x},${y}`).join(" ") : (it.val ?? "");
    return `${it.tag} ${size} ${colour ?? "plain"} ${Object.entries(style)
      .filter(([, set]) => set)
      .map(([name]) => name)
      .join("+")}`;
  },
  corners(count, far) {
    // oxlint-disable-next-line typescript/only-throw-error -- what is thrown is the error of the WIT result
    if (count === 0) throw "no corners";
    return Array.from({ length: count }, (_, place) => [place, far]);
  },
};
export const add = (a, b) => a + b;
export const wait = (milliseconds) => `${milliseconds}`;
export const bytes = (given) => given.map((byte) => 255 - byte);
export const nested = (given) => given;
export function loop() {
  for (;;);
}
export function recurse() {
  return 1 + recurse();
}
export const flood = () => "x".repeat(1 << 17);
// oxlint-disable-next-line unicorn/no-thenable -- that is what it is here for
export const then = () => "é";

/** What came of it, as JSON; a refusal is the error of the tool. */
function asked(ask) {
  try {
    return JSON.stringify(ask(), (_key, value) => (typeof value === "bigint" ? Number(value) : value));
  } catch (refusal) {
    const { code, message } = refusal.payload ?? refusal;
    // oxlint-disable-next-line typescript/only-throw-error -- what is thrown is the error of the WIT result
    throw `${code}: ${message}`;
  }
}
export const asking = {
  find: (query, scopes, limit) => asked(() => search(query, scopes, limit)),
  tell: (message) => asked(() => send(message)),
  keep: (key, value) =>
    asked(() => {
      state.set(key, value);
      return {
        kept: [...state.get(key)],
        keys: state.listKeys("", undefined, undefined),
        none: state.get("none") ?? "none",
        gone: state.delete(key),
      };
    }),
  get: (url) =>
    asked(() => {
      const { status, headers, body } = fetch({
        method: "GET",
        url,
        headers: [["accept", "text/plain"]],
        body: new Uint8Array(0),
        timeoutMs: 5000,
      });
      return {
        status,
        type: headers.find(([name]) => name === "content-type")?.[1],
        body: String.fromCharCode(...body),
      };
    }),
};
