import * as fc from "fast-check";
import { expect, test } from "vitest";
import { patternAllows, patternCovers, readUrlPattern, targetOf } from "./url-pattern.ts";

const allows = (pattern: string, url: string): boolean => {
  const read = readUrlPattern(pattern);
  const target = targetOf(new URL(url));
  return read !== undefined && target !== undefined && patternAllows(read, target);
};

test("a pattern is a scheme, a host, its port and the beginning of a path", () => {
  expect(readUrlPattern("HTTPS://API.Example.com:443/v1/")).toEqual({
    scheme: "https",
    host: "api.example.com",
    isWildcard: false,
    port: 443,
    segments: ["v1"],
  });
  expect(readUrlPattern("http://*.example.com:8080")).toMatchObject({
    host: "example.com",
    isWildcard: true,
    port: 8080,
    segments: [],
  });
  expect(readUrlPattern("http://[::1]:80/")).toMatchObject({ host: "[::1]", port: 80 });
});

test.each([
  "example.com",
  "ftp://example.com",
  "https://",
  "https://user@example.com",
  "https://example.com/?q",
  "https://example.com/a/../b",
  "https://example.com/%2e%2e/b",
  "https://example.com/a%2fb",
  "https://example.com/..;/b",
  "https://example.com/%zz",
  "https://example.com\\x",
  "https://a.*.example.com",
  "https://*.127.0.0.1",
  "https://example.com:99999",
  "https://example.com.",
])("%s names no place", (text) => {
  expect(readUrlPattern(text)).toBeUndefined();
});

test("a host is meant exactly, and a wildcard means what is below it alone", () => {
  expect(allows("https://example.com", "https://EXAMPLE.com/x?y")).toBe(true);
  expect(allows("https://example.com", "https://a.example.com/")).toBe(false);
  expect(allows("https://example.com", "https://example.com.evil.org/")).toBe(false);
  expect(allows("https://*.example.com", "https://a.b.example.com/")).toBe(true);
  expect(allows("https://*.example.com", "https://example.com/")).toBe(false);
  expect(allows("https://*.example.com", "https://badexample.com/")).toBe(false);
});

test("scheme and port are part of it", () => {
  expect(allows("https://example.com", "http://example.com/")).toBe(false);
  expect(allows("https://example.com", "https://example.com:8443/")).toBe(false);
  expect(allows("https://example.com:8443", "https://example.com:8443/")).toBe(true);
  expect(allows("http://example.com:443", "https://example.com/")).toBe(false);
});

test("a path is compared in whole segments, as the server will read it", () => {
  for (const url of ["/v1", "/v1/", "/v1/users", "/%76%31/x", "/x/../v1/y", "/v1//x"]) {
    expect(allows("https://example.com/v1", `https://example.com${url}`), url).toBe(true);
  }
  for (const url of [
    "/v1x",
    "/v2",
    "/",
    "/v1/../v2",
    "/v1/%2e%2e/v2",
    "/v1/..%2fv2",
    "/v1/..;/v2",
    "/v1/%252e%252e/v2",
  ]) {
    expect(allows("https://example.com/v1", `https://example.com${url}`), url).toBe(false);
  }
});

test("a path that servers read differently is allowed only where no path is asked for", () => {
  expect(allows("https://example.com", "https://example.com/group%2Fproject")).toBe(true);
  expect(allows("https://example.com/group", "https://example.com/group%2Fproject")).toBe(false);
});

test("a URL with a user leads nowhere", () => {
  expect(targetOf(new URL("https://example.com@evil.org/"))).toBeUndefined();
  expect(targetOf(new URL("file:///etc/passwd"))).toBeUndefined();
});

const place = fc.record({
  scheme: fc.constantFrom("http", "https"),
  wildcard: fc.boolean(),
  host: fc.constantFrom("example.com", "a.example.com", "b.a.example.com"),
  port: fc.constantFrom("", ":8443"),
  path: fc.constantFrom("", "/", "/v1", "/v1/x", "/v2"),
});

test("what covers a pattern allows all that the pattern allows", () => {
  fc.assert(
    fc.property(place, place, place, (wide, narrow, request) => {
      const text = ({ scheme, wildcard, host, port, path }: typeof wide) =>
        `${scheme}://${wildcard ? "*." : ""}${host}${port}${path}`;
      const [outer, inner] = [readUrlPattern(text(wide)), readUrlPattern(text(narrow))];
      const target = targetOf(new URL(text({ ...request, wildcard: false })));
      if (outer === undefined || inner === undefined || target === undefined) throw new Error("a pattern is wrong");
      const isImplied = patternCovers(outer, inner) && patternAllows(inner, target);
      expect(!isImplied || patternAllows(outer, target)).toBe(true);
    }),
  );
});
