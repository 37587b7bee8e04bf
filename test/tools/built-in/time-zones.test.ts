import { expect, test } from "vitest";
import * as z from "zod";
import { call, converse } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-time");

const NODE_VERSION = process.versions["tz"] ?? "unknown";
const Rows = z.object({ rows: z.array(z.object({ zone: z.string(), iso: z.string() })) });
const Answer = z.object({ structuredContent: Rows });
const ZONES_A_CALL = 50;

/** Zones whose rules a version changed; a Node that is older does not know of it. */
const CHANGED_IN: readonly (readonly [version: string, zones: readonly string[]])[] = [
  ["2026d", ["America/Inuvik"]],
  ["2026e", ["America/Winnipeg"]],
  ["2026f", ["America/Havana"]],
];

const { zones, data_version: version } = z
  .object({ zones: z.array(z.string()), data_version: z.string() })
  .parse(call("date_time", "time_zone", {}).structured);

test("the rules of time zones are at least as new as Node's", () => {
  expect(
    version >= NODE_VERSION,
    `the rules are those of ${version}, Node has ${NODE_VERSION}: docs/tools/date_time.md says how to renew them`,
  ).toBe(true);
});

test("times of this year are those of Node, in every zone", () => {
  const year = new Date().getUTCFullYear();
  const newer = new Set(CHANGED_IN.flatMap(([since, names]) => (NODE_VERSION < since ? names : [])));
  const known = new Set(Intl.supportedValuesOf("timeZone"));
  const compared = zones.filter((zone) => !newer.has(zone) && known.has(zone));
  expect(compared.length).toBeGreaterThan(400);
  const moments = Array.from({ length: 12 }, (_, month) =>
    Temporal.Instant.fromEpochMilliseconds(Date.UTC(year, month, 15, 12)),
  );
  const calls = moments.flatMap((moment) =>
    Array.from({ length: Math.ceil(compared.length / ZONES_A_CALL) }, (_, part) => ({
      time: moment.toString(),
      to: compared.slice(part * ZONES_A_CALL, (part + 1) * ZONES_A_CALL),
    })),
  );
  const lines = calls.map((given, id) =>
    JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "convert", arguments: given } }),
  );
  const answered = converse("date_time", lines).flatMap(({ result }) => Answer.parse(result).structuredContent.rows);
  const wanted = calls.flatMap(({ time, to }) =>
    to.map((zone) => ({
      zone,
      iso: Temporal.Instant.from(time).toString({ timeZone: zone }).replace("+00:00", "Z"),
    })),
  );
  expect(answered.map(({ zone, iso }) => `${zone} ${iso}`)).toEqual(wanted.map(({ zone, iso }) => `${zone} ${iso}`));
});

test("Havana keeps to the rules of 2026f", () => {
  const given = { time: "2026-11-22T12:00:00Z", to: ["America/Havana", "America/Vancouver", "America/Winnipeg"] };
  expect(Rows.parse(call("date_time", "convert", given).structured).rows.map(({ iso }) => iso)).toEqual([
    "2026-11-22T08:00:00-04:00",
    "2026-11-22T05:00:00-07:00",
    "2026-11-22T07:00:00-05:00",
  ]);
});
