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
