import * as z from "zod";
import { AddressRange } from "./listener-config.ts";

const HttpUrl = z.url({ protocol: /^https?$/ });
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** `[fipa]` of `caxton.toml`. */
export const FipaTable = z
  .strictObject({
    enabled: z.boolean().default(false).meta({ description: "Exchange messages with agents of other FIPA platforms" }),
    host: z.string().min(1).default("127.0.0.1").meta({ description: "Address to listen on" }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(7_779)
      .meta({ description: "Dedicated port of the transport; 0 takes any free port" }),
    platform: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/)
      .default("caxton")
      .meta({ description: "Platform name: the part of agent names after the @" }),
    address: HttpUrl.optional().meta({ description: "Public URL of the transport; default: its host and port" }),
    allow: z
      .array(AddressRange)
      .max(1_000)
      .default([])
      .meta({ description: "Addresses and ranges allowed to exchange messages, in addition to this machine" }),
    agents: z
      .record(z.string().regex(/^[^\s@]+@[^\s@]+$/), HttpUrl)
      .default({})
      .meta({ description: "URLs of agents of other platforms, by agent name" }),
  })
  .refine(({ host, allow }) => LOOPBACK.has(host) || allow.length > 0, {
    path: ["allow"],
    error: "this transport has no authentication: list the allowed addresses before it listens beyond this machine",
  })
  .prefault({});
