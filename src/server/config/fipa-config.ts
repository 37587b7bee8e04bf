import { isIP } from "node:net";
import * as z from "zod";

const isRange = (text: string): boolean => {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
  return family !== 0 && isBits && rest.length === 0;
};
const HttpUrl = z.url({ protocol: /^http$/ });
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** `[fipa]` of `caxton.toml`. */
export const FipaTable = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .meta({ description: "Whether agents of other FIPA platforms can write to ours, and be written to" }),
    host: z.string().min(1).default("127.0.0.1").meta({ description: "Where the transport listens" }),
    port: z.int().min(0).max(65_535).default(7_779).meta({ description: "On a port of its own; 0 takes any free one" }),
    platform: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/)
      .default("caxton")
      .meta({ description: "What comes after the @ in our agents' names elsewhere" }),
    address: HttpUrl.optional().meta({ description: "Where others reach it, when that is not its host and port" }),
    allow: z
      .array(z.string().refine(isRange, { error: 'expected an address or range such as "192.0.2.0/24"' }))
      .max(1_000)
      .default([])
      .meta({ description: "Addresses and ranges that may write and be written to, besides this machine" }),
    agents: z
      .record(z.string().regex(/^[^\s@]+@[^\s@]+$/), HttpUrl)
      .default({})
      .meta({ description: "Where agents of other platforms are reached that have not written first" }),
  })
  .refine(({ host, allow }) => LOOPBACK.has(host) || allow.length > 0, {
    path: ["allow"],
    error: "nobody proves who they are on this transport: say who may use it before it listens beyond this machine",
  })
  .prefault({});
