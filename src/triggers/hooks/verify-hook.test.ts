import { expect, test } from "vitest";
import { verifyHook } from "./verify-hook.ts";

const NOW_MS = 1_614_265_330_000;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = Buffer.from('{"test": 2432232314}');
const GITHUB_SECRET = Buffer.from("SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHk=", "base64").toString();
const standard = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,other= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const ofStandard = (more: object, nowMs = NOW_MS) =>
  verifyHook("standard", { headers: { ...standard, ...more }, body: BODY }, SECRET, nowMs);

test("the example of the Standard Webhooks specification, beside the signature with another secret", () => {
  expect(ofStandard({})).toEqual({ type: "verified", id: "msg_p5jXN8AQM9LWM0D4loKWxJek" });
});

test("the example of GitHub", () => {
  const headers = {
    "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    "x-github-delivery": "72d3162e",
  };
  const request = { headers, body: Buffer.from("Hello, World!") };
  expect(verifyHook("github", request, GITHUB_SECRET, NOW_MS)).toEqual({
    type: "verified",
    id: "72d3162e",
  });
  expect(verifyHook("github", { ...request, body: BODY }, GITHUB_SECRET, NOW_MS)).toMatchObject({
    type: "refused",
  });
  expect(verifyHook("github", { ...request, headers: {} }, "", NOW_MS)).toMatchObject({ type: "refused" });
});

test.each([
  [{}, NOW_MS + 301_000, /5 minutes/],
  [{}, NOW_MS - 301_000, /5 minutes/],
  [{ "webhook-timestamp": "1614265331" }, NOW_MS, /signature/],
  [{ "webhook-timestamp": "soon" }, NOW_MS, /timestamp/],
  [{ "webhook-id": "msg_other" }, NOW_MS, /signature/],
  [{ "webhook-id": undefined }, NOW_MS, /webhook-id/],
  [{ "webhook-signature": undefined }, NOW_MS, /signature/],
  [{ "webhook-signature": "" }, NOW_MS, /signature/],
] as const)("a request with %j at %i is refused", (more, nowMs, reason) => {
  expect(ofStandard(more, nowMs)).toMatchObject({ type: "refused", reason: expect.stringMatching(reason) });
});

const ask = (authorization: string | undefined, body = BODY) =>
  verifyHook("bearer", { headers: { authorization }, body }, "secret-of-the-hook", NOW_MS);

test("a bearer token is the whole secret; an event without an id is named by its body", () => {
  expect(ask("Bearer secret-of-the-hook")).toEqual(ask("Bearer secret-of-the-hook"));
  expect(ask("Bearer secret-of-the-hook")).toMatchObject({ id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  expect(ask("Bearer secret-of-the-hook", Buffer.from("x"))).not.toEqual(ask("Bearer secret-of-the-hook"));
  for (const wrong of [undefined, "", "Bearer ", "Bearer secret-of-the-hoo", "secret-of-the-hook"])
    expect(ask(wrong)).toMatchObject({ type: "refused" });
});
